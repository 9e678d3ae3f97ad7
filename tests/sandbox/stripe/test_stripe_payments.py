"""Payments by card and by bank debit: the states, the charges, the money and the events of each."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.stripe_standin import Running


def types(client: stripe.StripeClient) -> list[str]:
    """Return the types of all events, oldest first."""
    return [event.type for event in client.v1.events.list({"limit": 100}).data][::-1]


def intent(client: stripe.StripeClient, amount: int = 12345, **params: Any) -> stripe.PaymentIntent:
    return client.v1.payment_intents.create({"amount": amount, "currency": "usd", **params})


def test_a_card_payment_succeeds_and_its_transaction_comes_a_beat_later(
    standin: Running, client: stripe.StripeClient
) -> None:
    made = intent(client, metadata={"tieout_payment": "pay_1"})
    paid = client.v1.payment_intents.confirm(
        made.id, {"payment_method": "pm_card_visa", "expand": ["latest_charge.balance_transaction"]}
    )
    assert (paid.status, paid.amount_received) == ("succeeded", 12345)
    charge = paid.latest_charge
    assert isinstance(charge, stripe.Charge)
    assert charge.balance_transaction is None
    assert charge.metadata.to_dict() == {"tieout_payment": "pay_1"}

    standin.advance(seconds=1.1)
    charge = client.v1.charges.retrieve(charge.id, {"expand": ["balance_transaction"]})
    booked = charge.balance_transaction
    assert isinstance(booked, stripe.BalanceTransaction)
    assert (booked.amount, booked.fee, booked.net, booked.type, booked.status) == (
        12345,
        388,
        11957,
        "charge",
        "pending",
    )
    assert types(client) == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "charge.updated",
    ]
    [updated] = client.v1.events.list({"type": "charge.updated"}).data
    assert updated.data.previous_attributes is not None
    assert updated.data.previous_attributes.to_dict() == {"balance_transaction": None}


def test_with_the_switch_the_transaction_is_there_at_once(standin: Running, client: stripe.StripeClient) -> None:
    standin.control("switches", charge_transaction="at_once")
    paid = intent(client, confirm=True, payment_method="pm_card_visa", expand=["latest_charge"])
    assert isinstance(paid.latest_charge, stripe.Charge)
    assert paid.latest_charge.balance_transaction is not None
    assert "charge.updated" not in types(client)


@pytest.mark.parametrize(
    ("token", "code", "decline_code"),
    [
        ("pm_card_visa_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_visa_chargeDeclinedLostCard", "card_declined", "lost_card"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", None),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", None),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", None),
        ("pm_card_radarBlock", "card_declined", "fraudulent"),
    ],
)
def test_a_decline_leaves_the_intent_open_for_another_card(
    client: stripe.StripeClient, token: str, code: str, decline_code: str | None
) -> None:
    made = intent(client)
    with pytest.raises(stripe.CardError) as caught:
        client.v1.payment_intents.confirm(made.id, {"payment_method": token})
    error = caught.value.error
    assert error is not None
    assert caught.value.http_status == 402
    assert (caught.value.code, getattr(error, "decline_code", None)) == (code, decline_code)
    assert error.payment_intent.status == "requires_payment_method"
    failed = client.v1.payment_intents.retrieve(made.id, {"expand": ["latest_charge"]})
    assert failed.last_payment_error is not None
    assert failed.last_payment_error.code == code
    assert isinstance(failed.latest_charge, stripe.Charge)
    assert failed.latest_charge.status == "failed"
    assert failed.latest_charge.failure_code == code
    assert types(client) == ["payment_intent.created", "charge.failed", "payment_intent.payment_failed"]

    paid = client.v1.payment_intents.confirm(made.id, {"payment_method": "pm_card_visa"})
    assert paid.status == "succeeded"
    assert paid.last_payment_error is None
    assert paid.latest_charge != failed.latest_charge.id


def test_a_bank_debit_is_processing_for_days_and_then_available(standin: Running, client: stripe.StripeClient) -> None:
    made = intent(client, amount=100_000)
    standin.control("pay", payment_intent=made.id, bank_account="000123456789")
    pending = client.v1.payment_intents.retrieve(made.id, {"expand": ["latest_charge"]})
    assert pending.status == "processing"
    assert isinstance(pending.latest_charge, stripe.Charge)
    charge = pending.latest_charge
    assert charge.id.startswith("py_")
    assert (charge.status, charge.balance_transaction) == ("pending", None)

    standin.advance(days=8)
    settled = client.v1.payment_intents.retrieve(made.id, {"expand": ["latest_charge.balance_transaction"]})
    assert settled.status == "succeeded"
    assert isinstance(settled.latest_charge, stripe.Charge)
    booked = settled.latest_charge.balance_transaction
    assert isinstance(booked, stripe.BalanceTransaction)
    assert (booked.type, booked.amount, booked.fee, booked.status) == ("payment", 100_000, 500, "available")
    details = settled.latest_charge.payment_method_details
    assert details is not None
    assert details.us_bank_account is not None
    assert details.us_bank_account.payment_reference
    ours = [name for name in types(client) if name.startswith(("payment_intent", "charge"))]
    assert ours == [
        "payment_intent.created",
        "payment_intent.processing",
        "charge.pending",
        "charge.succeeded",
        "payment_intent.succeeded",
    ]


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("000222222227", "insufficient_funds"),
        ("000111111113", "account_closed"),
        ("000111111116", "no_account"),
        ("000333333335", "debit_not_authorized"),
        ("000444444440", "payment_method_currency_mismatch"),
    ],
)
@pytest.mark.parametrize("booked_at", ["success", "submission"])
def test_a_bank_debit_that_fails_leaves_nothing_on_the_balance(
    standin: Running, client: stripe.StripeClient, number: str, code: str, booked_at: str
) -> None:
    standin.control("switches", debit_transaction_at=booked_at)
    made = intent(client)
    assert standin.control("pay", payment_intent=made.id, bank_account=number)["payment_intent"]["status"] == (
        "processing"
    )
    standin.advance(days=8)
    failed = client.v1.payment_intents.retrieve(made.id)
    assert failed.status == "requires_payment_method"
    assert failed.last_payment_error is not None
    assert failed.last_payment_error.code == code
    rows = client.v1.balance_transactions.list().data
    assert len(rows) == (2 if booked_at == "submission" else 0)
    assert sum(row.net for row in rows) == 0
    told = [
        name for name in types(client) if not name.startswith("payment_method.")
    ]  # a blocked account is told of too
    assert told[-2:] == ["charge.failed", "payment_intent.payment_failed"]


def test_off_session_a_card_that_needs_authentication_is_refused(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.CardError) as caught:
        intent(client, confirm=True, off_session=True, payment_method="pm_card_authenticationRequired")
    assert caught.value.code == "authentication_required"
    assert caught.value.error is not None
    assert caught.value.error.payment_intent.status == "requires_payment_method"


def test_a_saved_card_that_was_authenticated_once_can_be_charged_off_session(
    standin: Running, client: stripe.StripeClient
) -> None:
    customer = client.v1.customers.create({"name": "Blue Mesa Ranch"})
    first = intent(client, customer=customer.id, setup_future_usage="off_session")
    answer = standin.control(
        "pay", payment_intent=first.id, payment_method="pm_card_authenticationRequiredOnSetup", challenge="complete"
    )
    assert answer["payment_intent"]["status"] == "succeeded"
    [saved] = client.v1.customers.payment_methods.list(customer.id).data
    second = intent(client, customer=customer.id, confirm=True, off_session=True, payment_method=saved.id)
    assert second.status == "succeeded"


def test_a_failed_challenge_declines(standin: Running, client: stripe.StripeClient) -> None:
    made = intent(client)
    answer = standin.control("pay", payment_intent=made.id, card="4000000000003220", challenge="fail")
    assert answer["payment_intent"]["status"] == "requires_payment_method"
    assert answer["payment_intent"]["last_payment_error"]["code"] == "payment_intent_authentication_failure"
