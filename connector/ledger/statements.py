"""A statement of account: what a customer owed, what moved, and what is owed, for any period.

Pure. Movements are QuickBooks' own documents; nothing is computed that QuickBooks would say otherwise: the balance
today is its own, and everything before is that balance with later movements taken back. Laws: opening plus movements is
closing; the closing of a period is the opening of the next.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from connector.ledger.money import Money, total


class MovementKind(StrEnum):
    """What moved a customer's balance."""

    INVOICE = "invoice"
    CREDIT = "credit"
    PAYMENT = "payment"
    ENTRY = "entry"  # a journal entry, an expense or a deposit line on the receivable account


_ORDER = {kind: place for place, kind in enumerate(MovementKind)}


@dataclass(frozen=True)
class Movement:
    """One document: its day, what people call it, and what it added to the balance (payments take away)."""

    day: date
    kind: MovementKind
    qbo_id: str
    number: str
    amount: Money


@dataclass(frozen=True)
class StatementLine:
    """A movement and what was owed after it."""

    movement: Movement
    balance: Money


@dataclass(frozen=True)
class Statement:
    """A period of days, both included."""

    first: date
    last: date
    opening: Money
    lines: tuple[StatementLine, ...]
    closing: Money

    def sum_of(self, *kinds: MovementKind) -> Money:
        """Return what movements of some kinds came to in the period."""
        moved = (line.movement.amount for line in self.lines if line.movement.kind in kinds)
        return total(moved, self.opening.currency)


def statement_of(movements: Iterable[Movement], balance: Money, *, first: date, last: date) -> Statement:
    """Return the statement of a period; `balance` is what is owed after every movement given.

    Movements in another currency than the balance are an error of the caller: a customer has one currency.
    """
    in_order = sorted(movements, key=lambda one: (one.day, _ORDER[one.kind], len(one.qbo_id), one.qbo_id))
    closing = balance - total((one.amount for one in in_order if one.day > last), balance.currency)
    within = [one for one in in_order if first <= one.day <= last]
    owed = opening = closing - total((one.amount for one in within), balance.currency)
    lines = []
    for movement in within:
        owed = owed + movement.amount
        lines.append(StatementLine(movement, owed))
    return Statement(first, last, opening, tuple(lines), closing)
