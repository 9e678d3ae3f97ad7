"""Invoices for the console's lists, with the state a person calls them by.

Law: every query names the company; what QuickBooks says stands as it is, also where a payment is on its way.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_
from sqlmodel import Session, col

from connector.ledger.invoices import InvoiceState, Standing
from connector.ledger.money import Money
from connector.store.cache import CustomerRow, InvoiceRow
from portal.access.companies import Company
from portal.customer.sheet import HEAD, invoice_of
from portal.picking import fetch, pick

MARKS = {
    Standing.PAID: ("good", "Paid"),
    Standing.OVERDUE: ("bad", "Overdue"),
    Standing.OPEN: ("wait", "Open"),
    Standing.PARTLY_PAID: ("wait", "Partly paid"),
    Standing.VOIDED: ("", "Voided"),
    Standing.DELETED: ("", "Deleted"),
}


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """An invoice in a list."""

    qbo_id: str
    number: str
    customer_id: str
    customer: str
    issued_day: date
    due_day: date | None
    total: Money
    balance: Money  # zero where the invoice was voided or deleted: nothing is open on it
    mark: tuple[str, str]
    is_live: bool  # neither voided nor deleted


def invoices_of(
    session: Session,
    company: Company,
    *conditions: ColumnElement[bool],
    limit: int,
    offset: int = 0,
    order: tuple[Any, ...] = (),
) -> list[InvoiceLine]:
    """Return a company's invoices that meet conditions, newest first unless ordered otherwise."""
    customer = and_(col(CustomerRow.company_id) == company.id, col(CustomerRow.qbo_id) == InvoiceRow.customer_id)
    newest = (col(InvoiceRow.issued_day).desc(), col(InvoiceRow.qbo_id).desc())
    found = (
        pick(*HEAD, CustomerRow.name)
        .outerjoin(CustomerRow, customer)
        .where(col(InvoiceRow.company_id) == company.id, *conditions)
        .order_by(*(order or newest))
    )
    today = company.today
    return [_line(row, today) for row in fetch(session, found.limit(limit).offset(offset))]


def _line(row: Any, today: date) -> InvoiceLine:
    invoice = invoice_of(row)
    return InvoiceLine(
        qbo_id=invoice.qbo_id,
        number=invoice.number or "without a number",
        customer_id=invoice.customer_id,
        customer=row.name or "",
        issued_day=invoice.issued_day,
        due_day=invoice.due_day,
        total=invoice.total,
        balance=invoice.balance if invoice.state is InvoiceState.LIVE else Money(0, invoice.total.currency),
        mark=MARKS[invoice.standing(today)],
        is_live=invoice.state is InvoiceState.LIVE,
    )
