"""Payment intents: made, changed, listed, cancelled; their states and what each state allows.

Attempts to pay stand in `confirm`, `card_payments` and `debits`. Law: an intent moves through `advance` alone, and each
move is an event.
"""

from __future__ import annotations

from typing import Any

from sandbox.stripe import application_fees, banks, charges, currencies, events, lists, methods
from sandbox.stripe.errors import ApiError, bad_parameter, unplayed
from sandbox.stripe.scope import Obj, Scope, new_id, public, random_text

SUPPORTED = ("card", "link", "us_bank_account")
OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")
_EVENTS = {
    "canceled": "payment_intent.canceled",
    "processing": "payment_intent.processing",
    "requires_action": "payment_intent.requires_action",
    "requires_capture": "payment_intent.amount_capturable_updated",
    "succeeded": "payment_intent.succeeded",
}
_PLAIN = (
    "description",
    "receipt_email",
    "setup_future_usage",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_group",
    "capture_method",
    "application_fee_amount",
)


def check_money(scope: Scope, amount: int | None, currency: str) -> None:
    """Raise ApiError unless the amount can be charged in the currency."""
    currencies.refuse_unless_taken(currency)
    if amount is not None:
        currencies.refuse_unless_chargeable(amount, currency)


def method_types(params: dict[str, Any], currency: str, key: str = "") -> list[str]:
    """Return the kinds of payment method an intent accepts. Raises ApiError when none is left."""
    allowed = params.get("allowed_payment_method_types") or SUPPORTED
    left = [kind for kind in SUPPORTED if kind in allowed]
    left = [kind for kind in left if kind not in (params.get("excluded_payment_method_types") or [])]
    if currency != "usd":
        left = [kind for kind in left if kind != "us_bank_account"]
    if not left:
        message = "The payment method types given leave none that the sandbox plays (card, us_bank_account)."
        raise bad_parameter("allowed_payment_method_types", message)
    return left


def create(scope: Scope, params: dict[str, Any]) -> Obj:
    """Make an intent; with `confirm`, the caller goes on to confirm it."""
    currency = params["currency"].lower()
    check_money(scope, params["amount"], currency)
    application_fees.refuse_unless_direct(scope, params.get("application_fee_amount"), params["amount"])
    types = method_types(params, currency)
    key = new_id("pi_")
    intent: Obj = {
        "id": key,
        "object": "payment_intent",
        **dict.fromkeys(_PLAIN),
        "allowed_payment_method_types": params.get("allowed_payment_method_types"),
        "amount": params["amount"],
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "automatic_payment_methods": _automatic(params),
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic_async",
        "client_secret": f"{key}_secret_{random_text(25)}",
        "confirmation_method": "automatic",
        "created": scope.now,
        "currency": currency,
        "customer": None,
        "customer_account": None,
        "excluded_payment_method_types": params.get("excluded_payment_method_types"),
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": types,
        "processing": None,
        "review": None,
        "shipping": None,
        "source": None,
        "status": "requires_payment_method",
        "transfer_data": None,
        "_amount_details": None,
    }
    intent.update(fields_of(scope, intent, params))
    scope.keep(intent)
    events.emit(scope, "payment_intent.created", intent)
    return intent


def _automatic(params: dict[str, Any]) -> Obj | None:
    asked = params.get("automatic_payment_methods")
    if asked is None:
        return None if params.get("allowed_payment_method_types") else {"allow_redirects": "always", "enabled": True}
    return {"allow_redirects": "always", **asked}


def fields_of(scope: Scope, intent: Obj, params: dict[str, Any]) -> Obj:
    """Return the fields of an intent that parameters set, checked. New payment methods are made on the way."""
    if params.get("customer_account"):
        raise unplayed("customer_account")
    fields: Obj = {name: params[name] for name in _PLAIN if name in params}
    if "customer" in params:
        fields["customer"] = customer_of(scope, params["customer"])
    if "metadata" in params:
        fields["metadata"] = methods.merged_metadata(intent["metadata"], params["metadata"])
    if "shipping" in params:
        given = params["shipping"]
        fields["shipping"] = given and {"carrier": None, "phone": None, "tracking_number": None, **given}
    if "payment_method_options" in params:
        fields["payment_method_options"] = {**intent["payment_method_options"], **_options(params)}
    if method := method_given(scope, params):
        methods.refuse_foreign(method, fields.get("customer", intent["customer"]))
        fields["payment_method"] = method["id"]
        if intent["status"] == "requires_payment_method":
            fields["status"] = "requires_confirmation"
    return fields


