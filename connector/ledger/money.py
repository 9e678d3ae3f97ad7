"""Money: an integer of minor units and its currency, and how to divide it.

Knows no gateway and no locale. Laws: two currencies never meet in one sum; a division loses no unit; a decimal that
does not fit the currency's smallest unit is refused, never rounded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

# ISO 4217 digits after the point where they are not two.
_DIGITS = {
    **dict.fromkeys(
        ("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"), 0
    ),
    **dict.fromkeys(("BHD", "JOD", "KWD", "OMR", "TND"), 3),
}
LARGEST_MINOR = 10**15  # more than QuickBooks' 15 digits is not money, it is an error upstream


class MoneyError(ValueError):
    """An amount or a sum that has no meaning: mixed currencies, parts of a cent, absurd size."""


def digits_of(currency: str) -> int:
    """Return the digits after the point of a currency (2 for USD, 0 for JPY, 3 for KWD)."""
    return _DIGITS.get(currency, 2)


@dataclass(frozen=True, order=False)
class Money:
    """An amount in minor units (cents for USD) of an upper-case ISO currency; may be negative."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if isinstance(self.minor, bool) or not isinstance(self.minor, int):
            raise MoneyError(f"minor units are whole numbers, not {self.minor!r}")
        if abs(self.minor) > LARGEST_MINOR:
            raise MoneyError(f"{self.minor} minor units is beyond any amount QuickBooks can hold")
        if len(self.currency) != 3 or not self.currency.isascii() or not self.currency.isupper():
            raise MoneyError(f"a currency is three upper-case letters, not {self.currency!r}")

    def __add__(self, other: Money) -> Money:
        self._same_currency(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same_currency(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        self._same_currency(other)
        return self.minor < other.minor

    def __le__(self, other: Money) -> bool:
        self._same_currency(other)
        return self.minor <= other.minor

    def __bool__(self) -> bool:
        return self.minor != 0

    def _same_currency(self, other: Money) -> None:
        if self.currency != other.currency:
            raise MoneyError(f"{self.currency} and {other.currency} do not add up")

    def decimal(self) -> Decimal:
        """Return the amount in major units, exact, with the currency's digits."""
        return Decimal(self.minor).scaleb(-digits_of(self.currency))


def money_of(amount: Decimal, currency: str) -> Money:
    """Read major units exactly. Raises MoneyError for parts of the smallest unit, NaN and infinities."""
    if not amount.is_finite():
        raise MoneyError(f"{amount} is not an amount")
    minor = amount.scaleb(digits_of(currency))
    whole = int(minor)
    if minor != whole:
        raise MoneyError(f"{amount} {currency} has a part smaller than the currency's smallest unit")
    return Money(whole, currency)


def total(amounts: Iterable[Money], currency: str) -> Money:
    """Return the sum of amounts that are all in `currency`; zero for none."""
    result = Money(0, currency)
    for amount in amounts:
        result = result + amount
    return result


def split(amount: Money, weights: Sequence[int]) -> list[Money]:
    """Divide an amount by non-negative weights; largest remainders first, earlier parts first on a tie.

    The parts sum to the amount, and parts of equal weight differ by at most one minor unit.
    """
    whole = sum(weights)
    if whole <= 0 or min(weights) < 0:
        raise MoneyError("weights are non-negative and not all zero")
    sign, size = (-1, -amount.minor) if amount.minor < 0 else (1, amount.minor)
    parts = [size * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda n: (-(size * weights[n] % whole), n))
    for n in by_remainder[: size - sum(parts)]:
        parts[n] += 1
    return [Money(sign * part, amount.currency) for part in parts]
