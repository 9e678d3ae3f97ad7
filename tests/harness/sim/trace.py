"""What happened, line by line with the simulated time, and the hash of it all.

Law: a line holds nothing that differs between two runs of one seed.
"""

from __future__ import annotations

import hashlib
from collections import deque

KEPT = 50


class Trace:
    """The events of a run: the last fifty as text, all of them as a hash."""

    def __init__(self, keep: int = KEPT) -> None:
        self.last: deque[str] = deque(maxlen=keep)
        self.count = 0
        self._hash = hashlib.sha256()

    def add(self, seconds: float, line: str) -> None:
        """Add an event."""
        text = f"{seconds:.3f} {line}"
        self.count += 1
        self.last.append(text)
        self._hash.update(text.encode() + b"\n")

    @property
    def digest(self) -> str:
        """The hash of every line so far."""
        return self._hash.hexdigest()
