"""What exactly-once rests on in QuickBooks, asked of the stand-in and of a real test company alike."""

from __future__ import annotations

import json
from typing import Any

import pytest
from quickbooks import QuickBooks
from quickbooks.exceptions import QuickbooksException
from quickbooks.objects import Customer, Invoice, Item, Payment


def post(books: QuickBooks, entity: str, body: dict[str, Any], request_id: str | None = None) -> dict[str, Any]:
    answer: dict[str, Any] = books.create_object(entity, json.dumps(body), request_id=request_id)
    made: dict[str, Any] = answer[entity]
    return made


@pytest.fixture
def invoice(books: QuickBooks, word: str) -> dict[str, Any]:
    """Return a fresh invoice over 100.00 of a fresh customer."""
    customer = post(books, "Customer", {"DisplayName": f"Tieout {word}"})
    item = Item.filter(Type="Service", max_results=1, qb=books)[0]
    detail = {"ItemRef": {"value": item.Id}, "TaxCodeRef": {"value": "NON"}}
    line = {"Amount": 100, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
    return post(books, "Invoice", {"CustomerRef": {"value": customer["Id"]}, "Line": [line]})


def payment_of(invoice: dict[str, Any], amount: int, reference: str) -> dict[str, Any]:
    link = {"TxnId": invoice["Id"], "TxnType": "Invoice"}
    return {
        "CustomerRef": {"value": invoice["CustomerRef"]["value"]},
        "TotalAmt": amount,
        "PaymentRefNum": reference,
        "Line": [{"Amount": amount, "LinkedTxn": [link]}],
    }


def test_a_payment_takes_from_the_invoice_and_moves_its_version(
    books: QuickBooks, invoice: dict[str, Any], word: str
) -> None:
    paid = post(books, "Payment", payment_of(invoice, 40, f"TO{word}"))
    after = Invoice.get(invoice["Id"], qb=books)
    assert float(after.Balance) == 60
    assert int(after.SyncToken) > int(invoice["SyncToken"])
    assert [link.TxnId for link in after.LinkedTxn] == [paid["Id"]]
    assert float(Customer.get(invoice["CustomerRef"]["value"], qb=books).Balance) == 60


def test_a_requestid_gives_the_first_answer_again(books: QuickBooks, invoice: dict[str, Any], word: str) -> None:
    asked = payment_of(invoice, 40, f"TO{word}")
    first, again = (post(books, "Payment", asked, request_id=f"t-{word}") for _ in range(2))
    assert first["Id"] == again["Id"]
    assert float(Invoice.get(invoice["Id"], qb=books).Balance) == 60


def test_a_reference_finds_the_payment(books: QuickBooks, invoice: dict[str, Any], word: str) -> None:
    paid = post(books, "Payment", payment_of(invoice, 100, f"TO{word}"))
    found = Payment.filter(PaymentRefNum=f"TO{word}", qb=books)
    assert [one.Id for one in found] == [paid["Id"]]


def test_an_old_version_is_refused(books: QuickBooks, invoice: dict[str, Any]) -> None:
    change = {"Id": invoice["Id"], "SyncToken": invoice["SyncToken"], "sparse": True, "PrivateNote": "one"}
    post(books, "Invoice", change)
    with pytest.raises(QuickbooksException) as refused:
        post(books, "Invoice", {**change, "PrivateNote": "two"})
    assert refused.value.error_code == 5010
