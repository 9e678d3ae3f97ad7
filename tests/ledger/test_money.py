"""Laws of money: sums stay in one currency, a division loses no unit, parts of a cent are refused."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.ledger.money import LARGEST_MINOR, Money, MoneyError, digits_of, money_of, split, total

CURRENCIES = ["USD", "EUR", "JPY", "KWD"]
minors = st.integers(-(10**12), 10**12)
weights = st.lists(st.integers(0, 10**6), min_size=1, max_size=30).filter(any)


@given(minors, st.sampled_from(CURRENCIES))
def test_major_units_and_back(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    assert money_of(money.decimal(), currency) == money


@given(st.lists(minors, max_size=20))
def test_a_total_is_the_sum_of_its_parts(parts: list[int]) -> None:
    assert total([Money(part, "USD") for part in parts], "USD") == Money(sum(parts), "USD")


@given(minors, weights)
def test_a_split_loses_nothing(minor: int, by: list[int]) -> None:
    parts = split(Money(minor, "USD"), by)
    assert sum(part.minor for part in parts) == minor
    assert len(parts) == len(by)


@given(minors, weights)
def test_a_split_is_fair(minor: int, by: list[int]) -> None:
    parts = [part.minor for part in split(Money(minor, "USD"), by)]
    for weight, part in zip(by, parts, strict=True):
        assert abs(part * sum(by) - minor * weight) < sum(by), "a part is within one unit of its exact share"
        assert weight or not part, "no weight, no part"
        assert part * minor >= 0, "no part turns its sign"
    for weight in set(by):
        same = [part for other, part in zip(by, parts, strict=True) if other == weight]
        assert max(same) - min(same) <= 1


@given(minors, weights)
def test_a_negative_amount_splits_as_its_mirror(minor: int, by: list[int]) -> None:
    assert split(-Money(minor, "USD"), by) == [-part for part in split(Money(minor, "USD"), by)]


@pytest.mark.parametrize("by", [[], [0], [0, 0], [-1, 2]])
def test_weights_that_mean_nothing_are_refused(by: list[int]) -> None:
    with pytest.raises(MoneyError):
        split(Money(100, "USD"), by)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("1620.00", "USD", 162000),
        ("0.01", "USD", 1),
        ("-30", "USD", -3000),
        ("1500", "JPY", 1500),
        ("1.234", "KWD", 1234),
        ("1E+2", "USD", 10000),
    ],
)
def test_major_units_are_read_exactly(text: str, currency: str, minor: int) -> None:
    assert money_of(Decimal(text), currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("text", "currency"),
    [("0.005", "USD"), ("0.1", "JPY"), ("0.0001", "KWD"), ("NaN", "USD"), ("Infinity", "USD"), ("1E+40", "USD")],
)
def test_what_does_not_fit_is_refused(text: str, currency: str) -> None:
    with pytest.raises(MoneyError):
        money_of(Decimal(text), currency)


@pytest.mark.parametrize(
    ("minor", "currency"),
    [(1.0, "USD"), (True, "USD"), ("1", "USD"), (1, "usd"), (1, "US"), (1, "ÜSD"), (LARGEST_MINOR + 1, "USD")],
)
def test_money_that_is_none_cannot_be_made(minor: object, currency: str) -> None:
    with pytest.raises(MoneyError):
        Money(minor, currency)  # type: ignore[arg-type]


@given(minors, minors)
def test_two_currencies_never_meet(one: int, other: int) -> None:
    dollars, euros = Money(one, "USD"), Money(other, "EUR")
    for mixed in (
        lambda: dollars + euros,
        lambda: dollars - euros,
        lambda: dollars < euros,
        lambda: dollars <= euros,
        lambda: total([dollars, euros], "USD"),
    ):
        with pytest.raises(MoneyError):
            mixed()


@given(minors, minors)
def test_order_and_difference_agree(one: int, other: int) -> None:
    a, b = Money(one, "USD"), Money(other, "USD")
    assert (a < b) is ((a - b).minor < 0)
    assert (a <= b) is ((a - b).minor <= 0)
    assert bool(a - b) is (a != b)


def test_digits() -> None:
    assert [digits_of(currency) for currency in CURRENCIES] == [2, 2, 0, 3]
