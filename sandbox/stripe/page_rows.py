"""What the pages for a person show: objects told in words, amounts and days, as plain rows for the templates.

Reads only. Law: every amount is written from its minor units, and what a page calls a state is the object's own.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sandbox.stripe import balance
from sandbox.stripe.debits import REASONS
from sandbox.stripe.deliveries import KIND
from sandbox.stripe.frames import money
from sandbox.stripe.scope import Obj, Scope

SHOWN = 100
_FAILURES = ("insufficient_funds", "account_closed", "no_account", "debit_not_authorized")
# What a cardholder's bank may say -> how a person reads it.
DISPUTE_REASONS = {
    "fraudulent": "it was not them",
    "product_not_received": "nothing was delivered",
    "duplicate": "they paid twice",
    "general": "something else",
    "inquiry:general": "only a question, no money taken",
}
# Status of a payment or payout -> (word, what kind of state it is)
_WORDS = {
    "succeeded": ("Succeeded", "good"),
    "paid": ("Arrived", "good"),
    "processing": ("Processing", "wait"),
    "pending": ("Pending", "wait"),
    "in_transit": ("On its way", "wait"),
    "requires_action": ("Waits for the payer", "wait"),
    "requires_confirmation": ("Not confirmed", "idle"),
    "requires_payment_method": ("Incomplete", "idle"),
    "canceled": ("Canceled", "idle"),
    "failed": ("Failed", "bad"),
    "refunded": ("Refunded", "idle"),
    "partly refunded": ("Partly refunded", "wait"),
    "disputed": ("Disputed", "bad"),
    "needs_response": ("Needs a response", "bad"),
    "under_review": ("Under review", "wait"),
    "won": ("Won", "good"),
    "lost": ("Lost", "bad"),
    "available": ("Available", "good"),
    "warning_needs_response": ("Inquiry", "wait"),
    "warning_under_review": ("Inquiry under review", "wait"),
    "warning_closed": ("Inquiry closed", "idle"),
}


def moment(seconds: int) -> str:
    """Return an instant as a person reads it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%a %-d %b %Y, %H:%M")


