"""Refunds: of cards at once, of bank debits after some days, of a debit under way once it has settled.

Law: what is refunded never exceeds the charge; the fee stays with Stripe; a refund that fails puts the money back.
What may be refunded is decided in `refund_rules`.
"""

from __future__ import annotations

from typing import Any

from sandbox.stripe import (
    balance,
    calendar,
    cards,
    charges,
    disputes,
    events,
    fraud_warnings,
    lists,
    methods,
    refund_rules,
)
from sandbox.stripe.errors import ApiError
from sandbox.stripe.scope import Obj, Scope, new_id, random_text

_DETAILS_DAYS = 45  # how long the payer has to say where the money shall go


def create(scope: Scope, params: dict[str, Any]) -> Obj:
    """Refund a charge, or the latest charge of an intent, in full or in part."""
    charge = refund_rules.charge_of(scope, params)
    charges.ensure_booked(scope, charge)
    amount = refund_rules.amount_of(scope, charge, params.get("amount"))
    refund = _new(scope, charge, amount, params)
    if charge["status"] == "pending":
        return _wait(scope, refund, "charge_pending")
    if scope.switches["refund_on_short_balance"] == "wait" and _short(scope, charge, amount):
        return _wait(scope, refund, "insufficient_funds")
    return _start(scope, refund, charge, announce="refund.created")


