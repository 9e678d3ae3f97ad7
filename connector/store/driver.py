"""What is said to the driver itself, and its refusals as SQLAlchemy tells them.

Whoever asks waits for SQLAlchemy's errors, whichever way a statement went. Knows no table and no session. Law: a cursor
is closed where it was opened.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Dialect, PoolProxiedConnection
from sqlalchemy.exc import DBAPIError


@dataclass(frozen=True, slots=True)
class Bare:
    """A driver's own connection, with the dialect that says how to speak to it."""

    dialect: Dialect
    connection: PoolProxiedConnection


Driver = Connection | Bare


def fetched(driver: Driver, text: str, given: Any) -> Sequence[Any]:
    """Return the rows that the driver's own words find. Raises DBAPIError."""
    cursor = driver.connection.cursor()
    try:
        cursor.execute(text, given)
        return cursor.fetchall()
    except driver.dialect.loaded_dbapi.Error as error:
        raise refusal(driver.dialect, text, given, error) from error
    finally:
        cursor.close()


def changed(driver: Driver, text: str, given: Any, *, many: bool = False) -> int:
    """Execute a change, with one set of values or `many`; returns how many rows it met. Raises DBAPIError."""
    cursor = driver.connection.cursor()
    try:
        (cursor.executemany if many else cursor.execute)(text, given)
        return int(cursor.rowcount)
    except driver.dialect.loaded_dbapi.Error as error:
        raise refusal(driver.dialect, text, given, error) from error
    finally:
        cursor.close()


def refusal(dialect: Dialect, text: str, given: Any, error: BaseException) -> BaseException:
    """Return SQLAlchemy's error for what the driver refused: locked, full, taken ..."""
    return DBAPIError.instance(text, given, error, dialect.loaded_dbapi.Error, dialect=dialect)
