"""Bank accounts typed by hand: microdeposits by amounts and by code, on the movable clock, and what ends the wait."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.stripe_standin import DAY, Running

ACCEPTED: Any = {
    "customer_acceptance": {"type": "online", "online": {"ip_address": "127.0.0.1", "user_agent": "a browser"}}
}
TYPED: Any = {
    "type": "us_bank_account",
    "us_bank_account": {
        "account_number": "000123456789",
        "routing_number": "110000000",
        "account_holder_type": "individual",
    },
    "billing_details": {"name": "Jo Payer", "email": "jo@example.com"},
}
TRIES = "payment_method_microdeposit_verification_attempts_exceeded"
LATE = "payment_method_microdeposit_verification_timeout"


def waiting(client: stripe.StripeClient, **more: Any) -> stripe.PaymentIntent:
    params: Any = {
        "amount": 5000,
        "currency": "usd",
        "confirm": True,
        "payment_method_data": TYPED,
        "mandate_data": ACCEPTED,
        **more,
    }
    return client.v1.payment_intents.create(params)


def setting_up(client: stripe.StripeClient, **more: Any) -> stripe.SetupIntent:
    params: Any = {"confirm": True, "payment_method_data": TYPED, "mandate_data": ACCEPTED, **more}
    return client.v1.setup_intents.create(params)


def test_a_payer_reads_the_statement_and_the_debit_goes_out(standin: Running, client: stripe.StripeClient) -> None:
    made = waiting(client)
    assert made.status == "requires_action"
    assert made.next_action is not None
    action = made.next_action.verify_with_microdeposits
    assert action is not None
    assert action.microdeposit_type == "descriptor_code"
    assert 0 < action.arrival_date - standin.clock.seconds() < 5 * DAY
    assert action.arrival_date % DAY == 0
    verify = client.v1.payment_intents.verify_microdeposits
    wrong: tuple[tuple[Any, str], ...] = (
        ({"amounts": [1, 2]}, "payment_method_microdeposit_verification_amounts_mismatch"),
        ({"descriptor_code": "SM00ZZ"}, "payment_method_microdeposit_verification_descriptor_code_mismatch"),
        ({}, "parameter_missing"),
    )
    for params, code in wrong:
        with pytest.raises(stripe.InvalidRequestError) as caught:
            verify(made.id, params)
        assert caught.value.code == code
    [mandate] = [event.data.object for event in client.v1.events.list({"type": "mandate.updated"}).data]
    assert mandate["status"] == "pending"
    assert verify(made.id, {"amounts": [45, 32]}).status == "processing"
    assert client.v1.mandates.retrieve(mandate["id"]).status == "active"
    with pytest.raises(stripe.InvalidRequestError) as again:
        verify(made.id, {"amounts": [32, 45]})
    assert again.value.code == "payment_intent_unexpected_state"
    standin.advance(days=12)
    assert client.v1.payment_intents.retrieve(made.id).status == "succeeded", "the deadline no longer counts"


@pytest.mark.parametrize(("given", "code"), [("SM33CC", TRIES), ("SM44DD", LATE), ([10, 11], TRIES), ([40, 41], LATE)])
def test_too_many_tries_and_too_late_ask_for_another_account(
    client: stripe.StripeClient, given: str | list[int], code: str
) -> None:
    params: Any = {"descriptor_code": given} if isinstance(given, str) else {"amounts": given}
    made, setup = waiting(client), setting_up(client)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.verify_microdeposits(made.id, params)
    assert caught.value.code == code
    failed = client.v1.payment_intents.retrieve(made.id)
    assert (failed.status, failed.payment_method, failed.next_action) == ("requires_payment_method", None, None)
    assert failed.last_payment_error is not None
    assert failed.last_payment_error.code == code
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.setup_intents.verify_microdeposits(setup.id, params)
    assert caught.value.code == code
    unset = client.v1.setup_intents.retrieve(setup.id)
    assert unset.last_setup_error is not None
    assert (unset.status, unset.last_setup_error.code) == ("requires_payment_method", code)
    kinds = {event.type for event in client.v1.events.list({"limit": 100}).data}
    assert {"payment_intent.payment_failed", "setup_intent.setup_failed"} <= kinds


def test_the_tenth_wrong_code_is_the_last(client: stripe.StripeClient) -> None:
    made = waiting(client)
    codes = []
    for _ in range(10):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            client.v1.payment_intents.verify_microdeposits(made.id, {"descriptor_code": "SM99XX"})
        codes.append(caught.value.code)
    assert codes == ["payment_method_microdeposit_verification_descriptor_code_mismatch"] * 9 + [TRIES]
    again = client.v1.payment_intents.confirm(made.id, {"payment_method_data": TYPED, "mandate_data": ACCEPTED})
    assert again.status == "requires_action", "a fresh start"


def test_nobody_waits_longer_than_ten_days(standin: Running, client: stripe.StripeClient) -> None:
    made = waiting(client)
    standin.advance(days=9.9)
    assert client.v1.payment_intents.retrieve(made.id).status == "requires_action"
    standin.advance(days=0.2)
    late = client.v1.payment_intents.retrieve(made.id)
    assert late.last_payment_error is not None
    assert (late.status, late.last_payment_error.code) == ("requires_payment_method", LATE)


def test_a_deadline_of_an_earlier_account_leaves_the_later_one_alone(
    standin: Running, client: stripe.StripeClient
) -> None:
    made = waiting(client)
    standin.advance(days=5)
    client.v1.payment_intents.confirm(made.id, {"payment_method_data": TYPED, "mandate_data": ACCEPTED})
    standin.advance(days=6)
    assert client.v1.payment_intents.retrieve(made.id).status == "requires_action"


def test_a_saved_account_is_ready_once_verified(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({"name": "Blue Mesa Ranch"})
    setup = setting_up(client, customer=customer.id)
    assert setup.status == "requires_action"
    assert client.v1.mandates.retrieve(str(setup.mandate)).status == "pending"
    done = client.v1.setup_intents.verify_microdeposits(setup.id, {"descriptor_code": "sm11aa"})
    assert done.status == "succeeded"
    assert client.v1.mandates.retrieve(str(setup.mandate)).status == "active"
    paid = client.v1.payment_intents.create(
        {
            "amount": 700,
            "currency": "usd",
            "customer": customer.id,
            "payment_method": str(done.payment_method),
            "off_session": True,
            "confirm": True,
        }
    )
    assert paid.status == "processing"


def test_the_kind_of_deposit_is_a_switch(standin: Running, client: stripe.StripeClient) -> None:
    standin.control("switches", microdeposit_type="amounts", microdeposit_days=1)
    action = waiting(client).next_action
    assert action is not None
    assert action.verify_with_microdeposits is not None
    assert action.verify_with_microdeposits.microdeposit_type == "amounts"


def test_instant_verification_takes_no_account_typed_by_hand(client: stripe.StripeClient) -> None:
    options: Any = {"us_bank_account": {"verification_method": "instant"}}
    with pytest.raises(stripe.InvalidRequestError) as caught:
        waiting(client, payment_method_options=options)
    assert caught.value.param == "payment_method"
    with pytest.raises(stripe.InvalidRequestError):
        setting_up(client, payment_method_options=options)


def test_a_payer_verifies_through_a_publishable_key(standin: Running, client: stripe.StripeClient) -> None:
    made = waiting(client)
    browser = standin.client(standin.standin.publishable_key)
    told: Any = {"client_secret": made.client_secret, "descriptor_code": "SM11AA"}
    assert browser.v1.payment_intents.verify_microdeposits(made.id, told).status == "processing"
