"""A card payment from the press of Pay to postings that prove themselves against Stripe's own balance."""

from __future__ import annotations

from connector.ledger.payments import PaymentState
from sync.collect.look import sweep_payments
from tests.sync.settle.till import DECLINED, LOST, VISA, Till


def test_one_payment_of_two_invoices(till: Till) -> None:
    first, second = till.open_invoice(62000, "1068"), till.open_invoice(100000, "1071")
    started = till.start({first: 62000, second: 40000})
    assert (started.amount.minor, started.state) == (102000, PaymentState.CREATED)
    assert till.state(started.payment_id) == "created"
    till.confirm(started.payment_id, card=VISA)
    till.later(3)

    assert till.settle(started.payment_id) is PaymentState.SUCCEEDED
    payment = till.payment(started.payment_id)
    assert (payment.state, payment.method_label, payment.receipt_number) == ("succeeded", "Visa 4242", 1001)
    assert payment.settled_at is not None
    fee = payment.fee_minor
    assert fee == 102000 * 29 // 1000 + 30
    assert [(row.kind, row.amount_minor, row.state) for row in till.postings()] == [
        ("charge", 102000, "due"),
        ("fee", fee, "due"),
    ]
    assert till.legs() == [
        ("clearing", 102000, payment.balance_txn, ""),
        ("receivable", -62000, "", first),
        ("receivable", -40000, "", second),
        ("clearing", -fee, payment.balance_txn, ""),
        ("fees", fee, "", ""),
    ]
    assert till.clearing() == till.stripe_balance()
    assert till.mails() == [("receipt", "dana@bluemesa.example")]
    assert till.history(payment.id) == ["Pay was pressed for $1,020.00.", "$1,020.00 was paid with Visa 4242."]
    assert till.said() == ["Blue Mesa Ranch paid $1,020.00 with Visa 4242"]
    assert {work for work, _ in till.bell.rung} == {"mail", "push"}


def test_the_money_reaches_the_books(till: Till) -> None:
    invoice = till.open_invoice(62000, "1068")
    payment_id = till.paid({invoice: 62000})
    till.settle(payment_id)
    till.push()
    assert {row.state for row in till.postings()} == {"posted"}
    assert till.balance("clearing") == till.stripe_balance() == till.clearing()


def test_the_receipt_knows_what_is_left_from_the_moment_the_money_came(till: Till) -> None:
    first, second = till.open_invoice(62000, "1068"), till.open_invoice(100000, "1071")
    payment_id = till.start({first: 62000, second: 40000}).payment_id
    till.confirm(payment_id)
    till.settle(payment_id)  # before its fee is known
    assert till.left(payment_id) == [0, 60000]
    till.later(3)
    till.settle(payment_id)
    till.push()
    till.paid_by_cheque(second, 60000)
    assert till.left(payment_id) == [0, 60000]


def test_settling_again_changes_nothing(till: Till) -> None:
    payment_id = till.paid({till.open_invoice(5000, "1"): 5000})
    till.settle(payment_id)
    before = (till.payment(payment_id), till.legs(), till.mails(), till.history(payment_id), till.said())
    calls = len(till.sent("payment_intents.retrieve"))
    for _ in range(3):
        assert till.settle(payment_id) is PaymentState.SUCCEEDED
    assert (till.payment(payment_id), till.legs(), till.mails(), till.history(payment_id), till.said()) == before
    assert len(till.sent("payment_intents.retrieve")) == calls, "nothing is left to ask"