def _new(scope: Scope, charge: Obj, amount: int, params: dict[str, Any]) -> Obj:
    refund: Obj = {
        "id": new_id("re_"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": scope.now,
        "currency": charge["currency"],
        "customer": charge["customer"],
        "customer_account": None,
        "destination_details": _destination(charge),
        "metadata": params.get("metadata") or {},
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "reason": params.get("reason"),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "pending",
        "transfer_reversal": None,
    }
    return scope.keep(refund)


def _destination(charge: Obj) -> Obj:
    if "us_bank_account" in charge["payment_method_details"]:
        return {"type": "us_bank_transfer", "us_bank_transfer": {"reference": None, "reference_status": "pending"}}
    part = {"reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund"}
    return {"card": part, "type": "card"}


def _short(scope: Scope, charge: Obj, amount: int) -> bool:
    """Tell whether the balance, pending money included, cannot bear a refund."""
    booked = scope.find(charge["balance_transaction"])
    currency = booked["currency"] if booked else charge["currency"]
    held = sum(balance.amount_of(scope, status, currency) for status in ("available", "pending"))
    return held < balance.settled_amount(charge, booked, amount)


def _wait(scope: Scope, refund: Obj, reason: str) -> Obj:
    """Let a refund wait: for its debit to settle, or for the balance to suffice, which is looked at every day."""
    scope.change(refund, pending_reason=reason)
    events.emit(scope, "refund.created", refund)
    if reason == "insufficient_funds":
        scope.later("refund_when_funded", scope.now + calendar.DAY, refund=refund["id"])
    return refund


def look_for_funds(scope: Scope, key: str) -> None:
    """Start a refund that waited for the balance, or let it wait another day."""
    refund = scope.need("refunds", key, "refund")
    charge = scope.need("charges", refund["charge"], "charge")
    if refund.get("pending_reason") != "insufficient_funds":
        return
    if _short(scope, charge, refund["amount"]):
        scope.later("refund_when_funded", scope.now + calendar.DAY, refund=key)
    else:
        _start(scope, refund, charge, announce="refund.updated")


def _start(scope: Scope, refund: Obj, charge: Obj, *, announce: str) -> Obj:
    """Take the money off the balance and send it; say so under the name given."""
    bank = "us_bank_account" in charge["payment_method_details"]
    behaviour = None if bank else cards.BY_NUMBER[charge["_number"]].refund
    slow = bank or behaviour == "pending"
    previous = scope.change(
        refund,
        balance_transaction=_book(scope, refund, charge, bank)["id"],
        status="pending" if slow else "succeeded",
        pending_reason="processing" if slow else None,
    )
    events.emit(scope, announce, refund, previous if announce == "refund.updated" else None)
    _count(scope, charge, refund["amount"])
    events.emit(scope, "charge.refunded", charge)
    if slow:
        days = scope.switches["debit_refund_days"]
        scope.later("finish_refund", calendar.business_days_later(scope.now, days), refund=refund["id"])
    else:
        _give_reference(scope, refund)
    if behaviour == "fails":
        scope.later("fail_refund", scope.now + calendar.DAY, refund=refund["id"])
    if charge["refunded"]:
        disputes.close_inquiries(scope, charge)
        fraud_warnings.settle(scope, charge)
    return refund


def _book(scope: Scope, refund: Obj, charge: Obj, bank: bool) -> Obj:
    booked = scope.find(charge["balance_transaction"])
    words = f"REFUND FOR {'PAYMENT' if bank else 'CHARGE'}"
    return balance.book(
        scope,
        "payment_refund" if bank else "refund",
        -balance.settled_amount(charge, booked, refund["amount"]),
        source=refund["id"],
        description=words + (f" ({charge['description']})" if charge["description"] else ""),
        currency=booked["currency"] if booked else refund["currency"],
        exchange_rate=booked["exchange_rate"] if booked else None,
        available_at=booked["available_on"] if booked and booked["status"] == "pending" else 0,
    )


def ask_for_details(scope: Scope, params: dict[str, Any]) -> Obj:
    """Make a refund that waits for the payer to say where the money shall go, as old or foreign payments need it."""
    charge = refund_rules.charge_of(scope, params)
    charges.ensure_booked(scope, charge)
    refund = _new(scope, charge, refund_rules.amount_of(scope, charge, params.get("amount")), params)
    expires_at = scope.now + _DETAILS_DAYS * calendar.DAY
    sent = {"email_sent": {"email_sent_at": scope.now, "email_sent_to": "payer@example.com"}, "expires_at": expires_at}
    scope.change(refund, status="requires_action", next_action={"type": "display_details", "display_details": sent})
    events.emit(scope, "refund.created", refund)
    scope.later("expire_refund", expires_at, refund=refund["id"])
    return refund


def _count(scope: Scope, charge: Obj, amount: int) -> None:
    total = charge["amount_refunded"] + amount
    scope.change(charge, amount_refunded=total, refunded=total == charge["amount_captured"])


def _give_reference(scope: Scope, refund: Obj) -> None:
    """Add the number under which the payer's bank can find the money, and say so."""
    details = refund["destination_details"]
    part = {**details[details["type"]], "reference": random_text(20).upper(), "reference_status": "available"}
    _announce_update(scope, refund, scope.change(refund, destination_details={**details, details["type"]: part}))


def _announce_update(scope: Scope, refund: Obj, previous: Obj) -> None:
    events.emit(scope, "refund.updated", refund, previous)
    events.emit(scope, "charge.refund.updated", refund, previous)


def finish(scope: Scope, refund_key: str) -> None:
    """Let a pending refund arrive."""
    refund = scope.need("refunds", refund_key, "refund")
    if refund["status"] == "pending":
        previous = scope.change(refund, status="succeeded", pending_reason=None)
        _announce_update(scope, refund, previous)


def fail(scope: Scope, refund_key: str, reason: str = "lost_or_stolen_card") -> Obj:
    """Let a refund fail: the money comes back to the balance and can be refunded again."""
    refund = scope.need("refunds", refund_key, "refund")
    if refund["status"] not in ("pending", "succeeded") or refund["balance_transaction"] is None:
        raise ApiError(400, f"This refund cannot fail: it is {refund['status']}.", param="refund")
    charge = scope.need("charges", refund["charge"], "charge")
    taken = scope.need("balance_transactions", refund["balance_transaction"], "id")
    transaction = balance.book(
        scope,
        "refund_failure",
        -taken["amount"],
        source=refund["id"],
        description="REFUND FAILURE",
        currency=taken["currency"],
        exchange_rate=taken["exchange_rate"],
    )
    previous = scope.change(
        refund,
        status="failed",
        failure_reason=reason,
        failure_balance_transaction=transaction["id"],
        pending_reason=None,
    )
    _count(scope, charge, -refund["amount"])
    events.emit(scope, "refund.failed", refund)
    _announce_update(scope, refund, previous)
    return refund


def expire(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Let a refund fail for want of the payer's details; no money had moved."""
    refund = retrieve(scope, params, key)
    if refund["status"] != "requires_action":
        raise ApiError(
            400, f"This refund is {refund['status']}; only one that requires action expires.", param="refund"
        )
    failed: Obj = {"status": "failed", "failure_reason": "expired_or_canceled_card", "next_action": None}
    previous = scope.change(refund, **failed)
    events.emit(scope, "refund.failed", refund)
    _announce_update(scope, refund, previous)
    return refund


def expire_if_open(scope: Scope, key: str) -> None:
    """Let a refund expire when its days are over, unless somebody was quicker."""
    if scope.need("refunds", key, "refund")["status"] == "requires_action":
        expire(scope, {}, key)


def start_waiting(scope: Scope, charge: Obj) -> None:
    """Begin the refunds that waited for a debit to settle."""
    for refund in _waiting(scope, charge):
        _start(scope, refund, charge, announce="refund.updated")


def cancel_waiting(scope: Scope, charge: Obj) -> None:
    """Cancel the refunds of a debit that failed: there is nothing to give back."""
    for refund in _waiting(scope, charge):
        _announce_update(scope, refund, scope.change(refund, status="canceled", pending_reason=None))


def _waiting(scope: Scope, charge: Obj) -> list[Obj]:
    rows = scope.all("refunds")
    return [row for row in rows if row["charge"] == charge["id"] and row.get("pending_reason") == "charge_pending"]


def retrieve(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Return one refund."""
    return scope.need("refunds", key, "refund")


def update(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Change the metadata of a refund."""
    refund = retrieve(scope, params, key)
    if "metadata" in params:
        merged = methods.merged_metadata(refund["metadata"], params["metadata"])
        previous = scope.change(refund, metadata=merged)
        if previous:
            _announce_update(scope, refund, previous)
    return refund


def list_all(scope: Scope, params: dict[str, Any]) -> Obj:
    """Return a page of refunds."""
    rows = lists.matching(scope.all("refunds"), params, "created", "charge", "payment_intent")
    return lists.page(rows, params, "/v1/refunds")


def cancel(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Cancel a refund that waits for the payer's details; any other is on its way already."""
    refund = retrieve(scope, params, key)
    if refund["status"] != "requires_action":
        raise ApiError(400, f"This refund is {refund['status']} and cannot be canceled.", param="refund")
    _announce_update(scope, refund, scope.change(refund, status="canceled", next_action=None))
    return refund
