"""Customer sessions (saved methods in the Payment Element) and confirmation tokens (details not yet used)."""

from __future__ import annotations

from typing import Any

from sandbox.stripe import mandates, methods
from sandbox.stripe.errors import bad_parameter
from sandbox.stripe.scope import Obj, Scope, new_id, public, random_text

_SESSION_SECONDS, _TOKEN_SECONDS = 1800, 12 * 3600
_MOST_REDISPLAYED = 10
_NAMES = ("active_entitlements", "buy_button", "customer_portal", "customer_sheet", "mobile_payment_element")


def create_customer_session(scope: Scope, params: dict[str, Any]) -> Obj:
    """Let the Payment Element show a customer's saved methods for half an hour."""
    if not params.get("customer"):
        raise bad_parameter("customer", "Missing required param: customer.", "parameter_missing")
    customer = scope.need("customers", params["customer"], "customer", status=400)
    given = params["components"]
    components: Obj = {name: {"enabled": False, **given.get(name, {})} for name in (*_NAMES, "pricing_table")}
    for name in ("customer_sheet", "mobile_payment_element"):
        components[name].setdefault("features", None)
    components["payment_element"] = _element(given.get("payment_element") or {"enabled": False})
    session: Obj = {
        "id": new_id("cuss_"),
        "object": "customer_session",
        "client_secret": f"cuss_secret_{random_text(48)}",
        "components": components,
        "created": scope.now,
        "customer": customer["id"],
        "customer_account": None,
        "expires_at": scope.now + _SESSION_SECONDS,
        "livemode": False,
    }
    scope.keep(session)
    return {name: value for name, value in session.items() if name != "id"}


def _element(given: Obj) -> Obj:
    if not given["enabled"]:
        return {"enabled": False, "features": None}
    limit = given.get("features", {}).get("payment_method_redisplay_limit", 3)
    if not 1 <= limit <= _MOST_REDISPLAYED:
        name = "components[payment_element][features][payment_method_redisplay_limit]"
        raise bad_parameter(name, f"Invalid limit: must be between 1 and {_MOST_REDISPLAYED}.")
    defaults = {
        "payment_method_allow_redisplay_filters": ["always"],
        "payment_method_redisplay": "disabled",
        "payment_method_redisplay_limit": 3,
        "payment_method_remove": "disabled",
        "payment_method_save": "disabled",
        "payment_method_save_usage": None,
    }
    return {"enabled": True, "features": {**defaults, **given.get("features", {})}}


def session_of(scope: Scope, secret: str | None) -> Obj | None:
    """Return the customer session of a secret, unless it has expired."""
    for session in scope.all("customer_sessions"):
        if session["client_secret"] == secret and session["expires_at"] > scope.now:
            return session
    return None


def saved_methods(scope: Scope, session: Obj) -> list[Obj]:
    """Return the saved methods that a session shows, newest first."""
    features = session["components"]["payment_element"]["features"]
    if not features or features["payment_method_redisplay"] != "enabled":
        return []
    filters = features["payment_method_allow_redisplay_filters"]
    rows = [
        method
        for method in scope.all("payment_methods")
        if method["customer"] == session["customer"] and method["allow_redisplay"] in filters
    ]
    return rows[::-1][: features["payment_method_redisplay_limit"] or 3]


def create_token(scope: Scope, params: dict[str, Any]) -> Obj:
    """Keep what a payer entered, to be confirmed later by the server."""
    if key := params.get("payment_method"):
        method = methods.resolve(scope, key)
    elif data := params.get("payment_method_data"):
        method = methods.new(scope, data)
    else:
        raise bad_parameter("payment_method_data", "Missing required param: payment_method_data.", "parameter_missing")
    kept = ("return_url", "setup_future_usage", "shipping", "use_stripe_sdk")
    accepted = mandates.acceptance_of(scope, params)
    hidden = ("id", "object", "created", "livemode", "metadata")
    token: Obj = {
        "id": new_id("ctoken_"),
        "object": "confirmation_token",
        "created": scope.now,
        "expires_at": scope.now + _TOKEN_SECONDS,
        "livemode": False,
        "mandate_data": accepted and {"customer_acceptance": _accepted(accepted)},
        "payment_intent": None,
        "payment_method_options": None,
        "payment_method_preview": {name: value for name, value in public(method).items() if name not in hidden},
        "return_url": params.get("return_url"),
        "setup_future_usage": params.get("setup_future_usage"),
        "setup_intent": None,
        "shipping": params.get("shipping"),
        "use_stripe_sdk": bool(params.get("use_stripe_sdk", True)),
        "_used": False,
        "_params": {
            "payment_method": method["id"],
            **({"mandate_data": {"customer_acceptance": accepted}} if accepted else {}),
            **{name: params[name] for name in kept if params.get(name) is not None},
        },
    }
    return scope.keep(token)


def _accepted(acceptance: Obj) -> Obj:
    """Return an acceptance as a token shows it: how and where, not when."""
    return {name: acceptance[name] for name in ("type", "online") if name in acceptance}


def spend(scope: Scope, key: str | None, intent: Obj) -> None:
    """Note on a confirmation token which intent it confirmed; it serves no other."""
    token = scope.find(key)
    if token is not None:
        scope.change(token, _used=True, **{intent["object"]: intent["id"]})


def retrieve_token(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Return one confirmation token."""
    return scope.need("confirmation_tokens", key, "confirmation_token")
