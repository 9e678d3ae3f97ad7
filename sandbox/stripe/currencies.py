"""Which currencies are taken, the least that may be charged in each, and what becomes of them in another.

Rates are switches, as texts of a decimal number. Law: no float ever touches an amount; halves are rounded up.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from sandbox.stripe.errors import bad_parameter
from sandbox.stripe.switches import Switches

# The least that may be charged, in the currency's minor units.
SMALLEST = {"usd": 50, "eur": 50, "gbp": 30, "cad": 50, "aud": 50, "chf": 50, "mxn": 1000, "jpy": 50}
WITHOUT_CENTS = frozenset({"jpy"})
_LARGEST = 99_999_999


def refuse_unless_taken(currency: str) -> None:
    """Raise ApiError for a currency that is not played."""
    if currency not in SMALLEST:
        raise bad_parameter("currency", f"Invalid currency: {currency}.", "invalid_currency")


def refuse_unless_chargeable(amount: int, currency: str) -> None:
    """Raise ApiError for an amount, in minor units, that is too small or too large to charge."""
    if amount < 1:
        raise bad_parameter("amount", "This value must be greater than or equal to 1.", "parameter_invalid_integer")
    if amount < SMALLEST[currency]:
        raise bad_parameter(
            "amount", f"Amount must be at least {_told(SMALLEST[currency], currency)}", "amount_too_small"
        )
    if amount > _LARGEST:
        message = f"Amount must be no more than {_told(_LARGEST, currency)}"
        raise bad_parameter("amount", message, "amount_too_large")


def _told(amount: int, currency: str) -> str:
    if currency in WITHOUT_CENTS:
        return f"{amount} {currency}"
    sign = "$" if currency == "usd" else ""
    return f"{sign}{amount // 100:,}.{amount % 100:02d} {currency}"


def rate(switches: Switches, currency: str, into: str) -> Decimal:
    """Return how many major units of `into` one major unit of a currency is worth. Raises ApiError without a rate."""
    rates = {**switches["exchange_rates"], "usd": "1"}
    if currency not in rates or into not in rates:
        raise bad_parameter("currency", f"There is no rate from {currency} into {into}.", "invalid_currency")
    return Decimal(rates[currency]) / Decimal(rates[into])


def converted(switches: Switches, amount: int, currency: str, into: str) -> int:
    """Return an amount of minor units in another currency's minor units."""
    scale = Decimal(10) ** ((into not in WITHOUT_CENTS) * 2 - (currency not in WITHOUT_CENTS) * 2)
    return rounded(amount * rate(switches, currency, into) * scale)


def rounded(amount: Decimal) -> int:
    """Return whole minor units, halves away from zero."""
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))
