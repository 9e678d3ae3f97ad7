"""What the fault programme does to a single delivery: copies, forgeries, wrong hours, overheard bytes sent again.

Knows nothing of the shelf. Operations are named `webhook.` and the event's type. Law: what a forger or a replayer sends
comes besides the genuine delivery, whose fate it never changes.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

from sandbox.courier import Parcel
from sandbox.faults import Fault

# Asked when a delivery falls due, and when it is sent.
EARLY = frozenset({"stop_for", "drop", "delay"})
TWICE = frozenset({"twin"})  # asked when an event is made: a second Event object for the same change
LATE = frozenset({"dup", "reorder", "forged_sig", "old_timestamp", "future_timestamp", "replay"})
_HEADERS = {
    "Content-Type": "application/json; charset=utf-8",
    "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
}
_WRONG_HOUR = 600
_FORGER = "whsec_of_a_forger"


def signature(secrets: str | Iterable[str], body: bytes, at: int) -> str:
    """Return the `Stripe-Signature` header of a body sent at an instant, signed with one secret or several."""
    keys = [secrets] if isinstance(secrets, str) else secrets
    signed = (hmac.new(key.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest() for key in keys)
    return ",".join([f"t={at}", *(f"v1={one}" for one in signed)])


def headers(secrets: Iterable[str], body: bytes, at: int) -> dict[str, str]:
    """Return the headers of a delivery."""
    return {**_HEADERS, "Stripe-Signature": signature(secrets, body, at)}


def number(faults: list[Fault], name: str, usual: int) -> int | None:
    """Return the number that a fault brings, the usual one where it brings none, or None where it is not due."""
    return next((int(fault.argument or usual) for fault in faults if fault.name == name), None)


def shift(faults: list[Fault]) -> int:
    """Return by how many seconds the signature's hour is wrong."""
    early, late = number(faults, "old_timestamp", _WRONG_HOUR), number(faults, "future_timestamp", _WRONG_HOUR)
    return (late or 0) - (early or 0)


def forged(genuine: Parcel, faults: list[Fault], now: int) -> list[Parcel]:
    """Return what a forger sends first: the same body, signed with a secret of his own."""
    if number(faults, "forged_sig", 0) is None:
        return []
    return [Parcel(genuine.url, headers([_FORGER], genuine.body, now), genuine.body, ignore)]


def ignore(status: int | None) -> None:
    """Take no notice of how a forger or a replayer fared."""
