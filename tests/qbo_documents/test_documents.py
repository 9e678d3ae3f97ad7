"""Postings as documents: the fields of each kind, exact amounts, reproducible bytes, Intuit's own schema."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.ledger.allocation import Share
from connector.ledger.keys import reference
from connector.ledger.money import Money
from connector.ledger.postings import ChargeFact, PayoutFact, Posting, charge_postings, fee_posting, payout_posting
from connector.qbo.documents import Chart, NotBookable, bytes_of, disagreements, document_of, thaw, unapplied_in
from connector.qbo.shapes import RawObject
from tests.xsd import judge

CHART = Chart(clearing="93", fees="61", bank="35", vendor="58", method="7")


def charge(shares: dict[str, int], *, rest: int = 0, fee: int = 100, currency: str = "USD") -> ChargeFact:
    parts = tuple(Share(invoice, "24", Money(minor, currency)) for invoice, minor in shares.items())
    gross = Money(sum(shares.values()) + rest, currency)
    day = date(2026, 11, 20)
    return ChargeFact("acct_1", "ch_3QabcDEF", "01JPAY", "txn_1", gross, Money(fee, currency), day, parts, "24")


def payout(minor: int) -> Posting:
    return payout_posting(PayoutFact("acct_1", "po_1QabcDEF", "txn_2", Money(minor, "USD"), date(2026, 11, 23)))


def sent(posting: Posting, chart: Chart = CHART, **more: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(bytes_of(document_of(posting, chart, **more)), parse_float=Decimal)
    return body


def test_a_charge_is_a_payment_with_a_line_for_each_invoice() -> None:
    (posting,) = charge_postings(charge({"145": 162000, "151": 38000}, rest=1250))
    assert sent(posting) == {
        "CustomerRef": {"value": "24"},
        "TotalAmt": Decimal("2012.50"),
        "CurrencyRef": {"value": "USD"},
        "DepositToAccountRef": {"value": "93"},
        "PaymentMethodRef": {"value": "7"},
        "PaymentRefNum": reference(posting.key),
        "TxnDate": "2026-11-20",
        "PrivateNote": "Stripe ch_3QabcDEF; Tieout 01JPAY",
        "Line": [
            {"Amount": Decimal("1620.00"), "LinkedTxn": [{"TxnId": "145", "TxnType": "Invoice"}]},
            {"Amount": Decimal("380.00"), "LinkedTxn": [{"TxnId": "151", "TxnType": "Invoice"}]},
        ],
    }


def test_a_fee_is_a_cash_purchase_out_of_clearing() -> None:
    posting = fee_posting(charge({"145": 100000}, fee=2930))
    assert posting is not None
    body = sent(posting)
    assert (body["PaymentType"], body["AccountRef"], body["EntityRef"]) == (
        "Cash",
        {"value": "93"},
        {"type": "Vendor", "value": "58"},
    )
    assert body["DocNumber"] == reference(posting.key)
    (line,) = body["Line"]
    assert (line["Amount"], line["AccountBasedExpenseLineDetail"]) == (
        Decimal("29.30"),
        {"AccountRef": {"value": "61"}},
    )
    assert "ch_3QabcDEF" in body["PrivateNote"]


@pytest.mark.parametrize(("minor", "ends"), [(95000, ("93", "35")), (-4000, ("35", "93"))])
def test_a_payout_is_a_transfer_that_always_moves_a_positive_amount(minor: int, ends: tuple[str, str]) -> None:
    body = sent(payout(minor))
    assert (body["FromAccountRef"]["value"], body["ToAccountRef"]["value"]) == ends
    assert body["Amount"] == abs(Decimal(minor).scaleb(-2))
    assert "po_1QabcDEF" in body["PrivateNote"]


@pytest.mark.parametrize(
    ("currency", "minor", "text"), [("JPY", 5000, b"5000"), ("KWD", 5005, b"5.005"), ("USD", 7, b"0.07")]
)
def test_amounts_are_numbers_with_exactly_the_currencys_digits(currency: str, minor: int, text: bytes) -> None:
    (posting,) = charge_postings(charge({"145": minor}, currency=currency, fee=0))
    assert b'"TotalAmt":' + text + b"," in bytes_of(document_of(posting, CHART))


@given(st.integers(1, 10**12))
def test_no_amount_passes_through_a_float(minor: int) -> None:
    (posting,) = charge_postings(charge({"145": minor}))
    body = sent(posting)
    assert body["TotalAmt"] == body["Line"][0]["Amount"] == Decimal(minor).scaleb(-2)
    assert isinstance(body["TotalAmt"], Decimal)


@given(st.integers(1, 10**9), st.integers(1, 10**9), st.integers(0, 10**9))
def test_the_frozen_bytes_give_the_document_back(first: int, second: int, rest: int) -> None:
    (posting,) = charge_postings(charge({"145": first, "151": second}, rest=rest))
    document = document_of(posting, CHART)
    assert bytes_of(document) == bytes_of(document_of(posting, CHART))
    again = thaw(posting, bytes_of(document))
    assert again == document
    assert bytes_of(again) == bytes_of(document)


@given(st.dictionaries(st.sampled_from(["145", "151", "160"]), st.integers(0, 10**6)))
def test_lines_are_cut_to_what_an_invoice_still_has_open(limits: dict[str, int]) -> None:
    paid = {"145": 5000, "151": 7000}
    (posting,) = charge_postings(charge(paid))
    body = sent(posting, limits=limits)
    lines = {line["LinkedTxn"][0]["TxnId"]: int(line["Amount"] * 100) for line in body["Line"]}
    assert lines == {
        one: min(minor, limits.get(one, 0)) for one, minor in paid.items() if min(minor, limits.get(one, 0))
    }
    assert body["TotalAmt"] == 120, "the money that came is never cut"


def test_each_kind_says_how_it_is_found_again() -> None:
    fact = charge({"145": 100})
    (payment,) = charge_postings(fact)
    fee = fee_posting(fact)
    assert fee is not None
    found = [document_of(posting, CHART) for posting in (payment, fee, payout(100))]
    assert [document.lookup.partition(" ORDERBY ")[0] for document in found] == [
        f"SELECT * FROM Payment WHERE PaymentRefNum = '{reference(payment.key)}'",
        f"SELECT * FROM Purchase WHERE DocNumber = '{reference(fee.key)}'",
        "SELECT * FROM Transfer WHERE TxnDate = '2026-11-23'",
    ]
    assert [document.must_contain for document in found] == ["ch_3QabcDEF", "ch_3QabcDEF", "po_1QabcDEF"]


@pytest.mark.parametrize("role", ["clearing", "fees", "bank"])
def test_an_account_that_nobody_chose_is_not_guessed(role: str) -> None:
    chart = replace(CHART, **{role: ""})
    fact = charge({"145": 100})
    fee = fee_posting(fact)
    assert fee is not None
    posting = {"clearing": charge_postings(fact)[0], "fees": fee, "bank": payout(100)}[role]
    with pytest.raises(NotBookable) as refused:
        document_of(posting, chart)
    assert refused.value.needs == role
    document_of(posting, CHART)


def test_what_the_books_say_otherwise_is_named() -> None:
    (posting,) = charge_postings(charge({"145": 10000}))
    document = document_of(posting, CHART)
    same = {**sent(posting), "Id": "190", "UnappliedAmt": Decimal("12.5")}

    def said(**changes: Any) -> bytes:
        return json.dumps({**same, **changes}, default=float).encode()

    assert disagreements(document, said()) == []
    assert disagreements(document, said(TotalAmt=100)) == [], "100 and 100.00 are one amount"
    assert disagreements(document, said(TotalAmt=100.01)) == ["TotalAmt"]
    assert disagreements(document, said(CustomerRef={"value": "25"})) == ["CustomerRef.value"]
    assert disagreements(document, said(DepositToAccountRef={"value": "4"})) == ["DepositToAccountRef.value"]
    assert unapplied_in(RawObject("Payment", "190", "0", said()), "USD") == Money(1250, "USD")


def test_intuits_schema_has_nothing_against_what_we_send(shared: Any) -> None:
    fact = charge({"145": 162000, "151": 38000}, rest=1250)
    fee = fee_posting(fact)
    assert fee is not None
    for posting in (*charge_postings(fact), fee, payout(95000), payout(-95000)):
        document = document_of(posting, CHART)
        assert judge(document.entity, json.loads(bytes_of(document))) == []
    assert judge("Payment", {"TotalAmount": 1}), "a wrong name would have been seen"
