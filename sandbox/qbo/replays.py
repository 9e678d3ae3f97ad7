"""The memory behind `requestid`: the same id gets the first answer again, even when its object is long deleted.

How long the real service remembers is not documented; this one remembers until told to forget, or for as long as a
switch says.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sandbox.shelf import Shelf

LONGEST = 50
LONGEST_OF_BATCH = 36


@dataclass(frozen=True)
class Replay:
    """A remembered answer, whether the body that asks now differs from the one answered, and when that was."""

    text: str
    body_differs: bool
    at: float


class Replays:
    """What was answered to which request id, by realm. Callers hold the lock of the stand-in."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def find(self, realm: str, requestid: str, body: bytes, *, since: float = 0.0) -> Replay | None:
        """Return the answer an id got before; one from before `since` is forgotten."""
        held = self._shelf.get(f"{realm}/_requestid", requestid)
        if held is None:
            return None
        if held["at"] < since:
            self.forget(realm, requestid)
            return None
        return Replay(held["text"], held["digest"] != _digest(body), held["at"])

    def remember(self, realm: str, requestid: str, body: bytes, text: str, at: float) -> None:
        """Keep a successful answer."""
        self._shelf.put(f"{realm}/_requestid", requestid, {"text": text, "digest": _digest(body), "at": at})

    def forget(self, realm: str, requestid: str | None = None) -> None:
        """Forget one id, or all of a realm."""
        kind = f"{realm}/_requestid"
        for key in [requestid] if requestid else list(self._shelf.all(kind)):
            self._shelf.drop(kind, key)


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
