"""The month's allowance of reads, as Intuit meters apps: writes are free, reads count, and beyond the last all stop.

Knows no request. Law: only a read that was answered with 2xx counts, every query in a batch among them.
"""

from __future__ import annotations

from sandbox.clock import SandboxClock
from sandbox.qbo.switches import Switches
from sandbox.qbo.times import server_day
from sandbox.shelf import Shelf

KIND = "_reads"


class Budget:
    """Reads of the one app in a month of the server's calendar. Callers hold the lock of the stand-in."""

    def __init__(self, shelf: Shelf, clock: SandboxClock, switches: Switches) -> None:
        self._shelf, self._clock, self._switches = shelf, clock, switches

    def _month(self) -> str:
        return server_day(self._clock.seconds())[:7]

    def used(self) -> int:
        """Return how many reads this month has seen."""
        return int((self._shelf.get(KIND, self._month()) or {"count": 0})["count"])

    def is_spent(self) -> bool:
        """Tell whether reads are blocked until next month; never while no allowance is set."""
        allowance = int(self._switches["monthly_reads"])
        return bool(allowance) and self.used() >= allowance

    def count(self, reads: int) -> None:
        """Count reads that were answered. Without an allowance nothing is written."""
        if reads and self._switches["monthly_reads"]:
            self._shelf.put(KIND, self._month(), {"count": self.used() + reads})
