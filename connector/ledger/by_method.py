"""What a way to pay costs or saves the payer: a surcharge on credit cards, a discount on bank debits.

Pure: rates come from the company, the kind of the method from Stripe. Laws: only a credit card is surcharged, never a
debit or prepaid card and nothing whose funding nobody knows; a surcharge never comes to more than its rate, for it is
rounded down; a discount is rounded half up and never all of what is paid.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from connector.ledger.money import Money

MOST_SURCHARGE = 300  # hundredths of a percent: what card networks allow at most
MOST_BANK_DISCOUNT = 1000
_WHOLE = 10_000  # hundredths of a percent


@dataclass(frozen=True)
class Rates:
    """What a company asks or grants by method, in hundredths of a percent; zero is off."""

    surcharge: int = 0
    bank_discount: int = 0

    def surcharge_on(self, money: Money, *, kind: str, funding: str) -> Money:
        """Return what a method costs beside the money it pays."""
        is_credit = kind == "card" and funding == "credit"
        return Money(max(money.minor, 0) * self.surcharge // _WHOLE if is_credit else 0, money.currency)

    def discounts_on(self, money: Mapping[str, int], *, kind: str) -> dict[str, int]:
        """Return what a method saves on the minor units of each customer, where it saves anything."""
        if kind != "us_bank_account" or not self.bank_discount:
            return {}
        off = {customer: (minor * self.bank_discount + _WHOLE // 2) // _WHOLE for customer, minor in money.items()}
        return {customer: minor for customer, minor in off.items() if 0 < minor < money[customer]}


def percent_of(rate: int) -> Decimal:
    """Return hundredths of a percent as a person reads them: 300 is 3, 275 is 2.75."""
    return (Decimal(rate) / 100).normalize()
