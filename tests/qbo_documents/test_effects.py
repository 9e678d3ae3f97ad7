"""What each kind of document does to the clearing account, and the recorded real ones read without a float."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from connector.ledger.money import Money, MoneyError
from connector.qbo.document_effects import REGISTER_ENTITIES, effect_of
from connector.qbo.shapes import RawObject


def ref(qbo_id: str) -> dict[str, str]:
    return {"value": qbo_id}


def line(kind: str, amount: float, **detail: Any) -> dict[str, Any]:
    return {"Amount": amount, "DetailType": kind, kind: detail}


CASES: list[tuple[str, dict[str, Any], int | None]] = [
    ("Payment", {"TotalAmt": 1000.10, "DepositToAccountRef": ref("93")}, 100010),
    ("Payment", {"TotalAmt": 1000.10, "DepositToAccountRef": ref("4")}, None),
    ("Payment", {"TotalAmt": 0, "DepositToAccountRef": ref("93"), "PrivateNote": "Voided - x"}, 0),
    ("SalesReceipt", {"TotalAmt": 5, "DepositToAccountRef": ref("93")}, 500),
    ("RefundReceipt", {"TotalAmt": 5, "DepositToAccountRef": ref("93")}, -500),
    ("Purchase", {"TotalAmt": 29.3, "AccountRef": ref("93"), "Line": []}, -2930),
    ("Purchase", {"TotalAmt": 29.3, "AccountRef": ref("93"), "Credit": True, "Line": []}, 2930),
    (
        "Purchase",
        {
            "TotalAmt": 7,
            "AccountRef": ref("35"),
            "Line": [line("AccountBasedExpenseLineDetail", 7, AccountRef=ref("93"))],
        },
        700,
    ),
    ("Transfer", {"Amount": 950, "FromAccountRef": ref("93"), "ToAccountRef": ref("35")}, -95000),
    ("Transfer", {"Amount": 950, "FromAccountRef": ref("35"), "ToAccountRef": ref("93")}, 95000),
    (
        "JournalEntry",
        {
            "Line": [
                line("JournalEntryLineDetail", 3, PostingType="Debit", AccountRef=ref("93")),
                line("JournalEntryLineDetail", 1, PostingType="Credit", AccountRef=ref("93")),
                line("JournalEntryLineDetail", 2, PostingType="Credit", AccountRef=ref("35")),
            ]
        },
        200,
    ),
    (
        "Deposit",
        {
            "TotalAmt": 10,
            "DepositToAccountRef": ref("35"),
            "Line": [{"Amount": 6, "LinkedTxn": []}, line("DepositLineDetail", 4, AccountRef=ref("93"))],
        },
        -400,
    ),
    ("Deposit", {"TotalAmt": 10, "DepositToAccountRef": ref("93"), "Line": []}, 1000),
    (
        "Deposit",
        {
            "TotalAmt": 8,
            "DepositToAccountRef": ref("35"),
            "CashBack": {"Amount": 2, "AccountRef": ref("93")},
            "Line": [],
        },
        200,
    ),
]


@pytest.mark.parametrize(("entity", "fields", "minor"), CASES)
def test_what_a_document_does_to_the_clearing_account(entity: str, fields: dict[str, Any], minor: int | None) -> None:
    body = json.dumps({"Id": "7", "TxnDate": "2026-11-20", **fields}).encode()
    effect = effect_of(RawObject(entity, "7", "0", body), "93", "USD")
    assert (effect.amount if effect else None) == (None if minor is None else Money(minor, "USD"))


def test_every_kind_of_the_register_has_a_case() -> None:
    assert {entity for entity, _, _ in CASES} == set(REGISTER_ENTITIES)


def test_a_part_of_a_cent_is_refused() -> None:
    body = b'{"TxnDate":"2026-11-20","TotalAmt":1.005,"DepositToAccountRef":{"value":"93"}}'
    with pytest.raises(MoneyError):
        effect_of(RawObject("Payment", "7", "0", body), "93", "USD")


def test_recorded_documents_of_the_real_service_are_read(shared: Path) -> None:
    read = 0
    for entity in REGISTER_ENTITIES:
        for path in sorted((shared / "quickbooks_recorded" / "response" / entity).glob("*.json")):
            body = json.loads(path.read_bytes())
            body = body.get(entity, body)
            raw = RawObject(entity, body["Id"], body["SyncToken"], json.dumps(body).encode())
            for account in _accounts_in(body):
                effect = effect_of(raw, account, "USD")
                read += effect is not None
    assert read > 30


def _accounts_in(body: Any) -> set[str]:
    """Return the ids that anything called an account refers to, wherever it stands."""
    if isinstance(body, list):
        return set().union(*(_accounts_in(one) for one in body))
    if not isinstance(body, dict):
        return set()
    own = {str(value["value"]) for name, value in body.items() if name.endswith("AccountRef") and value}
    return own.union(*(_accounts_in(value) for value in body.values()))
