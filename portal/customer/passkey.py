"""Passkeys on the pages: signing in with one, adding, naming and removing them in the account.

The only part of signing in that needs JavaScript. Laws: a passkey is added or removed only soon after signing in; that
ends every other session and is told by mail; what a stranger is answered depends on no account.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from flask import Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from connector.errors import WrongInput
from connector.words import say
from portal.access import passkeys, sessions
from portal.access.limits import Limit, address, count_try
from portal.access.visitors import sign_in
from portal.customer.gate import AGAIN, for_contacts, is_fresh, let_in, pages, visitor, where_to
from portal.customer.notices import changed_access
from portal.customer.ways import ways_in
from portal.here import home, runtime
from portal.ring import PRESS, limiter

if TYPE_CHECKING:  # WebAuthn is loaded late: it is needed by these doors alone
    from portal.access import ceremonies


@pages.post("/sign-in/passkey/challenge")
@limiter.limit(PRESS)
def ask_passkey() -> ResponseReturnValue:
    """Give the browser a challenge to sign in with; JSON, for the script of the sign-in page."""
    from portal.access import ceremonies

    who, rt = visitor(), runtime()
    _only_where_possible()
    count_try([Limit("passkey/address", address(), 60, timedelta(minutes=15))])
    with rt.db.write("passkey.ask") as session:
        text = ceremonies.options_to_sign_in(session, who.company.id)
    return Response(text, mimetype="application/json")


@pages.post("/sign-in/passkey")
@limiter.limit(PRESS)
def sign_in_by_passkey() -> ResponseReturnValue:
    """Start a session for whoever holds the passkey that answered."""
    from portal.access import ceremonies

    who, rt = visitor(), runtime()
    _only_where_possible()
    count_try([Limit("passkey/address", address(), 60, timedelta(minutes=15))])
    try:
        answer = _answer("")
        with rt.db.write("sign_in.passkey") as session:
            contact_id = ceremonies.who_with(session, who.company.id, answer)
            cookie = sign_in(session, who, contact_id, sessions.PASSKEY)
    except WrongInput as error:
        return render_template("customer/sign_in.html", passkey_wrong=str(error), **ways_in()), 422
    return let_in(cookie, where_to())


@pages.post("/account/passkeys/challenge")
@limiter.limit(PRESS)
@for_contacts
def ask_new_passkey() -> ResponseReturnValue:
    """Give the browser what it needs to make a passkey; JSON, for the script of the account page."""
    from portal.access import ceremonies

    _only_where_possible()
    if not is_fresh():
        return Response("{}", 403, mimetype="application/json")
    with runtime().db.write("passkey.new") as session:
        text = ceremonies.options_to_add(session, visitor())
    return Response(text, mimetype="application/json")


@pages.post("/account/passkeys")
@limiter.limit(PRESS)
@for_contacts
def add_passkey() -> ResponseReturnValue:
    """Keep the passkey that the browser made."""
    from portal.access import ceremonies

    who, rt, mail_id = visitor(), runtime(), ""
    _only_where_possible()
    try:
        _be_fresh()
        answer = _answer(who.contact_id)
        with rt.db.write("passkey.add") as session:
            ceremonies.add(session, who, answer, request.form.get("name", ""))
            mail_id = changed_access(session, who, "passkey_added")
        flash(say("The passkey is added. Every other browser was signed out."), "good")
    except WrongInput as error:
        flash(str(error), "bad")
    if mail_id:
        rt.bell.ring("mail", mail_id)
    return redirect(url_for(".show_account"))


@pages.post("/account/passkeys/<credential_id>/<decision>")
@limiter.limit(PRESS)
@for_contacts
def change_passkey(credential_id: str, decision: str) -> ResponseReturnValue:
    """Name a passkey, or remove it."""
    who, rt, mail_id = visitor(), runtime(), ""
    if decision not in ("name", "remove"):
        abort(404)
    with rt.db.write("passkey.change") as session:
        own = passkeys.passkeys_of(session, who.company.id, who.contact_id)
        if credential_id not in {one.credential_id for one in own}:
            abort(404)
        if decision == "name":
            passkeys.rename(session, who, credential_id, request.form.get("name", ""))
        elif is_fresh():
            passkeys.remove(session, who, credential_id)
            mail_id = changed_access(session, who, "passkey_removed")
    if mail_id:
        rt.bell.ring("mail", mail_id)
    done = decision == "name" or bool(mail_id)
    flash(say("Saved.") if done else say(AGAIN), "good" if done else "bad")
    return redirect(url_for(".show_account"))


def _answer(contact_id: str) -> ceremonies.Answer:
    from portal.access import ceremonies

    with runtime().db.write("passkey.answer") as session:
        return ceremonies.take_answer(session, visitor().company.id, contact_id, request.form.get("answer", ""))


def _be_fresh() -> None:
    if not is_fresh():
        raise WrongInput(say(AGAIN))


def _only_where_possible() -> None:
    if not passkeys.are_possible(home()):
        abort(404)
