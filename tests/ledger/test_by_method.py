"""What a way to pay costs: credit cards alone, never above the rate; and every sum comes out to the cent."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from connector.ledger.allocation import Share
from connector.ledger.by_method import MOST_BANK_DISCOUNT, MOST_SURCHARGE, Rates, percent_of
from connector.ledger.credits import Use, bank_discount_name, fit, money_by_customer
from connector.ledger.money import Money
from connector.ledger.postings import (
    ChargeFact,
    Role,
    charge_postings,
    clearing_by_citation,
    discount_postings,
    fee_posting,
    surcharge_posting,
)

amounts = st.integers(1, 10_000_000)
rates = st.builds(Rates, st.integers(0, MOST_SURCHARGE), st.integers(0, MOST_BANK_DISCOUNT))
kinds = st.sampled_from([("card", "credit"), ("card", "debit"), ("card", "prepaid"), ("card", "unknown"), ("link", "")])


@given(rates, amounts, kinds)
def test_only_a_credit_card_is_surcharged_and_never_above_its_rate(
    rate: Rates, minor: int, how: tuple[str, str]
) -> None:
    cost = rate.surcharge_on(Money(minor, "USD"), kind=how[0], funding=how[1]).minor
    assert 0 <= cost * 10_000 <= minor * rate.surcharge
    assert cost == 0 or how == ("card", "credit")
    assert (cost + 1) * 10_000 > minor * rate.surcharge or how != ("card", "credit")


@given(rates, st.dictionaries(st.sampled_from("ABC"), amounts))
def test_a_bank_debit_takes_its_rate_off_and_never_everything(rate: Rates, money: dict[str, int]) -> None:
    off = rate.discounts_on(money, kind="us_bank_account")
    assert all(0 < minor < money[customer] for customer, minor in off.items())
    assert all(abs(minor * 10_000 - money[one] * rate.bank_discount) <= 5_000 for one, minor in off.items())
    assert rate.discounts_on(money, kind="card") == {}


@given(rates, st.lists(st.tuples(st.sampled_from("ABC"), amounts), min_size=1, max_size=6), st.booleans())
def test_what_is_charged_is_what_invoices_get_with_the_surcharge_less_the_discount(
    rate: Rates, bills: list[tuple[str, int]], by_bank: bool
) -> None:
    shares = [Share(str(n), customer, Money(minor, "USD")) for n, (customer, minor) in enumerate(bills)]
    kind, funding = ("us_bank_account", "") if by_bank else ("card", "credit")
    off = rate.discounts_on(money_by_customer(shares, []), kind=kind)
    uses = [Use(bank_discount_name(customer), customer, Money(minor, "USD")) for customer, minor in off.items()]
    money = Money(sum(minor for _, minor in bills) - sum(off.values()), "USD")
    cost = rate.surcharge_on(money, kind=kind, funding=funding)
    fitting = fit(shares, uses, money, None)
    fact = ChargeFact(
        *("acct_1", "ch_1", "01", "txn_1", money + cost, Money(7, "USD"), date(2026, 11, 28), fitting.shares, "A"),
        uses=fitting.uses,
        surcharge=cost,
    )
    fee, surcharge = fee_posting(fact), surcharge_posting(fact)
    postings = [*discount_postings(fact), *([surcharge] if surcharge else []), *charge_postings(fact)]
    assert clearing_by_citation([*postings, *([fee] if fee else [])]) == {"txn_1": (money + cost).minor - 7}
    owed = {one.key.customer_id: 0 for one in postings}
    for posting in postings:
        owed[posting.key.customer_id] -= posting.of(Role.RECEIVABLE).minor
    # What each customer's receivable loses is exactly what was paid on that customer's invoices.
    assert owed == money_by_customer(shares, [])
    assert -sum(one.of(Role.SURCHARGES).minor for one in postings) == cost.minor


def test_a_rate_reads_as_people_write_it() -> None:
    assert [str(percent_of(rate)) for rate in (300, 275, 50)] == ["3", "2.75", "0.5"]
