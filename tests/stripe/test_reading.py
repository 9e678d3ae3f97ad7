"""Stripe's objects as values: Stripe's own examples are read whole, and what is absent never reads as zero."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from connector.ledger.money import Money
from connector.stripe import reading

SECONDS = 1795326712  # 2026-11-22 05:51:52 UTC
INSTANT = datetime(2026, 11, 22, 5, 51, 52, tzinfo=UTC)

TXN = {
    "id": "txn_1",
    "object": "balance_transaction",
    "type": "charge",
    "reporting_category": "charge",
    "source": "ch_1",
    "amount": 12345,
    "fee": 388,
    "net": 11957,
    "currency": "usd",
    "status": "pending",
    "created": SECONDS,
    "available_on": SECONDS,
    "description": None,
}
CHARGE: dict[str, Any] = {
    "id": "ch_1",
    "object": "charge",
    "status": "succeeded",
    "amount": 12345,
    "amount_refunded": 0,
    "currency": "usd",
    "created": SECONDS,
    "disputed": False,
    "failure_code": None,
    "failure_message": None,
    "payment_intent": "pi_1",
    "metadata": {"tieout_payment": "01PAYMENT"},
    "payment_method_details": {"type": "card", "card": {"brand": "visa", "last4": "4242", "wallet": None}},
    "balance_transaction": TXN,
}
INTENT: dict[str, Any] = {
    "id": "pi_1",
    "object": "payment_intent",
    "client_secret": "pi_1_secret_x",
    "status": "succeeded",
    "amount": 12345,
    "amount_received": 12345,
    "currency": "usd",
    "metadata": {"tieout_payment": "01PAYMENT", "tieout_shares_1": "a"},
    "last_payment_error": None,
    "next_action": None,
    "created": SECONDS,
    "latest_charge": CHARGE,
}


def test_an_intent_with_its_charge_and_its_money() -> None:
    intent = reading.intent_of(INTENT)
    assert (intent.intent_id, intent.payment_id, intent.status) == ("pi_1", "01PAYMENT", "succeeded")
    assert (intent.amount, intent.received) == (Money(12345, "USD"), Money(12345, "USD"))
    assert intent.created_at == INSTANT
    assert intent.charge is not None
    assert (intent.charge.method, intent.charge.method_label) == ("card", "Visa 4242")
    assert (intent.charge.intent_id, intent.charge.payment_id) == ("pi_1", "01PAYMENT")
    txn = intent.charge.txn
    assert txn is not None
    assert (txn.amount, txn.fee, txn.net) == (Money(12345, "USD"), Money(388, "USD"), Money(11957, "USD"))
    assert (txn.source_id, txn.kind, txn.category) == ("ch_1", "charge", "charge")


@pytest.mark.parametrize("txn", [None, "txn_1"])
def test_money_that_is_not_there_yet_is_absent(txn: str | None) -> None:
    charge = reading.charge_of({**CHARGE, "balance_transaction": txn})
    assert charge.txn is None


@pytest.mark.parametrize("charge", [None, "ch_1"])
def test_an_intent_without_its_charge(charge: str | None) -> None:
    assert reading.intent_of({**INTENT, "latest_charge": charge}).charge is None


def test_an_intent_of_somebody_else_is_not_ours() -> None:
    assert reading.intent_of({**INTENT, "metadata": {"order": "7"}}).payment_id == ""
    assert reading.intent_of({**INTENT, "metadata": None}).payment_id == ""


def test_a_decline_is_told_in_its_most_exact_word() -> None:
    error = {
        "code": "card_declined",
        "decline_code": "insufficient_funds",
        "message": "Your card has insufficient funds.",
    }
    intent = reading.intent_of({**INTENT, "last_payment_error": error, "status": "requires_payment_method"})
    assert (intent.error_code, intent.error_text) == ("insufficient_funds", "Your card has insufficient funds.")
    plain = reading.intent_of({**INTENT, "last_payment_error": {"code": "expired_card", "message": None}})
    assert (plain.error_code, plain.error_text) == ("expired_card", "")


def test_what_the_payers_bank_asks_for() -> None:
    asked = {"type": "verify_with_microdeposits", "verify_with_microdeposits": {}}
    assert reading.intent_of({**INTENT, "next_action": asked}).next_action == "verify_with_microdeposits"


@pytest.mark.parametrize(
    ("method", "label"),
    [
        ({"type": "card", "card": {"brand": "amex", "last4": "0005"}}, "American Express 0005"),
        ({"type": "card", "card": {"brand": "visa", "wallet": {"type": "apple_pay"}}}, "Visa (Apple Pay)"),
        ({"type": "card", "card": {"brand": "newbrand", "last4": "1111"}}, "Newbrand 1111"),
        ({"type": "us_bank_account", "us_bank_account": {"bank_name": "Test Bank", "last4": "6789"}}, "Test Bank 6789"),
        ({"type": "us_bank_account", "us_bank_account": {"bank_name": None, "last4": "6789"}}, "Bank account 6789"),
        ({"type": "link", "link": {}}, "Link"),
        ({"type": "amazon_pay", "amazon_pay": None}, "Amazon Pay"),
        ({}, ""),
    ],
)  # fmt: skip
def test_how_a_person_knows_a_method(method: dict[str, Any], label: str) -> None:
    assert reading.method_label(method) == label


@pytest.mark.parametrize(
    ("source", "ids"),
    [
        ("ch_1", ("ch_1", "", "")),
        (None, ("", "", "")),
        (CHARGE, ("ch_1", "ch_1", "01PAYMENT")),
        ({**CHARGE, "metadata": {}}, ("ch_1", "ch_1", "")),
        ({"id": "re_1", "object": "refund", "charge": "ch_1", "metadata": {}}, ("re_1", "ch_1", "")),
        ({"id": "du_1", "object": "dispute", "charge": {"id": "ch_1"}}, ("du_1", "ch_1", "")),
        ({"id": "po_1", "object": "payout", "metadata": {"tieout_payment": "not a charge"}}, ("po_1", "", "")),
    ],
)  # fmt: skip
def test_what_a_balance_transaction_is_about(source: Any, ids: tuple[str, str, str]) -> None:
    txn = reading.txn_of({**TXN, "source": source}, payout_id="po_9")
    assert (txn.source_id, txn.charge_id, txn.payment_id) == ids
    assert txn.payout_id == "po_9"


def test_a_payouts_arrival_is_a_date_in_utc() -> None:
    raw = {
        "id": "po_1",
        "amount": -500,
        "currency": "eur",
        "status": "failed",
        "automatic": True,
        "reconciliation_status": "in_progress",
        "method": "standard",
        "arrival_date": 1795564800,
        "balance_transaction": "txn_2",
        "trace_id": None,
        "failure_code": "account_closed",
        "failure_message": None,
        "created": SECONDS,
    }
    payout = reading.payout_of(raw)
    assert payout.arrival_day == date(2026, 11, 25)
    assert payout.amount == Money(-500, "EUR")
    assert (payout.reconciled, payout.failure, payout.trace) == (False, "account_closed", "")
    done = reading.payout_of({**raw, "reconciliation_status": "completed", "trace_id": {"value": "0910"}})
    assert (done.reconciled, done.trace) == (True, "0910")


def test_a_balance_is_available_and_pending_together() -> None:
    raw = {
        "available": [{"amount": 100, "currency": "usd"}, {"amount": -5, "currency": "eur"}],
        "pending": [{"amount": 20, "currency": "usd"}, {"amount": 7, "currency": "cad"}],
        "instant_available": [{"amount": 90, "currency": "usd"}],
    }
    assert reading.balance_of(raw) == {"USD": Money(120, "USD"), "EUR": Money(-5, "EUR"), "CAD": Money(7, "CAD")}


def test_stripes_own_examples_are_read(shared: Path) -> None:
    examples = json.loads((shared / "stripe_fixtures3.json").read_text())["resources"]
    intent = reading.intent_of(examples["payment_intent"])
    assert (intent.amount, intent.status, intent.payment_id) == (Money(1099, "USD"), "requires_payment_method", "")
    charge = reading.charge_of(examples["charge"])
    assert (charge.amount, charge.method_label, charge.txn) == (Money(100, "USD"), "Visa 4242 (Link)", None)
    txn = reading.txn_of(examples["balance_transaction"])
    assert (txn.net, txn.fee, txn.source_id) == (Money(100, "USD"), Money(0, "USD"), charge.charge_id)
    payout = reading.payout_of(examples["payout"])
    assert (payout.amount, payout.status, payout.balance_txn) == (Money(1100, "USD"), "in_transit", txn.txn_id)
    assert reading.balance_of(examples["balance"]) == {"USD": Money(0, "USD")}
    assert reading.hint_of(examples["event"]).kind == "plan.created"
