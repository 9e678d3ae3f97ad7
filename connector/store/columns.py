"""Column kinds shared by all tables: aware instants, minor units, long text.

Law: an instant is stored in UTC and comes back aware on both databases; money is a BIGINT of minor units, never NUMERIC
(SQLite would turn it into a float without a word).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field


class Instant(TypeDecorator[datetime]):
    """An aware datetime in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive instants; store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant without a zone has no meaning")
        value = value if value.tzinfo is UTC else value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back an aware instant."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def instant(**options: Any) -> Any:
    """Declare a required instant."""
    return Field(sa_type=Instant, **options)


def maybe_instant(**options: Any) -> Any:
    """Declare an instant that may be absent."""
    return Field(default=None, sa_type=Instant, nullable=True, **options)


def minor(default: int = 0, **options: Any) -> Any:
    """Declare an amount in minor units; its currency stands beside it."""
    return Field(default=default, sa_type=BigInteger, **options)


def maybe_minor(**options: Any) -> Any:
    """Declare an amount in minor units that may not be known."""
    return Field(default=None, sa_type=BigInteger, nullable=True, **options)


def text(default: str = "", **options: Any) -> Any:
    """Declare text of any length."""
    return Field(default=default, sa_type=Text, **options)
