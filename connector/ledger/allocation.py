"""How one amount is shared among invoices, and what stops a share.

Knows no payer and no screen: it gives shares or a reason in a word. Laws: shares sum to the amount; a share is positive
and never above what is open less what other payments have reserved; all in one currency.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from connector.ledger.invoices import Invoice
from connector.ledger.money import Money, MoneyError, total


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


def spread(amount: Money, invoices: Sequence[Invoice], reserved: Mapping[str, int]) -> list[Share]:
    """Share one amount among invoices, oldest due first. Raises MoneyError when it exceeds what is open."""
    shares: list[Share] = []
    left = amount
    for invoice in sorted(invoices, key=lambda i: (i.due_day or date.max, i.issued_day, i.qbo_id)):
        possible = open_amount(invoice, reserved)
        part = min(left.minor, possible.minor)
        if part > 0 and invoice.payable:
            shares.append(Share(invoice.qbo_id, invoice.customer_id, Money(part, amount.currency)))
            left = left - Money(part, amount.currency)
    if left.minor > 0:
        raise MoneyError("the amount is more than what is open")
    return shares


def by_customer(shares: Sequence[Share]) -> dict[str, list[Share]]:
    """Group shares by QuickBooks customer, in order: a QuickBooks Payment belongs to one customer."""
    groups: dict[str, list[Share]] = {}
    for share in shares:
        groups.setdefault(share.customer_id, []).append(share)
    return groups


def sum_of(shares: Sequence[Share], currency: str) -> Money:
    """Return what shares come to."""
    return total((share.amount for share in shares), currency)
