"""Setup attempts: one for each confirmation of a setup intent, and how it went.

Law: an attempt is made when its intent is confirmed and follows the intent's state until it succeeded or failed.
"""

from __future__ import annotations

from typing import Any

from sandbox.stripe import lists
from sandbox.stripe.scope import Obj, Scope, new_id, public

_FOLLOWED = {"requires_action": "requires_action", "succeeded": "succeeded", "canceled": "abandoned"}
_CARD = ("brand", "checks", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4", "wallet")


def begin(scope: Scope, setup: Obj, method: Obj) -> str:
    """Record that an intent is being confirmed with a method; returns the attempt's id."""
    kind = method["type"]
    card = {name: method["card"][name] for name in _CARD} if kind == "card" else None
    details: Obj = {**card, "network": card["brand"], "three_d_secure": None} if card else {}
    attempt: Obj = {
        "id": new_id("setatt_"),
        "object": "setup_attempt",
        "application": setup["application"],
        "created": scope.now,
        "customer": setup["customer"],
        "customer_account": None,
        "flow_directions": setup["flow_directions"],
        "livemode": False,
        "on_behalf_of": None,
        "payment_method": method["id"],
        "payment_method_details": {"type": kind, kind: details},
        "setup_error": None,
        "setup_intent": setup["id"],
        "status": "requires_confirmation",
        "usage": setup["usage"],
    }
    scope.keep(attempt)
    return str(attempt["id"])


def follow(scope: Scope, setup: Obj, status: str, error: Obj | None) -> None:
    """Carry an intent's new state over to its attempt; an error means that the attempt failed."""
    attempt = scope.find(setup["latest_attempt"])
    if attempt is not None and attempt["status"] in ("requires_confirmation", "requires_action"):
        failed = error is not None and status == "requires_payment_method"
        said = "failed" if failed else _FOLLOWED.get(status, attempt["status"])
        scope.change(attempt, status=said, setup_error=public(error) if failed else None)


def list_all(scope: Scope, params: dict[str, Any]) -> Obj:
    """Return a page of one intent's attempts."""
    scope.need("setup_intents", params["setup_intent"], "setup_intent", status=400)
    rows = lists.matching(scope.all("setup_attempts"), params, "created", "setup_intent")
    return lists.page(rows, params, "/v1/setup_attempts")
