"""What a query that is built once finds: the driver's rows, made what it asks for without delay.

SQLAlchemy's loading gives each object to its session, so that changes would be written; where nothing is written, that
is two thirds of what a query costs. Here the same rows become the same objects, that belong to no session. Knows no
table. Laws: the values are those that SQLAlchemy would have given, through the types of their columns; nothing here is
handed to a session that writes as one of its objects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.exc import MultipleResultsFound, NoResultFound
from sqlalchemy.orm import InstanceState, Mapper
from sqlmodel.sql.expression import SelectOfScalar

from connector.store.driver import Driver, fetched
from connector.store.prepared import Ready, ready_of

LONGEST_KEPT = 1024  # values of a list; a text for a longer one is written for it alone


class Found:
    """Rows that were found, with the few ways of a result in which they are taken."""

    __slots__ = ("_rows",)

    def __init__(self, rows: Sequence[Any]) -> None:
        self._rows = rows

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rows)

    def all(self) -> list[Any]:
        """Return all of them."""
        return list(self._rows)

    def first(self) -> Any:
        """Return the first, None where there is none."""
        return self._rows[0] if self._rows else None

    def one_or_none(self) -> Any:
        """Return the only one, None where there is none. Raises MultipleResultsFound."""
        if len(self._rows) > 1:
            raise MultipleResultsFound("Multiple rows were found when one or none was required")
        return self.first()

    def one(self) -> Any:
        """Return the only one. Raises NoResultFound, MultipleResultsFound."""
        if not self._rows:
            raise NoResultFound("No row was found when one was required")
        return self.one_or_none()


class Finder:
    """One select, in the driver's words for each dialect and each length of its lists."""

    def __init__(self, statement: Any) -> None:
        self._statement = statement
        self._ready: dict[Any, Ready] = {}

    def ask(self, driver: Driver, values: Mapping[str, Any]) -> Found:
        """Return what is found. Raises DBAPIError."""
        given = {name: _padded(value) if isinstance(value, list) else value for name, value in values.items()}
        ready = self._ready_for(driver, given)
        rows = fetched(driver, ready.text, ready.bound(given))
        return Found(self._plan.made(ready.read(rows)) if rows else ())

    def _ready_for(self, driver: Driver, given: Mapping[str, Any]) -> Ready:
        lengths = [len(value) for value in given.values() if isinstance(value, list)]
        key = (driver.dialect.name, *lengths)
        ready = self._ready.get(key)
        if ready is None:
            ready = ready_of(self._plan.core, driver.dialect, given)
            if max(lengths, default=0) <= LONGEST_KEPT:
                self._ready[key] = ready
        return ready

    @property
    def makes_objects(self) -> bool:
        """Tell whether it finds objects of a table: those of a session that writes are the session's own."""
        return self._plan.makes_objects

    @cached_property
    def _plan(self) -> _Plan:
        return _Plan(self._statement)


def _padded(values: list[Any]) -> list[Any]:
    """Lengthen a list by its last value to the next power of two: the same question in one of few lengths."""
    if not 0 < len(values) <= LONGEST_KEPT:
        return values
    return values + values[-1:] * ((1 << (len(values) - 1).bit_length()) - len(values))


class _Plan:
    """How the rows of a select become what it asks for: objects, columns, or tuples of both."""

    def __init__(self, statement: Any) -> None:
        asked = [inspect(one["expr"], raiseerr=False) for one in statement.column_descriptions]
        self._parts: list[Callable[[Any], Any]] = []
        columns: list[Any] = []
        for one, described in zip(asked, statement.column_descriptions, strict=True):
            own = _columns_of(one) if isinstance(one, Mapper) else [described["expr"]]
            place = slice(len(columns), len(columns) + len(own))
            self._parts.append(_Maker(one, place) if isinstance(one, Mapper) else _column(place.start))
            columns += own
        self.core = statement.with_only_columns(*columns, maintain_column_froms=True)
        self.makes_objects = any(isinstance(one, Mapper) for one in asked)
        self._is_one = isinstance(statement, SelectOfScalar)

    def made(self, rows: Sequence[Any]) -> Sequence[Any]:
        """Make of each row what the select asks for."""
        if self._is_one:
            [part] = self._parts
            return [part(row) for row in rows]
        return [tuple([part(row) for part in self._parts]) for row in rows]


def _column(place: int) -> Callable[[Any], Any]:
    return lambda row: row[place]


def _columns_of(mapper: Mapper[Any]) -> list[Any]:
    return [one.columns[0] for one in mapper.column_attrs]


@dataclass(frozen=True)
class _Maker:
    """Makes objects of one table, that belong to no session, as a session leaves them behind when it ends."""

    mapper: Mapper[Any]
    place: slice

    def __call__(self, row: Any) -> Any:
        mine = row[self.place]
        made = self._new()
        made.__dict__.update(zip(self._names, mine, strict=True))
        state: InstanceState[Any] = made._sa_instance_state
        state.key = self.mapper.identity_key_from_primary_key(tuple([mine[place] for place in self._key]))
        return made

    @cached_property
    def _new(self) -> Callable[[], Any]:
        return self.mapper.class_manager.new_instance

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(one.key for one in self.mapper.column_attrs)

    @cached_property
    def _key(self) -> tuple[int, ...]:
        columns = _columns_of(self.mapper)
        return tuple(columns.index(one) for one in self.mapper.primary_key)
