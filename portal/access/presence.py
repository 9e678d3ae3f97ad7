"""Where somebody is signed in: the open sessions of a person, each with what its browser calls itself.

Knows no page. Laws: a session is named to its owner by a tag that opens nothing; only a session of the same person
at the same door is ended, whatever tag is sent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, update

from connector.store.access import SessionRow
from connector.words import known, mark, say
from portal.picking import fetch, pick

# In the order of looking: browsers that pretend to be another name that one too.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("FxiOS", "Firefox"),
    ("Firefox", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", mark("a Mac")),
    ("CrOS", mark("a Chromebook")),
    ("Linux", "Linux"),
)


def browser_name(agent: str) -> str:
    """Return what people call a browser, by what it says of itself: Firefox on Windows; empty when it says nothing."""
    browser = next((name for sign, name in _BROWSERS if sign in agent), "")
    system = next((name for sign, name in _SYSTEMS if sign in agent), "")
    return " on ".join(part for part in (browser or (mark("A browser") if system else ""), system) if part)


@dataclass(frozen=True)
class Presence:
    """One open session of a person."""

    tag: str
    browser: str
    since: datetime
    seen_at: datetime
    is_here: bool

    @property
    def words(self) -> str:
        """Return what its browser is called, for whoever reads: Firefox on Windows; empty when it said nothing."""
        browser, on, system = self.browser.partition(" on ")
        return say("{browser} on {system}", browser=known(browser), system=known(system)) if on else known(browser)


def tag_of(id_hash: str) -> str:
    """Return the name of a session for its owner; neither the cookie nor its hash can be found from it."""
    return hashlib.sha256(f"session tag {id_hash}".encode()).hexdigest()[:20]


def presences(session: Session, whose: ColumnElement[bool], values: dict[str, Any], *, here: str) -> list[Presence]:
    """Return the open sessions that meet a condition, this one first, then the latest seen."""
    found = pick(SessionRow.id_hash, SessionRow.browser, SessionRow.created_at, SessionRow.seen_at).where(whose)
    rows: Sequence[Any] = fetch(session, found, values)
    made = [
        Presence(tag_of(row.id_hash), row.browser, row.created_at, row.seen_at, row.id_hash == here) for row in rows
    ]
    return sorted(made, key=lambda one: (one.is_here, one.seen_at), reverse=True)


def end(
    session: Session, whose: ColumnElement[bool], values: dict[str, Any], *, tag: str, here: str, now: datetime
) -> int:
    """End one open session by its tag, or all but this one for an empty tag; returns how many."""
    hashes = [row.id_hash for row in fetch(session, pick(SessionRow.id_hash).where(whose), values)]
    chosen = [one for one in hashes if (tag_of(one) == tag if tag else one != here)]
    if chosen:
        session.exec(update(SessionRow).where(col(SessionRow.id_hash).in_(chosen)).values(ended_at=now))
    return len(chosen)
