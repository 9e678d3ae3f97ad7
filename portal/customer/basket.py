"""What a payer is about to pay: invoices with an amount for each, or one amount shared out by the company's rule, and
the open credits that pay part of them.

Read from the address of the pay page. Knows the cache only; the live books decide when Pay is pressed. Law: an invoice
that the visitor may not pay is not there, whoever names it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlmodel import col

from connector.errors import WrongInput
from connector.ledger.allocation import Opening, Rule, Share, is_too_small, spread
from connector.ledger.discounts import Discount
from connector.ledger.money import Money, total
from connector.store.cache import InvoiceRow
from connector.words import day_text, figure, money_text, quantity, say
from portal.access.companies import Company
from portal.access.visitors import Visitor
from portal.customer.credits import Offer, offers_for
from portal.customer.heads import Head, heads_of
from portal.here import runtime
from sync.collect.amounts import read_amount
from sync.collect.answers import MOST_INVOICES
from sync.collect.discounts import discounts_on


@dataclass(frozen=True)
class Item:
    """One invoice in the basket."""

    head: Head
    typed: str  # the amount as it stands in the field
    amount: Money | None  # None where it cannot be read
    problem: str = ""
    discount: Discount | None = None  # what its terms take off, if all of it is paid now

    @property
    def off(self) -> Money:
        """Return what the discount takes off the amount that stands here."""
        is_granted = self.discount is not None and self.amount == self.head.left
        return self.discount.amount if self.discount and is_granted else Money(0, self.head.left.currency)

    @property
    def terms(self) -> str:
        """Say what the discount is for; empty where there is none."""
        if self.discount is None:
            return ""
        day = day_text(self.discount.last_day, weekday=True)
        percent = quantity(self.discount.percent)
        return say("{percent}% off if all of it is paid by {day}", percent=percent, day=day)

    @property
    def rest(self) -> Money | None:
        """Return what stays open when this is paid; None when nothing does, or nobody can say."""
        return self.head.left - self.amount if self.amount and self.amount < self.head.left else None


@dataclass(frozen=True)
class Basket:
    """What is about to be paid."""

    items: tuple[Item, ...]
    dropped: tuple[Head, ...]  # chosen, but nothing is left to pay on them
    problem: str = ""
    whole: str = ""  # the one amount that was shared out, as typed
    whole_problem: str = ""
    passed_over: tuple[Head, ...] = ()  # of the one amount, nothing came to these
    credits: tuple[Offer, ...] = ()  # offered, chosen or not

    @property
    def currency(self) -> str:
        """Return the one currency of the basket."""
        return self.items[0].head.left.currency

    @property
    def amount(self) -> Money:
        """Return the sum of what can be read."""
        return total((item.amount for item in self.items if item.amount), self.currency)

    @property
    def used(self) -> Money:
        """Return what the chosen credits pay."""
        return total((offer.used for offer in self.credits), self.currency)

    @property
    def off(self) -> Money:
        """Return what discounts take off."""
        return total((item.off for item in self.items), self.currency)

    @property
    def money(self) -> Money:
        """Return what is left to be paid in money."""
        return self.amount - self.off - self.used

    @property
    def shares(self) -> list[Share]:
        """Return what can be read as the ledger's shares, less discounts."""
        items = ((item.head.invoice, item.amount - item.off) for item in self.items if item.amount)
        return [Share(invoice.qbo_id, invoice.customer_id, amount) for invoice, amount in items]

    @property
    def is_sound(self) -> bool:
        """Tell whether every amount can be taken as it stands."""
        return not self.problem and all(item.amount is not None and not item.problem for item in self.items)


def basket_of(
    visitor: Visitor,
    invoice_ids: Sequence[str],
    amounts: Mapping[str, str],
    *,
    whole: str = "",
    chosen: Collection[str] = (),
) -> Basket:
    """Return the basket of chosen invoices; `amounts` are as typed, by invoice, full where none was typed.

    `whole` is one amount for all of them, as typed: it is shared out by the company's rule instead. `chosen` are the
    names of the credits to use.
    """
    basket = _basket_of(visitor, invoice_ids, amounts, whole)
    if not basket.items:
        return basket
    basket = replace(basket, items=_with_discounts(visitor, basket.items))
    return replace(basket, credits=tuple(offers_for(visitor, basket.shares, basket.currency, chosen)))


