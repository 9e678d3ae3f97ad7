"""The troubles of a storm: what befalls Redis, the database and the webhooks for a while, beside the kills.

Each is a block of time with a beginning and an end. Law: a trouble takes back what it did, however it ends.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from redis import Redis

from connector.store.session import BUSY_SECONDS
from sandbox.qbo.control import QuickBooksControl
from tests.harness.plant.installation import REDIS, Installation
from tests.harness.plant.roster import kill

# What the wire between the product and the two services does to a request.
WIRE_FAULTS = (
    "reset_before",
    "drop_after_commit",
    "truncate:20",
    "delay:200",
    "500_before",
    "500_after",
    "503_html",
    "bad_json",
)
FAULT_RATE = 0.2


@dataclass(frozen=True)
class Trouble:
    """A trouble by name. `run` lasts as long as it does."""

    name: str
    run: Callable[[Installation], None]


def _flush(plant: Installation) -> None:
    with Redis(port=plant.redis_port, socket_timeout=5) as redis:
        redis.flushall()


def _stop_redis(plant: Installation) -> None:
    pid = plant.roster.posts[REDIS].pid
    if not pid:
        return
    os.kill(pid, signal.SIGSTOP)
    try:
        time.sleep(2.5)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def _kill_redis(plant: Installation) -> None:
    post = plant.roster.posts[REDIS]
    post.pause = 1.5
    if post.pid:
        kill(post.pid)
    time.sleep(2.0)


def _redis_lies(plant: Installation) -> None:
    plant.wire.lying = 0.3
    try:
        time.sleep(3.0)
    finally:
        plant.wire.lying = 0.0


def _lock(plant: Installation) -> None:
    plant.engine.locked(BUSY_SECONDS + 1.5)


def _fill_disk(plant: Installation) -> None:
    with plant.engine.full():
        time.sleep(3.0)


def _restart_database(plant: Installation) -> None:
    plant.engine.restart()
    time.sleep(0.5)


def _lose_webhooks(plant: Installation) -> None:
    with _webhooks(plant, "drop"):
        time.sleep(3.0)


def _hold_webhooks(plant: Installation) -> None:
    with _webhooks(plant, "hold"):
        time.sleep(3.0)


def _muddle_webhooks(plant: Installation) -> None:
    books = QuickBooksControl(plant.world.quickbooks)
    plant.webhooks(duplicate=True, shuffle=True, twins=True)
    books.control("switches", {"webhook_copies": 3, "webhook_shuffle": True}, reading=False)
    try:
        time.sleep(4.0)
    finally:
        plant.webhooks(duplicate=False, shuffle=False, twins=False)
        books.control("switches", {"webhook_copies": 1, "webhook_shuffle": False}, reading=False)


@contextmanager
def _webhooks(plant: Installation, mode: str) -> Iterator[None]:
    books = QuickBooksControl(plant.world.quickbooks)
    plant.webhooks(mode=mode)
    books.control("webhooks", {"mode": mode}, reading=False)
    try:
        yield
    finally:
        plant.webhooks(mode="deliver")
        books.control("webhooks", {"mode": "deliver"}, reading=False)


TROUBLES = (
    Trouble("redis flushed", _flush),
    Trouble("redis stopped", _stop_redis),
    Trouble("redis killed", _kill_redis),
    Trouble("redis lies", _redis_lies),
    Trouble("database locked", _lock),
    Trouble("disk full", _fill_disk),
    Trouble("database restarted", _restart_database),
    Trouble("webhooks lost", _lose_webhooks),
    Trouble("webhooks held", _hold_webhooks),
    Trouble("webhooks doubled, shuffled", _muddle_webhooks),
)
CLOCK_SKEW, API_FAULTS = "clock skew", "api faults"


def spoil(plant: Installation, seed: int, rate: float) -> None:
    """Spoil a share of all calls to both services from now on; a rate of 0 ends it."""
    plant.world.faults.load({"seed": seed, "rate": rate, "kinds": list(WIRE_FAULTS)})
