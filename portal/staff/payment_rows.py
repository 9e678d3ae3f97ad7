"""Payments for the console's lists: who paid how much for what, how it stands, whether it is in the books.

Law: every query names the company.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_
from sqlmodel import Session, col

from connector.ledger.money import Money
from connector.ledger.postings import PAYS
from connector.store.cache import CustomerRow
from connector.store.money import PaymentRow, ShareRow
from connector.store.outbox import PostingRow
from portal.picking import fetch, pick

# The mark of a payment's state: its class and its word.
MARKS = {
    "created": ("", "Started"),
    "requires_action": ("wait", "Bank asks"),
    "processing": ("wait", "On its way"),
    "canceled": ("", "Given up"),
    "failed": ("bad", "Failed"),
    "succeeded": ("good", "Paid"),
}


@dataclass(frozen=True, slots=True)
class PaymentLine:
    """A payment in a list."""

    payment_id: str
    customer_id: str
    customer: str
    amount: Money
    state: str
    method_label: str
    numbers: tuple[str, ...]
    at: datetime
    recorded: bool

    @property
    def mark(self) -> tuple[str, str]:
        """Return the mark of the state."""
        return ("good", "Recorded") if self.state == "succeeded" and self.recorded else MARKS[self.state]


_COLUMNS = (
    *(col(PaymentRow.id), col(PaymentRow.customer_id), col(CustomerRow.name), col(PaymentRow.amount_minor)),
    *(col(PaymentRow.currency), col(PaymentRow.state), col(PaymentRow.method_label)),
    *(col(PaymentRow.succeeded_at), col(PaymentRow.processing_at), col(PaymentRow.created_at)),
)


def payments_of(
    session: Session, company_id: str, *conditions: ColumnElement[bool], limit: int, offset: int = 0
) -> list[PaymentLine]:
    """Return a company's payments that meet conditions, newest first."""
    customer = and_(col(CustomerRow.company_id) == company_id, col(CustomerRow.qbo_id) == PaymentRow.customer_id)
    found = (
        pick(*_COLUMNS)
        .outerjoin(CustomerRow, customer)
        .where(col(PaymentRow.company_id) == company_id, *conditions)
        .order_by(col(PaymentRow.created_at).desc(), col(PaymentRow.id).desc())
    )
    rows = fetch(session, found.limit(limit).offset(offset))
    ids = [row.id for row in rows]
    numbers, open_postings = _numbers(session, company_id, ids), _postings(session, company_id, ids)
    return [_line(row, numbers.get(row.id, ()), open_postings.get(row.id) == 0) for row in rows]


def _line(row: Any, numbers: tuple[str, ...], recorded: bool) -> PaymentLine:
    return PaymentLine(
        payment_id=row.id,
        customer_id=row.customer_id,
        customer=row.name or "",
        amount=Money(row.amount_minor, row.currency),
        state=row.state,
        method_label=row.method_label,
        numbers=numbers,
        at=row.succeeded_at or row.processing_at or row.created_at,
        recorded=recorded,
    )


def _numbers(session: Session, company_id: str, payment_ids: list[str]) -> dict[str, tuple[str, ...]]:
    found = pick(ShareRow.payment_id, ShareRow.number, ShareRow.invoice_id).where(
        col(ShareRow.company_id) == company_id, col(ShareRow.payment_id).in_(payment_ids)
    )
    numbers: dict[str, tuple[str, ...]] = {}
    for payment_id, number, invoice_id in fetch(session, found.order_by(col(ShareRow.number))):
        numbers[payment_id] = (*numbers.get(payment_id, ()), number or invoice_id)
    return numbers


def _postings(session: Session, company_id: str, payment_ids: list[str]) -> dict[str, int]:
    """Return for each payment that has charge postings how many of them are not in QuickBooks."""
    found = pick(PostingRow.payment_id, PostingRow.state).where(
        col(PostingRow.company_id) == company_id,
        col(PostingRow.payment_id).in_(payment_ids),
        col(PostingRow.kind).in_(PAYS),
    )
    counts: dict[str, int] = {}
    for payment_id, state in fetch(session, found):
        counts[payment_id] = counts.get(payment_id, 0) + (state != "posted")
    return counts
