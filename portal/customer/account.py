"""A contact's own account: for whom they may act, how they sign in, and where they are signed in.

Laws: a contact sees and ends their own sessions at this company and nobody else's; ending the one that is used signs
out.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, and_
from sqlmodel import col

from connector.store.access import SessionRow
from connector.store.companies import CompanyRow
from connector.words import say, say_many
from portal.access import passkeys, passwords, presence, sessions
from portal.access.elsewhere import companies_elsewhere
from portal.access.roles import acted_for
from portal.customer.gate import for_contacts, pages, visitor
from portal.here import home, host, now, runtime


@pages.get("/account")
@for_contacts
def show_account() -> ResponseReturnValue:
    """Show who is signed in here, for whom, and in which browsers."""
    who = visitor()
    with runtime().db.read() as session:
        customers = acted_for(session, who.company.id, who.contact_id)
        whose, values = own_sessions()
        open_ones = presence.presences(session, whose, values, here=who.session_hash)
        has_password = passwords.has_password(session, who.company.id, who.contact_id)
        elsewhere = companies_elsewhere(session, who)
        takes_deposits = session.get_one(CompanyRow, who.company.id).takes_deposits
        own_passkeys = passkeys.passkeys_of(session, who.company.id, who.contact_id)
    return render_template(
        "customer/account.html",
        customers=customers,
        presences=open_ones,
        elsewhere=elsewhere,
        has_password=has_password,
        takes_deposits=takes_deposits,
        passkeys=own_passkeys,
        passkeys_possible=passkeys.are_possible(home()),
        host=host(),
        main_host=urlsplit(runtime().settings.public_url).hostname,
    )


@pages.post("/account/sessions")
@for_contacts
def end_sessions() -> ResponseReturnValue:
    """End one session by its tag, or all others."""
    who = visitor()
    with runtime().db.write("sessions.end") as session:
        whose, values = own_sessions()
        ended = presence.end(session, whose, values, tag=request.form.get("tag", ""), here=who.session_hash, now=now())
    many = say_many("{number} browser signed out.", "{number} browsers signed out.", ended)
    flash(many if ended else say("That browser was signed out already."), "good")
    return redirect(url_for(".show_account"))


def own_sessions() -> tuple[ColumnElement[bool], dict[str, Any]]:
    """Return the condition of this contact's open sessions here, and the values of its parameters."""
    who = visitor()
    mine = and_(
        col(SessionRow.company_id) == who.company.id,
        col(SessionRow.contact_id) == who.contact_id,
        col(SessionRow.audience) == sessions.CUSTOMER,
        sessions.is_open(),
    )
    return mine, sessions.instants(now())
