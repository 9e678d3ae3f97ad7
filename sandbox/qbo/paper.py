"""A sales form or a payment as a printed page: who, whom, lines, totals."""

from __future__ import annotations

from typing import Any

from sandbox.qbo.books import Books
from sandbox.qbo.codec import Body, held
from sandbox.qbo.entities import Entity
from sandbox.qbo.pdf import Sheet, bind

_LEFT, _RIGHT, _BOTTOM = 54, 558, 700
_TITLES = {"CreditMemo": "CREDIT MEMO", "SalesReceipt": "SALES RECEIPT", "RefundReceipt": "REFUND RECEIPT"}


def money(minor: int) -> str:
    """Write cents for people: 1,234.50."""
    sign = "-" if minor < 0 else ""
    return f"{sign}{abs(minor) // 100:,}.{abs(minor) % 100:02d}"


def paper_of(books: Books, entity: Entity, body: Body) -> bytes:
    """Return a document as a PDF file."""
    company = books.docs.body("CompanyInfo", "1") or {}
    title = _TITLES.get(entity.name, entity.name.upper())
    sheets = [Sheet()]
    y = _head(sheets[0], company, body, title)
    for line in body.get("Line", ()):
        if (
            line.get("DetailType") in ("SalesItemLineDetail", "DescriptionOnly", "GroupLineDetail")
            or "LinkedTxn" in line
        ):
            if y > _BOTTOM:
                sheets.append(Sheet())
                y = _columns(sheets[-1], 60)
            y = _line(sheets[-1], line, y)
    _totals(sheets[-1], body, y)
    return bind(sheets, title=f"{title.title()} {body.get('DocNumber') or body['Id']}")


def _head(sheet: Sheet, company: Body, body: Body, title: str) -> float:
    sheet.write(str(company.get("CompanyName", "")), _LEFT, 66, size=16, bold=True)
    for n, text in enumerate(_address(company.get("CompanyAddr") or {})):
        sheet.write(text, _LEFT, 84 + 13 * n)
    sheet.write_right(title, _RIGHT, 66, size=16, bold=True)
    facts = [
        ("Number", body.get("DocNumber") or body["Id"]),
        ("Date", body.get("TxnDate")),
        ("Due", body.get("DueDate")),
    ]
    for n, (word, value) in enumerate((word, value) for word, value in facts if value):
        sheet.write(f"{word}: {value}", 430, 90 + 14 * n)
    sheet.write("Bill to", _LEFT, 160, size=9, bold=True)
    sheet.write(str((body.get("CustomerRef") or {}).get("name", "")), _LEFT, 175)
    for n, text in enumerate(_address(body.get("BillAddr") or {})):
        sheet.write(text, _LEFT, 189 + 13 * n)
    return _columns(sheet, 260)


def _address(address: Body) -> list[str]:
    place = " ".join(
        str(address[part]) for part in ("City", "CountrySubDivisionCode", "PostalCode") if address.get(part)
    )
    return [text for text in (address.get("Line1"), address.get("Line2"), place) if text]


def _columns(sheet: Sheet, y: float) -> float:
    sheet.write("Description", _LEFT, y, size=9, bold=True)
    for word, x in (("Qty", 400), ("Rate", 475), ("Amount", _RIGHT)):
        sheet.write_right(word, x, y, size=9, bold=True)
    sheet.rule(_LEFT, _RIGHT, y + 5)
    return y + 22


def _line(sheet: Sheet, line: Body, y: float) -> float:
    detail: Body = line.get(line.get("DetailType", ""), {})
    sheet.write(_words(line, detail)[:62], _LEFT, y)
    for value, x in ((detail.get("Qty"), 400), (detail.get("UnitPrice"), 475)):
        if value is not None:
            sheet.write_right(str(value), x, y)
    if "Amount" in line:
        sheet.write_right(money(held(line, "Amount")), _RIGHT, y)
    return y + 16


def _words(line: Body, detail: Body) -> str:
    if line.get("LinkedTxn") and "DetailType" not in line:
        return " ".join(f"{link['TxnType']} {link['TxnId']}" for link in line["LinkedTxn"])
    named: Any = (detail.get("ItemRef") or {}).get("name", "")
    return str(line.get("Description") or named)


def _totals(sheet: Sheet, body: Body, y: float) -> None:
    sheet.rule(360, _RIGHT, y)
    rows = [("Tax", held(body.get("TxnTaxDetail") or {}, "TotalTax")), ("Total", held(body, "TotalAmt"))]
    rows += [("Balance due", held(body, "Balance"))] if "Balance" in body else []
    for n, (word, minor) in enumerate(rows):
        sheet.write(word, 400, y + 18 + 16 * n, bold=word != "Tax")
        sheet.write_right(f"${money(minor)}", _RIGHT, y + 18 + 16 * n, bold=word != "Tax")
