"""Disputes: a charge that its payer's bank takes back, an inquiry that moves nothing, and a bank debit returned late.

Law: what is withdrawn is the disputed amount and the fee, in one transaction; what is given back is another. A lost
card dispute may still be won on appeal; nothing else that is closed moves again.
"""

from __future__ import annotations

from typing import Any

from sandbox.stripe import balance, blocks, calendar, charges, events, fraud_warnings, lists, mandates
from sandbox.stripe.errors import ApiError
from sandbox.stripe.parameters import EVIDENCE_TEXTS
from sandbox.stripe.scope import Obj, Scope, new_id, public

DELAY_SECONDS = 2.0  # between a charge by a disputing test card and its dispute
CLOSED = ("won", "lost", "warning_closed")
_REASON_CODES = {"fraudulent": "10.4", "product_not_received": "13.1", "duplicate": "12.6.1", "general": "13.9"}
RETURN_REASONS = {
    "insufficient_funds": "insufficient_funds",
    "account_closed": "incorrect_account_details",
    "no_account": "incorrect_account_details",
    "debit_not_authorized": "debit_not_authorized",
    "bank_cannot_process": "bank_cannot_process",
    "customer_initiated": "customer_initiated",
}


def open_dispute(scope: Scope, charge: Obj, reason: str, *, amount: int | None = None) -> Obj:
    """Open a dispute of a charge; a reason that begins with `inquiry:` asks and takes nothing."""
    charges.ensure_booked(scope, charge)
    kind, _, word = reason.rpartition(":")
    inquiry = kind == "inquiry"
    dispute = _new(scope, charge, word, "warning_needs_response" if inquiry else "needs_response", amount)
    scope.change(charge, disputed=True)
    if not inquiry:
        withdraw(scope, charge, dispute)
    events.emit(scope, "charge.dispute.created", dispute)
    if not inquiry:
        events.emit(scope, "charge.dispute.funds_withdrawn", dispute)
    fraud_warnings.settle(scope, charge)
    _await_answer(scope, dispute)
    return dispute


def _await_answer(scope: Scope, dispute: Obj) -> None:
    if due_by := dispute["evidence_details"]["due_by"]:
        scope.later("dispute_due", due_by, dispute=dispute["id"])


def _new(scope: Scope, charge: Obj, reason: str, status: str, amount: int | None) -> Obj:
    card = charge["payment_method_details"].get("card")
    code = _REASON_CODES.get(reason)
    part = card and {
        "brand": card["brand"],
        "case_type": "inquiry" if status.startswith("warning") else "chargeback",
        "network": card["brand"],
        "network_reason_code": code,
    }
    dispute: Obj = {
        "id": new_id("du_"),
        "object": "dispute",
        "amount": amount or charges.left_of(charge),
        "balance_transactions": [],
        "charge": charge["id"],
        "created": scope.now,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(EVIDENCE_TEXTS), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": None if "us_bank_account" in charge["payment_method_details"] else _due_by(scope),
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "is_charge_refundable": status.startswith("warning"),
        "livemode": False,
        "metadata": {},
        "network_reason_code": code,
        "payment_intent": charge["payment_intent"],
        "reason": reason,
        "status": status,
        **({"payment_method_details": {"card": part, "type": "card"}} if part else {}),
        "_counter_fee": 0,
    }
    return scope.keep(dispute)


def _due_by(scope: Scope) -> int:
    days = int(scope.switches["dispute_answer_days"])
    return calendar.day_start(scope.now) + (days + 1) * calendar.DAY - 1


def withdraw(scope: Scope, charge: Obj, dispute: Obj) -> None:
    """Take the disputed amount and the fee off the balance."""
    booked = scope.find(charge["balance_transaction"])
    transaction = balance.book(
        scope,
        "adjustment",
        -balance.settled_amount(charge, booked, dispute["amount"]),
        category="dispute",
        source=dispute["id"],
        description=f"Chargeback withdrawal for {charge['id']}",
        currency=booked["currency"] if booked else charge["currency"],
        exchange_rate=booked["exchange_rate"] if booked else None,
        fee=int(scope.switches["dispute_fee"]),
        fee_words="Dispute fee",
        available_at=booked["available_on"] if booked and booked["status"] == "pending" else 0,
    )
    scope.change(dispute, balance_transactions=[*dispute["balance_transactions"], public(transaction)])


