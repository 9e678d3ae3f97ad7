"""Selecting columns instead of objects: what pages need is a few values, and building objects for them costs most.

Law: whoever selects with this puts the scope into the query's own WHERE.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, select
from sqlmodel import Session


def pick(*columns: Any) -> Select[Any]:
    """Return a query for columns."""
    return select(*columns)


def fetch(session: Session, query: Select[Any]) -> Sequence[Any]:
    """Return all rows of a query."""
    return session.connection().execute(query).all()


def fetch_one(session: Session, query: Select[Any]) -> Any:
    """Return the first row of a query, or None."""
    return session.connection().execute(query).first()
