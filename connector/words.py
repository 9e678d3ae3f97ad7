"""Words for people: sentences, money, dates and counts in the language of whoever listens, alike wherever they stand.

Knows no page. Laws: where no locale is named, the one that is spoken here and now holds; what goes on record is said in
the house's own, whoever listens; the house's locale takes a short way that gives letter for letter what Babel gives
(Babel's own costs twenty times as much).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar, Token
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time
from babel.lists import format_list
from babel.numbers import NumberPattern, format_decimal, get_currency_name, get_decimal_symbol, get_group_symbol
from babel.numbers import parse_pattern as pattern_of

from connector.ledger.money import Money, digits_of
from connector.translations import LANGUAGES, SOURCE, catalog_of

LOCALE = "en_US"
# The locale of each language. Spanish is that of the United States: its figures are those of the company's own papers.
LOCALES = {SOURCE: LOCALE, "es": "es_US", "fr": "fr_FR", "de": "de_DE"}
assert LOCALES.keys() == LANGUAGES.keys()
_MINUS = "\N{MINUS SIGN}"
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_HEARD: ContextVar[str] = ContextVar("heard", default=LOCALE)  # by whoever listens
_SPOKEN: ContextVar[str] = ContextVar("spoken", default=LOCALE)  # here and now: theirs, or the house's on record


def spoken() -> str:
    """Return the locale that is spoken here and now: de_DE."""
    return _SPOKEN.get()


def language() -> str:
    """Return the language that is spoken here and now: de."""
    return spoken()[:2]


def tag() -> str:
    """Return the present language's tag as browsers and mail programs know it: en-US."""
    return spoken().replace("_", "-")


def direction() -> str:
    """Return which way the present language runs: ltr or rtl."""
    return _direction(spoken())


@lru_cache(maxsize=16)
def _direction(locale: str) -> str:
    return str(Locale.parse(locale).text_direction)


@contextmanager
def speaking(locale: str) -> Iterator[None]:
    """Speak a locale to whoever listens."""
    before = begin_speaking(locale)
    try:
        yield
    finally:
        end_speaking(before)


Before = tuple[Token[str], Token[str]]


def begin_speaking(locale: str) -> Before:
    """Speak a locale to whoever listens until `end_speaking`, for what begins and ends in two places."""
    return _HEARD.set(locale), _SPOKEN.set(locale)


def end_speaking(before: Before) -> None:
    """Speak again what was spoken before."""
    heard, at = before
    _SPOKEN.reset(at)
    _HEARD.reset(heard)


@contextmanager
def on_record() -> Iterator[None]:
    """Speak the house's own locale, whoever listens: for rows, and for what is sent to other services."""
    with _at(LOCALE):
        yield


@contextmanager
def aside() -> Iterator[None]:
    """Speak to whoever listens, in the midst of what goes on record: for a refusal."""
    with _at(_HEARD.get()):
        yield


@contextmanager
def _at(locale: str) -> Iterator[None]:
    before = _SPOKEN.set(locale)
    try:
        yield
    finally:
        _SPOKEN.reset(before)


def say(message: str, /, **names: object) -> str:
    """Return a sentence in the present language, with its named places filled."""
    sentence = known(message)
    return sentence.format(**names) if names else sentence


def say_many(one: str, many: str, number: int, /, **names: object) -> str:
    """Return the sentence that fits a number, which fills the place {number}."""
    return known_of_many(one, many, number).format(**{"number": number_text(number), **names})


def mark(message: str, /) -> str:
    """Mark a sentence for the catalogs and return it as it is, to be said later."""
    return message


def known(message: str, /) -> str:
    """Return a sentence in the present language where a catalog has it, with its places unfilled."""
    locale = spoken()
    return message if locale == LOCALE or not message else catalog_of(locale[:2]).gettext(message)


def known_of_many(one: str, many: str, number: int, /) -> str:
    """Return the sentence that fits a number, with its places unfilled."""
    locale = spoken()
    if locale == LOCALE:
        return one if number == 1 else many
    return catalog_of(locale[:2]).ngettext(one, many, number)


