"""Mandates: a payer's permission to debit a bank account, for one payment or for many."""

from __future__ import annotations

from typing import Any

from sandbox.stripe import events
from sandbox.stripe.scope import Obj, Scope, new_id


def acceptance_of(scope: Scope, params: dict[str, Any]) -> Obj | None:
    """Return how the payer accepted the mandate; a browser's words are completed from its request."""
    given = (params.get("mandate_data") or {}).get("customer_acceptance")
    if given is None:
        return None
    acceptance: Obj = {"accepted_at": given.get("accepted_at") or scope.now, "type": given["type"]}
    if given["type"] == "offline":
        return {**acceptance, "offline": {}}
    online = given.get("online") or {}
    if online.get("infer_from_client"):
        online = {"ip_address": scope.asker.ip, "user_agent": scope.asker.user_agent}
    return {
        **acceptance,
        "online": {"ip_address": online.get("ip_address"), "user_agent": online.get("user_agent")},
    }


def accept(scope: Scope, method: Obj, acceptance: Obj, *, single_use: Obj | None) -> Obj:
    """Record a mandate: active, or pending until the bank account is verified. `single_use` holds amount and currency
    when it serves one payment only.
    """
    mandate: Obj = {
        "id": new_id("mandate_"),
        "object": "mandate",
        "customer_acceptance": acceptance,
        "livemode": False,
        "payment_method": method["id"],
        "payment_method_details": {"type": "us_bank_account", "us_bank_account": {}},
        "status": "active" if method["_verified"] else "pending",
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


def activate(scope: Scope, method: Obj) -> None:
    """Let a pending mandate count, now that the bank account is verified."""
    mandate = scope.find(method.get("_mandate"))
    if mandate is not None and mandate["status"] == "pending":
        previous = scope.change(mandate, status="active")
        events.emit(scope, "mandate.updated", mandate, previous)


def end(scope: Scope, key: str | None) -> None:
    """Make a mandate inactive, as the bank asks after a return."""
    mandate = scope.find(key)
    if mandate is not None and mandate["status"] != "inactive":
        previous = scope.change(mandate, status="inactive")
        events.emit(scope, "mandate.updated", mandate, previous)


def retrieve(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Return one mandate."""
    return scope.need("mandates", key, "mandate")
