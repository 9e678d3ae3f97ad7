"""Forms of the pages read into documents: sales forms with their lines, money received, a deposit.

Knows no page. Laws: what a form leaves empty is left to the server's own defaults; a number that is none is a sentence;
lines that a form cannot show stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from sandbox.qbo.codec import Body, held

Form = Mapping[str, str]
ROWS_MORE = 3  # empty lines below those that are there
SALES = ("Invoice", "Estimate", "CreditMemo", "SalesReceipt", "RefundReceipt")
_CENT, _MOST = Decimal("0.01"), Decimal("1e10")


def number(text: str, what: str) -> Decimal | None:
    """Return a number that a person typed, None for nothing. Raises ValueError with a sentence."""
    bare = text.replace(",", "").replace("$", "").strip()
    if not bare:
        return None
    try:
        found = Decimal(bare)
    except InvalidOperation:
        raise ValueError(f"{what} is not a number: {text}") from None
    if not found.is_finite() or abs(found) > _MOST:
        raise ValueError(f"{what} is not an amount: {text}")
    return found


def sale_rows(body: Body | None) -> list[dict[str, Any]]:
    """Return the lines of a sales form as the form shows them, with some empty ones."""
    lines = [line for line in (body or {}).get("Line", ()) if line["DetailType"] == "SalesItemLineDetail"]
    rows = [_row(line) for line in lines]
    empty = {"id": "", "item": "", "said": "", "qty": "", "rate": "", "taxed": False}
    return [*rows, *(dict(empty) for _ in range(ROWS_MORE))]


def filled(entity: str, body: Body | None, form: Form, *, today: str) -> dict[str, Any]:
    """Return what stands in a sales form: what a person typed and was refused, else the document's, else nothing."""
    if form:
        lines = [_typed(form, n) for n in range(200) if f"rate{n}" in form]
        return {**{name: form.get(name, "") for name in _FIELDS}, "lines": lines}
    held_body = body or {}
    due = "DueDate" if entity == "Invoice" else "ExpirationDate"
    return {
        "customer": (held_body.get("CustomerRef") or {}).get("value", ""),
        "email": (held_body.get("BillEmail") or {}).get("Address", ""),
        "day": held_body.get("TxnDate") or today,
        "due": held_body.get(due, ""),
        "number": held_body.get("DocNumber", ""),
        "account": (held_body.get("DepositToAccountRef") or {}).get("value", ""),
        "note": held_body.get("PrivateNote", ""),
        "lines": sale_rows(body),
    }


_FIELDS = ("customer", "email", "day", "due", "number", "account", "note")


def _typed(form: Form, n: int) -> dict[str, Any]:
    row = {name: form.get(f"{name}{n}", "") for name in ("id", "item", "said", "qty", "rate")}
    return {**row, "taxed": bool(form.get(f"taxed{n}"))}


def _row(line: Body) -> dict[str, Any]:
    detail = line["SalesItemLineDetail"]
    has_rate = "UnitPrice" in detail and "Qty" in detail
    return {
        "id": line.get("Id", ""),
        "item": (detail.get("ItemRef") or {}).get("value", ""),
        "said": line.get("Description", ""),
        "qty": detail["Qty"] if has_rate else 1,
        "rate": detail["UnitPrice"] if has_rate else line.get("Amount", 0),
        "taxed": (detail.get("TaxCodeRef") or {}).get("value") == "TAX",
    }


def read_sale(entity: str, form: Form, before: Body | None, *, tax_code: str = "") -> Body:
    """Return what a filled-in sales form says. Raises ValueError with a sentence."""
    lines = [line for n in range(200) if f"rate{n}" in form and (line := _line(form, n)) is not None]
    kept = [line for line in (before or {}).get("Line", ()) if line["DetailType"] in _STAYS]
    said: Body = {"CustomerRef": {"value": form.get("customer", "")}, "Line": [*lines, *kept]}
    fields = {"TxnDate": "day", "DocNumber": "number", "PrivateNote": "note"}
    fields |= {"DueDate": "due"} if entity == "Invoice" else {"ExpirationDate": "due"} if entity == "Estimate" else {}
    said |= {name: form[key].strip() for name, key in fields.items() if form.get(key, "").strip()}
    if form.get("email", "").strip():
        said["BillEmail"] = {"Address": form["email"].strip()}
    if form.get("account"):
        said["DepositToAccountRef"] = {"value": form["account"]}
    if (
        before is None
        and tax_code
        and any(line["SalesItemLineDetail"]["TaxCodeRef"]["value"] == "TAX" for line in lines)
    ):
        said["TxnTaxDetail"] = {"TxnTaxCodeRef": {"value": tax_code}}
    return said


