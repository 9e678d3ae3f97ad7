"""What a browser may do with a publishable key: the calls of stripe.js and of the Payment Element's frame.

Law: an intent opens to a browser only with its client secret, and answers a reduced object; card numbers arrive here
from the frame of the stand-in's own origin alone.
"""

from __future__ import annotations

import hmac
from typing import Any

from sandbox.stripe import banks, domains, intents, methods, sessions, wallets
from sandbox.stripe.errors import ApiError, bad_parameter
from sandbox.stripe.parameters import ACCEPTANCE, CARD, EXPAND, METHOD_DATA, PARAMETERS
from sandbox.stripe.scope import Obj, Scope, public
from sandbox.stripe.shapes import ANY, FLAG, INT, TEXT, Shape

_SENT: dict[str, Shape] = {"key": TEXT, "_stripe_account": TEXT, "_stripe_version": TEXT}
_SECRET: dict[str, Shape] = {**_SENT, "client_secret*": TEXT}
_METHOD: dict[str, Shape] = {**METHOD_DATA, "card": CARD}
_ONLINE: dict[str, Shape] = {"ip_address": TEXT, "user_agent": TEXT, "infer_from_client": FLAG}
_DETAILS: dict[str, Shape] = {
    "mandate_data": {"customer_acceptance": {**ACCEPTANCE, "online": _ONLINE}},
    "payment_method_data": _METHOD,
}
# What decides over money or over a payer's absence is the server's to say.
_SERVER_ONLY = ("amount_to_confirm", "error_on_requires_action", "mandate", "off_session", "radar_options")


def _without(table: dict[str, Shape]) -> dict[str, Shape]:
    return {name: kind for name, kind in table.items() if name not in _SERVER_ONLY}


TABLES: dict[str, dict[str, Shape]] = {
    "confirmation_tokens.create": {
        **PARAMETERS["test_helpers.confirmation_tokens.create"],
        **_SENT,
        **_DETAILS,
        "use_stripe_sdk": FLAG,
    },
    "financial_connections.accounts.create": {**_SENT, "institution*": TEXT, "account_number*": TEXT},
    "elements.detach": {**_SENT, "customer_session_client_secret*": TEXT},
    "elements.session": {
        **_SENT,
        **EXPAND,
        "amount": INT,
        "client_secret": TEXT,
        "currency": TEXT,
        "customer_session_client_secret": TEXT,
        "deferred_intent": {
            "amount": INT,
            "capture_method": TEXT,
            "currency": TEXT,
            "mode": ("payment", "setup", "subscription"),
            "payment_method_types": [TEXT],
            "setup_future_usage": TEXT,
        },
        "locale": TEXT,
        "mode": ("payment", "setup", "subscription"),
        "referrer_host": TEXT,
        "type": ("deferred_intent", "payment_intent", "setup_intent"),
        "payment_method_types": [TEXT],
    },
    "payment_intents.confirm": {**_without(PARAMETERS["payment_intents.confirm"]), **_SECRET, **_DETAILS},
    "payment_intents.bank_account": {**_SECRET, "payment_method_data*": _METHOD},
    "setup_intents.bank_account": {**_SECRET, "payment_method_data*": _METHOD},
    "payment_intents.retrieve": {**PARAMETERS["payment_intents.retrieve"], **_SECRET},
    "payment_intents.verify_microdeposits": {**PARAMETERS["payment_intents.verify_microdeposits"], **_SECRET},
    "payment_methods.create": {**PARAMETERS["payment_methods.create"], **_SENT, "metadata": ANY},
    "setup_intents.confirm": {**PARAMETERS["setup_intents.confirm"], **_SECRET, **_DETAILS},
    "setup_intents.retrieve": {**PARAMETERS["setup_intents.retrieve"], **_SECRET},
    "tokens.create": {**_SENT, "number*": TEXT, "wallet*": wallets.KINDS},
    "setup_intents.verify_microdeposits": {**PARAMETERS["setup_intents.verify_microdeposits"], **_SECRET},
}
ONLY_BROWSER = frozenset(
    {
        "confirmation_tokens.create",
        "elements.detach",
        "elements.session",
        "financial_connections.accounts.create",
        "payment_intents.bank_account",
        "setup_intents.bank_account",
        "tokens.create",
    }
)
_SEEN_NAMES = (
    "id object amount amount_details automatic_payment_methods canceled_at cancellation_reason capture_method"
    " client_secret confirmation_method created currency description last_payment_error last_setup_error livemode"
    " next_action payment_method payment_method_types processing receipt_email setup_future_usage shipping status usage"
)
_SEEN = _SEEN_NAMES.split()


