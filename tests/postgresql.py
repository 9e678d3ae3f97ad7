"""PostgreSQL databases for tests: made once from a template, emptied after each test and handed out again.

Copying a template costs more than most tests do. Law: what a test gets has all tables, no row, and nobody connected; a
database whose tables were changed is dropped, and another one is made.
"""

from __future__ import annotations

import uuid

import psycopg
from psycopg import sql
from sqlmodel import SQLModel

from connector.store.session import Database

TEMPLATE = "template_of_tests"
# What a test could have changed of a database besides its rows.
_SHAPE = """
SELECT md5(string_agg(concat_ws(' ', relname, relkind, attname, atttypid, attnotnull), '|' ORDER BY relname, attnum))
FROM pg_class LEFT JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0
WHERE relnamespace = 'public'::regnamespace
"""
_OTHERS = """
SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


class Databases:
    """The databases of one server; `host` is the end of its addresses."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._free: list[str] = []
        # No test cuts the power: what a commit waits for here is the disk and nothing else.
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            self._run("postgres", sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(setting)))
        self._run("postgres", sql.SQL("SELECT pg_reload_conf()"))
        self._run("postgres", sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
        database = Database(self.address(TEMPLATE))
        database.create_all()
        database.close()
        with psycopg.connect(self.address(TEMPLATE)) as connection:
            self._shape = _shape_of(connection)
        deletes = [
            sql.SQL("DELETE FROM {}").format(sql.Identifier(table.name)) for table in SQLModel.metadata.sorted_tables
        ]
        self._emptying = sql.SQL("; ").join([sql.SQL("SET session_replication_role = replica"), *deletes])

    def address(self, name: str) -> str:
        """Return the address of a database as settings take it."""
        return f"postgresql://postgres:@/{name}?{self._host}"

    def take(self) -> str:
        """Return the name of an empty database with all tables."""
        if self._free:
            return self._free.pop()
        name = f"t{uuid.uuid4().hex[:12]}"
        make = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(TEMPLATE))
        self._run("postgres", make)
        return name

    def give_back(self, name: str) -> None:
        """Empty a database for the next test, or drop it where its tables are not what they were."""
        with psycopg.connect(self.address(name), autocommit=True) as connection:
            connection.execute(_OTHERS)
            is_whole = _shape_of(connection) == self._shape
            if is_whole:
                connection.execute(self._emptying)
        if is_whole:
            self._free.append(name)
        else:
            self._run("postgres", sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _run(self, name: str, statement: sql.Composable) -> None:
        with psycopg.connect(self.address(name), autocommit=True) as connection:
            connection.execute(statement)


def _shape_of(connection: psycopg.Connection) -> str | None:
    row = connection.execute(_SHAPE).fetchone()
    return row[0] if row else None
