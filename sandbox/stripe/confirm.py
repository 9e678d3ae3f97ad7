"""Confirming an intent: which payment method, whether it may be used, and the attempt itself.

The API and the browser come through the same door. Law: what is refused here leaves the intent as it was.
"""

from __future__ import annotations

from typing import Any

from sandbox.stripe import accounts, card_payments, debits, intents, mandates, methods, sessions
from sandbox.stripe.card_payments import Attempt
from sandbox.stripe.errors import ApiError, bad_parameter
from sandbox.stripe.scope import Obj, Scope


def create(scope: Scope, params: dict[str, Any]) -> Obj:
    """Make an intent, and confirm it at once when asked."""
    if not params.get("confirm"):
        for name in ("off_session", "return_url", "mandate_data", "mandate", "error_on_requires_action"):
            if params.get(name):
                message = f"You can only pass {name} when you confirm the PaymentIntent (confirm=true)."
                raise bad_parameter(name, message)
        return intents.create(scope, params)
    intent = intents.create(scope, {k: v for k, v in params.items() if k not in _METHOD_PARAMS})
    return confirm(scope, params, intent["id"])


_METHOD_PARAMS = ("payment_method", "payment_method_data")


def confirm(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Try to take the payment. Raises ApiError 402 when card or bank say no."""
    intent = intents.retrieve(scope, params, key)
    if intent["status"] not in intents.OPEN:
        raise intents.unexpected_state(intent, "You cannot confirm this PaymentIntent")
    accounts.refuse_unless_enabled(scope)
    if params.get("amount_to_confirm", intent["amount"]) != intent["amount"]:
        raise bad_parameter("amount_to_confirm", "The amount to confirm is not the amount of this PaymentIntent.")
    params = with_token(scope, params)
    _refuse_without_way_back(scope, intent, params)
    method = _method(scope, intent, params)
    same = {name: value for name, value in params.items() if name not in _METHOD_PARAMS}
    fields = intents.fields_of(scope, intent, {k: v for k, v in same.items() if k in _CONFIRM_FIELDS})
    methods.refuse_foreign(method, intent["customer"])
    how = Attempt(
        off_session=bool(params.get("off_session")),
        by_script=bool(params.get("use_stripe_sdk")),
        return_url=params.get("return_url"),
    )
    acceptance = mandates.acceptance_of(scope, params) if method["type"] == "us_bank_account" else None
    if method["type"] == "us_bank_account":
        debits.refuse_unless_debitable(scope, {**intent, **fields}, method, acceptance, params)
    sessions.spend(scope, params.get("confirmation_token"), intent)
    scope.change(intent, **fields, payment_method=method["id"], status="requires_confirmation", next_action=None)
    if method["type"] == "us_bank_account":
        debits.attempt(scope, intent, method, acceptance)
    else:
        card_payments.attempt(scope, intent, method, how)
    return _unless_action_refused(scope, params, intent)


def _refuse_without_way_back(scope: Scope, intent: Obj, params: dict[str, Any]) -> None:
    """Refuse a confirmation that names no address, where the intent takes methods that lead the payer away."""
    automatic = intent["automatic_payment_methods"] or {}
    may_lead_away = automatic.get("enabled") and automatic.get("allow_redirects") == "always"
    has_way_back = params.get("return_url") or params.get("use_stripe_sdk")
    if scope.switches["server_confirm"] == "asks_return_url" and may_lead_away and not has_way_back:
        message = (
            "This PaymentIntent takes the payment methods of your Dashboard, some of which lead the payer to another "
            "page: pass a return_url, or create it with automatic_payment_methods[allow_redirects]=never."
        )
        raise ApiError(400, message, param="return_url")


_CONFIRM_FIELDS = (
    "payment_method_options",
    "receipt_email",
    "setup_future_usage",
    "shipping",
)


def with_token(scope: Scope, params: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters with those of a confirmation token filled in; a token serves once."""
    key = params.get("confirmation_token")
    if key is None:
        return params
    token = scope.need("confirmation_tokens", key, "confirmation_token", status=400)
    if token["_used"] or token["expires_at"] <= scope.now:
        raise ApiError(
            400, f"The confirmation token {key} was used already or has expired.", param="confirmation_token"
        )
    return {**token["_params"], **{name: value for name, value in params.items() if value is not None}}


def _method(scope: Scope, intent: Obj, params: dict[str, Any]) -> Obj:
    method = intents.method_given(scope, params) or scope.find(intent["payment_method"])
    if method is None:
        message = (
            "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the "
            "PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a "
            "payment method or ConfirmationToken."
        )
        raise ApiError(400, message, code="payment_intent_unexpected_state")
    if method["type"] not in intent["payment_method_types"]:
        allowed = ", ".join(intent["payment_method_types"])
        message = f"The PaymentMethod provided ({method['type']}) is not allowed for this PaymentIntent ({allowed})."
        raise ApiError(400, message, param="payment_method")
    return method


def _unless_action_refused(scope: Scope, params: dict[str, Any], intent: Obj) -> Obj:
    """Return the intent; when the caller cannot show a next step, fail it instead."""
    if params.get("error_on_requires_action") and intent["status"] == "requires_action":
        message = "This PaymentIntent requires additional user action before it can be completed successfully."
        scope.change(intent, status="requires_payment_method", next_action=None, payment_method=None)
        raise ApiError(402, message, kind="card_error", code="authentication_required")
    return intent
