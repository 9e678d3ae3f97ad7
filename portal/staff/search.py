"""One search over customers, invoices, payments and payouts: by number, name, amount, address, or any id.

Law: a search finds only what the member's company holds; one exact hit is opened at once.
"""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import and_
from sqlmodel import Session, col

from connector.ledger.money import Money
from connector.store.access import ContactCustomerRow, ContactRow
from connector.store.cache import CustomerRow, InvoiceRow
from connector.store.money import PaymentRow, PayoutRow
from connector.store.outbox import PostingRow
from connector.words import money_text
from portal.access.companies import Company
from portal.here import runtime
from portal.picking import fetch, pick
from portal.staff.gate import member, pages
from portal.staff.invoice_rows import invoices_of
from portal.staff.matching import matches
from portal.staff.payment_rows import payments_of
from portal.staff.wish import LONGEST

EACH = 10
Hit = tuple[str, str, str]  # where, what, and more about it


@pages.get("/search")
def search() -> ResponseReturnValue:
    """Show what matches, by kind."""
    wanted = request.args.get("q", "").strip()[:LONGEST]
    groups: dict[str, list[Hit]] = {}
    if wanted:
        with runtime().db.read() as session:
            groups = {name: hits for name, hits in _all(session, member().company, wanted).items() if hits}
    if sum(map(len, groups.values())) == 1:
        return redirect(next(iter(groups.values()))[0][0])
    return render_template("staff/search.html", wanted=wanted, groups=groups)


def _all(session: Session, company: Company, wanted: str) -> dict[str, list[Hit]]:
    return {
        "Customers": _customers(session, company, wanted),
        "Invoices": _invoices(session, company, wanted),
        "Payments": _payments(session, company, wanted),
        "Payouts": _payouts(session, company, wanted),
    }


def _customers(session: Session, company: Company, wanted: str) -> list[Hit]:
    texts = (col(CustomerRow.name), col(CustomerRow.email))
    by_contact = (
        pick(ContactCustomerRow.customer_id)
        .join(ContactRow, col(ContactRow.id) == ContactCustomerRow.contact_id)
        .where(
            col(ContactCustomerRow.company_id) == company.id,
            col(ContactRow.company_id) == company.id,
            col(ContactRow.email).icontains(wanted, autoescape=True),
        )
    )
    by_name = matches(wanted, texts=texts, currency=company.home_currency)
    found = pick(CustomerRow.qbo_id, CustomerRow.name, CustomerRow.email).where(
        col(CustomerRow.company_id) == company.id, by_name | col(CustomerRow.qbo_id).in_(by_contact)
    )
    rows = fetch(session, found.order_by(col(CustomerRow.name)).limit(EACH))
    return [(url_for(".show_customer", customer_id=qbo_id), name, email) for qbo_id, name, email in rows]


def _invoices(session: Session, company: Company, wanted: str) -> list[Hit]:
    condition = matches(
        wanted,
        texts=(col(InvoiceRow.number),),
        ids=(col(InvoiceRow.qbo_id),),
        amounts=(col(InvoiceRow.total_minor), col(InvoiceRow.balance_minor)),
        currency=company.home_currency,
    )
    return [
        (
            url_for(".show_invoice", invoice_id=line.qbo_id),
            f"{line.number}, {line.customer}",
            f"{money_text(line.total)}, {line.mark[1].lower()}",
        )
        for line in invoices_of(session, company, condition, limit=EACH)
    ]


def _payments(session: Session, company: Company, wanted: str) -> list[Hit]:
    by_posting = pick(PostingRow.payment_id).where(
        col(PostingRow.company_id) == company.id,
        (col(PostingRow.remote_id) == wanted) | (col(PostingRow.reference) == wanted),
        col(PostingRow.payment_id) != "",
    )
    condition = matches(
        wanted,
        texts=(col(PaymentRow.payer_email),),
        ids=(col(PaymentRow.id), col(PaymentRow.intent_id), col(PaymentRow.charge_id)),
        amounts=(col(PaymentRow.amount_minor),),
        currency=company.home_currency,
    ) | col(PaymentRow.id).in_(by_posting)
    return [
        (
            url_for(".show_payment", payment_id=line.payment_id),
            f"{money_text(line.amount)} from {line.customer}",
            line.mark[1].lower(),
        )
        for line in payments_of(session, company.id, condition, limit=EACH)
    ]


def _payouts(session: Session, company: Company, wanted: str) -> list[Hit]:
    found = pick(PayoutRow.payout_id, PayoutRow.amount_minor, PayoutRow.currency, PayoutRow.status).where(
        and_(
            col(PayoutRow.company_id) == company.id,
            matches(
                wanted,
                ids=(col(PayoutRow.payout_id), col(PayoutRow.trace)),
                amounts=(col(PayoutRow.amount_minor),),
                currency=company.home_currency,
            ),
        )
    )
    rows = fetch(session, found.order_by(col(PayoutRow.arrival_day).desc()).limit(EACH))
    return [
        (url_for(".show_payout", payout_id=one), money_text(Money(minor, currency)), status)
        for one, minor, currency, status in rows
    ]
