"""Pages of QuickBooks answers, as big and as varied as real ones: 1,000 invoices of about 3.7 KB each.

A few hundred different invoices are written once and numbered afresh for each place in the list, so that a list of any
length costs its reader everything and its server next to nothing. Law: the same number is always the same invoice.
"""

from __future__ import annotations

import json
import random
from functools import cache
from typing import Any

PAGE = 1000
SERVER_TIME = "2026-11-23T04:00:00.000-08:00"
_KINDS = 200
_NUMBER = "@number@"
_PLACES = (("Portland", "OR", "97214"), ("Bend", "OR", "97701"), ("Salem", "OR", "97301"), ("Eugene", "OR", "97401"))
_WORKS = (
    ("Tile, porcelain 12 x 24, matte, Basalt", "Tile:Porcelain", "Sales of tile"),
    ("Tile, ceramic subway 3 x 6, white, for the kitchen wall", "Tile:Ceramic", "Sales of tile"),
    ("Thinset mortar, 50 lb bags, delivered to the site", "Materials:Mortar", "Sales of materials"),
    ("Labour: removing the old floor and levelling", "Labour:Preparation", "Installation income"),
    ("Labour: setting and grouting, two people", "Labour:Setting", "Installation income"),
)


def invoices(first: int, count: int) -> list[bytes]:
    """Return the JSON of `count` invoices, numbered from `first`."""
    return _numbered(_invoice_moulds(), first, count)


def customers(first: int, count: int) -> list[bytes]:
    """Return the JSON of `count` customers, numbered from `first`."""
    return _numbered(_customer_moulds(), first, count)


def answer(entity: str, objects: list[bytes], *, start: int = 1) -> bytes:
    """Return the body that QuickBooks answers a query with."""
    if not objects:
        return b'{"QueryResponse":{},"time":"%s"}' % SERVER_TIME.encode()
    return b'{"QueryResponse":{"%s":[%s],"startPosition":%d,"maxResults":%d},"time":"%s"}' % (
        entity.encode(),
        b",".join(objects),
        start,
        len(objects),
        SERVER_TIME.encode(),
    )


def single(entity: str) -> bytes:
    """Return the answer of a read of CompanyInfo or Preferences, as short as they come."""
    document: dict[str, Any] = {"domain": "QBO", "sparse": False, "Id": "1", "SyncToken": "0"}
    if entity == "CompanyInfo":
        document |= {"CompanyName": "Harbor Tile Co.", "LegalName": "Harbor Tile Co.", "Country": "US"}
        document |= {"MetaData": _meta("2024-11-02"), "SupportedLanguages": "en"}
    else:
        document |= {
            "AccountingInfoPrefs": {"UseAccountNumbers": False, "FirstMonthOfFiscalYear": "January"},
            "SalesFormsPrefs": {"CustomTxnNumbers": False, "AllowDiscount": True, "AllowDeposit": True},
            "CurrencyPrefs": {"MultiCurrencyEnabled": False, "HomeCurrency": {"value": "USD"}},
            "TaxPrefs": {"UsingSalesTax": False},
        }
    return json.dumps({entity: document, "time": SERVER_TIME}, separators=(",", ":")).encode()


def _numbered(moulds: list[list[bytes]], first: int, count: int) -> list[bytes]:
    return [str(n).encode().join(moulds[n % len(moulds)]) for n in range(first, first + count)]


def _mould(document: dict[str, Any]) -> list[bytes]:
    return json.dumps(document, separators=(",", ":")).encode().split(_NUMBER.encode())


@cache
def _invoice_moulds() -> list[list[bytes]]:
    dice = random.Random(20261123)
    return [_mould(_invoice(dice)) for _ in range(_KINDS)]


@cache
def _customer_moulds() -> list[list[bytes]]:
    dice = random.Random(20261122)
    return [_mould(_customer(dice)) for _ in range(_KINDS)]


def _day(dice: random.Random) -> str:
    return f"2026-{dice.randint(1, 11):02d}-{dice.randint(1, 28):02d}"


def _meta(day: str) -> dict[str, Any]:
    return {
        "CreateTime": f"{day}T09:12:44-08:00",
        "LastModifiedByRef": {"value": "9341457021722234"},
        "LastUpdatedTime": f"{day}T16:40:03-08:00",
    }


