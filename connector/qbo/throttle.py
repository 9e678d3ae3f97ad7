"""The throttle: nine tenths of QuickBooks' limits for each realm, shared by every process that can reach Redis.

QuickBooks allows 10 requests a second and 500 a minute for a realm. Calls are spaced evenly, not sent in bursts: two
bursts a second apart may arrive together. Laws: a 429 is never ours; and after one, nothing is sent for that realm
until QuickBooks' own pause is over.
"""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from typing import Protocol

from limits import RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.errors import StorageError
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter
from redis import Redis
from redis.exceptions import RedisError

from connector.clock import Clock
from connector.errors import RateLimited

PER_SECOND = 9
PER_MINUTE = 450
EVENLY = (1, 1 / PER_SECOND)
# Without Redis no process knows of the others: web, worker and scheduler then keep to a third each.
SHARE_WITHOUT_REDIS = 3
_LIMITS = (RateLimitItemPerSecond(PER_SECOND), RateLimitItemPerMinute(PER_MINUTE))
_POLL_SECONDS = 0.05
_REDIS_SECONDS = 0.5
_LOOK_FOR_REDIS_AGAIN = 30.0


class Throttle(Protocol):
    """Says when a realm may be called."""

    def wait(self, realm_id: str) -> None:
        """Return when one more call may be sent. Raises RateLimited while QuickBooks' pause lasts."""
        ...

    def pause(self, realm_id: str, seconds: float) -> None:
        """Keep calls for a realm back for some seconds, after QuickBooks asked for it."""
        ...


class MemoryThrottle:
    """A moving window for each realm, in this process alone. `windows` are pairs of calls and seconds."""

    def __init__(self, clock: Clock, windows: Sequence[tuple[int, float]] = (EVENLY, (PER_MINUTE, 60.0))) -> None:
        self._clock = clock
        self._windows = tuple(windows)
        self._keep = max(calls for calls, _ in self._windows)
        self._sent: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=self._keep))
        self._paused_until: dict[str, float] = {}
        self._lock = threading.Lock()

    def wait(self, realm_id: str) -> None:
        """Return when one more call may be sent. Raises RateLimited while QuickBooks' pause lasts."""
        while True:
            with self._lock:
                self.check_pause(realm_id)
                now = self._clock.monotonic()
                missing = self._missing(self._sent[realm_id], now)
                if missing <= 0:
                    self._sent[realm_id].append(now)
                    return
            self._clock.sleep(missing)

    def pause(self, realm_id: str, seconds: float) -> None:
        """Keep calls for a realm back for some seconds, after QuickBooks asked for it."""
        self._paused_until[realm_id] = self._clock.monotonic() + seconds

    def check_pause(self, realm_id: str) -> None:
        """Raise RateLimited while QuickBooks' pause lasts."""
        left = self._paused_until.get(realm_id, 0.0) - self._clock.monotonic()
        if left > 0:
            raise RateLimited(
                service="quickbooks", message="QuickBooks asked us to wait", code="3001", wait_seconds=left
            )

    def _missing(self, sent: deque[float], now: float) -> float:
        """Return how many seconds are missing until every window has room."""
        full = [(sent[-calls], seconds) for calls, seconds in self._windows if len(sent) >= calls]
        return max((first + seconds - now for first, seconds in full), default=0.0)


class SharedThrottle:
    """The same windows in Redis, so that all processes keep the limit together; in memory while Redis is away."""

    def __init__(self, redis_url: str, clock: Clock) -> None:
        self._clock = clock
        share = SHARE_WITHOUT_REDIS
        self._alone = MemoryThrottle(clock, ((1, share / PER_SECOND), (PER_MINUTE // share, 60.0)))
        self._spaced = MemoryThrottle(clock, (EVENLY,))
        self._redis_url = redis_url
        self._redis_away_until = 0.0

    def wait(self, realm_id: str) -> None:
        """Return when one more call may be sent. Raises RateLimited while QuickBooks' pause lasts."""
        self._alone.check_pause(realm_id)
        while self._clock.monotonic() >= self._redis_away_until:
            try:
                self._heed_others(realm_id)
                if self._has_room(realm_id):
                    self._spaced.wait(realm_id)
                    return
            except (StorageError, RedisError):
                self._redis_away_until = self._clock.monotonic() + _LOOK_FOR_REDIS_AGAIN
                break
            self._clock.sleep(_POLL_SECONDS)
        self._alone.wait(realm_id)

    def pause(self, realm_id: str, seconds: float) -> None:
        """Keep calls of every process for a realm back for some seconds; of this one alone while Redis is away."""
        self._alone.pause(realm_id, seconds)
        with suppress(RedisError):
            self._redis.set(_pause_key(realm_id), "paused", px=max(1, int(seconds * 1000)))

    @cached_property
    def _limiter(self) -> MovingWindowRateLimiter:
        """The windows in Redis; its client is loaded with the first call that needs it."""
        storage = RedisStorage(
            self._redis_url, wrap_exceptions=True, socket_timeout=_REDIS_SECONDS, socket_connect_timeout=_REDIS_SECONDS
        )
        return MovingWindowRateLimiter(storage)

    @cached_property
    def _redis(self) -> Redis:
        return Redis.from_url(
            self._redis_url, socket_timeout=_REDIS_SECONDS, socket_connect_timeout=_REDIS_SECONDS, retry=None
        )

    def _heed_others(self, realm_id: str) -> None:
        """Raise RateLimited while a pause lasts that another process was told of."""
        left = int(self._redis.pttl(_pause_key(realm_id)))  # negative where there is none
        if left > 0:
            self._alone.pause(realm_id, left / 1000)
            self._alone.check_pause(realm_id)

    def _has_room(self, realm_id: str) -> bool:
        # Looked at first: a hit that fails in the second window would still be counted in the first.
        return all(self._limiter.test(limit, "qbo", realm_id) for limit in _LIMITS) and all(
            self._limiter.hit(limit, "qbo", realm_id) for limit in _LIMITS
        )


def _pause_key(realm_id: str) -> str:
    return f"tieout/qbo-pause/{realm_id}"
