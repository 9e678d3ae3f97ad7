"""Laws of sharing one amount among invoices."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.ledger.allocation import (
    Opening,
    Refusal,
    Rule,
    Share,
    by_customer,
    check_shares,
    is_too_small,
    spread,
)
from connector.ledger.invoices import Invoice, InvoiceState, Standing
from connector.ledger.money import Money, MoneyError

ISSUED = date(2026, 10, 1)


def invoice(
    qbo_id: str, balance: int = 10000, *, customer: str = "7", currency: str = "USD", state: str = "live", due: int = 1
) -> Invoice:
    amount = Money(balance, currency)
    return Invoice(
        qbo_id, f"10{qbo_id}", customer, amount, amount, ISSUED, date(2026, 11, due), InvoiceState(state), "0"
    )


def share(qbo_id: str, minor: int, *, customer: str = "7", currency: str = "USD") -> Share:
    return Share(qbo_id, customer, Money(minor, currency))


balances = st.lists(st.integers(0, 10**7), min_size=1, max_size=8)


rules = st.sampled_from(list(Rule))


def openings(amounts: list[int]) -> list[Opening]:
    """Return what is open on invoices whose number is their age: the first is due first."""
    return [Opening(str(n), Money(amount, "USD"), date(2026, 11, n + 1), ISSUED) for n, amount in enumerate(amounts)]


@given(balances, rules, st.data())
def test_a_spread_sums_to_the_amount_and_stays_within_what_is_open(
    amounts: list[int], rule: Rule, data: st.DataObject
) -> None:
    asked = openings(amounts)
    paid = data.draw(st.integers(0, sum(amounts)))
    parts = spread(Money(paid, "USD"), asked, rule)
    assert sum(part.minor for part in parts.values()) == paid
    assert all(0 < part.minor <= amounts[int(key)] for key, part in parts.items())
    assert spread(Money(paid, "USD"), asked[::-1], rule) == parts, "the order of the page decides nothing"
    with pytest.raises(MoneyError):
        spread(Money(sum(amounts) + 1, "USD"), asked, rule)


@given(balances, st.sampled_from([Rule.OLDEST, Rule.SMALLEST]), st.data())
def test_an_invoice_is_filled_before_the_next_is_touched(amounts: list[int], rule: Rule, data: st.DataObject) -> None:
    parts = spread(Money(data.draw(st.integers(0, sum(amounts))), "USD"), openings(amounts), rule)
    order = sorted(range(len(amounts)), key=lambda n: (amounts[n] if rule is Rule.SMALLEST else 0, n))
    got = [(parts.get(str(n), Money(0, "USD")).minor, amounts[n]) for n in order if amounts[n]]
    whole = [part == amount for part, amount in got]
    assert whole == sorted(whole, reverse=True), "first those that are full"
    assert sum(0 < part < amount for part, amount in got) <= 1, "at most one in part"


@given(balances, st.data())
def test_an_even_spread_gives_each_its_part_to_the_unit(amounts: list[int], data: st.DataObject) -> None:
    paid = data.draw(st.integers(0, sum(amounts)))
    parts = spread(Money(paid, "USD"), openings(amounts), Rule.EVENLY)
    for n, amount in enumerate(amounts):
        exact = paid * amount / sum(amounts) if sum(amounts) else 0
        assert abs(parts.get(str(n), Money(0, "USD")).minor - exact) < 1.000001


@pytest.mark.parametrize(
    ("rule", "parts"),
    [
        (Rule.OLDEST, {"0": 10000, "1": 2000}),
        (Rule.SMALLEST, {"1": 4000, "2": 5000, "0": 3000}),
        (Rule.EVENLY, {"0": 6316, "1": 2526, "2": 3158}),
    ],
)
def test_the_rules_differ(rule: Rule, parts: dict[str, int]) -> None:
    spread_out = spread(Money(12000, "USD"), openings([10000, 4000, 5000]), rule)
    assert {key: part.minor for key, part in spread_out.items()} == parts


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.integers(0, 10**6))
def test_a_part_may_be_too_small_and_the_whole_never(part: int, left: int, least: int) -> None:
    small = is_too_small(Money(part, "USD"), Money(left, "USD"), Money(least, "USD"))
    assert small == (part < least and part < left)


@given(balances, st.lists(st.tuples(st.integers(0, 9), st.integers(-5, 10**7)), min_size=1, max_size=6), st.data())
def test_shares_that_pass_never_take_more_than_is_open(
    amounts: list[int], asked: list[tuple[int, int]], data: st.DataObject
) -> None:
    invoices = {str(n): invoice(str(n), amount) for n, amount in enumerate(amounts)}
    reserved = {i: data.draw(st.integers(0, 10**7)) for i in invoices}
    shares = [share(str(n), minor) for n, minor in asked]
    if check_shares(shares, invoices, reserved) is not None:
        return
    for one in shares:
        assert one.amount.minor > 0
        assert one.amount.minor + reserved[one.invoice_id] <= invoices[one.invoice_id].balance.minor
    assert len({one.invoice_id for one in shares}) == len(shares)


USD, EUR = Money(10000, "USD"), Money(10000, "EUR")


@pytest.mark.parametrize(
    ("shares", "reserved", "refusal"),
    [
        ([], {}, Refusal("empty", "")),
        ([share("1", 10000)], {}, None),
        ([share("1", 1)], {}, None),
        ([share("1", 0)], {}, Refusal("not_positive", "1", USD)),
        ([share("1", -5)], {}, Refusal("not_positive", "1", USD)),
        ([share("1", 10001)], {}, Refusal("above_balance", "1", USD)),
        ([share("1", 4001)], {"1": 6000}, Refusal("above_balance", "1", Money(4000, "USD"))),
        ([share("1", 4000)], {"1": 6000}, None),
        ([share("1", 1)], {"1": 10000}, Refusal("nothing_left", "1", Money(0, "USD"))),
        ([share("1", 1)], {"1": 99999}, Refusal("nothing_left", "1", Money(0, "USD"))),
        ([share("1", 100, currency="EUR")], {}, Refusal("other_currency", "1", USD)),
        ([share("1", 100), share("4", 100, currency="EUR")], {}, Refusal("other_currency", "4", EUR)),
        ([share("9", 100)], {}, Refusal("unknown_invoice", "9")),
        ([share("1", 100, customer="8")], {}, Refusal("unknown_invoice", "1")),
        ([share("1", 100), share("1", 100)], {}, Refusal("unknown_invoice", "1")),
        ([share("2", 100)], {}, Refusal("not_payable", "2")),
        ([share("3", 100)], {}, Refusal("not_payable", "3")),
        ([share("5", 100)], {}, Refusal("not_payable", "5")),
    ],
)
def test_what_stops_a_share(shares: list[Share], reserved: dict[str, int], refusal: Refusal | None) -> None:
    invoices = {
        "1": invoice("1"),
        "2": invoice("2", state="voided"),
        "3": invoice("3", state="deleted"),
        "4": invoice("4", currency="EUR"),
        "5": invoice("5", 0),
    }
    assert check_shares(shares, invoices, reserved) == refusal


def test_shares_are_grouped_by_customer_in_order() -> None:
    shares = [share("1", 1), share("2", 2, customer="8"), share("3", 3)]
    assert by_customer(shares) == {"7": [shares[0], shares[2]], "8": [shares[1]]}


@pytest.mark.parametrize(
    ("balance", "state", "due", "standing"),
    [
        (10000, "live", 30, Standing.OPEN),
        (10000, "live", 1, Standing.OVERDUE),
        (4000, "live", 30, Standing.PARTLY_PAID),
        (4000, "live", 1, Standing.OVERDUE),
        (0, "live", 1, Standing.PAID),
        (-500, "live", 1, Standing.PAID),
        (0, "voided", 1, Standing.VOIDED),
        (10000, "deleted", 1, Standing.DELETED),
    ],
)
def test_what_a_person_calls_an_invoice(balance: int, state: str, due: int, standing: Standing) -> None:
    one = Invoice(
        "1",
        "1001",
        "7",
        Money(10000, "USD"),
        Money(balance, "USD"),
        ISSUED,
        date(2026, 11, due),
        InvoiceState(state),
        "0",
    )
    assert one.standing(date(2026, 11, 15)) is standing
    assert one.payable is (standing in (Standing.OPEN, Standing.OVERDUE, Standing.PARTLY_PAID))