def customer_of(scope: Scope, key: str | None) -> str | None:
    """Return the id of a customer who exists. Raises ApiError for one who does not, or no longer."""
    if key is not None and scope.need("customers", key, "customer", status=400).get("deleted"):
        raise ApiError(400, f"No such customer: '{key}'", code="resource_missing", param="customer")
    return key


def _options(params: dict[str, Any]) -> Obj:
    """Return the options in the shape they are answered in: those the stand-in reads."""
    given, options = params["payment_method_options"], {}
    if isinstance(card := given.get("card"), dict):
        kept = ("request_three_d_secure", "setup_future_usage", "capture_method")
        options["card"] = {
            "installments": None,
            "mandate_options": None,
            "network": None,
            "request_three_d_secure": "automatic",
            **{name: card[name] for name in kept if card.get(name) is not None},
        }
    if isinstance(bank := given.get("us_bank_account"), dict):
        kept_bank = ("setup_future_usage", "target_date", "transaction_purpose", "verification_method")
        options["us_bank_account"] = {
            "financial_connections": bank.get("financial_connections"),
            "verification_method": "automatic",
            **{name: bank[name] for name in kept_bank if bank.get(name) is not None},
        }
    return options


def method_given(scope: Scope, params: dict[str, Any]) -> Obj | None:
    """Return the payment method that the parameters name or describe."""
    if data := params.get("payment_method_data"):
        return methods.new(scope, data)
    if key := params.get("payment_method"):
        return methods.resolve(scope, key)
    return None


def retrieve(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Return one intent."""
    return scope.need("payment_intents", key, "intent")


def list_all(scope: Scope, params: dict[str, Any]) -> Obj:
    """Return a page of intents."""
    rows = lists.matching(scope.all("payment_intents"), params, "created", "customer")
    return lists.page(rows, params, "/v1/payment_intents")


def update(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Change an intent that is not yet on its way; of any other only description and metadata."""
    intent = retrieve(scope, params, key)
    late = {"description", "metadata", "receipt_email", "expand"}
    if intent["status"] not in OPEN and set(params) - late:
        names = ", ".join(sorted(set(params) - late))
        raise unexpected_state(intent, f"This PaymentIntent's {names} could not be updated")
    currency = (params.get("currency") or intent["currency"]).lower()
    check_money(scope, params.get("amount"), currency)
    amount: int = params["amount"] if "amount" in params else intent["amount"]
    application_fees.refuse_unless_direct(scope, params.get("application_fee_amount"), amount)
    fields = fields_of(scope, intent, params)
    if "amount" in params:
        fields["amount"] = params["amount"]
    if "allowed_payment_method_types" in params or "excluded_payment_method_types" in params or "currency" in params:
        fields |= {"currency": currency, "payment_method_types": method_types(params, currency)}
    scope.change(intent, **fields)
    return intent


def unexpected_state(intent: Obj, start: str) -> ApiError:
    """Return the refusal of something the intent's state does not allow."""
    return ApiError(
        400,
        f"{start} because it has a status of {intent['status']}.",
        code=f"{intent['object']}_unexpected_state",
        **{intent["object"]: public(intent)},
    )


def advance(scope: Scope, intent: Obj, status: str, **fields: Any) -> None:
    """Move an intent to another state and say so; a state without an event of its own moves silently."""
    assert intent["status"] not in ("succeeded", "canceled"), "a settled intent never moves again"
    scope.change(intent, status=status, **fields)
    if status in _EVENTS:
        events.emit(scope, _EVENTS[status], intent)


def cancel(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Cancel an intent that has not succeeded; a debit under way only while it can still be called back."""
    intent = retrieve(scope, params, key)
    if intent["status"] not in (*OPEN, "requires_capture") and not _can_be_called_back(scope, intent):
        raise unexpected_state(intent, "You cannot cancel this PaymentIntent")
    charge = scope.find(intent["latest_charge"])
    if charge is not None and charge["status"] == "pending":
        scope.change(charge, status="failed", paid=False, failure_code="payment_intent_canceled")
    if charge is not None and intent["status"] == "requires_capture":
        charges.let_go(scope, charge)
    advance(
        scope,
        intent,
        "canceled",
        amount_capturable=0,
        canceled_at=scope.now,
        cancellation_reason=params.get("cancellation_reason"),
        next_action=None,
        processing=None,
    )
    return intent


def _can_be_called_back(scope: Scope, intent: Obj) -> bool:
    method = scope.find(intent["payment_method"])
    if intent["status"] != "processing" or method is None:
        return False
    account = banks.BY_NUMBER.get(method["_number"])
    return account is not None and account.endless
