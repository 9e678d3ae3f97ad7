"""How much of a charge still fits on its invoices and credits: live balances less what we owe to QuickBooks already.

An invoice may have been edited, voided or paid by cheque while a payment was under way, a credit used. Law: when
QuickBooks cannot be asked the answer is that nobody knows, never a guess from the cache.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam
from sqlmodel import Session, and_, col, or_, update
from sqlmodel.sql.expression import Select

from connector.errors import GatewayError, NotConnected
from connector.store.built import built
from connector.store.money import PaymentRow, ShareRow
from connector.store.outbox import LegRow, PostingRow
from connector.store.prepared import Prepared
from sync.collect.credits import live_credits
from sync.collect.live import live_invoices
from sync.runtime import Runtime

_KEEP_LEFT = Prepared(
    update(ShareRow)
    .where(
        col(ShareRow.company_id) == bindparam("company"),
        col(ShareRow.payment_id) == bindparam("payment"),
        col(ShareRow.invoice_id) == bindparam("invoice"),
    )
    .values(left_minor=bindparam("left"))
)


@dataclass(frozen=True)
class Owed:
    """A posting on an invoice, or of a credit (then by its name), that QuickBooks does not have for certain."""

    posting_id: str
    state: str
    invoice_id: str
    minor: int


@dataclass(frozen=True)
class Room:
    """Minor units that fit on each invoice and credit (None where nobody could ask), and what was owed at that time."""

    minor: dict[str, int] | None
    owed: frozenset[Owed]


def room_on(rt: Runtime, company_id: str, invoice_ids: Sequence[str], credit_names: Sequence[str] = ()) -> Room:
    """Ask QuickBooks what is open on invoices and credits, and take off what is still to be sent there."""
    with rt.db.read() as session:
        owed = owed_on(session, company_id, invoice_ids, credit_names)
    try:
        live = live_invoices(rt, company_id, invoice_ids)
        lending = live_credits(rt, company_id, credit_names)
    except (GatewayError, NotConnected):
        return Room(None, owed)
    room = {one.qbo_id: one.balance.minor for one in live.values() if one.payable}
    room |= {name: one.left.minor for name, one in lending.items()}
    for one in owed:
        # What is being sent this moment may be in the balance already: it is not taken off a second time.
        if one.state in ("due", "held"):
            room[one.invoice_id] = max(room.get(one.invoice_id, 0) - one.minor, 0)
    return Room(room, owed)


def owed_on(
    session: Session, company_id: str, invoice_ids: Sequence[str], credit_names: Sequence[str] = ()
) -> frozenset[Owed]:
    """Return what our postings, not yet in QuickBooks, put on invoices and take of credits."""
    return frozenset(
        Owed(posting_id, state, invoice_id or credit, abs(minor))
        for posting_id, state, invoice_id, credit, minor in _unposted(session, company_id, invoice_ids, credit_names)
    )


@built
def _unposted(
    company_id: str, invoice_ids: Sequence[str], credit_names: Sequence[str]
) -> Select[str, str, str, str, int]:
    leg = (col(LegRow.invoice_id), col(LegRow.credit), col(LegRow.amount_minor))
    found: Select[str, str, str, str, int] = Select(col(PostingRow.id), col(PostingRow.state), *leg)
    return found.where(
        col(PostingRow.company_id) == company_id,
        col(LegRow.company_id) == company_id,
        col(LegRow.posting_id) == col(PostingRow.id),
        or_(
            col(LegRow.invoice_id).in_(invoice_ids),
            and_(col(LegRow.credit) != "", col(LegRow.credit).in_(credit_names)),
        ),
        col(PostingRow.state).not_in(("posted", "dropped")),
    )


def keep_what_is_left(session: Session, payment: PaymentRow, shares: Sequence[ShareRow], room: Room | None) -> None:
    """Write down what each invoice still has open after this payment, once: the receipt says the same ever after."""
    known = room.minor if room else None
    for one in shares:
        if known is None or one.left_minor is not None:
            continue
        left = max(known.get(one.invoice_id, 0) - one.amount_minor, 0)
        _KEEP_LEFT.change(
            session, company=payment.company_id, payment=one.payment_id, invoice=one.invoice_id, left=left
        )
