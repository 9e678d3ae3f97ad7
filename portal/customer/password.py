"""A contact's password: set the first time, changed, forgotten; and signing in with it.

Laws: a wrong address and a wrong password give the same answer after the same time; a password is set only by whoever
knows the present one or has just come by a link in a mail; a change ends every other session and is told by mail.
"""

from __future__ import annotations

from datetime import timedelta

from flask import flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from sqlmodel import Session

from connector.errors import WrongInput
from connector.words import say
from portal.access import passwords, people, sessions
from portal.access.limits import Limit, address, count_try
from portal.access.visitors import Visitor, sign_in
from portal.customer.gate import for_contacts, is_fresh, let_in, pages, visitor, where_to
from portal.customer.notices import changed_access
from portal.here import runtime
from portal.ring import PRESS, limiter


@pages.get("/sign-in/password")
def show_password_sign_in() -> ResponseReturnValue:
    """Show the form for address and password."""
    if visitor().signed_in:
        return redirect(url_for(".home"))
    return render_template("customer/sign_in_password.html", email=session.get("asked", ""))


@pages.post("/sign-in/password")
@limiter.limit(PRESS)
def sign_in_by_password() -> ResponseReturnValue:
    """Start a session for whoever knows an address and its password; say the same to everybody else."""
    who, typed, password = visitor(), request.form.get("email", ""), request.form.get("password", "")
    email = typed.strip().lower()[: people.LONGEST_EMAIL]
    count_try(_limits(who.company.id, email))
    contact_id = passwords.who_with(who.company.id, email, password)
    if not contact_id:
        wrong = say("Address and password do not belong together. A link by mail always works.")
        return render_template("customer/sign_in_password.html", email=typed, wrong=wrong), 422
    with runtime().db.write("sign_in.password") as db_session:
        cookie = sign_in(db_session, who, contact_id, sessions.PASSWORD)
    return let_in(cookie, where_to())


@pages.get("/account/password")
@for_contacts
def show_password() -> ResponseReturnValue:
    """Show the form that sets a password, or changes it."""
    return _page()


def _page(*, wrong: str = "") -> ResponseReturnValue:
    who = visitor()
    with runtime().db.read() as db_session:
        needs_present = _needs_present()
        is_new = not passwords.has_password(db_session, who.company.id, who.contact_id)
    page = render_template(
        "customer/password.html",
        is_new=is_new,
        needs_present=needs_present,
        shortest=passwords.SHORTEST,
        welcome="welcome" in request.values,
        wrong=wrong,
    )
    return page, 422 if wrong else 200


@pages.post("/account/password")
@limiter.limit(PRESS)
@for_contacts
def save_password() -> ResponseReturnValue:
    """Set or change the password, and end every other session."""
    who, rt = visitor(), runtime()
    count_try([Limit("password/change", who.contact_id, 10, timedelta(hours=1))])
    wanted = request.form.get("password", "")
    try:
        with rt.db.read() as db_session:
            _check_present(db_session, who, request.form.get("present", ""))
        about = (who.email, who.company.name, who.company.slug)
        passwords.check_new(wanted, about=about)
        if request.form.get("again", wanted) != wanted:
            raise WrongInput(say("The two are not the same."))
    except WrongInput as error:
        return _page(wrong=str(error))
    with rt.db.write("password.set") as db_session:
        passwords.set_password(db_session, who.company.id, who.contact_id, wanted)
        mail_id = changed_access(db_session, who, "password")
    rt.bell.ring("mail", mail_id)
    flash(say("Your password counts from now on. Every other browser was signed out."), "good")
    return redirect(url_for(".home" if "welcome" in request.form else ".show_account"))


def _needs_present() -> bool:
    """Tell whether the present password is asked for: not right after a link in a mail or a passkey."""
    return not is_fresh(sessions.MAIL, sessions.INVITE, sessions.PASSKEY)


def _check_present(db_session: Session, who: Visitor, present: str) -> None:
    if not _needs_present():
        return
    if not passwords.has_password(db_session, who.company.id, who.contact_id):
        raise WrongInput(say("Sign in once more by a link in a mail, then set a password."))
    if not passwords.is_right(db_session, who.company.id, who.contact_id, present):
        raise WrongInput(say("The present password is another one. If you forgot it, sign in by a link in a mail."))


def _limits(company_id: str, email: str) -> list[Limit]:
    quarter, day = timedelta(minutes=15), timedelta(days=1)
    return [
        Limit("password/email", f"{company_id}/{email}", 10, quarter),
        Limit("password/email/day", f"{company_id}/{email}", 100, day),
        Limit("password/address", address(), 50, quarter),
        Limit("password/company", company_id, 5000, day),
    ]
