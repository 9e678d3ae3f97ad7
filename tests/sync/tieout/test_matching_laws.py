"""The laws of the tie-out as properties: a cent that moves anywhere appears, and only nothing at all ties."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.ledger.matching import EXPLAINED, ClearingLeg, Entry, Item, Match, Sides, Txn, Why, match
from connector.ledger.money import Money, MoneyError

CENTS = st.integers(-(10**9), 10**9)
EXPLAINED_UNCITED = st.sampled_from(sorted(EXPLAINED - {Why.PENDING, Why.HELD, Why.NAMED}))


def usd(minor: int) -> Money:
    return Money(minor, "USD")


@st.composite
def healthy(draw: st.DrawFn) -> Sides:
    """Give books that tie: everything at Stripe is posted, owed, held, on its way or named."""
    posted = draw(st.lists(CENTS, max_size=6))
    waiting = draw(st.lists(st.tuples(CENTS, st.sampled_from([Why.PENDING, Why.HELD])), max_size=4))
    uncited = draw(st.lists(st.tuples(CENTS, EXPLAINED_UNCITED), max_size=4))
    named = draw(st.lists(st.tuples(CENTS, st.sampled_from(["refund/1", "opening/USD"])), max_size=4))
    txns = [Txn(f"txn_p{n}", usd(minor)) for n, minor in enumerate(posted)]
    txns += [Txn(f"txn_w{n}", usd(minor)) for n, (minor, _) in enumerate(waiting)]
    txns += [Txn(f"txn_u{n}", usd(minor), why) for n, (minor, why) in enumerate(uncited)]
    txns += [Txn(f"txn_n{n}", usd(minor), Why.NAMED, name) for n, (minor, name) in enumerate(named)]
    legs = [ClearingLeg(f"post{n}", f"txn_p{n}", usd(minor), None, f"Payment/{n}") for n, minor in enumerate(posted)]
    legs += [ClearingLeg(f"wait{n}", f"txn_w{n}", usd(minor), why) for n, (minor, why) in enumerate(waiting)]
    entries = [Entry(f"Payment/{n}", usd(minor)) for n, minor in enumerate(posted)]
    return Sides(
        currency="USD",
        stripe=usd(sum(txn.net.minor for txn in txns)),
        books=usd(sum(posted)),
        txns=txns,
        legs=legs,
        entries=entries,
    )


def check(result: Match) -> None:
    """The items are exactly what lies between the two balances, and none of them is nothing."""
    assert sum(item.amount.minor for item in result.items) == (result.stripe - result.books).minor
    assert result.explained + result.unexplained == result.stripe - result.books
    assert all(item.amount for item in result.items)


@given(healthy())
def test_healthy_books_tie_with_every_gap_explained(sides: Sides) -> None:
    result = match(sides)
    check(result)
    assert result.ties
    assert result.unexplained == usd(0)
    assert result.postings == sides.books


@given(healthy(), st.data())
def test_a_cent_moved_on_any_side_is_named_and_never_ties(sides: Sides, data: st.DataObject) -> None:
    places = ["stripe", "books", *(f"txn {n}" for n in range(len(sides.txns)))]
    places += [f"leg {n}" for n in range(len(sides.legs))] + [f"entry {n}" for n in range(len(sides.entries))]
    place, _, at = data.draw(st.sampled_from(places)).partition(" ")
    cents = usd(data.draw(st.sampled_from([-1, 1, 100])))
    result = match(_moved(sides, place, int(at or 0), cents))
    check(result)
    assert not result.ties
    differences = [item for item in result.items if not item.is_explained]
    assert cents in (differences[0].amount, -differences[0].amount)


def _moved(sides: Sides, place: str, at: int, cents: Money) -> Sides:
    """Move a cent on one side alone, as a person or a bug would."""
    if place == "stripe":
        return replace(sides, stripe=sides.stripe + cents)
    if place == "books":
        return replace(sides, books=sides.books + cents)
    if place == "txn":
        return replace(sides, txns=[replace(t, net=t.net + cents) if n == at else t for n, t in enumerate(sides.txns)])
    if place == "leg":
        legs = [replace(leg, amount=leg.amount + cents) if n == at else leg for n, leg in enumerate(sides.legs)]
        return replace(sides, legs=legs)
    entries = [replace(one, amount=one.amount + cents) if n == at else one for n, one in enumerate(sides.entries)]
    return replace(sides, entries=entries)


@given(healthy(), st.integers(1, 10**6))
def test_a_cent_changed_in_a_document_names_the_document(sides: Sides, cents: int) -> None:
    for n, entry in enumerate(sides.entries):
        entries = [*sides.entries]
        entries[n] = Entry(entry.document, entry.amount + usd(cents))
        result = match(replace(sides, entries=entries, books=sides.books + usd(cents)))
        (difference,) = [item for item in result.items if not item.is_explained]
        assert difference == Item(Why.CHANGED, usd(-cents), entry.document, entry.amount, entry.amount + usd(cents))
        assert result.unexplained == usd(-cents)


@given(healthy(), st.integers(1, 10**6))
def test_two_differences_that_cancel_out_do_not_tie(sides: Sides, cents: int) -> None:
    entries = [*sides.entries, Entry("JournalEntry/1", usd(cents)), Entry("Transfer/2", usd(-cents))]
    named = Counter(item.amount.minor for item in match(sides).items if item.why is Why.NAMED)
    result = match(replace(sides, entries=entries))
    check(result)
    if not named.keys() & {cents, -cents}:
        assert not result.ties
        assert result.unexplained == usd(0)


@given(healthy())
def test_a_document_that_is_gone_is_named(sides: Sides) -> None:
    for entry in sides.entries:
        rest = [other for other in sides.entries if other is not entry]
        result = match(replace(sides, entries=rest, books=sides.books - entry.amount))
        missing = [item.subject for item in result.items if item.why is Why.MISSING]
        assert missing == ([entry.document] if entry.amount else [])
        assert result.ties is not bool(entry.amount)


@given(CENTS.filter(bool), st.sampled_from([Why.NAMED, Why.CLOSED]))
def test_what_a_person_enters_by_hand_pairs_off_with_what_waits_for_it(minor: int, why: Why) -> None:
    txns = [Txn("txn_1", usd(minor - 7), why, "refund/1"), Txn("txn_2", usd(7), why, "refund/1")]
    empty = Sides("USD", usd(minor), usd(0), txns, [], [])
    assert match(empty).ties is (why is Why.NAMED)
    entered = replace(empty, books=usd(minor), entries=[Entry("Purchase/5", usd(minor))])
    assert match(entered).items == ()
    wrong = replace(empty, books=usd(minor + 1), entries=[Entry("Purchase/5", usd(minor + 1))])
    assert not match(wrong).ties


def test_a_dropped_posting_needs_its_entry_by_hand() -> None:
    txns = [Txn("txn_1", usd(500))]
    legs = [ClearingLeg("post1", "txn_1", usd(250), Why.DROPPED), ClearingLeg("post1", "txn_1", usd(250), Why.DROPPED)]
    once = Sides("USD", usd(500), usd(250), txns, legs, [Entry("Deposit/9", usd(250))])
    assert [item.why for item in match(once).items] == [Why.DROPPED], "equal amounts pair one to one"
    twice = replace(once, books=usd(500), entries=[*once.entries, Entry("Deposit/10", usd(250))])
    assert match(twice).items == ()


def test_a_leg_that_cites_what_stripe_does_not_have_is_named() -> None:
    legs = [ClearingLeg("post1", "txn_none", usd(500), None, "Payment/1")]
    result = match(Sides("USD", usd(0), usd(500), [], legs, [Entry("Payment/1", usd(500))]))
    assert result.items == (Item(Why.UNMATCHED, usd(-500), "txn_none"),)


def test_a_charge_without_its_fee_is_an_error_of_ours() -> None:
    legs = [ClearingLeg("post1", "txn_1", usd(500), None, "Payment/1")]
    sides = Sides(
        "USD", usd(470), usd(500), [Txn("txn_1", usd(470), Why.SETTLING)], legs, [Entry("Payment/1", usd(500))]
    )
    assert match(sides).items == (Item(Why.UNMATCHED, usd(-30), "txn_1"),)


def test_currencies_and_doubled_lines_are_refused() -> None:
    with pytest.raises(MoneyError):
        match(Sides("USD", usd(0), usd(0), [Txn("txn_1", Money(5, "EUR"))], [], []))
    with pytest.raises(MoneyError, match="twice"):
        match(Sides("USD", usd(0), usd(0), [], [], [Entry("Payment/1", usd(1)), Entry("Payment/1", usd(1))]))
