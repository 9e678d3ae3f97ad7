"""Payment and setup intents beyond the happy way: changing, cancelling, confirming wrongly, saving, verifying."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.stripe_standin import Running

ACCEPTED: Any = {"customer_acceptance": {"type": "offline"}}


def intent(client: stripe.StripeClient, **params: Any) -> stripe.PaymentIntent:
    given: Any = {"amount": 5000, "currency": "usd", **params}
    return client.v1.payment_intents.create(given)


def test_an_open_intent_can_be_changed_and_a_paid_one_cannot(client: stripe.StripeClient) -> None:
    made = intent(client)
    changed = client.v1.payment_intents.update(
        made.id, {"amount": 4000, "description": "Invoice 1037", "metadata": {"a": "1"}, "receipt_email": "a@b.example"}
    )
    assert (changed.amount, changed.description) == (4000, "Invoice 1037")
    client.v1.payment_intents.confirm(made.id, {"payment_method": "pm_card_visa"})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.update(made.id, {"amount": 3000})
    assert caught.value.code == "payment_intent_unexpected_state"
    assert caught.value.error is not None
    assert caught.value.error.payment_intent.status == "succeeded"
    noted = client.v1.payment_intents.update(made.id, {"metadata": {"b": "2"}})
    assert noted.metadata.to_dict() == {"a": "1", "b": "2"}
    charge = client.v1.charges.retrieve(str(noted.latest_charge))
    assert charge.metadata.to_dict() == {"a": "1"}, "a charge keeps what the intent held when it was made"
    assert charge.receipt_email == "a@b.example"


def test_what_cannot_be_confirmed(standin: Running, client: stripe.StripeClient) -> None:
    bare = intent(client)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.confirm(bare.id)
    assert caught.value.code == "payment_intent_unexpected_state"
    cards_only = intent(client, allowed_payment_method_types=["card"])
    assert cards_only.payment_method_types == ["card"]
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.confirm(cards_only.id, {"payment_method": "pm_usBankAccount_success"})
    paid = intent(client, confirm=True, payment_method="pm_card_visa")
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.confirm(paid.id, {"payment_method": "pm_card_visa"})
    assert caught.value.code == "payment_intent_unexpected_state"


def test_an_intent_is_cancelled_once_and_never_after_it_was_paid(client: stripe.StripeClient) -> None:
    made = intent(client)
    canceled = client.v1.payment_intents.cancel(made.id, {"cancellation_reason": "abandoned"})
    assert (canceled.status, canceled.cancellation_reason) == ("canceled", "abandoned")
    assert canceled.canceled_at is not None
    for wrong in (made, intent(client, confirm=True, payment_method="pm_card_visa")):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            client.v1.payment_intents.cancel(wrong.id)
        assert caught.value.code == "payment_intent_unexpected_state"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.confirm(made.id, {"payment_method": "pm_card_visa"})


def test_a_debit_under_way_cannot_be_called_back_except_the_endless_one(
    standin: Running, client: stripe.StripeClient
) -> None:
    usual, endless = intent(client), intent(client)
    standin.control("pay", payment_intent=usual.id, bank_account="000123456789")
    standin.control("pay", payment_intent=endless.id, bank_account="000000000009")
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.cancel(usual.id)
    standin.advance(days=30)
    assert client.v1.payment_intents.retrieve(endless.id).status == "processing"
    assert client.v1.payment_intents.cancel(endless.id).status == "canceled"


def test_a_debit_needs_a_mandate_and_a_name(client: stripe.StripeClient) -> None:
    made = intent(client)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.confirm(made.id, {"payment_method": "pm_usBankAccount_success"})
    assert caught.value.param == "mandate_data"
    nameless: Any = {
        "type": "us_bank_account",
        "us_bank_account": {"routing_number": "110000000", "account_number": "000123456789"},
    }
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.confirm(made.id, {"payment_method_data": nameless, "mandate_data": ACCEPTED})
    assert caught.value.param == "billing_details[name]"


def test_a_saved_bank_account_is_debited_off_session_under_its_mandate(
    standin: Running, client: stripe.StripeClient
) -> None:
    customer = client.v1.customers.create({"name": "Blue Mesa Ranch"})
    setup = client.v1.setup_intents.create(
        {
            "customer": customer.id,
            "confirm": True,
            "payment_method": "pm_usBankAccount_success",
            "mandate_data": ACCEPTED,
        }
    )
    assert setup.status == "succeeded"
    mandate = client.v1.mandates.retrieve(str(setup.mandate))
    assert (mandate.status, mandate.type) == ("active", "multi_use")
    paid = intent(
        client, customer=customer.id, confirm=True, off_session=True, payment_method=str(setup.payment_method)
    )
    assert paid.status == "processing"
    standin.advance(days=8)
    standin.control("return_debit", payment_intent=paid.id, reason="debit_not_authorized")
    assert client.v1.mandates.retrieve(mandate.id).status == "inactive"
    blocked = client.v1.payment_methods.retrieve(str(setup.payment_method)).us_bank_account
    assert blocked is not None
    assert blocked.status_details is not None
    assert blocked.status_details.blocked is not None
    assert blocked.status_details.blocked.network_code == "R10"
    with pytest.raises(stripe.InvalidRequestError) as caught:
        intent(client, customer=customer.id, confirm=True, off_session=True, payment_method=str(setup.payment_method))
    assert caught.value.code == "payment_method_bank_account_blocked"


@pytest.mark.parametrize(
    ("number", "code"), [("000777777771", "charge_exceeds_source_limit"), ("000000004954", "card_declined")]
)
def test_some_debits_are_refused_at_once(standin: Running, client: stripe.StripeClient, number: str, code: str) -> None:
    answer = standin.control("pay", payment_intent=intent(client).id, bank_account=number)
    assert (answer["status"], answer["answer"]["error"]["code"]) == (402, code)
    assert answer["payment_intent"]["status"] == "requires_payment_method"


@pytest.mark.parametrize("setting_up", [False, True])
def test_microdeposits_that_cannot_be_sent_fail(
    standin: Running, client: stripe.StripeClient, setting_up: bool
) -> None:
    if setting_up:
        setup = client.v1.setup_intents.create(
            {"confirm": True, "payment_method": "pm_usBankAccount_failMicrodeposits", "mandate_data": ACCEPTED}
        )
        standin.advance(days=5)
        assert client.v1.setup_intents.retrieve(setup.id).status == "requires_payment_method"
        return
    made = intent(client, confirm=True, payment_method="pm_usBankAccount_failMicrodeposits", mandate_data=ACCEPTED)
    assert made.status == "requires_action"
    standin.advance(days=5)
    failed = client.v1.payment_intents.retrieve(made.id)
    assert failed.status == "requires_payment_method"
    assert failed.last_payment_error is not None
    assert failed.last_payment_error.code == "payment_method_microdeposit_failed"


def test_a_challenge_without_the_script_is_a_redirect_and_can_be_declined_by_the_server(
    client: stripe.StripeClient,
) -> None:
    made = intent(
        client, confirm=True, payment_method="pm_card_threeDSecure2Required", return_url="https://shop.example/back"
    )
    assert made.status == "requires_action"
    assert made.next_action is not None
    assert made.next_action.redirect_to_url is not None
    assert made.next_action.redirect_to_url.return_url == "https://shop.example/back"
    with pytest.raises(stripe.CardError) as caught:
        intent(client, confirm=True, payment_method="pm_card_threeDSecure2Required", error_on_requires_action=True)
    assert caught.value.code == "authentication_required"


def test_a_challenge_passed_may_still_be_declined(standin: Running, client: stripe.StripeClient) -> None:
    answer = standin.control("pay", payment_intent=intent(client).id, card="4000008260003178", challenge="complete")
    error = answer["payment_intent"]["last_payment_error"]
    assert (error["code"], error["decline_code"]) == ("card_declined", "insufficient_funds")


def test_setup_intents_save_a_card_decline_it_and_are_cancelled(standin: Running, client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({"name": "Blue Mesa Ranch"})
    saved = client.v1.setup_intents.create(
        {"customer": customer.id, "confirm": True, "payment_method": "pm_card_visa", "usage": "off_session"}
    )
    assert saved.status == "succeeded"
    assert [event.type for event in client.v1.events.list({"limit": 3}).data][::-1] == [
        "setup_intent.created",
        "setup_intent.succeeded",
        "payment_method.attached",
    ]
    with pytest.raises(stripe.CardError) as caught:
        client.v1.setup_intents.create(
            {"customer": customer.id, "confirm": True, "payment_method": "pm_card_visa_chargeDeclined"}
        )
    assert caught.value.error is not None
    assert caught.value.error.setup_intent.last_setup_error.code == "card_declined"
    open_one = client.v1.setup_intents.create({"customer": customer.id})
    assert client.v1.setup_intents.update(open_one.id, {"description": "later"}).description == "later"
    assert client.v1.setup_intents.cancel(open_one.id).status == "canceled"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.setup_intents.confirm(saved.id)
    assert {setup.status for setup in client.v1.setup_intents.list({"customer": customer.id}).data} == {
        "succeeded",
        "canceled",
        "requires_payment_method",
    }


def test_a_server_confirms_with_a_way_back_or_an_intent_that_leads_nobody_away(
    standin: Running, client: stripe.StripeClient
) -> None:
    client.v1.payment_intents.confirm(intent(client).id, {"payment_method": "pm_card_visa"})
    standin.control("switches", server_confirm="asks_return_url")
    made = intent(client)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.confirm(made.id, {"payment_method": "pm_card_visa"})
    assert caught.value.param == "return_url"
    way_back: Any = {"payment_method": "pm_card_visa", "return_url": "https://pay.example.test/back"}
    assert client.v1.payment_intents.confirm(made.id, way_back).status == "succeeded"
    stays = intent(client, automatic_payment_methods={"enabled": True, "allow_redirects": "never"})
    assert client.v1.payment_intents.confirm(stays.id, {"payment_method": "pm_card_visa"}).status == "succeeded"
