"""A process that dies at any point between two commits: what comes after it finishes the work, once.

The death is an exception from the crash point; the real kill -9 is the business of the crash suite.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from connector import crash
from connector.store.outbox import InboxRow
from sync.collect.look import expire, sweep_payments
from sync.collect.press import Started
from sync.collect.start import start_payment
from sync.inbox import settle_inbox, sweep_inbox
from sync.stripe_feed import follow
from tests.sync.settle.till import VISA, Till


class Died(BaseException):
    """Stands for SIGKILL: no handler of the product may catch it."""


@contextmanager
def dying_at(monkeypatch: pytest.MonkeyPatch, name: str) -> Iterator[list[str]]:
    """Let the process die when it passes a point for the first time; gives what was passed."""
    passed: list[str] = []

    def point(here: str) -> None:
        passed.append(here)
        if here == name and passed.count(name) == 1:
            raise Died(name)

    with monkeypatch.context() as patched:
        patched.setattr(crash, "point", point)
        yield passed


def points_of(monkeypatch: pytest.MonkeyPatch, work: Callable[[], object]) -> list[str]:
    with dying_at(monkeypatch, "never") as passed:
        work()
    return list(dict.fromkeys(passed))


START = [
    f"{name}.{when}"
    for name, whens in (
        ("pay", ("before_commit", "after_commit")),
        ("pay_again", ("before_commit", "after_commit")),
        ("stripe.intent.create", ("before_send", "after_send")),
        ("intent", ("before_commit", "after_commit")),
    )
    for when in whens
]


@pytest.mark.parametrize("point", START)
def test_dying_while_a_payment_starts(till: Till, monkeypatch: pytest.MonkeyPatch, point: str) -> None:
    press = till.press({till.open_invoice(5000, "1"): 5000})
    with dying_at(monkeypatch, point), pytest.raises(Died):
        start_payment(till.rt, press)

    started = start_payment(till.rt, press)
    assert isinstance(started, Started)
    assert len(till.payments()) == len(till.at_stripe("payment_intents")) == 1
    till.confirm(started.payment_id, card=VISA)
    till.later(3)
    till.settle(started.payment_id)
    assert till.clearing() == till.stripe_balance() > 0


@pytest.mark.parametrize("point", START)
def test_dying_while_a_payment_starts_and_nobody_comes_back(
    till: Till, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    invoice = till.open_invoice(5000, "1")
    with dying_at(monkeypatch, point), pytest.raises(Died):
        start_payment(till.rt, till.press({invoice: 5000}))
    till.later(31 * 60)
    expire(till.rt)
    assert {payment.state for payment in till.payments()} <= {"canceled"}
    assert {intent["status"] for intent in till.at_stripe("payment_intents")} <= {"canceled"}
    assert till.start({invoice: 5000}).amount.minor == 5000, "the invoice is free again"


SETTLE = ["stripe.intent.read.after_send", "settle.before_commit", "settle.after_commit"]


@pytest.mark.parametrize("point", SETTLE)
def test_dying_while_settling(till: Till, monkeypatch: pytest.MonkeyPatch, point: str) -> None:
    payment_id = till.paid({till.open_invoice(5000, "1"): 5000})
    till.bell.rung.clear()
    with dying_at(monkeypatch, point), pytest.raises(Died):
        till.settle(payment_id)
    assert (till.state(payment_id), bool(till.postings()), bool(till.mails())) in (
        ("created", False, False),
        ("succeeded", True, True),
    ), "all of it or nothing"
    till.later(10)
    sweep_payments(till.rt)
    assert till.state(payment_id) == "succeeded"
    assert [row.kind for row in till.postings()] == ["charge", "fee"]
    assert till.mails() == [("receipt", "dana@bluemesa.example")]
    assert len(till.history(payment_id)) == 2
    assert till.clearing() == till.stripe_balance()


def test_every_point_of_settling_is_tried(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    payment_id = till.paid({till.open_invoice(5000, "1"): 5000})
    passed = points_of(monkeypatch, lambda: till.settle(payment_id))
    ours = [point for point in passed if not point.startswith(("qbo.", "refresh."))]
    assert ours == ["stripe.intent.read.before_send", *SETTLE]


@pytest.mark.parametrize("point", ["inbox.before_commit", "inbox.after_commit"])
def test_dying_at_the_door(till: Till, monkeypatch: pytest.MonkeyPatch, point: str) -> None:
    """Before the commit Stripe hears no 200 and comes again; after it the sweep finds the event."""
    from sync.inbox import accept_stripe

    till.listen(mode="hold")
    payment_id = till.paid({till.open_invoice(5000, "1"): 5000})
    body, header = till.signed_event(payment_id)
    with dying_at(monkeypatch, point), pytest.raises(Died):
        accept_stripe(till.rt, "harbor", body, header)
    assert len(till.rows(InboxRow)) == (1 if point.endswith("after_commit") else 0)
    assert accept_stripe(till.rt, "harbor", body, header).status == 200
    assert len(till.rows(InboxRow)) == 1
    till.later(10)
    sweep_inbox(till.rt)
    assert till.state(payment_id) == "succeeded"


@pytest.mark.parametrize("point", ["settle.after_commit", "inbox_done.before_commit", "inbox_done.after_commit"])
def test_dying_with_an_event_in_hand(till: Till, monkeypatch: pytest.MonkeyPatch, point: str) -> None:
    from sync.inbox import accept_stripe

    payment_id = till.paid({till.open_invoice(5000, "1"): 5000})
    accept_stripe(till.rt, "harbor", *till.signed_event(payment_id))
    [event] = till.rows(InboxRow)
    with dying_at(monkeypatch, point), pytest.raises(Died):
        settle_inbox(till.rt, event.id)
    till.later(10)
    sweep_inbox(till.rt)
    assert {row.state for row in till.rows(InboxRow)} == {"settled"}
    assert [row.kind for row in till.postings()] == ["charge", "fee"]
    assert till.clearing() == till.stripe_balance()


@pytest.mark.parametrize("point", ["stripe.intent.cancel.after_send", "settle.before_commit", "settle.after_commit"])
def test_dying_while_giving_up(till: Till, monkeypatch: pytest.MonkeyPatch, point: str) -> None:
    started = till.start({till.open_invoice(5000, "1"): 5000})
    till.later(31 * 60)
    with dying_at(monkeypatch, point), pytest.raises(Died):
        expire(till.rt)
    till.later(30)
    expire(till.rt)
    assert till.state(started.payment_id) == "canceled"
    assert till.history(started.payment_id).count("Given up before any money moved.") == 1


def test_dying_anywhere_in_the_feed(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    """Die once at every point that a run passes, one after the other; the runs together do the work once."""
    payment_id = till.paid({till.open_invoice(50000, "1"): 50000})
    till.settle(payment_id)
    till.order("refund", payment_intent=till.payment(payment_id).intent_id, amount=3000)
    till.foreign(900)
    till.order("release")
    till.order("arrive", payout=till.order("payout")["payout"]["id"])
    died = 0
    tried: set[str] = set()
    while True:
        with monkeypatch.context() as patched:

            def point(here: str) -> None:
                if here not in tried and not here.startswith("lease"):
                    tried.add(here)
                    raise Died(here)

            patched.setattr(crash, "point", point)
            try:
                follow(till.rt, till.company_id)
            except Died:
                died += 1
                till.later(601)  # the dead worker's lease
                continue
        break
    assert died > 15
    assert {"feed.before_commit", "payout.after_commit", "feed_name.before_commit"} <= tried
    assert sorted(row.kind for row in till.postings()) == ["charge", "fee", "payout"]
    assert sorted(row.kind for row in till.open_discrepancies()) == ["other_activity", "refund_unposted"]
    named = sum(row.amount_minor for row in till.open_discrepancies())
    assert till.stripe_balance() == till.clearing() + named == 0
