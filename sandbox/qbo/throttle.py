"""QuickBooks' own limits: 10 requests a second and 500 a minute for a realm, 40 batches a minute.

Counts real time, whatever the sandbox's clock says: the limits protect a real server from a real client.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

PER_SECOND = 10
PER_MINUTE = 500
BATCHES_PER_MINUTE = 40


class Throttle:
    """Sliding windows by realm. Callers hold the lock of the stand-in."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._requests: dict[str, deque[float]] = {}
        self._batches: dict[str, deque[float]] = {}

    def admits(self, realm: str, *, batch: bool) -> bool:
        """Count a request, unless it is one too many; then it is not counted and False comes back."""
        now = self._monotonic()
        requests = _recent(self._requests.setdefault(realm, deque()), now)
        batches = _recent(self._batches.setdefault(realm, deque()), now)
        last_second = len(requests) >= PER_SECOND and requests[-PER_SECOND] > now - 1
        if last_second or len(requests) >= PER_MINUTE or (batch and len(batches) >= BATCHES_PER_MINUTE):
            return False
        requests.append(now)
        if batch:
            batches.append(now)
        return True


def _recent(stamps: deque[float], now: float) -> deque[float]:
    while stamps and stamps[0] <= now - 60:
        stamps.popleft()
    return stamps
