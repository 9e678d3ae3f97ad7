"""The one rule of all plain documents: what their table row asks for, and nothing else.

Must not name an entity. Law: references point at what exists, names are unique in their list, a total that the server
writes is the sum of the lines.
"""

from __future__ import annotations

from sandbox.qbo.codec import Body, amount, cents, held
from sandbox.qbo.plain import NAMED, PERSON, REFERENCES, TRANSACTION, Plain
from sandbox.qbo.refusals import missing
from sandbox.qbo.rules.currency import settle_currency
from sandbox.qbo.rules.fields import check_email, check_lines, number_lines, settle_day
from sandbox.qbo.rules.lists import settle_display_name, settle_name, settle_place
from sandbox.qbo.rules.sales import voided_note
from sandbox.qbo.unit import Unit


def compose_plain(row: Plain, unit: Unit, body: Body, before: Body | None) -> None:
    """Make a document of a row's entity. Raises 2020 where something is missing, 2500, 610 and 6240."""
    for name in row.required.split():
        if not body.get(name) and body.get(name) != 0:
            raise missing(name)
    if row.sort == PERSON:
        settle_display_name(unit, row.name, body, before)
        body.setdefault("PrintOnCheckName", body["DisplayName"])
        check_email(unit, body, "PrimaryEmailAddr")
    elif row.sort == NAMED:
        settle_name(unit, row.name, body, before)
    elif "Active" in row.properties.split():
        body["Active"] = body.get("Active") is not False
    if "ParentRef" in row.properties.split():
        parent = unit.referred_if_any(body, "ParentRef", row.name)
        settle_place(body, parent, joined="Name")
        if f"Sub{row.name}" in row.properties.split():
            body[f"Sub{row.name}"] = parent is not None
    _check_references(unit, body)
    if row.sort == TRANSACTION:
        _settle_transaction(row, unit, body)


def _settle_transaction(row: Plain, unit: Unit, body: Body) -> None:
    settle_day(unit, body)
    vendor = str((body.get("VendorRef") or {}).get("value") or "")
    settle_currency(unit, body, unit.read("Vendor", vendor) if vendor else None)
    lines = check_lines(body)
    for line in lines:
        if line.get("Amount") is not None:
            line["Amount"] = amount(cents(line["Amount"], "Line.Amount"))
        _check_references(unit, line.get(line.get("DetailType") or "") or {})
    number_lines([line for line in lines if not line.get("LinkedTxn")])
    for field in ("TotalAmt", "Balance"):
        if field in row.computed.split():
            body[field] = amount(sum(held(line, "Amount") for line in lines))
    for field in ("TotalAmt", "Amount"):
        if body.get(field) is not None:
            body[field] = amount(cents(body[field], field))


def _check_references(unit: Unit, holder: Body) -> None:
    for field in REFERENCES.keys() & holder.keys():
        unit.referred_if_any(holder, field, REFERENCES[field])


def void_plain(unit: Unit, body: Body) -> None:
    """Empty a plain transaction: every amount zero, no lines that link, the word Voided in its note."""
    body["Line"] = [{**line, "Amount": 0} for line in body.get("Line", ()) if not line.get("LinkedTxn")]
    for field in ("TotalAmt", "Balance"):
        if field in body:
            body[field] = 0
    body["PrivateNote"] = voided_note(body)
