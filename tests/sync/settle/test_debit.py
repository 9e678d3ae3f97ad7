"""Bank debits: days under way, then the money or a failure; nothing is in the books before the money is."""

from __future__ import annotations

from datetime import timedelta

from connector.clock import day_in
from connector.ledger.payments import PaymentState
from sync.collect.look import expire, sweep_payments
from sync.stripe_feed import follow
from tests.sync.settle.till import DECLINED, GOOD_BANK, POOR_BANK, SLOW_BANK, VISA, Till

DAY = 86_400
ENGINES = ("sqlite",)
ZONE = "America/Los_Angeles"


def started(till: Till, bank: str = GOOD_BANK, **more: object) -> str:
    payment = till.start({till.open_invoice(62000, "1068"): 62000})
    till.confirm(payment.payment_id, bank_account=bank, **more)
    assert till.settle(payment.payment_id) in (PaymentState.PROCESSING, PaymentState.REQUIRES_ACTION)
    return payment.payment_id


def test_a_debit_succeeds_after_some_days(till: Till) -> None:
    payment_id = started(till)
    payment = till.payment(payment_id)
    assert (payment.state, payment.method, payment.receipt_number) == ("processing", "us_bank_account", None)
    assert payment.method_label.endswith("6789")
    assert payment.processing_at is not None
    assert till.mails() == [("debit_started", "dana@bluemesa.example")]
    assert till.postings() == []

    till.later(3 * DAY)
    till.settle(payment_id)
    assert till.state(payment_id) == "processing"
    assert expire(till.rt) == 0, "a debit under way is never given up"
    till.later(5 * DAY)
    assert till.settle(payment_id) is PaymentState.SUCCEEDED
    assert [kind for kind, _ in till.mails()] == ["debit_started", "receipt"]
    assert till.history(payment_id)[1:] == [
        f"The bank debit of $620.00 from {payment.method_label} is under way.",
        f"$620.00 was paid with {payment.method_label}.",
    ]
    assert till.said()[-2:] == [
        "Blue Mesa Ranch started a bank debit of $620.00",
        f"Blue Mesa Ranch paid $620.00 with {payment.method_label}",
    ]
    assert till.clearing() == till.stripe_balance() == 62000 - 496


def test_a_debit_is_booked_on_the_day_its_money_came(till: Till) -> None:
    payment_id = started(till)
    sent_day = till.today
    till.later(4 * DAY)
    till.later(4 * DAY)
    till.settle(payment_id)
    [charge] = [row for row in till.postings() if row.kind == "charge"]
    [txn] = till.at_stripe("balance_transactions")
    succeeded = till.payment(payment_id).succeeded_at
    assert succeeded is not None
    assert charge.day == day_in(ZONE, succeeded) > sent_day
    assert int(succeeded.timestamp()) == txn["created"], "its transaction tells when, however late we look"


def test_a_debit_announced_when_it_was_sent_is_booked_when_it_succeeded(till: Till) -> None:
    till.order("switches", debit_transaction_at="submission")
    payment_id = started(till)
    assert till.postings() == []
    till.later(3 * DAY)
    till.order("settle_debit", payment_intent=till.payment(payment_id).intent_id)
    till.settle(payment_id)
    [charge] = [row for row in till.postings() if row.kind == "charge"]
    assert charge.day == till.today
    assert till.clearing() == till.stripe_balance()


def test_a_debit_that_fails_frees_the_invoice(till: Till) -> None:
    payment_id = started(till, POOR_BANK)
    till.later(8 * DAY)
    assert till.settle(payment_id) is PaymentState.FAILED
    payment = till.payment(payment_id)
    assert payment.error_code == "insufficient_funds"
    assert [kind for kind, _ in till.mails()] == ["debit_started", "debit_failed"]
    assert till.postings() == []
    [intent] = till.at_stripe("payment_intents")
    assert intent["status"] == "canceled", "the page that is still open cannot confirm it again"

    [share] = till.rows_of_shares(payment_id)
    again = till.start({share.invoice_id: 62000})
    assert again.payment_id != payment_id


