"""Two at once: double clicks and two payers for the same money, in real threads on both databases."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from sync.collect.press import Refused, Started
from sync.collect.start import start_payment
from sync.settle import settle_payment
from sync.stripe_feed import follow
from tests.sync.settle.till import Till


def at_once(work: Callable[[int], Any], number: int) -> list[Any]:
    """Do work in threads that begin together."""
    barrier = Barrier(number)

    def one(n: int) -> Any:
        barrier.wait()
        return work(n)

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(one, range(number)))


def test_a_double_click_is_one_payment(till: Till) -> None:
    press = till.press({till.open_invoice(5000, "1"): 5000})
    answers = at_once(lambda _: start_payment(till.rt, press), 4)
    assert all(isinstance(answer, Started) for answer in answers), answers
    assert len({answer.payment_id for answer in answers}) == 1
    assert len(till.payments()) == len(till.at_stripe("payment_intents")) == 1


def test_of_two_payers_for_the_same_money_one_is_refused(till: Till) -> None:
    invoice = till.open_invoice(5000, "1068")
    presses = [till.press({invoice: 5000}) for _ in range(4)]
    answers = at_once(lambda n: start_payment(till.rt, presses[n]), 4)
    assert sorted(type(answer).__name__ for answer in answers) == ["Refused", "Refused", "Refused", "Started"]
    assert {answer.reason for answer in answers if isinstance(answer, Refused)} == {"under_way"}
    assert len(till.payments()) == len(till.at_stripe("payment_intents")) == 1


def test_shares_under_way_never_exceed_the_balance(till: Till) -> None:
    invoice = till.open_invoice(10000, "1068")
    presses = [till.press({invoice: 3000}) for _ in range(6)]
    answers = at_once(lambda n: start_payment(till.rt, presses[n]), 6)
    started = [answer for answer in answers if isinstance(answer, Started)]
    assert len(started) == 3
    assert sum(answer.amount.minor for answer in started) <= 10000


def test_settled_in_many_places_at_once_it_is_settled_once(till: Till) -> None:
    payment_id = till.paid({till.open_invoice(5000, "1"): 5000})
    assert {str(state) for state in at_once(lambda _: settle_payment(till.rt, payment_id), 5)} == {"succeeded"}
    assert [row.kind for row in till.postings()] == ["charge", "fee"]
    assert till.mails() == [("receipt", "dana@bluemesa.example")]
    assert till.payment(payment_id).receipt_number == 1001
    assert len(till.said()) == 1
    assert till.clearing() == till.stripe_balance()


def test_receipts_settled_at_once_have_different_numbers(till: Till) -> None:
    ids = [till.paid({till.open_invoice(5000, str(n)): 5000}) for n in range(4)]
    at_once(lambda n: settle_payment(till.rt, ids[n]), 4)
    assert sorted(till.payment(one).receipt_number or 0 for one in ids) == [1001, 1002, 1003, 1004]


@pytest.mark.parametrize("round_", range(3))
def test_feed_and_settle_at_once(till: Till, round_: int) -> None:
    payment_id = till.paid({till.open_invoice(5000 + round_, "1"): 5000 + round_})
    works = [lambda: settle_payment(till.rt, payment_id), lambda: follow(till.rt, till.company_id)]
    at_once(lambda n: works[n % 2](), 4)
    assert [row.kind for row in till.postings()] == ["charge", "fee"]
    assert till.clearing() == till.stripe_balance()
    assert till.open_discrepancies() == []
