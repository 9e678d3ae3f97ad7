"""Worker and scheduler as real processes: they hear, they survive Redis, and they end when told."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connector.settings import Settings
from jobs.queue import RqBell
from sync.runtime import Runtime
from tests.harness.plant.nursery import Child, nursery
from tests.jobs.conftest import PostOffice, RedisServer, owe_mail, wait_until

Start = Callable[..., Child]


@pytest.fixture
def database_url(_sqlite_template: Path, tmp_path: Path) -> str:
    """Return a fresh SQLite file: what a process does to PostgreSQL is the crash suite's."""
    shutil.copy(_sqlite_template, tmp_path / "tieout.db")
    return f"sqlite:///{tmp_path / 'tieout.db'}"


@pytest.fixture
def start(rt: Runtime, settings: Settings, redis_server: RedisServer, tmp_path: Path) -> Iterator[Start]:
    """Return how to start a process of the product on this test's database, Redis and post office."""
    environment = {
        "PATH": os.environ["PATH"],
        "TIEOUT_MODE": "sandbox",
        "SECRET_KEY": settings.secret_key.get_secret_value(),
        "VAULT_KEYS": settings.vault_keys.get_secret_value(),
        "SMTP_URL": settings.smtp_url.get_secret_value(),
        "PUBLIC_URL": settings.public_url,
        "DATABASE_URL": rt.db.url.render_as_string(hide_password=False),
        "REDIS_URL": redis_server.url,
        "SWEEP_SECONDS": "0.2",
    }
    started: list[Child] = []

    def begin(*command: str, **more: str) -> Child:
        with (tmp_path / f"{command[0]}-{len(started)}.log").open("wb") as log:
            process = nursery().start(
                [sys.executable, "-m", "portal.cli", *command],
                env={**environment, **more},
                stdout=log,
                stderr=log,
            )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def rt(rt: Runtime) -> Runtime:
    """Let the rows carry real time: the processes have no other clock."""
    from connector.clock import Clock

    rt.clock.at = Clock().now()  # type: ignore[attr-defined]
    return rt


def ring(redis_server: RedisServer, rt: Runtime, mail_id: str) -> None:
    assert RqBell(redis_server.url, rt.clock).heard("mail", mail_id)


@pytest.mark.parametrize("how", [(), ("--in-process",)], ids=["forking", "in-process"])
def test_a_worker_hears_and_ends_when_told(
    start: Start, rt: Runtime, redis_server: RedisServer, office: PostOffice, how: tuple[str, ...]
) -> None:
    worker = start("worker", *how)
    for n in range(3):
        ring(redis_server, rt, owe_mail(rt, "receipt", key=f"receipt/{n}"))
    wait_until(lambda: len(office.taken) == 3)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=10) == 0


def test_a_worker_outlives_redis_and_hears_again(
    start: Start, rt: Runtime, redis_server: RedisServer, office: PostOffice
) -> None:
    worker = start("worker")
    ring(redis_server, rt, owe_mail(rt, "receipt", key="first"))
    wait_until(lambda: len(office.taken) == 1)
    redis_server.stop()
    redis_server.start()
    ring(redis_server, rt, owe_mail(rt, "receipt", key="second"))
    wait_until(lambda: len(office.taken) == 2)
    assert worker.poll() is None
    redis_server.stop()
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=10) is not None


def test_a_job_that_fails_ends_no_worker(
    start: Start, rt: Runtime, redis_server: RedisServer, office: PostOffice
) -> None:
    worker = start("worker")
    assert RqBell(redis_server.url, rt.clock).heard("push", "no such company")
    assert RqBell(redis_server.url, rt.clock).heard("no_such_task", "x")
    ring(redis_server, rt, owe_mail(rt, "receipt"))
    wait_until(lambda: len(office.taken) == 1)
    assert worker.poll() is None


def test_the_scheduler_alone_gets_everything_done_with_redis_stopped(
    start: Start, rt: Runtime, redis_server: RedisServer, office: PostOffice
) -> None:
    redis_server.stop()
    scheduler = start("scheduler")
    owe_mail(rt, "receipt")
    wait_until(lambda: len(office.taken) == 1)
    scheduler.send_signal(signal.SIGTERM)
    assert scheduler.wait(timeout=10) == 0


def test_the_scheduler_gets_everything_done_after_redis_forgot_it_all(
    start: Start, rt: Runtime, redis_server: RedisServer, office: PostOffice
) -> None:
    import redis

    ring(redis_server, rt, owe_mail(rt, "receipt"))
    redis.Redis.from_url(redis_server.url).flushall()
    start("worker")
    start("scheduler")
    wait_until(lambda: len(office.taken) == 1)


def test_a_killed_scheduler_is_replaced_by_the_next(start: Start, rt: Runtime, office: PostOffice) -> None:
    first = start("scheduler", REDIS_URL="redis://127.0.0.1:1/0")
    owe_mail(rt, "receipt", key="first")
    wait_until(lambda: len(office.taken) == 1)
    start("scheduler", REDIS_URL="redis://127.0.0.1:1/0")
    first.send_signal(signal.SIGKILL)
    assert first.wait() == -signal.SIGKILL
    owe_mail(rt, "receipt", key="second")
    wait_until(lambda: len(office.taken) == 2)
