"""How open credits of a customer pay invoices beside money, and what of both still fits when the books have moved.

Knows no document but by its name, entity/id; a discount that was granted with the press is a credit too, under the name
discount/invoice or discount/bank/customer, and stays granted. Laws: a credit pays its own customer's invoices alone and
never more than is left of it; what invoices get is money plus credits, to the cent; money goes first, and a credit that
is not needed stays with the customer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from connector.ledger.allocation import Refusal, Share
from connector.ledger.money import Money


@dataclass(frozen=True)
class Credit:
    """An open credit: a credit memo, or a payment that no invoice has taken yet. `name` is entity/id."""

    name: str
    customer_id: str
    number: str  # what people call it; empty for a payment
    day: date
    left: Money


@dataclass(frozen=True)
class Use:
    """Part of a credit that pays invoices in one payment."""

    name: str
    customer_id: str
    amount: Money


@dataclass(frozen=True)
class Fitting:
    """What of a payment still fits: a part for each invoice, and of the credits what the money does not cover."""

    shares: tuple[Share, ...]
    uses: tuple[Use, ...]

    @property
    def cash_minor(self) -> int:
        """Return the minor units of money in it."""
        return sum(one.amount.minor for one in self.shares) - sum(one.amount.minor for one in self.uses)


GRANTED = "discount/"
BY_BANK = "discount/bank/"  # granted to a customer for paying by bank debit


def discount_name(invoice_id: str) -> str:
    """Return the name under which a discount on an invoice counts as a credit."""
    return GRANTED + invoice_id


def bank_discount_name(customer_id: str) -> str:
    """Return the name under which a discount for paying by bank debit counts as a credit of a customer."""
    return BY_BANK + customer_id


def money_by_customer(shares: Iterable[Share], uses: Iterable[Use]) -> dict[str, int]:
    """Return the minor units that each customer's invoices get in money."""
    sums: dict[str, int] = {}
    for share in shares:
        sums[share.customer_id] = sums.get(share.customer_id, 0) + share.amount.minor
    for use in uses:
        sums[use.customer_id] = sums.get(use.customer_id, 0) - use.amount.minor
    return sums


def use_up(shares: Iterable[Share], offered: Sequence[Credit]) -> list[Use]:
    """Return what of credits, in their order, pays shares of their own customers; the rest of the shares is money."""
    needs: dict[str, int] = {}
    for share in shares:
        needs[share.customer_id] = needs.get(share.customer_id, 0) + share.amount.minor
    uses = []
    for credit in offered:
        part = min(credit.left.minor, needs.get(credit.customer_id, 0))
        if part > 0:
            needs[credit.customer_id] -= part
            uses.append(Use(credit.name, credit.customer_id, Money(part, credit.left.currency)))
    return uses


def check_uses(
    uses: Sequence[Use], shares: Sequence[Share], live: Mapping[str, Credit], reserved: Mapping[str, int]
) -> Refusal | None:
    """Return the first thing wrong with the use of live credits, or None; `reserved` is what other payments use."""
    needs: dict[str, int] = {}
    for share in shares:
        needs[share.customer_id] = needs.get(share.customer_id, 0) + share.amount.minor
    seen: set[str] = set()
    for use in uses:
        credit = live.get(use.name)
        if credit is None or use.name in seen or credit.customer_id != use.customer_id or use.amount.minor <= 0:
            return Refusal("unknown_credit", use.name)
        seen.add(use.name)
        left = left_of(credit, reserved)
        if left.currency != use.amount.currency or left < use.amount:
            return Refusal("credit_used", use.name, left)
        needs[use.customer_id] = needs.get(use.customer_id, 0) - use.amount.minor
        if needs[use.customer_id] < 0:
            return Refusal("unknown_credit", use.name)
    return None


def left_of(credit: Credit, reserved: Mapping[str, int]) -> Money:
    """Return what of a credit nobody has used."""
    return Money(max(credit.left.minor - reserved.get(credit.name, 0), 0), credit.left.currency)


def fit(shares: Sequence[Share], uses: Sequence[Use], gross: Money, room: Mapping[str, int] | None) -> Fitting:
    """Cut shares and uses to the money that came and to the room on each invoice and credit.

    `room` is minor units open by invoice id and by name of a credit, None where nobody could ask.
    """
    money = money_by_customer(shares, uses)
    lent = _lent(uses, room)
    left, parts = gross.minor, []
    needed = dict.fromkeys(lent, 0)
    for share in shares:
        customer = share.customer_id
        most = share.amount.minor if room is None else max(room.get(share.invoice_id, 0), 0)
        wanted = min(share.amount.minor, most)
        cash = min(wanted, money[customer], left)
        credit = min(wanted - cash, lent.get(customer, 0) - needed.get(customer, 0))
        if cash + credit > 0:
            parts.append(Share(share.invoice_id, customer, Money(cash + credit, gross.currency)))
        money[customer] -= cash
        left -= cash
        if credit:
            needed[customer] += credit
    return Fitting(tuple(parts), tuple(_used(uses, needed, room)))


def _lent(uses: Sequence[Use], room: Mapping[str, int] | None) -> dict[str, int]:
    """Return what credits of each customer can still pay."""
    sums: dict[str, int] = {}
    for use in uses:
        sums[use.customer_id] = sums.get(use.customer_id, 0) + _still(use, room)
    return sums


def _still(use: Use, room: Mapping[str, int] | None) -> int:
    if use.name.startswith(GRANTED):
        return use.amount.minor
    return use.amount.minor if room is None else min(use.amount.minor, max(room.get(use.name, 0), 0))


def _used(uses: Sequence[Use], needed: dict[str, int], room: Mapping[str, int] | None) -> Iterable[Use]:
    rest = dict(needed)
    for use in uses:
        part = min(_still(use, room), rest.get(use.customer_id, 0))
        if part > 0:
            rest[use.customer_id] -= part
            yield Use(use.name, use.customer_id, Money(part, use.amount.currency))
