"""Jobs: what one ring of the bell costs a worker that forks, beside round trips to Redis and a job that imports."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue

from bench import product
from bench.databases import SqliteFiles
from bench.frame import Bench, Findings, Goal, Reading, Row
from bench.measure import Watch, interleave
from bench.processes import run
from connector.clock import Clock
from jobs.queue import RqBell, redis_of
from sandbox.demo import doorbell

ROUND_TRIPS = 27  # of RQ 3.0 for a job that does nothing, counted on the wire
_JOB_GOAL = Goal("a forked job", 20, at_most=True, unit=" ms")
_PAYMENT_GOAL = Goal("a posted payment's share of its job", 1, at_most=True, unit=" ms", waits_for="posting in batches")
_ENQUEUE_GOAL = Goal(
    "enqueueing 1,000, over single ones", 4, at_most=False, waits_for="rings that are enqueued together"
)
_WORK = "from jobs.worker import work; work(burst=True)"
_PEERS_WORK = (
    "import sys; from redis import Redis; from rq import Queue, Worker; r = Redis.from_url(sys.argv[1]);"
    " Worker([Queue('peer', connection=r)], connection=r).work(burst=True, logging_level='WARNING')"
)


def measure(bench: Bench) -> Findings:
    """Let a worker work off a queue, and take off what starting it costs with an empty one."""
    ours, theirs = bench.pick(tiny=2, quick=60, full=150), bench.pick(tiny=1, quick=6, full=12)
    with _redis(bench.folder) as url:
        variables = {**product.environment(f"sqlite:///{SqliteFiles(bench.folder).path()}"), "REDIS_URL": url}
        subjects = {
            "ping": partial(_pings, redis_of(url)),
            "ours": partial(_ours, variables, ours),
            "peer": partial(_theirs, url, theirs),
        }
        timings = interleave(subjects, bench.pick(tiny=1, quick=3, full=7), warm_up=False)
    return Findings(
        floor=timings.text("ping"),
        peer=timings.text("peer"),
        ours=timings.text("ours"),
        readings=(Reading(_JOB_GOAL, timings.median("ours") * 1000),),
        notes=("the job is a hint that points at nothing: it costs a fork, RQ's own bookkeeping and one query",),
    )


def _pings(connection: Redis) -> float:
    with Watch() as watch:
        for _ in range(ROUND_TRIPS):
            connection.ping()
    return watch.seconds


def _ours(variables: Mapping[str, str], jobs: int) -> float:
    """Return the seconds of one job of the product's own worker."""
    empty = run(["-c", _WORK], variables).seconds
    bell = RqBell(variables["REDIS_URL"], Clock())
    assert all(bell.heard("settle", f"nothing-{n}") for n in range(jobs))
    full = run(["-c", _WORK], variables).seconds
    assert not redis_of(variables["REDIS_URL"]).llen("rq:queue:tieout-now")
    return (full - empty) / jobs


def _theirs(url: str, jobs: int) -> float:
    connection = Redis.from_url(url)
    empty = run(["-c", _PEERS_WORK, url]).seconds
    for n in range(jobs):
        Queue("peer", connection=connection).enqueue("bench.peers.jobs.naive", str(n))
    full = run(["-c", _PEERS_WORK, url]).seconds
    return (full - empty) / jobs


@contextmanager
def _redis(folder: Path) -> Iterator[str]:
    """Start the demo's own Redis on a free port; it ends with the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(doorbell.command(folder / "redis", port), stdout=subprocess.DEVNULL)
    url = f"redis://127.0.0.1:{port}/0"
    try:
        _wait_for(url)
        yield url
    finally:
        server.terminate()
        server.wait()


def _wait_for(url: str) -> None:
    until = time.monotonic() + 10
    while True:
        try:
            Redis.from_url(url).ping()
            return
        except RedisError:
            if time.monotonic() > until:
                raise
        time.sleep(0.02)


ROW = Row(
    name="jobs",
    area="jobs",
    floor=f"{ROUND_TRIPS} round trips to Redis",
    peer="a job that imports its libraries",
    goals=(_JOB_GOAL, _PAYMENT_GOAL, _ENQUEUE_GOAL),
    measure=measure,
)
