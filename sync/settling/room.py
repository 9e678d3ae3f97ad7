"""How much of a charge still fits on its invoices: live balances less what we owe to QuickBooks already.

An invoice may have been edited, voided or paid by cheque while a payment was under way. Law: when QuickBooks cannot be
asked the answer is that nobody knows, never a guess from the cache.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from connector.errors import GatewayError, NotConnected
from connector.store.outbox import LegRow, PostingRow
from sync.collect.live import live_invoices
from sync.runtime import Runtime


@dataclass(frozen=True)
class Owed:
    """A posting on an invoice that QuickBooks does not have for certain."""

    posting_id: str
    state: str
    invoice_id: str
    minor: int


@dataclass(frozen=True)
class Room:
    """Minor units that fit on each invoice (None where nobody could ask), and what was owed when that was asked."""

    minor: dict[str, int] | None
    owed: frozenset[Owed]


def room_on(rt: Runtime, company_id: str, invoice_ids: Sequence[str]) -> Room:
    """Ask QuickBooks what is open on invoices and take off what is still to be sent there."""
    with rt.db.read() as session:
        owed = owed_on(session, company_id, invoice_ids)
    try:
        live = live_invoices(rt, company_id, invoice_ids)
    except (GatewayError, NotConnected):
        return Room(None, owed)
    room = {one.qbo_id: one.balance.minor for one in live.values() if one.payable}
    for one in owed:
        # What is being sent this moment may be in the balance already: it is not taken off a second time.
        if one.state in ("due", "held"):
            room[one.invoice_id] = max(room.get(one.invoice_id, 0) - one.minor, 0)
    return Room(room, owed)


def owed_on(session: Session, company_id: str, invoice_ids: Sequence[str]) -> frozenset[Owed]:
    """Return what our postings, not yet in QuickBooks, put on invoices."""
    legs = select(PostingRow.id, PostingRow.state, LegRow.invoice_id, LegRow.amount_minor).where(
        PostingRow.company_id == company_id,
        LegRow.company_id == company_id,
        LegRow.posting_id == PostingRow.id,
        col(LegRow.invoice_id).in_(invoice_ids),
        col(PostingRow.state).not_in(("posted", "dropped")),
    )
    return frozenset(
        Owed(posting_id, state, invoice, -minor) for posting_id, state, invoice, minor in session.exec(legs)
    )
