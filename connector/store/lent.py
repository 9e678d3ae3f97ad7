"""Sessions over connections that a thread keeps, with a way past SQLAlchemy for statements that stand ready.

A session's own machinery takes several times as long as a small statement. What stands ready goes to the driver at
once, inside the session's transaction: whichever of both speaks first begins it, and the session ends it. Knows no
table. Laws: a transaction is begun once and ended by its session, whoever began it; a thread's connection is lent to
one session at a time, and never kept when something is still open on it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine
from sqlmodel import Session

from connector.store.driver import Bare, Driver, refusal


@dataclass(frozen=True, slots=True)
class Kept:
    """One connection of a thread: as SQLAlchemy has it, and the driver's own below it."""

    connection: Connection
    bare: Bare


def begin(bare: Bare, *, writes: bool) -> None:
    """Begin a transaction at the driver, where none is under way. Raises OperationalError where the file is locked."""
    if not bare.connection.in_transaction:
        _say(bare, "BEGIN IMMEDIATE" if writes else "BEGIN")


def _say(bare: Bare, words: str) -> None:
    driver: Any = bare.connection
    try:
        driver.execute(words)
    except bare.dialect.loaded_dbapi.Error as error:
        raise refusal(bare.dialect, words, None, error) from error


def driver_of(reader: Session | Driver) -> Driver:
    """Return what takes statements in the driver's words; what a session has not written yet is written first."""
    if not isinstance(reader, Session):
        return reader
    if reader.autoflush:
        reader.flush()
    return reader.driver() if isinstance(reader, Lent) else reader.connection()


class Lent(Session):
    """A session over what was lent to it. `is_reading`: its objects are never written."""

    def __init__(self, lent: Kept | Engine, *, is_reading: bool, **options: Any) -> None:
        super().__init__(lent.connection if isinstance(lent, Kept) else lent, **options)
        self._bare = lent.bare if isinstance(lent, Kept) else None
        self.is_reading = is_reading

    def driver(self) -> Driver:
        """Return what takes statements that stand ready, in this session's transaction."""
        if self._bare is None:
            return self.connection()
        begin(self._bare, writes=not self.is_reading)
        return self._bare

    def commit(self) -> None:
        """Commit what was done either way."""
        if self.in_transaction():
            super().commit()
        if self._bare is not None and self._bare.connection.in_transaction:
            _say(self._bare, "COMMIT")

    def rollback(self) -> None:
        """Undo what was done either way."""
        super().rollback()
        self._undo()

    def close(self) -> None:
        """End it; what was not committed is undone."""
        if self.in_transaction() or self.identity_map or self.new:  # what only stood ready left nothing to let go
            super().close()
        self._undo()

    def _undo(self) -> None:
        if self._bare is not None and self._bare.connection.in_transaction:
            self._bare.connection.rollback()


class Shelf:
    """The connections of each thread that nobody uses at the moment, for reading or for writing one SQLite file."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._idle = threading.local()

    @contextmanager
    def lend(self) -> Iterator[Kept]:
        """Lend a connection for a block; each session of a thread inside another's takes one more."""
        idle: list[Kept] = self._idle.__dict__.setdefault("idle", [])
        kept = idle.pop() if idle else self._made()
        try:
            yield kept
        finally:
            if kept.connection.invalidated or kept.connection.in_transaction() or kept.bare.connection.in_transaction:
                kept.connection.close()
            else:
                idle.append(kept)

    def close(self) -> None:
        """Close what this thread keeps; what other threads keep ends with them."""
        for kept in self._idle.__dict__.pop("idle", []):
            kept.connection.close()

    def _made(self) -> Kept:
        connection = self._engine.connect()
        connection.detach()  # the pool lends another in its place, and does not count this one
        driver: Any = connection.connection.dbapi_connection
        return Kept(connection, Bare(connection.dialect, driver))
