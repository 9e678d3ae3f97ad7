"""Queries that are built once and asked with other values each time, of a session.

To build a query anew and have it looked up takes longer than all else about a small one. A function is written as if it
built its query for the values it is given; `built` calls it once, with parameters in their places. Knows no table.
Laws: a value travels as a parameter and never decides what the query says, so none of them may be None, which SQL
compares otherwise, and none may be asked what it is while the query is built.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection
from datetime import date
from functools import cache, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, TypeVarTuple, overload

from sqlalchemy import ScalarResult, bindparam
from sqlalchemy.engine.result import TupleResult
from sqlmodel import Session
from sqlmodel.sql.expression import Select, SelectOfScalar

from connector.store.found import Finder
from connector.store.lent import Lent, driver_of

P = ParamSpec("P")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")


@overload
def built(build: Callable[P, SelectOfScalar[T]]) -> Callable[Concatenate[Session, P], ScalarResult[T]]: ...


@overload
def built(build: Callable[P, Select[*Ts]]) -> Callable[Concatenate[Session, P], TupleResult[tuple[*Ts]]]: ...


def built(build: Callable[..., Any]) -> Callable[..., Any]:
    """Make of a function that builds a select one that asks it of a session, with the function's own arguments.

    A collection among them is a list of values for `in_`. What a session finds that only reads belongs to nobody;
    the objects of one that writes are its own. Raises TypeError for a value that is None.
    """
    return _asking(build, lets_go=False)


@overload
def built_loose(build: Callable[P, SelectOfScalar[T]]) -> Callable[Concatenate[Session, P], ScalarResult[T]]: ...


@overload
def built_loose(build: Callable[P, Select[*Ts]]) -> Callable[Concatenate[Session, P], TupleResult[tuple[*Ts]]]: ...


def built_loose(build: Callable[..., Any]) -> Callable[..., Any]:
    """Make what `built` makes, for objects that belong to nobody in a session that writes as well.

    What is changed in them is not written, unless a statement of its own does, or the session takes them by `add`.
    """
    return _asking(build, lets_go=True)


def _asking(build: Callable[..., Any], *, lets_go: bool) -> Callable[..., Any]:
    names = tuple(inspect.signature(build).parameters)

    @cache
    def statement() -> Any:
        return build(*map(bindparam, names))

    @cache
    def finder() -> Finder:
        return Finder(statement())

    @wraps(build)
    def ask(session: Session, *given: Any, **named: Any) -> Any:
        asked = dict(zip(names, given, strict=False)) | named
        values = {name: _value(name, value) for name, value in asked.items()}
        if isinstance(session, Lent) and (lets_go or session.is_reading or not finder().makes_objects):
            return finder().ask(driver_of(session), values)
        return session.exec(statement(), params=values)

    return ask


def _value(name: str, value: Any) -> Any:
    if value is None:
        raise TypeError(f"{name} is None: a query for what is absent is another query")
    if isinstance(value, (str, bytes, int, date)) or not isinstance(value, Collection):
        return value
    return list(value)
