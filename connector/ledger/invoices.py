"""What an invoice is to a payer: how much is open, by when, and whether it can be paid.

A value read from QuickBooks, never computed anew: totals, tax and balances are QuickBooks' own. Law: only a live,
positive balance can be paid.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from connector.ledger.money import Money


class InvoiceState(StrEnum):
    """What became of the document in QuickBooks: four different things (B3), told apart."""

    LIVE = "live"
    VOIDED = "voided"
    DELETED = "deleted"


class Standing(StrEnum):
    """What a person calls it. QuickBooks has no such field: it follows from balance, total and due day."""

    PAID = "paid"
    OVERDUE = "overdue"
    PARTLY_PAID = "partly_paid"
    OPEN = "open"
    VOIDED = "voided"
    DELETED = "deleted"


@dataclass(frozen=True)
class Invoice:
    """An invoice's head, as QuickBooks last said it."""

    qbo_id: str
    number: str
    customer_id: str
    total: Money
    balance: Money
    issued_day: date
    due_day: date | None
    state: InvoiceState
    sync_token: str

    def standing(self, today: date) -> Standing:
        """Return what a person calls this invoice on a day of the company's zone."""
        if self.state is not InvoiceState.LIVE:
            return Standing(self.state.value)
        if self.balance.minor <= 0:
            return Standing.PAID
        if self.due_day is not None and self.due_day < today:
            return Standing.OVERDUE
        return Standing.PARTLY_PAID if self.balance < self.total else Standing.OPEN

    @property
    def payable(self) -> bool:
        """Tell whether there is anything to pay."""
        return self.state is InvoiceState.LIVE and self.balance.minor > 0
