"""Webhooks as the stand-in sends them: signed, in any order, twice, late or never, and always the same end."""

from __future__ import annotations

from typing import Any

import pytest

from connector import crash
from connector.store.outbox import InboxRow
from sync.collect.look import sweep_payments
from sync.doors import GRACE
from sync.inbox import settle_inbox, sweep_inbox
from sync.lease import alone
from tests.sync.settle.till import DECLINED, VISA, Till


def paid(till: Till) -> str:
    """Pay by a card that is declined first, so that there are events of a failure as well."""
    started = till.start({till.open_invoice(5000, "1"): 5000})
    till.confirm(started.payment_id, card=DECLINED)
    till.confirm(started.payment_id, card=VISA)
    till.later(5)
    return started.payment_id


def end_of(till: Till, payment_id: str) -> Any:
    """Return everything that must be the same, however the events came."""
    payment = till.payment(payment_id)
    return (
        (payment.state, payment.receipt_number, payment.fee_minor, payment.settled_at is not None, payment.error_text),
        [(row.kind, row.amount_minor) for row in till.postings()],
        [(role, minor) for role, minor, _, _ in till.legs()],
        till.mails(),
        till.history(payment_id)[-1],
    )


def test_a_webhook_settles(till: Till) -> None:
    till.listen()
    payment_id = paid(till)
    till.hear()
    assert till.state(payment_id) == "succeeded"
    assert till.clearing() == till.stripe_balance() > 0
    assert {row.state for row in till.rows(InboxRow)} == {"settled"}


@pytest.mark.parametrize(
    "mode",
    [{"shuffle": True}, {"duplicate": True}, {"twins": True}, {"shuffle": True, "duplicate": True, "twins": True}],
    ids=["shuffled", "doubled", "twins", "all of it"],
)
def test_order_and_repetition_change_nothing(till: Till, mode: dict[str, bool]) -> None:
    till.listen(**mode)
    payment_id = paid(till)
    for _ in range(3):
        till.hear()
        till.later(6)
        sweep_inbox(till.rt)
    fee = 50 * 29 // 10 + 30
    assert end_of(till, payment_id) == (
        ("succeeded", 1001, fee, True, ""),
        [("charge", 5000), ("fee", fee)],
        [("clearing", 5000), ("receivable", -5000), ("clearing", -fee), ("fees", fee)],
        [("receipt", "dana@bluemesa.example")],
        "$50.00 was paid with Visa 4242.",
    )
    events = till.rows(InboxRow)
    assert len({row.event_id for row in events}) == len(events)
    assert {row.state for row in events} == {"settled"}


def test_without_bell_the_sweep_works_the_inbox_off(till: Till) -> None:
    till.listen()
    payment_id = paid(till)
    assert till.world.settle()
    waits = [row.due_at - row.received_at for row in till.rows(InboxRow)]
    assert set(waits) == {GRACE}, "the bell gets a few seconds first"
    till.later(GRACE.total_seconds() + 1)
    assert sweep_inbox(till.rt) > 0
    assert till.state(payment_id) == "succeeded"
    assert sweep_inbox(till.rt) == 0


def test_an_event_that_overtakes_our_own_commit_finds_its_payment(till: Till) -> None:
    """The intent's id is not saved yet (its answer is still under way): the event finds the payment by metadata."""
    till.listen()
    started = till.start({till.open_invoice(5000, "1"): 5000})
    till.confirm(started.payment_id)
    intent_id = till.payment(started.payment_id).intent_id
    till.change(started.payment_id, intent_id=None)
    till.later(3)
    till.hear()
    payment = till.payment(started.payment_id)
    assert (payment.intent_id, payment.state) == (intent_id, "succeeded")