def _address(dice: random.Random, n: str) -> dict[str, Any]:
    city, state, code = dice.choice(_PLACES)
    return {
        "Id": n,
        "Line1": f"{dice.randint(10, 9999)} SE Division Street",
        "City": city,
        "CountrySubDivisionCode": state,
        "PostalCode": code,
        "Lat": "45.5048",
        "Long": "-122.6539",
    }


def _line(dice: random.Random, n: int) -> dict[str, Any]:
    text, item, account = dice.choice(_WORKS)
    cents, quantity = dice.randint(150, 90_000), dice.randint(1, 40)
    return {
        "Id": str(n),
        "LineNum": n,
        "Description": f"{text}; as agreed on {_day(dice)}",
        "Amount": cents * quantity / 100,
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {
            "ItemRef": {"value": str(dice.randint(1, 60)), "name": item},
            "UnitPrice": cents / 100,
            "Qty": quantity,
            "ItemAccountRef": {"value": str(dice.randint(40, 99)), "name": account},
            "TaxCodeRef": {"value": "NON"},
        },
        "CustomExtensions": [],
    }


def _invoice(dice: random.Random) -> dict[str, Any]:
    lines = [_line(dice, n) for n in range(1, dice.randint(6, 8))]
    cents = sum(round(line["Amount"] * 100) for line in lines)
    day, customer = _day(dice), dice.randint(1, 400)
    return {
        "AllowIPNPayment": False,
        "AllowOnlinePayment": False,
        "AllowOnlineCreditCardPayment": False,
        "AllowOnlineACHPayment": False,
        "domain": "QBO",
        "sparse": False,
        "Id": _NUMBER,
        "SyncToken": "0",
        "MetaData": _meta(day),
        "CustomField": [
            {
                "DefinitionId": "1",
                "Name": "Project",
                "Type": "StringType",
                "StringValue": f"P-{dice.randint(100, 999)}",
            },
            {
                "DefinitionId": "2",
                "Name": "P.O. number",
                "Type": "StringType",
                "StringValue": f"{dice.randint(1, 9**6)}",
            },
        ],
        "DocNumber": _NUMBER,
        "TxnDate": day,
        "CurrencyRef": {"value": "USD", "name": "United States Dollar"},
        "LinkedTxn": [],
        "Line": [*lines, {"Amount": cents / 100, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}],
        "TxnTaxDetail": {"TotalTax": 0, "TaxLine": []},
        "CustomerRef": {"value": str(customer), "name": f"Customer {customer}, tiles and stone"},
        "CustomerMemo": {"value": "Thank you for your business. Please name the invoice number with your payment."},
        "BillAddr": _address(dice, "68"),
        "ShipAddr": _address(dice, "69"),
        "FreeFormAddress": False,
        "SalesTermRef": {"value": "3", "name": "Net 30"},
        "DueDate": day,
        "TotalAmt": cents / 100,
        "ApplyTaxAfterDiscount": False,
        "PrintStatus": "NeedToPrint",
        "EmailStatus": "EmailSent",
        "BillEmail": {"Address": f"accounts.payable{customer}@customer.example"},
        "Balance": dice.choice((0, cents, cents, cents // 2)) / 100,
        "DeliveryInfo": {"DeliveryType": "Email", "DeliveryTime": f"{day}T16:41:00-08:00"},
    }


def _customer(dice: random.Random) -> dict[str, Any]:
    return {
        "Taxable": False,
        "BillAddr": _address(dice, "2"),
        "Job": False,
        "BillWithParent": False,
        "Balance": dice.randint(0, 900_000) / 100,
        "BalanceWithJobs": 0,
        "CurrencyRef": {"value": "USD", "name": "United States Dollar"},
        "PreferredDeliveryMethod": "Email",
        "domain": "QBO",
        "sparse": False,
        "Id": _NUMBER,
        "SyncToken": "0",
        "MetaData": _meta(_day(dice)),
        "FullyQualifiedName": f"Customer {_NUMBER}, tiles and stone",
        "CompanyName": f"Customer {_NUMBER}, tiles and stone",
        "DisplayName": f"Customer {_NUMBER}, tiles and stone",
        "PrintOnCheckName": f"Customer {_NUMBER}, tiles and stone",
        "Active": True,
        "PrimaryPhone": {"FreeFormNumber": "(503) 555-0100"},
        "PrimaryEmailAddr": {"Address": f"accounts.payable{_NUMBER}@customer.example"},
    }