_STAYS = ("DiscountLineDetail", "GroupLineDetail", "DescriptionOnly")


def _line(form: Form, n: int) -> Body | None:
    """Return one line, None for one that was left empty."""
    rate = number(form.get(f"rate{n}", ""), f"The rate of line {n + 1}")
    item = form.get(f"item{n}", "")
    if rate is None or not item:
        return None
    quantity = number(form.get(f"qty{n}", ""), f"The quantity of line {n + 1}")
    quantity = Decimal(1) if quantity is None else quantity
    detail: Body = {
        "ItemRef": {"value": item},
        "Qty": quantity,
        "UnitPrice": rate,
        "TaxCodeRef": {"value": "TAX" if form.get(f"taxed{n}") else "NON"},
    }
    amount = (quantity * rate).quantize(_CENT, ROUND_HALF_UP)
    line: Body = {"DetailType": "SalesItemLineDetail", "Amount": amount, "SalesItemLineDetail": detail}
    said, key = form.get(f"said{n}", "").strip(), form.get(f"id{n}", "")
    return {**line, **({"Description": said} if said else {}), **({"Id": key} if key else {})}


def read_receipt(customer: str, form: Form) -> Body:
    """Return the payment that a filled-in form says: money, and credits, on invoices. Raises ValueError."""
    lines, charges, helped = [], Decimal(0), Decimal(0)
    for name, text in form.items():
        kind, _, key = name.partition(".")
        part = number(text, "An amount") if kind in ("Invoice", "CreditMemo") else None
        if not part:
            continue
        lines.append({"Amount": part, "LinkedTxn": [{"TxnId": key, "TxnType": kind}]})
        charges, helped = (charges + part, helped) if kind == "Invoice" else (charges, helped + part)
    total = number(form.get("total", ""), "The amount received")
    if total is None:
        total = max(charges - helped, Decimal(0))
    if not lines and not total:
        raise ValueError("Nothing was entered.")
    said: Body = {"CustomerRef": {"value": customer}, "TotalAmt": total, "Line": lines}
    said |= {name: form[key].strip() for name, key in _RECEIVED.items() if form.get(key, "").strip()}
    refs = {"PaymentMethodRef": "method", "DepositToAccountRef": "account"}
    return said | {name: {"value": form[key]} for name, key in refs.items() if form.get(key)}


_RECEIVED = {"TxnDate": "day", "PaymentRefNum": "reference", "PrivateNote": "note"}


def read_deposit(form: Form, waiting: list[tuple[str, Body]]) -> Body:
    """Return the deposit of the ticked ones among what waits in Undeposited Funds. Raises ValueError."""
    ticked = [(entity, body) for entity, body in waiting if form.get(f"{entity}.{body['Id']}")]
    if not ticked:
        raise ValueError("Nothing was ticked.")
    lines = [
        {
            "Amount": body["TotalAmt"],
            "LinkedTxn": [{"TxnId": body["Id"], "TxnType": entity, "TxnLineId": "0"}],
        }
        for entity, body in ticked
    ]
    said: Body = {"DepositToAccountRef": {"value": form.get("account", "")}, "Line": lines}
    return said | ({"TxnDate": form["day"]} if form.get("day") else {})


def read_customer(form: Form) -> Body:
    """Return what a filled-in customer form says."""
    said: Body = {name: form.get(key, "").strip() or None for name, key in _CUSTOMER.items()}
    email, phone = form.get("email", "").strip(), form.get("phone", "").strip()
    said["PrimaryEmailAddr"] = {"Address": email} if email else None
    said["PrimaryPhone"] = {"FreeFormNumber": phone} if phone else None
    parent = form.get("parent", "")
    said |= {"ParentRef": {"value": parent}, "Job": True} if parent else {"ParentRef": None, "Job": False}
    return said


_CUSTOMER = {
    "DisplayName": "name",
    "CompanyName": "company",
    "GivenName": "given",
    "FamilyName": "family",
    "Notes": "notes",
}


def open_cents(body: Body) -> int:
    """Return what an invoice or a credit has open, in cents."""
    return held(body, "Balance")
