"""Webhooks: both formats, signature, gathering, retries, head-of-line blocking, switches."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any

import pytest

from sandbox.clock import SandboxClock
from sandbox.faults import Faults
from sandbox.qbo.standin import QuickBooksStandin
from sandbox.qbo.webhooks import RETRIES
from sandbox.shelf import Shelf
from tests.sandbox.client import Company
from tests.sandbox.receiver import Delivery, Receiver


@pytest.fixture
def heard(company: Company, receiver: Receiver) -> Company:
    company.steer("quickbooks/webhooks", {"url": receiver.url})
    return company


def settle(company: Company) -> None:
    assert company.steer("settle")["settled"]


def events(delivery: Delivery) -> list[tuple[str, str]]:
    return [(event["type"], event["intuitentityid"]) for event in json.loads(delivery.body)]


def test_one_payment_tells_of_itself_and_its_invoice(heard: Company, receiver: Receiver) -> None:
    buyer = heard.customer()["Id"]
    made = heard.invoice(buyer, "10")
    settle(heard)
    paid = heard.pay(buyer, "10", ("Invoice", made["Id"], "10"))
    settle(heard)
    first, second = receiver.wait_for(2)
    assert events(first) == [("qbo.customer.created.v1", buyer), ("qbo.invoice.created.v1", made["Id"])]
    assert sorted(events(second)) == [("qbo.invoice.updated.v1", made["Id"]), ("qbo.payment.created.v1", paid["Id"])]
    event = json.loads(second.body)[0]
    assert (event["specversion"], event["intuitaccountid"], event["data"]) == ("1.0", heard.realm, {})
    assert len(event["time"].split(".")[1]) == len("123456789Z"), "nanoseconds"
    assert len({event["id"] for event in json.loads(first.body)}) == 2


def test_the_signature_is_over_the_raw_body(heard: Company, receiver: Receiver) -> None:
    heard.customer("Zoë")
    settle(heard)
    (delivery,) = receiver.wait_for(1)
    key = heard.credentials["verifier_token"].encode()
    wanted = base64.b64encode(hmac.new(key, delivery.body, hashlib.sha256).digest()).decode()
    assert delivery.headers["intuit-signature"] == wanted
    assert delivery.headers["intuit-notification-schema-version"] == "1.0"
    assert delivery.path == "/hooks/quickbooks"


def test_the_older_format_by_switch(heard: Company, receiver: Receiver) -> None:
    heard.steer("quickbooks/switches", {"webhook_format": "notifications"})
    buyer = heard.customer()["Id"]
    made = heard.invoice(buyer)
    heard.post("invoice", {"Id": made["Id"], "SyncToken": "0"}, operation="void").raise_for_status()
    heard.post("invoice", {"Id": made["Id"], "SyncToken": "1"}, operation="delete").raise_for_status()
    settle(heard)
    (delivery,) = receiver.wait_for(1)
    (notification,) = json.loads(delivery.body)["eventNotifications"]
    assert notification["realmId"] == heard.realm
    told = [(one["name"], one["operation"]) for one in notification["dataChangeEvent"]["entities"]]
    assert told == [("Customer", "Create"), ("Invoice", "Create"), ("Invoice", "Void"), ("Invoice", "Delete")]
    assert delivery.headers["intuit-notification-schema-version"] == "0.1"


def test_events_are_gathered_for_a_moment(heard: Company, receiver: Receiver) -> None:
    heard.steer("quickbooks/switches", {"webhook_window": 60})
    heard.customer("A")
    heard.customer("B")
    heard.standin.tick()
    assert receiver.deliveries == []
    heard.steer("clock/advance", {"seconds": 61})
    (delivery,) = receiver.wait_for(1)
    assert [kind for kind, _ in events(delivery)] == ["qbo.customer.created.v1"] * 2


def listing(company: Company) -> dict[str, Any]:
    return dict(company.steer("quickbooks/webhooks", method="GET"))


def wait_for_attempts(company: Company, count: int, body: int = 0) -> list[dict[str, Any]]:
    end = time.monotonic() + 10
    while True:
        attempts = listing(company)["bodies"][body]["attempts"]
        if len(attempts) >= count:
            return list(attempts)
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_refused_body_is_sent_again_later_and_later_ones_wait_behind_it(heard: Company, receiver: Receiver) -> None:
    receiver.answers = [500, 503]
    heard.customer("A")
    settle(heard)
    wait_for_attempts(heard, 2)  # at once, and again after nought seconds
    heard.customer("B")
    settle(heard)
    assert len(receiver.deliveries) == 2, "the second body waits for the first to be taken"
    heard.steer("clock/advance", {"seconds": RETRIES[1] + 1})
    deliveries = receiver.wait_for(4)
    assert deliveries[0].body == deliveries[1].body == deliveries[2].body != deliveries[3].body
    assert deliveries[0].headers["intuit-signature"] == deliveries[2].headers["intuit-signature"]
    settle(heard)
    assert [body["state"] for body in listing(heard)["bodies"]] == ["delivered", "delivered"]
    assert [one["status"] for one in listing(heard)["bodies"][0]["attempts"]] == [500, 503, 200]


def test_nobody_listening_is_retried_on_the_schedule(heard: Company, receiver: Receiver) -> None:
    heard.steer("quickbooks/webhooks", {"url": "http://127.0.0.1:9/closed"})
    heard.customer("A")
    settle(heard)
    count = 2
    for gap in RETRIES[1:6]:
        wait_for_attempts(heard, count)
        heard.steer("clock/advance", {"seconds": gap - 2})
        assert len(listing(heard)["bodies"][0]["attempts"]) == count, f"not before {gap} seconds"
        heard.steer("clock/advance", {"seconds": 3})
        count += 1
    assert {one["status"] for one in wait_for_attempts(heard, count)} == {None}
    heard.steer("quickbooks/webhooks", {"url": receiver.url})
    heard.steer("clock/advance", {"days": 1})
    assert events(receiver.wait_for(1)[0]) == [("qbo.customer.created.v1", "1")]


def test_hold_keeps_bodies_and_drop_loses_events(heard: Company, receiver: Receiver) -> None:
    heard.steer("quickbooks/webhooks", {"mode": "hold"})
    heard.customer("A")
    settle(heard)
    assert receiver.deliveries == []
    heard.steer("quickbooks/webhooks", {"mode": "drop"})
    heard.customer("B")
    heard.steer("quickbooks/webhooks", {"mode": "deliver"})
    settle(heard)
    assert events(receiver.wait_for(1)[0]) == [("qbo.customer.created.v1", "1")]
    heard.customer("C")
    settle(heard)
    assert events(receiver.wait_for(2)[1]) == [("qbo.customer.created.v1", "3")]


def test_copies_and_shuffle(heard: Company, receiver: Receiver) -> None:
    heard.steer("quickbooks/switches", {"webhook_copies": 2, "webhook_shuffle": True})
    for name in "ABCDEFGH":
        heard.customer(name)
    settle(heard)
    first, second = receiver.wait_for(2)
    assert first.body == second.body
    ids = [key for _, key in events(first)]
    assert sorted(ids) == [str(n) for n in range(1, 9)]
    assert ids != sorted(ids)


def test_only_connected_companies_are_heard_of(heard: Company, receiver: Receiver) -> None:
    heard.steer("quickbooks/disconnect")
    heard.steer("quickbooks/create", {"entity": "Customer", "document": {"DisplayName": "Unheard"}})
    settle(heard)
    assert listing(heard)["bodies"] == []


def test_a_person_at_the_books_is_heard_too(heard: Company, receiver: Receiver) -> None:
    heard.steer("quickbooks/create", {"entity": "Customer", "document": {"DisplayName": "By hand"}})
    settle(heard)
    assert events(receiver.wait_for(1)[0]) == [("qbo.customer.created.v1", "1")]


def test_a_receiver_elsewhere_is_refused(company: Company) -> None:
    answer = company.http.post(
        f"{company.control_url}/quickbooks/webhooks",
        json={"url": "https://hooks.example.com/"},
        headers=company.control_headers,
    )
    assert answer.status_code == 400
    assert "loopback" in answer.json()["error"]


def test_a_body_that_waited_when_the_sandbox_died_is_sent_by_the_next_run(tmp_path: Path, receiver: Receiver) -> None:
    path = tmp_path / "quickbooks.db"
    first = QuickBooksStandin(Shelf(path), clock=SandboxClock(), faults=Faults())
    first.credentials()
    first.webhooks.send_to(receiver.url)
    first.switches.set({"webhook_mode": "hold"})
    first.webhooks.announce(first.found(), "Invoice", "7", "Update")
    first.hurry()
    first.switches.set({"webhook_mode": "deliver"})
    with first.lock:
        first.commit()
    assert receiver.deliveries == []
    second = QuickBooksStandin(Shelf(path), clock=SandboxClock(), faults=Faults())
    second.tick()
    assert events(receiver.wait_for(1)[0]) == [("qbo.invoice.updated.v1", "7")]
