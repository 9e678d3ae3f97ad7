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

from sqlalchemy import Connection, Dialect, Executable
from sqlmodel import Session

from connector.store.driver import Bare, changed, fetched
from connector.store.lent import driver_of

_Turn = Callable[[Any], Any] | None


Reader = Session | Connection
Askable = Reader | Bare


class Prepared:
    """A select or a change whose parameters are all named by `bindparam`; one for the whole life of a process."""

    def __init__(self, statement: Executable) -> None:
        self._statement = statement
        self._ready: dict[str, Ready] = {}  # by the dialect's name

    def all(self, reader: Askable, **values: Any) -> Sequence[Any]:
        """Return all rows, as plain tuples."""
        driver = driver_of(reader)
        ready = self._ready_for(driver.dialect)
        return ready.read(fetched(driver, ready.text, ready.bound(values)))

    def first(self, reader: Askable, **values: Any) -> Any:
        """Return the first row as a plain tuple, or None."""
        rows = self.all(reader, **values)
        return rows[0] if rows else None

    def change(self, session: Session, **values: Any) -> int:
        """Execute a change and return how many rows it met."""
        driver = driver_of(session)
        ready = self._ready_for(driver.dialect)
        return changed(driver, ready.text, ready.bound(values))

    def _ready_for(self, dialect: Dialect) -> Ready:
        ready = self._ready.get(dialect.name)
        if ready is None:
            ready = self._ready[dialect.name] = ready_of(self._statement, dialect)
        return ready


@dataclass(frozen=True)
class Ready:
    """A statement in the driver's own words."""

    text: str
    names: tuple[str, ...]  # of the parameters, in the driver's order
    fixed: Mapping[str, Any]  # values that stand in the statement itself
    lists: tuple[str, ...]  # parameters whose values go in one by one: name_1, name_2 ...
    binders: Mapping[str, Callable[[Any], Any]]  # what turns a parameter into the driver's value
    readers: tuple[tuple[int, Callable[[Any], Any]], ...]  # what turns a column's values back
    is_positional: bool

    def bound(self, values: Mapping[str, Any]) -> Any:
        """Return the parameters as the driver takes them."""
        given = {**self.fixed, **values}
        for name in self.lists:
            binder = self.binders.get(name)
            each = given.pop(name) if binder is None else map(binder, given.pop(name))
            given.update((f"{name}_{place}", value) for place, value in enumerate(each, 1))
        for name, binder in self.binders.items():
            if name in given:
                given[name] = binder(given[name])
        return [given[name] for name in self.names] if self.is_positional else given

    def read(self, rows: Sequence[Any]) -> Sequence[Any]:
        """Return the driver's rows with each column's values as its type gives them."""
        if not self.readers or not rows:
            return rows
        columns = list(zip(*rows, strict=True))  # column by column: a quarter of what it costs row by row
        for place, reader in self.readers:
            columns[place] = tuple(map(reader, columns[place]))
        return list(zip(*columns, strict=True))


def ready_of(statement: Any, dialect: Dialect, sample: Mapping[str, Any] | None = None) -> Ready:
    """Compile a statement. With a `sample` of its values, lists are as long in it as they are there."""
    if sample is None:
        compiled = statement.compile(dialect=dialect)
        if compiled.post_compile_params:
            raise ValueError("a list is written into the text anew at every execution: such a query cannot stand ready")
    else:
        compiled = statement.params(sample).compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
    binds = {name: bind for bind, name in compiled.bind_names.items()}
    binders = {name: _turn(bind.type, dialect, "bind_processor") for name, bind in binds.items()}
    columns = statement.selected_columns if statement.is_select else ()
    readers = ((place, _turn(column.type, dialect, "result_processor")) for place, column in enumerate(columns))
    return Ready(
        text=str(compiled),
        names=tuple(compiled.positiontup or ()),
        fixed={name: bind.effective_value for name, bind in binds.items() if not bind.required},
        lists=tuple(compiled.bind_names[bind] for bind in compiled.post_compile_params),
        binders={name: binder for name, binder in binders.items() if binder is not None},
        readers=tuple((place, reader) for place, reader in readers if reader is not None),
        is_positional=bool(compiled.positional),
    )


def _turn(kind: Any, dialect: Dialect, which: str) -> _Turn:
    own = kind.dialect_impl(dialect)
    turn: _Turn = own.bind_processor(dialect) if which == "bind_processor" else own.result_processor(dialect, None)
    return turn
