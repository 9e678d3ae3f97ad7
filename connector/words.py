"""Words for people: money, dates and counts as they are said in a locale, used by pages, mails and papers alike.

Knows no page. Laws: the same amount and the same day read the same wherever they stand; the house's own locale takes a
short way that gives letter for letter what Babel gives (Babel's own costs twenty times as much).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time
from babel.numbers import NumberPattern, get_currency_name, parse_pattern

from connector.ledger.money import Money, digits_of

LOCALE = "en_US"
_MINUS = "\N{MINUS SIGN}"
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def money_text(amount: Money, *, locale: str = LOCALE) -> str:
    """Return an amount with its currency sign: $1,620.00, −$30.00."""
    if locale != LOCALE:
        return money_by_babel(amount, locale)
    sign = _MINUS if amount.minor < 0 else ""
    return sign + _sign_of(amount.currency) + _plain(abs(amount.minor), digits_of(amount.currency))


def figure(amount: Money, *, locale: str = LOCALE, signed: bool = False) -> str:
    """Return an amount without its currency, for columns that name it once: 1,620.00."""
    plus = "+" if signed and amount.minor > 0 else ""
    if locale != LOCALE:
        return plus + figure_by_babel(amount, locale)
    sign = _MINUS if amount.minor < 0 else plus
    return sign + _plain(abs(amount.minor), digits_of(amount.currency))


def minor_figure(minor: int, currency: str) -> str:
    """Return an amount given in minor units without its currency: for long lists that hold no `Money`."""
    return (_MINUS if minor < 0 else "") + _plain(abs(minor), digits_of(currency))


def _plain(minor: int, digits: int) -> str:
    if digits == 0:
        return f"{minor:,}"
    whole, part = divmod(minor, 10**digits)
    return f"{whole:,}.{part:0{digits}}"


@lru_cache(maxsize=200)
def _sign_of(currency: str) -> str:
    """Return what stands before an amount in the house's locale, as Babel writes it: $, CA$, CHF."""
    return money_by_babel(Money(0, currency), LOCALE).partition("0")[0]


def money_by_babel(amount: Money, locale: str) -> str:
    """Return an amount with its sign by Babel's own patterns, in any locale."""
    pattern = _pattern(locale, "currency", digits_of(amount.currency))
    text = str(pattern.apply(amount.decimal(), locale, currency=amount.currency, currency_digits=False))
    return text.replace("-", _MINUS)


def figure_by_babel(amount: Money, locale: str) -> str:
    """Return an amount without its sign by Babel's own patterns, in any locale."""
    text = str(_pattern(locale, "decimal", digits_of(amount.currency)).apply(amount.decimal(), locale))
    return text.replace("-", _MINUS)


@lru_cache(maxsize=200)
def _pattern(locale: str, style: str, digits: int) -> NumberPattern:
    known = Locale.parse(locale)
    # The digits are the ledger's, not Babel's: where the two differ, Babel would round money away.
    own = known.currency_formats["standard"] if style == "currency" else known.decimal_formats[None]
    pattern = parse_pattern(own.pattern)
    pattern.frac_prec = (digits, digits)
    return pattern


def currency_name(currency: str, *, locale: str = LOCALE) -> str:
    """Return a currency's name, as several of it are called: US dollars."""
    return get_currency_name(currency, count=2, locale=locale)


def quantity(number: Decimal) -> str:
    """Return a number of pieces, hours or square feet without idle zeros: 50, 1,250.5."""
    text = f"{number.normalize():,f}"
    return text.replace("-", _MINUS)


def day_text(day: date, *, locale: str = LOCALE, weekday: bool = False, this_year: int | None = None) -> str:
    """Return a day as people say it: 2 October, Tuesday 1 December, 2 October 2025 outside this year."""
    with_year = this_year not in (None, day.year)
    if locale == LOCALE:
        name = f"{_WEEKDAYS[day.weekday()]} " if weekday else ""
        return f"{name}{day.day} {_MONTHS[day.month - 1]}" + (f" {day.year}" if with_year else "")
    return day_by_babel(day, locale, weekday=weekday, with_year=with_year)


def day_by_babel(day: date, locale: str, *, weekday: bool, with_year: bool) -> str:
    """Return a day by Babel's own names, in any locale."""
    pattern = ("EEEE " if weekday else "") + "d MMMM" + (" y" if with_year else "")
    return str(format_date(day, pattern, locale=locale))


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def clock_text(instant: datetime, zone: str, *, locale: str = LOCALE) -> str:
    """Return the time of day in a zone: 14:02."""
    local = instant.astimezone(_zone(zone))
    if locale == LOCALE:
        return f"{local.hour:02}:{local.minute:02}"
    return str(format_time(local, "HH:mm", locale=locale))


def exact_text(instant: datetime, zone: str) -> str:
    """Return an instant in full, for the hover: Sunday 22 November 2026, 14:02:31 PST."""
    local = instant.astimezone(_zone(zone))
    return f"{day_text(local.date(), weekday=True)} {local.year}, {local:%H:%M:%S %Z}"


def in_days(day: date, today: date) -> str:
    """Return how far away a day is: today, tomorrow, in 9 days, 3 days ago."""
    days = (day - today).days
    if days in (-1, 0, 1):
        return ("yesterday", "today", "tomorrow")[days + 1]
    return f"in {days} days" if days > 0 else f"{-days} days ago"


def due_text(day: date | None, today: date) -> str:
    """Return when an invoice is due, with how far away that is: Due Tuesday 1 December, in 9 days."""
    if day is None:
        return "Due on receipt"
    if day == today:
        return "Due today"
    said = day_text(day, weekday=abs((day - today).days) < 60, this_year=today.year)
    return f"{'Due' if day > today else 'Was due'} {said}, {in_days(day, today)}"


def ago(instant: datetime, now: datetime) -> str:
    """Return how long ago something was: just now, 40 seconds ago, 3 minutes ago, 2 hours ago, 5 days ago."""
    seconds = int((now - instant).total_seconds())
    if seconds < 5:
        return "just now"
    for size, name in ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= size:
            return f"{count(seconds // size, name)} ago"
    raise AssertionError("a number of seconds from five up has a unit")


def on_day(day: date, today: date) -> str:
    """Return a day near today by its name and any other by its date: today, yesterday, 20 November."""
    return in_days(day, today) if abs((day - today).days) <= 1 else day_text(day, this_year=today.year)


def count(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun: 1 invoice, 3 invoices."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listing(items: Sequence[str]) -> str:
    """Return a list as it is said: 1068, or 1068 and 1071, or 1068, 1071 and 1080."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def initials(name: str) -> str:
    """Return one or two letters that stand for a name: HT for Harbor Tile Co."""
    words = [word for word in name.replace("&", " ").split() if word[0].isalnum()]
    letters = "".join(word[0] for word in words[:2]) or name[:1]
    return letters.upper()


_FORMS = (" co.", " co", " inc.", " inc", " llc", " ltd.", " ltd", " corp.", " corp", " company", " gmbh")


def short_name(company: str) -> str:
    """Return a company's name without its legal form: Harbor Tile for Harbor Tile Co."""
    name = company.strip()
    for form in _FORMS:
        if name.lower().endswith(form) and len(name) > len(form):
            return name[: -len(form)].rstrip(" ,")
    return name


def possessive(company: str) -> str:
    """Return whose something is, by the short name: Harbor Tile's, Mesa Supplies'."""
    name = short_name(company)
    return name + ("\N{RIGHT SINGLE QUOTATION MARK}" if name.endswith("s") else "\N{RIGHT SINGLE QUOTATION MARK}s")
