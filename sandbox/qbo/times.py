"""Instants and days as QuickBooks writes them: Pacific offset, seconds in MetaData, milliseconds in the envelope."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.qbo.refusals import Refusal

PACIFIC = ZoneInfo("America/Los_Angeles")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@lru_cache(maxsize=4096)
def _stamp(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, PACIFIC).isoformat()


def stamp(seconds: float) -> str:
    """Write an instant for MetaData: `2026-11-22T09:15:04-08:00`."""
    return _stamp(int(seconds))


def envelope_time(seconds: float) -> str:
    """Write an instant for the `time` of an answer: with milliseconds."""
    return datetime.fromtimestamp(seconds, PACIFIC).isoformat(timespec="milliseconds")


def server_day(seconds: float) -> str:
    """Return the server's date, which a transaction without a date gets."""
    return _stamp(int(seconds))[:10]


def read_day(value: Any, field: str) -> str:
    """Read a plain date, cutting a time of day off. Raises the fault 2010 (its real code is not known)."""
    text = str(value)[:10]
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text).isoformat()
    except ValueError:
        pass
    raise Refusal(
        "2010", "Request has invalid or unsupported property", f"Invalid date in {field}: {value}", element=field
    )


def read_instant(text: str) -> float:
    """Read a query's or CDC's instant into epoch seconds; without an offset it is Pacific. Raises ValueError."""
    moment = datetime.fromisoformat(text.strip())
    return moment.replace(tzinfo=moment.tzinfo or PACIFIC).timestamp()


def utc_text(seconds: float) -> str:
    """Write an instant in UTC with milliseconds and a Z."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
