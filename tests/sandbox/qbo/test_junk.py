"""Junk of every shape: each answer is a fault in an envelope, never a broken server, and the books stay right."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest

from tests.sandbox.client import Company, applied, sale

JUNK: tuple[Any, ...] = (
    None,
    "",
    "x",
    0,
    -1,
    10**30,
    True,
    [],
    {},
    [[]],
    [{}],
    [None],
    {"value": {}},
    {"value": []},
    "é" * 5000,
)


def bodies(company: Company) -> dict[str, dict[str, Any]]:
    buyer = {"value": company.customer()["Id"]}
    invoice = company.invoice(buyer["value"], "100")["Id"]
    bank, fees, savings = ({"value": company.account(name)} for name in ("Checking", "Merchant fees", "Savings"))
    expense, journal, deposit = (
        "AccountBasedExpenseLineDetail",
        "JournalEntryLineDetail",
        "DepositLineDetail",
    )

    def leg(side: str) -> dict[str, Any]:
        entity = {"Type": "Customer", "EntityRef": buyer}
        detail = {"PostingType": side, "AccountRef": bank, "Entity": entity}
        return {"Amount": 5, "DetailType": journal, journal: detail}

    discount = {"DetailType": "DiscountLineDetail", "DiscountLineDetail": {"PercentBased": True, "DiscountPercent": 5}}
    group = {"DetailType": "GroupLineDetail", "GroupLineDetail": {"Line": [sale("5")]}}
    tax_line = {"Amount": 1, "DetailType": "TaxLineDetail", "TaxLineDetail": {"TaxPercent": 8, "NetAmountTaxable": 5}}
    return {
        "Invoice": {
            "CustomerRef": buyer,
            "TxnDate": "2026-01-01",
            "SalesTermRef": {"value": "3"},
            "BillAddr": {"Line1": "x"},
            "BillEmail": {"Address": "a@b.example"},
            "CustomerMemo": {"value": "x"},
            "Line": [sale("10", Qty=2, UnitPrice=5, ItemRef={"value": "1"}), group, discount],
            "TxnTaxDetail": {"TxnTaxCodeRef": {"value": "2"}, "TotalTax": 1, "TaxLine": [tax_line]},
            "LinkedTxn": [{"TxnId": "9", "TxnType": "Estimate"}],
        },
        "Payment": {
            "CustomerRef": buyer,
            "TotalAmt": 10,
            "DepositToAccountRef": bank,
            "PaymentMethodRef": {"value": "1"},
            "CurrencyRef": {"value": "USD"},
            "Line": [applied("Invoice", invoice, "10")],
        },
        "Purchase": {
            "PaymentType": "Cash",
            "AccountRef": bank,
            "EntityRef": {**buyer, "type": "Customer"},
            "Line": [{"Amount": 5, "DetailType": expense, expense: {"AccountRef": fees, "CustomerRef": buyer}}],
        },
        "Transfer": {"FromAccountRef": bank, "ToAccountRef": savings, "Amount": 5},
        "JournalEntry": {"Line": [leg("Debit"), leg("Credit")]},
        "Deposit": {
            "DepositToAccountRef": bank,
            "CashBack": {"AccountRef": savings, "Amount": 1},
            "Line": [{"Amount": 5, "DetailType": deposit, deposit: {"AccountRef": fees}}],
        },
        "Customer": {"DisplayName": "N", "PrimaryEmailAddr": {"Address": "a@b.example"}, "BillAddr": {"Line1": "x"}},
        "Account": {"Name": "N", "AccountType": "Bank", "ParentRef": bank},
        "Item": {"Name": "N", "Type": "Service", "IncomeAccountRef": {"value": "1"}, "UnitPrice": 5},
        "Term": {"Name": "N", "DueDays": 5, "DiscountPercent": 2},
    }


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of everything inside a body."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [path] if path else []
    for step, inner in steps:
        found += places(inner, (*path, step))
    return found


def spoiled(body: dict[str, Any], path: tuple[Any, ...], junk: Any) -> dict[str, Any]:
    copied = copy.deepcopy(body)
    place: Any = copied
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = junk
    return copied


@pytest.mark.parametrize(
    "entity",
    ["Invoice", "Payment", "Purchase", "Transfer", "JournalEntry", "Deposit", "Customer", "Account", "Item", "Term"],
)
def test_junk_anywhere_in_a_body_is_a_fault_or_does_no_harm(company: Company, entity: str) -> None:
    body = bodies(company)[entity]
    for path in places(body):
        for junk in JUNK:
            answer = company.post(entity.lower(), spoiled(body, path, junk))
            assert answer.status_code in (200, 400), (path, junk, answer.text)
            if answer.status_code == 400:
                assert answer.json()["Fault"]["Error"][0]["code"], (path, junk)
                continue
            made = answer.json()[entity]
            if entity in ("Payment", "Invoice", "Purchase", "Transfer", "JournalEntry", "Deposit"):
                company.post(
                    entity.lower(), {"Id": made["Id"], "SyncToken": "0"}, operation="delete"
                ).raise_for_status()
    assert company.steer("quickbooks/ledger", method="GET")["sum_cents"] == 0
    assert company.balance("Accounts Receivable (A/R)") == 10000, "the one good invoice is all there is"


def test_junk_for_a_query_is_a_fault(company: Company) -> None:
    company.invoice(company.customer()["Id"], "5")
    draw = random.Random(7)
    words = (
        "SELECT * FROM Invoice WHERE Balance > '0' AND Id IN ( '1' , '2' ) ORDERBY Id DESC STARTPOSITION 1 MAXRESULTS 5"
    )
    for _ in range(150):
        parts = words.split()
        for _ in range(draw.randrange(1, 4)):
            parts[draw.randrange(len(parts))] = draw.choice(
                ("'", "(", "", "\\", "é", "SELECT", "Bogus", "'x'", "9" * 40, ";")
            )
        answer = company.get("query", query=" ".join(parts))
        assert answer.status_code in (200, 400), " ".join(parts)


def test_a_body_nested_without_end_is_a_fault(company: Company) -> None:
    deep = b'{"DisplayName":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    answer = company.http.post(f"{company.base}/customer", data=deep, headers=company.headers)
    assert (answer.status_code, answer.json()["Fault"]["Error"][0]["code"]) == (400, "2010")


def test_junk_in_a_batch_is_a_fault_of_its_item(company: Company) -> None:
    for junk in (*JUNK, {"bId": "1"}, {"bId": "1", "operation": {}, "Customer": {}}):
        answer = company.post("batch", {"BatchItemRequest": [junk]})
        assert answer.status_code in (200, 400), junk
        assert "Fault" in answer.text or "QueryResponse" in answer.text, junk
