"""The watch: payments nobody finished are given up at Stripe first, and nobody's trouble stops the others."""

from __future__ import annotations

import pytest

from connector.errors import Transient
from connector.ledger.payments import PaymentState
from sync.collect import look
from sync.collect.giving_up import give_up
from sync.collect.look import expire, look_again, sweep_payments
from sync.collect.start import start_payment
from tests.sync.settle.till import DECLINED, Till

ENGINES = ("sqlite",)


def test_a_payment_nobody_finished_is_given_up(till: Till) -> None:
    started = till.start({till.open_invoice(5000, "1"): 5000})
    till.later(29 * 60)
    assert expire(till.rt) == 0
    till.later(2 * 60)
    assert expire(till.rt) == 1
    payment = till.payment(started.payment_id)
    assert (payment.state, payment.error_text) == ("canceled", "")
    assert till.at_stripe("payment_intents")[0]["status"] == "canceled"
    assert till.history(payment.id)[-1] == "Given up before any money moved."
    assert till.mails() == []
    assert expire(till.rt) == 0


def test_a_declined_payment_is_given_up_too(till: Till) -> None:
    started = till.start({till.open_invoice(5000, "1"): 5000})
    till.confirm(started.payment_id, card=DECLINED)
    till.settle(started.payment_id)
    till.later(31 * 60)
    assert expire(till.rt) == 1
    assert (till.state(started.payment_id), till.payment(started.payment_id).error_text) == ("canceled", "")


def test_a_payment_that_turns_out_paid_is_settled(till: Till) -> None:
    started = till.start({till.open_invoice(5000, "1"): 5000})
    till.later(31 * 60)
    till.confirm(started.payment_id)
    till.later(3)
    assert expire(till.rt) == 1
    assert till.state(started.payment_id) == "succeeded"
    assert till.clearing() == till.stripe_balance() > 0


def test_the_payer_wins_the_race_with_the_watch(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    """The card goes through between our look at the intent and our cancelling it: Stripe refuses, we settle."""
    started = till.start({till.open_invoice(5000, "1"): 5000})
    till.later(31 * 60)
    cancel = till.stripe.cancel_intent

    def too_late(intent_id: str) -> object:
        till.confirm(started.payment_id)
        return cancel(intent_id)

    monkeypatch.setattr(till.stripe, "cancel_intent", too_late)
    assert give_up(till.rt, started.payment_id) is PaymentState.SUCCEEDED
    assert len([row for row in till.at_stripe("charges") if row["status"] == "succeeded"]) == 1


def test_a_payment_whose_intent_was_never_made_is_given_up_here(till: Till) -> None:
    press = till.press({till.open_invoice(5000, "1"): 5000})
    till.world.faults.load([{"match": {"service": "stripe", "times": 0}, "do": "reset_before"}])
    start_payment(till.rt, press)
    till.world.faults.load([])
    [payment] = till.payments()
    till.later(31 * 60)
    assert expire(till.rt) == 1
    assert till.state(payment.id) == "canceled"
    assert till.at_stripe("payment_intents") == []


def test_an_intent_whose_answer_was_lost_is_found_and_cancelled(till: Till) -> None:
    press = till.press({till.open_invoice(5000, "1"): 5000})
    rule = {"match": {"service": "stripe", "operation": "payment_intents.create", "times": 0}}
    till.world.faults.load([{**rule, "do": "drop_after_commit"}])
    start_payment(till.rt, press)
    till.world.faults.load([])
    [payment] = till.payments()
    till.later(31 * 60)
    assert expire(till.rt) == 1
    assert till.state(payment.id) == "canceled"
    [intent] = till.at_stripe("payment_intents")
    assert (intent["status"], till.payment(payment.id).intent_id) == ("canceled", intent["id"])


def test_stripe_out_of_reach_gives_nothing_up(till: Till) -> None:
    started = till.start({till.open_invoice(5000, "1"): 5000})
    till.later(31 * 60)
    till.world.faults.load([{"match": {"service": "stripe", "times": 0}, "do": "status:503"}])
    assert expire(till.rt) == 1
    assert till.state(started.payment_id) == "created"
    assert expire(till.rt) == 0, "it waits its turn"
    till.world.faults.load([])
    till.later(30)
    assert expire(till.rt) == 1
    assert till.state(started.payment_id) == "canceled"


def test_young_payments_are_looked_at_often_and_old_ones_seldom(till: Till) -> None:
    till.start({till.open_invoice(5000, "1"): 5000})
    assert sweep_payments(till.rt) == 0
    till.later(9)
    assert sweep_payments(till.rt) == 1
    assert sweep_payments(till.rt) == 0
    till.later(9)
    assert sweep_payments(till.rt) == 1
    till.later(300)
    assert sweep_payments(till.rt) == 1
    till.later(30)
    assert sweep_payments(till.rt) == 0
    till.later(100)
    assert sweep_payments(till.rt) == 1


def test_one_payments_trouble_does_not_stop_the_others(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third = (till.start({till.open_invoice(5000, str(n)): 5000}).payment_id for n in range(3))
    for payment_id in (first, second, third):
        till.confirm(payment_id)
    till.later(10)
    broken = {
        till.payment(first).intent_id: Transient("stripe", "away"),
        till.payment(second).intent_id: ValueError("what is this"),
    }
    read = till.stripe.intent

    def intent(intent_id: str) -> object:
        if intent_id in broken:
            raise broken[intent_id]
        return read(intent_id)

    monkeypatch.setattr(till.stripe, "intent", intent)
    assert sweep_payments(till.rt) == 3
    assert [till.state(one) for one in (first, second, third)] == ["created", "created", "succeeded"]


def test_a_long_queue_gets_round(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look, "AT_ONCE", 2)
    for n in range(3):
        till.confirm(till.start({till.open_invoice(5000, str(n)): 5000}).payment_id)
    till.later(10)
    assert [sweep_payments(till.rt), sweep_payments(till.rt), sweep_payments(till.rt)] == [2, 1, 0]
    assert {payment.state for payment in till.payments()} == {"succeeded"}


def test_a_page_that_looks_again(till: Till) -> None:
    started = till.start({till.open_invoice(5000, "1"): 5000})
    till.confirm(started.payment_id)
    assert look_again(till.rt, started.payment_id) is PaymentState.SUCCEEDED
    assert look_again(till.rt, "no such payment") is None


def test_a_page_that_cannot_look(till: Till) -> None:
    started = till.start({till.open_invoice(5000, "1"): 5000})
    till.world.faults.load([{"match": {"service": "stripe", "times": 0}, "do": "status:503"}])
    assert look_again(till.rt, started.payment_id) is None
    payment = till.payment(started.payment_id)
    assert payment.state == "created"
    assert payment.checked_at is not None, "it is not asked for again at once"


def test_what_is_given_up_stays_given_up(till: Till) -> None:
    started = till.start({till.open_invoice(5000, "1"): 5000})
    till.later(31 * 60)
    expire(till.rt)
    assert give_up(till.rt, started.payment_id) is PaymentState.CANCELED
    assert give_up(till.rt, "no such payment") is None
    assert till.settle(started.payment_id) is PaymentState.CANCELED
    assert till.history(started.payment_id).count("Given up before any money moved.") == 1
