"""Refunds: of cards at once, of bank debits after some days, of a debit under way once it has settled.

Law: what is refunded never exceeds the charge; the fee stays with Stripe; a refund that fails puts the money back.
"""

from __future__ import annotations

from typing import Any

from sandbox.stripe import balance, calendar, cards, charges, events, lists, methods
from sandbox.stripe.errors import ApiError, bad_parameter
from sandbox.stripe.scope import Obj, Scope, new_id, random_text


def create(scope: Scope, params: dict[str, Any]) -> Obj:
    """Refund a charge, or the latest charge of an intent, in full or in part."""
    charge = _charge(scope, params)
    charges.ensure_booked(scope, charge)
    left = charge["amount"] - charge["amount_refunded"]
    amount = params.get("amount", left)
    _refuse_unless_refundable(scope, charge, amount, left)
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
    scope.keep(refund)
    if charge["status"] == "pending":
        scope.change(refund, pending_reason="charge_pending")
        events.emit(scope, "refund.created", refund)
        return refund
    return _start(scope, refund, charge, announce="refund.created")


def _charge(scope: Scope, params: dict[str, Any]) -> Obj:
    if key := params.get("charge"):
        return scope.need("charges", key, "charge", status=404)
    if key := params.get("payment_intent"):
        intent = scope.need("payment_intents", key, "payment_intent", status=404)
        charge = scope.find(intent["latest_charge"])
        if charge is None or charge["status"] == "failed":
            message = f"This PaymentIntent ({key}) does not have a successful charge to refund."
            raise ApiError(400, message, param="payment_intent")
        return charge
    raise bad_parameter("charge", "One of the following params should be provided: payment_intent or charge.")


def _refuse_unless_refundable(scope: Scope, charge: Obj, amount: int, left: int) -> None:
    if charge["status"] == "failed":
        raise ApiError(400, f"Charge {charge['id']} has failed and cannot be refunded.", param="charge")
    withdrawn = any(
        row["charge"] == charge["id"] and not row["status"].startswith("warning") and row["status"] != "won"
        for row in scope.all("disputes")
    )
    if withdrawn:
        message = f"Charge {charge['id']} has been charged back; cannot issue a refund."
        raise ApiError(400, message, code="charge_disputed", param="charge")
    if left <= 0:
        message = f"Charge {charge['id']} has already been refunded."
        raise ApiError(400, message, code="charge_already_refunded", param="charge")
    if amount < 1:
        raise bad_parameter("amount", "This value must be greater than or equal to 1.", "parameter_invalid_integer")
    waiting = sum(
        row["amount"]
        for row in scope.all("refunds")
        if row["charge"] == charge["id"] and row.get("pending_reason") == "charge_pending"
    )
    if amount > left - waiting:
        message = f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left - waiting})."
        raise ApiError(400, message, param="amount")


def _destination(charge: Obj) -> Obj:
    if "card" in charge["payment_method_details"]:
        part = {"reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund"}
        return {"card": part, "type": "card"}
    return {"type": "us_bank_transfer", "us_bank_transfer": {"reference": None, "reference_status": "pending"}}


def _start(scope: Scope, refund: Obj, charge: Obj, *, announce: str) -> Obj:
    """Take the money off the balance and send it; say so under the name given."""
    bank = "us_bank_account" in charge["payment_method_details"]
    booked = scope.find(charge["balance_transaction"])
    transaction = balance.book(
        scope,
        "payment_refund" if bank else "refund",
        -refund["amount"],
        category="refund",
        source=refund["id"],
        description=f"REFUND FOR {'PAYMENT' if bank else 'CHARGE'}"
        + (f" ({charge['description']})" if charge["description"] else ""),
        currency=refund["currency"],
        available_at=booked["available_on"] if booked and booked["status"] == "pending" else 0,
    )
    behaviour = None if bank else cards.BY_NUMBER[charge["_number"]].refund
    slow = bank or behaviour == "pending"
    previous = scope.change(
        refund,
        balance_transaction=transaction["id"],
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
    return refund


def _count(scope: Scope, charge: Obj, amount: int) -> None:
    total = charge["amount_refunded"] + amount
    scope.change(charge, amount_refunded=total, refunded=total == charge["amount"])


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
    transaction = balance.book(
        scope,
        "refund_failure",
        refund["amount"],
        category="refund_failure",
        source=refund["id"],
        description="REFUND FAILURE",
        currency=refund["currency"],
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
    """Refuse: only refunds that wait for the payer's details can be cancelled, and the stand-in makes none."""
    refund = retrieve(scope, params, key)
    raise ApiError(400, f"This refund is {refund['status']} and cannot be canceled.", param="refund")
