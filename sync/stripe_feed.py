"""Following Stripe's balance: every movement of money and every payout as a row, and what follows from each.

Works without webhooks; an event only brings it earlier. Laws: the cursor moves after the rows it speaks for; each
movement ends as a posting, as something on its way, or as a named discrepancy, so that the tie-out can name every cent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TypeVar

from sqlalchemy import Table, bindparam
from sqlalchemy import select as pick
from sqlmodel import col, or_, select, update
from sqlmodel.sql.expression import SelectOfScalar

from connector.errors import TieoutError, Unauthorised
from connector.ledger.money import Money
from connector.ledger.payments import UNDER_WAY, PaymentState
from connector.store.built import built
from connector.store.cache import CursorRow
from connector.store.money import BalanceTxnRow, PaymentRow, PayoutRow
from connector.store.prepared import Prepared
from connector.store.upsert import insert_ignoring, new_row
from connector.stripe.gateway import StripeGateway
from oauth import connections
from sync import discrepancies, stripe_access
from sync.lease import alone
from sync.outbox import is_one_of
from sync.runtime import Runtime
from sync.settle import settle_payment
from sync.settling import feed_words
from sync.settling.feed_names import name_movements
from sync.settling.payouts import FEED, began_at, book_payouts
from sync.settling.stripe_rows import keep_payouts, keep_txns

T = TypeVar("T")
OVERLAP = timedelta(hours=1)  # a movement may be listed a little after others of a later second
PAYOUTS_BACK = timedelta(days=35)  # a payout may fail days after it was paid
LEASE_SECONDS = 600.0
_CHUNK = 200
_LONG_AGO = datetime(2010, 1, 1, tzinfo=UTC)  # before Stripe


@dataclass(frozen=True)
class Followed:
    """What a run came to; `is_busy` where another worker follows this company."""

    is_busy: bool = False
    txns: int = 0  # rows new or changed
    payouts: int = 0  # rows new or changed
    booked: int = 0  # payouts newly owed to the books
    named: int = 0  # movements newly named


def follow(rt: Runtime, company_id: str, *, back: timedelta = OVERLAP) -> Followed:
    """Bring a company's movements and payouts up to date. `back` reads that much again behind the cursor.

    Raises NotConnected and GatewayError; what was committed stays and the next run goes on.
    """
    with alone(rt, f"stripe_feed/{company_id}", seconds=LEASE_SECONDS) as lease:
        if lease is None:
            return Followed(is_busy=True)
        with rt.db.read() as session:
            connection = connections.connected(session, company_id, connections.STRIPE)
        gateway = rt.gateways.stripe(company_id)
        try:
            txns = _pull_txns(rt, company_id, gateway, back)
            payouts = _pull_payouts(rt, company_id, gateway)
            _sort(rt, company_id, gateway)
        except Unauthorised as error:
            stripe_access.tell_refused(rt, connection, error)
            raise
        _settle_seen(rt, company_id)
        booked = book_payouts(rt, company_id)
        named = name_movements(rt, company_id)
        return Followed(False, txns, payouts, booked, named)


def _pull_txns(rt: Runtime, company_id: str, gateway: StripeGateway, back: timedelta) -> int:
    """Write what moved since the cursor. Stripe lists the newest first, so the cursor moves when all are in."""
    cursor = _cursor(rt, company_id)
    since = cursor - back if cursor else None
    changed, newest = 0, cursor
    for txns in _chunks(gateway.balance_txns(since=since)):
        with rt.db.write("feed") as session:
            changed += keep_txns(session, company_id, txns)
        newest = max([txn.created_at for txn in txns] + ([newest] if newest else []))
    _move_cursor(rt, company_id, newest)
    return changed


_CURSORS: Table = CursorRow.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
_MINE = (col(CursorRow.company_id) == bindparam("company"), col(CursorRow.entity) == FEED)
_SINCE = Prepared(pick(col(CursorRow.changed_since)).where(*_MINE))
_MOVE = Prepared(update(CursorRow).where(*_MINE).values(changed_since=bindparam("since"), updated_at=bindparam("now")))


def _cursor(rt: Runtime, company_id: str) -> datetime | None:
    """Return how far the feed came; its row, made at the first run, also keeps when that was."""
    now = rt.clock.now()
    row = {"company_id": company_id, "entity": FEED, "phase": "following", "started_at": now, "updated_at": now}
    with rt.db.write("feed_begin") as session:
        insert_ignoring(session, _CURSORS, [new_row(CursorRow, **row)])
        (said,) = _SINCE.first(session, company=company_id)
    return datetime.fromisoformat(said) if said else None


def _move_cursor(rt: Runtime, company_id: str, newest: datetime | None) -> None:
    with rt.db.write("feed_cursor") as session:
        _MOVE.change(session, company=company_id, since=newest.isoformat() if newest else "", now=rt.clock.now())
        connection = connections.find(session, company_id, connections.STRIPE)
        if connection:
            discrepancies.close(session, rt, company_id, kind=stripe_access.REFUSED, subject=connection.account)


_ANY_PAYOUT = Prepared(pick(col(PayoutRow.payout_id)).where(col(PayoutRow.company_id) == bindparam("company")).limit(1))


def _pull_payouts(rt: Runtime, company_id: str, gateway: StripeGateway) -> int:
    with rt.db.asking() as reader:
        known = _ANY_PAYOUT.first(reader, company=company_id)
    since = rt.clock.now() - PAYOUTS_BACK if known else _LONG_AGO
    changed = 0
    for payouts in _chunks(gateway.payouts(since)):
        with rt.db.write("feed_payouts") as session:
            changed += keep_payouts(session, company_id, payouts)
    return changed


def _sort(rt: Runtime, company_id: str, gateway: StripeGateway) -> None:
    """Learn which movements went out with which payout, once Stripe has finished sorting them."""
    with rt.db.read() as session:
        rows = _unsorted(session, company_id, began_at(session, company_id)).all()
    for row in rows:
        if not gateway.payout(row.payout_id).reconciled:
            continue
        members = list(gateway.balance_txns(payout=row.payout_id))
        inside = sum(txn.net.minor for txn in members if txn.txn_id != row.balance_txn)
        with rt.db.write("feed_sort") as session:
            keep_txns(session, company_id, members)
            _SORTED.change(session, company=company_id, payout=row.payout_id)
            if inside != row.amount_minor:
                found = Money(inside, row.currency)
                sentence, next_step = feed_words.payout_differs(row, found)
                discrepancies.open_one(
                    session,
                    rt,
                    company_id,
                    kind="payout_differs",
                    subject=row.payout_id,
                    sentence=sentence,
                    next_step=next_step,
                    amount=found - Money(row.amount_minor, row.currency),
                )


_SORTED = Prepared(
    update(PayoutRow)
    .where(col(PayoutRow.company_id) == bindparam("company"), col(PayoutRow.payout_id) == bindparam("payout"))
    .values(is_sorted=True)
)


@built
def _unsorted(company_id: str, began: datetime) -> SelectOfScalar[PayoutRow]:
    unsorted = select(PayoutRow).where(
        PayoutRow.company_id == company_id,
        PayoutRow.status == "paid",
        col(PayoutRow.created_at) >= began,
        col(PayoutRow.automatic),
        col(PayoutRow.is_sorted).is_(False),
    )
    return unsorted.order_by(col(PayoutRow.created_at))


_UNSETTLED = or_(
    is_one_of(col(PaymentRow.state), *UNDER_WAY),
    (col(PaymentRow.state) == PaymentState.SUCCEEDED) & (col(PaymentRow.balance_txn) == ""),
)
_SEEN = Prepared(
    pick(col(PaymentRow.id)).where(
        col(PaymentRow.company_id) == bindparam("company"),
        col(BalanceTxnRow.company_id) == bindparam("company"),
        col(BalanceTxnRow.payment_id) == col(PaymentRow.id),
        _UNSETTLED,
    )
)


def _settle_seen(rt: Runtime, company_id: str) -> None:
    """Settle the payments whose money was seen here before any event or sweep told of it."""
    with rt.db.asking() as reader:
        payment_ids = sorted({payment_id for (payment_id,) in _SEEN.all(reader, company=company_id)})
    for payment_id in payment_ids:
        with suppress(TieoutError):  # the sweep of payments comes back to it
            settle_payment(rt, payment_id)


def _chunks(items: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, _CHUNK)):
        yield chunk
