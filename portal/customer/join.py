"""An invitation: from the link in its mail to the first session of whoever was invited.

Laws: opening the link uses nothing up, so that mail scanners burn nothing; pressing the button does, once, and the
account begins in that browser; a link that is over says how to get in all the same.
"""

from __future__ import annotations

from flask import redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from sqlmodel import select

from connector.store.access import ContactRow
from portal.access import links, sessions
from portal.access.roles import acted_for
from portal.access.visitors import sign_in
from portal.customer.gate import let_in, pages, visitor
from portal.here import now, runtime
from portal.ring import DOOR, PRESS, limiter

_TOKEN = "join"  # in the browser's signed cookie  # noqa: S105 - the name of a place, no secret


@pages.get("/join/<token>")
@limiter.limit(DOOR)
def follow_invite(token: str) -> ResponseReturnValue:
    """Keep the invitation's secret for the next page and take it out of the address; nothing is used up."""
    session[_TOKEN] = token
    return redirect(url_for(".show_invite"))


@pages.get("/join")
def show_invite() -> ResponseReturnValue:
    """Show who is invited, for whom, and the button that begins."""
    who = visitor()
    with runtime().db.read() as db_session:
        link = links.find(db_session, now(), session.get(_TOKEN, ""), links.INVITE, who.company.id)
        if link is None:
            return render_template("customer/join.html", email="", customers=[]), 404
        of_it = select(ContactRow.email).where(
            ContactRow.company_id == who.company.id, ContactRow.id == link.contact_id
        )
        email = db_session.exec(of_it).one_or_none() or ""
        customers = acted_for(db_session, who.company.id, link.contact_id)
    return render_template("customer/join.html", email=email, customers=customers)


@pages.post("/join")
@limiter.limit(PRESS)
def use_invite() -> ResponseReturnValue:
    """Use the invitation up and start the first session."""
    who, rt = visitor(), runtime()
    token = session.pop(_TOKEN, "")
    with rt.db.write("join") as db_session:
        link = links.find(db_session, now(), token, links.INVITE, who.company.id)
        allowed = link is not None and links.use_up(db_session, now(), link)
        cookie = sign_in(db_session, who, link.contact_id, sessions.INVITE) if link and allowed else ""
    if not cookie:
        return render_template("customer/join.html", email="", customers=[]), 404
    return let_in(cookie, url_for(".show_password", welcome=1))
