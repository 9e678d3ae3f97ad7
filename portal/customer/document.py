"""An invoice as its paper reads: lines, discounts, tax and notes, taken from the raw text QuickBooks sent.

Reads, never computes: every figure is QuickBooks' own. Law: whatever the text holds, reading it ends in a document or
in none; the page then still shows the head, which has its own columns.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from connector.ledger.money import Money, MoneyError, money_of
from connector.words import day_text, quantity, say, signs_of

Json = Mapping[str, Any]
LONGEST_LIST = 500  # lines shown; the PDF has all of them


@dataclass(frozen=True)
class Line:
    """One line of an invoice: what, how it comes about, how much."""

    title: str
    detail: str
    amount: Money | None
    inside: bool = False  # part of a bundle


@dataclass(frozen=True)
class Extra:
    """What stands between the lines and the total: a discount, shipping, a tax."""

    label: str
    amount: Money


@dataclass(frozen=True)
class Document:
    """The whole paper."""

    lines: tuple[Line, ...]
    extras: tuple[Extra, ...]
    subtotal: Money | None
    memo: str
    terms: str
    order_number: str
    project: str  # what QuickBooks calls the project it is billed under
    payments: tuple[str, ...]  # ids of the Payments in QuickBooks that touch it


def read_document(body: str, currency: str, year: int) -> Document | None:
    """Read an invoice's raw text; None where it is not what an invoice looks like."""
    try:
        raw = json.loads(body, parse_float=Decimal, parse_int=Decimal)
        return _document(raw, currency, year)
    except (ValueError, TypeError, AttributeError, KeyError, InvalidOperation):  # MoneyError is a ValueError
        return None


def _document(raw: Json, currency: str, year: int) -> Document:
    entries: Sequence[Json] = raw.get("Line") or []
    subtotals = [entry for entry in entries if entry.get("DetailType") == "SubTotalLineDetail"]
    return Document(
        lines=tuple(_lines(entries, currency, year))[:LONGEST_LIST],
        extras=(*_adjustments(entries, currency), *_taxes(raw.get("TxnTaxDetail") or {}, currency)),
        subtotal=_money(subtotals[-1].get("Amount"), currency) if subtotals else None,
        memo=_text((raw.get("CustomerMemo") or {}).get("value")),
        terms=_text((raw.get("SalesTermRef") or {}).get("name")),
        order_number=_order_number(raw.get("CustomField") or []),
        project=_text((raw.get("ProjectRef") or {}).get("name")),
        payments=tuple(
            _text(linked.get("TxnId")) for linked in raw.get("LinkedTxn") or [] if linked.get("TxnType") == "Payment"
        ),
    )


def _lines(entries: Sequence[Json], currency: str, year: int) -> Iterator[Line]:
    for entry in entries:
        match entry.get("DetailType"):
            case "SalesItemLineDetail" if not _is_shipping(entry):
                yield _sale(entry, currency, year)
            case "GroupLineDetail":
                group = entry.get("GroupLineDetail") or {}
                name = _text((group.get("GroupItemRef") or {}).get("name")) or say("Bundle")
                yield Line(_text(entry.get("Description")) or name, "", _money(entry.get("Amount"), currency))
                for part in _lines(group.get("Line") or [], currency, year):
                    yield Line(part.title, part.detail, part.amount, inside=True)
            case "DescriptionOnly":
                yield Line(_text(entry.get("Description")), "", _money(entry.get("Amount"), currency))


def _is_shipping(entry: Json) -> bool:
    item = (entry.get("SalesItemLineDetail") or {}).get("ItemRef") or {}
    return str(item.get("value")) == "SHIPPING_ITEM_ID"


def _sale(entry: Json, currency: str, year: int) -> Line:
    sale: Json = entry.get("SalesItemLineDetail") or {}
    item = _text((sale.get("ItemRef") or {}).get("name")).rpartition(":")[2]
    title, _, more = _text(entry.get("Description")).partition("\n")
    pieces = [more.replace("\n", " ").strip(), _pieces(sale), _served(sale, year)]
    amount = _money(entry.get("Amount"), currency)
    return Line(title or item or say("Item"), ", ".join(filter(None, pieces)), amount)


