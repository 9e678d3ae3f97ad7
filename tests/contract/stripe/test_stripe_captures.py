"""Money authorised now and taken later: in whole, in part, never."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.contract.stripe.money import net, told
from tests.stripe_standin import Running


def authorized(client: stripe.StripeClient, **given: Any) -> stripe.PaymentIntent:
    params: Any = {
        "amount": 10_000,
        "currency": "usd",
        "confirm": True,
        "payment_method": "pm_card_visa",
        "capture_method": "manual",
        **given,
    }
    return client.v1.payment_intents.create(params)


def charge_of(client: stripe.StripeClient, intent: stripe.PaymentIntent) -> stripe.Charge:
    return client.v1.charges.retrieve(str(intent.latest_charge))


def test_what_is_authorised_moves_nothing_until_it_is_captured(standin: Running, client: stripe.StripeClient) -> None:
    intent = authorized(client)
    charge = charge_of(client, intent)
    assert (intent.status, intent.amount_capturable, intent.amount_received) == ("requires_capture", 10_000, 0)
    assert (charge.status, charge.captured, charge.amount_captured) == ("succeeded", False, 0)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"payment_intent": intent.id})
    assert caught.value.code == "charge_not_refundable"
    standin.advance(days=2)
    assert net(client) == 0
    before = len(told(client))
    done = client.v1.payment_intents.capture(intent.id, {"metadata": {"shipped": "yes"}})
    assert (done.status, done.amount_capturable, done.amount_received) == ("succeeded", 0, 10_000)
    assert done.metadata.to_dict() == {"shipped": "yes"}
    standin.advance(seconds=2)
    assert told(client, before) == ["charge.captured", "payment_intent.succeeded", "charge.updated"]
    assert net(client) == 9680
    with pytest.raises(stripe.InvalidRequestError) as again:
        client.v1.payment_intents.capture(intent.id)
    assert again.value.code == "payment_intent_unexpected_state"


def test_a_part_may_be_captured_and_only_that_refunded(standin: Running, client: stripe.StripeClient) -> None:
    intent = authorized(client)
    for wrong in (0, 10_001):
        with pytest.raises(stripe.InvalidRequestError):
            client.v1.payment_intents.capture(intent.id, {"amount_to_capture": wrong})
    client.v1.payment_intents.capture(intent.id, {"amount_to_capture": 4_000})
    standin.advance(seconds=2)
    assert net(client) == 4_000 - 146
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create({"payment_intent": intent.id, "amount": 4_001})
    assert client.v1.refunds.create({"payment_intent": intent.id}).amount == 4_000
    assert charge_of(client, intent).refunded is True


@pytest.mark.parametrize("expires", [False, True])
def test_what_is_not_captured_is_let_go(standin: Running, client: stripe.StripeClient, expires: bool) -> None:
    intent = authorized(client)
    before = len(told(client))
    if expires:
        standin.advance(days=7.1)
    else:
        client.v1.payment_intents.cancel(intent.id)
    ended = client.v1.payment_intents.retrieve(intent.id)
    assert (ended.status, ended.amount_capturable) == ("canceled", 0)
    assert ended.cancellation_reason == ("automatic" if expires else None)
    names = [name for name in told(client, before) if "payout" not in name]
    assert names == ["charge.refunded", "payment_intent.canceled", *(["charge.expired"] if expires else [])]
    assert charge_of(client, intent).refunded is True
    assert net(client) == 0
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.capture(intent.id)


def test_cards_alone_may_be_told_to_wait(client: stripe.StripeClient) -> None:
    options: Any = {"card": {"capture_method": "manual"}}
    intent = authorized(client, capture_method="automatic", payment_method_options=options)
    assert intent.status == "requires_capture"
