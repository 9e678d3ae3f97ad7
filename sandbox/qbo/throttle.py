"""QuickBooks' own limits: 10 requests a second and 500 a minute for a company, 40 batches a minute for it and one app.

Counts by the clock it is given, the stand-ins' own. Law: a request that is refused is not counted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

PER_SECOND = 10
PER_MINUTE = 500
BATCHES_PER_MINUTE = 40
BATCHES_OF_A_COMPANY = 120


@dataclass(frozen=True)
class Limits:
    """How much is let through. One app speaks here, so of the two limits on batches the lower one holds."""

    per_second: int = PER_SECOND
    per_minute: int = PER_MINUTE
    batches: int = BATCHES_PER_MINUTE
    batches_of_company: int = BATCHES_OF_A_COMPANY


USUAL = Limits()


class Throttle:
    """Sliding windows by realm. Callers hold the lock of the stand-in."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._requests: dict[str, deque[float]] = {}
        self._batches: dict[str, deque[float]] = {}

    def admits(self, realm: str, *, batch: bool, limits: Limits = USUAL) -> bool:
        """Count a request, unless it is one too many; then it is not counted and False comes back."""
        now = self._seconds()
        requests = _recent(self._requests.setdefault(realm, deque()), now)
        batches = _recent(self._batches.setdefault(realm, deque()), now)
        last_second = (
            sum(stamp > now - 1 for stamp in islice(reversed(requests), limits.per_second)) >= limits.per_second
        )
        most_batches = min(limits.batches, limits.batches_of_company)
        if last_second or len(requests) >= limits.per_minute or (batch and len(batches) >= most_batches):
            return False
        requests.append(now)
        if batch:
            batches.append(now)
        return True


def _recent(stamps: deque[float], now: float) -> deque[float]:
    while stamps and stamps[0] <= now - 60:
        stamps.popleft()
    return stamps
