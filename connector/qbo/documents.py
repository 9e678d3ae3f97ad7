"""Postings as QuickBooks documents: a charge is a Payment, a fee a Purchase, a payout a Transfer, a discount a
CreditMemo that the Payment uses up, a surcharge an Invoice that it pays. `connector.qbo.applying` changes Payments.

Pure mapping, no HTTP and no row. Laws: amounts are JSON numbers with exactly the currency's digits, never floats; the
same posting and chart give the same bytes; the bytes alone give the document back, so that a retry sends what was
frozen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec

from connector.errors import WrongInput
from connector.ledger.allocation import Share
from connector.ledger.credits import GRANTED, Use, fit
from connector.ledger.keys import reference
from connector.ledger.money import Money, money_of, total
from connector.ledger.postings import SURCHARGED, Kind, Posting, Role
from connector.qbo.language import page_of, quote
from connector.qbo.shapes import Document, RawObject

Fields = dict[str, Any]

_WRITER = msgspec.json.Encoder(decimal_format="number", order="sorted")
_READER = msgspec.json.Decoder(float_hook=Decimal)

ENTITY_OF = {
    Kind.CHARGE: "Payment",
    Kind.FEE: "Purchase",
    Kind.PAYOUT: "Transfer",
    Kind.DISCOUNT: "CreditMemo",
    Kind.SURCHARGE: "Invoice",
    Kind.APPLY: "Payment",
}


class NotBookable(WrongInput):
    """A posting that cannot be written as a document yet; `needs` is the missing role, or what does not fit."""

    def __init__(self, needs: str, sentence: str) -> None:
        super().__init__(sentence)
        self.needs = needs


@dataclass(frozen=True)
class Chart:
    """The QuickBooks ids that play a part in one currency; empty where the company has chosen none."""

    clearing: str = ""
    fees: str = ""
    bank: str = ""
    vendor: str = ""
    method: str = ""  # of the payer: card or bank debit
    discount: str = ""  # the item of discounts
    surcharge: str = ""  # the item of card surcharges
    discount_memo: str = ""  # the CreditMemo of the discounts that this charge uses up, once it is in QuickBooks
    surcharge_invoice: str = ""  # the Invoice of the surcharge that this charge pays, once it is in QuickBooks


def document_of(posting: Posting, chart: Chart, *, limits: Mapping[str, int] | None = None) -> Document:
    """Write a posting as the document QuickBooks is to create. Raises NotBookable while an account is not chosen.

    `limits` are minor units still open on each invoice, where a person decided to post what fits: a line above its
    limit is cut, and what is cut stays on the customer as unapplied.
    """
    fields = _WRITERS[posting.kind](posting, chart, limits)
    fields["TxnDate"] = posting.day.isoformat()
    fields["PrivateNote"] = posting.memo
    return _document(posting, fields)


def bytes_of(document: Document) -> bytes:
    """Return the body to send; the same document always gives the same bytes."""
    return _WRITER.encode(document.fields)


def thaw(posting: Posting, body: bytes) -> Document:
    """Return the document that a frozen body was made from."""
    fields: Fields = _READER.decode(body)
    return _document(posting, fields)


def disagreements(document: Document, body: bytes) -> list[str]:
    """Return the names of what a document in the books says otherwise than ours: amount, customer, accounts."""
    theirs: Fields = _READER.decode(body)
    ours: Fields = {**document.fields}
    if document.entity in ("Purchase", "CreditMemo", "Invoice"):  # its total is QuickBooks' to compute
        ours["TotalAmt"] = sum((line["Amount"] for line in ours["Line"]), Decimal(0))
    compared = [path for path in _COMPARED[document.entity] if path != _DEPOSITED_TO or _at(ours, path)]
    return [path for path in compared if _differs(_at(ours, path), _at(theirs, path))]


def unapplied_in(document: RawObject, currency: str) -> Money:
    """Return what a Payment in the books leaves on its customer, without an invoice."""
    amount = _READER.decode(document.body).get("UnappliedAmt", 0)
    return money_of(Decimal(amount), currency)


_DEPOSITED_TO = "DepositToAccountRef.value"  # nothing is deposited by a payment of credits alone
_COMPARED = {
    "Payment": ("TotalAmt", "CustomerRef.value", _DEPOSITED_TO),
    "Purchase": ("TotalAmt", "AccountRef.value"),
    "CreditMemo": ("TotalAmt", "CustomerRef.value"),
    "Invoice": ("TotalAmt", "CustomerRef.value"),
    "Transfer": ("Amount", "FromAccountRef.value", "ToAccountRef.value"),
}


def _at(fields: Fields, path: str) -> object:
    value: object = fields
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _differs(ours: object, theirs: object) -> bool:
    if isinstance(ours, Decimal | int) and isinstance(theirs, Decimal | int):
        return ours != theirs
    return str(ours) != str(theirs)


def _document(posting: Posting, fields: Fields) -> Document:
    """Add how the document is found again: by its reference, a Transfer by its day; then by the note's Stripe id."""
    mark = reference(posting.key)
    entity = ENTITY_OF[posting.kind]
    named = {"Payment": "PaymentRefNum", "Transfer": ""}.get(entity, "DocNumber")
    where, value = (named, mark) if named else ("TxnDate", fields["TxnDate"])
    return Document(
        entity=entity,
        fields=fields,
        lookup=page_of(entity, start=1, size=1000, where=f"{where} = {quote(value)}"),
        must_equal={named: mark} if named else {},
        must_contain=posting.key.object_id,
    )


