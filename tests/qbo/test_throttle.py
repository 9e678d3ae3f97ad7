"""The throttle: nine tenths of QuickBooks' limits, kept by all processes together, and never a 429 of ours."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from connector.clock import Clock
from connector.errors import RateLimited
from connector.qbo.throttle import PER_MINUTE, PER_SECOND, MemoryThrottle, SharedThrottle
from connector.store.session import Database
from sandbox.demo.doorbell import command
from sandbox.world import World
from tests.qbo.rig import Rig


class Hands(Clock):
    """A clock that only sleep moves."""

    def __init__(self) -> None:
        super().__init__()
        self.at = 0.0

    def monotonic(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        assert seconds > 0, "a sleep of nothing would spin"
        self.at += seconds


@given(st.lists(st.floats(0, 3), min_size=1, max_size=1200))
def test_no_window_ever_holds_more_than_its_limit(gaps: list[float]) -> None:
    clock = Hands()
    throttle = MemoryThrottle(clock)
    sent = []
    for gap in gaps:
        clock.at += gap
        throttle.wait("1")
        sent.append(clock.at)
    for calls, seconds in ((1, 1 / 9), (PER_SECOND, 1.0), (PER_MINUTE, 60.0)):
        for first, beyond in zip(sent, sent[calls:], strict=False):
            assert beyond - first >= seconds - 1e-9


def test_calls_are_spaced_and_realms_do_not_wait_for_each_other() -> None:
    clock = Hands()
    throttle = MemoryThrottle(clock)
    throttle.wait("1")
    throttle.wait("2")
    assert clock.at == 0.0
    for _ in range(PER_SECOND):
        throttle.wait("1")
    assert clock.at == pytest.approx(1.0)


def test_a_long_run_reaches_the_limit_and_no_more() -> None:
    clock = Hands()
    throttle = MemoryThrottle(clock)
    for _ in range(3 * PER_MINUTE + 1):
        throttle.wait("1")
    assert clock.at == pytest.approx(180.0)


def test_a_pause_holds_one_realm_back() -> None:
    clock = Hands()
    throttle = MemoryThrottle(clock)
    throttle.pause("1", 60.0)
    throttle.wait("2")
    with pytest.raises(RateLimited) as caught:
        throttle.wait("1")
    assert caught.value.wait_seconds == 60.0
    clock.at = 60.5
    throttle.wait("1")


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen(command(tmp_path, port), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"redis://127.0.0.1:{port}/0"
    client = redis.Redis.from_url(url, retry=None)
    for _ in range(500):
        try:
            client.ping()
            break
        except redis.ConnectionError:
            threading.Event().wait(0.01)
    yield url
    server.terminate()
    server.wait()


def test_a_pause_holds_every_process_back(redis_url: str) -> None:
    told, other = SharedThrottle(redis_url, Hands()), SharedThrottle(redis_url, Hands())
    told.pause("1", 60.0)
    other.wait("2")
    with pytest.raises(RateLimited) as caught:
        other.wait("1")
    assert caught.value.wait_seconds == pytest.approx(60.0, abs=5.0)


def test_processes_keep_the_limit_together(redis_url: str) -> None:
    """Two throttles that know of each other only through Redis."""
    clock, sent, lock = Clock(), [], threading.Lock()

    def work(throttle: SharedThrottle) -> None:
        for _ in range(11):
            throttle.wait("1")
            with lock:
                sent.append(clock.monotonic())

    threads = [threading.Thread(target=work, args=(SharedThrottle(redis_url, clock),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sent) == 22
    sent.sort()
    # Redis notes the time a moment before we do, so a little less than a second may lie between.
    assert all(beyond - first > 0.9 for first, beyond in zip(sent, sent[PER_SECOND:], strict=False))
    assert sent[-1] - sent[0] < 5


def test_without_redis_each_process_keeps_to_its_share() -> None:
    clock = Hands()
    throttle = SharedThrottle("redis://127.0.0.1:9/0", clock)
    stamps = []
    for _ in range(10):
        throttle.wait("1")
        stamps.append(clock.at)
    assert stamps == pytest.approx([n / 3 for n in range(10)])


def test_a_redis_that_hangs_holds_no_call_for_long() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        throttle = SharedThrottle(f"redis://127.0.0.1:{silent.getsockname()[1]}/0", Clock())
        started = Clock().monotonic()
        throttle.wait("1")
        throttle.wait("1")
    assert Clock().monotonic() - started < 2


def test_the_stand_in_that_counts_in_real_time_never_sends_us_away(world: World, database_url: str) -> None:
    """Six bursts at most: a busy machine may hold a call back between our count and theirs."""
    rig = Rig(world, Database(database_url)).connect()
    rig.quickbooks(rig.company_id).company_info()  # four threads would wait for a fresh token by a clock that runs
    rig.switch(throttle=True)
    rig.throttle = MemoryThrottle(Clock())  # one for all bursts: it remembers what it let through
    reads: list[Any] = []
    for _ in range(6):
        reads = _burst(world, rig)
        if [entry.status for entry in reads] == [200] * 24:
            break
    assert [entry.status for entry in reads] == [200] * 24
    assert all(first.at <= second.at for first, second in pairwise(reads))
    rig.db.close()


def _burst(world: World, rig: Rig) -> list[Any]:
    """Let four threads read as fast as our pace allows, each until it is sent away; return what the stand-in noted."""
    gateway = rig.quickbooks(rig.company_id)
    before = world.quickbooks.journal.count

    def read() -> None:
        with suppress(RateLimited):
            for _ in range(6):
                gateway.company_info()

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    fresh = list(world.quickbooks.journal._entries)[before - world.quickbooks.journal.count :]
    return [entry for entry in fresh if entry.operation == "companyinfo.read"]
