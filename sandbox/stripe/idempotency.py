"""Idempotency keys: the first result of a key is answered again for 24 hours of the stand-ins' clock.

Law: the result is kept in the same commit as the work. Nothing is kept when the request was refused before any work
began, or while another request with the key is under way.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sandbox.clock import SandboxClock
from sandbox.shelf import Shelf
from sandbox.stripe.errors import ApiError

_KIND, _KEPT_SECONDS, _LONGEST = "_idempotency", 86_400, 255


def fingerprint(method: str, path: str, form: dict[str, Any]) -> str:
    """Return what is compared when a key comes again."""
    return hashlib.sha256(json.dumps([method, path, form], sort_keys=True).encode()).hexdigest()


class IdempotencyKeys:
    """Keys of all accounts. Callers hold the lock of the stand-in."""

    def __init__(self, shelf: Shelf, clock: SandboxClock) -> None:
        self._shelf, self._clock = shelf, clock
        self._in_flight: set[str] = set()

    def begin(self, account: str, key: str, print_: str) -> dict[str, Any] | None:
        """Return the kept result, or None after marking the key as under way. Raises ApiError 409 or 400."""
        if len(key) > _LONGEST:
            raise ApiError(400, f"Idempotency keys have at most {_LONGEST} characters.", kind="idempotency_error")
        name = f"{account}/{key}"
        if name in self._in_flight:
            message = (
                "There is currently another in-progress request using this Idempotent Key (that probably means you "
                "submitted twice, and the other request is still going through)."
            )
            raise ApiError(409, message, kind="idempotency_error", code="idempotency_key_in_use", unread=True)
        held = self._shelf.get(_KIND, name)
        if held is not None and held["at"] + _KEPT_SECONDS <= self._clock.seconds():
            self._shelf.drop(_KIND, name)
            held = None
        if held is not None and held["print"] != print_:
            message = (
                "Keys for idempotent requests can only be used with the same parameters they were first used with. "
                f"Try using a key other than '{key}' if you meant to execute a different request."
            )
            raise ApiError(400, message, kind="idempotency_error", unread=True)
        if held is None:
            self._in_flight.add(name)
        return held

    def keep(self, account: str, key: str, print_: str, status: int, body: dict[str, Any], request_id: str) -> None:
        """Keep the result of a key; the caller commits it together with the work."""
        self._forget_old()
        kept = {"at": self._clock.seconds(), "print": print_, "status": status, "body": body, "request": request_id}
        self._shelf.put(_KIND, f"{account}/{key}", kept)

    def _forget_old(self) -> None:
        """Drop what is older than a day; the oldest stand first."""
        held = self._shelf.all(_KIND)
        edge = self._clock.seconds() - _KEPT_SECONDS
        while held and (oldest := next(iter(held))) and held[oldest]["at"] <= edge:
            self._shelf.drop(_KIND, oldest)

    def end(self, account: str, key: str) -> None:
        """Forget that the key is under way."""
        self._in_flight.discard(f"{account}/{key}")
