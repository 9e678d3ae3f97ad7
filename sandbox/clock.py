"""The one clock of both stand-ins: real time plus an offset that a person or a test may move forward.

The offset lives in a small file when one is given, so that the product can read it (and a restart keeps it). Work
that was due in a skipped stretch runs at its own instant: `at()` pins the clock for the thread that runs it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path


class SandboxClock:
    """Seconds since the epoch, shifted; safe to read from any thread.

    `stands_at` makes it stand still at an instant until somebody moves it, as a simulation wants.
    """

    def __init__(self, offset_file: Path | None = None, *, stands_at: float | None = None) -> None:
        self._stands_at = stands_at
        self._file = offset_file
        self._offset = self._read_offset()
        self._pinned = threading.local()

    def _read_offset(self) -> float:
        if self._file is None or not self._file.exists():
            return 0.0
        return float(self._file.read_text().strip() or 0)

    @property
    def offset(self) -> float:
        """Seconds added to real time, or to the instant at which the clock stands."""
        return self._offset

    def seconds(self) -> float:
        """Return the stand-ins' now, in seconds since the epoch."""
        pinned: float | None = getattr(self._pinned, "seconds", None)
        if pinned is not None:
            return pinned
        return (time.time() if self._stands_at is None else self._stands_at) + self._offset

    def now(self) -> datetime:
        """Return the stand-ins' now as an aware UTC instant."""
        return datetime.fromtimestamp(self.seconds(), UTC)

    def advance(self, seconds: float) -> None:
        """Move the clock forward and write the offset where the product reads it; going back is refused."""
        if seconds < 0:
            raise ValueError("the clock only moves forward")
        self._offset += seconds
        if self._file is not None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            fresh = self._file.with_suffix(".new")
            fresh.write_text(f"{self._offset:.3f}\n")
            fresh.replace(self._file)

    @contextmanager
    def at(self, seconds: float) -> Iterator[None]:
        """Pin this thread's clock to an instant while work that was due then is done."""
        before: float | None = getattr(self._pinned, "seconds", None)
        self._pinned.seconds = seconds
        try:
            yield
        finally:
            self._pinned.seconds = before

    def in_days(self, days: float) -> datetime:
        """Return the instant that many days from now."""
        return self.now() + timedelta(days=days)