def test_success_is_told_before_its_fee_is_known(till: Till) -> None:
    """Stripe books a card charge a beat after it succeeded: the payer hears now, the books when the fee is known."""
    started = till.start({till.open_invoice(5000, "1"): 5000})
    till.order("switches", charge_transaction_delay_seconds=600)
    till.confirm(started.payment_id)
    till.settle(started.payment_id)
    payment = till.payment(started.payment_id)
    assert (payment.state, payment.receipt_number, payment.settled_at) == ("succeeded", 1001, None)
    assert till.mails() == [("receipt", "dana@bluemesa.example")]
    assert till.postings() == []

    till.later(700)
    assert sweep_payments(till.rt) == 1
    payment = till.payment(started.payment_id)
    assert (payment.receipt_number, payment.settled_at is not None) == (1001, True)
    assert till.clearing() == till.stripe_balance() > 0
    assert len(till.mails()) == 1
    assert sweep_payments(till.rt) == 0, "nothing is left to look for"


def test_a_declined_card_then_another(till: Till) -> None:
    invoice = till.open_invoice(5000, "1068")
    press = till.press({invoice: 5000})
    started = till.start({invoice: 5000}, form_nonce=press.form_nonce)
    till.confirm(started.payment_id, card=DECLINED)
    assert till.settle(started.payment_id) is PaymentState.CREATED
    assert till.payment(started.payment_id).error_text == "Your card was declined."

    again = till.start({invoice: 5000}, form_nonce=press.form_nonce)
    assert again == started, "the same form is the same payment and the same intent"
    till.confirm(started.payment_id, card=VISA)
    till.later(3)
    till.settle(started.payment_id)
    payment = till.payment(started.payment_id)
    assert (payment.state, payment.error_code, payment.error_text) == ("succeeded", "", "")
    assert till.history(payment.id) == [
        "Pay was pressed for $50.00.",
        "Visa 0002 was declined: Your card was declined.",
        "$50.00 was paid with Visa 4242.",
    ]
    assert len(till.at_stripe("payment_intents")) == 1
    assert till.clearing() == till.stripe_balance()


def test_a_payer_is_not_told_that_a_card_is_lost(till: Till) -> None:
    started = till.start({till.open_invoice(5000, "1"): 5000})
    till.confirm(started.payment_id, card=LOST)
    till.settle(started.payment_id)
    payment = till.payment(started.payment_id)
    assert (payment.error_code, payment.error_text) == ("lost_card", "Your card was declined.")


def test_two_declines_are_two_lines(till: Till) -> None:
    started = till.start({till.open_invoice(5000, "1"): 5000})
    for _ in range(2):
        till.confirm(started.payment_id, card=DECLINED)
        till.settle(started.payment_id)
        till.settle(started.payment_id)
    assert till.history(started.payment_id)[1:] == ["Visa 0002 was declined: Your card was declined."] * 2


def test_receipts_are_numbered_without_a_gap(till: Till) -> None:
    numbers = []
    for n in range(3):
        payment_id = till.paid({till.open_invoice(5000, str(n)): 5000})
        till.settle(payment_id)
        numbers.append(till.payment(payment_id).receipt_number)
    assert numbers == [1001, 1002, 1003]


def test_the_sweep_alone_reaches_the_end(till: Till) -> None:
    till.order("webhooks", mode="drop")
    started = till.start({till.open_invoice(5000, "1"): 5000})
    till.confirm(started.payment_id)
    till.later(10)
    assert sweep_payments(till.rt) == 1
    assert till.state(started.payment_id) == "succeeded"
    assert till.clearing() == till.stripe_balance() > 0


def test_a_parents_payment_is_posted_to_each_customer(till: Till) -> None:
    other = till.customer("Blue Mesa Stables")
    first, second = till.open_invoice(5000, "1"), till.open_invoice(7000, "2", other)
    both = frozenset({till.blue_mesa, other})
    started = till.start({first: 5000, second: 7000}, allowed_customers=both)
    till.confirm(started.payment_id)
    till.later(3)
    till.settle(started.payment_id)
    charges = [(row.customer_id, row.amount_minor) for row in till.postings() if row.kind == "charge"]
    assert charges == [(till.blue_mesa, 5000), (other, 7000)]
    assert till.clearing() == till.stripe_balance()
