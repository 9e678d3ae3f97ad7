"""Named points at which a test may end the process, and the guard that keeps calls out of open writes.

Every commit and every call to the outside passes through here, so that no point can be forgotten and no HTTP can happen
while a write transaction is open. In production nothing can be armed: settings refuse it.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_armed: dict[str, int] = {}
_watcher: Callable[[str], None] | None = None
_write_open: ContextVar[str] = ContextVar("write_open", default="")


def arm(spec: str) -> None:
    """Arm points: `settle.before_commit` or `push.after_send:2` (the second passage), separated by commas."""
    _armed.clear()
    for part in filter(None, spec.split(",")):
        name, _, nth = part.partition(":")
        _armed[name] = int(nth or 1)


def watch(watcher: Callable[[str], None] | None) -> None:
    """Have every passage of a point told to a simulation, which may raise there; None ends that."""
    global _watcher
    _watcher = watcher


def point(name: str) -> None:
    """Pass a point; the process ends here by SIGKILL when it is armed and this is the passage named."""
    if _watcher is not None:
        _watcher(name)
    if name not in _armed:
        return
    _armed[name] -= 1
    if _armed[name] == 0:
        os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def writing(name: str) -> Iterator[None]:
    """Mark a write transaction as open in this thread."""
    token = _write_open.set(name)
    try:
        yield
    finally:
        _write_open.reset(token)


@contextmanager
def sending(name: str) -> Iterator[None]:
    """Wrap one call to the outside. Raises AssertionError while a write transaction is open."""
    assert not _write_open.get(), f"{name} is sent while the write {_write_open.get()!r} is open"
    point(f"{name}.before_send")
    yield
    point(f"{name}.after_send")
