"""How a process of the plant begins: seeded bug, trace and trap are put on, then the product's own command line runs.

The product has no branch for tests; what is put on here are its own functions, wrapped or, for a seeded bug, replaced.
Laws: the trace is one short line for each crash point passed; a trap ends exactly one process, by SIGKILL, at the point
it was laid for.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

BUG, TRACE, TRAPS, ROLE = "TIEOUT_BUG", "PLANT_TRACE", "PLANT_TRAPS", "PLANT_ROLE"


def _put_on_trace() -> None:
    """Let every crash point write a line, and end the process where a trap lies."""
    from connector import crash

    line = os.open(os.environ[TRACE], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    traps, role, passed = Path(os.environ[TRAPS]), os.environ.get(ROLE, ""), crash.point

    def point(name: str) -> None:
        os.write(line, _line(role, name, "passed"))
        with contextlib.suppress(FileNotFoundError):
            (traps / name).unlink()  # one process alone succeeds
            os.write(line, _line(role, name, "killed"))
            os.kill(os.getpid(), signal.SIGKILL)
        passed(name)

    crash.point = point


def _line(role: str, name: str, what: str) -> bytes:
    return f"{time.monotonic():.4f} {os.getpid()} {role} {name} {what}\n".encode()


def _put_on_bell_trace() -> None:
    """Note a bell that rings for an event which no committed row holds."""
    from jobs import tasks

    line, told = os.open(os.environ[TRACE], os.O_WRONLY | os.O_APPEND), tasks.settle

    def settle(inbox_id: str) -> None:
        if not _is_stored(inbox_id):
            os.write(line, _line(os.environ.get(ROLE, ""), f"bell/{inbox_id}", "vain"))
        told(inbox_id)

    tasks.settle = settle


def _is_stored(inbox_id: str) -> bool:
    from sqlmodel import select

    from connector.store.outbox import InboxRow
    from jobs.boot import runtime

    with runtime().db.read() as session:
        return session.exec(select(InboxRow.id).where(InboxRow.id == inbox_id)).first() is not None


def _put_on_bug() -> None:
    if name := os.environ.get(BUG):
        from tests.harness import bugs

        bugs.apply(name)


def _sleep_under_faketime() -> None:
    """Sleep by select: libfaketime refuses the call by which Python sleeps since 3.11 while spans stay true."""

    def sleep(seconds: Any) -> None:
        select.select([], [], [], seconds)

    time.sleep = sleep


def put_on() -> None:
    """Put on all that the environment asks for."""
    if os.environ.get("FAKETIME"):
        _sleep_under_faketime()
    _put_on_bug()
    if os.environ.get(TRACE):
        _put_on_trace()


def create_app() -> Any:
    """Return the product's application, for gunicorn's workers."""
    put_on()
    from portal.app import create_app as made

    return made()


def main(words: list[str]) -> None:
    """Run the product's command line; `web` is gunicorn with this module's application, as `tieout web` starts it."""
    put_on()
    if words[:1] == ["worker"] and os.environ.get(TRACE):
        _put_on_bell_trace()
    from portal import cli

    begin: Callable[..., Any] = cli.main
    begin(args=words, prog_name="tieout")


if __name__ == "__main__":
    main(sys.argv[1:])
