"""Staff sign-in: by the link printed on the server, or by one mailed to an address that works for a company.

Laws: asking gives the same answer to everybody; following a link uses nothing up, the button does, once; a mailed link
works only in the browser that asked; signing in starts a new session.
"""

from __future__ import annotations

from datetime import timedelta

from flask import abort, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from connector.errors import WrongInput
from portal.access import links, members, people, sessions
from portal.access.limits import Limit, address, count_try
from portal.access.tokens import browser_hash, digest
from portal.here import now, runtime
from portal.ring import DOOR, PRESS, limiter
from portal.staff.gate import NEXT, member, pages

_TOKEN, _ASKED = "staff_sign_in", "staff_asked"  # in the browser's signed cookie
MINUTES = int(links.SIGN_IN_LIFE.total_seconds() // 60)


@pages.get("/sign-in")
def show_sign_in() -> ResponseReturnValue:
    """Show the form that asks for a link."""
    return render_template("staff/sign_in.html")


@pages.post("/sign-in")
@limiter.limit(PRESS)
def ask_for_link() -> ResponseReturnValue:
    """Mail a sign-in link to a staff member; say the same to everybody."""
    typed = request.form.get("email", "")
    try:
        email = people.read_email(typed)
    except WrongInput as error:
        return render_template("staff/sign_in.html", wrong=str(error), typed=typed), 422
    hour = timedelta(hours=1)
    count_try([Limit("staff_sign_in/email", email, 5, hour), Limit("staff_sign_in/address", address(), 20, hour)])
    _send_link(email)
    session[_ASKED] = email
    return redirect(url_for(".link_sent"))


@pages.get("/sign-in/sent")
def link_sent() -> ResponseReturnValue:
    """Say where to look for the link."""
    return render_template("staff/sign_in_sent.html", email=session.get(_ASKED, ""), minutes=MINUTES)


@pages.get("/sign-in/<token>")
@limiter.limit(DOOR)
def follow_sign_in(token: str) -> ResponseReturnValue:
    """Keep the link's secret for the next page and take it out of the address; nothing is used up."""
    session[_TOKEN] = token
    return redirect(url_for(".confirm_sign_in"))


@pages.get("/sign-in/confirm")
def confirm_sign_in() -> ResponseReturnValue:
    """Show the button that signs in, or why this link cannot."""
    with runtime().db.read() as db_session:
        link = links.find(db_session, now(), session.get(_TOKEN, ""), links.STAFF_SIGN_IN)
    if link is None or not link.asked_by(browser_hash()):
        return render_template("staff/sign_in_over.html", other_browser=link is not None), 403 if link else 404
    return render_template("staff/sign_in_confirm.html")


@pages.post("/sign-in/confirm")
@limiter.limit(PRESS)
def use_sign_in() -> ResponseReturnValue:
    """Use the link up and start the session."""
    rt = runtime()
    token = session.pop(_TOKEN, "")
    earlier = sessions.token_hash(sessions.STAFF_DOOR)
    with rt.db.write("staff.sign_in") as db_session:
        link = links.find(db_session, now(), token, links.STAFF_SIGN_IN)
        allowed = link is not None and link.asked_by(browser_hash()) and links.use_up(db_session, now(), link)
        cookie = members.sign_in(db_session, link.staff_id, earlier) if link and allowed else ""
    if not cookie:
        return render_template("staff/sign_in_over.html", other_browser=False), 404
    path = session.pop(NEXT, "")
    response = redirect(path if path.startswith("/staff/") else url_for(".home"))
    return sessions.give(response, sessions.STAFF_DOOR, cookie, sessions.STAFF)


@pages.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End the session here and in the database."""
    with runtime().db.write("staff.sign_out") as db_session:
        sessions.finish(db_session, member().session_hash)
    session.clear()
    return sessions.take(redirect(url_for(".show_sign_in")), sessions.STAFF_DOOR)


@pages.get("/companies")
def choose_company() -> ResponseReturnValue:
    """Show the companies this member works for."""
    with runtime().db.read() as db_session:
        companies = members.companies_of(db_session, member().staff_id)
    asked = next((one for one in companies if one.slug == request.args.get("at")), None)
    return render_template("staff/companies.html", companies=companies, asked=asked)


@pages.post("/companies")
def move_to_company() -> ResponseReturnValue:
    """Turn the session to another of the member's companies."""
    with runtime().db.write("staff.company") as db_session:
        if not members.move_to(db_session, member(), request.form.get("company", "")):
            abort(404)
    path = session.pop(NEXT, "")
    return redirect(path if path.startswith("/staff/") else url_for(".home"))


def _send_link(email: str) -> None:
    """Write link and mail; for an address nobody has, the same work without the mail."""
    rt, browser = runtime(), browser_hash()
    with rt.db.write("staff.ask") as db_session:
        staff = people.staff_by_email(db_session, email)
        staff_id = staff.id if staff else digest(email)[:26]
        token = links.add_staff_link(db_session, rt, staff_id=staff_id, browser_hash=browser)
        mail_id = people.owe_mail(
            db_session,
            rt,
            company_id="",
            key=f"staff_sign_in/{digest(token)[:32]}",
            kind="staff_sign_in",
            to=email,
            context={"url": links.staff_address(rt, token)},
            is_meant=staff is not None,
        )
    rt.bell.ring("mail", mail_id)