def test_a_failure_that_was_never_seen_under_way_is_told_when_its_time_is_over(till: Till) -> None:
    """No webhook and no sweep for a week: the first look sees only that the debit failed."""
    payment = till.start({till.open_invoice(62000, "1068"): 62000})
    till.confirm(payment.payment_id, bank_account=POOR_BANK)
    till.later(8 * DAY)
    assert expire(till.rt) == 1
    assert till.state(payment.payment_id) == "failed"
    assert till.mails() == [("debit_failed", "dana@bluemesa.example")]


def test_a_debit_under_way_is_looked_at_now_and_then(till: Till) -> None:
    till.order("webhooks", mode="drop")
    payment_id = started(till, SLOW_BANK)
    till.later(5)
    assert sweep_payments(till.rt) == 0
    till.later(700)
    assert sweep_payments(till.rt) == 1
    assert sweep_payments(till.rt) == 0
    till.order("settle_debit", payment_intent=till.payment(payment_id).intent_id)
    till.later(700)
    sweep_payments(till.rt)
    assert till.state(payment_id) == "succeeded"


def test_a_debit_holds_its_invoice_until_it_is_in_the_books(till: Till) -> None:
    payment_id = started(till)
    [share] = till.rows_of_shares(payment_id)
    refused = till.refused({share.invoice_id: 62000})
    assert (refused.reason, refused.under_way) == ("under_way", (payment_id,))
    till.later(8 * DAY)
    till.settle(payment_id)
    assert till.refused({share.invoice_id: 62000}).reason == "under_way"
    till.push()
    assert till.refused({share.invoice_id: 62000}).reason == "not_payable"


def test_microdeposits_have_their_ten_days(till: Till) -> None:
    """The bank account is verified by two small deposits: the payment may not be given up meanwhile."""
    payment_id = started(till, GOOD_BANK, manual=True)
    payment = till.payment(payment_id)
    assert payment.state == "requires_action"
    assert payment.expires_at - payment.created_at > timedelta(days=9)
    till.later(2 * DAY)
    assert expire(till.rt) == 0
    till.stripe._client.v1.payment_intents.verify_microdeposits(payment.intent_id, {"amounts": [32, 45]})
    till.settle(payment_id)
    assert till.state(payment_id) == "processing"
    till.later(8 * DAY)
    till.settle(payment_id)
    assert till.state(payment_id) == "succeeded"


def test_microdeposits_that_nobody_confirmed_are_given_up(till: Till) -> None:
    payment_id = started(till, GOOD_BANK, manual=True)
    till.later(11 * DAY)
    assert expire(till.rt) == 1
    assert till.state(payment_id) == "canceled"
    assert till.at_stripe("payment_intents")[0]["status"] == "canceled"


def test_a_payer_turns_to_a_card_when_the_bank_says_no_at_once(till: Till) -> None:
    started_ = till.start({till.open_invoice(5000, "1"): 5000})
    till.confirm(started_.payment_id, card=DECLINED)
    till.settle(started_.payment_id)
    till.confirm(started_.payment_id, bank_account=GOOD_BANK)
    till.settle(started_.payment_id)
    payment = till.payment(started_.payment_id)
    assert (payment.state, payment.error_text) == ("processing", "")


def test_money_that_comes_after_a_failure_is_never_dropped(till: Till) -> None:
    """Whatever we believed: a payment that Stripe says has succeeded is settled."""
    payment = till.start({till.open_invoice(5000, "1"): 5000})
    till.confirm(payment.payment_id, card=VISA)
    till.change(payment.payment_id, state="failed")
    till.later(3)
    assert till.settle(payment.payment_id) is PaymentState.SUCCEEDED
    follow(till.rt, till.company_id)
    assert till.clearing() == till.stripe_balance() > 0
    assert till.open_discrepancies() == []
