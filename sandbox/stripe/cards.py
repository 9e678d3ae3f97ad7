"""Stripe's published test cards and what each of them does.

Data and one look-up. Law: no other card number is accepted or kept by the stand-in.
"""

from __future__ import annotations

from dataclasses import dataclass

# How a card behaves towards 3-D Secure.
NEVER, UNLESS_SET_UP, ALWAYS, ON_SESSION, REQUIRED = "never", "unless_set_up", "always", "on_session", "required"


@dataclass(frozen=True)
class Decline:
    """Why a bank says no, in the words of the API."""

    code: str
    decline_code: str | None
    message: str
    advice: str | None = None
    network_code: str | None = None


@dataclass(frozen=True)
class Card:
    """One test number and its behaviour."""

    number: str
    token: str = ""
    brand: str = "visa"
    funding: str = "credit"
    decline: Decline | None = None
    three_ds: str = NEVER
    dispute: str | None = None  # a dispute reason; inquiry: marks one that moves no money
    disputes: int = 1
    warned_of: bool = False  # the network warns of fraud a moment later
    refund: str | None = None  # pending or fails
    failing_check: tuple[str, ...] = ()
    risk: str = "normal"
    attaches_though_declined: bool = False
    available_at_once: bool = False


_NO = "Your card was declined."
_RETRY, _STOP, _CHECK = "try_again_later", "do_not_try_again", "confirm_card_data"


def _declined(decline_code: str, message: str = _NO, advice: str = _RETRY, network_code: str = "05") -> Decline:
    return Decline("card_declined", decline_code, message, advice, network_code)


_GENERIC = _declined("generic_decline")
_POOR = _declined("insufficient_funds", "Your card has insufficient funds.", network_code="51")
_BLOCKED = _declined("fraudulent", advice=_STOP, network_code="59")
_LOOKUP = _declined("generic_decline", "Your card was declined: 3D Secure could not be looked up.")

CARDS = (
    Card("4242424242424242", "pm_card_visa"),
    Card("4000056655665556", "pm_card_visa_debit", funding="debit"),
    Card("5555555555554444", "pm_card_mastercard", "mastercard"),
    Card("2223003122003222", "pm_card_mastercard_2", "mastercard"),
    Card("5200828282828210", "pm_card_mastercard_debit", "mastercard", "debit"),
    Card("5105105105105100", "pm_card_mastercard_prepaid", "mastercard", "prepaid"),
    Card("378282246310005", "pm_card_amex", "amex"),
    Card("6011111111111117", "pm_card_discover", "discover"),
    Card("3056930009020004", "pm_card_diners", "diners"),
    Card("3566002020360505", "pm_card_jcb", "jcb"),
    Card("6200000000000005", "pm_card_unionpay", "unionpay"),
    Card("4000000000000002", "pm_card_visa_chargeDeclined", decline=_GENERIC),
    Card("4000000000009995", "pm_card_visa_chargeDeclinedInsufficientFunds", decline=_POOR),
    Card(
        "4000000000009987",
        "pm_card_visa_chargeDeclinedLostCard",
        decline=_declined("lost_card", advice=_STOP, network_code="41"),
    ),
    Card(
        "4000000000009979",
        "pm_card_visa_chargeDeclinedStolenCard",
        decline=_declined("stolen_card", advice=_STOP, network_code="43"),
    ),
    Card(
        "4000000000000069",
        "pm_card_chargeDeclinedExpiredCard",
        decline=Decline("expired_card", None, "Your card has expired.", _CHECK, "54"),
    ),
    Card(
        "4000000000000127",
        "pm_card_chargeDeclinedIncorrectCvc",
        decline=Decline("incorrect_cvc", None, "Your card's security code is incorrect.", _CHECK, "N7"),
    ),
    Card(
        "4000000000000119",
        "pm_card_chargeDeclinedProcessingError",
        decline=Decline(
            "processing_error", None, "An error occurred while processing your card. Try again in a little bit.", _RETRY
        ),
    ),
    Card(
        "4000000000006975",
        "pm_card_visa_chargeDeclinedVelocityLimitExceeded",
        decline=_declined(
            "card_velocity_exceeded", "Your card was declined for making repeated attempts too frequently."
        ),
    ),
    Card("4000000000000341", "pm_card_chargeCustomerFail", decline=_GENERIC, attaches_though_declined=True),
    Card("4100000000000019", "pm_card_radarBlock", decline=_BLOCKED, risk="highest"),
    Card("4000000000004954", "pm_card_riskLevelHighest", decline=_BLOCKED, risk="highest"),
    Card("4000000000009235", "pm_card_riskLevelElevated", risk="elevated"),
    Card("4000000000000101", "pm_card_cvcCheckFail", failing_check=("cvc_check",)),
    Card("4000000000000036", "pm_card_avsZipFail", failing_check=("address_postal_code_check",)),
    Card("4000000000000028", "pm_card_avsLine1Fail", failing_check=("address_line1_check",)),
    Card("4000000000000010", "pm_card_avsFail", failing_check=("address_line1_check", "address_postal_code_check")),
    Card("4000000000000259", "pm_card_createDispute", dispute="fraudulent"),
    Card("4000000000002685", "pm_card_createDisputeProductNotReceived", dispute="product_not_received"),
    Card("4000000000001976", "pm_card_createDisputeInquiry", dispute="inquiry:fraudulent"),
    Card("4000000000005423", "pm_card_createIssuerFraudRecord", warned_of=True),
    Card("4000000404000079", "pm_card_createMultipleDisputes", dispute="fraudulent", disputes=2),
    Card("4000000000007726", "pm_card_pendingRefund", refund="pending"),
    Card("4000000000005126", "pm_card_refundFail", refund="fails"),
    Card("4000000000000077", "pm_card_bypassPending", available_at_once=True),
    Card("4000002500003155", "pm_card_authenticationRequiredOnSetup", three_ds=UNLESS_SET_UP),
    Card("4000002760003184", "pm_card_authenticationRequired", three_ds=ALWAYS),
    Card("4000003800000446", "pm_card_authenticationRequiredSetupForOffSession", three_ds=ON_SESSION),
    Card(
        "4000008260003178",
        "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",
        three_ds=ALWAYS,
        decline=_POOR,
    ),
    Card("4000000000003220", "pm_card_threeDSecure2Required", three_ds=REQUIRED),
    Card("4000008400001629", "pm_card_threeDSecureRequiredChargeDeclined", three_ds=REQUIRED, decline=_GENERIC),
    Card("4000008400001280", "pm_card_threeDSecureRequiredProcessingError", decline=_LOOKUP),
)

BY_NUMBER = {card.number: card for card in CARDS}
BY_TOKEN = {card.token: card for card in CARDS}


def checks(found: dict[str, str | None], address: dict[str, str | None]) -> dict[str, str | None]:
    """Return the checks of a card with those of the address: what was given and does not fail, passes."""
    for name, part in (("address_line1_check", "line1"), ("address_postal_code_check", "postal_code")):
        if found[name] is None and address.get(part):
            found = {**found, name: "pass"}
    return found


def decline_named(word: str) -> Decline:
    """Return the refusal of a bank by its code or decline code; an unknown word is a generic decline."""
    refusals = [card.decline for card in CARDS if card.decline is not None]
    return next((no for no in refusals if word in (no.decline_code, no.code)), _GENERIC)


def passes_luhn(number: str) -> bool:
    """Tell whether a card number's check digit is right."""
    total = 0
    for index, digit in enumerate(reversed(number)):
        value = int(digit) * (1 + index % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
