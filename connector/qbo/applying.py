"""Applying a Payment that QuickBooks has: the update that gives invoices parts of it, and whether an earlier one came.

Pure, no HTTP and no row. Laws: every line that was there is sent again as it was, because an array replaces the one in
the books; the amount of the Payment stays; the same version and posting give the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec

from connector.ledger.money import Money, money_of
from connector.ledger.postings import Posting
from connector.qbo.documents import NotBookable
from connector.qbo.shapes import RawObject

Fields = dict[str, Any]

_WRITER = msgspec.json.Encoder(decimal_format="number", order="sorted")
_READER = msgspec.json.Decoder(float_hook=Decimal)


class Standing(StrEnum):
    """What a Payment says of an update that was frozen earlier."""

    SAME = "same"  # it has the version that the update was made for: the update has not arrived
    ARRIVED = "arrived"
    ABSENT = "absent"  # it has another version, and nothing of the update in it: the update can never arrive any more
    UNCLEAR = "unclear"  # another version, and only some of it


def payment_id_of(posting: Posting) -> str:
    """Return the id of the Payment that a posting applies."""
    [name] = [leg.credit for leg in posting.legs if leg.credit]
    return name.rpartition("/")[2]


def parts_of(posting: Posting) -> dict[str, Money]:
    """Return what each invoice gets by a posting."""
    return {leg.invoice_id: -leg.amount for leg in posting.legs if leg.invoice_id}


def applying_body(posting: Posting, live: RawObject, limits: Mapping[str, int] | None) -> bytes:
    """Return the body of the update for the version that was just read. Raises NotBookable where too little is left.

    `limits` are minor units still open on each invoice, where a person decided to apply what fits.
    """
    fields: Fields = _READER.decode(live.body)
    parts = _fitting(parts_of(posting), _left_of(fields, posting.currency), limits)
    lines = [_raised(line, parts) for line in fields.get("Line") or ()]
    lines += [
        {"Amount": part.decimal(), "LinkedTxn": [{"TxnId": invoice_id, "TxnType": "Invoice"}]}
        for invoice_id, part in parts.items()
    ]
    body = {"Id": live.qbo_id, "SyncToken": live.sync_token, "sparse": True, "Line": lines}
    return _WRITER.encode({**body, "CustomerRef": fields["CustomerRef"], "TotalAmt": fields["TotalAmt"]})


def standing_of(posting: Posting, frozen: bytes, live: RawObject) -> Standing:
    """Return what a Payment, read a moment ago, says of a frozen update of it."""
    update: Fields = _READER.decode(frozen)
    if update["SyncToken"] == live.sync_token:
        return Standing.SAME
    theirs, ours, currency = _READER.decode(live.body), parts_of(posting), posting.currency
    wanted = {invoice_id: _applied(update, invoice_id, currency) for invoice_id in ours}
    found = {invoice_id: _applied(theirs, invoice_id, currency) for invoice_id in ours}
    if all(found[invoice_id] >= wanted[invoice_id] for invoice_id in ours):
        return Standing.ARRIVED
    # Where only what fitted was written, less than the whole part was: it was never more than the line came to.
    before = {invoice_id: wanted[invoice_id] - min(ours[invoice_id].minor, wanted[invoice_id]) for invoice_id in ours}
    if all(found[invoice_id] <= before[invoice_id] for invoice_id in ours):
        return Standing.ABSENT
    return Standing.UNCLEAR


def short_of(posting: Posting, frozen: bytes, before: RawObject | None) -> Money:
    """Return what of a posting an update left out, because it did not fit; exact where `before` is what it changed."""
    written: Fields = _READER.decode(frozen)
    was: Fields = _READER.decode(before.body) if before else {}
    minor = 0
    for invoice_id, part in parts_of(posting).items():
        got = _applied(written, invoice_id, posting.currency) - _applied(was, invoice_id, posting.currency)
        minor += max(part.minor - got, 0)
    return Money(minor, posting.currency)


def can_be_applied(body: Mapping[str, Any]) -> bool:
    """Tell whether QuickBooks lets a Payment be applied through its API.

    It does not where a bank deposit holds it. One that QuickBooks' own payments take in is left to QuickBooks.
    """
    linked = body.get("LinkedTxn") or ()
    return not body.get("ProcessPayment") and all(one.get("TxnType") != "Deposit" for one in linked)


def _left_of(fields: Fields, currency: str) -> int:
    return money_of(Decimal(fields.get("UnappliedAmt") or 0), currency).minor


def _fitting(parts: dict[str, Money], left: int, limits: Mapping[str, int] | None) -> dict[str, Money]:
    """Return the parts that are written: all of them, or what still fits where a person decided so."""
    if limits is None:
        if left < sum(part.minor for part in parts.values()):
            raise NotBookable("credit_used", "Less of it is left in QuickBooks than was promised.")
        return dict(parts)
    fitting = {}
    for invoice_id, part in parts.items():
        minor = min(part.minor, limits.get(invoice_id, 0), left)
        left -= max(minor, 0)
        if minor > 0:
            fitting[invoice_id] = Money(minor, part.currency)
    if not fitting:
        raise NotBookable("credit_used", "Nothing of it fits any more.")
    return fitting


def _raised(line: Fields, parts: dict[str, Money]) -> Fields:
    """Return a line of the books as it was, or raised by what its invoice gets; that part is written then."""
    linked = (line.get("LinkedTxn") or [{}])[0]
    part = parts.pop(str(linked.get("TxnId")), None) if linked.get("TxnType") == "Invoice" else None
    return {**line, "Amount": Decimal(line["Amount"]) + part.decimal()} if part else line


def _applied(fields: Fields, invoice_id: str, currency: str) -> int:
    """Return what a Payment's lines give an invoice, in minor units."""
    amounts = (
        Decimal(line.get("Amount") or 0)
        for line in fields.get("Line") or ()
        for linked in line.get("LinkedTxn") or ()
        if linked.get("TxnType") == "Invoice" and str(linked.get("TxnId")) == invoice_id
    )
    return money_of(sum(amounts, Decimal(0)), currency).minor
