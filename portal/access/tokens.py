"""Secrets that people hold: their hashes, which are all we store, and the browser that asks for a link.

Law: a secret is compared by its hash only, in constant time where we compare it ourselves.
"""

from __future__ import annotations

import hmac

from flask import session

from portal.here import runtime
from sync.invoice_links import digest

__all__ = ["browser_hash", "digest", "same"]

_BROWSER = "browser"


def same(left: str, right: str) -> bool:
    """Compare two digests in constant time."""
    return hmac.compare_digest(left.encode(), right.encode())


def browser_hash() -> str:
    """Return the digest of this browser's own secret, kept in its signed cookie; made at the first need."""
    if _BROWSER not in session:
        session[_BROWSER] = runtime().clock.new_token()
    return digest(session[_BROWSER])
