"""What may be asked for of an invoice at this moment, and why nothing may.

Reads rows of one company. Law: what is paid, voided, disputed, said to be in the mail as a check, or promised by a
payment that is not in the books yet, or not in the balance that was read last, is asked of nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from connector.ledger.money import Money
from connector.store.cache import InvoiceRow
from connector.store.talk import ThreadRow
from sync.collect.arriving import arriving_minor
from sync.collect.reserve import reservations, reserved_minor, surcharges_among
from sync.talk.decisions import PAUSING


@dataclass(frozen=True)
class Asked:
    """What may be asked for: an amount, or a sentence that says why none."""

    amount: Money
    why_not: str = ""


def asked_of(session: Session, company_id: str, invoices: Sequence[InvoiceRow]) -> dict[str, Asked]:
    """Return what may be asked for of each of a company's invoices, by its id."""
    ids = [row.qbo_id for row in invoices]
    reserved = reserved_minor(reservations(session, company_id, ids))
    for one, minor in arriving_minor(session, company_id, ids).items():
        reserved[one] = reserved.get(one, 0) + minor
    held = select(ThreadRow.invoice_id).where(
        ThreadRow.company_id == company_id,
        col(ThreadRow.invoice_id).in_(ids),
        ThreadRow.state == "open",
        col(ThreadRow.kind).in_(PAUSING),
    )
    paused = set(session.exec(held))
    surcharges = surcharges_among(session, company_id, ids)
    return {
        row.qbo_id: _asked(row, reserved.get(row.qbo_id, 0), row.qbo_id in paused)
        if row.qbo_id not in surcharges
        else Asked(Money(0, row.currency), "It is the surcharge of a payment, which pays it.")
        for row in invoices
    }


def _asked(row: InvoiceRow, reserved: int, is_paused: bool) -> Asked:
    left = Money(max(row.balance_minor - reserved, 0), row.currency)
    if row.state != "live":
        return Asked(Money(0, row.currency), f"The invoice is {row.state} in QuickBooks.")
    if row.balance_minor <= 0:
        return Asked(left, "It is paid.")
    if not left:
        return Asked(left, "A payment of it is under way.")
    if is_paused:
        return Asked(Money(0, row.currency), "A dispute or a check in the mail is open.")
    return Asked(left)
