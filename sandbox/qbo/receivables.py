"""What each document still holds of the receivables on a day: the aging's rows, in cents of the home currency.

Built from the ledger's legs alone. Law: the rows of a day add up to the receivables on the ledger up to that day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sandbox.qbo.books import Books
from sandbox.qbo.codec import Body, in_home
from sandbox.qbo.ledger import Key, legs_of
from sandbox.qbo.links import settled_by

NAMES = {
    "Invoice": "Invoice",
    "CreditMemo": "Credit Memo",
    "Payment": "Payment",
    "JournalEntry": "Journal Entry",
    "Purchase": "Expense",
    "Deposit": "Deposit",
}


@dataclass
class Open:
    """One document's part of one customer's receivable; `open_cents` is what other documents have not settled."""

    entity: str
    key: str
    customer: str
    body: Body
    cents: int
    open_cents: int

    @property
    def due_day(self) -> str:
        """The day from which it is late; credits count from their own day."""
        return str(self.body.get("DueDate") or self.body["TxnDate"])

    def days_late(self, day: str) -> int:
        """Return how many days it is late on a day, zero and below while it is not due."""
        return (date.fromisoformat(day) - date.fromisoformat(self.due_day)).days


def open_items(books: Books, day: str) -> list[Open]:
    """Return everything in the receivables up to a day that is not settled on that day, oldest first."""
    items = _items(books, day)
    for (entity, _, _), item in list(items.items()):
        if entity == "Payment":
            _settle(item, items)
    left = [item for item in items.values() if item.open_cents]
    return sorted(left, key=lambda item: (str(item.body["TxnDate"]), int(item.key)))


def _items(books: Books, day: str) -> dict[tuple[str, str, str], Open]:
    items: dict[tuple[str, str, str], Open] = {}
    receivables = books.receivables()
    keys: dict[Key, None] = {}
    for account in receivables:
        keys.update(dict.fromkeys(books.ledger.entries(account)))
    for entity, key in keys:
        body = books.docs.body(entity, key)
        if body is None or str(body["TxnDate"]) > day:
            continue
        for leg in legs_of(entity, body, books.chart, books.docs.body):
            if leg.account in receivables:
                place = (entity, key, leg.person)
                item = items.setdefault(place, Open(entity, key, leg.person, body, 0, 0))
                item.cents += leg.cents
                item.open_cents += leg.cents
    return items


def _settle(payment: Open, items: dict[tuple[str, str, str], Open]) -> None:
    """Move what a payment's lines settle from their targets to it, as far as both are on record by the day."""
    for (entity, key), minor in settled_by(payment.body).items():
        target = items.get((entity, key, payment.customer)) or _of_anybody(items, entity, key)
        if target is None:
            continue
        part = in_home(minor, target.body) * (1 if target.cents > 0 else -1)
        target.open_cents -= part
        payment.open_cents += part


def _of_anybody(items: dict[tuple[str, str, str], Open], entity: str, key: str) -> Open | None:
    return next((item for (of, one, _), item in items.items() if (of, one) == (entity, key)), None)
