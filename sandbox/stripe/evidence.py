"""Evidence of a dispute: gathered, submitted while there is time, and judged at once when it is one of the test words.

Law: what was submitted cannot be taken back, and nothing is taken after the day by which an answer was due.
"""

from __future__ import annotations

from typing import Any

from sandbox.stripe import balance, disputes, events, methods
from sandbox.stripe.errors import ApiError
from sandbox.stripe.parameters import EVIDENCE_TEXTS
from sandbox.stripe.scope import Obj, Scope

_VERDICTS = {"winning_evidence": "won", "losing_evidence": "lost"}
_UNDER_REVIEW = {
    "warning_needs_response": "warning_under_review",
    "needs_response": "under_review",
    "appeal_needs_response": "appeal_under_review",
}


def update(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Keep evidence, and submit it unless told not to; a dispute that is closed takes metadata only."""
    dispute = disputes.retrieve(scope, params, key)
    fields: Obj = {}
    if "metadata" in params:
        fields["metadata"] = methods.merged_metadata(dispute["metadata"], params["metadata"])
    given = params.get("evidence") or {}
    submits = bool(params.get("submit", bool(given)))
    if given or submits:
        _refuse_unless_awaited(dispute)
        evidence = {**dispute["evidence"], **given}
        fields |= {"evidence": evidence, "evidence_details": _details(dispute, evidence, submits)}
    if submits:
        fields["status"] = _UNDER_REVIEW.get(dispute["status"], dispute["status"])
    countered = submits and dispute["status"] == "needs_response"
    previous = scope.change(dispute, **fields)
    if previous:
        events.emit(scope, "charge.dispute.updated", dispute, previous)
    if countered:
        _charge_countering(scope, dispute)
    verdict = _VERDICTS.get(dispute["evidence"].get("uncategorized_text") or "")
    if not submits or verdict is None:
        return dispute
    inquiry = dispute["status"].startswith("warning")
    return disputes.close_as(scope, dispute, "warning_closed" if inquiry else verdict)


def _refuse_unless_awaited(dispute: Obj) -> None:
    if dispute["status"] in disputes.CLOSED:
        message = f"This dispute is already closed: it is {dispute['status']}."
        raise ApiError(400, message, code="dispute_already_closed")
    if dispute["evidence_details"]["past_due"]:
        raise ApiError(400, "The day by which evidence was due has passed.", param="evidence")


def _details(dispute: Obj, evidence: Obj, submits: bool) -> Obj:
    details = dispute["evidence_details"]
    return {
        **details,
        "has_evidence": any(evidence.get(name) for name in EVIDENCE_TEXTS),
        "submission_count": details["submission_count"] + submits,
        "submission_method": "manual" if submits else details["submission_method"],
    }


def _charge_countering(scope: Scope, dispute: Obj) -> None:
    """Charge for countering a dispute; winning it gives this fee back with the money."""
    fee = int(scope.switches["dispute_counter_fee"])
    if fee and not dispute["_counter_fee"]:
        scope.change(dispute, _counter_fee=fee)
        words = "Dispute countered fee"
        balance.book(
            scope,
            "stripe_fee",
            -fee,
            source=dispute["id"],
            description=words,
            currency=dispute["currency"],
        )
