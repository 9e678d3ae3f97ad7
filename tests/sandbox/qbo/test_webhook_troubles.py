"""What the fault programme does to a body of webhooks, and when the app hears of what it did itself."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import datetime, timedelta

import pytest

from tests.sandbox.client import Company
from tests.sandbox.qbo.test_webhooks import events, listing, settle
from tests.sandbox.receiver import Delivery, Receiver


@pytest.fixture
def heard(company: Company, receiver: Receiver) -> Company:
    company.steer("quickbooks/webhooks", {"url": receiver.url})
    return company


def spoil(company: Company, do: str) -> None:
    company.faults({"match": {"service": "quickbooks", "operation": "webhook.body"}, "do": do})


def is_genuine(company: Company, delivery: Delivery) -> bool:
    key = company.credentials["verifier_token"].encode()
    wanted = base64.b64encode(hmac.new(key, delivery.body, hashlib.sha256).digest()).decode()
    return delivery.headers["intuit-signature"] == wanted


def make(company: Company, *names: str) -> None:
    for name in names:
        company.customer(name)
    settle(company)


def test_copies_are_the_same_bytes(heard: Company, receiver: Receiver) -> None:
    spoil(heard, "dup:3")
    make(heard, "A")
    assert len({one.body for one in receiver.wait_for(3)}) == 1
    make(heard, "B")
    assert len(receiver.wait_for(4)) == 4, "once is once"


def test_a_late_body_lets_the_next_one_pass(heard: Company, receiver: Receiver) -> None:
    spoil(heard, "delay:90")
    make(heard, "A")
    make(heard, "B")
    assert [events(one)[0][1] for one in receiver.wait_for(1)] == ["2"]
    heard.steer("clock/advance", {"seconds": 91})
    assert [events(one)[0][1] for one in receiver.wait_for(2)] == ["2", "1"]


def test_events_may_come_out_of_their_order_by_a_seed(heard: Company, receiver: Receiver) -> None:
    for _ in range(2):
        spoil(heard, "reorder:7")
        heard.steer("quickbooks/switches", {"webhook_window": 3600})
        for n in range(6):
            heard.customer(f"C{len(receiver.deliveries)}-{n}")
        heard.steer("clock/advance", {"seconds": 3601})
        settle(heard)
        heard.refresh()
    first, second = receiver.wait_for(2)
    orders = [[int(key) for _, key in events(one)] for one in (first, second)]
    assert sorted(orders[0]) == [1, 2, 3, 4, 5, 6] != orders[0]
    assert [key + 6 for key in orders[0]] == orders[1], "the same seed, the same order"


def test_an_event_may_be_lost_and_the_change_feed_still_knows(heard: Company, receiver: Receiver) -> None:
    since = heard.world.clock.now().isoformat()
    spoil(heard, "drop")
    make(heard, "A")
    make(heard, "B")
    assert [events(one)[0][1] for one in receiver.wait_for(1)] == ["2"]
    feed = heard.get("cdc", entities="Customer", changedSince=since).json()["CDCResponse"][0]["QueryResponse"][0]
    assert [row["Id"] for row in feed["Customer"]] == ["1", "2"]


def test_the_feed_may_stop_for_a_while_and_loses_nothing(heard: Company, receiver: Receiver) -> None:
    spoil(heard, "stop_for:300")
    make(heard, "A")
    make(heard, "B")
    assert receiver.deliveries == []
    heard.steer("clock/advance", {"seconds": 301})
    assert [events(one)[0][1] for one in receiver.wait_for(2)] == ["1", "2"]


def test_a_forger_comes_besides_the_genuine_body(heard: Company, receiver: Receiver) -> None:
    spoil(heard, "forged_sig")
    receiver.answers = [401, 200]
    make(heard, "A")
    forged, genuine = receiver.wait_for(2)
    assert (is_genuine(heard, forged), is_genuine(heard, genuine)) == (False, True)
    assert forged.body == genuine.body
    assert [one["status"] for one in listing(heard)["bodies"][0]["attempts"]] == [200]


@pytest.mark.parametrize(("do", "seconds"), [("old_timestamp:3600", -3600), ("future_timestamp", 600)])
def test_events_may_tell_a_wrong_hour_under_a_right_signature(
    heard: Company, receiver: Receiver, do: str, seconds: int
) -> None:
    spoil(heard, do)
    now = heard.world.clock.now()
    make(heard, "A")
    (delivery,) = receiver.wait_for(1)
    told = datetime.fromisoformat(json.loads(delivery.body)[0]["time"])
    assert abs(told - now - timedelta(seconds=seconds)) < timedelta(seconds=30)
    assert is_genuine(heard, delivery)


def test_the_very_bytes_may_come_again_later(heard: Company, receiver: Receiver) -> None:
    spoil(heard, "replay:7200")
    make(heard, "A")
    receiver.wait_for(1)
    heard.steer("clock/advance", {"seconds": 7000})
    assert len(receiver.deliveries) == 1
    heard.steer("clock/advance", {"seconds": 300})
    first, again = receiver.wait_for(2)
    assert first.body == again.body
    assert is_genuine(heard, again)


def test_the_bell_may_ring_before_the_answer_is_there(heard: Company, receiver: Receiver) -> None:
    heard.faults({"match": {"operation": "customer.create"}, "do": "before_response"})
    heard.steer("quickbooks/switches", {"webhook_window": 3600})
    made = heard.customer("A")
    assert [events(one) for one in receiver.deliveries] == [[("qbo.customer.created.v1", made["Id"])]]
    heard.customer("B")
    assert len(receiver.deliveries) == 1


def test_an_app_need_not_hear_of_its_own_writes(heard: Company, receiver: Receiver) -> None:
    heard.steer("quickbooks/switches", {"webhook_self_echo": False})
    make(heard, "By the app")
    heard.steer("quickbooks/create", {"entity": "Customer", "document": {"DisplayName": "By hand"}})
    settle(heard)
    assert [events(one) for one in receiver.wait_for(1)] == [[("qbo.customer.created.v1", "2")]]
