"""Webhook endpoints by the API: made, changed, listed, switched off, with another secret, for an older version."""

from __future__ import annotations

import json
from typing import Any

import pytest
import stripe

from tests.stripe_standin import Receiver, Running

ALL: Any = ["*"]


def endpoint_for(
    standin: Running, client: stripe.StripeClient, **given: Any
) -> tuple[Receiver, stripe.WebhookEndpoint]:
    receiver = Receiver()
    standin.receivers.append(receiver)
    params: Any = {"url": receiver.url, "enabled_events": ALL, **given}
    return receiver, client.v1.webhook_endpoints.create(params)


def test_an_endpoint_keeps_what_it_is_told(standin: Running, client: stripe.StripeClient) -> None:
    receiver, made = endpoint_for(standin, client, description="books", metadata={"of": "us"})
    changed = client.v1.webhook_endpoints.update(
        made.id,
        {"enabled_events": ["payout.paid"], "url": f"{receiver.url}/2", "description": "", "metadata": {"of": ""}},
    )
    assert (changed.enabled_events, changed.url, changed.description) == (
        ["payout.paid"],
        f"{receiver.url}/2",
        None,
    )
    assert changed.metadata.to_dict() == {}
    assert [row.id for row in client.v1.webhook_endpoints.list({"limit": 1}).data] == [made.id]
    for number in range(15):
        endpoint_for(standin, client, description=str(number))
    with pytest.raises(stripe.InvalidRequestError, match="maximum of 16"):
        endpoint_for(standin, client)
    client.v1.webhook_endpoints.delete(made.id)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.webhook_endpoints.retrieve(made.id)


def test_a_new_secret_signs_together_with_the_old_one_for_a_while(
    standin: Running, client: stripe.StripeClient
) -> None:
    receiver, made = endpoint_for(standin, client, enabled_events=["customer.created"])
    rolled = standin.control("roll_secret", endpoint=made.id, hours=2)["endpoint"]["secret"]
    assert rolled != made.secret
    client.v1.customers.create({"name": "one"})
    standin.settle()
    standin.advance(seconds=7300)
    client.v1.customers.create({"name": "two"})
    standin.settle()
    both, alone = receiver.got
    for secret in (made.secret, rolled):
        client.construct_event(both[1], both[0]["stripe-signature"], secret)
    client.construct_event(alone[1], alone[0]["stripe-signature"], rolled, tolerance=10_000)
    with pytest.raises(stripe.SignatureVerificationError):
        client.construct_event(alone[1], alone[0]["stripe-signature"], made.secret, tolerance=10_000)


def test_an_endpoint_hears_in_the_words_of_the_version_it_was_made_for(
    standin: Running, client: stripe.StripeClient
) -> None:
    old, _ = endpoint_for(standin, client, api_version="2025-02-24.acacia")
    new, _ = endpoint_for(standin, client)
    client.v1.payment_intents.create({"amount": 500, "currency": "usd"})
    standin.settle()
    [told_old], [told_new] = ([json.loads(body) for _, body in receiver.got] for receiver in (old, new))
    assert (told_old["api_version"], told_new["api_version"]) == ("2025-02-24.acacia", "2026-10-28.endive")
    assert told_old["data"]["object"].pop("invoice", "absent") is None
    assert told_old["data"] == told_new["data"]
    assert client.v1.events.retrieve(told_old["id"]).api_version == "2026-10-28.endive"
    with pytest.raises(stripe.InvalidRequestError) as caught:
        endpoint_for(standin, client, api_version="2011-06-21")
    assert caught.value.param == "api_version"


def test_an_endpoint_that_takes_nothing_for_days_is_disabled_where_that_is_the_habit(
    standin: Running, client: stripe.StripeClient
) -> None:
    standin.control("switches", disable_after_days=1)
    receiver, made = endpoint_for(standin, client, enabled_events=["customer.created"])
    receiver.answers = [500] * 50
    client.v1.customers.create({"name": "one"})
    for _ in range(16):
        standin.settle()
        standin.advance(days=0.125)
    assert client.v1.webhook_endpoints.retrieve(made.id).status == "disabled"
    receiver.answers = []
    came = len(receiver.got)
    client.v1.customers.create({"name": "two"})
    standin.settle()
    assert len(receiver.got) == came
    assert client.v1.webhook_endpoints.update(made.id, {"disabled": False}).status == "enabled"


def test_a_sandbox_tries_three_times(standin: Running, client: stripe.StripeClient) -> None:
    standin.control("switches", webhook_tries="sandbox")
    receiver, _ = endpoint_for(standin, client, enabled_events=["customer.created"])
    receiver.answers = [500] * 50
    client.v1.customers.create({"name": "one"})
    for _ in range(12):
        standin.settle()
        standin.advance(days=0.125)
    assert len(receiver.got) == 3
    assert [row["state"] for row in standin.control("deliveries")["deliveries"]] == ["given_up"]


def test_events_are_found_by_types_and_hour_for_thirty_days(standin: Running, client: stripe.StripeClient) -> None:
    first = client.v1.customers.create({"name": "one"})
    standin.advance(days=20)
    client.v1.payment_intents.create({"amount": 500, "currency": "usd"})
    find = client.v1.events.list
    assert [event.type for event in find({"types": ["customer.created", "payment_intent.created"]}).data] == [
        "payment_intent.created",
        "customer.created",
    ]
    assert [event.type for event in find({"type": "customer.*"}).data] == ["customer.created"]
    assert [event.type for event in find({"created": {"gt": first.created + 60}}).data] == [
        "payment_intent.created"
    ] + [event.type for event in find({"type": "payout.*"}).data]
    old = find({"type": "customer.created"}).data[0].id
    assert client.v1.events.retrieve(old).data.object["id"] == first.id
    standin.advance(days=11)
    assert find({"type": "customer.created"}).data == []
