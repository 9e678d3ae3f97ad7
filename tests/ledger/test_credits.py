"""Laws of credits that pay beside money: nothing above what is left, each for its own customer, all to the cent."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.ledger.allocation import Share
from connector.ledger.credits import Credit, Use, check_uses, discount_name, fit, use_up
from connector.ledger.discounts import Terms
from connector.ledger.money import Money, MoneyError
from connector.ledger.postings import ChargeFact, Role, charge_postings, discount_postings

CUSTOMERS = st.sampled_from(["7", "8", "9"])
CENTS = st.integers(1, 10**6)
shares_of = st.lists(st.tuples(CUSTOMERS, CENTS), min_size=1, max_size=6).map(
    lambda rows: [Share(str(n), customer, Money(minor, "USD")) for n, (customer, minor) in enumerate(rows)]
)
credits_of = st.lists(st.tuples(CUSTOMERS, CENTS), max_size=5).map(
    lambda rows: [credit(f"CreditMemo/{n}", minor, customer) for n, (customer, minor) in enumerate(rows)]
)


def credit(name: str, left: int, customer: str = "7", currency: str = "USD") -> Credit:
    return Credit(name, customer, "CM-1", date(2026, 11, 1), Money(left, currency))


def minor(parts: list[Share] | list[Use] | tuple[Share, ...] | tuple[Use, ...], customer: str = "") -> int:
    return sum(one.amount.minor for one in parts if customer in ("", one.customer_id))


@given(shares_of, credits_of)
def test_credits_pay_as_much_as_they_can_and_their_own_customers_alone(
    shares: list[Share], offered: list[Credit]
) -> None:
    uses = use_up(shares, offered)
    by_name = {one.name: one for one in offered}
    assert all(0 < use.amount.minor <= by_name[use.name].left.minor for use in uses)
    assert check_uses(uses, shares, by_name, {}) is None
    for customer in "789":
        open_credit = sum(one.left.minor for one in offered if one.customer_id == customer)
        assert minor(uses, customer) == min(minor(shares, customer), open_credit)


@given(shares_of, credits_of, st.data())
def test_what_another_payment_uses_cannot_be_used_again(
    shares: list[Share], offered: list[Credit], data: st.DataObject
) -> None:
    uses = use_up(shares, offered)
    if not uses:
        return
    taken = data.draw(st.sampled_from(uses))
    left = next(one.left.minor for one in offered if one.name == taken.name)
    refusal = check_uses(uses, shares, {one.name: one for one in offered}, {taken.name: left - taken.amount.minor + 1})
    assert refusal is not None
    assert (refusal.reason, refusal.invoice_id) == ("credit_used", taken.name)
    assert refusal.possible == Money(taken.amount.minor - 1, "USD")


@given(shares_of, credits_of, st.data())
def test_whatever_the_books_have_become_the_parts_are_the_money_and_the_credits(
    shares: list[Share], offered: list[Credit], data: st.DataObject
) -> None:
    uses = use_up(shares, offered)
    agreed = minor(shares) - minor(uses)
    gross = data.draw(st.integers(0, agreed + 100))
    room = {one.invoice_id: data.draw(st.integers(0, one.amount.minor + 5)) for one in shares}
    room |= {one.name: data.draw(st.integers(0, one.left.minor)) for one in offered}
    fitting = fit(shares, uses, Money(gross, "USD"), room)
    assert all(0 < one.amount.minor <= room[one.invoice_id] for one in fitting.shares)
    assert all(0 < one.amount.minor <= room[one.name] for one in fitting.uses)
    assert 0 <= fitting.cash_minor <= gross
    for customer in "789":
        assert minor(fitting.uses, customer) <= minor(fitting.shares, customer), "a credit pays no other customer"
        assert minor(fitting.uses, customer) <= minor(uses, customer)


@given(shares_of, credits_of)
def test_what_was_agreed_fits_as_it_is_where_nothing_moved(shares: list[Share], offered: list[Credit]) -> None:
    uses = use_up(shares, offered)
    fitting = fit(shares, uses, Money(minor(shares) - minor(uses), "USD"), None)
    assert list(fitting.shares) == shares
    assert list(fitting.uses) == uses


@given(shares_of, credits_of, st.integers(0, 500))
def test_postings_sum_to_the_money_that_came_and_use_the_credits_up(
    shares: list[Share], offered: list[Credit], more: int
) -> None:
    uses = use_up(shares, offered)
    gross = minor(shares) - minor(uses) + more
    fact = fact_of(gross, shares, uses)
    postings = charge_postings(fact)
    legs = [leg for posting in postings for leg in posting.legs]
    assert sum(leg.amount.minor for leg in legs if leg.role is Role.CLEARING) == gross
    assert sum(leg.amount.minor for leg in legs if leg.credit) == minor(uses)
    assert sum(leg.amount.minor for leg in legs if leg.invoice_id) == -minor(shares)
    assert all(posting.clearing().minor >= 0 for posting in postings)


def test_money_goes_first_and_a_credit_that_is_not_needed_stays() -> None:
    shares = [Share("1", "7", Money(62000, "USD"))]
    uses = [Use("CreditMemo/73", "7", Money(5000, "USD"))]
    fitting = fit(shares, uses, Money(57000, "USD"), {"1": 60000, "CreditMemo/73": 5000})
    assert [one.amount.minor for one in fitting.shares] == [60000]
    assert [one.amount.minor for one in fitting.uses] == [3000]


def test_a_credit_of_another_customer_or_twice_or_of_nothing_is_refused() -> None:
    shares = [Share("1", "7", Money(1000, "USD"))]
    known = {"CreditMemo/73": credit("CreditMemo/73", 500)}
    wrong = [
        [Use("CreditMemo/73", "8", Money(500, "USD"))],
        [Use("CreditMemo/74", "7", Money(500, "USD"))],
        [Use("CreditMemo/73", "7", Money(200, "USD")), Use("CreditMemo/73", "7", Money(300, "USD"))],
        [Use("CreditMemo/73", "7", Money(0, "USD"))],
    ]
    for uses in wrong:
        refusal = check_uses(uses, shares, known, {})
        assert refusal is not None
        assert refusal.reason == "unknown_credit"
    too_much = check_uses([Use("CreditMemo/73", "7", Money(501, "USD"))], shares, known, {})
    assert too_much is not None
    assert (too_much.reason, too_much.possible) == ("credit_used", Money(500, "USD"))


def test_more_credit_than_invoices_is_refused() -> None:
    known = {"CreditMemo/73": credit("CreditMemo/73", 5000)}
    shares = [Share("1", "7", Money(1000, "USD"))]
    refusal = check_uses([Use("CreditMemo/73", "7", Money(1001, "USD"))], shares, known, {})
    assert refusal is not None
    assert refusal.reason == "unknown_credit"


def test_credits_alone_move_no_money_and_cite_nothing() -> None:
    shares, uses = [Share("1", "7", Money(1000, "USD"))], [Use("CreditMemo/73", "7", Money(1000, "USD"))]
    [posting] = charge_postings(fact_of(0, shares, uses))
    assert {leg.role for leg in posting.legs} == {Role.RECEIVABLE}
    assert posting.clearing() == Money(0, "USD")
    with pytest.raises(MoneyError, match="nothing was charged"):
        fact_of(0, [], [])


def fact_of(gross: int, shares: list[Share], uses: list[Use]) -> ChargeFact:
    return ChargeFact(
        stripe_account="acct_1",
        charge_id="ch_1",
        payment_id="p1",
        balance_txn="txn_1" if gross else "",
        gross=Money(gross, "USD"),
        fee=Money(0, "USD"),
        day=date(2026, 11, 22),
        shares=tuple(shares),
        customer_id="7",
        uses=tuple(uses),
    )


@given(st.integers(1, 10**9), st.decimals(0, 100, places=3, allow_nan=False), st.integers(0, 120))
def test_a_discount_is_its_percentage_to_the_half_cent_and_never_everything(
    left: int, percent: Decimal, days: int
) -> None:
    terms = Terms(percent, days)
    off = terms.off(Money(left, "USD")).minor
    assert 0 <= off < left
    exact = Decimal(left) * percent / 100
    assert abs(off - exact) <= Decimal("0.5") or (off == 0 and (exact < 1 or exact > left - 1))
    assert (terms.last_day(date(2026, 11, 1)) - date(2026, 11, 1)).days == days
    assert terms.grants == (0 < percent < 100)


@given(shares_of, st.data())
def test_what_was_granted_stays_granted_and_its_memo_is_what_the_charge_uses(
    shares: list[Share], data: st.DataObject
) -> None:
    granted = [
        Use(discount_name(one.invoice_id), one.customer_id, Money(data.draw(st.integers(1, one.amount.minor)), "USD"))
        for one in shares
        if data.draw(st.booleans())
    ]
    gross = minor(shares) - minor(granted)
    if not (gross or granted):
        return
    fitting = fit(shares, granted, Money(gross, "USD"), {one.invoice_id: one.amount.minor for one in shares})
    assert list(fitting.uses) == granted
    fact = fact_of(gross, list(fitting.shares), list(fitting.uses))
    memos = {one.key.customer_id: one.of(Role.DISCOUNTS).minor for one in discount_postings(fact)}
    for posting in charge_postings(fact):
        used = sum(leg.amount.minor for leg in posting.legs if leg.credit)
        assert memos.get(posting.key.customer_id, 0) == used
