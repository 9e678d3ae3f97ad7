"""Early-payment discounts: granted until their last day, posted as QuickBooks holds them, fixed by the press."""

from __future__ import annotations

import pytest

from connector.ledger.payments import PaymentState
from connector.store.companies import CompanyRow, MappingRow
from jobs.receipts import read_receipt
from sync.pull import pull_company
from sync.pushing import decisions
from sync.tieout import prove
from sync.verify import verify
from tests.sync.settle.till import GOOD_BANK, VISA, Till

OFF = 1240  # 2 % of 620.00


@pytest.fixture
def granting(till: Till) -> Till:
    """Harbor Tile, which grants what its terms say."""
    account = till.by_hand("Account", Name="Discounts given here", AccountType="Income")
    item = till.by_hand("Item", Name="Early payment", Type="Service", IncomeAccountRef={"value": account})
    till.touch(CompanyRow, early_discount=True)
    with till.db.write("item") as session:
        session.add(MappingRow(company_id=till.company_id, role="discount", currency="", qbo_id=item, name="Early"))
    return till


def invoice(till: Till, minor: int = 62000, number: str = "1068", *, days: int = 10, tax: float = 0) -> str:
    term = till.by_hand("Term", Name=f"2% {days} for {number}", DueDays=30, DiscountPercent=2, DiscountDays=days)
    paper = {"DocNumber": number, "Line": [till.line(minor)], "SalesTermRef": {"value": term}}
    made = till.by_hand("Invoice", CustomerRef={"value": till.blue_mesa}, TxnTaxDetail={"TotalTax": tax}, **paper)
    pull_company(till.rt, till.company_id)
    return made


def discount(invoice_id: str, minor: int = OFF) -> tuple[tuple[str, int], ...]:
    return ((f"discount/{invoice_id}", minor),)


def test_a_discount_is_a_credit_memo_that_the_payment_uses_up(granting: Till) -> None:
    till, bill = granting, invoice(granting)
    started = till.start({bill: 62000}, credits=discount(bill))
    assert started.amount.minor == 60760
    till.confirm(started.payment_id, card=VISA)
    till.later(3)
    assert till.settle(started.payment_id) is PaymentState.SUCCEEDED
    till.push()
    [memo], [payment] = till.in_books("CreditMemo"), till.in_books("Payment")
    assert (float(memo["TotalAmt"]), memo["Balance"]) == (12.4, 0)
    assert memo["Line"][0]["SalesItemLineDetail"]["TaxCodeRef"]["value"] == "NON"
    assert (float(payment["TotalAmt"]), payment["UnappliedAmt"]) == (607.6, 0)
    assert {(one["LinkedTxn"][0]["TxnType"], float(one["Amount"])) for one in payment["Line"]} == {
        ("Invoice", 620),
        ("CreditMemo", 12.4),
    }
    [paid] = till.in_books("Invoice")
    assert paid["Balance"] == 0
    assert prove(till.rt, till.company_id, live=True).ties
    assert {b.invariant for one in verify(till.rt, till.company_id) for b in one.broken} <= {"I-21"}  # no tokens here
    with till.db.read() as session:
        receipt = read_receipt(session, till.company_id, started.payment_id)
    assert [(line.label, line.amount.minor) for line in receipt.lines] == [
        ("Invoice 1068", 62000),
        ("Early-payment discount, invoice 1068", -OFF),
    ]


def test_a_debit_that_settles_after_the_last_day_keeps_what_its_press_was_granted(granting: Till) -> None:
    till, bill = granting, invoice(granting, days=1)
    started = till.start({bill: 62000}, credits=discount(bill))
    till.confirm(started.payment_id, bank_account=GOOD_BANK)
    till.later(3)
    till.settle(started.payment_id)
    till.later(6 * 86400)
    assert till.settle(started.payment_id) is PaymentState.SUCCEEDED
    till.push()
    [paid] = till.in_books("Invoice")
    assert paid["Balance"] == 0
    assert prove(till.rt, till.company_id, live=True).ties


