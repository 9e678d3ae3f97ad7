"""A right run breaks nothing; every wrong that is planted is named by its invariant."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.harness.invariants import Watch
from tests.sync.settle.till import Till


def pay(till: Till, watch: Watch, minor: int = 120_00, number: str = "1068") -> str:
    """Take one payment all the way to the books, with a look after every step."""
    invoice = till.open_invoice(minor, number)
    steps: list[Callable[[], object]] = []
    started = till.start({invoice: minor})
    steps += [
        lambda: till.confirm(started.payment_id),
        lambda: till.later(3),
        lambda: till.settle(started.payment_id),
        lambda: till.push(),
    ]
    for step in steps:
        step()
        assert watch.after_step() == []
    return started.payment_id


def names(found: list[object]) -> set[str]:
    return {one.invariant for one in found}


def test_a_payment_that_goes_right_breaks_nothing(till: Till, watch: Watch) -> None:
    pay(till, watch)
    pay(till, watch, 75_50, "1071")
    till.later(86_400)
    assert watch.whole(final=True) == []
