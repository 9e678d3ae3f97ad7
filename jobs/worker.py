"""The worker: hears the bell and does one job at a time, each in a child of its own.

Everything is imported and mapped in the parent, so that a child costs milliseconds. Laws: a child never uses a
connection of its parent; Redis being away ends no worker, it listens again when Redis is back.
"""

from __future__ import annotations

import gc
import importlib
import signal
from types import FrameType

import structlog
from redis.exceptions import RedisError
from rq import SimpleWorker, Worker
from rq.job import Job
from rq.queue import Queue
from rq.serializers import JSONSerializer
from rq.worker import BaseWorker
from sqlalchemy.orm import configure_mappers

from jobs.boot import runtime
from jobs.queue import QUEUES, redis_of
from sync.runtime import Runtime

log = structlog.get_logger()
REDIS_AWAY_SECONDS = 2.0
PRELOADED = ("connector.stripe.early", "jobs.tasks", "typst")  # in the parent: no child imports what takes long


class _Patient(BaseWorker):
    """What both kinds of worker have: they find a Redis that is back soon, and remember that a signal came."""

    max_connection_wait_time = REDIS_AWAY_SECONDS
    told_to_stop = False

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Finish the job at hand and end; a second signal ends at once."""
        self.told_to_stop = True
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]


class ForkingWorker(_Patient, Worker):
    """Does each job in a child, which a time-out can end and whose memory ends with it."""

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        """Start the child's life without the parent's database connections."""
        runtime().db.leave_to_parent()
        super().main_work_horse(job, queue)


class DirectWorker(_Patient, SimpleWorker):
    """Does jobs in its own process: faster, and what a kill test kills is what works."""


def work(*, in_process: bool = False, burst: bool = False) -> None:
    """Listen until told to stop; `burst` ends when nothing is queued."""
    rt = runtime()
    configure_mappers()
    for name in PRELOADED:
        importlib.import_module(name)
    gc.freeze()  # what is here now is never collected, so children share its memory instead of copying it
    while not _listen(rt, in_process=in_process, burst=burst):
        rt.clock.sleep(REDIS_AWAY_SECONDS)


def _listen(rt: Runtime, *, in_process: bool, burst: bool) -> bool:
    """Work until told to stop, and tell whether that was why it ended."""
    kind = DirectWorker if in_process else ForkingWorker
    worker: _Patient | None = None
    try:
        # A worker waits for jobs on an open connection, so its answers have no end of ours.
        worker = kind(
            QUEUES, connection=redis_of(rt.settings.redis_url, answer_seconds=None), serializer=JSONSerializer
        )
        worker.log_job_description = False
        worker.work(burst=burst, logging_level="WARNING")
    except (RedisError, OSError):
        log.warning("redis is away, listening again soon")
    finally:
        # RQ's handlers belong to a worker that is gone; until the next one begins, a signal ends the process.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
    return burst or (worker is not None and worker.told_to_stop)