def test_an_intent_saved_while_its_event_is_looked_at_is_no_lost_payment(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found by a storm: a person was told to record by hand what Tieout was about to record itself."""
    till.listen()
    started = till.start({till.open_invoice(5000, "1"): 5000})
    till.confirm(started.payment_id)
    intent_id = till.payment(started.payment_id).intent_id
    till.change(started.payment_id, intent_id=None)
    till.later(3)

    def save(point: str) -> None:
        if point == "stripe.intent.read.after_send":  # the web commits between the look at Stripe and the look here
            till.change(started.payment_id, intent_id=intent_id)

    monkeypatch.setattr(crash, "_watcher", save)
    till.hear()
    assert till.state(started.payment_id) == "succeeded"
    assert till.open_discrepancies() == []


def test_an_event_of_a_foreign_payment_is_left_alone(till: Till) -> None:
    till.listen()
    till.foreign(900)
    till.hear()
    kinds = {row.kind: row.state for row in till.rows(InboxRow)}
    assert kinds["payment_intent.succeeded"] == "ignored"
    assert till.postings() == []
    assert till.open_discrepancies() == []


def test_a_payment_lost_by_a_restore_is_named(till: Till) -> None:
    payment_id = till.clock.new_id()
    till.listen()
    till.foreign(900, tieout_payment=payment_id)
    till.hear()
    [row] = till.open_discrepancies()
    assert (row.kind, row.subject, row.amount_minor) == ("unknown_payment", payment_id, 900)
    assert payment_id in row.sentence


def test_a_second_charge_of_a_payment_that_stands_here_is_not_called_lost(till: Till) -> None:
    started = till.start({till.open_invoice(5000, "1"): 5000})
    till.listen()
    till.foreign(900, tieout_payment=started.payment_id)
    till.hear()
    assert till.open_discrepancies() == []


def test_a_stripe_that_does_not_answer_keeps_the_event(till: Till) -> None:
    till.listen()
    payment_id = paid(till)
    assert till.world.settle()
    till.world.faults.load([{"match": {"service": "stripe", "times": 0}, "do": "status:503"}])
    till.hear()
    assert {row.state for row in till.rows(InboxRow)} == {"new"}
    assert {row.attempts for row in till.rows(InboxRow)} == {0}, "an outage uses up nobody's tries"
    till.world.faults.load([])
    till.later(20)
    sweep_inbox(till.rt)
    assert till.state(payment_id) == "succeeded"


def test_one_look_at_the_balance_answers_all_events_before_it(till: Till) -> None:
    payment_id = till.paid({till.open_invoice(50000, "1"): 50000})
    till.settle(payment_id)
    till.listen()
    for minor in (1000, 2000, 3000):
        till.order("refund", payment_intent=till.payment(payment_id).intent_id, amount=minor)
    assert till.world.settle()
    till.later(10)
    lists = len(till.sent("balance_transactions.list"))
    first = next(row for row in till.rows(InboxRow) if row.kind == "refund.created")
    assert settle_inbox(till.rt, first.id) == "settled"
    waiting = [row.kind for row in till.rows(InboxRow) if row.state == "new"]
    assert not [kind for kind in waiting if kind.startswith(("refund.", "charge.refund"))]
    sweep_inbox(till.rt)
    assert len(till.sent("balance_transactions.list")) == lists + 1
    assert len(till.open_discrepancies()) == 3


def test_an_event_waits_while_another_worker_follows(till: Till) -> None:
    payment_id = till.paid({till.open_invoice(50000, "1"): 50000})
    till.settle(payment_id)
    till.listen()
    till.order("refund", payment_intent=till.payment(payment_id).intent_id, amount=1000)
    assert till.world.settle()
    with alone(till.rt, f"stripe_feed/{till.company_id}", seconds=60):
        till.later(10)
        sweep_inbox(till.rt)
        assert "new" in {row.state for row in till.rows(InboxRow)}
    till.later(10)
    sweep_inbox(till.rt)
    assert {row.state for row in till.rows(InboxRow)} == {"settled"}
    assert [row.kind for row in till.open_discrepancies()] == ["refund_unposted"]


def test_with_every_webhook_lost_the_sweep_reaches_the_same_end(till: Till) -> None:
    till.listen(mode="drop")
    payment_id = paid(till)
    till.hear()
    assert till.rows(InboxRow) == []
    till.later(10)
    sweep_payments(till.rt)
    assert till.state(payment_id) == "succeeded"
    assert till.clearing() == till.stripe_balance() > 0
