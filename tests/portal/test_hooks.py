"""The webhook doors: the very bytes are judged, what is good is stored before it is answered, the rest is refused."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlmodel import select, update

from connector.store.companies import ConnectionRow
from connector.store.outbox import InboxRow
from oauth import connections
from sync.runtime import Runtime
from tests import cast

SECRET = "whsec_of_the_test"


@pytest.fixture(autouse=True)
def _secret(rt: Runtime) -> None:
    sealed = connections.sealed(rt, cast.HARBOR, "stripe", connections.WEBHOOK, SECRET)
    with rt.db.write("secret") as session:
        mine = update(ConnectionRow).where(ConnectionRow.which == "stripe")  # type: ignore[arg-type]
        session.exec(mine.values(webhook_cipher=sealed))


def event(**changes: object) -> bytes:
    said = {
        "id": "evt_1",
        "object": "event",
        "type": "payment_intent.succeeded",
        "created": int(cast.NOW.timestamp()),
        "livemode": False,
        "api_version": "2026-10-28.endive",
        "data": {"object": {"id": "pi_pay-part", "object": "payment_intent"}},
        **changes,
    }
    return json.dumps(said, indent=2).encode()


def signature(body: bytes, *, at: float | None = None, secret: str = SECRET) -> str:
    t = int(at if at is not None else cast.NOW.timestamp())
    mac = hmac.new(secret.encode(), f"{t}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={t},v1={mac}"


def send(client: FlaskClient, body: bytes, header: str, path: str = "/hooks/stripe/harbor-tile") -> int:
    headers = {"Stripe-Signature": header, "Content-Type": "application/json"}
    return client.post(path, data=body, headers=headers).status_code


def inbox(rt: Runtime) -> list[str]:
    with rt.db.read() as session:
        return [row.event_id for row in session.exec(select(InboxRow))]


def test_a_signed_event_is_stored_and_its_bell_rung(rt: Runtime, client: FlaskClient) -> None:
    body = event()
    assert send(client, body, signature(body)) == 200
    assert inbox(rt) == ["evt_1"]
    assert rt.bell.rings[-1][0] == "settle"  # type: ignore[attr-defined]
    assert send(client, body, signature(body)) == 200  # again: answered, not stored twice
    assert inbox(rt) == ["evt_1"]


def test_a_browsers_protections_do_not_stand_in_a_servers_way(rt: Runtime, client: FlaskClient) -> None:
    body = event()
    headers = {"Stripe-Signature": signature(body), "Origin": "https://stripe.com", "Sec-Fetch-Site": "cross-site"}
    assert client.post("/hooks/stripe/harbor-tile", data=body, headers=headers).status_code == 200


FORGED = {
    "no signature": "",
    "nonsense": "t=now,v1=abc",
    "another secret": signature(event(), secret="whsec_other"),
    "old": signature(event(), at=(cast.NOW - timedelta(minutes=6)).timestamp()),
    "from the future": signature(event(), at=(cast.NOW + timedelta(minutes=6)).timestamp()),
    "of other bytes": signature(event() + b" "),
}


@pytest.mark.parametrize("header", FORGED.values(), ids=FORGED.keys())
def test_a_forged_event_is_refused_without_a_reason(rt: Runtime, client: FlaskClient, header: str) -> None:
    answer = client.post("/hooks/stripe/harbor-tile", data=event(), headers={"Stripe-Signature": header})
    assert 400 <= answer.status_code < 500
    assert answer.get_json() == {"error": "refused"}
    assert inbox(rt) == []


@pytest.mark.parametrize("path", ["/hooks/stripe/no-such-company", "/hooks/stripe/quarry-lane", "/hooks/stripe"])
def test_a_good_event_at_the_wrong_door_is_refused(rt: Runtime, client: FlaskClient, path: str) -> None:
    body = event()
    assert 400 <= send(client, body, signature(body), path) < 500
    assert inbox(rt) == []


@pytest.mark.parametrize("body", [b"", b"not json", b"[]", b"\xff\xfe", b'{"id": 5}'])
def test_what_is_no_event_is_refused(rt: Runtime, client: FlaskClient, body: bytes) -> None:
    assert 400 <= send(client, body, signature(body)) < 500
    assert inbox(rt) == []


def test_quickbooks_door_refuses_what_is_not_signed(rt: Runtime, client: FlaskClient) -> None:
    answer = client.post("/hooks/quickbooks", data=b"[]", headers={"intuit-signature": "abc"})
    assert 400 <= answer.status_code < 500
    assert answer.get_json() == {"error": "refused"}


def test_an_event_has_a_size(rt: Runtime, client: FlaskClient) -> None:
    body = event(padding="x" * 1_100_000)
    assert send(client, body, signature(body)) == 413
    large = event(padding="x" * 200_000)  # larger than any form, and still an event
    assert send(client, large, signature(large)) == 200


def test_a_door_is_only_knocked_at_by_post(client: FlaskClient) -> None:
    answer = client.get("/hooks/stripe")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST, OPTIONS" or "POST" in answer.headers["Allow"]
