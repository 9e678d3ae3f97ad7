"""Selecting columns instead of objects: what pages need is a few values, and building objects for them costs most.

Law: whoever selects with this puts the scope into the query's own WHERE.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Engine, Select, select
from sqlmodel import Session

from connector.store.session import Database
from portal.here import runtime

Reader = Session | Connection


def pick(*columns: Any) -> Select[Any]:
    """Return a query for columns."""
    return select(*columns)


def fetch(reader: Reader, query: Select[Any], values: Mapping[str, Any] | None = None) -> Sequence[Any]:
    """Return all rows of a query; `values` are those of its named parameters."""
    return _connection(reader).execute(query, values or {}).all()


def fetch_one(reader: Reader, query: Select[Any], values: Mapping[str, Any] | None = None) -> Any:
    """Return the first row of a query, or None."""
    return _connection(reader).execute(query, values or {}).first()


@contextmanager
def reading() -> Iterator[Connection]:
    """Open a connection that only reads: half the cost of a session, for the queries of every request."""
    with _reading_engine(runtime().db).connect() as connection:
        yield connection


@lru_cache(maxsize=8)
def _reading_engine(db: Database) -> Engine:
    """Read as `Database.read` does: in a deferred transaction on SQLite, without one on PostgreSQL."""
    return db.engine if db.is_sqlite else db.engine.execution_options(isolation_level="AUTOCOMMIT")


def _connection(reader: Reader) -> Connection:
    return reader.connection() if isinstance(reader, Session) else reader
