"""A customer's own contact data: as the books have it, and a form to propose another.

Laws: who may pay for a customer may propose; what is proposed changes nothing by itself but by the company's rule; a
changed e-mail address never changes who has access.
"""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from connector.errors import WrongInput
from connector.store.companies import CompanyRow
from connector.words import language, on_record, say
from portal.access import people
from portal.access.roles import Acted, acted_for
from portal.customer.gate import for_contacts, pages, visitor
from portal.here import runtime
from portal.ring import PRESS, limiter
from sync.editing.contact_data import EMAIL, PATHS, changed
from sync.editing.proposals import Wish, fields_now, propose, waiting_of

LONGEST, LONGEST_NOTE = 100, 500


@pages.get("/contact")
@for_contacts
def show_contact() -> ResponseReturnValue:
    """Show a customer's contact data with the form to propose another."""
    return _page(_customer(request.args.get("customer", "")))


def _page(customer: Acted, *, wrong: str = "") -> ResponseReturnValue:
    who = visitor()
    with runtime().db.read() as session:
        fields = fields_now(session, who.company.id, customer.qbo_id)
        waiting = waiting_of(session, who.company.id, customer.qbo_id)
        customers = [one for one in acted_for(session, who.company.id, who.contact_id) if one.pays]
    shown = {name: request.form.get(name, text) for name, text in (fields | {"name": customer.name}).items()}
    page = render_template(
        "customer/contact.html", customer=customer, customers=customers, shown=shown, waiting=waiting, wrong=wrong
    )
    return page, 422 if wrong else 200


@pages.post("/contact")
@limiter.limit(PRESS)
@for_contacts
def propose_contact() -> ResponseReturnValue:
    """Take a proposal of other contact data."""
    who, rt = visitor(), runtime()
    customer = _customer(request.form.get("customer", ""))
    try:
        typed = _typed()
    except WrongInput as error:
        return _page(customer, wrong=str(error))
    spoken = language()
    with on_record(), rt.db.write("contact.propose") as session:
        before = fields_now(session, who.company.id, customer.qbo_id)
        wanted = changed(before, typed)
        done, mails = False, list[str]()
        if wanted:
            note = request.form.get("note", "").strip()[:LONGEST_NOTE]
            wish = Wish(customer.qbo_id, who.contact_id, who.email, wanted, before, note, spoken)
            company = session.get_one(CompanyRow, who.company.id)
            done, mails = propose(session, rt, company, wish)
    _ring(mails)
    flash(_said(bool(wanted), done), "good")
    return redirect(url_for(".show_contact", customer=customer.qbo_id))


def _said(is_other: bool, done: bool) -> str:
    company = visitor().company.name
    if not is_other:
        return say("Nothing was changed.")
    if done:
        return say("Thank you. It stands in the books within a few minutes.")
    return say("Thank you. {company} looks at it and answers by mail.", company=company)


def _ring(mails: list[str]) -> None:
    runtime().bell.ring("push", visitor().company.id)
    for mail_id in mails:
        runtime().bell.ring("mail", mail_id)


def _typed() -> dict[str, str]:
    """Read the form's fields, those that QuickBooks could not take refused with a sentence. Raises WrongInput."""
    typed = {name: " ".join(request.form[name].split())[:LONGEST] for name in PATHS if name in request.form}
    if "name" in typed and (not typed["name"] or ":" in typed["name"]):
        raise WrongInput(say("A name is needed, and it has no colon."))
    if typed.get(EMAIL):
        typed[EMAIL] = people.read_email(typed[EMAIL])
    return typed


def _customer(wanted: str) -> Acted:
    """Return the customer that is meant: as named, as chosen, or the first; only one that this contact pays for."""
    who = visitor()
    with runtime().db.read() as session:
        mine = [one for one in acted_for(session, who.company.id, who.contact_id) if one.pays]
    wanted = wanted or who.chosen_customer
    found = [one for one in mine if one.qbo_id == wanted] if wanted else mine
    return found[0] if found else abort(404)