def refuse_without_secret(scope: Scope, operation: str, params: dict[str, Any], ids: list[str]) -> None:
    """Raise ApiError when the client secret is not that of the intent named."""
    if not ids or not operation.startswith(("payment_intents", "setup_intents")):
        return
    intent = scope.find(ids[0])
    if intent is None or not hmac.compare_digest(intent["client_secret"], params["client_secret"] or ""):
        what = operation.partition(".")[0].removesuffix("s")
        raise ApiError(404, f"No such {what}: '{ids[0]}'", code="resource_missing", param="intent")


def reduced(obj: Obj) -> Obj:
    """Return what a browser may see of an object."""
    if obj.get("object") in ("payment_intent", "setup_intent"):
        return {name: obj[name] for name in _SEEN if name in obj}
    return obj


def reduced_error(body: Obj) -> Obj:
    """Return an error with what a browser may see of the objects in it."""
    return {"error": {name: reduced(part) if isinstance(part, dict) else part for name, part in body["error"].items()}}


def session(scope: Scope, params: dict[str, Any]) -> Obj:
    """Return what the Payment Element needs to draw itself."""
    secret = params.get("customer_session_client_secret")
    held = sessions.session_of(scope, secret) if secret else None
    if secret and held is None:
        raise bad_parameter("customer_session_client_secret", "The customer session has expired or does not exist.")
    intent = _intent(scope, params.get("client_secret"))
    params = {**params, **(params.get("deferred_intent") or {})}
    account = scope.need("accounts", scope.account, "account")
    currency = (intent or params).get("currency") or "usd"
    asked = {"allowed_payment_method_types": params.get("payment_method_types")}
    features = held["components"]["payment_element"]["features"] if held else None
    return {
        "object": "elements_session",
        "account_name": account["settings"]["dashboard"]["display_name"],
        "payment_method_types": (intent["payment_method_types"] if intent else intents.method_types(asked, currency)),
        "intent": intent and reduced(public(intent)),
        "saved_methods": [public(method) for method in sessions.saved_methods(scope, held)] if held else [],
        "features": features,
        "institutions": [name for name, _ in banks.INSTITUTIONS],
        "wallets": [{"number": number, "label": label} for number, label in wallets.IN_WALLET],
        "verification_method": _verification(intent),
        "wallet_types": domains.wallets_at(scope, params.get("referrer_host")),
        "bank_accounts": [{"number": row.number, "label": row.label} for row in banks.ACCOUNTS],
    }


def _verification(intent: Obj | None) -> str:
    """Return how an intent wants bank accounts verified."""
    options = ((intent or {}).get("payment_method_options") or {}).get("us_bank_account") or {}
    return str(options.get("verification_method") or "automatic")


def collect(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Give an intent the bank account that its payer chose; it then waits to be confirmed."""
    intent = scope.find(key)
    if intent is None or intent["status"] not in intents.OPEN:
        raise ApiError(400, "A bank account cannot be collected for this intent.", code="intent_unexpected_state")
    if "us_bank_account" not in intent["payment_method_types"]:
        raise bad_parameter("payment_method_data", "This intent takes no bank account.")
    method = methods.new(scope, params["payment_method_data"])
    scope.change(intent, payment_method=method["id"], status="requires_confirmation", next_action=None)
    return intent


def _intent(scope: Scope, secret: str | None) -> Obj | None:
    if secret is None:
        return None
    intent = scope.find(secret.partition("_secret_")[0])
    if intent is None or not hmac.compare_digest(intent["client_secret"], secret):
        raise bad_parameter("client_secret", "The client secret names no intent of this account.", "resource_missing")
    return intent


def detach(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Remove a saved method, where the customer session allows it."""
    held = sessions.session_of(scope, params["customer_session_client_secret"])
    features = held["components"]["payment_element"]["features"] if held else None
    method = scope.find(key)
    allowed = features is not None and features["payment_method_remove"] == "enabled"
    if held is None or method is None or not allowed or method["customer"] != held["customer"]:
        raise ApiError(404, f"No such PaymentMethod: '{key}'", code="resource_missing", param="payment_method")
    return methods.detach(scope, {}, key)
