"""Puts whole objects where an answer holds their ids, as `expand` asks, up to four levels deep.

Law: only fields that Stripe calls expandable are expanded; the contract suite compares them with the SDK's types.
"""

from __future__ import annotations

from typing import Any

from sandbox.stripe import lists
from sandbox.stripe.errors import ApiError
from sandbox.stripe.scope import Obj, Scope, public

_MOST_LEVELS = 4
_PARTS = ("invoice_settings", "last_payment_error", "last_setup_error", "payment_method_details")
EXPANDABLE: dict[str, frozenset[str]] = {
    "balance_transaction": frozenset({"source"}),
    "charge": frozenset(
        {"balance_transaction", "customer", "failure_balance_transaction", "payment_intent", "refunds"}
    ),
    "confirmation_token": frozenset(),
    "customer": frozenset({"default_source"}),
    "customer_session": frozenset({"customer"}),
    "dispute": frozenset({"charge", "payment_intent"}),
    "mandate": frozenset({"payment_method"}),
    "payment_intent": frozenset({"customer", "latest_charge", "payment_method"}),
    "payment_method": frozenset({"customer"}),
    "payout": frozenset({"balance_transaction", "destination", "failure_balance_transaction", "original_payout"}),
    "radar.early_fraud_warning": frozenset({"charge", "payment_intent"}),
    "refund": frozenset(
        {
            "balance_transaction",
            "charge",
            "customer",
            "failure_balance_transaction",
            "payment_intent",
            "payment_method",
        }
    ),
    "setup_intent": frozenset({"customer", "latest_attempt", "mandate", "payment_method"}),
}


def refuse_unexpandable(operation: str, paths: list[str]) -> None:
    """Raise ApiError for a path that cannot begin in the operation's answer: before any work, so that none is lost."""
    whole = operation.rpartition(".")[0].removesuffix("s")
    resource = whole if whole in EXPANDABLE else whole.rpartition(".")[2]
    for path in paths:
        steps = path.split(".")
        if len(steps) - (steps[0] == "data") > _MOST_LEVELS:
            raise _refused(f"You cannot expand more than {_MOST_LEVELS} levels of a property", path)
        listed = operation.endswith(".list")
        name = steps[1] if listed and steps[0] == "data" and len(steps) > 1 else steps[0]
        known = name in EXPANDABLE.get(resource, frozenset()) or (len(steps) > 1 and name in _PARTS)
        if not known or (listed and steps[0] != "data"):
            raise _refused("This property cannot be expanded", path)


def expanded(scope: Scope, answer: Obj, paths: list[str]) -> Obj:
    """Return a public copy of an answer with the named fields expanded. Raises ApiError for a field that cannot be."""
    copy: Obj = public(answer)
    for path in paths:
        _expand(scope, copy, path.split("."), path)
    return copy


def _refused(message: str, path: str) -> ApiError:
    return ApiError(400, f"{message}: {path}.", param="expand", unread=True)


def _expand(scope: Scope, here: Any, steps: list[str], path: str) -> None:
    if isinstance(here, list):
        for one in here:
            _expand(scope, one, steps, path)
        return
    if not isinstance(here, dict):
        return
    name, rest = steps[0], steps[1:]
    if name != "data" or here.get("object") != "list":
        _open(scope, here, name, path)
    if rest:
        _expand(scope, here.get(name), rest, path)


def _open(scope: Scope, here: Obj, name: str, path: str) -> None:
    """Replace the id in one field by its object; parts of objects (a hash without `object`) are only walked through."""
    if "object" in here and name not in EXPANDABLE.get(here["object"], frozenset()):
        if not isinstance(here.get(name), dict | list):
            raise _refused("This property cannot be expanded", path)
        return
    if here.get("object") == "charge" and name == "refunds":
        mine = [refund for refund in scope.all("refunds") if refund["charge"] == here["id"]]
        here[name] = public(lists.page(mine, {}, f"/v1/charges/{here['id']}/refunds"))
    elif isinstance(here.get(name), str):
        found = scope.find(here[name])
        here[name] = public(found) if found else here[name]
