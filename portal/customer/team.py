"""The people of a customer's account: who may look, pay and decide; invited, changed and removed by its managers.

Laws: only a manager of a customer sees and changes its people; whom he names is looked up under that customer; every
change is a line in the company's sync log.
"""

from __future__ import annotations

from datetime import timedelta

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlmodel import Session

from connector.errors import WrongInput
from connector.words import mark, on_record, say
from portal.access import people, teams
from portal.access.limits import Limit, count_try
from portal.access.roles import ROLES, Acted, acted_for
from portal.customer.gate import for_contacts, pages, visitor
from portal.here import runtime
from portal.ring import PRESS, limiter
from sync import log
from sync.reach import MANAGE

_DONE = {
    "role": mark("Saved. It counts from the next page they open."),
    "remove": mark("Removed. They see nothing from the next page on."),
    "approve": mark("They may sign in now."),
    "again": mark("The invitation is on its way once more."),
}


@pages.get("/people")
@for_contacts
def show_people() -> ResponseReturnValue:
    """Show who acts for a customer, to its managers."""
    return _page()


def _page(*, wrong: str = "") -> ResponseReturnValue:
    who = visitor()
    with runtime().db.read() as session:
        managed = _managed(session)
        customer = _asked(managed, request.values.get("customer") or who.chosen_customer)
        team = teams.team_of(session, who.company.id, customer.qbo_id)
    page = render_template(
        "customer/people.html",
        customer=customer,
        managed=managed,
        team=team,
        roles=ROLES,
        wrong=wrong,
        typed=request.form,
    )
    return page, 422 if wrong else 200


@pages.post("/people")
@limiter.limit(PRESS)
@for_contacts
def invite_person() -> ResponseReturnValue:
    """Invite somebody to act for a customer."""
    who, rt = visitor(), runtime()
    with rt.db.read() as session:
        customer = _asked(_managed(session), request.form.get("customer", ""))
    count_try([Limit("invite/customer", f"{who.company.id}/{customer.qbo_id}", 20, timedelta(days=1))])
    try:
        invited = teams.Invited(
            email=people.read_email(request.form.get("email", "")),
            name=" ".join(request.form.get("name", "").split()),
            role=request.form.get("role", ""),
            by=who.email,
        )
        with rt.db.write("people.invite") as session:
            mail_id = teams.invite(session, rt, who.company, (customer.qbo_id, customer.name), invited)
            _note(session, customer, f"invited {invited.email}")
    except WrongInput as error:
        return _page(wrong=str(error))
    if mail_id:
        rt.bell.ring("mail", mail_id)
    flash(say("An invitation is on its way to {email}.", email=invited.email), "good")
    return redirect(url_for(".show_people", customer=customer.qbo_id))


@pages.post("/people/<contact_id>/<decision>")
@limiter.limit(PRESS)
@for_contacts
def decide_person(contact_id: str, decision: str) -> ResponseReturnValue:
    """Give somebody another role, remove him, let a new address of QuickBooks in, or invite him once more."""
    who, rt, owed = visitor(), runtime(), ""
    if decision not in _DONE:
        abort(404)
    count_try([Limit("people/decide", who.contact_id, 60, timedelta(hours=1))])
    try:
        with rt.db.write("people.decide") as session:
            customer = _asked(_managed(session), request.form.get("customer", ""))
            owed = _decide(session, customer, contact_id, decision)
    except WrongInput as error:
        flash(str(error), "bad")
    else:
        flash(say(_DONE[decision]), "good")
    if owed:
        rt.bell.ring("mail", owed)
    if contact_id == who.contact_id:  # who may look at the people no more, perhaps
        return redirect(url_for(".show_account"))
    return redirect(url_for(".show_people", customer=customer.qbo_id))


def _decide(session: Session, customer: Acted, contact_id: str, decision: str) -> str:
    """Carry a decision out and note it; returns the mail that it owes, if any. Raises WrongInput; 404 for nobody."""
    who, rt, owed = visitor(), runtime(), ""
    of = (who.company.id, customer.qbo_id)
    person = {one.contact_id: one for one in teams.team_of(session, *of)}.get(contact_id) or abort(404)
    role = request.form.get("role", "")
    if decision == "again" and person.state == "active":
        owed = teams.owe_invitation(session, rt, who.company, contact_id, customer.name, by=who.email)
    done = {
        "role": lambda: teams.give_role(session, *of, contact_id, role, by=who.contact_id),
        "remove": lambda: teams.remove(session, rt, *of, contact_id, by=who.contact_id),
        "approve": lambda: teams.approve(session, *of, contact_id),
        "again": lambda: person.state == "active",
    }[decision]()
    if not done:  # such as letting in somebody who is in, or anything about whom the company blocked
        abort(404)
    said = {
        "role": f"gave {person.email} another role: {ROLES.get(role, '').lower()}",
        "remove": f"removed {person.email}",
        "approve": f"let {person.email} in",
        "again": f"invited {person.email} once more",
    }
    _note(session, customer, said[decision])
    return owed


def _managed(session: Session) -> list[Acted]:
    """Return the customers whose people this contact decides about; a contact without any finds nothing here."""
    who = visitor()
    return [one for one in acted_for(session, who.company.id, who.contact_id) if one.role == MANAGE]


def _asked(managed: list[Acted], customer_id: str) -> Acted:
    found = [one for one in managed if not customer_id or one.qbo_id == customer_id]
    return found[0] if found else abort(404)


def _note(session: Session, customer: Acted, what: str) -> None:
    who = visitor()
    with on_record():
        sentence = f"{who.email}, who manages {customer.name}, {what}"
        log.write(session, runtime(), who.company.id, kind="connect", state="noted", sentence=sentence)
