"""Words: the short way of the house's locale gives letter for letter what Babel gives; sentences read right."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector import words
from connector.ledger.money import LARGEST_MINOR, Money

CURRENCIES = ["USD", "CAD", "EUR", "GBP", "CHF", "JPY", "KWD", "UGX", "INR", "SEK", "XAF", "ABC"]
amounts = st.builds(Money, st.integers(-LARGEST_MINOR, LARGEST_MINOR), st.sampled_from(CURRENCIES))
days = st.dates(date(1990, 1, 1), date(2100, 12, 31))


@given(amounts)
def test_money_is_what_babel_writes(amount: Money) -> None:
    assert words.money_text(amount) == words.money_by_babel(amount, words.LOCALE)
    assert words.figure(amount) == words.figure_by_babel(amount, words.LOCALE)


@given(amounts, st.sampled_from(sorted(words.LOCALES.values())))
def test_figures_in_our_other_languages_are_what_babel_writes(amount: Money, locale: str) -> None:
    assert words.figure(amount, locale=locale) == words.figure_by_babel(amount, locale)
    with words.speaking(locale):
        assert words.minor_figure(amount.minor, amount.currency) == words.figure_by_babel(amount, locale)


@given(amounts)
def test_a_figure_holds_every_minor_unit(amount: Money) -> None:
    plain = words.figure(amount).replace(",", "").replace("\N{MINUS SIGN}", "-")
    assert Decimal(plain) == amount.decimal()


@given(days, st.booleans(), st.booleans())
def test_days_are_what_babel_writes(day: date, weekday: bool, with_year: bool) -> None:
    year = day.year + 1 if with_year else day.year
    babel = words.day_by_babel(day, words.LOCALE, weekday=weekday, with_year=with_year)
    assert words.day_text(day, weekday=weekday, this_year=year) == babel


@given(st.integers(946_684_800, 4_102_444_800))
def test_the_clock_is_what_babel_writes(seconds: int) -> None:
    instant = datetime.fromtimestamp(seconds, UTC)
    for zone in ("America/Los_Angeles", "Asia/Kathmandu", "Pacific/Auckland"):
        other = words.clock_text(instant, zone, locale="en_GB")
        assert words.clock_text(instant, zone) == other


def test_money_in_other_locales() -> None:
    assert words.money_text(Money(162000, "EUR"), locale="de_DE") == "1.620,00\xa0€"
    assert words.money_text(Money(-3000, "USD")) == "−$30.00"
    assert words.figure(Money(3200, "USD"), signed=True) == "+32.00"
    assert words.currency_name("USD") == "US dollars"


TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (date(2026, 12, 1), "Due Tuesday 1 December, in 9 days"),
        (date(2026, 11, 22), "Due today"),
        (date(2026, 11, 23), "Due Monday 23 November, tomorrow"),
        (date(2026, 11, 2), "Was due Monday 2 November, 20 days ago"),
        (date(2025, 11, 2), "Was due 2 November 2025, 385 days ago"),
        (None, "Due on receipt"),
    ],
)
def test_when_an_invoice_is_due(day: date | None, said: str) -> None:
    assert words.due_text(day, TODAY) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "just now"),
        (0, "just now"),
        (5, "5 seconds ago"),
        (60, "1 minute ago"),
        (3599, "59 minutes ago"),
        (7200, "2 hours ago"),
        (86400, "1 day ago"),
        (86400 * 40, "40 days ago"),
    ],
)
def test_how_long_ago(seconds: int, said: str) -> None:
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert words.ago(now - timedelta(seconds=seconds), now) == said


def test_small_words() -> None:
    assert words.listing(["1068"]) == "1068"
    assert words.listing(["1068", "1071", "1080"]) == "1068, 1071 and 1080"
    assert words.count(1, "invoice") == "1 invoice"
    assert words.count(3, "thing needs", "things need") == "3 things need"
    assert words.initials("Harbor Tile Co.") == "HT"
    assert words.initials("") == ""
    assert words.possessive("Harbor Tile Co.") == "Harbor Tile’s"
    assert words.possessive("Mesa Supplies, Inc.") == "Mesa Supplies’"
    assert words.quantity(Decimal("50.0")) == "50"
    assert words.quantity(Decimal("1250.50")) == "1,250.5"
    exact = words.exact_text(datetime(2026, 11, 22, 22, 2, 31, tzinfo=UTC), "America/Los_Angeles")
    assert exact == "Sunday 22 November 2026, 14:02:31 PST"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Was due Monday 2 November, 20 days ago", "Was due Monday 2_November, 20_days ago"),
        ("Fällig am Dienstag, 1. Dezember, in 9 Tagen", "Fällig am Dienstag, 1._Dezember, in 9_Tagen"),
        ("Le 1er décembre", "Le 1er décembre"),
        ("Invoice 1068 of 2026, 118 Water Street", "Invoice 1068 of 2026, 118 Water Street"),
        ("2 3 4, 12:30 h", "2 3 4, 12:30 h"),
    ],
)
def test_a_number_stays_with_the_word_it_counts(said: str, kept: str) -> None:
    assert words.kept_together(said) == kept.replace("_", "\N{NO-BREAK SPACE}")
