"""Who may ask, what is refused, and how the refusal reads: through the SDK's own error classes."""

from __future__ import annotations

import base64
from typing import Any

import pytest
import requests
import stripe

from tests.stripe_standin import Running


def get(standin: Running, path: str, **headers: str) -> requests.Response:
    return requests.get(f"{standin.url}{path}", headers=headers, timeout=5)


def test_a_wrong_key_is_401(standin: Running) -> None:
    with pytest.raises(stripe.AuthenticationError) as caught:
        standin.client("sk_test_wrong").v1.balance.retrieve()
    assert caught.value.http_status == 401
    assert "sk_test_wrong" not in str(caught.value), "a key is never answered in full"


def test_no_key_is_401(standin: Running) -> None:
    answer = get(standin, "/v1/balance")
    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_the_key_may_come_as_the_user_of_basic_authentication(standin: Running) -> None:
    answer = requests.get(f"{standin.url}/v1/balance", auth=(standin.standin.secret_key, ""), timeout=5)
    assert answer.json()["object"] == "balance"
    spoiled = base64.b64encode(b"\xff\xfe").decode()
    assert get(standin, "/v1/balance", Authorization=f"Basic {spoiled}").status_code == 401


def test_a_restricted_key_does_what_it_may_and_no_more(standin: Running) -> None:
    client = standin.client(standin.standin.restricted_key)
    assert client.v1.payouts.list().data == []
    assert client.v1.accounts.retrieve_current().id.startswith("acct_")
    with pytest.raises(stripe.PermissionError) as caught:
        client.v1.payouts.create({"amount": 100, "currency": "usd"})
    assert caught.value.http_status == 403


def test_a_publishable_key_opens_only_the_browsers_doors(standin: Running, client: stripe.StripeClient) -> None:
    intent = client.v1.payment_intents.create({"amount": 500, "currency": "usd", "metadata": {"secret": "plan"}})
    browser = standin.client(standin.standin.publishable_key)
    with pytest.raises(stripe.AuthenticationError) as caught:
        browser.v1.payment_intents.list()
    assert caught.value.error is not None
    assert caught.value.error.code == "secret_key_required"
    with pytest.raises(stripe.InvalidRequestError) as wrong:
        browser.v1.payment_intents.retrieve(intent.id, {"client_secret": f"{intent.id}_secret_guess"})
    assert wrong.value.code == "resource_missing"
    with pytest.raises(stripe.InvalidRequestError):
        browser.v1.payment_intents.retrieve(intent.id)
    with pytest.raises(stripe.CardError) as declined:
        browser.v1.payment_intents.confirm(
            intent.id,
            {"client_secret": str(intent.client_secret), "payment_method": "pm_card_visa_chargeDeclined"},  # type: ignore[typeddict-unknown-key]
        )
    assert declined.value.error is not None
    assert "metadata" not in declined.value.error.payment_intent
    seen = browser.v1.payment_intents.retrieve(intent.id, {"client_secret": str(intent.client_secret)})
    assert seen.amount == 500
    assert "metadata" not in seen
    assert "customer" not in seen


