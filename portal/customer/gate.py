"""The gate of a company's portal: every request under `/c/<slug>/` passes here and learns whose pages these are.

Law: an address of a company that does not exist answers like any other address that does not exist.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, cast

from flask import Blueprint, abort, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from connector.translations import SOURCE
from connector.words import mark
from portal.access import sessions
from portal.access.visitors import Visitor, visitor_at
from portal.here import now
from portal.tongues import speak_of

pages = Blueprint("customer", __name__, url_prefix="/c/<slug>", template_folder="templates")


JUST = timedelta(minutes=15)  # how long after signing in somebody may change how he signs in
AGAIN = mark("For your safety, sign out and in again first; then it works for fifteen minutes.")
NEXT = "next"  # in the browser's signed cookie: the page that asked for a sign-in

Page = Callable[..., ResponseReturnValue]


def visitor() -> Visitor:
    """Return who is here."""
    return cast(Visitor, g.visitor)


@pages.url_value_preprocessor
def _take_slug(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    g.slug = (values or {}).pop("slug", "")


@pages.url_defaults
def _add_slug(_endpoint: str, values: dict[str, Any]) -> None:
    if "slug" not in values:
        values["slug"] = g.slug


@pages.before_request
def _enter() -> None:
    found = visitor_at(g.slug)
    if found is None:
        abort(404)
    g.visitor, g.company = found, found.company
    if found.company.language != SOURCE:
        speak_of(found.company.language)


@pages.context_processor
def _words() -> dict[str, Any]:
    return {"visitor": g.visitor, "company": g.company} if "visitor" in g else {}


def for_contacts(page: Page) -> Page:
    """Serve a page to contacts who signed in; lead everybody else to the sign-in and back."""

    @wraps(page)
    def guarded(**values: Any) -> ResponseReturnValue:
        return page(**values) if visitor().signed_in else _to_sign_in()

    return guarded


def for_payers(page: Page) -> Page:
    """Serve a page to contacts and to browsers that opened a link; lead a stranger to the sign-in and back.

    A stranger is led there whatever the address names, so that it tells nothing about what exists.
    """

    @wraps(page)
    def guarded(**values: Any) -> ResponseReturnValue:
        who = visitor()
        return page(**values) if who.signed_in or who.opened else _to_sign_in()

    return guarded


def is_fresh(*proofs: str) -> bool:
    """Tell whether this contact signed in just now, and by one of some proofs where they are named."""
    who = visitor()
    return who.since is not None and now() - who.since < JUST and (not proofs or who.proof in proofs)


def let_in(cookie: str, to: str) -> ResponseReturnValue:
    """Hand a contact's new session to the browser, and lead on."""
    door = sessions.payer_door(visitor().company.slug)
    return sessions.give(redirect(to), door, cookie, sessions.CUSTOMER)


def where_to() -> str:
    """Return where a sign-in leads: the page that asked for it, once, or the home."""
    path = session.pop(NEXT, "")
    return path if path.startswith(f"/c/{visitor().company.slug}/") else url_for(".home")


def _to_sign_in() -> ResponseReturnValue:
    # Only ever a path of this portal, and only of a page: nothing that was sent is repeated after the sign-in.
    session[NEXT] = request.full_path.rstrip("?")
    return redirect(url_for(".show_sign_in"))
