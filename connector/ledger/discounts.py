"""Early-payment discounts: what an invoice's terms grant to whoever pays all of it in time.

Pure: the terms are QuickBooks' own, which it stores and never applies. Laws: a discount is part of what is open,
rounded half up to the smallest unit, and never all of it; its last day counts whole, in the company's zone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from connector.ledger.money import Money


@dataclass(frozen=True)
class Terms:
    """So many percent off, when paid within so many days of the invoice's own day: 2/10."""

    percent: Decimal
    days: int

    @property
    def grants(self) -> bool:
        """Tell whether they are a discount at all."""
        return 0 < self.percent < 100 and self.days >= 0

    def last_day(self, issued: date) -> date:
        """Return the last day on which the discount is granted."""
        return issued + timedelta(days=self.days)

    def off(self, left: Money) -> Money:
        """Return the discount on what is open; zero where it would be less than half a unit, or everything."""
        minor = int((Decimal(left.minor) * self.percent / 100).to_integral_value(ROUND_HALF_UP))
        return Money(minor if 0 < minor < left.minor else 0, left.currency)


@dataclass(frozen=True)
class Discount:
    """A discount that is granted on an invoice now, if all that is open on it is paid."""

    invoice_id: str
    customer_id: str
    number: str
    amount: Money
    percent: Decimal
    last_day: date