def number_text(number: int) -> str:
    """Return a whole number as it is written: 1,250."""
    locale = spoken()
    return f"{number:,}" if locale == LOCALE else str(format_decimal(number, locale=locale))


def signs_of(locale: str | None = None) -> tuple[str, str]:
    """Return what stands between a figure's groups and before its part: a comma and a point."""
    locale = locale or spoken()
    return (",", ".") if locale == LOCALE else (get_group_symbol(locale), get_decimal_symbol(locale))


# Our own locales write figures alike but for two signs, which Babel would look up for each of them.
_SHORT = {locale: {ord(","): signs_of(locale)[0], ord("."): signs_of(locale)[1]} for locale in LOCALES.values()}


def money_text(amount: Money, *, locale: str | None = None) -> str:
    """Return an amount with its currency sign: $1,620.00, −$30.00."""
    locale = locale or spoken()
    if locale != LOCALE:
        return money_by_babel(amount, locale)
    sign = _MINUS if amount.minor < 0 else ""
    return sign + _sign_of(amount.currency) + _plain(abs(amount.minor), digits_of(amount.currency))


def figure(amount: Money, *, locale: str | None = None, signed: bool = False) -> str:
    """Return an amount without its currency, for columns that name it once: 1,620.00."""
    locale = locale or spoken()
    plus = "+" if signed and amount.minor > 0 else ""
    if locale not in _SHORT:
        return plus + figure_by_babel(amount, locale)
    sign = _MINUS if amount.minor < 0 else plus
    return sign + _plain(abs(amount.minor), digits_of(amount.currency)).translate(_SHORT[locale])


def minor_figure(minor: int, currency: str, *, locale: str | None = None) -> str:
    """Return an amount given in minor units without its currency: for long lists that hold no `Money`."""
    locale, digits = locale or spoken(), digits_of(currency)
    if locale == LOCALE and digits == 2 and minor >= 0:  # nearly all of them
        return f"{minor // 100:,}.{minor % 100:02}"
    return figure(Money(minor, currency), locale=locale)


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
    pattern = pattern_of(own.pattern)
    pattern.frac_prec = (digits, digits)
    return pattern


def currency_name(currency: str, *, locale: str | None = None) -> str:
    """Return a currency's name, as several of it are called: US dollars."""
    return get_currency_name(currency, count=2, locale=locale or spoken())


def quantity(number: Decimal) -> str:
    """Return a number of pieces, hours or square feet without idle zeros: 50, 1,250.5."""
    locale, plain = spoken(), number.normalize()
    text = f"{plain:,f}" if locale == LOCALE else str(format_decimal(plain, "#,##0.##########", locale=locale))
    return text.replace("-", _MINUS)


def day_text(day: date, *, locale: str | None = None, weekday: bool = False, this_year: int | None = None) -> str:
    """Return a day as people say it: 2 October, Tuesday 1 December, 2 October 2025 outside this year."""
    locale, with_year = locale or spoken(), this_year not in (None, day.year)
    if locale == LOCALE:
        name = f"{_WEEKDAYS[day.weekday()]} " if weekday else ""
        return f"{name}{day.day} {_MONTHS[day.month - 1]}" + (f" {day.year}" if with_year else "")
    return day_by_babel(day, locale, weekday=weekday, with_year=with_year)


# A day, with its weekday, and what the year adds. Babel's own short forms leave the month's name out.
_DAYS = {
    "en": ("d MMMM", "EEEE d MMMM", " y"),
    "es": ("d 'de' MMMM", "EEEE d 'de' MMMM", " 'de' y"),
    "fr": ("d MMMM", "EEEE d MMMM", " y"),
    "de": ("d. MMMM", "EEEE, d. MMMM", " y"),
}


