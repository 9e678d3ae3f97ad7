"""Invoices: the list, one with what was paid on it, and its links for payers: made, mailed, revoked.

Laws: a link is shown once, when it is made; it is mailed only to addresses that QuickBooks or the contacts hold; a
revoked link opens nothing, also where it had been opened before.
"""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import and_, or_
from sqlmodel import Session, col

from connector.store.access import ContactCustomerRow, ContactRow, LinkRow
from connector.store.cache import CustomerRow, InvoiceRow, RawRow
from connector.store.money import PaymentRow, ShareRow
from portal.access import links, people, visitors
from portal.access.companies import Company
from portal.access.members import BOOKKEEPER
from portal.access.tokens import digest
from portal.customer.document import read_document
from portal.here import now, runtime
from portal.picking import fetch, fetch_one, pick
from portal.staff.gate import member, needs_role, pages
from portal.staff.invoice_rows import InvoiceLine, invoices_of
from portal.staff.matching import matches
from portal.staff.payment_rows import payments_of
from portal.staff.wish import PAGE, Wish, read_wish
from sync import log
from sync.invoice_links import INVOICE, invoice_address

FILTERS = {"": "All", "open": "Open", "overdue": "Overdue", "paid": "Paid"}


@pages.get("/invoices")
def list_invoices() -> ResponseReturnValue:
    """Show the invoices."""
    wish = read_wish(".list_invoices", show=FILTERS)
    company = member().company
    with runtime().db.read() as session:
        rows = invoices_of(session, company, *_conditions(company, wish), limit=PAGE + 1, offset=wish.offset)
    return render_template(
        "staff/invoices.html", wish=wish, rows=rows[:PAGE], has_more=len(rows) > PAGE, filters=FILTERS
    )


def _conditions(company: Company, wish: Wish) -> list[Any]:
    is_open = and_(col(InvoiceRow.state) == "live", col(InvoiceRow.balance_minor) > 0)
    shown = {
        "open": is_open,
        "overdue": and_(is_open, col(InvoiceRow.due_day) < company.today),
        "paid": and_(col(InvoiceRow.state) == "live", col(InvoiceRow.balance_minor) <= 0),
    }
    conditions: list[Any] = [shown[wish["show"]]] if wish["show"] in shown else []
    if wish["q"]:
        conditions.append(
            matches(
                wish["q"],
                texts=(col(InvoiceRow.number), col(CustomerRow.name), col(InvoiceRow.email)),
                ids=(col(InvoiceRow.qbo_id),),
                amounts=(col(InvoiceRow.total_minor), col(InvoiceRow.balance_minor)),
                currency=company.home_currency,
            )
        )
    return conditions


@pages.get("/invoices/<invoice_id>")
def show_invoice(invoice_id: str) -> ResponseReturnValue:
    """Show an invoice, its payments and its links."""
    return _page(invoice_id)


def _page(invoice_id: str, *, fresh_link: str = "") -> ResponseReturnValue:
    company = member().company
    with runtime().db.read() as session:
        line = find_invoice(session, company, invoice_id)
        body = fetch_one(
            session,
            pick(RawRow.body).where(
                col(RawRow.company_id) == company.id, col(RawRow.entity) == "Invoice", col(RawRow.qbo_id) == invoice_id
            ),
        )
        of_invoice = pick(ShareRow.payment_id).where(
            col(ShareRow.company_id) == company.id, col(ShareRow.invoice_id) == invoice_id
        )
        payments = payments_of(session, company.id, col(PaymentRow.id).in_(of_invoice), limit=PAGE)
        alive = _links(session, company.id, invoice_id)
        addresses = addresses_on_file(session, company.id, line)
    return render_template(
        "staff/invoice.html",
        line=line,
        document=read_document(body.body, line.total.currency, company.today.year) if body else None,
        payments=payments,
        links=alive,
        addresses=addresses,
        fresh_link=fresh_link,
    )


def find_invoice(session: Session, company: Company, invoice_id: str) -> InvoiceLine:
    """Return an invoice of the company, or answer that there is nothing."""
    found = invoices_of(session, company, col(InvoiceRow.qbo_id) == invoice_id, limit=1)
    return found[0] if found else abort(404)


def answer_taken_back(line: InvoiceLine) -> ResponseReturnValue:
    """Say why no link is made for an invoice that was voided or deleted, on its page."""
    flash(f"No link was made: this invoice was {line.mark[1].lower()} in QuickBooks.", "bad")
    return redirect(url_for(".show_invoice", invoice_id=line.qbo_id))