def _pieces(sale: Json) -> str:
    number, price = sale.get("Qty"), sale.get("UnitPrice")
    if number is None or price is None or Decimal(number) == 1:
        return ""
    return say("{quantity} at {price}", quantity=quantity(Decimal(number)), price=_price(Decimal(price)))


def _price(price: Decimal) -> str:
    """A unit price may have more digits than money has; it keeps them."""
    digits = max(2, -int(price.normalize().as_tuple().exponent))
    group, point = signs_of()
    return f"{price:,.{min(digits, 7)}f}".translate({ord(","): group, ord("."): point})


def _served(sale: Json, year: int) -> str:
    day = sale.get("ServiceDate")
    return say("on {day}", day=day_text(date.fromisoformat(str(day)), this_year=year)) if day else ""


def _adjustments(entries: Sequence[Json], currency: str) -> Iterator[Extra]:
    for entry in entries:
        amount = _money(entry.get("Amount"), currency)
        if amount is None:
            continue
        if entry.get("DetailType") == "DiscountLineDetail":
            detail: Json = entry.get("DiscountLineDetail") or {}
            percent = detail.get("DiscountPercent") if detail.get("PercentBased") else None
            yield Extra(_rated(say("Discount"), percent), -amount)
        elif entry.get("DetailType") == "SalesItemLineDetail" and _is_shipping(entry):
            yield Extra(say("Shipping"), amount)


def _taxes(tax: Json, currency: str) -> Iterator[Extra]:
    lines: Sequence[Json] = tax.get("TaxLine") or []
    whole = _money(tax.get("TotalTax"), currency)
    parts = [(line, _money(line.get("Amount"), currency)) for line in lines]
    shown = [(line, amount) for line, amount in parts if amount]
    if shown and sum(amount.minor for _, amount in shown) == (whole.minor if whole else 0):
        for line, amount in shown:
            yield Extra(_rated(say("Sales tax"), (line.get("TaxLineDetail") or {}).get("TaxPercent")), amount)
    elif whole:
        yield Extra(say("Sales tax"), whole)


def _rated(label: str, percent: object) -> str:
    if percent in (None, 0):
        return label
    return say("{label} {percent}%", label=label, percent=quantity(Decimal(str(percent))))


def _order_number(fields: Sequence[Json]) -> str:
    for field in fields:
        name = _text(field.get("Name")).lower().replace(".", "").replace(" ", "")
        if name in ("ponumber", "po", "po#", "purchaseorder"):
            return _text(field.get("StringValue"))
    return ""


def _money(amount: object, currency: str) -> Money | None:
    return None if amount is None else money_of(Decimal(str(amount)), currency)


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


@dataclass(frozen=True)
class Applied:
    """What one Payment in QuickBooks took off an invoice."""

    qbo_id: str
    amount: Money
    is_credit: bool  # nothing was paid: a credit memo was used


def read_applied(qbo_id: str, body: str, invoice_id: str, currency: str) -> Applied | None:
    """Read from a Payment's raw text what it took off one invoice; None where it took nothing."""
    try:
        raw = json.loads(body, parse_float=Decimal, parse_int=Decimal)
        minor = sum(
            money_of(Decimal(str(line.get("Amount", 0))), currency).minor
            for line in raw.get("Line") or []
            for linked in line.get("LinkedTxn") or []
            if linked.get("TxnType") == "Invoice" and str(linked.get("TxnId")) == invoice_id
        )
        paid = Decimal(str(raw.get("TotalAmt", 0)))
    except (ValueError, TypeError, AttributeError, InvalidOperation, MoneyError):
        return None
    return Applied(qbo_id, Money(minor, currency), is_credit=not paid) if minor else None
