"""Laws of postings: legs sum to zero, clearing legs cite, and what cites a balance transaction comes to its net."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.ledger.allocation import Share
from connector.ledger.keys import PostingKey
from connector.ledger.money import Money, MoneyError
from connector.ledger.postings import (
    ChargeFact,
    Kind,
    Leg,
    PayoutFact,
    Posting,
    Role,
    charge_postings,
    clearing_by_citation,
    fee_posting,
    payout_posting,
)

DAY = date(2026, 11, 22)
KEY = PostingKey("acct_1", "ch_1", "charge", "7")


@st.composite
def charges(draw: st.DrawFn) -> ChargeFact:
    """A charge with shares of several customers, and sometimes more than the shares take."""
    parts = draw(st.lists(st.tuples(st.sampled_from("789"), st.integers(1, 10**7)), max_size=6))
    shares = tuple(Share(str(n), customer, Money(minor, "USD")) for n, (customer, minor) in enumerate(parts))
    rest = draw(st.integers(0 if shares else 1, 10**6))
    gross = Money(sum(minor for _, minor in parts) + rest, "USD")
    fee = Money(draw(st.integers(0, gross.minor)), "USD")
    return ChargeFact("acct_1", "ch_1", "P1", "txn_1", gross, fee, DAY, shares, draw(st.sampled_from("67")))


@given(charges())
def test_what_cites_a_charge_comes_to_its_net(fact: ChargeFact) -> None:
    fee = fee_posting(fact)
    postings = charge_postings(fact) + ([fee] if fee else [])
    assert clearing_by_citation(postings) == {"txn_1": (fact.gross - fact.fee).minor}


@given(charges())
def test_a_charge_is_one_document_for_each_customer(fact: ChargeFact) -> None:
    postings = charge_postings(fact)
    customers = [posting.key.customer_id for posting in postings]
    assert len(set(customers)) == len(customers)
    assert {share.customer_id for share in fact.shares} <= set(customers)
    assert sum(posting.clearing().minor for posting in postings) == fact.gross.minor
    assert all(posting.clearing().minor > 0 for posting in postings)
    for share in fact.shares:
        [leg] = [leg for posting in postings for leg in posting.legs if leg.invoice_id == share.invoice_id]
        assert leg == Leg(Role.RECEIVABLE, -share.amount, invoice_id=share.invoice_id)


@given(charges())
def test_what_no_share_takes_is_the_payers(fact: ChargeFact) -> None:
    rest = fact.gross.minor - sum(share.amount.minor for share in fact.shares)
    loose = [
        (posting.key.customer_id, -leg.amount.minor)
        for posting in charge_postings(fact)
        for leg in posting.legs
        if leg.role is Role.RECEIVABLE and not leg.invoice_id
    ]
    assert loose == ([(fact.customer_id, rest)] if rest else [])


@given(st.integers(-(10**9), 10**9).filter(bool))
def test_a_payout_moves_clearing_to_the_bank_either_way(minor: int) -> None:
    posting = payout_posting(PayoutFact("acct_1", "po_1", "txn_2", Money(minor, "USD"), DAY))
    assert posting.clearing() == Money(-minor, "USD")
    assert posting.of(Role.BANK) == Money(minor, "USD")
    assert clearing_by_citation([posting]) == {"txn_2": -minor}
    assert (posting.day, posting.kind) == (DAY, Kind.PAYOUT)


@given(charges(), charges())
def test_a_charge_posted_twice_has_the_same_keys(one: ChargeFact, other: ChargeFact) -> None:
    keys = [str(posting.key) for posting in charge_postings(one)]
    assert keys == [str(posting.key) for posting in charge_postings(one)]
    shared = {share.customer_id for share in one.shares} & {share.customer_id for share in other.shares}
    again = {str(posting.key) for posting in charge_postings(other)}
    assert all(str(PostingKey("acct_1", "ch_1", "charge", customer)) in again for customer in shared)


def test_no_fee_no_posting() -> None:
    gross = Money(5000, "USD")
    fact = ChargeFact("acct_1", "ch_1", "P1", "txn_1", gross, Money(0, "USD"), DAY, (), "7")
    assert fee_posting(fact) is None


def test_memos_name_both_sides() -> None:
    gross = Money(5000, "USD")
    fact = ChargeFact("acct_1", "ch_1", "P1", "txn_1", gross, Money(175, "USD"), DAY, (), "7")
    fee = fee_posting(fact)
    assert fee is not None
    for posting in (*charge_postings(fact), fee):
        assert "ch_1" in posting.memo
        assert "P1" in posting.memo


@pytest.mark.parametrize(
    "legs",
    [
        (),
        (Leg(Role.CLEARING, Money(5, "USD"), cites="txn_1"), Leg(Role.RECEIVABLE, Money(-4, "USD"))),
        (Leg(Role.CLEARING, Money(5, "USD"), cites="txn_1"), Leg(Role.RECEIVABLE, Money(-5, "EUR"))),
        (Leg(Role.CLEARING, Money(5, "USD")), Leg(Role.RECEIVABLE, Money(-5, "USD"))),
    ],
)
def test_legs_that_prove_nothing_cannot_be_posted(legs: tuple[Leg, ...]) -> None:
    with pytest.raises(MoneyError):
        Posting(KEY, Kind.CHARGE, DAY, legs, "")


@pytest.mark.parametrize(("gross", "share"), [(0, 0), (-1, 0), (100, 101)])
def test_a_charge_that_cannot_be_is_refused(gross: int, share: int) -> None:
    shares = (Share("1", "7", Money(share, "USD")),) if share else ()
    with pytest.raises(MoneyError):
        ChargeFact("acct_1", "ch_1", "P1", "txn_1", Money(gross, "USD"), Money(0, "USD"), DAY, shares, "7")
