"""Setup intents: a payment method saved for later without paying now."""

from __future__ import annotations

from typing import Any

from sandbox.stripe import (
    attempts,
    card_payments,
    cards,
    debits,
    events,
    intents,
    lists,
    mandates,
    methods,
    microdeposits,
    sessions,
)
from sandbox.stripe.card_payments import Attempt
from sandbox.stripe.confirm import with_token
from sandbox.stripe.errors import DOCS, ApiError, unplayed
from sandbox.stripe.scope import Obj, Scope, new_id, public, random_text

_EVENTS = {"requires_action", "succeeded", "canceled"}


def create(scope: Scope, params: dict[str, Any]) -> Obj:
    """Make a setup intent, and confirm it at once when asked."""
    if params.get("single_use") or params.get("attach_to_self"):
        raise unplayed("single_use" if params.get("single_use") else "attach_to_self")
    key = new_id("seti_")
    setup: Obj = {
        "id": key,
        "object": "setup_intent",
        "allowed_payment_method_types": params.get("allowed_payment_method_types"),
        "application": None,
        "automatic_payment_methods": {
            "allow_redirects": "always",
            "enabled": True,
            **(params.get("automatic_payment_methods") or {}),
        },
        "cancellation_reason": None,
        "client_secret": f"{key}_secret_{random_text(25)}",
        "created": scope.now,
        "customer": None,
        "customer_account": None,
        "description": None,
        "excluded_payment_method_types": params.get("excluded_payment_method_types"),
        "flow_directions": params.get("flow_directions"),
        "last_setup_error": None,
        "latest_attempt": None,
        "livemode": False,
        "mandate": None,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": intents.method_types(params, "usd"),
        "single_use_mandate": None,
        "status": "requires_payment_method",
        "usage": params.get("usage") or "off_session",
    }
    confirming = bool(params.get("confirm"))
    setup.update(_fields(scope, setup, params, with_method=not confirming))
    scope.keep(setup)
    events.emit(scope, "setup_intent.created", setup)
    return confirm(scope, params, key) if confirming else setup


def _fields(scope: Scope, setup: Obj, params: dict[str, Any], *, with_method: bool) -> Obj:
    fields: Obj = {name: params[name] for name in ("description", "flow_directions") if name in params}
    if "customer" in params:
        fields["customer"] = intents.customer_of(scope, params["customer"])
    if "payment_method_options" in params:
        fields["payment_method_options"] = {**setup["payment_method_options"], **_options(params)}
    if "metadata" in params:
        fields["metadata"] = methods.merged_metadata(setup["metadata"], params["metadata"])
    if with_method and (method := intents.method_given(scope, params)):
        methods.refuse_foreign(method, fields.get("customer", setup["customer"]))
        fields |= {"payment_method": method["id"], "status": "requires_confirmation"}
    return fields


def _options(params: dict[str, Any]) -> Obj:
    """Return the options in the shape they are answered in: those the stand-in reads."""
    given, options = params["payment_method_options"], {}
    if isinstance(card := given.get("card"), dict):
        asked = card.get("request_three_d_secure") or "automatic"
        options["card"] = {"mandate_options": None, "network": None, "request_three_d_secure": asked}
    if isinstance(bank := given.get("us_bank_account"), dict):
        options["us_bank_account"] = {
            "financial_connections": bank.get("financial_connections"),
            "verification_method": bank.get("verification_method") or "automatic",
        }
    return options


def _advance(scope: Scope, setup: Obj, status: str, **fields: Any) -> None:
    scope.change(setup, status=status, **fields)
    attempts.follow(scope, setup, status, fields.get("last_setup_error"))
    if status in _EVENTS:
        events.emit(scope, f"setup_intent.{status}", setup)


