"""Webhooks: signed so that the SDK believes them, sent again until they are taken, and spoiled on purpose."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import stripe

from tests.stripe_standin import DAY, Receiver, Running, running


def pay(client: stripe.StripeClient, amount: int = 500) -> stripe.PaymentIntent:
    return client.v1.payment_intents.create(
        {"amount": amount, "currency": "usd", "confirm": True, "payment_method": "pm_card_visa"}
    )


def types(receiver: Receiver) -> list[str]:
    return [json.loads(body)["type"] for _, body in receiver.got]


def ids(receiver: Receiver) -> list[str]:
    return [json.loads(body)["id"] for _, body in receiver.got]


def test_the_sdk_believes_the_signature_and_no_other(standin: Running, client: stripe.StripeClient) -> None:
    receiver = standin.listen()
    intent = pay(client)
    standin.settle()
    headers, body = receiver.got[1]
    event = client.construct_event(body, headers["stripe-signature"], standin.standin.webhook_secret)
    assert event.type == "charge.succeeded"
    assert event.data.object["payment_intent"] == intent.id
    assert event.request is not None
    assert event.request.id == (intent.last_response.request_id if intent.last_response else None)
    assert headers["content-type"] == "application/json; charset=utf-8"
    assert headers["user-agent"].startswith("Stripe/1.0")
    with pytest.raises(stripe.SignatureVerificationError):
        client.construct_event(body, headers["stripe-signature"], "whsec_other")
    with pytest.raises(stripe.SignatureVerificationError):
        client.construct_event(body + b" ", headers["stripe-signature"], standin.standin.webhook_secret)


def test_events_come_in_order_once_and_as_the_api_shows_them(standin: Running, client: stripe.StripeClient) -> None:
    receiver = standin.listen()
    pay(client)
    standin.advance(seconds=1.1)
    standin.settle()
    assert types(receiver) == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "charge.updated",
    ]
    for key, (_, body) in zip(ids(receiver), receiver.got, strict=True):
        shown = client.v1.events.retrieve(key)
        assert shown.data.object.to_dict() == json.loads(body)["data"]["object"]
        assert shown.pending_webhooks == 0
    standin.advance(days=4)
    standin.settle()
    assert len(ids(receiver)) == len(set(ids(receiver)))


def test_an_endpoint_of_the_api_gets_what_it_asked_for(standin: Running, client: stripe.StripeClient) -> None:
    receiver = Receiver()
    standin.receivers.append(receiver)
    endpoint = client.v1.webhook_endpoints.create(
        {"url": receiver.url, "enabled_events": ["charge.succeeded"], "api_version": "2026-10-28.endive"}
    )
    assert endpoint.secret is not None
    assert "secret" not in client.v1.webhook_endpoints.retrieve(endpoint.id)
    pay(client)
    standin.settle()
    [(headers, body)] = receiver.got
    assert client.construct_event(body, headers["stripe-signature"], endpoint.secret).type == "charge.succeeded"
    client.v1.webhook_endpoints.update(endpoint.id, {"disabled": True})
    pay(client)
    standin.settle()
    assert len(receiver.got) == 1
    client.v1.webhook_endpoints.update(endpoint.id, {"disabled": False, "enabled_events": ["*"]})
    pay(client)
    standin.settle()
    assert len(receiver.got) > 2
    assert client.v1.webhook_endpoints.delete(endpoint.id).deleted is True
    assert client.v1.webhook_endpoints.list().data == []


def test_nothing_is_sent_off_this_machine(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.webhook_endpoints.create({"url": "https://example.com/hooks", "enabled_events": ["*"]})
    assert caught.value.param == "url"


def test_what_is_not_taken_is_sent_again_signed_anew(standin: Running, client: stripe.StripeClient) -> None:
    receiver = standin.listen(enabled_events=["charge.succeeded"])
    receiver.answers = [500, 302]
    pay(client)
    standin.settle()
    assert len(receiver.got) == 1
    assert client.v1.events.list({"delivery_success": False}).data[0].type == "charge.succeeded"
    for count, seconds in ((2, 11), (3, 61)):
        standin.advance(seconds=seconds)
        standin.settle()
        assert len(receiver.got) == count
    standin.advance(days=3)
    standin.settle()
    assert len(receiver.got) == 3, "taken once, never sent again"
    assert len(set(ids(receiver))) == 1
    stamps = [int(headers["stripe-signature"].split(",")[0][2:]) for headers, _ in receiver.got]
    assert stamps[1] - stamps[0] >= 10
    assert stamps[2] - stamps[1] >= 60
    for headers, body in receiver.got:
        client.construct_event(body, headers["stripe-signature"], standin.standin.webhook_secret, tolerance=0)


def test_the_signature_carries_the_hour_of_sending_however_far_the_clock_jumped(
    standin: Running, client: stripe.StripeClient
) -> None:
    receiver = standin.listen(enabled_events=["payment_intent.succeeded"])
    intent = client.v1.payment_intents.create({"amount": 500, "currency": "usd"})
    standin.control("pay", payment_intent=intent.id, bank_account="000123456789")
    standin.advance(days=20)
    standin.settle()
    [(headers, body)] = receiver.got
    sent = int(headers["stripe-signature"].split(",")[0][2:])
    assert abs(sent - standin.clock.seconds()) < 60
    assert sent - json.loads(body)["created"] > 10 * DAY, "the event keeps the hour at which it happened"


def test_after_three_days_it_is_given_up(standin: Running, client: stripe.StripeClient) -> None:
    receiver = standin.listen(enabled_events=["charge.succeeded"])
    receiver.answers = [503] * 100
    pay(client)
    for _ in range(40):
        standin.settle()
        standin.advance(days=0.125)
    standin.settle()
    [delivery] = standin.control("deliveries")["deliveries"]
    assert delivery["state"] == "given_up"
    assert 8 <= len(delivery["tries"]) <= 16
    assert delivery["tries"][-1]["at"] - delivery["first_at"] <= 3 * DAY + 1
    sent = standin.control("resend", event=delivery["event"])
    assert sent["event"] == delivery["event"]
    receiver.answers = []
    standin.settle()
    assert standin.control("deliveries")["deliveries"][-1]["state"] == "delivered"


def test_held_then_delivered_dropped_never(standin: Running, client: stripe.StripeClient) -> None:
    receiver = standin.listen(mode="hold")
    pay(client)
    standin.settle()
    assert receiver.got == []
    standin.control("webhooks", mode="deliver")
    standin.settle()
    assert len(receiver.got) == 3
    standin.control("webhooks", mode="drop")
    pay(client)
    standin.settle()
    standin.control("webhooks", mode="deliver")
    standin.advance(days=1)
    standin.settle()
    assert "payment_intent.succeeded" not in types(receiver)[3:]


def test_duplicates_twins_delay_and_shuffle(standin: Running, client: stripe.StripeClient) -> None:
    receiver = standin.listen(duplicate=True)
    pay(client)
    standin.settle()
    assert ids(receiver)[::2] == ids(receiver)[1::2]
    receiver.got.clear()

    standin.control("webhooks", duplicate=False, twins=True)
    pay(client)
    standin.settle()
    told = types(receiver)
    assert told[::2] == told[1::2]
    assert len(set(ids(receiver))) == len(told) == 6
    receiver.got.clear()

    standin.control("webhooks", twins=False, delay_seconds=60)
    pay(client)
    standin.settle()
    assert receiver.got == []
    standin.control("webhooks", shuffle=True, delay_seconds=0)
    for _ in range(4):
        pay(client)
    standin.advance(seconds=61)
    standin.settle()
    generated = [event.id for event in client.v1.events.list({"limit": 100}).data][::-1]
    arrived = ids(receiver)
    assert len(arrived) >= 15
    assert arrived != [key for key in generated if key in arrived]
    with pytest.raises(ValueError, match="mode is one of"):
        standin.control("webhooks", mode="lose")


def test_a_connect_endpoint_hears_of_connected_accounts_by_name(standin: Running, client: stripe.StripeClient) -> None:
    account = standin.control("connect_account", name="Cedar Stone")["account"]
    own, connect = standin.listen(), standin.listen(connect=True)
    client.v1.customers.create({"name": "mine"})
    client.v1.customers.create({"name": "theirs"}, {"stripe_account": account})
    standin.settle()
    [(_, mine)], [(_, theirs)] = own.got, connect.got
    assert "account" not in json.loads(mine)
    assert json.loads(theirs)["account"] == account


def test_a_stop_loses_no_delivery(tmp_path: Path) -> None:
    file = tmp_path / "stripe.db"
    with running(file) as before:
        receiver = before.listen(enabled_events=["charge.succeeded"])
        receiver.answers = [500]
        pay(before.client())
        before.settle()
        url = receiver.url
    again = Receiver()
    with running(file) as after:
        after.receivers.append(again)
        scope = after.scope()
        for endpoint in scope.all("webhook_endpoints"):
            assert endpoint["url"] == url
            scope.change(endpoint, url=again.url)
        after.advance(seconds=30)
        after.settle()
        assert types(again) == ["charge.succeeded"]
        assert [charge.amount for charge in after.client().v1.charges.list().data] == [500]


def test_a_delivery_cut_short_by_a_crash_is_sent_again(tmp_path: Path) -> None:
    file = tmp_path / "stripe.db"
    with running(file) as before:
        receiver = before.listen(enabled_events=["charge.succeeded"])
        before.control("webhooks", mode="hold")
        pay(before.client())
        before.settle()
        shelf = before.standin.ground.shelf
        [(key, delivery)] = shelf.all("_deliveries").items()
        shelf.put("_deliveries", key, {**delivery, "state": "under_way"})  # as it stands when the process dies
        before.control("webhooks", mode="drop")
        url = receiver.url
    again = Receiver()
    with running(file) as after:
        after.receivers.append(again)
        after.control("webhooks", mode="deliver")
        scope = after.scope()
        [endpoint] = scope.all("webhook_endpoints")
        assert endpoint["url"] == url
        scope.change(endpoint, url=again.url)
        after.settle()
        assert types(again) == ["charge.succeeded"]


@pytest.mark.parametrize(
    ("order", "payload"),
    [
        ("nonsense", {}),
        ("settle_debit", {}),
        ("settle_debit", {"payment_intent": "pi_x"}),
        ("refund", {"charge": "ch_x"}),
        ("return_debit", {"payment_intent": "pi_x"}),
        ("close_dispute", {"dispute": "du_x", "status": "maybe"}),
        ("webhooks", {"url": "https://example.com/"}),
        ("webhooks", {"louder": True}),
        ("pay", {"payment_intent": "pi_x", "card": "4242424242424242"}),
    ],
)
def test_an_order_that_makes_no_sense_is_a_value_error(standin: Running, order: str, payload: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        standin.control(order, **payload)
