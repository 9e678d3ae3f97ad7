"""What the stand-in was asked, for tests and for people: a line each, the newest few thousand, in memory only."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

KEPT = 5000


@dataclass
class Entry:
    """One request received and how it was answered. Holds no token and no body."""

    at: str
    method: str
    path: str
    operation: str
    realm: str
    requestid: str
    status: int
    intuit_tid: str
    code: str = ""
    warning: str = ""


class Journal:
    """The requests received, oldest first."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self.count = 0

    def add(self, entry: Entry) -> None:
        """Write a line."""
        self.count += 1
        self._entries.append(entry)

    def lines(self, operation: str = "") -> list[dict[str, Any]]:
        """Return the lines, all or those of one operation."""
        return [asdict(entry) for entry in list(self._entries) if operation in ("", entry.operation)]

    def clear(self) -> None:
        """Start over."""
        self._entries.clear()
        self.count = 0
