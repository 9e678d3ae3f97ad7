"""The database: reads in deferred sessions, writes in short BEGIN IMMEDIATE sessions, on both engines.

SQLite drops FOR UPDATE without an error, so a write takes the write lock from its first statement. Law: nothing is
sent to the outside while a write is open (connector.crash asserts it), and what a write session did is durable when
its block ends (WAL with synchronous=FULL).
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, SQLModel

from connector import crash

# Every module with tables, so that the metadata is whole wherever the database is used.
from connector.store import (  # noqa: F401
    access,
    books,
    cache,
    companies,
    edits,
    log,
    mailing,
    methods,
    money,
    outbox,
    papers,
    retries,
    talk,
    verifying,
)
from connector.store.prepared import Askable, Bare

BUSY_SECONDS = 5


class Database:
    """One engine and its two kinds of session. Safe to share between threads; make a new one after a fork."""

    def __init__(self, url: str) -> None:
        self.url = make_url(_with_driver(url))
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        # Only of a file may a thread keep connections of its own: a database in memory is its one connection.
        self._is_file = self.is_sqlite and self.url.database not in (None, "", ":memory:")
        if self._is_file:
            Path(str(self.url.database)).parent.mkdir(parents=True, exist_ok=True)
        self.engine = _sqlite_engine(self.url) if self.is_sqlite else create_engine(self.url, pool_pre_ping=True)
        writes = {"tieout_writes": True}
        reads: dict[str, Any] = {} if self.is_sqlite else {"isolation_level": "AUTOCOMMIT"}
        self._write_engine = self.engine.execution_options(**writes)
        self._kept = threading.local()
        self._parents = self._kept  # held on to after a fork, so that nobody closes what is in it
        self._read_engine = self.engine.execution_options(**reads)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a session that only reads; nothing it changes is kept."""
        with self._lent() as bind, Session(bind, autoflush=False) as session:
            yield session

    @contextmanager
    def _lent(self) -> Iterator[Engine | Connection]:
        """Lend what a session reads by: on a SQLite file a connection that this thread keeps, as `asking` does.

        Each session of a thread that reads while another does takes one more.
        """
        if not self._is_file:
            yield self._read_engine
            return
        idle: list[Connection] = self._kept.__dict__.setdefault("readers", [])
        if idle:
            connection = idle.pop()
        else:
            connection = self.engine.connect()
            connection.detach()
        try:
            yield connection
        finally:
            if connection.invalidated or connection.in_transaction():
                connection.close()
            else:
                idle.append(connection)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a connection that only reads: half the cost of a session, for what asks for columns."""
        with self._read_engine.connect() as connection:
            yield connection

    @contextmanager
    def asking(self) -> Iterator[Askable]:
        """Open what only prepared statements are asked of, each by itself: on a SQLite file it costs nothing.

        There each thread keeps a connection for this as long as it lives: to borrow one took longer than many a query.
        """
        if not self._is_file:
            with self.reading() as connection:
                yield connection
            return
        if (kept := getattr(self._kept, "bare", None)) is None:
            raw = self.engine.raw_connection()
            raw.detach()  # the pool lends another in its place, and does not count this one
            kept = self._kept.bare = Bare(self.engine.dialect, raw)
        yield kept

    @contextmanager
    def write(self, name: str) -> Iterator[Session]:
        """Open a short write that commits when the block ends. `name` names its crash points.

        Inside a test, `CRASH_AT=<name>.before_commit` or `<name>.after_commit` ends the process there.
        """
        with crash.writing(name), Session(self._write_engine, expire_on_commit=False) as session:
            yield session
            session.flush()
            crash.point(f"{name}.before_commit")
            session.commit()
        crash.point(f"{name}.after_commit")

    def create_all(self) -> None:
        """Create the tables as the models have them; tests and benchmarks only, installations migrate."""
        SQLModel.metadata.create_all(self.engine)

    def leave_to_parent(self) -> None:
        """In a forked child: take connections of its own. The parent's are neither used here nor closed."""
        self._parents, self._kept = self._kept, threading.local()
        self.engine.dispose(close=False)

    def close(self) -> None:
        """Give all connections back; what other threads keep ends with them."""
        if (kept := self._kept.__dict__.pop("bare", None)) is not None:
            kept.connection.close()
        for connection in self._kept.__dict__.pop("readers", []):
            connection.close()
        self.engine.dispose()


def _with_driver(url: str) -> str:
    """Accept the addresses that platforms hand out and name the one PostgreSQL driver we use."""
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


def _sqlite_engine(url: Any) -> Engine:
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not begin on its own: we do
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            f"busy_timeout={BUSY_SECONDS * 1000}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        writes = connection.get_execution_options().get("tieout_writes")
        words = "BEGIN IMMEDIATE" if writes else "BEGIN"
        # Said to the driver itself: every session begins so, and SQLAlchemy would take as long over it as over a query.
        try:
            connection.connection.dbapi_connection.execute(words)
        except sqlite3.OperationalError as error:  # locked or full: whoever asks for SQLAlchemy's error waits for that
            raise OperationalError(words, None, error) from error

    return engine