@pytest.mark.parametrize(
    ("params", "code", "param"),
    [
        ({"amount": 500}, "parameter_missing", "currency"),
        ({"amount": 500, "currency": "usd", "foo": "1"}, "parameter_unknown", "foo"),
        (
            {"amount": 500, "currency": "usd", "automatic_payment_methods": {"enabled": True, "bar": 1}},
            "parameter_unknown",
            "automatic_payment_methods[bar]",
        ),
        ({"amount": "12.345", "currency": "usd"}, "parameter_invalid_integer", "amount"),
        ({"amount": 0, "currency": "usd"}, "parameter_invalid_integer", "amount"),
        ({"amount": -5, "currency": "usd"}, "parameter_invalid_integer", "amount"),
        ({"amount": 49, "currency": "usd"}, "amount_too_small", "amount"),
        ({"amount": 100_000_000, "currency": "usd"}, "amount_too_large", "amount"),
        ({"amount": 500, "currency": "xyz"}, "invalid_currency", "currency"),
        ({"amount": 500, "currency": "usd", "customer": "cus_x"}, "resource_missing", "customer"),
        ({"amount": 500, "currency": "usd", "payment_method": "pm_x"}, "resource_missing", "payment_method"),
        ({"amount": 500, "currency": "usd", "metadata": {"k" * 41: "v"}}, None, f"metadata[{'k' * 41}]"),
        ({"amount": 500, "currency": "usd", "metadata": {"k": "v" * 501}}, None, "metadata[k]"),
        ({"amount": 500, "currency": "usd", "metadata": {str(n): "v" for n in range(51)}}, None, "metadata"),
        ({"amount": 500, "currency": "usd", "setup_future_usage": "maybe"}, None, "setup_future_usage"),
        ({"amount": 500, "currency": "usd", "application_fee_amount": 5}, None, "application_fee_amount"),
        ({"amount": 500, "currency": "usd", "on_behalf_of": "acct_1"}, "sandbox_unplayed", "on_behalf_of"),
        ({"amount": 500, "currency": "usd", "off_session": True}, None, "off_session"),
        ({"amount": 500, "currency": "usd", "expand": ["amount"]}, None, "expand"),
        ({"amount": 500, "currency": "usd", "expand": ["customer.a.b.c.d"]}, None, "expand"),
    ],
)
def test_a_wrong_request_is_refused_by_name_and_makes_nothing(
    client: stripe.StripeClient, params: dict[str, Any], code: str | None, param: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.create(params)  # type: ignore[arg-type]
    assert caught.value.http_status == 400
    assert (caught.value.code, caught.value.param) == (code, param)
    assert caught.value.request_id is not None
    assert caught.value.request_id.startswith("req_")
    assert client.v1.payment_intents.list().data == []


@pytest.mark.parametrize(
    ("resource", "key", "param"),
    [
        ("payment_intents", "pi_x", "intent"),
        ("setup_intents", "seti_x", "intent"),
        ("customers", "cus_x", "id"),
        ("charges", "ch_x", "id"),
        ("refunds", "re_x", "refund"),
        ("payouts", "po_x", "payout"),
        ("payment_methods", "../secrets", "payment_method"),
    ],
)
def test_what_is_not_there_is_404(client: stripe.StripeClient, resource: str, key: str, param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        getattr(client.v1, resource).retrieve(key)
    assert (caught.value.http_status, caught.value.code, caught.value.param) == (404, "resource_missing", param)


def test_an_unknown_address_is_404_in_the_apis_words(standin: Running) -> None:
    answer = get(standin, "/v1/nonsense", Authorization=f"Bearer {standin.standin.secret_key}")
    assert answer.status_code == 404
    assert "Unrecognized request URL (GET: /v1/nonsense)" in answer.json()["error"]["message"]


def test_another_api_version_is_refused(standin: Running) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        standin.client(stripe_version="2020-08-27").v1.balance.retrieve()
    assert "Invalid Stripe API version" in str(caught.value)


def test_brackets_that_cross_are_refused(standin: Running) -> None:
    answer = requests.post(
        f"{standin.url}/v1/customers",
        data="metadata=1&metadata[a]=2",
        headers={"Authorization": f"Bearer {standin.standin.secret_key}"},
        timeout=5,
    )
    assert answer.status_code == 400


def test_arrays_are_read_however_they_are_written(standin: Running, client: stripe.StripeClient) -> None:
    headers = {"Authorization": f"Bearer {standin.standin.secret_key}"}
    for written in ("expand[]=customer&expand[]=latest_charge", "expand[0]=customer&expand[1]=latest_charge"):
        body = f"amount=500&currency=usd&customer={client.v1.customers.create().id}&{written}"
        answer = requests.post(f"{standin.url}/v1/payment_intents", data=body, headers=headers, timeout=5).json()
        assert answer["customer"]["object"] == "customer"
    numbered = "amount=500&currency=usd&metadata[1]=one&metadata[0]=nought&metadata[7]=seven"
    answer = requests.post(f"{standin.url}/v1/payment_intents", data=numbered, headers=headers, timeout=5).json()
    assert answer["metadata"] == {"0": "nought", "1": "one", "7": "seven"}


def test_accounts_are_islands(standin: Running, client: stripe.StripeClient) -> None:
    one = standin.control("connect_account", name="Cedar Stone")["account"]
    two = standin.control("connect_account", name="Delta Brick")["account"]
    mine = client.v1.customers.create({"name": "of one"}, {"stripe_account": one})
    assert client.v1.customers.list().data == []
    assert client.v1.customers.list({}, {"stripe_account": two}).data == []
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.customers.retrieve(mine.id, {}, {"stripe_account": two})
    assert client.v1.customers.retrieve(mine.id, {}, {"stripe_account": one}).id == mine.id
    assert {account.id for account in client.v1.accounts.list().data} == {one, two}
    assert client.v1.accounts.retrieve(one).settings is not None

    with pytest.raises(stripe.PermissionError) as caught:
        client.v1.balance.retrieve({}, {"stripe_account": "acct_unknown"})
    assert caught.value.error is not None
    assert caught.value.error.code == "account_invalid"
    standin.control("revoke_account", account=one)
    with pytest.raises(stripe.PermissionError):
        client.v1.customers.retrieve(mine.id, {}, {"stripe_account": one})


def test_a_connected_accounts_own_key_cannot_reach_another(standin: Running) -> None:
    keys = standin.control("connect_account", name="Cedar Stone")
    other = standin.control("connect_account", name="Delta Brick")
    client = standin.client(keys["secret_key"])
    assert client.v1.accounts.retrieve_current().id == keys["account"]
    with pytest.raises(stripe.PermissionError):
        client.v1.balance.retrieve({}, {"stripe_account": other["account"]})
    with pytest.raises(stripe.PermissionError):
        client.v1.accounts.retrieve(other["account"])


@pytest.mark.parametrize(
    ("fault", "kind", "status"),
    [
        ("rate_limit", stripe.RateLimitError, 429),
        ("lock_timeout", stripe.RateLimitError, 429),
        ("in_use", stripe.APIError, 409),
        ("api_error", stripe.APIError, 500),
        ("unauthorised", stripe.AuthenticationError, 401),
        ("forbidden", stripe.PermissionError, 403),
        ("status:502", stripe.APIError, 502),
    ],
)
def test_faults_are_told_in_the_apis_words(
    standin: Running, client: stripe.StripeClient, fault: str, kind: type[stripe.StripeError], status: int
) -> None:
    standin.faults.load([{"match": {"service": "stripe", "operation": "balance.*"}, "do": fault}])
    with pytest.raises(kind) as caught:
        client.v1.balance.retrieve()
    assert caught.value.http_status == status
    assert client.v1.balance.retrieve().object == "balance"


def test_a_lost_answer_leaves_the_work_done(standin: Running) -> None:
    standin.faults.load([{"match": {"operation": "customers.create"}, "do": "drop_after_commit"}])
    with pytest.raises(stripe.APIConnectionError):
        standin.client().v1.customers.create({"name": "Done all the same"})
    assert [customer.name for customer in standin.client().v1.customers.list().data] == ["Done all the same"]