def _payment(posting: Posting, chart: Chart, limits: Mapping[str, int] | None) -> Fields:
    received, lines = posting.clearing(), _payment_lines(posting, chart, limits)
    if received.minor < 0 or not (received or lines):
        raise NotBookable("amount", "A payment of nothing or less cannot be written to QuickBooks.")
    fields: Fields = {
        "CustomerRef": {"value": posting.key.customer_id},
        "TotalAmt": received.decimal(),
        "CurrencyRef": {"value": posting.currency},
        "PaymentRefNum": reference(posting.key),
        "Line": lines,
    }
    if received:
        fields["DepositToAccountRef"] = {"value": _chosen(chart.clearing, "clearing")}
    if received and chart.method:
        fields["PaymentMethodRef"] = {"value": chart.method}
    return fields


def _payment_lines(posting: Posting, chart: Chart, limits: Mapping[str, int] | None) -> list[Fields]:
    """Return a line for each invoice and each credit memo: both are positive, QuickBooks knows which is which.

    The discounts of a payment are one credit memo. Where a person dropped it, its part stays open on the invoices. The
    surcharge is an invoice of its own, and gets its money first; where a person dropped it, its part stays unapplied.
    """
    customer, owed = posting.key.customer_id, [leg for leg in posting.legs if leg.role is Role.RECEIVABLE]
    shares = [Share(leg.invoice_id, customer, -leg.amount) for leg in owed if leg.invoice_id]
    uses = [Use(leg.credit, customer, leg.amount) for leg in owed if leg.credit not in ("", SURCHARGED)]
    if not chart.discount_memo:
        uses = [use for use in uses if not use.name.startswith(GRANTED)]
    surcharge = -total((leg.amount for leg in owed if leg.credit == SURCHARGED), posting.currency)
    fitting = fit(shares, uses, posting.clearing() - surcharge, limits)
    lines = [_linked(share.amount, "Invoice", share.invoice_id) for share in fitting.shares]
    lines += [_linked(use.amount, *use.name.split("/")) for use in fitting.uses if not use.name.startswith(GRANTED)]
    granted = total((use.amount for use in fitting.uses if use.name.startswith(GRANTED)), posting.currency)
    if granted:
        lines.append(_linked(granted, "CreditMemo", chart.discount_memo))
    still = surcharge.minor if limits is None else min(surcharge.minor, limits.get(chart.surcharge_invoice, 0))
    if chart.surcharge_invoice and still:
        lines.append(_linked(Money(still, posting.currency), "Invoice", chart.surcharge_invoice))
    return lines


