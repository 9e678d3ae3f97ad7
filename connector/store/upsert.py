"""The guarded bulk upsert: thousands of rows in one statement, and none written where nothing changed.

The same on SQLite and PostgreSQL: SQLAlchemy writes the statement once, the driver takes the rows. Law: a row whose
`unless_same` columns are the same is not written at all.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Dialect, Table, or_
from sqlmodel import Session

from connector.store.prepared import driver_of, executed

Rows = Sequence[Mapping[str, Any]]


def upsert(session: Session, table: Table, rows: Rows, *, unless_same: Sequence[str]) -> int:
    """Insert rows, or update those whose `unless_same` columns differ; returns how many were written.

    Rows are dictionaries with the same keys; conflicts are found by the table's primary key.
    """
    return _write(session, table, rows, tuple(unless_same))


def insert_ignoring(session: Session, table: Table, rows: Rows) -> int:
    """Insert rows that are not there yet, by any unique key; returns how many were new."""
    return _write(session, table, rows, _IGNORING)


def insert(session: Session, table: Table, rows: Rows) -> int:
    """Insert rows that must not be there yet; returns how many. Raises IntegrityError for a key that is taken."""
    return _write(session, table, rows, None)


_IGNORING: tuple[str, ...] = ()  # no column makes it worth a write


def _write(session: Session, table: Table, rows: Rows, unless_same: tuple[str, ...] | None) -> int:
    if not rows:
        return 0
    driver = driver_of(session)
    prepared = _prepared(table, tuple(rows[0]), unless_same, driver.dialect)
    cursor = executed(driver, prepared.sql, prepared.bound(rows), many=True)
    written = int(cursor.rowcount)
    cursor.close()
    return written


@dataclass(frozen=True)
class _Prepared:
    """A statement in the driver's own words, with the columns in the order it takes them."""

    sql: str
    names: tuple[str, ...]
    binders: Mapping[str, Callable[[Any], Any]]  # what turns a column's values into the driver's
    is_positional: bool

    def bound(self, rows: Rows) -> list[Any]:
        """Return the rows as the driver takes them; column by column, because that is what costs nothing."""
        columns = [self._column(name, rows) for name in self.names]
        if self.is_positional:
            return list(zip(*columns, strict=True))
        return [dict(zip(self.names, values, strict=True)) for values in zip(*columns, strict=True)]

    def _column(self, name: str, rows: Rows) -> Any:
        values = map(itemgetter(name), rows)
        binder = self.binders.get(name)
        return values if binder is None else map(binder, values)


@lru_cache(maxsize=128)
def _prepared(table: Table, names: tuple[str, ...], unless_same: tuple[str, ...] | None, dialect: Dialect) -> _Prepared:
    compiled = _statement(table, names, unless_same, dialect).compile(dialect=dialect, column_keys=names)
    binders = {name: table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names}
    return _Prepared(
        sql=str(compiled),
        names=tuple(compiled.positiontup or names),
        binders={name: binder for name, binder in binders.items() if binder is not None},
        is_positional=bool(compiled.positional),
    )


def _statement(table: Table, names: tuple[str, ...], unless_same: tuple[str, ...] | None, dialect: Dialect) -> Any:
    """Return the insert that ignores what is there, or with `unless_same` updates it where it differs.

    Without it (None) what is there is an error.
    """
    # Named by the dialect: importing the other one would cost every start of a process for nothing.
    plain = importlib.import_module(f"sqlalchemy.dialects.{dialect.name}").insert(table).inline()
    if unless_same is None:
        return plain
    if not unless_same:
        return plain.on_conflict_do_nothing()
    keys = {column.name for column in table.primary_key}
    changes = {name: plain.excluded[name] for name in names if name not in keys}
    differs: ColumnElement[bool] = or_(*(table.c[name].is_distinct_from(plain.excluded[name]) for name in unless_same))
    return plain.on_conflict_do_update(index_elements=sorted(keys), set_=changes, where=differs)
