"""What may be refunded: which charge is meant, how much of it is left, and what forbids giving it back.

Reads only. Law: everything refused here is refused before anything has moved.
"""

from __future__ import annotations

from typing import Any

from sandbox.stripe import charges
from sandbox.stripe.calendar import DAY
from sandbox.stripe.errors import ApiError, bad_parameter
from sandbox.stripe.scope import Obj, Scope

_DEBIT_DAYS = 180


def charge_of(scope: Scope, params: dict[str, Any]) -> Obj:
    """Return the charge that the parameters name, by itself or by its intent. Raises ApiError when there is none."""
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


def amount_of(scope: Scope, charge: Obj, asked: int | None) -> int:
    """Return how much to refund, in minor units: what was asked, or all that is left. Raises ApiError for too much."""
    _refuse_unless_refundable(scope, charge)
    left = charges.left_of(charge) - _waiting(scope, charge)
    if left <= 0:
        message = f"Charge {charge['id']} has already been refunded."
        raise ApiError(400, message, code="charge_already_refunded", param="charge")
    amount = left if asked is None else asked
    if amount < 1:
        raise bad_parameter("amount", "This value must be greater than or equal to 1.", "parameter_invalid_integer")
    if amount > left:
        message = f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})."
        raise ApiError(400, message, param="amount")
    if amount < (charge["amount_captured"] or charge["amount"]):
        _refuse_part_of_debit(scope, charge)
    return amount


def _refuse_unless_refundable(scope: Scope, charge: Obj) -> None:
    if charge["status"] == "failed":
        raise ApiError(400, f"Charge {charge['id']} has failed and cannot be refunded.", param="charge")
    if charge["status"] == "succeeded" and not charge["captured"]:
        message = f"Charge {charge['id']} was not captured: cancel its PaymentIntent instead."
        raise ApiError(400, message, code="charge_not_refundable", param="charge")
    if any(_withdrawn(row, charge) for row in scope.all("disputes")):
        message = f"Charge {charge['id']} has been charged back; cannot issue a refund."
        raise ApiError(400, message, code="charge_disputed", param="charge")
    if _is_debit(charge) and charge["created"] + _DEBIT_DAYS * DAY < scope.now:
        message = f"Bank debits can be refunded for {_DEBIT_DAYS} days; those are over."
        raise ApiError(400, message, code="charge_not_refundable", param="charge")


def _withdrawn(dispute: Obj, charge: Obj) -> bool:
    if dispute["charge"] != charge["id"]:
        return False
    return not dispute["status"].startswith("warning") and dispute["status"] != "won"


def _refuse_part_of_debit(scope: Scope, charge: Obj) -> None:
    if _is_debit(charge) and scope.switches["debit_partial_refunds"] == "refused":
        raise ApiError(400, "Bank debits can only be refunded in full.", param="amount")


def _is_debit(charge: Obj) -> bool:
    return "us_bank_account" in charge["payment_method_details"]


def _waiting(scope: Scope, charge: Obj) -> int:
    """Return what is promised already, and not yet counted on the charge."""
    rows = [row for row in scope.all("refunds") if row["charge"] == charge["id"]]
    promised = [row for row in rows if row["status"] in ("pending", "requires_action")]
    return sum(row["amount"] for row in promised if row["balance_transaction"] is None)
