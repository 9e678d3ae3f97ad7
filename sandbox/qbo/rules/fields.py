"""Checks that every entity shares: known properties, lengths, days, words, currency, the closing date."""

from __future__ import annotations

from typing import Any

from sandbox.qbo.codec import Body, amount, cents, decimal, to_cents, trimmed
from sandbox.qbo.entities import Entity
from sandbox.qbo.refusals import (
    Refusal,
    closed,
    invalid_enum,
    miscalculated,
    missing,
    too_long,
    unknown_property,
)
from sandbox.qbo.times import read_day
from sandbox.qbo.unit import Unit

_LENGTHS = {
    "DocNumber": 21,
    "PaymentRefNum": 21,
    "PrivateNote": 4000,
    "DisplayName": 500,
    "CompanyName": 100,
    "GivenName": 100,
    "MiddleName": 100,
    "FamilyName": 100,
    "Name": 100,
    "AcctNum": 20,
    "Sku": 100,
}
_WORDS = {
    "PrintStatus": ("NotSet", "NeedToPrint", "PrintComplete"),
    "EmailStatus": ("NotSet", "NeedToSend", "EmailSent"),
    "GlobalTaxCalculation": ("TaxExcluded", "TaxInclusive", "NotApplicable"),
}


def check_shape(entity: Entity, payload: Any, *, strict: bool) -> Body:
    """Return the payload as a body. Raises 2010 for what is no object or names an unknown property."""
    if not isinstance(payload, dict):
        raise unknown_property(entity.name)
    if strict:
        for name in payload:
            if name not in entity.known:
                raise unknown_property(name)
    return payload


def check_strings(body: Body) -> None:
    """Raise 2050 for a string that is too long, 2170 for a word that is none of the property's."""
    for field, limit in _LENGTHS.items():
        value = body.get(field)
        if isinstance(value, str) and len(value) > limit:
            raise too_long(field, limit=limit, length=len(value))
    memo = body.get("CustomerMemo")
    if isinstance(memo, dict) and len(str(memo.get("value", ""))) > 1000:
        raise too_long("CustomerMemo", limit=1000, length=len(str(memo["value"])))
    for field, words in _WORDS.items():
        if field in body and body[field] not in words:
            raise invalid_enum(field, body[field])


def check_email(unit: Unit, body: Body, field: str) -> None:
    """Raise 2210 for a mail address that is none; a person gets away with it, and queries then fail with 4002."""
    email = body.get(field)
    if email is not None and not isinstance(email, dict):
        raise unknown_property(field)
    if email and email.get("Address") and "@" not in str(email["Address"]) and not unit.by_hand:
        detail = "Email Address does not conform to the syntax rules of RFC 822."
        raise Refusal("2210", "Invalid Email Address format", detail, element=field)


def check_lines(body: Body) -> list[Body]:
    """Return the Line array. Raises 2010 for what is not an array of objects, 2050 for a long description."""
    lines = body.get("Line") or []
    if not isinstance(lines, list) or not all(isinstance(line, dict) for line in lines):
        raise unknown_property("Line")
    for line in lines:
        description = line.get("Description")
        if isinstance(description, str) and len(description) > 4000:
            raise too_long("Line.Description", limit=4000, length=len(description))
        kind = line.get("DetailType") or ""
        if not isinstance(kind, str) or not isinstance(line.get(kind, {}), dict):
            raise unknown_property("Line.DetailType")
        if not isinstance(line.get("LinkedTxn") or [], list):
            raise unknown_property("Line.LinkedTxn")
    return lines


def settle_amount(line: Body, detail: Body) -> None:
    """Write a line's amount. Raises 2020 where it is missing, 6070 where it is not Qty times UnitPrice."""
    for field in ("Qty", "UnitPrice"):
        if detail.get(field) is None:
            detail.pop(field, None)
        else:
            detail[field] = trimmed(decimal(detail[field], field))
    if line.get("Amount") is None:
        raise missing("Line.Amount")
    minor = cents(line["Amount"], "Line.Amount")
    priced = decimal(detail["Qty"] * detail["UnitPrice"], "Qty") if "Qty" in detail and "UnitPrice" in detail else None
    if priced is not None and to_cents(priced) != minor:
        raise miscalculated(line["Amount"])
    line["Amount"] = amount(minor)


def settle_day(unit: Unit, body: Body) -> None:
    """Give a transaction its date: the one sent, or the server's."""
    body["TxnDate"] = read_day(body["TxnDate"], "TxnDate") if body.get("TxnDate") else unit.books.today()


def check_open_period(unit: Unit, *bodies: Body | None) -> None:
    """Raise 6210 when a transaction lies, or lay, on or before the closing date; a person may override it."""
    close = unit.books.preference("AccountingInfoPrefs", "BookCloseDate")
    if close and not unit.by_hand and any(body and str(body.get("TxnDate", "9999")) <= close for body in bodies):
        raise closed()


def number_lines(lines: list[Body], *, first: int = 1, numbered: bool = True) -> None:
    """Give lines without an Id the next free one, and every line its place."""
    highest = max((int(line["Id"]) for line in lines if str(line.get("Id", "")).isdigit()), default=first - 1)
    for place, line in enumerate(lines, 1):
        if not str(line.get("Id") or ""):
            highest += 1
            line["Id"] = str(highest)
        line["Id"] = str(line["Id"])
        if numbered:
            line["LineNum"] = place
