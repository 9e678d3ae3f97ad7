"""What else moves a balance: Stripe's own fees and adjustments, top-ups, money kept back for risk, other applications.

Law: what is kept back leaves the payments balance and stands in another part, so that the two always sum to nothing.
"""

from __future__ import annotations

from typing import Any

from sandbox.stripe import balance, card_payments, intents, methods
from sandbox.stripe.errors import bad_parameter
from sandbox.stripe.scope import Obj, Scope, random_text

_OTHER_APPLICATION = "ca_another_application"
# Kind of movement -> the type it is booked as, which way it goes, and what is said of it.
_KINDS = {
    "adjustment": ("adjustment", 1, "Adjustment by Stripe"),
    "contribution": ("contribution", -1, "Contribution to Stripe Climate"),
    "stripe_fee": ("stripe_fee", -1, "Billing for the month"),
    "topup": ("topup", 1, "Top-up"),
    "topup_reversal": ("topup_reversal", -1, "Top-up reversed"),
    "reserve_hold": ("reserve_hold", -1, "Risk reserve"),
    "reserve_release": ("reserve_release", 1, "Risk reserve released"),
}


def move(scope: Scope, kind: str, amount: int, told: dict[str, Any]) -> list[Obj]:
    """Book a movement of a kind; amounts in minor units, positive, save an adjustment's, which may be either.

    Returns the transactions: two for a reserve, since what leaves one part of the balance enters another.
    """
    if kind not in _KINDS:
        raise ValueError(f"a movement is one of {', '.join(_KINDS)}")
    if amount <= 0 and kind != "adjustment":
        raise ValueError("the amount is more than nothing")
    movement, way, words = _KINDS[kind]
    rows = [_book(scope, movement, way * amount, told.get("description", words), told, "payments")]
    if kind.startswith("reserve"):
        rows.append(_book(scope, movement, -way * amount, words, told, "risk_reserved"))
    return rows


def _book(scope: Scope, movement: str, amount: int, words: str, told: dict[str, Any], part: str) -> Obj:
    return balance.book(
        scope,
        movement,
        amount,
        category=told.get("category", "other_adjustment") if movement == "adjustment" else "",
        source=told.get("source"),
        description=words,
        currency=told.get("currency", "usd"),
        part=part,
    )


def foreign_charge(scope: Scope, amount: int, currency: str) -> Obj:
    """Take a card payment for another application: no metadata of ours, and its own name on intent and charge."""
    intent = intents.create(scope, {"amount": amount, "currency": currency})
    scope.change(intent, application=_OTHER_APPLICATION, description=f"Order {random_text(6).upper()}")
    method = methods.resolve(scope, "pm_card_visa")
    scope.change(intent, payment_method=method["id"], status="requires_confirmation")
    card_payments.attempt(scope, intent, method, card_payments.Attempt())
    return scope.need("charges", intent["latest_charge"], "charge")


def settle_in(scope: Scope, wanted: list[str]) -> Obj:
    """Settle an account in these currencies, each into its own bank. Raises ApiError without the default one."""
    account = scope.need("accounts", scope.account, "account")
    if account["default_currency"] not in wanted:
        raise bad_parameter("currencies", "The default currency always has a bank.")
    scope.change(account, _currencies=wanted)
    return account
