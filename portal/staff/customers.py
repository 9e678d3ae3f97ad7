"""Customers: who they are, what they owe, who may act for them.

Law: a contact whose address changed in QuickBooks waits until a person says that it is theirs.
"""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import and_
from sqlmodel import Session, col, update

from connector.store.access import ContactCustomerRow, ContactRow
from connector.store.cache import CustomerRow, InvoiceRow
from connector.store.money import PaymentRow
from connector.store.talk import ThreadRow
from portal.access.members import BOOKKEEPER
from portal.here import runtime
from portal.picking import fetch, fetch_one, pick
from portal.staff.gate import member, needs_role, pages
from portal.staff.invoice_rows import invoices_of
from portal.staff.matching import matches
from portal.staff.payment_rows import payments_of
from portal.staff.wish import PAGE, read_wish
from portal.talks import last_messages, talks_where
from sync import log

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
        row = _find(session, company_id, customer_id)
        contacts = _contacts(session, company_id, customer_id)
        invoices = invoices_of(session, member().company, col(InvoiceRow.customer_id) == customer_id, limit=_LAST)
        payments = payments_of(session, company_id, col(PaymentRow.customer_id) == customer_id, limit=_LAST)
        talks = talks_where(session, company_id, col(ThreadRow.customer_id) == customer_id, limit=_LAST)
        messages = last_messages(session, company_id, customer_id, limit=_LAST)
    return render_template(
        "staff/customer.html",
        row=row,
        contacts=contacts,
        invoices=invoices,
        payments=payments,
        talks={talk.id: talk for talk in talks},
        messages=messages,
    )


@pages.post("/customers/<customer_id>/contacts/<contact_id>/<decision>")
@needs_role(BOOKKEEPER)
def decide_contact(customer_id: str, contact_id: str, decision: str) -> ResponseReturnValue:
    """Let a contact act for a customer, or take that away."""
    states = {"approve": "active", "block": "blocked"}
    if decision not in states:
        abort(404)
    rt, who = runtime(), member()
    with rt.db.write("contact.decide") as session:
        row = _find(session, who.company.id, customer_id)
        mine = update(ContactCustomerRow).where(
            col(ContactCustomerRow.company_id) == who.company.id,
            col(ContactCustomerRow.customer_id) == customer_id,
            col(ContactCustomerRow.contact_id) == contact_id,
        )
        if not session.exec(mine.values(state=states[decision])).rowcount:
            abort(404)
        if decision == "approve":
            _approve_person(session, who.company.id, contact_id)
        may = "may act for" if decision == "approve" else "may no longer act for"
        email = _email(session, who.company.id, contact_id)
        sentence = f"{who.name} decided: {email} {may} {row.name}"
        log.write(session, rt, who.company.id, kind="connect", state="noted", sentence=sentence)
    flash("Done. It counts from the next page they open.", "good")
    return redirect(url_for(".show_customer", customer_id=customer_id))


def _approve_person(session: Session, company_id: str, contact_id: str) -> None:
    pending = update(ContactRow).where(
        col(ContactRow.company_id) == company_id, col(ContactRow.id) == contact_id, col(ContactRow.state) == "pending"
    )
    session.exec(pending.values(state="active"))


def _find(session: Session, company_id: str, customer_id: str) -> Any:
    row = fetch_one(
        session,
        pick(*_COLUMNS).where(col(CustomerRow.company_id) == company_id, col(CustomerRow.qbo_id) == customer_id),
    )
    return row or abort(404)


def _contacts(session: Session, company_id: str, customer_id: str) -> Any:
    person = and_(col(ContactRow.id) == ContactCustomerRow.contact_id, col(ContactRow.company_id) == company_id)
    found = (
        pick(ContactRow.id, ContactRow.email, ContactRow.name, ContactCustomerRow.state, ContactRow.created_at)
        .join(ContactCustomerRow, person)
        .where(col(ContactCustomerRow.company_id) == company_id, col(ContactCustomerRow.customer_id) == customer_id)
    )
    return fetch(session, found.order_by(col(ContactRow.email)))


def _email(session: Session, company_id: str, contact_id: str) -> str:
    row = fetch_one(
        session,
        pick(ContactRow.email).where(col(ContactRow.company_id) == company_id, col(ContactRow.id) == contact_id),
    )
    return str(row.email) if row else ""
