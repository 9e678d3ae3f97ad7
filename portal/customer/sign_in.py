"""Signing in by a one-time link in a mail, opening an account by one, and signing out.

Laws: asking gives the same answer whether the address is known or not; following the link uses nothing up, pressing
the button does, once; the link works only in the browser that asked; every sign-in starts a new session.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from connector.errors import WrongInput
from portal import tongues
from portal.access import links, people, sessions
from portal.access.limits import Limit, address, count_try
from portal.access.tokens import browser_hash, digest
from portal.access.visitors import Visitor, sign_in
from portal.customer.gate import NEXT, let_in, pages, visitor, where_to
from portal.customer.ways import ways_in
from portal.here import host, now, runtime
from portal.ring import DOOR, PRESS, limiter
from sync.addresses import at_home

_TOKEN, _ASKED = "sign_in", "asked"  # in the browser's signed cookie
MINUTES = int(links.SIGN_IN_LIFE.total_seconds() // 60)


@pages.get("/sign-in")
def show_sign_in() -> ResponseReturnValue:
    """Show the form that asks for a link."""
    if visitor().signed_in:
        return redirect(url_for(".home"))
    return render_template("customer/sign_in.html", **ways_in())


@pages.post("/sign-in")
@limiter.limit(PRESS)
def ask_for_link() -> ResponseReturnValue:
    """Mail a sign-in link to a known contact; say the same to everybody."""
    return _asked("customer/sign_in.html", **ways_in())


def _asked(form: str, **more: Any) -> ResponseReturnValue:
    who, typed = visitor(), request.form.get("email", "")
    try:
        email = people.read_email(typed)
    except WrongInput as error:
        return render_template(form, wrong=str(error), typed=typed, **more), 422
    count_try(_limits(who.company.id, email))
    _send_link(who, email)
    session[_ASKED] = email
    return redirect(url_for(".link_sent"))


@pages.get("/register")
def show_register() -> ResponseReturnValue:
    """Show the form that opens an account for an address the company knows."""
    if visitor().signed_in:
        return redirect(url_for(".show_password", welcome=1))
    return render_template("customer/register.html")


@pages.post("/register")
@limiter.limit(PRESS)
def register() -> ResponseReturnValue:
    """Mail a link that begins an account to an address QuickBooks knows; do nothing for any other, and say the same."""
    session[NEXT] = url_for(".show_password", welcome=1)
    return _asked("customer/register.html")


@pages.get("/sign-in/sent")
def link_sent() -> ResponseReturnValue:
    """Say where to look for the link."""
    return render_template("customer/sign_in_sent.html", email=session.get(_ASKED, ""), minutes=MINUTES)


@pages.get("/sign-in/<token>")
@limiter.limit(DOOR)
def follow_sign_in(token: str) -> ResponseReturnValue:
    """Keep the link's secret for the next page and take it out of the address; nothing is used up."""
    session[_TOKEN] = token
    return redirect(url_for(".confirm_sign_in"))


@pages.get("/sign-in/confirm")
def confirm_sign_in() -> ResponseReturnValue:
    """Show the button that signs in, or why this link cannot."""
    who = visitor()
    with runtime().db.read() as db_session:
        link = links.find(db_session, now(), session.get(_TOKEN, ""), links.SIGN_IN, who.company.id)
    if link is None:
        return render_template("customer/sign_in_over.html", other_browser=False), 404
    if not link.asked_by(browser_hash()):
        return render_template("customer/sign_in_over.html", other_browser=True), 403
    return render_template("customer/sign_in_confirm.html")


@pages.post("/sign-in/confirm")
@limiter.limit(PRESS)
def use_sign_in() -> ResponseReturnValue:
    """Use the link up and start the contact's session."""
    who, rt = visitor(), runtime()
    token = session.pop(_TOKEN, "")
    with rt.db.write("sign_in") as db_session:
        link = links.find(db_session, now(), token, links.SIGN_IN, who.company.id)
        allowed = link is not None and link.asked_by(browser_hash()) and links.use_up(db_session, now(), link)
        cookie = sign_in(db_session, who, link.contact_id, sessions.MAIL) if link and allowed else ""
    if not cookie:
        return render_template("customer/sign_in_over.html", other_browser=False), 404
    return let_in(cookie, where_to())


@pages.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End the session here and in the database."""
    who = visitor()
    if who.session_hash:
        with runtime().db.write("sign_out") as db_session:
            sessions.finish(db_session, who.session_hash)
    language = tongues.keep()
    session.clear()
    if language:
        session[tongues.WISH] = language
    return sessions.take(redirect(url_for(".show_sign_in")), sessions.payer_door(who.company.slug))


def _limits(company_id: str, email: str) -> list[Limit]:
    hour, day = timedelta(hours=1), timedelta(days=1)
    return [
        Limit("sign_in/email", f"{company_id}/{email}", 5, hour),
        Limit("sign_in/address", address(), 20, hour),
        Limit("sign_in/company", company_id, 1000, day),
    ]


def _send_link(who: Visitor, email: str) -> None:
    """Write link and mail; for an address nobody has, the same work without the mail, so that time tells nothing."""
    rt, browser = runtime(), browser_hash()
    with rt.db.write("sign_in.ask") as db_session:
        contact = people.contact_by_email(db_session, who.company.id, email)
        token = links.add_sign_in_link(
            db_session,
            rt,
            company_id=who.company.id,
            contact_id=contact.id if contact else digest(email)[:26],
            browser_hash=browser,
        )
        mail_id = people.owe_mail(
            db_session,
            rt,
            company_id=who.company.id,
            key=f"sign_in/{digest(token)[:32]}",
            kind="sign_in",
            to=email,
            context={"url": at_home(rt.settings, host(), links.sign_in_address(rt, who.company.slug, token))},
            is_meant=contact is not None,
        )
    rt.bell.ring("mail", mail_id)
