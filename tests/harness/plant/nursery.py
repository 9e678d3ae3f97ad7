"""Starts processes of the product in milliseconds, by forking one that has imported it (tests/harness/plant/nurse.py).

A child has Popen's small interface and is a process like any other: its number is real, kill -9 is the kernel's, its
end is seen as minus nine. Law: who starts many processes starts them here; each kind is also started once as production
does, by the Procfile (tests/crash/test_procfile.py).
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[3]
LOOK_EVERY = 0.01
# What web, worker and scheduler import before they do anything, and what they would import at their first work.
PRODUCT = (
    "connector.stripe.early",
    "gunicorn.app.wsgiapp",
    "gunicorn.workers.gthread",
    "jobs.tasks",
    "jobs.ticker",
    "jobs.worker",
    "portal.app",
    "portal.commands.processes",
    "psycopg",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlite3",
    "typst",
    "valkey",  # by the throttle's library, wherever it is installed
)


class Child:
    """A process that the nursery started."""

    def __init__(self, nursery: Nursery, args: Sequence[str], pid: int) -> None:
        self._nursery, self.args, self.pid = nursery, args, pid
        self._lock = threading.Lock()
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return how it ended: an exit code, or minus the signal; None while it runs."""
        with self._lock:
            if self.returncode is None:
                self.returncode = self._nursery.ask(do="poll", pid=self.pid)
            return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. Raises subprocess.TimeoutExpired."""
        end = time.monotonic() + timeout if timeout is not None else None
        while (code := self.poll()) is None:
            if end is not None and time.monotonic() > end:
                raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
            time.sleep(LOOK_EVERY)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal, to nobody once it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it by SIGKILL."""
        self.send_signal(signal.SIGKILL)


class Nursery:
    """One fork server. `modules` are what it imports before any fork; `environment` is the server's own."""

    def __init__(self, modules: Sequence[str] = PRODUCT, environment: Mapping[str, str] | None = None) -> None:
        self.environment = dict(environment or {})
        self._lock = threading.Lock()
        self._door, theirs = socket.socketpair()
        with theirs:
            self._server = subprocess.Popen(
                [sys.executable, "-m", "tests.harness.plant.nurse", str(theirs.fileno()), *modules],
                cwd=ROOT,
                env={"PATH": os.environ.get("PATH", ""), **self.environment},
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C is for the one who asks, who then closes
            )

    def start(
        self,
        args: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path = ROOT,
        stdin: int | IO[bytes] = subprocess.DEVNULL,
        stdout: int | IO[bytes] = subprocess.DEVNULL,
        stderr: int | IO[bytes] = subprocess.DEVNULL,
        start_new_session: bool = False,
    ) -> Child:
        """Start `[python, "-m", module, *words]` as Popen would."""
        python, flag, *words = args
        assert (python, flag) == (sys.executable, "-m"), f"only a module of this Python is forked, not {args[:2]}"
        with Path(os.devnull).open("r+b", buffering=0) as nothing:

            def number(stream: int | IO[bytes]) -> int:
                if not isinstance(stream, int):
                    return stream.fileno()
                return nothing.fileno() if stream == subprocess.DEVNULL else stream

            out = number(stdout)
            streams = [number(stdin), out, out if stderr == subprocess.STDOUT else number(stderr)]
            wanted = {"words": words, "environment": dict(env), "folder": str(cwd), "session": start_new_session}
            pid = self.ask(streams, do="start", **wanted)
        assert pid is not None
        return Child(self, args, pid)

    def ask(self, streams: Sequence[int] = (), **message: Any) -> int | None:
        """Send one message and return its answer. Raises RuntimeError when the server is gone."""
        text = json.dumps(message).encode() + b"\n"
        with self._lock:
            sent = socket.send_fds(self._door, [text], list(streams))
            self._door.sendall(text[sent:])
            answer = b""
            while not answer.endswith(b"\n"):
                part = self._door.recv(4096)
                if not part:
                    raise RuntimeError(f"the nursery is gone ({self._server.wait()})")
                answer += part
        number: int | None = json.loads(answer)
        return number

    def close(self) -> None:
        """End the server, and every child that still runs."""
        self._door.close()
        self._server.wait(timeout=30)


@cache
def nursery() -> Nursery:
    """Return this process's nursery, made when it is first asked for; it ends with the process."""
    made = Nursery()
    atexit.register(made.close)
    return made
