"""Customers, their payment methods, sessions and confirmation tokens."""

from __future__ import annotations

import pytest
import stripe

from tests.stripe_standin import Running


def test_a_customer_lives_changes_and_is_deleted(client: stripe.StripeClient) -> None:
    made = client.v1.customers.create(
        {"name": "Blue Mesa Ranch", "email": "pay@blue.example", "address": {"city": "Bend", "country": "US"}}
    )
    assert made.address is not None
    assert made.address.city == "Bend"
    changed = client.v1.customers.update(made.id, {"phone": "+1 541", "metadata": {"a": "1", "b": "2"}})
    assert changed.phone == "+1 541"
    changed = client.v1.customers.update(made.id, {"metadata": {"a": "", "c": "3"}, "phone": ""})
    assert changed.metadata is not None
    assert (changed.metadata.to_dict(), changed.phone) == ({"b": "2", "c": "3"}, None)
    [event] = client.v1.events.list({"type": "customer.updated", "limit": 1}).data
    assert event.data.previous_attributes is not None
    assert event.data.previous_attributes.to_dict() == {"metadata": {"a": "1", "b": "2"}, "phone": "+1 541"}

    method = client.v1.payment_methods.attach("pm_card_visa", {"customer": made.id})
    gone = client.v1.customers.delete(made.id)
    assert gone.deleted is True
    assert client.v1.customers.retrieve(made.id).deleted is True
    assert client.v1.payment_methods.retrieve(method.id).customer is None
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.create({"amount": 500, "currency": "usd", "customer": made.id})
    assert caught.value.code == "resource_missing"


def test_methods_are_attached_listed_and_detached_for_good(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({"name": "Blue Mesa Ranch"})
    visa = client.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    bank = client.v1.payment_methods.attach("pm_usBankAccount_success", {"customer": customer.id})
    assert bank.us_bank_account is not None
    assert bank.us_bank_account.last4 == "6789"
    mine = client.v1.customers.payment_methods
    assert [method.id for method in mine.list(customer.id).data] == [bank.id, visa.id]
    assert [method.id for method in mine.list(customer.id, {"type": "card"}).data] == [visa.id]
    assert mine.retrieve(customer.id, visa.id).id == visa.id

    detached = client.v1.payment_methods.detach(visa.id)
    assert detached.customer is None
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_methods.attach(visa.id, {"customer": customer.id})
    assert "may not be used again" in str(caught.value)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_methods.detach(visa.id)


def test_a_card_that_the_bank_refuses_is_not_attached(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({"name": "Blue Mesa Ranch"})
    with pytest.raises(stripe.CardError) as caught:
        client.v1.payment_methods.attach("pm_card_visa_chargeDeclined", {"customer": customer.id})
    assert caught.value.code == "card_declined"
    assert client.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer.id}).customer
    with pytest.raises(stripe.CardError):
        client.v1.customers.create({"payment_method": "pm_card_visa_chargeDeclined"})
    assert len(client.v1.customers.list().data) == 1


def test_anothers_method_cannot_pay(client: stripe.StripeClient) -> None:
    one, two = (client.v1.customers.create({"name": name}) for name in ("one", "two"))
    method = client.v1.payment_methods.attach("pm_card_visa", {"customer": one.id})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.create(
            {"amount": 500, "currency": "usd", "customer": two.id, "payment_method": method.id, "confirm": True}
        )
    assert caught.value.code == "resource_missing"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.create(
            {"amount": 500, "currency": "usd", "payment_method": method.id, "confirm": True}
        )


def test_a_method_used_without_a_customer_serves_once(client: stripe.StripeClient) -> None:
    method = client.v1.payment_methods.create(
        {"type": "card", "card": {"number": "4242424242424242", "exp_month": 12, "exp_year": 2034, "cvc": "123"}}
    )
    pay = {"amount": 500, "currency": "usd", "payment_method": method.id, "confirm": True}
    assert client.v1.payment_intents.create(dict(pay)).status == "succeeded"  # type: ignore[arg-type]
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.create(dict(pay))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("card", "code"),
    [
        ({"number": "4242424242424241", "exp_month": 12, "exp_year": 34}, "incorrect_number"),
        ({"number": "4111111111111111", "exp_month": 12, "exp_year": 34}, "card_declined"),
        ({"number": "4242424242424242", "exp_month": 13, "exp_year": 34}, "invalid_expiry_month"),
        ({"number": "4242424242424242", "exp_month": 1, "exp_year": 2020}, "invalid_expiry_year"),
        ({"number": "4242424242424242", "exp_month": 12, "exp_year": 34, "cvc": "12"}, "invalid_cvc"),
    ],
)
def test_only_the_published_test_cards_are_taken_and_no_other_is_kept(
    standin: Running, client: stripe.StripeClient, card: dict[str, object], code: str
) -> None:
    with pytest.raises(stripe.CardError) as caught:
        client.v1.payment_methods.create({"type": "card", "card": card})  # type: ignore[typeddict-item]
    assert caught.value.code == code
    assert standin.control("state", kind="payment_methods")["payment_methods"] == []


def test_a_test_number_leaves_as_its_last_four_digits(standin: Running, client: stripe.StripeClient) -> None:
    client.v1.payment_methods.create(
        {"type": "card", "card": {"number": "378282246310005", "exp_month": 12, "exp_year": 34, "cvc": "1234"}}
    )
    shown = str(standin.control("state"))
    assert "0005" in shown
    assert "378282246310005" not in shown


def test_a_customer_session_needs_a_customer_and_shows_only_what_it_allows(
    standin: Running, client: stripe.StripeClient
) -> None:
    customer = client.v1.customers.create({"name": "Blue Mesa Ranch"})
    session = client.v1.customer_sessions.create(
        {
            "customer": customer.id,
            "components": {"payment_element": {"enabled": True, "features": {"payment_method_redisplay": "enabled"}}},
        }
    )
    assert session.client_secret.startswith("cuss_secret_")
    assert session.components is not None
    features = session.components.payment_element.features
    assert features is not None
    assert features.payment_method_allow_redisplay_filters == ["always"]
    assert features.payment_method_save == "disabled"
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.customer_sessions.create({"components": {"payment_element": {"enabled": True}}})
    assert caught.value.param == "customer"


def test_a_confirmation_token_pays_once(client: stripe.StripeClient) -> None:
    token = client.v1.test_helpers.confirmation_tokens.create(
        {"payment_method": "pm_card_visa", "setup_future_usage": "off_session"}
    )
    seen = client.v1.confirmation_tokens.retrieve(token.id)
    assert seen.payment_method_preview is not None
    assert seen.payment_method_preview.card is not None
    assert seen.payment_method_preview.card.funding == "credit"
    customer = client.v1.customers.create({"name": "Blue Mesa Ranch"})
    intent = client.v1.payment_intents.create({"amount": 500, "currency": "usd", "customer": customer.id})
    paid = client.v1.payment_intents.confirm(intent.id, {"confirmation_token": token.id, "amount_to_confirm": 500})
    assert (paid.status, paid.setup_future_usage) == ("succeeded", "off_session")
    assert len(client.v1.customers.payment_methods.list(customer.id).data) == 1
    again = client.v1.payment_intents.create({"amount": 500, "currency": "usd", "customer": customer.id})
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.confirm(again.id, {"confirmation_token": token.id})
    other = client.v1.test_helpers.confirmation_tokens.create({"payment_method": "pm_card_visa"})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.confirm(again.id, {"confirmation_token": other.id, "amount_to_confirm": 501})
    assert caught.value.param == "amount_to_confirm"
