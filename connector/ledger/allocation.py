"""How one amount is shared among invoices, and what stops a share.

Knows no payer and no screen: it gives shares or a reason in a word. Laws: shares sum to the amount; a share is positive
and never above what is open less what other payments have reserved; all in one currency; a part that is too small for
the company, or for anybody, is refused, the whole of what is open never.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from connector.ledger.invoices import Invoice
from connector.ledger.money import Money, MoneyError, digits_of, total


@dataclass(frozen=True)
class Share:
    """Part of a payment on one invoice."""

    invoice_id: str
    customer_id: str
    amount: Money


@dataclass(frozen=True)
class Refusal:
    """Why shares cannot be taken: a reason word for the page, the invoice, and what would be possible."""

    reason: str  # not_payable | nothing_left | above_balance | not_positive | other_currency | unknown_invoice | empty
    invoice_id: str
    possible: Money | None = None


def open_amount(invoice: Invoice, reserved: Mapping[str, int]) -> Money:
    """Return what may still be paid on an invoice: its balance less the minor units other payments reserved."""
    left = invoice.balance.minor - reserved.get(invoice.qbo_id, 0)
    return Money(max(left, 0), invoice.balance.currency)


def check_shares(
    shares: Sequence[Share], invoices: Mapping[str, Invoice], reserved: Mapping[str, int]
) -> Refusal | None:
    """Return the first thing wrong with shares against live invoices, or None when all can be taken."""
    if not shares:
        return Refusal("empty", "")
    currency = shares[0].amount.currency
    seen: set[str] = set()
    for share in shares:
        invoice = invoices.get(share.invoice_id)
        if invoice is None or share.invoice_id in seen or invoice.customer_id != share.customer_id:
            return Refusal("unknown_invoice", share.invoice_id)
        seen.add(share.invoice_id)
        if refusal := _check_one(share, invoice, currency, open_amount(invoice, reserved)):
            return refusal
    return None


def _check_one(share: Share, invoice: Invoice, currency: str, possible: Money) -> Refusal | None:
    if not invoice.payable:
        return Refusal("not_payable", invoice.qbo_id)
    if share.amount.currency != invoice.balance.currency or share.amount.currency != currency:
        return Refusal("other_currency", invoice.qbo_id, possible)
    if share.amount.minor <= 0:
        return Refusal("not_positive", invoice.qbo_id, possible)
    if possible.minor == 0:
        return Refusal("nothing_left", invoice.qbo_id, possible)
    if possible < share.amount:
        return Refusal("above_balance", invoice.qbo_id, possible)
    return None


class Rule(StrEnum):
    """In which order one amount goes to several invoices."""

    OLDEST = "oldest"  # what was due first is filled first
    SMALLEST = "smallest"  # as many invoices as possible are paid off
    EVENLY = "evenly"  # each gets the same part of what is open on it


@dataclass(frozen=True)
class Opening:
    """What is open on an invoice, and what a rule looks at."""

    invoice_id: str
    left: Money
    due_day: date | None
    issued_day: date


def spread(amount: Money, openings: Sequence[Opening], rule: Rule) -> dict[str, Money]:
    """Share one amount among invoices by a rule; an invoice that gets nothing is left out.

    Raises MoneyError when the amount is below zero or more than what is open.
    """
    open_sum = sum(one.left.minor for one in openings)
    if not 0 <= amount.minor <= open_sum:
        raise MoneyError("the amount is more than what is open")
    parts = _evenly(amount.minor, openings) if rule is Rule.EVENLY else _filled(amount.minor, openings, rule)
    return {one.invoice_id: Money(parts[one.invoice_id], amount.currency) for one in openings if parts[one.invoice_id]}


def _filled(minor: int, openings: Sequence[Opening], rule: Rule) -> dict[str, int]:
    """Fill one invoice after the other."""

    def oldest(one: Opening) -> tuple[date, date, str]:
        return (one.due_day or date.max, one.issued_day, one.invoice_id)

    def smallest(one: Opening) -> tuple[int, tuple[date, date, str]]:
        return (one.left.minor, oldest(one))

    parts: dict[str, int] = {}
    for one in sorted(openings, key=smallest if rule is Rule.SMALLEST else oldest):
        parts[one.invoice_id] = min(minor, one.left.minor)
        minor -= parts[one.invoice_id]
    return parts


def _evenly(minor: int, openings: Sequence[Opening]) -> dict[str, int]:
    """Give each its part, rounded down, and the units that are left over to the largest remainders."""
    open_sum = sum(one.left.minor for one in openings)
    if not open_sum:
        return {one.invoice_id: 0 for one in openings}
    shares = {one.invoice_id: divmod(minor * one.left.minor, open_sum) for one in openings}
    parts = {key: part for key, (part, _) in shares.items()}
    for key in sorted(shares, key=lambda key: (-shares[key][1], key))[: minor - sum(parts.values())]:
        parts[key] += 1
    return parts


def least_part(minor: int, currency: str, *, home: str) -> Money:
    """Return the smallest part of an invoice that a company takes: what it chose for its home currency, and never less
    than nobody may choose freely.
    """
    free = least_free(currency)
    return Money(max(minor, free.minor), currency) if currency == home else free


def least_free(currency: str) -> Money:
    """Return the smallest amount that a payer may choose: one whole unit. Less is what stolen cards are tried with."""
    return Money(10 ** digits_of(currency), currency)


def is_too_small(part: Money, left: Money, least: Money) -> bool:
    """Tell whether a part is less than a company takes; the whole of what is open is never too small."""
    return part.minor < min(least.minor, left.minor)


def by_customer(shares: Sequence[Share]) -> dict[str, list[Share]]:
    """Group shares by QuickBooks customer, in order: a QuickBooks Payment belongs to one customer."""
    groups: dict[str, list[Share]] = {}
    for share in shares:
        groups.setdefault(share.customer_id, []).append(share)
    return groups


def sum_of(shares: Sequence[Share], currency: str) -> Money:
    """Return what shares come to."""
    return total((share.amount for share in shares), currency)
