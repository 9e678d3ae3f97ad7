"""Early fraud warnings: what a card network says of a charge before anybody disputes it.

Law: a warning moves no money; it is actionable until its charge is refunded in full or disputed.
"""

from __future__ import annotations

from typing import Any

from sandbox.stripe import events, lists
from sandbox.stripe.scope import Obj, Scope, new_id

_CREATED, _UPDATED = "radar.early_fraud_warning.created", "radar.early_fraud_warning.updated"


def warn(scope: Scope, charge: Obj, fraud_type: str = "made_with_stolen_card") -> Obj:
    """Pass a network's warning on."""
    warning: Obj = {
        "id": new_id("issfr_"),
        "object": "radar.early_fraud_warning",
        "actionable": not charge["refunded"] and not charge["disputed"],
        "charge": charge["id"],
        "created": scope.now,
        "fraud_type": fraud_type,
        "livemode": False,
        "payment_intent": charge["payment_intent"],
    }
    scope.keep(warning)
    events.emit(scope, _CREATED, warning)
    return warning


def settle(scope: Scope, charge: Obj) -> None:
    """Note that nothing can be done any more about the warnings of a charge."""
    for warning in scope.all("early_fraud_warnings"):
        if warning["charge"] == charge["id"] and warning["actionable"]:
            events.emit(scope, _UPDATED, warning, scope.change(warning, actionable=False))


def retrieve(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Return one warning."""
    return scope.need("early_fraud_warnings", key, "early_fraud_warning")


def list_all(scope: Scope, params: dict[str, Any]) -> Obj:
    """Return a page of warnings."""
    rows = lists.matching(scope.all("early_fraud_warnings"), params, "created", "charge", "payment_intent")
    return lists.page(rows, params, "/v1/radar/early_fraud_warnings")
