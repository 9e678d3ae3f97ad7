"""The bell on Redis: RQ jobs that carry a kind of work and an id, and say "look".

Nothing is kept here: flush Redis and the ticker rings again. Laws: ringing never raises and never waits long; a job is
JSON (never pickle), names an id and nothing else, and is worthless after a minute.
"""

from __future__ import annotations

import threading
from functools import cached_property
from typing import TYPE_CHECKING

import structlog

from connector.clock import Clock

if TYPE_CHECKING:
    from redis import Redis
    from rq import Queue

log = structlog.get_logger()

# Heard first to last: a payer waits for `now`.
NOW, SOON = "tieout-now", "tieout-soon"
QUEUES = (NOW, SOON)
QUEUE_OF = {"settle": NOW, "look": NOW, "push": NOW, "mail": NOW}

JOB_SECONDS = 300  # the longest a job may run; a first pull goes on where it was at the next ring
BELL_SECONDS = 60  # the ticker rings again long before
FAILURES_KEPT_SECONDS = 24 * 3600
CONNECT_SECONDS, ANSWER_SECONDS = 0.5, 1.0
QUIET_SECONDS = 2.0  # after a failure, so that a page does not pay for a dead Redis at every ring


def redis_of(url: str, *, answer_seconds: float | None = ANSWER_SECONDS) -> Redis:
    """Return a connection that gives up soon and never sends a command twice by itself."""
    from redis import Redis  # 80 ms that a command without a ring need not pay
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    client: Redis = Redis.from_url(
        url,
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=answer_seconds,
        retry=Retry(NoBackoff(), 0),
        health_check_interval=0,
    )
    return client


class RqBell:
    """Rings by enqueueing a job. `missed` counts the rings that Redis did not take."""

    def __init__(self, redis_url: str, clock: Clock) -> None:
        self._redis_url = redis_url
        self._clock = clock
        self._lock = threading.Lock()
        self._quiet_until = 0.0
        self.missed = 0

    def ring(self, work: str, subject: str) -> None:
        """Ring for a kind of work on an id; never raises."""
        self.heard(work, subject)

    def heard(self, work: str, subject: str) -> bool:
        """Ring, and tell whether Redis took it."""
        if self._clock.monotonic() < self._quiet_until:
            self._miss(work, "quiet after a failure")
            return False
        try:
            self._enqueue(work, subject)
        except Exception as error:  # whatever a bell suffers, the change it tells of is durable already
            self._quiet_until = self._clock.monotonic() + QUIET_SECONDS
            self._miss(work, type(error).__name__)
            return False
        return True

    @cached_property
    def _queues(self) -> dict[str, Queue]:
        from rq import Queue
        from rq.serializers import JSONSerializer

        connection = redis_of(self._redis_url)
        return {name: Queue(name, connection=connection, serializer=JSONSerializer) for name in QUEUES}

    def _enqueue(self, work: str, subject: str) -> None:
        self._queues[QUEUE_OF.get(work, SOON)].enqueue_call(
            f"jobs.tasks.{work}",
            args=(subject,),
            timeout=JOB_SECONDS,
            ttl=BELL_SECONDS,
            result_ttl=0,
            failure_ttl=FAILURES_KEPT_SECONDS,
            description=f"{work} {subject}",
        )

    def _miss(self, work: str, reason: str) -> None:
        with self._lock:
            self.missed += 1
        log.info("bell missed", work=work, reason=reason, missed=self.missed)
