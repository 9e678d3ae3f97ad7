"""The gate of the console: who works here, in which role, and what stands beside every page.

Law: a page of the console without a member leads to the sign-in; a role that may not change something is told so, and
nothing has changed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any, cast

from flask import Blueprint, abort, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func
from sqlmodel import Session, col

from connector.store.books import DiscrepancyRow
from connector.store.cache import CursorRow
from connector.store.companies import ConnectionRow
from connector.store.talk import ThreadRow
from portal.access.members import Member, companies_of, member_here
from portal.here import runtime
from portal.picking import fetch, fetch_one, pick
from sync.entities import FEED

pages = Blueprint("staff", __name__, url_prefix="/staff", template_folder="templates")

NEXT = "staff_next"  # in the browser's signed cookie: the page that asked for a sign-in
OPEN_DOORS = frozenset(
    f"staff.{name}"
    for name in ("show_sign_in", "ask_for_link", "link_sent", "follow_sign_in", "confirm_sign_in", "use_sign_in")
)

Page = Callable[..., ResponseReturnValue]


def member() -> Member:
    """Return who works here."""
    return cast(Member, g.member)


@pages.before_request
def _enter() -> ResponseReturnValue | None:
    found = member_here()
    if found is not None:
        g.member, g.company = found, found.company
        return _to_its_company(found)
    return None if request.endpoint in OPEN_DOORS else to_sign_in()


def _to_its_company(who: Member) -> ResponseReturnValue | None:
    """Ask before a link in a mail (`?at=` its company) turns the session from one of the member's companies to another.

    A link alone never turns it: somebody would work in other books than he thinks.
    """
    asked = request.args.get("at", "")
    if request.method != "GET" or asked in ("", who.company.slug) or request.endpoint == "staff.choose_company":
        return None
    with runtime().db.read() as db_session:
        theirs = {one.slug for one in companies_of(db_session, who.staff_id)}
    if asked not in theirs:
        return None
    session[NEXT] = request.full_path
    return redirect(url_for("staff.choose_company", at=asked))


def to_sign_in() -> ResponseReturnValue:
    """Lead to the sign-in, and back to a page that was only looked at."""
    if request.method == "GET":
        session[NEXT] = request.full_path.rstrip("?")
    return redirect(url_for("staff.show_sign_in"))


def needs_role(role: str) -> Callable[[Page], Page]:
    """Serve a page to members of a role and higher ones; others are told that they may only look."""

    def wrap(page: Page) -> Page:
        @wraps(page)
        def guarded(**values: Any) -> ResponseReturnValue:
            if not member().may(role):
                abort(403)
            return page(**values)

        return guarded

    return wrap


@dataclass(frozen=True)
class Side:
    """What stands beside every page: how much needs a person, how fresh the books are, what is connected."""

    needs: int
    talks: int  # threads that wait for an answer of staff
    pulled_at: datetime | None
    states: dict[str, str]  # of the connections
    loading: tuple[int, int] | None  # objects pulled and expected, during the first load
    companies: int


def _side(db_session: Session, who: Member) -> Side:
    company_id = who.company.id
    needs = pick(func.count()).where(
        col(DiscrepancyRow.company_id) == company_id, col(DiscrepancyRow.closed_at).is_(None)
    )
    talks = pick(func.count()).where(
        col(ThreadRow.company_id) == company_id, col(ThreadRow.state) == "open", col(ThreadRow.turn) == "staff"
    )
    connections = pick(ConnectionRow.which, ConnectionRow.state).where(col(ConnectionRow.company_id) == company_id)
    cursors = fetch(
        db_session,
        pick(CursorRow.entity, CursorRow.phase, CursorRow.pulled, CursorRow.expected, CursorRow.updated_at).where(
            col(CursorRow.company_id) == company_id
        ),
    )
    feed = next((row for row in cursors if row.entity == FEED), None)
    parts = [row for row in cursors if row.entity != FEED and row.expected]
    loading = (sum(row.pulled for row in parts), sum(row.expected for row in parts))
    return Side(
        needs=int(fetch_one(db_session, needs)[0]),
        talks=int(fetch_one(db_session, talks)[0]),
        pulled_at=feed.updated_at if feed else None,
        states={row.which: row.state for row in fetch(db_session, connections)},
        loading=loading if feed is not None and feed.phase == "first" and loading[1] else None,
        companies=len(companies_of(db_session, who.staff_id)),
    )


@pages.context_processor
def _words() -> dict[str, Any]:
    if "member" not in g:
        return {}
    with runtime().db.read() as db_session:
        side = _side(db_session, g.member)
    return {"member": g.member, "company": g.company, "side": side, "today": g.company.today}
