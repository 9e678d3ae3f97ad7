"""The end of a 3-D Secure step: the payer did or did not pass it on the bank's page."""

from __future__ import annotations

from sandbox.stripe import card_payments, setups
from sandbox.stripe.errors import ApiError
from sandbox.stripe.scope import Obj, Scope


def waiting(intent: Obj | None) -> bool:
    """Tell whether an intent waits for its payer to be authenticated."""
    kinds = ("use_stripe_sdk", "redirect_to_url")
    return intent is not None and intent["status"] == "requires_action" and intent["next_action"]["type"] in kinds


def finish(scope: Scope, intent: Obj, *, passed: bool) -> None:
    """Go on with a payment or a setup intent. Raises ApiError when it waits for no such step."""
    if not waiting(intent):
        raise ApiError(400, "This intent does not wait for authentication.")
    if intent["object"] == "payment_intent":
        card_payments.finish_challenge(scope, intent, passed=passed)
    else:
        setups.finish_challenge(scope, intent, passed=passed)
