"""Amounts as payers type them, read exactly or refused with a sentence.

Knows no invoice. Law: nothing is rounded and nothing is guessed; what could mean two things is refused.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache

from connector.errors import WrongInput
from connector.ledger.money import Money, MoneyError, digits_of, money_of
from connector.words import figure, say, signs_of


def read_amount(text: str, currency: str) -> Money:
    """Read an amount such as 1620, 1,620.00 or $0.50. Raises WrongInput with a sentence for the payer.

    Its signs are those of the present language; a plain figure with a point is read in every one, as long as it can
    mean nothing else there. Zero is read as zero: whether it can be paid is another question.
    """
    plain = text.strip()
    if currency == "USD":
        plain = plain.removeprefix("$").removesuffix("$").strip()
    if plain.startswith(("-", "\N{MINUS SIGN}")):
        raise WrongInput(say("An amount to pay is above zero."))
    readings = {parts for signs in (signs_of(), ("", ".")) if (parts := _read(plain, *signs))}
    digits = digits_of(currency)
    exact = [(whole, part) for whole, part in readings if len(part) <= digits]
    if readings and not exact:
        raise WrongInput(_too_fine(currency, digits))
    if len(exact) != 1:
        example = figure(Money(120_000, currency))
        raise WrongInput(say("Write the amount in figures, such as {amount}.", amount=example))
    try:
        return money_of(Decimal(".".join(exact[0])), currency)
    except MoneyError:
        raise WrongInput(say("This amount is larger than any payment.")) from None


def _read(text: str, group: str, point: str) -> tuple[str, str] | None:
    """Return whole units and what stands after the point, without idle signs; None where it is no figure."""
    if group.isspace():  # whichever space was typed
        text = re.sub(r"\s", group, text)
    match = _figure(group, point).fullmatch(text)
    if match is None or not any(match.groups()):
        return None
    whole = match["whole"] or "0"
    return (whole.replace(group, "") if group else whole), match["part"] or ""


@lru_cache(maxsize=16)
def _figure(group: str, point: str) -> re.Pattern[str]:
    """Whole units with or without a sign at every third digit, then at most one point."""
    grouped = rf"|[0-9]{{1,3}}(?:{re.escape(group)}[0-9]{{3}}){{1,4}}" if group else ""
    return re.compile(rf"(?P<whole>[0-9]{{1,13}}{grouped})?(?:{re.escape(point)}(?P<part>[0-9]*))?")


def _too_fine(currency: str, digits: int) -> str:
    if digits == 0:
        return say("{currency} has no smaller unit: write a whole amount.", currency=currency)
    return say("An amount in {currency} has at most {digits} digits after the point.", currency=currency, digits=digits)
