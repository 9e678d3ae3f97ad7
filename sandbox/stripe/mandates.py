"""Mandates: a payer's permission to debit a bank account, for one payment or for many."""

from __future__ import annotations

from typing import Any

from sandbox.stripe import events
from sandbox.stripe.scope import Obj, Scope, new_id


def accept(scope: Scope, method: Obj, acceptance: Obj, *, single_use: Obj | None) -> Obj:
    """Record a mandate as active. `single_use` holds amount and currency when it serves one payment only."""
    mandate: Obj = {
        "id": new_id("mandate_"),
        "object": "mandate",
        "customer_acceptance": acceptance,
        "livemode": False,
        "payment_method": method["id"],
        "payment_method_details": {"type": "us_bank_account", "us_bank_account": {}},
        "status": "active",
        "type": "single_use" if single_use else "multi_use",
        **({"single_use": single_use} if single_use else {"multi_use": {}}),
    }
    scope.keep(mandate)
    scope.change(method, _mandate=mandate["id"])
    events.emit(scope, "mandate.updated", mandate)
    return mandate


def standing(scope: Scope, method: Obj) -> Obj | None:
    """Return the method's mandate for many payments, if it is active."""
    mandate = scope.find(method.get("_mandate"))
    good = mandate is not None and mandate["status"] == "active" and mandate["type"] == "multi_use"
    return mandate if good else None


def end(scope: Scope, key: str | None) -> None:
    """Make a mandate inactive, as the bank asks after a return."""
    mandate = scope.find(key)
    if mandate is not None and mandate["status"] == "active":
        previous = scope.change(mandate, status="inactive")
        events.emit(scope, "mandate.updated", mandate, previous)


def retrieve(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Return one mandate."""
    return scope.need("mandates", key, "mandate")
