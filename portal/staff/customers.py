"""Customers: who they are, what they owe, who may act for them (decided in `contacts`).

Law: every query names the member's company.
"""

from __future__ import annotations

from typing import Any

from flask import abort, render_template
from flask.typing import ResponseReturnValue
from sqlmodel import Session, col

from connector.store.cache import CustomerRow, InvoiceRow
from connector.store.money import PaymentRow
from connector.store.talk import ThreadRow
from portal.access.roles import ROLES
from portal.access.teams import team_of
from portal.here import runtime
from portal.picking import fetch, fetch_one, pick
from portal.staff.gate import member, pages
from portal.staff.invoice_rows import invoices_of
from portal.staff.matching import matches
from portal.staff.payment_rows import payments_of
from portal.staff.wish import PAGE, read_wish
from portal.talks import last_messages, talks_where

_COLUMNS = (
    *(col(CustomerRow.qbo_id), col(CustomerRow.name), col(CustomerRow.email), col(CustomerRow.phone)),
    *(col(CustomerRow.balance_minor), col(CustomerRow.currency), col(CustomerRow.active), col(CustomerRow.state)),
)
_LAST = 12  # invoices and payments on a customer's page


@pages.get("/customers")
def list_customers() -> ResponseReturnValue:
    """Show the customers."""
    wish = read_wish(".list_customers", show=("owing",))
    company = member().company
    found = pick(*_COLUMNS).where(col(CustomerRow.company_id) == company.id, col(CustomerRow.state) == "live")
    if wish["show"] == "owing":
        found = found.where(col(CustomerRow.balance_minor) > 0)
    if wish["q"]:
        texts = (col(CustomerRow.name), col(CustomerRow.email))
        ids = (col(CustomerRow.qbo_id),)
        amounts = (col(CustomerRow.balance_minor),)
        found = found.where(matches(wish["q"], texts=texts, ids=ids, amounts=amounts, currency=company.home_currency))
    with runtime().db.read() as session:
        ordered = found.order_by(col(CustomerRow.name), col(CustomerRow.qbo_id))
        rows = fetch(session, ordered.limit(PAGE + 1).offset(wish.offset))
    return render_template("staff/customers.html", wish=wish, rows=rows[:PAGE], has_more=len(rows) > PAGE)


@pages.get("/customers/<customer_id>")
def show_customer(customer_id: str) -> ResponseReturnValue:
    """Show a customer: contacts, invoices, payments."""
    company_id = member().company.id
    with runtime().db.read() as session:
        row = find_customer(session, company_id, customer_id)
        contacts = team_of(session, company_id, customer_id)
        invoices = invoices_of(session, member().company, col(InvoiceRow.customer_id) == customer_id, limit=_LAST)
        payments = payments_of(session, company_id, col(PaymentRow.customer_id) == customer_id, limit=_LAST)
        talks = talks_where(session, company_id, col(ThreadRow.customer_id) == customer_id, limit=_LAST)
        messages = last_messages(session, company_id, customer_id, limit=_LAST)
    return render_template(
        "staff/customer.html",
        row=row,
        contacts=contacts,
        roles=ROLES,
        invoices=invoices,
        payments=payments,
        talks={talk.id: talk for talk in talks},
        messages=messages,
    )


def find_customer(session: Session, company_id: str, customer_id: str) -> Any:
    """Return a customer of the company, or answer that there is nothing."""
    row = fetch_one(
        session,
        pick(*_COLUMNS).where(col(CustomerRow.company_id) == company_id, col(CustomerRow.qbo_id) == customer_id),
    )
    return row or abort(404)
