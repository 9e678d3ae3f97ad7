"""Card attempts of an intent: the bank's answer, the 3-D Secure step before it, the decline.

Law: a declined attempt leaves the intent open for another method, and is told twice: as events and as an error.
"""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.stripe import captures, cards, charges, disputes, events, intents, methods
from sandbox.stripe.errors import DOCS, ApiError
from sandbox.stripe.scope import Obj, Scope, public, random_text

_AUTHENTICATE = cards.Decline(
    "authentication_required",
    "authentication_required",
    "Your card was declined. This transaction requires authentication.",
    "try_again_later",
)
_NOT_AUTHENTICATED = cards.Decline(
    "payment_intent_authentication_failure",
    None,
    "We are unable to authenticate your payment method. Please choose a different payment method and try again.",
)


@dataclass(frozen=True)
class Attempt:
    """How the confirmation was asked for."""

    off_session: bool = False
    by_script: bool = False  # stripe.js shows the challenge itself
    return_url: str | None = None


def attempt(scope: Scope, intent: Obj, method: Obj, how: Attempt) -> None:
    """Charge the card, or ask for authentication first. Raises ApiError 402 when the bank declines."""
    card = cards.BY_NUMBER[method["_number"]]
    if how.off_session and card.three_ds in (cards.ALWAYS, cards.REQUIRED):
        decline(scope, intent, method, _AUTHENTICATE)
    if how.off_session and card.three_ds == cards.UNLESS_SET_UP and not method.get("_set_up"):
        decline(scope, intent, method, _AUTHENTICATE)
    if not how.off_session and _needs_challenge(intent, method, card):
        intents.advance(scope, intent, "requires_action", next_action=challenge(scope, intent, how))
        return
    settle(scope, intent, method, authenticated=False)


def _needs_challenge(intent: Obj, method: Obj, card: cards.Card) -> bool:
    asked = (intent["payment_method_options"].get("card") or {}).get("request_three_d_secure")
    if card.three_ds == cards.UNLESS_SET_UP:
        return not method.get("_set_up") or asked in ("any", "challenge")
    return card.three_ds != cards.NEVER or asked in ("any", "challenge")


def challenge(scope: Scope, intent: Obj, how: Attempt) -> Obj:
    """Return the `next_action` that leads the payer to the bank's page."""
    url = f"{scope.ground.public_url}/3ds/{intent['client_secret']}"
    if how.by_script or how.return_url is None:
        inner = {"type": "three_d_secure_redirect", "stripe_js": url, "source": f"src_1{random_text(23)}"}
        return {"type": "use_stripe_sdk", "use_stripe_sdk": inner}
    return {"type": "redirect_to_url", "redirect_to_url": {"url": url, "return_url": how.return_url}}


def finish_challenge(scope: Scope, intent: Obj, *, passed: bool) -> None:
    """Go on after the bank's page; a decline is told by the intent alone, since nobody waits for an answer."""
    method = scope.need("payment_methods", intent["payment_method"], "payment_method")
    scope.change(intent, next_action=None)
    try:
        if not passed:
            decline(scope, intent, method, _NOT_AUTHENTICATED, charged=False)
        if intent["setup_future_usage"] == "off_session":
            scope.change(method, _set_up=True)
        settle(scope, intent, method, authenticated=True)
    except ApiError as error:
        if error.status != 402:
            raise


def settle(scope: Scope, intent: Obj, method: Obj, *, authenticated: bool) -> None:
    """Take the bank's answer: the charge succeeds and the intent with it, or ApiError 402 is raised."""
    card = cards.BY_NUMBER[method["_number"]]
    if scope.asker.declined_with is not None:
        decline(scope, intent, method, cards.decline_named(scope.asker.declined_with))
    if card.decline is not None:
        decline(scope, intent, method, card.decline)
    charge = charges.new(scope, intent, method, status="succeeded", details=_details(intent, method, authenticated))
    scope.change(charge, outcome=charges.outcome(method, risk=card.risk))
    if captures.is_by_hand(intent):
        captures.authorize(scope, intent, charge)
    else:
        captures.take(scope, intent, charge, told_as="charge.succeeded")
    keep_method(scope, intent, method)
    if card.dispute is not None:
        at = scope.ground.clock.seconds() + disputes.DELAY_SECONDS
        scope.later("dispute_charge", at, charge=charge["id"], reason=card.dispute, times=card.disputes)
    if card.warned_of:
        scope.later("warn_of_fraud", scope.ground.clock.seconds() + disputes.DELAY_SECONDS, charge=charge["id"])