def test_after_the_last_day_nothing_is_granted(granting: Till) -> None:
    till, bill = granting, invoice(granting, days=1)
    till.later(2 * 86400)
    refused = till.refused({bill: 62000}, credits=discount(bill))
    assert refused.sentence == "The discount on invoice 1068 is not granted any more. Nothing was charged."
    assert till.payments() == []
    assert till.start({bill: 62000}).amount.minor == 62000


def test_only_for_all_that_is_open_and_only_as_it_is_now(granting: Till) -> None:
    till, bill = granting, invoice(granting)
    said = "The discount on invoice 1068 is $12.40, if all of it is paid. Nothing was charged."
    assert till.refused({bill: 50000}, credits=discount(bill, 1000)).sentence == said
    assert till.refused({bill: 62000}, credits=discount(bill, 62000 // 10)).sentence == said
    assert till.payments() == []


def test_not_without_the_companys_word_nor_on_tax_that_nobody_decided(granting: Till) -> None:
    till, bill = granting, invoice(granting, tax=53.94)
    [body] = till.in_books("Invoice")
    whole = round(body["Balance"] * 100)
    off = (whole * 2 + 50) // 100
    assert till.refused({bill: whole}, credits=discount(bill, off)).reason == "credit"
    till.touch(CompanyRow, discount_taxed=True)
    assert till.start({bill: whole}, credits=discount(bill, off)).amount.minor == whole - off
    other = invoice(till, number="1069")
    till.touch(CompanyRow, early_discount=False)
    assert till.refused({other: 62000}, credits=discount(other)).reason == "credit"


def test_with_a_credit_beside_it_and_all_of_it_without_money(granting: Till) -> None:
    till, bill = granting, invoice(granting)
    memo = till.by_hand("CreditMemo", CustomerRef={"value": till.blue_mesa}, DocNumber="CM-1", Line=[till.line(90000)])
    name = f"CreditMemo/{memo}"
    answer = till.refused({bill: 62000}, credits=((name, 62000), *discount(bill)))
    assert answer.reason == "unknown_credit"  # more than the invoice
    started = till.start({bill: 62000}, credits=((name, 62000 - OFF), *discount(bill)))
    assert (started.amount.minor, started.state) == (0, PaymentState.SUCCEEDED)
    till.push()
    [paid] = till.in_books("Invoice")
    assert paid["Balance"] == 0
    [lent] = [one for one in till.in_books("CreditMemo") if one["Id"] == memo]
    assert round(lent["Balance"] * 100) == 90000 - 62000 + OFF


def test_a_dropped_discount_leaves_its_part_open_and_holds_no_money_back(granting: Till) -> None:
    till, bill = granting, invoice(granting)
    started = till.start({bill: 62000}, credits=discount(bill))
    till.confirm(started.payment_id, card=VISA)
    till.later(3)
    till.settle(started.payment_id)
    till.faults(("creditmemo.create", "closed_6210"))
    till.push()
    [held] = [one for one in till.postings() if one.kind == "discount"]
    assert held.state == "held"
    assert till.in_books("Payment") == []  # it waits for the memo that it uses up
    decisions.drop(till.rt, held.id, "Omar", "we grant none")
    till.push()
    [paid] = till.in_books("Invoice")
    assert float(paid["Balance"]) == 12.4
    assert prove(till.rt, till.company_id, live=True).ties


def test_a_lost_answer_posts_each_document_once(granting: Till) -> None:
    till, bill = granting, invoice(granting)
    started = till.start({bill: 62000}, credits=discount(bill))
    till.confirm(started.payment_id, card=VISA)
    till.later(3)
    till.settle(started.payment_id)
    till.faults(("creditmemo.create", "drop_after_commit"), ("payment.create", "drop_after_commit"))
    for _ in range(3):
        till.push()
        till.later(10)
    assert {one.state for one in till.postings()} == {"posted"}
    assert (len(till.in_books("CreditMemo")), len(till.in_books("Payment"))) == (1, 1)