def escalate(scope: Scope, dispute: Obj) -> Obj:
    """Let an inquiry become a dispute: now the money and the fee go, and the answer is due anew."""
    if not dispute["status"].startswith("warning"):
        raise ApiError(400, f"Only an inquiry can become a dispute; this is {dispute['status']}.")
    charge = scope.need("charges", dispute["charge"], "charge")
    part = dispute.get("payment_method_details")
    previous = scope.change(
        dispute,
        status="needs_response",
        amount=min(dispute["amount"], charges.left_of(charge)) or dispute["amount"],
        is_charge_refundable=False,
        evidence_details={**dispute["evidence_details"], "due_by": _due_by(scope), "past_due": False},
        **({"payment_method_details": {**part, "card": {**part["card"], "case_type": "chargeback"}}} if part else {}),
    )
    withdraw(scope, charge, dispute)
    events.emit(scope, "charge.dispute.updated", dispute, previous)
    events.emit(scope, "charge.dispute.funds_withdrawn", dispute)
    _await_answer(scope, dispute)
    return dispute


def come_due(scope: Scope, key: str) -> None:
    """Decide a dispute that nobody answered in time: an inquiry is closed, a dispute is lost."""
    dispute = scope.need("disputes", key, "dispute")
    details = dispute["evidence_details"]
    answered = dispute["status"] not in ("warning_needs_response", "needs_response")
    if answered or details["past_due"] or (details["due_by"] or 0) > scope.now:
        return
    scope.change(dispute, evidence_details={**details, "past_due": True})
    close_as(scope, dispute, "warning_closed" if dispute["status"].startswith("warning") else "lost")


def returned(scope: Scope, charge: Obj, reason: str) -> Obj:
    """Return a settled bank debit: a dispute that opens lost, the money and the fee gone, the mandate ended."""
    dispute = _new(scope, charge, RETURN_REASONS[reason], "lost", None)
    scope.change(charge, disputed=True)
    withdraw(scope, charge, dispute)
    for happened in ("created", "funds_withdrawn", "closed"):
        events.emit(scope, f"charge.dispute.{happened}", dispute)
    mandates.end(scope, charge["payment_method_details"]["us_bank_account"]["mandate"])
    blocks.block(scope, charge["payment_method"], reason)
    if _returns_of(scope, charge["payment_method"]) > 1:
        blocks.block(scope, charge["payment_method"], "returned_twice")
    return dispute


def _returns_of(scope: Scope, method: str | None) -> int:
    """Count the disputes of everything one payment method paid."""
    disputed = {row["charge"] for row in scope.all("disputes")}
    return sum(scope.need("charges", key, "charge")["payment_method"] == method for key in disputed)


def close_as(scope: Scope, dispute: Obj, status: str) -> Obj:
    """Close a dispute as won, lost or warning_closed; won, also on appeal, gives the amount back."""
    appealed = dispute["status"] == "lost" and status == "won" and bool(dispute["evidence_details"]["due_by"])
    if dispute["status"] in CLOSED and not appealed:
        raise ApiError(400, "This dispute is already closed.", code="dispute_already_closed")
    if (status == "warning_closed") is not dispute["status"].startswith("warning"):
        raise ApiError(400, f"A dispute that is {dispute['status']} cannot become {status}.")
    previous = scope.change(dispute, status=status)
    if status == "won":
        _reinstate(scope, dispute)
    events.emit(scope, "charge.dispute.updated", dispute, previous)
    events.emit(scope, "charge.dispute.closed", dispute)
    if status == "won":
        events.emit(scope, "charge.dispute.funds_reinstated", dispute)
    return dispute


def _reinstate(scope: Scope, dispute: Obj) -> None:
    """Give back what was withdrawn, and the fees that winning gives back."""
    taken = dispute["balance_transactions"][0]
    back = dispute["_counter_fee"] + (taken["fee"] if scope.switches["dispute_fee_when_won"] == "returned" else 0)
    transaction = balance.book(
        scope,
        "adjustment",
        -taken["amount"],
        category="dispute_reversal",
        source=dispute["id"],
        description=f"Chargeback reversal for {dispute['charge']}",
        currency=taken["currency"],
        exchange_rate=taken["exchange_rate"],
        fee=-back,
        fee_words="Dispute fee returned",
    )
    scope.change(dispute, balance_transactions=[*dispute["balance_transactions"], public(transaction)])


def close_inquiries(scope: Scope, charge: Obj) -> None:
    """Close the inquiries about a charge that was refunded in full: nothing is left to dispute."""
    for dispute in scope.all("disputes"):
        if dispute["charge"] == charge["id"] and dispute["status"] in (
            "warning_needs_response",
            "warning_under_review",
        ):
            close_as(scope, dispute, "warning_closed")


def retrieve(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Return one dispute."""
    return scope.need("disputes", key, "dispute")


def list_all(scope: Scope, params: dict[str, Any]) -> Obj:
    """Return a page of disputes."""
    rows = lists.matching(scope.all("disputes"), params, "created", "charge", "payment_intent")
    return lists.page(rows, params, "/v1/disputes")


def close(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Give a dispute up as lost."""
    dispute = retrieve(scope, params, key)
    return close_as(scope, dispute, "warning_closed" if dispute["status"].startswith("warning") else "lost")
