"""Browsers that were let in: rows by the hash of a cookie, with an idle and an absolute end.

A payer's cookie belongs to one company, so that the portals of two companies and the console can stand open in one
browser. Laws: every sign-in makes a new session and ends the one it came from; signing out ends the row, not only the
cookie.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import has_request_context, request
from sqlalchemy import ColumnElement, and_, bindparam, or_
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, update
from werkzeug.wrappers import Response

from connector.store.access import SessionRow
from connector.store.prepared import Prepared
from portal.access.presence import browser_name
from portal.access.tokens import digest
from portal.here import runtime
from portal.security import cookie_name

GUEST, CUSTOMER, STAFF = "guest", "customer", "staff"
# What let a contact in.
MAIL, INVITE, PASSWORD, PASSKEY, PROVIDER = "mail", "invite", "password", "passkey", "provider"
STAFF_DOOR = "staff"
TOUCH = timedelta(minutes=1)  # how exactly we know when somebody was last here


@dataclass(frozen=True)
class Lifetime:
    """How long a session lives: at most, and without a visit."""

    absolute: timedelta
    idle: timedelta


LIFETIMES = {
    GUEST: Lifetime(timedelta(hours=24), timedelta(hours=12)),
    CUSTOMER: Lifetime(timedelta(days=7), timedelta(days=1)),
    STAFF: Lifetime(timedelta(hours=12), timedelta(hours=4)),
}


def payer_door(slug: str) -> str:
    """Return the name of a company's portal among the doors of this installation."""
    return f"c-{slug}"


def token_hash(door: str) -> str:
    """Return the hash of the session cookie this request brought for a door, or an empty text."""
    token = request.cookies.get(cookie_name(runtime().settings, door), "")
    return digest(token) if token else ""


def is_open() -> ColumnElement[bool]:
    """Return the condition that a session is neither ended nor over; `instants` gives what it compares with."""
    fresh = [
        and_(col(SessionRow.audience) == audience, col(SessionRow.seen_at) > bindparam(f"since_{audience}"))
        for audience in LIFETIMES
    ]
    return and_(col(SessionRow.ended_at).is_(None), col(SessionRow.expires_at) > bindparam("now"), or_(*fresh))


def instants(now: datetime) -> dict[str, datetime]:
    """Return the values of a query that holds `is_open`."""
    return {"now": now, **{f"since_{audience}": now - life.idle for audience, life in LIFETIMES.items()}}


def start(session: Session, audience: str, *, replaces: str = "", **who: Any) -> str:
    """Write a new session and return its token; `replaces` is the hash of the session that ends with it."""
    clock = runtime().clock
    now, token = clock.now(), clock.new_token()
    end = now + LIFETIMES[audience].absolute
    if replaces:
        finish(session, replaces)
    session.add(
        SessionRow(
            id_hash=digest(token),
            audience=audience,
            browser=browser_name(request.user_agent.string) if has_request_context() else "",
            created_at=now,
            seen_at=now,
            expires_at=end,
            **who,
        )
    )
    return token


def finish(session: Session, id_hash: str) -> None:
    """End a session for good."""
    ended = update(SessionRow).where(col(SessionRow.id_hash) == id_hash, col(SessionRow.ended_at).is_(None))
    session.exec(ended.values(ended_at=runtime().clock.now()))


def touch(id_hash: str, seen_at: datetime) -> None:
    """Note that a session is in use; a write at most once a minute.

    A database that takes no writes just now still serves its pages: the visit is noted at the next one.
    """
    rt = runtime()
    now = rt.clock.now()
    if now - seen_at < TOUCH:
        return
    with suppress(OperationalError), rt.db.write("session.touch") as session:
        _SEEN.change(session, hashed=id_hash, now=now)


_SEEN = Prepared(
    update(SessionRow).where(col(SessionRow.id_hash) == bindparam("hashed")).values(seen_at=bindparam("now"))
)


def give(response: Response, door: str, token: str, audience: str) -> Response:
    """Hand a session's cookie to the browser."""
    response.set_cookie(
        cookie_name(runtime().settings, door),
        token,
        max_age=LIFETIMES[audience].absolute,
        path="/",
        secure=runtime().settings.public_url.startswith("https:"),
        httponly=True,
        samesite="Lax",
    )
    return response


def take(response: Response, door: str) -> Response:
    """Take a session's cookie back."""
    secure = runtime().settings.public_url.startswith("https:")
    response.delete_cookie(
        cookie_name(runtime().settings, door), path="/", secure=secure, httponly=True, samesite="Lax"
    )
    return response
