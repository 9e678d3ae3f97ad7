"""Time, ids and sleep, injected everywhere so that a simulation can own them.

Nothing else in the product reads the time, makes an id or sleeps. The sandbox may move time forward: its offset is read
from a file named by a setting, which production refuses. Law: instants are aware and in UTC; a day belongs to a zone.
"""

from __future__ import annotations

import base64
import secrets
import time
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Clock:
    """The product's clock. `offset_file` holds seconds to add to real time, for the sandbox only."""

    def __init__(self, offset_file: Path | None = None) -> None:
        self._offset_file = offset_file

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        return datetime.fromtimestamp(time.time() + self._offset(), UTC)

    def today(self, zone: str) -> date:
        """Return the calendar day in a zone such as America/Los_Angeles."""
        return self.now().astimezone(ZoneInfo(zone)).date()

    def monotonic(self) -> float:
        """Return seconds for measuring how long something took; never moved by the sandbox."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait in real time."""
        time.sleep(seconds)

    def new_id(self) -> str:
        """Return a ULID: 26 characters, sorted by time, 80 random bits. Never a sequence, so a restore repeats none."""
        number = (int(self.now().timestamp() * 1000) << 80) | int.from_bytes(self.random_bytes(10), "big")
        return "".join(_CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5))

    def new_token(self) -> str:
        """Return 256 random bits for a link or a session, URL-safe. Only its hash is ever stored."""
        return base64.urlsafe_b64encode(self.random_bytes(32)).rstrip(b"=").decode()

    def random_bytes(self, number: int) -> bytes:
        """Return that many bytes that nobody can guess."""
        return secrets.token_bytes(number)

    def _offset(self) -> float:
        if self._offset_file is None:
            return 0.0
        try:
            return float(self._offset_file.read_text())
        except FileNotFoundError:
            return 0.0


def day_in(zone: str, instant: datetime) -> date:
    """Return the calendar day of an aware instant in a zone."""
    return instant.astimezone(ZoneInfo(zone)).date()
