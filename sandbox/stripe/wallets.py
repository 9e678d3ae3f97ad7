"""Wallets of the stand-in: the tokens that Apple Pay and Google Pay hand over in place of a card number.

Law: a token serves once, and names one of the published test cards.
"""

from __future__ import annotations

from typing import Any

from sandbox.stripe import cards
from sandbox.stripe.errors import bad_parameter
from sandbox.stripe.scope import Obj, Scope, new_id

# What a payer finds in the wallet: a card that works, and two that do not, so that both ends can be tried.
IN_WALLET = (
    ("4242424242424242", "Visa •••• 4242"),
    ("5555555555554444", "Mastercard •••• 4444"),
    ("4000000000000002", "Visa •••• 0002, declined"),
)
KINDS = ("apple_pay", "google_pay")


def create(scope: Scope, params: dict[str, Any]) -> Obj:
    """Make a token of a card in a wallet."""
    number = params["number"] or ""
    if number not in dict(IN_WALLET):
        raise bad_parameter("number", "No such card in the wallet.")
    kind = params["wallet"]
    token: Obj = {
        "id": new_id("tok_"),
        "object": "token",
        "created": scope.now,
        "livemode": False,
        "type": "card",
        "used": False,
        "card": {"brand": cards.BY_NUMBER[number].brand, "last4": number[-4:], "tokenization_method": kind},
        "_number": number,
        "_used": False,
        "_wallet": {"type": kind, "dynamic_last4": number[-4:] if kind == "apple_pay" else None, kind: {}},
    }
    return scope.keep(token)
