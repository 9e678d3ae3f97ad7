"""Statements that are built once, compiled once for each kind of database, and then handed to the driver itself.

Building a query anew and having it looked up costs several times what the database takes over a small one; the few that
every request and every turn ask stand ready instead. Knows no table. Laws: what is put into a statement travels as its
parameters, through the types of its columns, both ways; a session's unsaved changes are written before it is asked; a
row that a session holds as an object is not changed behind its back by one of these.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Dialect, Executable, PoolProxiedConnection
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

_Turn = Callable[[Any], Any] | None


@dataclass(frozen=True, slots=True)
class Bare:
    """A driver's connection without a transaction: each statement that is asked of it stands by itself."""

    dialect: Dialect
    connection: PoolProxiedConnection


Reader = Session | Connection
Askable = Reader | Bare


class Prepared:
    """A select or a change whose parameters are all named by `bindparam`; one for the whole life of a process."""

    def __init__(self, statement: Executable) -> None:
        self._statement = statement
        self._ready: dict[str, _Ready] = {}  # by the dialect's name

    def all(self, reader: Askable, **values: Any) -> Sequence[Any]:
        """Return all rows, as plain tuples."""
        cursor, ready = self._executed(reader, values)
        try:
            rows = cursor.fetchall()
        finally:
            cursor.close()
        return ready.read(rows)

    def first(self, reader: Askable, **values: Any) -> Any:
        """Return the first row as a plain tuple, or None."""
        rows = self.all(reader, **values)
        return rows[0] if rows else None

    def change(self, session: Session, **values: Any) -> int:
        """Execute a change and return how many rows it met."""
        cursor, _ = self._executed(session, values)
        met = int(cursor.rowcount)
        cursor.close()
        return met

    def _executed(self, reader: Askable, values: Mapping[str, Any]) -> tuple[Any, _Ready]:
        if isinstance(reader, Session):
            if reader.autoflush:
                reader.flush()
            reader = reader.connection()
        dialect = reader.dialect
        ready = self._ready.get(dialect.name) or self._prepare(dialect)
        cursor = reader.connection.cursor()
        given = ready.bound(values)
        try:
            cursor.execute(ready.text, given)
        except dialect.loaded_dbapi.Error as error:  # whoever asks waits for SQLAlchemy's errors, as from any query
            cursor.close()
            raise DBAPIError.instance(ready.text, given, error, dialect.loaded_dbapi.Error, dialect=dialect) from error
        return cursor, ready

    def _prepare(self, dialect: Dialect) -> _Ready:
        ready = self._ready[dialect.name] = _ready(self._statement, dialect)
        return ready


@dataclass(frozen=True)
class _Ready:
    """A statement in the driver's own words."""

    text: str
    names: tuple[str, ...]  # of the parameters, in the driver's order
    fixed: Mapping[str, Any]  # values that stand in the statement itself
    binders: Mapping[str, Callable[[Any], Any]]  # what turns a parameter into the driver's value
    readers: tuple[tuple[int, Callable[[Any], Any]], ...]  # what turns a column's values back
    is_positional: bool

    def bound(self, values: Mapping[str, Any]) -> Any:
        given = {**self.fixed, **values}
        for name, binder in self.binders.items():
            given[name] = binder(given[name])
        return [given[name] for name in self.names] if self.is_positional else given

    def read(self, rows: Sequence[Any]) -> Sequence[Any]:
        if not self.readers or not rows:
            return rows
        columns = list(zip(*rows, strict=True))  # column by column: a quarter of what it costs row by row
        for place, reader in self.readers:
            columns[place] = tuple(map(reader, columns[place]))
        return list(zip(*columns, strict=True))


def _ready(statement: Any, dialect: Dialect) -> _Ready:
    compiled = statement.compile(dialect=dialect)
    if compiled.post_compile_params:
        raise ValueError("a list is written into the text anew at every execution: such a query cannot stand ready")
    binds = {name: bind for bind, name in compiled.bind_names.items()}
    binders = {name: _turn(bind.type, dialect, "bind_processor") for name, bind in binds.items()}
    columns = statement.selected_columns if statement.is_select else ()
    readers = ((place, _turn(column.type, dialect, "result_processor")) for place, column in enumerate(columns))
    return _Ready(
        text=str(compiled),
        names=tuple(compiled.positiontup or binds),
        fixed={name: bind.effective_value for name, bind in binds.items() if not bind.required},
        binders={name: binder for name, binder in binders.items() if binder is not None},
        readers=tuple((place, reader) for place, reader in readers if reader is not None),
        is_positional=bool(compiled.positional),
    )


def _turn(kind: Any, dialect: Dialect, which: str) -> _Turn:
    own = kind.dialect_impl(dialect)
    turn: _Turn = own.bind_processor(dialect) if which == "bind_processor" else own.result_processor(dialect, None)
    return turn
