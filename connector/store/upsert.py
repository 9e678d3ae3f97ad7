"""The guarded bulk upsert: thousands of rows in one statement, and none written where nothing changed.

Works the same on SQLite and PostgreSQL through SQLAlchemy Core. Law: a row whose `unless_same` columns are the same is
not written at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Executable, Table, or_
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session


def upsert(
    session: Session,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    unless_same: Sequence[str],
) -> int:
    """Insert rows, or update those whose `unless_same` columns differ; returns how many were written.

    Rows are dictionaries with the same keys; conflicts are found by the table's primary key.
    """
    if not rows:
        return 0
    insert = (sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert)(table)
    keys = {column.name for column in table.primary_key}
    changes = {name: insert.excluded[name] for name in rows[0] if name not in keys}
    differs: ColumnElement[bool] = or_(*(table.c[name].is_distinct_from(insert.excluded[name]) for name in unless_same))
    statement = insert.on_conflict_do_update(index_elements=sorted(keys), set_=changes, where=differs)
    return _written(session, statement, rows)


def insert_ignoring(session: Session, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert rows that are not there yet, by any unique key; returns how many were new."""
    if not rows:
        return 0
    insert = (sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert)(table)
    return _written(session, insert.on_conflict_do_nothing(), rows)


def _written(session: Session, statement: Executable, rows: Sequence[Mapping[str, Any]]) -> int:
    # Without this option PostgreSQL's count is lost after an INSERT and reads -1, which is true where 0 is meant.
    kept = {"preserve_rowcount": True}
    return int(session.connection().execute(statement, list(rows), execution_options=kept).rowcount)
