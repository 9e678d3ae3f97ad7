"""A contact's own account: for whom they may act, and where they are signed in.

Laws: a contact sees and ends their own sessions at this company and nobody else's; ending the one that is used signs
out.
"""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, and_
from sqlmodel import col

from connector.store.access import SessionRow
from connector.words import say, say_many
from portal.access import people, presence, sessions
from portal.customer.gate import for_contacts, pages, visitor
from portal.here import now, runtime


@pages.get("/account")
@for_contacts
def show_account() -> ResponseReturnValue:
    """Show who is signed in here, for whom, and in which browsers."""
    who = visitor()
    with runtime().db.read() as session:
        customers = people.customers_of(session, who.company.id, who.contact_id)
        whose, values = _own()
        open_ones = presence.presences(session, whose, values, here=who.session_hash)
    return render_template("customer/account.html", customers=customers, presences=open_ones)


@pages.post("/account/sessions")
@for_contacts
def end_sessions() -> ResponseReturnValue:
    """End one session by its tag, or all others."""
    who = visitor()
    with runtime().db.write("sessions.end") as session:
        whose, values = _own()
        ended = presence.end(session, whose, values, tag=request.form.get("tag", ""), here=who.session_hash, now=now())
    many = say_many("{number} browser signed out.", "{number} browsers signed out.", ended)
    flash(many if ended else say("That browser was signed out already."), "good")
    return redirect(url_for(".show_account"))


def _own() -> tuple[ColumnElement[bool], dict[str, Any]]:
    who = visitor()
    mine = and_(
        col(SessionRow.company_id) == who.company.id,
        col(SessionRow.contact_id) == who.contact_id,
        col(SessionRow.audience) == sessions.CUSTOMER,
        sessions.is_open(),
    )
    return mine, sessions.instants(now())