def _links(session: Session, company_id: str, invoice_id: str) -> Any:
    found = pick(LinkRow.token_hash, LinkRow.created_at, LinkRow.expires_at).where(
        col(LinkRow.company_id) == company_id,
        col(LinkRow.invoice_id) == invoice_id,
        col(LinkRow.purpose) == INVOICE,
        col(LinkRow.revoked_at).is_(None),
        or_(col(LinkRow.expires_at).is_(None), col(LinkRow.expires_at) > now()),
    )
    return fetch(session, found.order_by(col(LinkRow.created_at).desc()))


def addresses_on_file(session: Session, company_id: str, line: InvoiceLine) -> list[str]:
    """Return the addresses an invoice may be mailed to: the customer's, the invoice's own, the contacts'."""
    customer = pick(CustomerRow.email).where(
        col(CustomerRow.company_id) == company_id, col(CustomerRow.qbo_id) == line.customer_id
    )
    own = pick(InvoiceRow.email).where(col(InvoiceRow.company_id) == company_id, col(InvoiceRow.qbo_id) == line.qbo_id)
    contacts = (
        pick(ContactRow.email)
        .join(ContactCustomerRow, col(ContactCustomerRow.contact_id) == ContactRow.id)
        .where(
            col(ContactRow.company_id) == company_id,
            col(ContactRow.state) == "active",
            col(ContactCustomerRow.company_id) == company_id,
            col(ContactCustomerRow.customer_id) == line.customer_id,
            col(ContactCustomerRow.state) == "active",
        )
    )
    texts = [text for query in (own, customer, contacts) for (text,) in fetch(session, query)]
    parts = [part.strip().lower() for text in texts for part in text.replace(";", ",").split(",")]
    return list(dict.fromkeys(part for part in parts if "@" in part))


@pages.post("/invoices/<invoice_id>/link")
@needs_role(BOOKKEEPER)
def make_link(invoice_id: str) -> ResponseReturnValue:
    """Make a link to an invoice and show it this once."""
    rt, company = runtime(), member().company
    with rt.db.read() as session:
        line = find_invoice(session, company, invoice_id)
    if not line.is_live:
        return answer_taken_back(line)
    url = links.make_invoice_link(rt, company.id, invoice_id)
    return _page(invoice_id, fresh_link=url or "")


@pages.post("/invoices/<invoice_id>/send")
@needs_role(BOOKKEEPER)
def send_link(invoice_id: str) -> ResponseReturnValue:
    """Mail a new link to one of the addresses on file."""
    rt, who = runtime(), member()
    to = request.form.get("to", "").strip().lower()
    with rt.db.write("link.send") as session:
        line = find_invoice(session, who.company, invoice_id)
        if not line.is_live:
            return answer_taken_back(line)
        if to not in addresses_on_file(session, who.company.id, line):
            abort(400)
        token = links.add_invoice_link(session, rt, who.company.id, invoice_id)
        url = invoice_address(rt, who.company.slug, token)
        context = {"url": url, "invoice_id": invoice_id}
        key = f"invoice_link/{digest(token)[:32]}"
        mail_id = people.owe_mail(
            session,
            rt,
            company_id=who.company.id,
            key=key,
            kind="invoice_link",
            to=to,
            context=context,
            customer_id=line.customer_id,
            invoice_id=invoice_id,
        )
        sentence = f"{who.name} sent the link of invoice {line.number} to {to}"
        log.write(session, rt, who.company.id, kind="mail", state="noted", sentence=sentence, money=line.balance)
    rt.bell.ring("mail", mail_id)
    flash(f"The link is on its way to {to}.", "good")
    return redirect(url_for(".show_invoice", invoice_id=invoice_id))


@pages.post("/invoices/<invoice_id>/links/<token_hash>/revoke")
@needs_role(BOOKKEEPER)
def revoke_link(invoice_id: str, token_hash: str) -> ResponseReturnValue:
    """Revoke a link, also for the browsers that opened the invoice by one."""
    rt, company = runtime(), member().company
    with rt.db.write("link.revoke") as session:
        find_invoice(session, company, invoice_id)
        if not links.revoke(session, now(), company.id, token_hash):
            abort(404)
        visitors.forget_invoice(session, company.id, invoice_id)
    flash("That link opens nothing any more. Other links of this invoice still work.", "good")
    return redirect(url_for(".show_invoice", invoice_id=invoice_id))
