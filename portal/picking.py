"""Selecting columns instead of objects: what pages need is a few values, and building objects for them costs most.

Law: whoever selects with this puts the scope into the query's own WHERE.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import Connection, Select, select
from sqlmodel import Session

from connector.store.prepared import Askable, Reader
from portal.here import runtime


def pick(*columns: Any) -> Select[Any]:
    """Return a query for columns."""
    return select(*columns)


def fetch(reader: Reader, query: Select[Any], values: Mapping[str, Any] | None = None) -> Sequence[Any]:
    """Return all rows of a query; `values` are those of its named parameters."""
    return _connection(reader).execute(query, values or {}).all()


def fetch_one(reader: Reader, query: Select[Any], values: Mapping[str, Any] | None = None) -> Any:
    """Return the first row of a query, or None."""
    return _connection(reader).execute(query, values or {}).first()


def asking() -> AbstractContextManager[Askable]:
    """Open what prepared statements are asked of, for the queries of every request."""
    return runtime().db.asking()


def reading() -> AbstractContextManager[Connection]:
    """Open a connection that only reads."""
    return runtime().db.reading()


def _connection(reader: Reader) -> Connection:
    return reader.connection() if isinstance(reader, Session) else reader
