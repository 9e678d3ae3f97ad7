"""The type checker against Stripe's own example objects and payload, and the stand-in's tables against the SDK."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
import stripe

from sandbox.stripe.expand import EXPANDABLE
from sandbox.stripe.scope import KINDS, new_id
from sandbox.stripe.spoiling import signature
from tests.stripe_types import _alternatives, check_object, fields_of, resource_of

# The examples are of 2026-07, the SDK of 2026-10: what it has learnt since.
_NEWER = {
    "customer_session": {
        "CustomerSession.components.active_entitlements",
        "CustomerSession.components.customer_portal",
    },
    "dispute": {"Dispute.evidence_details.submission_method"},
}
RESOURCES = (
    "account",
    "account_link",
    "application_fee",
    "balance",
    "balance_transaction",
    "bank_account",
    "charge",
    "confirmation_token",
    "customer",
    "customer_session",
    "dispute",
    "event",
    "mandate",
    "payment_intent",
    "payment_method",
    "payment_method_domain",
    "payout",
    "radar.early_fraud_warning",
    "refund",
    "setup_attempt",
    "setup_intent",
    "token",
    "webhook_endpoint",
)


@pytest.fixture(scope="module")
def examples() -> dict[str, Any]:
    file = Path(__file__).parents[3] / ".." / "shared" / "data" / "stripe_fixtures3.json"
    if not file.exists():
        pytest.skip("no ../shared/data beside this checkout: Stripe's example objects cannot be checked")
    resources: dict[str, Any] = json.loads(file.read_text())["resources"]
    return resources


@pytest.mark.parametrize("name", RESOURCES)
def test_stripes_own_examples_pass_the_checker(examples: dict[str, Any], name: str) -> None:
    errors = check_object(resource_of(examples[name]), examples[name])
    assert errors == [f"{field}: missing" for field in sorted(_NEWER.get(name, ()))]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"amount": "100"}, "PaymentIntent.amount: '100' is not int"),
        ({"amount": True}, "PaymentIntent.amount: True is not int"),
        ({"charges": {}}, "PaymentIntent.charges: the SDK knows no such field"),
        ({"status": "paid"}, "PaymentIntent.status: 'paid' is none of"),
        ({"currency": None}, "PaymentIntent.currency: None is not str"),
        ({"metadata": {"a": 1}}, "PaymentIntent.metadata[a]: 1 is not str"),
        ({"latest_charge": {"object": "refund"}}, "PaymentIntent.latest_charge"),
        ({"payment_method_types": "card"}, "PaymentIntent.payment_method_types: 'card' where a list belongs"),
        ({"next_action": {"redirect_to_url": {}}}, "PaymentIntent.next_action.type: missing"),
        ({"created": None}, "PaymentIntent.created: None is not int"),
    ],
)
def test_the_checker_sees_what_is_wrong(examples: dict[str, Any], change: dict[str, Any], words: str) -> None:
    errors = check_object(stripe.PaymentIntent, {**examples["payment_intent"], **change})
    assert any(error.startswith(words) for error in errors), errors


def test_a_missing_field_is_seen(examples: dict[str, Any]) -> None:
    short = {name: value for name, value in examples["charge"].items() if name != "paid"}
    assert check_object(stripe.Charge, short) == ["Charge.paid: missing"]


@pytest.mark.parametrize("name", sorted(EXPANDABLE))
def test_only_what_the_sdk_calls_expandable_is_expanded(name: str) -> None:
    resource = resource_of({"object": name})
    expandable = {
        field
        for field, annotation in fields_of(resource).items()
        if str in (options := _alternatives(annotation, resource))
        and any(isinstance(one, type) and issubclass(one, stripe.StripeObject) for one in options)
    }
    included = {"refunds"} if name == "charge" else set()
    assert expandable | included >= EXPANDABLE[name]


def test_our_signature_is_the_sdks_and_stripes_own() -> None:
    body = b'{"id": "evt_1", "object": "event"}'
    header = signature("whsec_test", body, 1_795_326_844)
    assert header == stripe.WebhookSignature.generate_signature_header(body.decode(), "whsec_test", 1_795_326_844)
    made = hmac.new(b"whsec_test", b"1795326844." + body, hashlib.sha256).hexdigest()
    assert header == f"t=1795326844,v1={made}"


# How long an id is, by how it begins.
IDS = {
    "pi_3": 27,
    "ch_3": 27,
    "py_3": 27,
    "re_3": 27,
    "txn_3": 28,
    "seti_1": 29,
    "pm_1": 27,
    "du_1": 27,
    "po_1": 27,
    "evt_1": 28,
    "cus_": 18,
    "req_": 18,
}


@pytest.mark.parametrize(("prefix", "length"), IDS.items())
def test_ids_have_stripes_form(prefix: str, length: int) -> None:
    made = new_id(f"{prefix.rstrip('0123456789')}")
    assert made.startswith(prefix)
    assert len(made) == length
    assert made.replace("_", "").isalnum()


def test_whatever_an_event_or_an_answer_holds_the_checker_knows_its_class() -> None:
    kinds = {name.removesuffix("s") for name in KINDS.values()}
    words = {"early_fraud_warning": "radar.early_fraud_warning", "connection": "financial_connections.account"}
    for kind in sorted(kinds - {"external_account"}):
        fields = fields_of(resource_of({"object": words.get(kind, kind)}))
        assert "object" in fields, kind
