"""Disputes: a charge that its payer's bank takes back, an inquiry that moves nothing, and a bank debit returned late.

Law: what is withdrawn is the disputed amount and the fee, in one transaction; a dispute closes once.
"""

from __future__ import annotations

from typing import Any

from sandbox.stripe import balance, calendar, charges, events, lists, mandates, methods
from sandbox.stripe.errors import ApiError
from sandbox.stripe.parameters import EVIDENCE_TEXTS
from sandbox.stripe.scope import Obj, Scope, new_id, public

DELAY_SECONDS = 2.0  # between a charge by a disputing test card and its dispute
_ANSWER_DAYS = 7
_REASON_CODES = {"fraudulent": "10.4", "product_not_received": "13.1"}
_RETURN_REASONS = {
    "insufficient_funds": "insufficient_funds",
    "account_closed": "incorrect_account_details",
    "no_account": "incorrect_account_details",
    "debit_not_authorized": "debit_not_authorized",
    "bank_cannot_process": "bank_cannot_process",
    "customer_initiated": "customer_initiated",
}
_BLOCKS = {
    "account_closed": ("R02", "bank_account_closed"),
    "no_account": ("R03", "bank_account_invalid_details"),
    "debit_not_authorized": ("R10", "debit_not_authorized"),
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
    return dispute


def _new(scope: Scope, charge: Obj, reason: str, status: str, amount: int | None) -> Obj:
    card = charge["payment_method_details"].get("card")
    code = _REASON_CODES.get(reason)
    part = card and {
        "brand": card["brand"],
        "case_type": "inquiry" if status.startswith("warning") else "chargeback",
        "network": card["brand"],
        "network_reason_code": code,
    }
    due_by = calendar.day_start(scope.now) + (_ANSWER_DAYS + 1) * calendar.DAY - 1
    dispute: Obj = {
        "id": new_id("du_"),
        "object": "dispute",
        "amount": amount or charge["amount"] - charge["amount_refunded"],
        "balance_transactions": [],
        "charge": charge["id"],
        "created": scope.now,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(EVIDENCE_TEXTS), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": due_by if card else None,
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
    }
    return scope.keep(dispute)


def withdraw(scope: Scope, charge: Obj, dispute: Obj) -> None:
    """Take the disputed amount and the fee off the balance."""
    booked = scope.find(charge["balance_transaction"])
    transaction = balance.book(
        scope,
        "adjustment",
        -dispute["amount"],
        category="dispute",
        source=dispute["id"],
        description=f"Chargeback withdrawal for {charge['id']}",
        currency=charge["currency"],
        fee=int(scope.switches["dispute_fee"]),
        fee_words="Dispute fee",
        available_at=booked["available_on"] if booked and booked["status"] == "pending" else 0,
    )
    scope.change(dispute, balance_transactions=[*dispute["balance_transactions"], public(transaction)])


def returned(scope: Scope, charge: Obj, reason: str) -> Obj:
    """Return a settled bank debit: a dispute that opens lost, the money and the fee gone, the mandate ended."""
    dispute = _new(scope, charge, _RETURN_REASONS[reason], "lost", None)
    scope.change(charge, disputed=True)
    withdraw(scope, charge, dispute)
    for happened in ("created", "funds_withdrawn", "closed"):
        events.emit(scope, f"charge.dispute.{happened}", dispute)
    mandates.end(scope, charge["payment_method_details"]["us_bank_account"]["mandate"])
    _block(scope, charge, reason)
    return dispute


def _block(scope: Scope, charge: Obj, reason: str) -> None:
    """Block the bank account when the return says that it can never be debited again."""
    method = scope.find(charge["payment_method"])
    if method is None or reason not in _BLOCKS:
        return
    code, why = _BLOCKS[reason]
    details = {**method["us_bank_account"], "status_details": {"blocked": {"network_code": code, "reason": why}}}
    previous = scope.change(method, us_bank_account=details)
    events.emit(scope, "payment_method.automatically_updated", method, previous)


def close_as(scope: Scope, dispute: Obj, status: str) -> Obj:
    """Close a dispute as won, lost or warning_closed; won gives the amount back, the fee stays."""
    if dispute["status"] in ("won", "lost", "warning_closed"):
        raise ApiError(400, "This dispute is already closed.", code="dispute_already_closed")
    previous = scope.change(dispute, status=status)
    if status == "won":
        transaction = balance.book(
            scope,
            "adjustment",
            dispute["amount"],
            category="dispute_reversal",
            source=dispute["id"],
            description=f"Chargeback reversal for {dispute['charge']}",
            currency=dispute["currency"],
        )
        scope.change(dispute, balance_transactions=[*dispute["balance_transactions"], public(transaction)])
    events.emit(scope, "charge.dispute.updated", dispute, previous)
    events.emit(scope, "charge.dispute.closed", dispute)
    if status == "won":
        events.emit(scope, "charge.dispute.funds_reinstated", dispute)
    return dispute


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


def update(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Keep evidence; submitted, it decides at once when it is one of the test words."""
    dispute = retrieve(scope, params, key)
    evidence = {**dispute["evidence"], **(params.get("evidence") or {})}
    fields: Obj = {"evidence": evidence}
    if "metadata" in params:
        fields["metadata"] = methods.merged_metadata(dispute["metadata"], params["metadata"])
    submitted = params.get("submit", True) and bool(params.get("evidence"))
    fields["evidence_details"] = {
        **dispute["evidence_details"],
        "has_evidence": any(evidence.get(name) for name in EVIDENCE_TEXTS),
        "submission_count": dispute["evidence_details"]["submission_count"] + submitted,
        "submission_method": "manual" if submitted else dispute["evidence_details"]["submission_method"],
    }
    if submitted:
        fields["status"] = "warning_under_review" if dispute["status"].startswith("warning") else "under_review"
    previous = scope.change(dispute, **fields)
    events.emit(scope, "charge.dispute.updated", dispute, previous)
    verdict = {"winning_evidence": "won", "losing_evidence": "lost"}.get(evidence.get("uncategorized_text") or "")
    return close_as(scope, dispute, verdict) if submitted and verdict else dispute
