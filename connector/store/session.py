"""The database: reads in deferred sessions, writes in short BEGIN IMMEDIATE sessions, on both engines.

SQLite drops FOR UPDATE without an error, so a write takes the write lock from its first statement. Law: nothing is
sent to the outside while a write is open (connector.crash asserts it), and what a write session did is durable when
its block ends (WAL with synchronous=FULL).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
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
from connector.store.driver import Bare
from connector.store.lent import Kept, Lent, Shelf, begin
from connector.store.prepared import Askable

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
        reads: dict[str, Any] = {} if self.is_sqlite else {"isolation_level": "AUTOCOMMIT"}
        self._write_engine = self.engine.execution_options(tieout_writes=True)
        self._read_engine = self.engine.execution_options(**reads)
        self._shelves = self._parents = self._empty_shelves()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a session that only reads; nothing it changes is kept."""
        lending = self._lending(self._shelves.readers, self._read_engine)
        with lending as lent, Lent(lent, is_reading=True, autoflush=False) as session:
            yield session

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a connection that only reads: half the cost of a session, for what asks for columns."""
        with self._read_engine.connect() as connection:
            yield connection

    @contextmanager
    def asking(self) -> Iterator[Askable]:
        """Open what only prepared statements are asked of, each by itself: on a SQLite file it costs nothing."""
        if not self._is_file:
            with self.reading() as connection:
                yield connection
            return
        with self._shelves.readers.lend() as kept:
            yield kept.bare

    @contextmanager
    def write(self, name: str) -> Iterator[Session]:
        """Open a short write that commits when the block ends. `name` names its crash points.

        Inside a test, `CRASH_AT=<name>.before_commit` or `<name>.after_commit` ends the process there.
        """
        lending = self._lending(self._shelves.writers, self._write_engine)
        with crash.writing(name), lending as lent, Lent(lent, is_reading=False, expire_on_commit=False) as session:
            yield session
            session.flush()
            crash.point(f"{name}.before_commit")
            session.commit()
        crash.point(f"{name}.after_commit")

    def _lending(self, shelf: Shelf, engine: Engine) -> AbstractContextManager[Kept | Engine]:
        """Lend what a session works by: on a SQLite file a connection that this thread keeps."""
        return shelf.lend() if self._is_file else nullcontext(engine)

    def _empty_shelves(self) -> _Shelves:
        return _Shelves(Shelf(self._read_engine), Shelf(self._write_engine))

    def create_all(self) -> None:
        """Create the tables as the models have them; tests and benchmarks only, installations migrate."""
        SQLModel.metadata.create_all(self.engine)

    def leave_to_parent(self) -> None:
        """In a forked child: take connections of its own. The parent's are neither used here nor closed."""
        self._parents, self._shelves = self._shelves, self._empty_shelves()
        self.engine.dispose(close=False)

    def close(self) -> None:
        """Give all connections back; what other threads keep ends with them."""
        for shelf in self._shelves:
            shelf.close()
        self.engine.dispose()


class _Shelves(NamedTuple):
    """What threads keep, by what it is lent for."""

    readers: Shelf  # for single statements too, each by itself
    writers: Shelf


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
        # Said to the driver itself: every session begins so; SQLAlchemy would take as long over it as over a query.
        writes = connection.get_execution_options().get("tieout_writes", False)
        begin(Bare(connection.dialect, connection.connection.dbapi_connection), writes=writes)

    return engine
