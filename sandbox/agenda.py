"""What a stand-in has to do later: a debit that settles in four days, a payout tomorrow, a webhook to try again.

Entries are documents on the shelf, so that a restart keeps them. Law: entries run in the order of their instants, each
with the clock pinned to its own instant, however far the clock jumped.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.clock import SandboxClock
from sandbox.shelf import Shelf

KIND = "_agenda"
Work = Callable[[dict[str, Any]], None]


class Agenda:
    """Due work of one stand-in, by kind of work. Callers hold the lock of their stand-in."""

    def __init__(self, shelf: Shelf, clock: SandboxClock) -> None:
        self._shelf = shelf
        self._clock = clock
        self._works: dict[str, Work] = {}

    def teach(self, work: str, do: Work) -> None:
        """Say what is done when entries of this kind are due."""
        self._works[work] = do

    def add(self, work: str, at_seconds: float, **subject: Any) -> str:
        """Enter work for an instant; returns its key."""
        key = f"{self._shelf.next_number('agenda'):012d}"
        self._shelf.put(KIND, key, {"work": work, "at": at_seconds, "subject": subject})
        return key

    def cancel(self, key: str) -> None:
        """Strike an entry; absent is fine."""
        self._shelf.drop(KIND, key)

    def pending(self, work: str | None = None) -> list[dict[str, Any]]:
        """Return the entries still to come, earliest first, with their `key`."""
        entries = [{"key": key, **entry} for key, entry in self._shelf.all(KIND).items()]
        return sorted((e for e in entries if work in (None, e["work"])), key=lambda e: (e["at"], e["key"]))

    def run_due(self) -> int:
        """Do everything whose instant has come, in order; returns how many entries ran."""
        done = 0
        while (entry := self._next_due()) is not None:
            self._shelf.drop(KIND, entry["key"])
            with self._clock.at(entry["at"]):
                self._works[entry["work"]](entry["subject"])
            done += 1
        return done

    def _next_due(self) -> dict[str, Any] | None:
        now = self._clock.seconds()
        entries = self._shelf.all(KIND)
        key = min(entries, key=lambda k: (entries[k]["at"], k), default=None)
        if key is None or entries[key]["at"] > now:
            return None
        return {"key": key, **entries[key]}
