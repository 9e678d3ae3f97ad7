"""Laws of a payment's states: any order and any repetition ends the same, and no success is taken away."""

from __future__ import annotations

from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.ledger.payments import FINAL, OPEN, UNDER_WAY, PaymentState, advance, seen_state

states = st.sampled_from(PaymentState)
STATUSES = [
    "requires_payment_method",
    "requires_confirmation",
    "requires_action",
    "processing",
    "requires_capture",
    "canceled",
    "succeeded",
]


@given(st.lists(states, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_the_end_does_not_depend_on_order_or_repetition(seen: list[PaymentState], random: object) -> None:
    shuffled = [*seen, *seen]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    ends = {_rank_class(reduce(advance, order, PaymentState.CREATED)) for order in (seen, shuffled)}
    assert len(ends) == 1


def _rank_class(state: PaymentState) -> str:
    """Name a state; the two open ones are one: the payer goes back and forth between them."""
    return "open" if state in OPEN else state.value


@given(states, states)
def test_a_state_never_moves_back(current: PaymentState, seen: PaymentState) -> None:
    after = advance(current, seen)
    assert after in (current, seen)
    assert advance(after, current) == after or {after, current} <= OPEN
    assert advance(after, seen) == after


@given(st.lists(states, max_size=8))
def test_success_is_kept(later: list[PaymentState]) -> None:
    assert reduce(advance, later, PaymentState.SUCCEEDED) is PaymentState.SUCCEEDED


@given(st.lists(states, max_size=8))
def test_money_that_moved_is_seen_whatever_was_believed(before: list[PaymentState]) -> None:
    assert advance(reduce(advance, before, PaymentState.CREATED), PaymentState.SUCCEEDED) is PaymentState.SUCCEEDED


@given(states, st.sampled_from(STATUSES))
def test_what_is_final_only_gives_way_to_more_certain_news(was: PaymentState, status: str) -> None:
    after = advance(was, seen_state(status, was=was))
    if was in FINAL:
        assert after in FINAL
    if was is PaymentState.SUCCEEDED:
        assert after is was


@pytest.mark.parametrize(
    ("status", "was", "seen"),
    [
        ("requires_payment_method", PaymentState.CREATED, PaymentState.CREATED),  # a declined card: try another
        ("requires_payment_method", PaymentState.REQUIRES_ACTION, PaymentState.CREATED),
        ("requires_payment_method", PaymentState.PROCESSING, PaymentState.FAILED),  # a debit that did not succeed
        ("requires_confirmation", PaymentState.PROCESSING, PaymentState.FAILED),
        ("canceled", PaymentState.PROCESSING, PaymentState.FAILED),
        ("canceled", PaymentState.CREATED, PaymentState.CANCELED),
        ("requires_action", PaymentState.CREATED, PaymentState.REQUIRES_ACTION),
        ("processing", PaymentState.CREATED, PaymentState.PROCESSING),
        ("requires_capture", PaymentState.CREATED, PaymentState.PROCESSING),
        ("succeeded", PaymentState.FAILED, PaymentState.SUCCEEDED),
    ],
)
def test_what_an_intents_status_means(status: str, was: PaymentState, seen: PaymentState) -> None:
    assert seen_state(status, was=was) is seen


def test_a_status_nobody_documented_is_not_guessed() -> None:
    with pytest.raises(ValueError, match="requires_dance"):
        seen_state("requires_dance", was=PaymentState.CREATED)


def test_every_state_is_open_under_way_or_final() -> None:
    assert OPEN < UNDER_WAY
    assert set(PaymentState) == UNDER_WAY | FINAL
    assert not UNDER_WAY & FINAL
