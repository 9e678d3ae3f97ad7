"""Days as Stripe counts them here: UTC, Monday to Friday (bank holidays are left out; decided by us)."""

from __future__ import annotations

from datetime import UTC, datetime

DAY = 86_400
_FRIDAY = 4


def day_start(seconds: float) -> int:
    """Return the midnight (UTC) that began the day of an instant, in seconds since the epoch."""
    return int(seconds) // DAY * DAY


def is_business_day(seconds: float) -> bool:
    """Tell whether banks work on the day of an instant."""
    return datetime.fromtimestamp(seconds, UTC).weekday() <= _FRIDAY


def business_days_later(seconds: float, days: int) -> int:
    """Return the instant that many business days later, at the same time of day."""
    at = int(seconds)
    while days > 0:
        at += DAY
        days -= is_business_day(at)
    return at


def next_business_day(seconds: float) -> int:
    """Return the midnight that begins the first business day after the day of an instant."""
    return day_start(business_days_later(day_start(seconds), 1))


def iso_day(seconds: float) -> str:
    """Return the UTC date of an instant as YYYY-MM-DD."""
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()
