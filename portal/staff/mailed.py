"""Mails on the pages of customers and invoices: the timeline, a mail's text, sending one now, skipping.

Laws: sending and skipping are for bookkeepers and stand in the sync log; a mail that is shown holds no working link.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlmodel import Session, col

from connector.errors import WrongInput
from connector.store.companies import CompanyRow
from connector.store.outbox import MailRow
from portal.access.members import BOOKKEEPER
from portal.here import runtime
from portal.mails import Mail, about_customer, mail_text, mails_where
from portal.staff.customers import find_customer
from portal.staff.gate import member, needs_role, pages
from portal.staff.invoices import addresses_on_file, find_invoice
from portal.staff.mailing import step_words
from sync.reminding.asking import asked_of
from sync.reminding.decisions import next_step
from sync.reminding.owing import note, owe_by_hand
from sync.reminding.plan import candidate
from sync.reminding.schedule import leave_out, rule_of, schedule_of, skipped, take_in

_LAST = 20


@dataclass(frozen=True)
class Outlook:
    """What the schedule has in store for an invoice: the next step with its day, or why there is none."""

    mails: list[Mail]
    is_skipped: bool
    step: str = ""
    day: date | None = None
    why_not: str = ""


@pages.context_processor
def _about() -> dict[str, Any]:
    """Give the pages of customers and invoices what they show of mails, where they ask for it."""
    return {"mails_of_customer": _mails_of_customer, "outlook_of": _outlook_of}


@pages.get("/mail/sent/<mail_id>")
def show_mail(mail_id: str) -> ResponseReturnValue:
    """Show what a mail to a payer said."""
    with runtime().db.read() as session:
        found = mail_text(session, member().company.id, col(MailRow.id) == mail_id)
    if found is None:
        abort(404)
    return render_template("staff/mail_text.html", mail=found[0], text=found[1])


@pages.post("/invoices/<invoice_id>/remind")
@needs_role(BOOKKEEPER)
def remind_now(invoice_id: str) -> ResponseReturnValue:
    """Mail an invoice to an address on file, now."""
    rt, who = runtime(), member()
    to = request.form.get("to", "").strip().lower()
    try:
        with rt.db.write("mail.by_hand") as session:
            line = find_invoice(session, who.company, invoice_id)
            company = session.get_one(CompanyRow, who.company.id)
            allowed = addresses_on_file(session, company.id, line)
            mail_id = owe_by_hand(session, rt, company, invoice_id, to, allowed, who.name)
    except WrongInput as error:
        flash(f"Not sent. {error}", "bad")
        return redirect(url_for(".show_invoice", invoice_id=invoice_id))
    rt.bell.ring("mail", mail_id)
    flash(f"The invoice is on its way to {to}.", "good")
    return redirect(url_for(".show_invoice", invoice_id=invoice_id))


@pages.post("/invoices/<invoice_id>/skip")
@needs_role(BOOKKEEPER)
def skip_invoice(invoice_id: str) -> ResponseReturnValue:
    """Leave an invoice out of the schedule, or take it in again."""
    with runtime().db.write("mail.skip") as session:
        line = find_invoice(session, member().company, invoice_id)
        _skip(session, "invoice", invoice_id, f"invoice {line.number}")
    return redirect(url_for(".show_invoice", invoice_id=invoice_id))


@pages.post("/customers/<customer_id>/skip")
@needs_role(BOOKKEEPER)
def skip_customer(customer_id: str) -> ResponseReturnValue:
    """Leave a customer out of the schedule, or take it in again."""
    with runtime().db.write("mail.skip") as session:
        row = find_customer(session, member().company.id, customer_id)
        _skip(session, "customer", customer_id, row.name)
    return redirect(url_for(".show_customer", customer_id=customer_id))


def _skip(session: Session, kind: str, subject: str, name: str) -> None:
    rt, who = runtime(), member()
    if request.form.get("skip") == "yes":
        leave_out(session, who.company.id, kind, subject, by=who.staff_id, at=rt.clock.now())
        said = f"Nothing is mailed about {name} by itself any more."
    else:
        take_in(session, who.company.id, kind, subject)
        said = f"The schedule minds {name} again."
    note(session, rt, who.company.id, f"{who.name} decided: {said[0].lower()}{said[1:-1]}")
    flash(said, "good")


def _mails_of_customer(customer_id: str) -> Outlook:
    company_id = member().company.id
    with runtime().db.read() as session:
        mails = mails_where(session, company_id, about_customer(company_id, customer_id), limit=_LAST)
        return Outlook(mails, bool(skipped(session, company_id, "customer", [customer_id])))


def _outlook_of(invoice_id: str) -> Outlook:
    company = member().company
    with runtime().db.read() as session:
        mails = mails_where(session, company.id, col(MailRow.invoice_id) == invoice_id, limit=_LAST)
        outlook = Outlook(mails, bool(skipped(session, company.id, "invoice", [invoice_id])))
        row = schedule_of(session, company.id)
        found = candidate(session, company.id, company.zone, invoice_id)
        if found is None:
            return outlook
        if why_not := asked_of(session, company.id, [found.row])[invoice_id].why_not:
            return replace(outlook, why_not=why_not)
        if row is None or not row.is_on:
            return replace(outlook, why_not="Mails about invoices are off.")
        if outlook.is_skipped or skipped(session, company.id, "customer", [found.row.customer_id]):
            return replace(outlook, why_not="It is left out of the schedule.")
        if found.by_quickbooks and not row.also_quickbooks:
            return replace(outlook, why_not="QuickBooks mails this one itself.")
        if not found.emails:
            return replace(outlook, why_not="No e-mail address is known in QuickBooks.")
        coming = next_step(rule_of(row, company.zone), found.bill, company.today)
    if coming is None:
        return replace(outlook, why_not="No step of the schedule is left.")
    return replace(outlook, step=step_words(coming[0]), day=coming[1])
