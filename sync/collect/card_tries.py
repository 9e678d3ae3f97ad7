"""Card testing: strangers who try stolen cards on a pay page are stopped, and real payers still get through.

Knows no page and no card: only how often Stripe told of a decline, of which payment, and from where it was pressed.
Laws: a payment takes so many declines and is then given up, so that its secret is worth nothing; what is refused here
says how to pay instead; nothing is counted twice, because each event of Stripe's is stored once.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam
from sqlalchemy import select as pick
from sqlmodel import Session, col, func, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from connector.errors import GatewayError, NotConnected
from connector.ledger.money import Money
from connector.store.built import built
from connector.store.companies import CompanyRow
from connector.store.money import PaymentRow, ShareRow
from connector.store.outbox import InboxRow
from connector.store.prepared import Prepared
from sync import discrepancies
from sync.collect.giving_up import give_up
from sync.collect.press import Press
from sync.runtime import Runtime
from sync.settle import Busy, payment_of

DECLINED = "payment_intent.payment_failed"
TAKEN = ("payment_intent.succeeded", "payment_intent.processing")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MOST_OF_PAYMENT = 5  # declines, after which a payment is given up
MOST_OF_SESSION = 5  # declines an hour of one browser
MOST_OF_INVOICE = 10  # declines a day
MOST_OF_ADDRESS = 20  # declines an hour from one network address
# Of the last so many tries of an hour at a company; when more than half are declines, strangers must sign in to pay.
LAST_TRIES = 20
UNDER_ATTACK = "card_testing"

_TRIED = Prepared(
    pick(col(InboxRow.kind))
    .where(
        col(InboxRow.company_id) == bindparam("company"),
        or_(*(col(InboxRow.kind) == kind for kind in (DECLINED, *TAKEN))),
        col(InboxRow.received_at) > bindparam("since"),
    )
    .order_by(col(InboxRow.received_at).desc())
    .limit(LAST_TRIES)
)


def _declines(company_id: Any, since: Any) -> SelectOfScalar[int]:
    """Return the query that counts the declines of payments."""
    return (
        select(func.count())
        .select_from(InboxRow)
        .join(
            PaymentRow,
            (col(PaymentRow.company_id) == InboxRow.company_id) & (col(PaymentRow.intent_id) == InboxRow.object_id),
        )
        .where(
            col(InboxRow.company_id) == company_id,
            InboxRow.kind == DECLINED,
            col(InboxRow.received_at) > since,
        )
    )


_TOLD = _declines(bindparam("company"), bindparam("since"))
_OF_PAYMENT = Prepared(_TOLD.where(col(PaymentRow.id) == bindparam("payment")))
_OF_SESSION = Prepared(_TOLD.where(col(PaymentRow.from_session) == bindparam("pressed_from")))
_OF_ADDRESS = Prepared(_TOLD.where(col(PaymentRow.from_address) == bindparam("pressed_from")))


def after_decline(rt: Runtime, company_id: str, payment_id: str) -> None:
    """Give a payment up that was declined too often, and tell staff when a company's tries look like card testing.

    Stripe being out of reach leaves it as it is until the next decline, or until it is given up after half an hour.
    """
    now = rt.clock.now()
    with rt.db.read() as session:
        payment = payment_of(session, company_id, payment_id).one_or_none()
        [declines] = _OF_PAYMENT.first(session, company=company_id, since=now - DAY, payment=payment_id)
        is_attacked = is_under_attack(session, company_id, now)
    if payment is not None and declines >= MOST_OF_PAYMENT:
        with suppress(GatewayError, NotConnected, Busy):
            give_up(rt, payment_id)
    if is_attacked:
        _tell(rt, company_id)


def stops(session: Session, press: Press, now: datetime) -> str:
    """Return why a press may not go on: `cards_declined` or `sign_in_first`; empty where nothing speaks against it."""
    asked = [invoice_id for invoice_id, _ in press.shares]
    if asked and _of_invoices(session, press.company_id, now - DAY, asked).one() >= MOST_OF_INVOICE:
        return "cards_declined"
    for told, value, most in (
        (_OF_SESSION, press.from_session, MOST_OF_SESSION),
        (_OF_ADDRESS, press.from_address, MOST_OF_ADDRESS),
    ):
        if value and told.first(session, company=press.company_id, since=now - HOUR, pressed_from=value)[0] >= most:
            return "cards_declined"
    return "sign_in_first" if not press.contact_id and is_under_attack(session, press.company_id, now) else ""


@built
def _of_invoices(company_id: str, since: datetime, invoice_ids: Collection[str]) -> SelectOfScalar[int]:
    shares = select(ShareRow.payment_id).where(
        ShareRow.company_id == company_id, col(ShareRow.invoice_id).in_(invoice_ids)
    )
    return _declines(company_id, since).where(col(PaymentRow.id).in_(shares))


def is_under_attack(session: Session, company_id: str, now: datetime) -> bool:
    """Tell whether more than half of the last tries of this hour at a company were declined."""
    last = [kind for (kind,) in _TRIED.all(session, company=company_id, since=now - HOUR)]
    return len(last) == LAST_TRIES and last.count(DECLINED) * 2 > LAST_TRIES


def _tell(rt: Runtime, company_id: str) -> None:
    """Open the discrepancy of an attack; it stays open until a person has looked."""
    with rt.db.write("card_testing") as session:
        company = session.get_one(CompanyRow, company_id)
        discrepancies.open_one(
            session,
            rt,
            company_id,
            kind=UNDER_ATTACK,
            subject="pay page",
            sentence=f"More than half of the last {LAST_TRIES} cards on your pay pages were declined: somebody may be "
            "trying stolen cards. Until this calms down, payers have to sign in by mail before they can pay.",
            next_step="Look at the declined payments in Stripe, switch Radar’s rules on there, and revoke the invoice "
            "links that were used. Payers who are signed in can pay as always.",
            amount=Money(0, company.home_currency),
        )
