"""What a browser asks with a publishable key, as stripe.js does: the session of the elements, forms, other origins."""

from __future__ import annotations

from typing import Any

import pytest
import requests
import stripe

from tests.stripe_standin import Running


def ask(standin: Running, method: str, path: str, **fields: str) -> requests.Response:
    """Ask as a script of another origin does: the key in the form, nothing in the headers."""
    sent = {"key": standin.standin.publishable_key, **fields}
    where = {"params": sent} if method == "GET" else {"data": sent}
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, f"{standin.url}{path}", headers={"Origin": "http://shop.example"}, **where)  # type: ignore[arg-type]


def test_a_session_tells_the_elements_what_to_draw(standin: Running, client: stripe.StripeClient) -> None:
    client.v1.payment_method_domains.create({"domain_name": "shop.example"})
    deferred = ask(
        standin,
        "GET",
        "/v1/elements/sessions",
        **{
            "type": "deferred_intent",
            "locale": "en-US",
            "referrer_host": "shop.example",
            "deferred_intent[mode]": "payment",
            "deferred_intent[amount]": "1099",
            "deferred_intent[currency]": "usd",
            "deferred_intent[payment_method_types][0]": "card",
        },
    ).json()
    assert (deferred["payment_method_types"], deferred["intent"]) == (["card"], None)
    assert {"apple_pay", "google_pay", "link"} <= set(deferred["wallet_types"])
    options: Any = {"us_bank_account": {"verification_method": "microdeposits"}}
    made = client.v1.payment_intents.create({"amount": 500, "currency": "usd", "payment_method_options": options})
    shown = ask(
        standin, "GET", "/v1/elements/sessions", type="payment_intent", client_secret=str(made.client_secret)
    ).json()
    assert (shown["intent"]["id"], shown["verification_method"]) == (made.id, "microdeposits")
    assert "metadata" not in shown["intent"]
    assert (shown["wallet_types"], shown["saved_methods"]) == ([], [])
    wrong = ask(standin, "GET", "/v1/elements/sessions", client_secret=f"{made.client_secret}x")
    assert wrong.json()["error"]["code"] == "resource_missing"


def test_any_origin_may_ask_and_is_told_so(standin: Running) -> None:
    with requests.Session() as session:
        session.trust_env = False
        preflight = session.options(
            f"{standin.url}/v1/payment_intents/pi_1/confirm",
            headers={"Origin": "http://shop.example", "Access-Control-Request-Method": "POST"},
        )
    assert preflight.status_code == 204
    assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
    refused = ask(standin, "POST", "/v1/payment_intents", amount="500", currency="usd")
    assert refused.headers["Access-Control-Allow-Origin"] == "*"
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "secret_key_required")


def test_a_form_confirms_with_what_the_element_sends(standin: Running, client: stripe.StripeClient) -> None:
    made = client.v1.payment_intents.create({"amount": 500, "currency": "usd"})
    form = {
        "client_secret": str(made.client_secret),
        "return_url": "http://shop.example/done",
        "use_stripe_sdk": "true",
        "payment_method_data[type]": "card",
        "payment_method_data[card][number]": "4242424242424242",
        "payment_method_data[card][exp_month]": "12",
        "payment_method_data[card][exp_year]": "2034",
        "payment_method_data[card][cvc]": "123",
        "payment_method_data[billing_details][address][postal_code]": "97701",
        "payment_method_data[allow_redisplay]": "always",
        "mandate_data[customer_acceptance][type]": "online",
        "mandate_data[customer_acceptance][online][infer_from_client]": "true",
    }
    answer = ask(standin, "POST", f"/v1/payment_intents/{made.id}/confirm", **form).json()
    assert answer["status"] == "succeeded"
    assert set(answer) == {
        *("id", "object", "amount", "amount_details", "automatic_payment_methods", "canceled_at"),
        *("cancellation_reason", "capture_method", "client_secret", "confirmation_method", "created", "currency"),
        *("description", "last_payment_error", "livemode", "next_action", "payment_method", "payment_method_types"),
        *("processing", "receipt_email", "setup_future_usage", "shipping", "status"),
    }
    declined = client.v1.payment_intents.create({"amount": 500, "currency": "usd", "metadata": {"secret": "yes"}})
    form |= {"client_secret": str(declined.client_secret), "payment_method_data[card][number]": "4000000000000002"}
    refused = ask(standin, "POST", f"/v1/payment_intents/{declined.id}/confirm", **form)
    assert refused.status_code == 402
    assert refused.json()["error"]["payment_intent"]["status"] == "requires_payment_method"
    assert "metadata" not in refused.json()["error"]["payment_intent"]


def test_the_account_goes_along_in_the_form(standin: Running, client: stripe.StripeClient) -> None:
    account = standin.control("connect_account", name="Cedar Stone")["account"]
    made = client.v1.payment_intents.create({"amount": 500, "currency": "usd"}, {"stripe_account": account})
    path, secret = f"/v1/payment_intents/{made.id}", str(made.client_secret)
    assert ask(standin, "GET", path, client_secret=secret).json()["error"]["code"] == "resource_missing"
    assert ask(standin, "GET", path, client_secret=secret, _stripe_account=account).json()["id"] == made.id
    unknown = ask(standin, "GET", path, client_secret=secret, _stripe_account="acct_1none")
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (403, "account_invalid")


@pytest.mark.parametrize("path", ["/endive/stripe.js", "/v3/"])
def test_the_script_is_served_where_it_is_looked_for(standin: Running, path: str) -> None:
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(f"{standin.url}{path}")
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert "window.Stripe" in answer.text


def test_an_intent_collects_a_bank_account_for_a_browser(standin: Running, client: stripe.StripeClient) -> None:
    made = client.v1.payment_intents.create({"amount": 500, "currency": "usd"})
    form = {
        "client_secret": str(made.client_secret),
        "payment_method_data[type]": "us_bank_account",
        "payment_method_data[us_bank_account][account_number]": "000123456789",
        "payment_method_data[us_bank_account][routing_number]": "110000000",
        "payment_method_data[billing_details][name]": "Jo",
    }
    path = f"/v1/payment_intents/{made.id}/bank_account"
    assert ask(standin, "POST", path, **form).json()["status"] == "requires_confirmation"
    assert ask(standin, "POST", path, **{**form, "client_secret": "pi_1_secret_2"}).status_code == 404
    cards: Any = {"amount": 500, "currency": "usd", "allowed_payment_method_types": ["card"]}
    other = client.v1.payment_intents.create(cards)
    refused = ask(
        standin,
        "POST",
        f"/v1/payment_intents/{other.id}/bank_account",
        **{**form, "client_secret": str(other.client_secret)},
    )
    assert refused.json()["error"]["param"] == "payment_method_data"