def keep_method(scope: Scope, intent: Obj, method: Obj) -> None:
    """Attach the method to the customer when it was to be saved; one used without a customer is spent."""
    per_type = (intent["payment_method_options"].get(method["type"]) or {}).get("setup_future_usage")
    usage = per_type or intent.get("setup_future_usage")
    if intent["customer"] and usage in ("off_session", "on_session"):
        methods.attach_to(scope, method, intent["customer"])
    elif method["customer"] is None:
        scope.change(method, _spent=True)


def decline(scope: Scope, intent: Obj, method: Obj, no: cards.Decline, *, charged: bool = True) -> None:
    """Record a failed attempt and raise it as ApiError 402."""
    card = cards.BY_NUMBER[method["_number"]]
    charge = None
    if charged:
        charge = charges.new(scope, intent, method, status="failed", details=_details(intent, method, False))
        verdict = charges.outcome(method, no, card.risk)
        scope.change(charge, failure_code=no.code, failure_message=no.message, outcome=verdict)
        events.emit(scope, "charge.failed", charge)
    error = fail(scope, intent, method, no, charge)
    raise ApiError(402, no.message, kind="card_error", **error)


def fail(scope: Scope, intent: Obj, method: Obj, no: cards.Decline, charge: Obj | None) -> Obj:
    """Open the intent for another method, say so, and return the members of the error to raise."""
    told = {
        "code": no.code,
        "decline_code": no.decline_code,
        "advice_code": no.advice,
        "network_decline_code": no.network_code,
        "charge": charge and charge["id"],
    }
    members = {name: value for name, value in told.items() if value is not None}
    kept = {"type": "card_error", **members, "message": no.message, "doc_url": DOCS + no.code.replace("_", "-")}
    intents.advance(
        scope,
        intent,
        "requires_payment_method",
        last_payment_error={**kept, "payment_method": public(method)},
        latest_charge=charge["id"] if charge else intent["latest_charge"],
        payment_method=None,
        next_action=None,
        processing=None,
    )
    events.emit(scope, "payment_intent.payment_failed", intent)
    return {**members, "payment_intent": public(intent), "payment_method": public(method)}


def _details(intent: Obj, method: Obj, authenticated: bool) -> Obj:
    """Return the part of `payment_method_details` that is named for the method: of a card, or of Link."""
    if method["type"] == "link":
        return {"country": "US", "funding_source_group": None}
    part = method["card"]
    same = ("brand", "checks", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4", "wallet")
    secure = {
        "authentication_flow": "challenge",
        "electronic_commerce_indicator": "05",
        "exemption_indicator": None,
        "result": "authenticated",
        "result_reason": None,
        "transaction_id": random_text(24),
        "version": "2.2.0",
    }
    return {
        **{name: part[name] for name in same},
        "amount_authorized": intent["amount"],
        "authorization_code": random_text(6).upper(),
        "extended_authorization": {"status": "disabled"},
        "incremental_authorization": {"status": "unavailable"},
        "installments": None,
        "mandate": None,
        "multicapture": {"status": "unavailable"},
        "network": part["brand"],
        "network_token": {"used": False},
        "network_transaction_id": random_text(15),
        "overcapture": {"maximum_amount_capturable": intent["amount"], "status": "unavailable"},
        "regulated_status": part["regulated_status"],
        "three_d_secure": secure if authenticated else None,
    }
