"""What a story is: a name, what it shows, its steps as sentences, and the exact end.

Knows no installation. Law: sentences and end stand in the table, so that page, document and test say the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.scenarios.scene import Scene


@dataclass(frozen=True)
class Step:
    """One step: what happens, in a sentence, and how it is brought about."""

    said: str
    do: Callable[[Scene], None]


@dataclass(frozen=True)
class End:
    """How a story ends: what came into being in it, what the product names, and where the money lies.

    Documents are those in the books that the story brought, as "Invoice 480.00, open 0.00". Findings are what the
    product wants a person to see, as "refund_unposted -100.00". Amounts are cents: what moved on Stripe's balance, on
    the clearing account and on the bank account in the books, and what the story's customers owe.
    """

    documents: tuple[str, ...]
    findings: tuple[str, ...] = ()
    stripe_minor: int = 0
    clearing_minor: int = 0
    bank_minor: int = 0
    owed_minor: int = 0
    unexplained_minor: int = 0


@dataclass(frozen=True)
class Story:
    """One story, and what it is called on the command line."""

    name: str
    title: str
    shows: str
    steps: tuple[Step, ...]
    end: End


NET = 465_78  # what a card payment of 480.00 leaves after Stripe's fee of 14.22
PAID = ("Expense 14.22", "Invoice 480.00, open 0.00", "Payment 480.00, unapplied 0.00")
WELL = End(documents=PAID, stripe_minor=NET, clearing_minor=NET)
