"""What a payer is about to pay: invoices with an amount for each, read from the address of the pay page.

Knows the cache only; the live books decide when Pay is pressed. Law: an invoice outside the visitor's scope is not
there, whoever names it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import col

from connector.errors import WrongInput
from connector.ledger.money import Money, total
from connector.store.cache import InvoiceRow
from connector.words import figure, money_text, say
from portal.access.visitors import Visitor
from portal.customer.heads import Head, heads_of
from portal.here import runtime
from sync.collect.amounts import read_amount
from sync.collect.answers import MOST_INVOICES


@dataclass(frozen=True)
class Item:
    """One invoice in the basket."""

    head: Head
    typed: str  # the amount as it stands in the field
    amount: Money | None  # None where it cannot be read
    problem: str = ""


@dataclass(frozen=True)
class Basket:
    """What is about to be paid."""

    items: tuple[Item, ...]
    dropped: tuple[Head, ...]  # chosen, but nothing is left to pay on them
    problem: str = ""

    @property
    def currency(self) -> str:
        """Return the one currency of the basket."""
        return self.items[0].head.left.currency

    @property
    def amount(self) -> Money:
        """Return the sum of what can be read."""
        return total((item.amount for item in self.items if item.amount), self.currency)

    @property
    def is_sound(self) -> bool:
        """Tell whether every amount can be taken as it stands."""
        return not self.problem and all(item.amount is not None and not item.problem for item in self.items)


def basket_of(visitor: Visitor, invoice_ids: Sequence[str], amounts: Mapping[str, str]) -> Basket:
    """Return the basket of chosen invoices; `amounts` are as typed, by invoice, full where none was typed."""
    ids = list(dict.fromkeys(invoice_ids))[:MOST_INVOICES]
    with runtime().db.read() as session:
        heads = heads_of(session, visitor, col(InvoiceRow.qbo_id).in_(ids), order=_BY_DUE_DAY)
    open_heads = [head for head in heads if head.left]
    currency = open_heads[0].left.currency if open_heads else ""
    chosen = [head for head in open_heads if head.left.currency == currency]
    others = len(chosen) < len(open_heads)
    return Basket(
        items=tuple(_item(head, amounts.get(head.invoice.qbo_id, "")) for head in chosen),
        dropped=tuple(head for head in heads if not head.left),
        problem=say("Invoices in another currency are paid on their own and were left out here.") if others else "",
    )


_BY_DUE_DAY = (col(InvoiceRow.due_day).is_(None), col(InvoiceRow.due_day))


def _item(head: Head, typed: str) -> Item:
    if not typed:
        return Item(head, figure(head.left), head.left)
    try:
        amount = read_amount(typed, head.left.currency)
    except WrongInput as error:
        return Item(head, typed, None, str(error))
    if amount.minor <= 0:
        return Item(head, typed, None, say("Enter an amount above zero."))
    if head.left < amount:
        problem = say("{amount} is left to pay on this invoice.", amount=money_text(head.left))
        return Item(head, typed, None, problem)
    return Item(head, figure(amount), amount)
