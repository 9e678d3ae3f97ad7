"""Amounts as payers type them, read exactly or refused with a sentence.

Knows no invoice. Law: nothing is rounded and nothing is guessed; what could mean two things is refused.
"""

from __future__ import annotations

import re
from decimal import Decimal

from connector.errors import WrongInput
from connector.ledger.money import Money, MoneyError, digits_of, money_of
from connector.words import money_text

# Whole units with or without commas at every third digit, then at most one point.
_AMOUNT = re.compile(r"(?P<whole>[0-9]{1,13}|[0-9]{1,3}(?:,[0-9]{3}){1,4})?(?:\.(?P<part>[0-9]*))?")


def read_amount(text: str, currency: str) -> Money:
    """Read an amount such as 1620, 1,620.00 or $0.50. Raises WrongInput with a sentence for the payer.

    Zero is read as zero: whether it can be paid is another question.
    """
    plain = text.strip().removeprefix("$").strip() if currency == "USD" else text.strip()
    if plain.startswith(("-", "\N{MINUS SIGN}")):
        raise WrongInput("An amount to pay is above zero.")
    match = _AMOUNT.fullmatch(plain)
    if match is None or not any(match.groups()):
        raise WrongInput(f"Write the amount in figures, such as {_example(currency)}.")
    digits, part = digits_of(currency), match["part"] or ""
    if len(part) > digits:
        raise WrongInput(_too_fine(currency, digits))
    try:
        return money_of(Decimal(f"{(match['whole'] or '0').replace(',', '')}.{part or '0'}"), currency)
    except MoneyError:
        raise WrongInput("This amount is larger than any payment.") from None


def _example(currency: str) -> str:
    return money_text(Money(120_000, currency)).lstrip("$")


def _too_fine(currency: str, digits: int) -> str:
    if digits == 0:
        return f"{currency} has no smaller unit: write a whole amount."
    return f"An amount in {currency} has at most {digits} digits after the point."
