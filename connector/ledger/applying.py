"""What money that lies unapplied on a customer pays: which part of it goes to which invoice, apart from new money.

Knows no document but by its name, Payment/id. Laws: an unapplied payment pays its own customer's invoices alone; what
it pays and what is paid anew come to what each invoice was to get, to the cent, and no part is zero or less.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connector.ledger.allocation import Share
from connector.ledger.credits import Use
from connector.ledger.money import Money, MoneyError

UNAPPLIED = "Payment/"  # then the id of a payment of which no invoice has taken all


@dataclass(frozen=True)
class Application:
    """One unapplied payment, and what of it pays which invoices."""

    name: str
    customer_id: str
    parts: tuple[Share, ...]

    @property
    def qbo_id(self) -> str:
        """Return the payment's id in QuickBooks."""
        return self.name.removeprefix(UNAPPLIED)


def split(shares: Sequence[Share], uses: Sequence[Use]) -> tuple[list[Share], list[Application]]:
    """Set apart what unapplied payments pay of shares, in their order; what is left of the shares is paid anew.

    Raises MoneyError when a customer's unapplied payments come to more than the customer's shares.
    """
    left = [share.amount.minor for share in shares]
    applied = [
        Application(use.name, use.customer_id, tuple(_take(use, shares, left)))
        for use in uses
        if use.name.startswith(UNAPPLIED)
    ]
    rest = [
        Share(share.invoice_id, share.customer_id, Money(minor, share.amount.currency))
        for share, minor in zip(shares, left, strict=True)
        if minor
    ]
    return rest, applied


def _take(use: Use, shares: Sequence[Share], left: list[int]) -> list[Share]:
    """Take a use off what is left of its customer's shares, the first share first."""
    wanted, parts = use.amount.minor, []
    for n, share in enumerate(shares):
        part = min(wanted, left[n]) if share.customer_id == use.customer_id else 0
        if part > 0:
            wanted -= part
            left[n] -= part
            parts.append(Share(share.invoice_id, share.customer_id, Money(part, share.amount.currency)))
    if wanted:
        raise MoneyError(f"{use.name} is to pay more than the invoices of its customer get")
    return parts