def day(seconds: int) -> str:
    """Return a day as a person reads it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%a %-d %b %Y")


def state(status: str) -> dict[str, str]:
    """Return the word and the kind of a status."""
    word, kind = _WORDS.get(status, (status.replace("_", " ").capitalize(), "idle"))
    return {"word": word, "kind": kind}


def method_words(charge: Obj | None) -> str:
    """Return what was paid with, as a person says it."""
    if charge is None:
        return "—"
    details = charge["payment_method_details"]
    if "card" in details:
        return f"{details['card']['brand'].title()} •••• {details['card']['last4']}"
    bank = details["us_bank_account"]
    return f"{bank['bank_name']} •••• {bank['last4']}"


def status_of(intent: Obj, charge: Obj | None) -> str:
    """Return the status a person wants to see: what became of the money, not only of the attempt."""
    if charge is not None and intent["status"] == "succeeded":
        if charge["disputed"]:
            return "disputed"
        if charge["amount_refunded"]:
            return "refunded" if charge["refunded"] else "partly refunded"
    if charge is not None and charge["status"] == "failed" and intent["status"] == "requires_payment_method":
        return "failed"
    return str(intent["status"])


def payment_row(scope: Scope, intent: Obj) -> dict[str, Any]:
    """Return one line of the list of payments."""
    charge = scope.find(intent["latest_charge"])
    customer = scope.find(intent["customer"])
    return {
        "id": intent["id"],
        "amount": money(intent["amount"], intent["currency"]),
        "state": state(status_of(intent, charge)),
        "method": method_words(charge),
        "what": intent["description"] or (customer or {}).get("name") or intent["id"],
        "at": moment(intent["created"]),
    }


def transaction_row(row: Obj) -> dict[str, Any]:
    """Return one balance transaction as a line."""
    return {
        "id": row["id"],
        "what": row["type"].replace("_", " "),
        "source": row["source"],
        "amount": money(row["amount"], row["currency"]),
        "fee": money(row["fee"], row["currency"]),
        "net": money(row["net"], row["currency"]),
        "state": state(row["status"]),
        "at": moment(row["created"]),
        "on": day(row["available_on"]),
    }


def payout_row(payout: Obj) -> dict[str, Any]:
    """Return one payout as a line."""
    return {
        "id": payout["id"],
        "amount": money(payout["amount"], payout["currency"]),
        "state": state(payout["status"]),
        "arrives": day(payout["arrival_date"]),
        "at": moment(payout["created"]),
        "moving": payout["status"] in ("pending", "in_transit"),
        "can_fail": payout["status"] in ("pending", "in_transit", "paid"),
        "can_cancel": not payout["automatic"] and payout["status"] in ("pending", "in_transit"),
        "can_reverse": payout["status"] == "paid" and payout["reversed_by"] is None and payout["amount"] > 0,
    }


def home(scope: Scope) -> dict[str, Any]:
    """Return the balance, the newest payments and the newest payouts."""
    currency = str(scope.need("accounts", scope.account, "account")["default_currency"])
    sums = {status: balance.amount_of(scope, status, currency) for status in ("available", "pending")}
    moving = sum(row["amount"] for row in scope.all("payouts") if row["status"] in ("pending", "in_transit"))
    intents = scope.all("payment_intents")[::-1]
    return {
        "available": money(sums["available"], currency),
        "pending": money(sums["pending"], currency),
        "moving": money(moving, currency),
        "can_pay_out": sums["available"] != 0,
        "can_release": sums["pending"] != 0,
        "payments": [payment_row(scope, intent) for intent in intents[:SHOWN]],
        "more": max(0, len(intents) - SHOWN),
        "payouts": [payout_row(row) for row in scope.all("payouts")[::-1][:SHOWN]],
    }


def payment(scope: Scope, intent: Obj) -> dict[str, Any]:
    """Return one payment: what it moved, what came after, and which buttons make sense now."""
    charges = [row for row in scope.all("charges") if row["payment_intent"] == intent["id"]]
    charge = scope.find(intent["latest_charge"])
    refunds = [row for row in scope.all("refunds") if row["payment_intent"] == intent["id"]]
    disputes = [row for row in scope.all("disputes") if row["payment_intent"] == intent["id"]]
    sources = {row["id"] for row in [*charges, *refunds, *disputes]}
    rows = [row for row in scope.all("balance_transactions") if row["source"] in sources]
    settled = charge is not None and charge["status"] == "succeeded"
    bank = charge is not None and "us_bank_account" in charge["payment_method_details"]
    left = charge["amount"] - charge["amount_refunded"] if charge else 0
    return {
        "payment": payment_row(scope, intent),
        "intent": intent,
        "charge": charge,
        "method": method_words(charge),
        "error": (intent["last_payment_error"] or {}).get("message"),
        "rows": [transaction_row(row) for row in rows[::-1]],
        "net": money(sum(row["net"] for row in rows), intent["currency"]),
        "refunds": [
            {"id": row["id"], "amount": money(row["amount"], row["currency"]), "state": state(row["status"])}
            | {"status": row["status"]}
            for row in refunds[::-1]
        ],
        "disputes": [
            {"id": row["id"], "amount": money(row["amount"], row["currency"]), "state": state(row["status"])}
            | {"reason": row["reason"].replace("_", " "), **_choices(row)}
            for row in disputes[::-1]
        ],
        "events": _events(scope, {intent["id"], *sources}),
        "left": f"{left // 100}.{left % 100:02d}",
        "can_refund": settled and left > 0 and not any(row["status"] == "needs_response" for row in disputes),
        "can_settle": intent["status"] == "processing",
        "can_return": settled and bank and not disputes,
        "can_dispute": settled and not bank and left > 0,
        "reasons": DISPUTE_REASONS,
        "customer": scope.find(intent["customer"]),
        "failures": [(code, REASONS[code]) for code in _FAILURES],
    }


def _choices(dispute: Obj) -> dict[str, bool]:
    """Return what can become of a dispute now."""
    status = dispute["status"]
    card = "payment_method_details" in dispute
    return {
        "open": status in ("needs_response", "under_review"),
        "asks": status in ("warning_needs_response", "warning_under_review"),
        "answer": status in ("needs_response", "warning_needs_response"),
        "appeal": status == "lost" and card,
    }


def payout(scope: Scope, found: Obj) -> dict[str, Any]:
    """Return one payout and the transactions it is made of."""
    rows = scope.all("balance_transactions")
    own = [row for row in rows if row["_payout"] == found["id"] and row["type"] != "payout"]
    return {"payout": payout_row(found), "rows": [transaction_row(row) for row in own[::-1]], "raw": found}


def _events(scope: Scope, keys: set[str]) -> list[dict[str, Any]]:
    """Return what happened to some objects, newest first, and whether the webhooks were taken."""
    tries: dict[str, list[str]] = {}
    for delivery in scope.ground.shelf.all(KIND).values():
        tries.setdefault(delivery["event"], []).append(delivery["state"])
    return [
        {
            "id": event["id"],
            "type": event["type"],
            "at": moment(event["created"]),
            "sent": sent_words(tries.get(event["id"], [])),
        }
        for event in scope.all("events")[::-1]
        if event["data"]["object"].get("id") in keys
    ]


def sent_words(states: list[str]) -> dict[str, str] | None:
    """Return what became of an event's deliveries, None where nobody wants it."""
    if not states:
        return None
    if all(one == "delivered" for one in states):
        return {"word": "Delivered", "kind": "good"}
    words = {"given_up": ("Given up", "bad"), "dropped": ("Dropped", "bad"), "held": ("Held", "wait")}
    for one in states:
        if one in words:
            return dict(zip(("word", "kind"), words[one], strict=True))
    return {"word": "Being sent", "kind": "wait"}
