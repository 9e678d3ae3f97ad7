"""Rows written by statements that stand ready: inserts, and the bulk upsert that writes none where nothing changed.

The same on SQLite and PostgreSQL: SQLAlchemy writes the statement once, the driver takes the rows. Law: a row whose
`unless_same` columns are the same is not written at all.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any, Literal

from sqlalchemy import ColumnElement, Dialect, Table, or_
from sqlmodel import Session, SQLModel

from connector.store.driver import changed
from connector.store.lent import driver_of

Rows = Sequence[Mapping[str, Any]]
# What becomes of a row that is there: updated unless these columns are the same, left alone, or an error.
_Conflict = tuple[str, ...] | Literal["ignored", "raised"]


def upsert(session: Session, table: Table, rows: Rows, *, unless_same: Sequence[str]) -> int:
    """Insert rows, or update those whose `unless_same` columns differ; returns how many were written.

    Rows are dictionaries with the same keys; conflicts are found by the table's primary key.
    """
    return _write(session, table, rows, tuple(unless_same))


def insert_ignoring(session: Session, table: Table, rows: Rows) -> int:
    """Insert rows that are not there yet, by any unique key; returns how many were new."""
    return _write(session, table, rows, "ignored")


def insert(session: Session, model: type[SQLModel], rows: Rows) -> None:
    """Insert rows with the same keys that nobody wants as objects. Raises IntegrityError for one that is there."""
    table: Table = model.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
    _write(session, table, rows, "raised")


def new_row(model: type[SQLModel], **given: Any) -> dict[str, Any]:
    """Return all values of a new row, with the model's defaults: making an object of it costs twenty times as much.

    Raises TypeError for a column that the model does not have, or needs and is not given.
    """
    defaults, needed = _defaults(model)
    row = {**defaults, **given}
    if len(row) != len(defaults) + len(needed) or not given.keys() >= needed:
        unknown, missing = sorted(given.keys() - defaults.keys() - needed), sorted(needed - given.keys())
        raise TypeError(f"a row of {model.__name__}: unknown {unknown}, missing {missing}")
    return row


@lru_cache(maxsize=128)
def _defaults(model: type[SQLModel]) -> tuple[Mapping[str, Any], Set[str]]:
    """Return the values of what may be left out, and the names of what may not."""
    fields = model.model_fields
    needed = frozenset(name for name, field in fields.items() if field.is_required())
    return {name: field.get_default() for name, field in fields.items() if name not in needed}, needed


def _write(session: Session, table: Table, rows: Rows, conflict: _Conflict) -> int:
    if not rows:
        return 0
    driver = driver_of(session)
    which = (table, tuple(rows[0]), conflict, driver.dialect.name)  # by name: each engine has a dialect of its own
    prepared = _ready.get(which)
    if prepared is None:
        prepared = _ready[which] = _prepared(*which[:3], driver.dialect)
    return changed(driver, prepared.sql, prepared.bound(rows), many=True)


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


_ready: dict[tuple[Table, tuple[str, ...], _Conflict, str], _Prepared] = {}


def _prepared(table: Table, names: tuple[str, ...], conflict: _Conflict, dialect: Dialect) -> _Prepared:
    compiled = _statement(table, names, conflict, dialect).compile(dialect=dialect, column_keys=names)
    binders = {name: table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names}
    return _Prepared(
        sql=str(compiled),
        names=tuple(compiled.positiontup or names),
        binders={name: binder for name, binder in binders.items() if binder is not None},
        is_positional=bool(compiled.positional),
    )


def _statement(table: Table, names: tuple[str, ...], conflict: _Conflict, dialect: Dialect) -> Any:
    """Return the insert that does with what is there as it is told."""
    # Named by the dialect: importing the other one would cost every start of a process for nothing.
    insert = importlib.import_module(f"sqlalchemy.dialects.{dialect.name}").insert(table).inline()
    if conflict == "raised":
        return insert
    if conflict == "ignored":
        return insert.on_conflict_do_nothing()
    keys = {column.name for column in table.primary_key}
    changes = {name: insert.excluded[name] for name in names if name not in keys}
    differs: ColumnElement[bool] = or_(*(table.c[name].is_distinct_from(insert.excluded[name]) for name in conflict))
    return insert.on_conflict_do_update(index_elements=sorted(keys), set_=changes, where=differs)
