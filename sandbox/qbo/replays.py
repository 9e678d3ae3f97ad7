"""The memory behind `requestid`: the same id gets the first answer again, even when its object is long deleted.

How long the real service remembers is not documented; this one remembers until told to forget.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sandbox.shelf import Shelf

LONGEST = 50
LONGEST_OF_BATCH = 36


@dataclass(frozen=True)
class Replay:
    """A remembered answer, and whether the body that asks now differs from the one that was answered."""

    text: str
    body_differs: bool


class Replays:
    """What was answered to which request id, by realm. Callers hold the lock of the stand-in."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def find(self, realm: str, requestid: str, body: bytes) -> Replay | None:
        """Return the answer an id got before."""
        held = self._shelf.get(f"{realm}/_requestid", requestid)
        return None if held is None else Replay(held["text"], held["digest"] != _digest(body))

    def remember(self, realm: str, requestid: str, body: bytes, text: str) -> None:
        """Keep a successful answer."""
        self._shelf.put(f"{realm}/_requestid", requestid, {"text": text, "digest": _digest(body)})

    def forget(self, realm: str, requestid: str | None = None) -> None:
        """Forget one id, or all of a realm."""
        kind = f"{realm}/_requestid"
        for key in [requestid] if requestid else list(self._shelf.all(kind)):
            self._shelf.drop(kind, key)


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
