"""What templates may say: money, days and instants in words, static files by their content, one mark for each state.

Formats and escapes, decides nothing. Law: what comes from outside reaches a page only through Jinja's escaping; what
Markup is made here escapes its own parts, or was given escaped ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any

from flask import Flask, url_for
from markupsafe import Markup

from connector import words
from connector.clock import day_in
from connector.ledger.money import Money, digits_of
from portal.accent import accent_of
from portal.here import now

STATIC = Path(__file__).parent / "static"
_TIME = Markup('<time datetime="{}" title="{}">{}</time>')


def install(app: Flask) -> None:
    """Give templates their filters and globals."""
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(
        money=words.money_text,
        minor=_minor,
        figure=words.figure,
        day=_kept_together(words.day_text),
        kept_together=words.kept_together,
        initials=words.initials,
        possessive=words.possessive,
        short_name=words.short_name,
        listing=words.listing,
    )
    app.jinja_env.globals.update(
        Money=Money,
        digits_of=digits_of,
        count=words.count,
        currency_name=words.currency_name,
        due_text=_kept_together(words.due_text),
        in_days=_kept_together(words.in_days),
        day_in=day_in,
        on_day=_kept_together(words.on_day),
        accent_of=accent_of,
        asset=asset,
        stamp=stamp,
        since=since,
    )


def _kept_together(say: Callable[..., str]) -> Callable[..., str]:
    """Return what says a day so that no line breaks inside it."""

    @wraps(say)
    def on_a_page(*facts: Any, **named: Any) -> str:
        return words.kept_together(say(*facts, **named))

    return on_a_page


def _minor(minor: int, currency: str) -> str:
    """Return an amount of a row's two columns without its sign: 1,620.00."""
    return words.figure(Money(minor, currency))


@lru_cache(maxsize=64)
def asset(name: str) -> str:
    """Return the address of a static file; it changes with the content, so that browsers may keep it for ever."""
    content = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return url_for("static", filename=name, v=content)


def stamp(instant: datetime | None, zone: str, *, seconds: bool = False) -> Markup:
    """Return a time of day in a zone with the exact instant on hover: 14:02."""
    if instant is None:
        return Markup()
    return _time(instant, zone, words.clock_text(instant, zone, seconds=seconds))


def since(instant: datetime | None, zone: str) -> Markup:
    """Return how long ago an instant was, with the exact instant on hover: 3 minutes ago."""
    return Markup() if instant is None else _time(instant, zone, words.kept_together(words.ago(instant, now())))


def _time(instant: datetime, zone: str, text: str) -> Markup:
    exact = words.exact_text(instant, zone)
    return _TIME.format(instant.isoformat(timespec="seconds"), exact, text)  # Markup.format escapes what it is given
