"""Who may act for a customer, as staff decide it: invited, approved, given a role, sent an activation link.

Laws: a contact whose address changed in QuickBooks waits until a person says that it is theirs; whom staff block, no
customer's manager lets in again; every decision is a line in the sync log.
"""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlmodel import Session, col, update

from connector.errors import WrongInput
from connector.store.access import ContactCustomerRow, ContactRow
from portal.access import people, teams
from portal.access.members import BOOKKEEPER
from portal.access.roles import ROLES
from portal.here import runtime
from portal.picking import fetch_one, pick
from portal.staff.customers import find_customer
from portal.staff.gate import member, needs_role, pages
from sync import log

DECISIONS = ("approve", "block", "role", "invite")


@pages.post("/customers/<customer_id>/contacts")
@needs_role(BOOKKEEPER)
def invite_contact(customer_id: str) -> ResponseReturnValue:
    """Let somebody act for a customer and mail the link that begins the account."""
    rt, who = runtime(), member()
    try:
        invited = teams.Invited(
            email=people.read_email(request.form.get("email", "")),
            name=" ".join(request.form.get("name", "").split()),
            role=request.form.get("role", ""),
        )
        with rt.db.write("contact.invite") as session:
            row = find_customer(session, who.company.id, customer_id)
            mail_id = teams.invite(session, rt, who.company, (customer_id, row.name), invited)
            _note(session, f"{invited.email} is invited to act for {row.name}: {ROLES[invited.role].lower()}")
    except WrongInput as error:
        flash(str(error), "bad")
        return redirect(url_for(".show_customer", customer_id=customer_id))
    if mail_id:
        rt.bell.ring("mail", mail_id)
    flash(f"An invitation is on its way to {invited.email}.", "good")
    return redirect(url_for(".show_customer", customer_id=customer_id))


@pages.post("/customers/<customer_id>/contacts/<contact_id>/<decision>")
@needs_role(BOOKKEEPER)
def decide_contact(customer_id: str, contact_id: str, decision: str) -> ResponseReturnValue:
    """Let a contact act for a customer, take that away, give another role, or mail the link that begins the account."""
    if decision not in DECISIONS:
        abort(404)
    rt, who = runtime(), member()
    with rt.db.write("contact.decide") as session:
        row = find_customer(session, who.company.id, customer_id)
        person = _contact(session, who.company.id, customer_id, contact_id)
        owed, what = _decide(session, decision, row, person)
        _note(session, what)
    if owed:
        rt.bell.ring("mail", owed)
    flash(
        "The link is on its way." if decision == "invite" else "Done. It counts from the next page they open.", "good"
    )
    return redirect(url_for(".show_customer", customer_id=customer_id))


def _decide(session: Session, decision: str, row: Any, person: Any) -> tuple[str, str]:
    """Carry a decision out; returns the mail that it owes, if any, and what was decided."""
    company, of = member().company, (member().company.id, row.qbo_id, person.id)
    if decision == "invite":
        if person.state != "active":
            abort(409)
        owed = teams.owe_invitation(session, runtime(), company, person.id, row.name, by="")
        return owed, f"{person.email} is sent the link that begins an account for {row.name}"
    if decision == "role":
        role = request.form.get("role", "")
        if role not in ROLES:
            abort(400)
        if not teams.give_role(session, *of, role):
            abort(409)
        return "", f"{person.email} has another role for {row.name}: {ROLES[role].lower()}"
    _set_state(session, *of, state="active" if decision == "approve" else "blocked")
    may = "may act for" if decision == "approve" else "may no longer act for"
    return "", f"{person.email} {may} {row.name}"


def _set_state(session: Session, company_id: str, customer_id: str, contact_id: str, *, state: str) -> None:
    mine = update(ContactCustomerRow).where(
        col(ContactCustomerRow.company_id) == company_id,
        col(ContactCustomerRow.customer_id) == customer_id,
        col(ContactCustomerRow.contact_id) == contact_id,
    )
    session.exec(mine.values(state=state))
    if state == "active":
        pending = update(ContactRow).where(
            col(ContactRow.company_id) == company_id,
            col(ContactRow.id) == contact_id,
            col(ContactRow.state) == "pending",
        )
        session.exec(pending.values(state="active"))


def _contact(session: Session, company_id: str, customer_id: str, contact_id: str) -> Any:
    found = (
        pick(ContactRow.id, ContactRow.email, ContactCustomerRow.state)
        .join(ContactCustomerRow, col(ContactCustomerRow.contact_id) == ContactRow.id)
        .where(
            col(ContactRow.company_id) == company_id,
            col(ContactCustomerRow.company_id) == company_id,
            col(ContactCustomerRow.customer_id) == customer_id,
            col(ContactCustomerRow.contact_id) == contact_id,
        )
    )
    return fetch_one(session, found) or abort(404)


def _note(session: Session, what: str) -> None:
    sentence = f"{member().name} decided: {what}"
    log.write(session, runtime(), member().company.id, kind="connect", state="noted", sentence=sentence)
