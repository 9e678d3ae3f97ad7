"""Taking the money of a card payment: at once, or later when the intent says so, in whole or in part.

Law: an authorised charge moves nothing until it is captured; what is not captured in its days is let go.
"""

from __future__ import annotations

from typing import Any

from sandbox.stripe import calendar, charges, events, intents
from sandbox.stripe.errors import ApiError, bad_parameter
from sandbox.stripe.scope import Obj, Scope

_AUTHORIZED_DAYS = 7


def is_by_hand(intent: Obj) -> bool:
    """Tell whether the money of a card payment is to be taken by a second call."""
    of_cards = (intent["payment_method_options"].get("card") or {}).get("capture_method")
    return "manual" in (of_cards, intent["capture_method"])


def authorize(scope: Scope, intent: Obj, charge: Obj) -> None:
    """Keep the payer's money ready: the charge succeeded, uncaptured, and waits some days."""
    scope.change(charge, captured=False, amount_captured=0)
    events.emit(scope, "charge.succeeded", charge)
    amount, key = intent["amount"], charge["id"]
    intents.advance(scope, intent, "requires_capture", amount_capturable=amount, latest_charge=key, **_SETTLED)
    scope.later("expire_charge", scope.now + _AUTHORIZED_DAYS * calendar.DAY, charge=key)


_SETTLED: Obj = {"last_payment_error": None, "next_action": None}


def take(scope: Scope, intent: Obj, charge: Obj, *, told_as: str) -> None:
    """Take the captured amount of a charge and let its intent succeed; `told_as` is what is said of the charge."""
    at_once = scope.switches["charge_transaction"] == "at_once" or intent["capture_method"] == "automatic"
    if at_once:
        charges.book_card(scope, charge, announce=False)
    events.emit(scope, told_as, charge)
    fields: Obj = {"amount_received": charge["amount_captured"], "amount_capturable": 0, "latest_charge": charge["id"]}
    intents.advance(scope, intent, "succeeded", **fields, **_SETTLED)
    if not at_once:
        at = scope.ground.clock.seconds() + scope.switches["charge_transaction_delay_seconds"]
        scope.change(charge, _booking=scope.later("book_charge", at, charge=charge["id"]))


def capture(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Take what was authorised, or a part of it; the rest is let go."""
    intent = intents.retrieve(scope, params, key)
    if intent["status"] != "requires_capture":
        raise intents.unexpected_state(intent, "This PaymentIntent could not be captured")
    ready: int = intent["amount_capturable"]
    amount: int = params.get("amount_to_capture", ready)
    if not 1 <= amount <= ready:
        message = f"The remaining amount to capture is {ready}."
        raise bad_parameter("amount_to_capture", message, "amount_too_large")
    if params.get("final_capture") is False:
        raise ApiError(400, "This charge cannot be captured more than once.", param="final_capture")
    scope.change(intent, **intents.fields_of(scope, intent, {k: v for k, v in params.items() if k in _FIELDS}))
    charge = scope.need("charges", intent["latest_charge"], "charge")
    scope.change(charge, captured=True, amount_captured=amount)
    take(scope, intent, charge, told_as="charge.captured")
    return intent


_FIELDS = ("metadata", "statement_descriptor", "statement_descriptor_suffix")


def expire(scope: Scope, key: str) -> None:
    """Let an authorised charge go that nobody captured in its days; its intent is cancelled."""
    charge = scope.need("charges", key, "charge")
    intent = scope.need("payment_intents", charge["payment_intent"], "intent")
    if intent["status"] == "requires_capture" and intent["latest_charge"] == key:
        intents.cancel(scope, {"cancellation_reason": "automatic"}, intent["id"])
        events.emit(scope, "charge.expired", charge)
