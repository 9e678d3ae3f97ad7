"""Words for people: money, dates and counts as they are said in a locale, used by pages, mails and papers alike.

Knows no page. Law: the same amount and the same day read the same wherever they stand.
"""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from babel.numbers import format_currency, format_decimal

from connector.ledger.money import Money, digits_of

LOCALE = "en_US"
_MINUS = "\N{MINUS SIGN}"


def money_text(amount: Money, *, locale: str = LOCALE) -> str:
    """Return an amount with its currency sign: $1,620.00, −$30.00."""
    return format_currency(amount.decimal(), amount.currency, locale=locale).replace("-", _MINUS)


def figure(amount: Money, *, locale: str = LOCALE, signed: bool = False) -> str:
    """Return an amount without its currency, for columns that name it once: 1,620.00."""
    places = "0" * digits_of(amount.currency)
    text = format_decimal(amount.decimal(), format=f"#,##0.{places}" if places else "#,##0", locale=locale)
    return ("+" if signed and amount.minor > 0 else "") + text.replace("-", _MINUS)


def day_text(day: date, *, locale: str = LOCALE, weekday: bool = False, this_year: int | None = None) -> str:
    """Return a day as people say it: 2 October, Tuesday 1 December, 2 October 2025 outside this year."""
    pattern = "d MMMM" if this_year in (None, day.year) else "d MMMM y"
    return str(format_date(day, ("EEEE " if weekday else "") + pattern, locale=locale))


def clock_text(instant: datetime, zone: str, *, locale: str = LOCALE) -> str:
    """Return the time of day in a zone: 14:02."""
    return str(format_time(instant.astimezone(ZoneInfo(zone)), "HH:mm", locale=locale))


def in_days(day: date, today: date) -> str:
    """Return how far away a day is: today, tomorrow, in 9 days, 3 days ago."""
    days = (day - today).days
    if days in (-1, 0, 1):
        return ("yesterday", "today", "tomorrow")[days + 1]
    return f"in {days} days" if days > 0 else f"{-days} days ago"


def count(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun: 1 invoice, 3 invoices."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
