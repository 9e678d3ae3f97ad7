"""What exactly-once rests on at Stripe, asked of the stand-in and of a real test account alike."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

CARD: Any = {
    "amount": 2500,
    "currency": "usd",
    "confirm": True,
    "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
}


def test_a_card_pays_once_under_one_key(client: stripe.StripeClient, word: str) -> None:
    asked: Any = {**CARD, "payment_method": "pm_card_visa", "metadata": {"tieout_payment": word}}
    first, again = (
        client.v1.payment_intents.create(asked, options={"idempotency_key": f"t1-{word}"}) for _ in range(2)
    )
    assert (first.id, first.status, first.amount_received) == (again.id, "succeeded", 2500)
    assert first.metadata["tieout_payment"] == word


def test_a_key_with_other_parameters_is_refused(client: stripe.StripeClient, word: str) -> None:
    asked: Any = {**CARD, "payment_method": "pm_card_visa"}
    client.v1.payment_intents.create(asked, options={"idempotency_key": f"t2-{word}"})
    with pytest.raises(stripe.IdempotencyError):
        client.v1.payment_intents.create({**asked, "amount": 2600}, options={"idempotency_key": f"t2-{word}"})


def test_a_declined_card_says_why(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.CardError) as declined:
        client.v1.payment_intents.create({**CARD, "payment_method": "pm_card_visa_chargeDeclinedInsufficientFunds"})
    error = declined.value.error
    assert error is not None
    assert (error.code, error.decline_code) == ("card_declined", "insufficient_funds")


def test_no_more_is_refunded_than_was_paid(client: stripe.StripeClient) -> None:
    paid = client.v1.payment_intents.create({**CARD, "payment_method": "pm_card_visa"})
    refund = client.v1.refunds.create({"payment_intent": paid.id, "amount": 1000})
    assert refund.amount == 1000
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create({"payment_intent": paid.id, "amount": 1501})