def day_by_babel(day: date, locale: str, *, weekday: bool, with_year: bool) -> str:
    """Return a day by Babel's own names, in any locale."""
    plain, named, year = _DAYS.get(locale[:2], _DAYS[SOURCE])
    pattern = (named if weekday else plain) + (year if with_year else "")
    if locale[:2] == "fr" and day.day == 1:
        pattern = pattern.replace("d ", "d'er' ", 1)  # le 1er décembre
    return str(format_date(day, pattern, locale=locale))


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def clock_text(instant: datetime, zone: str, *, locale: str | None = None, seconds: bool = False) -> str:
    """Return the time of day in a zone: 14:02, or 14:02:31."""
    locale, local = locale or spoken(), instant.astimezone(_zone(zone))
    if locale == LOCALE:
        return f"{local.hour:02}:{local.minute:02}" + (f":{local.second:02}" if seconds else "")
    return str(format_time(local, "HH:mm:ss" if seconds else "HH:mm", locale=locale))


def exact_text(instant: datetime, zone: str) -> str:
    """Return an instant in full, for the hover: Sunday 22 November 2026, 14:02:31 PST."""
    local = instant.astimezone(_zone(zone))
    return f"{day_text(local.date(), weekday=True, this_year=0)}, {local:%H:%M:%S %Z}"


def in_days(day: date, today: date) -> str:
    """Return how far away a day is: today, tomorrow, in 9 days, 3 days ago."""
    days = (day - today).days
    if days in (-1, 0, 1):
        return (say("yesterday"), say("today"), say("tomorrow"))[days + 1]
    if days > 0:
        return say_many("in {number} day", "in {number} days", days)
    return say_many("{number} day ago", "{number} days ago", -days)


def due_text(day: date | None, today: date) -> str:
    """Return when an invoice is due, with how far away that is: Due Tuesday 1 December, in 9 days."""
    if day is None:
        return say("Due on receipt")
    if day == today:
        return say("Due today")
    said = day_text(day, weekday=abs((day - today).days) < 60, this_year=today.year)
    if day > today:
        return say("Due {day}, {distance}", day=said, distance=in_days(day, today))
    return say("Was due {day}, {distance}", day=said, distance=in_days(day, today))


def ago(instant: datetime, now: datetime) -> str:
    """Return how long ago something was: just now, 40 seconds ago, 3 minutes ago, 2 hours ago, 5 days ago."""
    seconds = int((now - instant).total_seconds())
    if seconds < 5:
        return say("just now")
    if seconds < 60:
        return say_many("{number} second ago", "{number} seconds ago", seconds)
    if seconds < 3600:
        return say_many("{number} minute ago", "{number} minutes ago", seconds // 60)
    if seconds < 86400:
        return say_many("{number} hour ago", "{number} hours ago", seconds // 3600)
    return say_many("{number} day ago", "{number} days ago", seconds // 86400)


def on_day(day: date, today: date) -> str:
    """Return a day near today by its name and any other by its date: today, yesterday, 20 November."""
    return in_days(day, today) if abs((day - today).days) <= 1 else day_text(day, this_year=today.year)


def count(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its English noun, for the record and for staff: 1 invoice, 3 invoices."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


# A number of a day or of days, and the word it belongs to: 2 October, 2. Oktober, 20 days.
_NUMBER_AND_WORD = re.compile(r"(?<![^\s(])(\d{1,2}\.?) (?=[^\W\d_])")


def kept_together(text: str) -> str:
    """Return a sentence for a page, where a number and the word behind it stay on one line."""
    return _NUMBER_AND_WORD.sub("\\1\N{NO-BREAK SPACE}", text)


def listing(items: Sequence[str]) -> str:
    """Return a list as it is said: 1068, or 1068 and 1071, or 1068, 1071 and 1080."""
    if len(items) < 2:
        return "".join(items)
    if (locale := spoken()) != LOCALE:
        return format_list(items, "standard", locale)
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
    return owner(short_name(company))


def owner(name: str) -> str:
    """Return whose something is: Blue Mesa Ranch's. In other languages the sentence around the name says whose."""
    if language() != SOURCE:
        return name
    return name + ("\N{RIGHT SINGLE QUOTATION MARK}" if name.endswith("s") else "\N{RIGHT SINGLE QUOTATION MARK}s")
