"""The bell: what it leaves in Redis, and that nothing Redis does to it can hurt a caller."""

from __future__ import annotations

import json
import socket
import threading
import time
import zlib
from collections.abc import Iterator

import pytest
import redis

from connector.clock import Clock
from jobs.queue import BELL_SECONDS, NOW, SOON, RqBell
from tests.jobs.conftest import RedisServer


def jobs_in(url: str, queue: str) -> list[bytes]:
    return list(redis.Redis.from_url(url).lrange(f"rq:queue:{queue}", 0, -1))


def test_a_ring_is_json_names_an_id_and_is_soon_worthless(redis_server: RedisServer) -> None:
    bell = RqBell(redis_server.url, Clock())
    assert bell.heard("push", "company-1")
    (job_id,) = jobs_in(redis_server.url, NOW)
    client = redis.Redis.from_url(redis_server.url)
    job = client.hgetall(b"rq:job:" + job_id)
    assert json.loads(zlib.decompress(job[b"data"])) == ["jobs.tasks.push", None, ["company-1"], {}]
    assert 0 < client.ttl(b"rq:job:" + job_id) <= BELL_SECONDS
    assert bell.missed == 0


def test_what_a_payer_waits_for_goes_before_what_nobody_waits_for(redis_server: RedisServer) -> None:
    bell = RqBell(redis_server.url, Clock())
    for work in ("settle", "look", "push", "mail", "pull", "prove"):
        bell.ring(work, "x")
    assert len(jobs_in(redis_server.url, NOW)) == 4
    assert len(jobs_in(redis_server.url, SOON)) == 2


def test_without_redis_a_ring_is_missed_quickly_and_in_silence(redis_server: RedisServer) -> None:
    bell = RqBell(redis_server.url, Clock())
    redis_server.stop()
    began = time.monotonic()
    for _ in range(50):
        bell.ring("push", "company-1")
    assert time.monotonic() - began < 1.0
    assert bell.missed == 50


def test_a_redis_that_hangs_costs_one_short_wait_and_then_none() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(16)
        bell = RqBell(f"redis://127.0.0.1:{silent.getsockname()[1]}/0", Clock())
        began = time.monotonic()
        for _ in range(20):
            bell.ring("push", "company-1")
        assert time.monotonic() - began < 2.5
    assert bell.missed == 20


@pytest.fixture
def deaf_line(redis_server: RedisServer) -> Iterator[str]:
    """Return the address of a line that carries commands to Redis and loses every reply after the handshake."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_carry, args=(server, redis_server.port), daemon=True).start()
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


def _carry(server: socket.socket, port: int) -> None:
    while True:
        try:
            caller, _ = server.accept()
        except OSError:
            return
        with caller, socket.create_connection(("127.0.0.1", port)) as redis_line:
            while data := caller.recv(65536):
                redis_line.sendall(data)
                answer = redis_line.recv(65536)
                if b"RPUSH" in data:  # enqueued, and the caller never hears of it
                    break
                caller.sendall(answer)


def test_a_lost_reply_never_rings_twice(redis_server: RedisServer, deaf_line: str) -> None:
    bell = RqBell(deaf_line, Clock())
    assert not bell.heard("push", "company-1")
    assert bell.missed == 1
    assert len(jobs_in(redis_server.url, NOW)) == 1
