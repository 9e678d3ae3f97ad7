"""The door of Stripe's webhooks: what Stripe signed now passes, every forgery and every stale copy does not."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from connector.stripe.webhooks import BadBody, BadSignature, read_hint

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SECRET, OLD_SECRET = "whsec_new", "whsec_old"


def event(**changes: Any) -> dict[str, Any]:
    return {
        "id": "evt_1",
        "object": "event",
        "type": "payment_intent.succeeded",
        "created": int(NOW.timestamp()) - 2,
        "livemode": False,
        "data": {"object": {"id": "pi_1", "object": "payment_intent"}},
        **changes,
    }


def signed(body: bytes, secret: str = SECRET, at: datetime = NOW) -> str:
    return str(stripe.WebhookSignature.generate_signature_header(body.decode(), secret, int(at.timestamp())))


BODY = json.dumps(event(), indent=2).encode()


def test_a_signed_event_is_read() -> None:
    hint = read_hint(BODY, signed(BODY), [SECRET], NOW)
    assert (hint.event_id, hint.kind, hint.object_id) == ("evt_1", "payment_intent.succeeded", "pi_1")
    assert (hint.account, hint.livemode, hint.created_at) == ("", False, NOW - timedelta(seconds=2))


@pytest.mark.parametrize("secret", [SECRET, OLD_SECRET])
def test_both_secrets_count_while_one_is_rolled(secret: str) -> None:
    assert read_hint(BODY, signed(BODY, secret), [SECRET, OLD_SECRET], NOW).event_id == "evt_1"


def test_one_of_several_signatures_is_enough() -> None:
    good = signed(BODY).split("v1=")[1]
    header = f"t={int(NOW.timestamp())},v1={'0' * 64},v1={good},v0=feed"
    assert read_hint(BODY, header, [SECRET], NOW).event_id == "evt_1"


@pytest.mark.parametrize("seconds", [-300, -299, 0, 299, 300])
def test_five_minutes_count_both_ways(seconds: int) -> None:
    assert read_hint(BODY, signed(BODY, at=NOW + timedelta(seconds=seconds)), [SECRET], NOW).event_id == "evt_1"


@pytest.mark.parametrize("seconds", [-86400, -301, 301, 86400])
def test_a_signature_of_another_time_does_not(seconds: int) -> None:
    with pytest.raises(BadSignature):
        read_hint(BODY, signed(BODY, at=NOW + timedelta(seconds=seconds)), [SECRET], NOW)


T = int(NOW.timestamp())
GOOD = signed(BODY).split("v1=")[1]
FORGERIES = {
    "none": "",
    "nonsense": "let me in",
    "no time": f"v1={GOOD}",
    "no signature": f"t={T}",
    "another scheme": f"t={T},v0={GOOD}",
    "another secret": signed(BODY, "whsec_theirs"),
    "another time": f"t={T + 1},v1={GOOD}",
    "a second time, fresh": f"t={T - 9000},t={T},v1={GOOD}",
    "a time with a tail": f"t={T - 1}={T},v1={GOOD}",
    "half a signature": f"t={T},v1={GOOD[:32]}",
    "upper case": f"t={T},v1={GOOD.upper()}",
    "letters that are no hex": f"t={T},v1={'é' * 64}",
    "a time that is none": f"t=now,v1={GOOD}",
    "endless": f"t={T}," + "v1=00," * 2000 + f"v1={GOOD}",
}


@pytest.mark.parametrize("header", FORGERIES.values(), ids=FORGERIES.keys())
def test_forged_headers_are_refused(header: str) -> None:
    with pytest.raises(BadSignature):
        read_hint(BODY, header, [SECRET], NOW)


@pytest.mark.parametrize(
    "body",
    [BODY + b" ", BODY.replace(b"pi_1", b"pi_2"), json.dumps(json.loads(BODY)).encode(), b"", b"\xff\xfe"],
    ids=["one space", "another object", "encoded again", "empty", "no text"],
)
def test_a_body_that_was_touched_is_refused(body: bytes) -> None:
    with pytest.raises(BadSignature):
        read_hint(body, signed(BODY), [SECRET], NOW)


@pytest.mark.parametrize("secrets", [[], [""], ["  "]])
def test_without_a_secret_nothing_passes(secrets: list[str]) -> None:
    with pytest.raises(BadSignature):
        read_hint(BODY, signed(BODY, "unused"), secrets, NOW)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"NaN",
        b"[" * 100_000,
        json.dumps(event(object="v2.core.event")).encode(),
        json.dumps(event(data={})).encode(),
        json.dumps(event(data=None)).encode(),
        json.dumps(event(data={"object": []})).encode(),
        json.dumps(event(id=7)).encode(),
        json.dumps(event(id="e" * 300)).encode(),
        json.dumps(event(type=None)).encode(),
        json.dumps(event(livemode="false")).encode(),
        json.dumps(event(created="soon")).encode(),
        json.dumps(event(created=10**30)).encode(),
        json.dumps({"object": "event"}).encode(),
    ],
)
def test_a_signed_body_that_is_no_event_is_named_so(body: bytes) -> None:
    with pytest.raises(BadBody):
        read_hint(body, signed(body), [SECRET], NOW)


@pytest.mark.parametrize(
    ("about", "subject"),
    [
        ({"id": "ch_1", "object": "charge", "payment_intent": "pi_9"}, "pi_9"),
        ({"id": "ch_1", "object": "charge", "payment_intent": {"id": "pi_9"}}, "pi_9"),
        ({"id": "ch_1", "object": "charge", "payment_intent": None}, "ch_1"),
        ({"id": "po_1", "object": "payout"}, "po_1"),
        ({"object": "balance"}, ""),
    ],
)
def test_a_hint_points_at_the_intent_where_there_is_one(about: dict[str, Any], subject: str) -> None:
    body = json.dumps(event(data={"object": about})).encode()
    assert read_hint(body, signed(body), [SECRET], NOW).object_id == subject


def test_a_connected_account_is_named() -> None:
    body = json.dumps(event(account="acct_7", livemode=True)).encode()
    hint = read_hint(body, signed(body), [SECRET], NOW)
    assert (hint.account, hint.livemode) == ("acct_7", True)


@given(st.text(max_size=200), st.binary(max_size=200))
def test_nothing_unsigned_ever_passes(header: str, body: bytes) -> None:
    with pytest.raises(BadSignature):
        read_hint(body, header, [SECRET], NOW)
