"""Webhooks spoiled one by one by the fault programme: copies, forgeries, wrong hours, replays, losses, too early."""

from __future__ import annotations

import json
from typing import Any

import pytest
import stripe

from tests.stripe_standin import Receiver, Running

ONLY: Any = ["charge.succeeded"]


def pay(client: stripe.StripeClient, amount: int = 500) -> stripe.PaymentIntent:
    return client.v1.payment_intents.create(
        {"amount": amount, "currency": "usd", "confirm": True, "payment_method": "pm_card_visa"}
    )


def spoil(standin: Running, do: str, operation: str = "webhook.charge.succeeded", **match: Any) -> None:
    standin.faults.load([{"match": {"service": "stripe", "operation": operation, **match}, "do": do}])


def ids(receiver: Receiver) -> list[str]:
    return [json.loads(body)["id"] for _, body in receiver.got]


def signed_at(receiver: Receiver) -> list[int]:
    return [int(headers["stripe-signature"].split(",")[0][2:]) for headers, _ in receiver.got]


def test_copies_come_as_often_as_told(standin: Running, client: stripe.StripeClient) -> None:
    receiver = standin.listen(enabled_events=ONLY)
    spoil(standin, "dup:3")
    pay(client)
    standin.settle()
    assert len(receiver.got) == 3
    assert len(set(ids(receiver))) == 1
    pay(client)
    standin.settle()
    assert len(receiver.got) == 4, "one fault, one delivery"


def test_one_delivery_may_be_late_and_one_lost(standin: Running, client: stripe.StripeClient) -> None:
    receiver = standin.listen(enabled_events=ONLY)
    spoil(standin, "delay:90000")
    pay(client)
    standin.settle()
    assert receiver.got == []
    standin.advance(seconds=91)
    standin.settle()
    assert len(receiver.got) == 1

    spoil(standin, "drop")
    lost = pay(client)
    standin.settle()
    standin.advance(days=4)
    standin.settle()
    assert len(receiver.got) == 1
    assert standin.control("deliveries")["deliveries"][-1]["state"] == "dropped"
    [event] = client.v1.events.list({"types": ONLY, "delivery_success": False}).data
    assert event.data.object["payment_intent"] == lost.id, "the list of events still knows"


def test_sending_may_stop_for_hours_and_then_all_comes(standin: Running, client: stripe.StripeClient) -> None:
    receiver = standin.listen()
    spoil(standin, "stop_for:7200", "webhook.*")
    made = [pay(client).id for _ in range(3)]
    standin.advance(seconds=3600)
    standin.settle()
    assert receiver.got == []
    standin.advance(seconds=3700)
    standin.settle()
    bodies = [json.loads(body) for _, body in receiver.got]
    paid = [body["data"]["object"]["id"] for body in bodies if body["type"] == "payment_intent.succeeded"]
    assert sorted(paid) == sorted(made)


@pytest.mark.parametrize(("do", "seconds"), [("old_timestamp", -600), ("future_timestamp:900", 900)])
def test_a_signature_of_a_wrong_hour_is_mended_by_the_next_try(
    standin: Running, client: stripe.StripeClient, do: str, seconds: int
) -> None:
    receiver = standin.listen(enabled_events=ONLY)
    receiver.answers = [400]
    spoil(standin, do)
    pay(client)
    standin.settle()
    assert abs(signed_at(receiver)[0] - standin.clock.seconds() - seconds) < 30
    headers, body = receiver.got[0]
    client.construct_event(body, headers["stripe-signature"], standin.standin.webhook_secret, tolerance=10_000)
    standin.advance(seconds=11)
    standin.settle()
    assert abs(signed_at(receiver)[1] - standin.clock.seconds()) < 30


def test_a_forgery_comes_besides_the_genuine_delivery(standin: Running, client: stripe.StripeClient) -> None:
    receiver = standin.listen(enabled_events=ONLY)
    receiver.answers = [400]
    spoil(standin, "forged_sig")
    pay(client)
    standin.settle()
    (forged, same), (genuine, body) = receiver.got
    assert same == body
    with pytest.raises(stripe.SignatureVerificationError):
        client.construct_event(same, forged["stripe-signature"], standin.standin.webhook_secret)
    client.construct_event(body, genuine["stripe-signature"], standin.standin.webhook_secret)
    assert [row["state"] for row in standin.control("deliveries")["deliveries"]] == ["delivered"]


def test_overheard_bytes_are_sent_again_under_their_old_signature(
    standin: Running, client: stripe.StripeClient
) -> None:
    receiver = standin.listen(enabled_events=ONLY)
    spoil(standin, "replay:900")
    pay(client)
    standin.settle()
    assert len(receiver.got) == 1
    standin.advance(seconds=901)
    standin.settle()
    first, again = receiver.got
    assert first[1] == again[1]
    assert first[0]["stripe-signature"] == again[0]["stripe-signature"]


def test_one_change_may_be_told_by_two_events(standin: Running, client: stripe.StripeClient) -> None:
    receiver = standin.listen(enabled_events=ONLY)
    spoil(standin, "twin")
    pay(client)
    standin.settle()
    bodies = [json.loads(body) for _, body in receiver.got]
    assert len(bodies) == 2
    assert bodies[0]["id"] != bodies[1]["id"]
    assert bodies[0]["data"] == bodies[1]["data"]
    assert len(client.v1.events.list({"types": ONLY}).data) == 2


def test_an_order_drawn_from_a_seed_is_the_same_again(standin: Running, client: stripe.StripeClient) -> None:
    usual = ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"]
    receiver = standin.listen(enabled_events=usual)  # not charge.updated, which comes when a charge is booked: later
    orders = []
    for _ in range(2):
        receiver.got.clear()
        spoil(standin, "reorder:7", "webhook.*")
        for _ in range(3):
            pay(client)
        standin.settle()
        orders.append([json.loads(body)["type"] for _, body in receiver.got])
    assert orders[0] == orders[1]
    assert sorted(orders[0]) == sorted(usual * 3)
    assert orders[0] != usual * 3


def test_a_webhook_may_be_quicker_than_the_answer(standin: Running, client: stripe.StripeClient) -> None:
    receiver = standin.listen(enabled_events=ONLY)
    standin.faults.load([{"match": {"operation": "payment_intents.create"}, "do": "before_response"}])
    made = pay(client)
    [(_, body)] = receiver.got
    assert json.loads(body)["data"]["object"]["payment_intent"] == made.id


def test_faults_of_webhooks_and_of_requests_never_use_each_other_up(
    standin: Running, client: stripe.StripeClient
) -> None:
    receiver = standin.listen(enabled_events=ONLY)
    standin.faults.load([{"do": "dup:2"}, {"do": "rate_limit"}])
    with pytest.raises(stripe.RateLimitError):
        pay(client)
    pay(client)
    standin.settle()
    assert len(receiver.got) == 2