def _basket_of(visitor: Visitor, invoice_ids: Sequence[str], amounts: Mapping[str, str], whole: str) -> Basket:
    ids = list(dict.fromkeys(invoice_ids))[:MOST_INVOICES]
    with runtime().db.read() as session:
        heads = heads_of(
            session, visitor, visitor.may_pay_invoice(), col(InvoiceRow.qbo_id).in_(ids), order=_BY_DUE_DAY
        )
    open_heads = [head for head in heads if head.left]
    currency = open_heads[0].left.currency if open_heads else ""
    chosen = [head for head in open_heads if head.left.currency == currency]
    others = len(chosen) < len(open_heads)
    basket = Basket(
        items=tuple(_item(head, amounts.get(head.invoice.qbo_id, ""), visitor.company) for head in chosen),
        dropped=tuple(head for head in heads if not head.left),
        problem=say("Invoices in another currency are paid on their own and were left out here.") if others else "",
    )
    can_share = whole and len(chosen) > 1 and visitor.company.allow_partial
    return _shared_out(basket, whole, visitor.company) if can_share else basket


def _with_discounts(visitor: Visitor, items: Sequence[Item]) -> tuple[Item, ...]:
    """Add what is granted today on invoices of which nothing is on its way to be paid."""
    whole = [item.head.invoice for item in items if item.head.left == item.head.invoice.balance]
    with runtime().db.read() as session:
        granted = discounts_on(session, visitor.company.id, whole, visitor.company.today)
    return tuple(replace(item, discount=granted.get(item.head.invoice.qbo_id)) for item in items)


_BY_DUE_DAY = (col(InvoiceRow.due_day).is_(None), col(InvoiceRow.due_day))


def _shared_out(basket: Basket, whole: str, company: Company) -> Basket:
    """Share one amount out among what is in a basket, or say why it cannot be."""
    heads = [item.head for item in basket.items]
    most = total((head.left for head in heads), basket.currency)
    try:
        amount = read_amount(whole, basket.currency)
    except WrongInput as error:
        return replace(basket, whole=whole, whole_problem=str(error))
    if not 0 < amount.minor <= most.minor:
        problem = say("Enter an amount above zero, and at most {amount}.", amount=money_text(most))
        return replace(basket, whole=whole, whole_problem=problem)
    openings = [
        Opening(head.invoice.qbo_id, head.left, head.invoice.due_day, head.invoice.issued_day) for head in heads
    ]
    parts = spread(amount, openings, Rule(company.spread_rule))
    items = tuple(
        _item(head, figure(parts[head.invoice.qbo_id]), company) for head in heads if head.invoice.qbo_id in parts
    )
    passed_over = tuple(head for head in heads if head.invoice.qbo_id not in parts)
    return replace(basket, items=items, whole=figure(amount), passed_over=passed_over)


def _item(head: Head, typed: str, company: Company) -> Item:
    if not typed:
        return Item(head, figure(head.left), head.left)
    try:
        amount = read_amount(typed, head.left.currency)
    except WrongInput as error:
        return Item(head, typed, None, str(error))
    if problem := _wrong(amount, head.left, company.least_part(head.left.currency)):
        return Item(head, typed, None, problem)
    return Item(head, figure(amount), amount)


def _wrong(amount: Money, left: Money, least: Money) -> str:
    """Say why an amount cannot be paid; empty when it can."""
    if amount.minor <= 0:
        return say("Enter an amount above zero.")
    if left < amount:
        return say("{amount} is left to pay on this invoice.", amount=money_text(left))
    if is_too_small(amount, left, least):
        return say("Enter {amount} or more, or all that is open.", amount=money_text(least))
    return ""