def confirm(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Try to save the payment method. Raises ApiError 402 when the bank declines."""
    setup = retrieve(scope, params, key)
    if setup["status"] not in intents.OPEN:
        raise intents.unexpected_state(setup, "You cannot confirm this SetupIntent")
    params = with_token(scope, params)
    method = intents.method_given(scope, params) or scope.find(setup["payment_method"])
    if method is None or method["type"] not in setup["payment_method_types"]:
        message = "You cannot confirm this SetupIntent because it's missing a payment method it accepts."
        raise ApiError(400, message, code="setup_intent_unexpected_state")
    methods.refuse_foreign(method, setup["customer"])
    wishes = {name: value for name, value in params.items() if name == "payment_method_options"}
    fields = _fields(scope, setup, wishes, with_method=False)
    acceptance = mandates.acceptance_of(scope, params) if method["type"] == "us_bank_account" else None
    if method["type"] == "us_bank_account":
        debits.refuse_unless_debitable(scope, {**setup, **fields}, method, acceptance, params)
    sessions.spend(scope, params.get("confirmation_token"), setup)
    attempt = attempts.begin(scope, setup, method)
    scope.change(setup, **fields, latest_attempt=attempt, payment_method=method["id"], status="requires_confirmation")
    if method["type"] == "us_bank_account":
        _set_up_bank(scope, setup, method, acceptance)
    else:
        how = Attempt(by_script=bool(params.get("use_stripe_sdk")), return_url=params.get("return_url"))
        _set_up_card(scope, setup, method, how)
    return setup


def _set_up_bank(scope: Scope, setup: Obj, method: Obj, acceptance: Obj | None) -> None:
    if acceptance is not None:
        mandate = mandates.accept(scope, method, acceptance, single_use=None)
        scope.change(setup, mandate=mandate["id"])
    if method["_verified"]:
        _succeed(scope, setup, method)
        return
    _advance(scope, setup, "requires_action", next_action=microdeposits.ask(scope, setup, method))


def _set_up_card(scope: Scope, setup: Obj, method: Obj, how: Attempt) -> None:
    card = cards.BY_NUMBER[method["_number"]]
    asked = (setup["payment_method_options"].get("card") or {}).get("request_three_d_secure")
    if card.three_ds in (cards.UNLESS_SET_UP, cards.ALWAYS, cards.REQUIRED) or asked in ("any", "challenge"):
        _advance(scope, setup, "requires_action", next_action=card_payments.challenge(scope, setup, how))
        return
    if card.decline is not None and not card.attaches_though_declined:
        raise _fail(scope, setup, method, card.decline)
    _succeed(scope, setup, method)


def finish_challenge(scope: Scope, setup: Obj, *, passed: bool) -> None:
    """Go on after the bank's page."""
    method = scope.need("payment_methods", setup["payment_method"], "payment_method")
    no = cards.BY_NUMBER[method["_number"]].decline
    if passed and no is not None and not cards.BY_NUMBER[method["_number"]].attaches_though_declined:
        _fail(scope, setup, method, no)
    elif passed:
        _succeed(scope, setup, method)
    else:
        message = "We are unable to authenticate your payment method. Choose a different one and try again."
        _fail(scope, setup, method, cards.Decline("setup_intent_authentication_failure", None, message))


def _succeed(scope: Scope, setup: Obj, method: Obj) -> None:
    scope.change(method, _set_up=True)
    _advance(scope, setup, "succeeded", next_action=None, last_setup_error=None)
    if setup["customer"]:
        methods.attach_to(scope, method, setup["customer"])


def _fail(scope: Scope, setup: Obj, method: Obj, no: cards.Decline) -> ApiError:
    told = {"code": no.code, "decline_code": no.decline_code, "advice_code": no.advice}
    members = {name: value for name, value in told.items() if value is not None}
    error = {"type": "card_error", **members, "message": no.message, "doc_url": DOCS + no.code.replace("_", "-")}
    _advance(
        scope,
        setup,
        "requires_payment_method",
        last_setup_error={**error, "payment_method": public(method)},
        payment_method=None,
        next_action=None,
    )
    events.emit(scope, "setup_intent.setup_failed", setup)
    told_too: Obj = {**members, "setup_intent": public(setup), "payment_method": public(method)}
    return ApiError(402, no.message, kind="card_error", **told_too)


def fail_verification(scope: Scope, setup: Obj, code: str) -> None:
    """Give up a bank account that was not verified: the intent asks for another."""
    method = scope.need("payment_methods", setup["payment_method"], "payment_method")
    _fail(scope, setup, method, cards.Decline(code, None, microdeposits.REASONS[code]))


def retrieve(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Return one setup intent."""
    return scope.need("setup_intents", key, "intent")


def list_all(scope: Scope, params: dict[str, Any]) -> Obj:
    """Return a page of setup intents."""
    rows = lists.matching(scope.all("setup_intents"), params, "created", "customer", "payment_method")
    return lists.page(rows, params, "/v1/setup_intents")


def update(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Change a setup intent that is still open."""
    setup = retrieve(scope, params, key)
    if setup["status"] not in intents.OPEN:
        raise intents.unexpected_state(setup, "This SetupIntent could not be updated")
    scope.change(setup, **_fields(scope, setup, params, with_method=True))
    return setup


def cancel(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Cancel a setup intent that is still open."""
    setup = retrieve(scope, params, key)
    if setup["status"] not in intents.OPEN:
        raise intents.unexpected_state(setup, "You cannot cancel this SetupIntent")
    _advance(scope, setup, "canceled", cancellation_reason=params.get("cancellation_reason"), next_action=None)
    return setup


def verify(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Verify the bank account of a setup intent by its microdeposits."""
    setup = retrieve(scope, params, key)
    method = microdeposits.check(scope, setup, params, lambda code: fail_verification(scope, setup, code))
    _succeed(scope, setup, method)
    return setup
