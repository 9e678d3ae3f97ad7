"""Sales forms: invoice, credit memo, estimate, sales receipt, refund receipt.

Lines in, totals out: the server computes subtotal, discount, tax and total and answers with them; what a client sends
for those is checked or ignored. Law: TotalAmt = lines - discounts + tax, to the cent.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sandbox.qbo.codec import Body, amount, cents, decimal, held, to_cents, trimmed
from sandbox.qbo.refusals import bad_line_tax, business, duplicate_number, invalid_enum, missing
from sandbox.qbo.rules.currency import check_account, settle_currency, settle_home
from sandbox.qbo.rules.fields import (
    check_email,
    check_lines,
    number_lines,
    settle_amount,
    settle_day,
)
from sandbox.qbo.rules.tax import settle_tax
from sandbox.qbo.times import read_day
from sandbox.qbo.unit import Unit

_ITEM_KINDS = ("SalesItemLineDetail", "GroupLineDetail", "DescriptionOnly")
DEFAULT_TERM_DAYS = 30  # recorded: an invoice without terms falls due after thirty days
ESTIMATE_STATES = ("Pending", "Accepted", "Closed", "Rejected", "Converted")
NUMBERED_TOGETHER = ("Invoice", "CreditMemo", "SalesReceipt", "RefundReceipt")


def compose_sale(unit: Unit, entity: str, body: Body, before: Body | None) -> None:
    """Make a sales form out of what was sent. Raises the refusals of its lines, references and totals."""
    customer = unit.referred(body, "CustomerRef", "Customer")
    settle_day(unit, body)
    settle_currency(unit, body, customer, required=True)
    lines = check_lines(body)
    if not any(line.get("DetailType") in _ITEM_KINDS for line in lines):
        raise missing("Line")
    _settle_lines(unit, body, lines)
    settle_tax(unit, body, customer)
    body["TotalAmt"] = amount(_subtotal(body) - _discount(body) + held(body["TxnTaxDetail"], "TotalTax"))
    if held(body, "TotalAmt") < 0:
        raise business("Transaction amount must be 0 or greater.", element="TotalAmt")
    settle_home(body, "TotalAmt")
    _settle_address(unit, body, customer)
    check_email(unit, body, "BillEmail")
    _settle_number(unit, entity, body, before)
    body.setdefault("ApplyTaxAfterDiscount", False)
    body.setdefault("PrintStatus", "NeedToPrint")
    body.setdefault("EmailStatus", "NotSet")
    body.setdefault("CustomField", [])


def compose_invoice(unit: Unit, body: Body, before: Body | None) -> None:
    """An invoice also has terms, a due date, and may take a deposit at once."""
    compose_sale(unit, "Invoice", body, before)
    term = unit.referred_if_any(body, "SalesTermRef", "Term", active=before is None)
    if body.get("DueDate"):
        body["DueDate"] = read_day(body["DueDate"], "DueDate")
    else:
        body["DueDate"] = due_day(body["TxnDate"], term)
    deposit = cents(body.get("Deposit") or 0, "Deposit")
    if deposit:
        check_account(unit, body, unit.referred(body, "DepositToAccountRef", "Account"), element="DepositToAccountRef")
    if not 0 <= deposit <= held(body, "TotalAmt"):
        raise business("The deposit must lie between 0 and the total.", element="Deposit")
    body.pop("Deposit", None)
    if deposit:
        body["Deposit"] = amount(deposit)
    applied = held(before, "TotalAmt") - held(before, "Deposit") - held(before, "Balance") if before else 0
    body["Balance"] = amount(held(body, "TotalAmt") - deposit - applied)
    settle_home(body, "Balance")
    for flag in ("AllowIPNPayment", "AllowOnlinePayment", "AllowOnlineCreditCardPayment", "AllowOnlineACHPayment"):
        body.setdefault(flag, False)
    _settle_links(body, before)


def compose_credit_memo(unit: Unit, body: Body, before: Body | None) -> None:
    """A credit memo knows what is left of it."""
    compose_sale(unit, "CreditMemo", body, before)
    used = held(before, "TotalAmt") - held(before, "Balance") if before else 0
    body["Balance"] = body["RemainingCredit"] = amount(held(body, "TotalAmt") - used)
    settle_home(body, "Balance")
    _settle_links(body, before)


def compose_estimate(unit: Unit, body: Body, before: Body | None) -> None:
    """An estimate posts nothing."""
    compose_sale(unit, "Estimate", body, before)
    body.setdefault("TxnStatus", "Pending")
    if body["TxnStatus"] not in ESTIMATE_STATES:
        raise invalid_enum("TxnStatus", body["TxnStatus"])
    for field in ("ExpirationDate", "AcceptedDate"):
        if body.get(field):
            body[field] = read_day(body[field], field)
    kept = [link for link in (before or {}).get("LinkedTxn") or [] if link.get("TxnType") == "Invoice"]
    body.pop("LinkedTxn", None)
    if kept:
        body["LinkedTxn"] = kept


def compose_sales_receipt(unit: Unit, body: Body, before: Body | None) -> None:
    """A sale paid at once goes to Undeposited Funds unless told."""
    compose_sale(unit, "SalesReceipt", body, before)
    account = unit.referred_if_any(body, "DepositToAccountRef", "Account")
    if account is None:
        body["DepositToAccountRef"] = {"value": unit.books.chart.undeposited}
    else:
        check_account(unit, body, account, element="DepositToAccountRef")
    body["Balance"] = 0


def compose_refund_receipt(unit: Unit, body: Body, before: Body | None) -> None:
    """Money given back names the account it leaves."""
    compose_sale(unit, "RefundReceipt", body, before)
    check_account(unit, body, unit.referred(body, "DepositToAccountRef", "Account"), element="DepositToAccountRef")
    body["Balance"] = 0


def due_day(txn_day: str, term: Body | None) -> str:
    """Return when an invoice of these terms falls due."""
    days = int(term.get("DueDays") or 0) if term else DEFAULT_TERM_DAYS
    return (date.fromisoformat(txn_day) + timedelta(days=days)).isoformat()


def _settle_lines(unit: Unit, body: Body, lines: list[Body]) -> None:
    items = [line for line in lines if line.get("DetailType") in _ITEM_KINDS]
    for line in items:
        _settle_line(unit, line)
    number_lines(items)
    subtotal = sum(held(line, "Amount") for line in items)
    body["Line"] = [
        *items,
        {"Amount": amount(subtotal), "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}},
        *(_discount_line(unit, line, subtotal) for line in lines if line.get("DetailType") == "DiscountLineDetail"),
    ]


def _settle_line(unit: Unit, line: Body) -> None:
    detail = line.setdefault(line["DetailType"], {}) if line["DetailType"] != "DescriptionOnly" else {}
    if line["DetailType"] == "DescriptionOnly":
        line.setdefault("DescriptionLineDetail", {})
        line.pop("Amount", None)
        return
    if line["DetailType"] == "GroupLineDetail":
        inner = detail["Line"] = check_lines(detail)
        for part in inner:
            if part.get("DetailType") != "SalesItemLineDetail":
                raise missing("Line.GroupLineDetail.Line.SalesItemLineDetail")
            _settle_line(unit, part)
        number_lines(inner)
        line["Amount"] = amount(sum(held(part, "Amount") for part in inner))
        return
    settle_amount(line, detail)
    _settle_item(unit, detail)


def _settle_item(unit: Unit, detail: Body) -> None:
    if not (detail.get("ItemRef") or {}).get("value"):
        detail["ItemRef"] = {"value": "1"}  # QuickBooks falls back to its first service item
    item = unit.referred(detail, "ItemRef", "Item")
    if item.get("Type") == "Category":
        raise business("A category cannot be used on a transaction line.", element="ItemRef")
    detail["ItemAccountRef"] = dict(item.get("IncomeAccountRef") or {})
    unit.referred_if_any(detail, "ClassRef", "Class")
    tax = str((detail.get("TaxCodeRef") or {}).get("value") or "NON")
    if tax not in ("TAX", "NON"):
        raise bad_line_tax()
    detail["TaxCodeRef"] = {"value": tax}


def _discount_line(unit: Unit, line: Body, subtotal: int) -> Body:
    detail: dict[str, Any] = dict(line.get("DiscountLineDetail") or {})
    if detail.get("PercentBased"):
        if detail.get("DiscountPercent") is None:
            raise missing("DiscountLineDetail.DiscountPercent")
        percent = decimal(detail["DiscountPercent"], "DiscountPercent")
        detail["DiscountPercent"] = trimmed(percent)
        minor = to_cents(percent * subtotal / 10000)
    else:
        detail["PercentBased"] = False
        minor = cents(line.get("Amount"), "Line.Amount")
    if not (detail.get("DiscountAccountRef") or {}).get("value"):
        detail["DiscountAccountRef"] = {
            "value": str(unit.books.preference("SalesFormsPrefs", "DefaultDiscountAccount"))
        }
    unit.referred(detail, "DiscountAccountRef", "Account")
    return {"Amount": amount(minor), "DetailType": "DiscountLineDetail", "DiscountLineDetail": detail}


def _subtotal(body: Body) -> int:
    return sum(held(line, "Amount") for line in body["Line"] if line["DetailType"] == "SubTotalLineDetail")


def _discount(body: Body) -> int:
    return sum(held(line, "Amount") for line in body["Line"] if line["DetailType"] == "DiscountLineDetail")


def _settle_address(unit: Unit, body: Body, customer: Body) -> None:
    for field in ("BillAddr", "ShipAddr"):
        if not body.get(field) and customer.get(field):
            body[field] = customer[field]
    body["FreeFormAddress"] = True
    unit.books.number_addresses(body)


def _settle_number(unit: Unit, entity: str, body: Body, before: Body | None) -> None:
    """Give a new form its number, or check the one sent where the company numbers by hand."""
    by_hand = unit.books.preference("SalesFormsPrefs", "CustomTxnNumbers")
    if body.get("DocNumber"):
        body["DocNumber"] = str(body["DocNumber"])
        changed = before is None or before.get("DocNumber") != body["DocNumber"]
        if by_hand and changed and unit.books.switches["warn_duplicate_numbers"] and not unit.by_hand:
            _check_number_free(unit, entity, body["DocNumber"])
    elif before is not None and before.get("DocNumber") and not by_hand:
        body["DocNumber"] = before["DocNumber"]
    elif not by_hand:
        body["DocNumber"] = unit.books.next_number("sale" if entity in NUMBERED_TOGETHER else entity)


def _check_number_free(unit: Unit, entity: str, number: str) -> None:
    if number in unit.books.docs.column(entity, "DocNumber").values():
        raise duplicate_number(number)


def _settle_links(body: Body, before: Body | None) -> None:
    """Links to payments are the server's; links to estimates and the like are the client's."""
    own = [link for link in body.get("LinkedTxn") or [] if link.get("TxnType") != "Payment"]
    paid = [link for link in (before or {}).get("LinkedTxn") or [] if link.get("TxnType") == "Payment"]
    body["LinkedTxn"] = own + paid


def void_sale(unit: Unit, body: Body) -> None:
    """Empty a sales form: every amount zero, the word Voided in its note, no links."""
    for line in body["Line"]:
        line["Amount"] = 0
        detail = line.get(line["DetailType"]) or {}
        if "Qty" in detail:
            detail["Qty"] = 0
    body["TxnTaxDetail"] = {"TotalTax": 0}
    body["TotalAmt"] = body["Balance"] = 0
    settle_home(body, "TotalAmt")
    for field in ("RemainingCredit", "HomeBalance"):
        if field in body:
            body[field] = 0
    if "Deposit" in body:
        body["Deposit"] = 0
    body["LinkedTxn"] = []
    body["PrivateNote"] = voided_note(body)


def voided_note(body: Body) -> str:
    """Return the note of a voided transaction: the word first, what stood there after it."""
    note = str(body.get("PrivateNote") or "")
    if note.startswith("Voided"):
        return note
    return f"Voided - {note}"[:4000] if note else "Voided"