def _linked(amount: Money, entity: str, qbo_id: str) -> Fields:
    return {"Amount": amount.decimal(), "LinkedTxn": [{"TxnId": qbo_id, "TxnType": entity}]}


def _credit_memo(posting: Posting, chart: Chart, _limits: Mapping[str, int] | None) -> Fields:
    return _of_item(posting, posting.of(Role.DISCOUNTS), _chosen(chart.discount, "discount"), "Discount")


def _invoice(posting: Posting, chart: Chart, _limits: Mapping[str, int] | None) -> Fields:
    """Return the invoice of a surcharge: due at once, for it is paid already, and never offered to be paid online."""
    item = _chosen(chart.surcharge, "surcharge")
    fields = _of_item(posting, -posting.of(Role.SURCHARGES), item, "Card surcharge")
    closed = {"AllowOnlineCreditCardPayment": False, "AllowOnlineACHPayment": False}
    return {**fields, **closed, "DueDate": posting.day.isoformat()}


def _of_item(posting: Posting, amount: Money, item: str, what: str) -> Fields:
    """Return a sales document of one line without tax."""
    detail = {"ItemRef": {"value": item}, "TaxCodeRef": {"value": "NON"}}
    line = {
        "Amount": amount.decimal(),
        "Description": what,
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": detail,
    }
    return {
        "CustomerRef": {"value": posting.key.customer_id},
        "CurrencyRef": {"value": posting.currency},
        "DocNumber": reference(posting.key),
        "Line": [line],
    }


def _purchase(posting: Posting, chart: Chart, _limits: Mapping[str, int] | None) -> Fields:
    taken = posting.of(Role.FEES)
    if taken.minor <= 0:
        raise NotBookable("amount", "A fee that Stripe gave back is not written to QuickBooks yet.")
    fields: Fields = {
        "PaymentType": "Cash",
        "AccountRef": {"value": _chosen(chart.clearing, "clearing")},
        "CurrencyRef": {"value": posting.currency},
        "DocNumber": reference(posting.key),
        "Line": [
            {
                "Amount": taken.decimal(),
                "Description": posting.memo,
                "DetailType": "AccountBasedExpenseLineDetail",
                "AccountBasedExpenseLineDetail": {"AccountRef": {"value": _chosen(chart.fees, "fees")}},
            }
        ],
    }
    if chart.vendor:
        fields["EntityRef"] = {"type": "Vendor", "value": chart.vendor}
    return fields


def _transfer(posting: Posting, chart: Chart, _limits: Mapping[str, int] | None) -> Fields:
    moved = posting.of(Role.BANK)
    if not moved:
        raise NotBookable("amount", "A payout of nothing cannot be written to QuickBooks.")
    ends = [_chosen(chart.clearing, "clearing"), _chosen(chart.bank, "bank")]
    if moved.minor < 0:  # Stripe drew money from the bank
        ends.reverse()
    return {
        "Amount": Money(abs(moved.minor), moved.currency).decimal(),
        "FromAccountRef": {"value": ends[0]},
        "ToAccountRef": {"value": ends[1]},
    }


_WRITERS: dict[Kind, Callable[[Posting, Chart, Mapping[str, int] | None], Fields]] = {
    Kind.CHARGE: _payment,
    Kind.FEE: _purchase,
    Kind.PAYOUT: _transfer,
    Kind.DISCOUNT: _credit_memo,
    Kind.SURCHARGE: _invoice,
}

_ROLE_WORDS = {
    "clearing": "No account is chosen for Stripe clearing.",
    "fees": "No account is chosen for Stripe's fees.",
    "bank": "No bank account is chosen for payouts.",
    "discount": "No item is chosen for discounts.",
    "surcharge": "No item is chosen for card surcharges.",
}


def _chosen(qbo_id: str, role: str) -> str:
    if not qbo_id:
        raise NotBookable(role, _ROLE_WORDS[role])
    return qbo_id
