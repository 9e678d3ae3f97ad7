"""Payments that this browser began, kept in its signed cookie: the next press may replace them while unfinished.

Law: only the server writes the list, so nobody can give up another's payment by naming it.
"""

from __future__ import annotations

from flask import session

_STARTED = "started"
_KEPT = 8


def started_here() -> frozenset[str]:
    """Return the ids of the last payments this browser began."""
    return frozenset(session.get(_STARTED, ()))


def remember_started(payment_id: str) -> None:
    """Add a payment to them."""
    earlier = [one for one in session.get(_STARTED, []) if one != payment_id]
    session[_STARTED] = [*earlier, payment_id][-_KEPT:]
