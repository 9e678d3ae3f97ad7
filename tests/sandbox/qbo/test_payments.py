"""Payments: what they settle, what is left, what happens when anything about it changes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.client import Company, applied, sale


@pytest.fixture
def buyer(company: Company) -> str:
    return str(company.customer()["Id"])


def memo_of(company: Company, buyer: str, amount: str) -> dict[str, Any]:
    return company.create("CreditMemo", CustomerRef={"value": buyer}, Line=[sale(amount)])


def test_one_payment_settles_several_invoices_in_full_and_in_part(company: Company, buyer: str) -> None:
    first, second = company.invoice(buyer, "1620.00"), company.invoice(buyer, "380.55")
    paid = company.pay(buyer, "1900.55", ("Invoice", first["Id"], "1620"), ("Invoice", second["Id"], "280.55"))
    assert paid["UnappliedAmt"] == 0
    settled, rest = company.read("Invoice", first["Id"]), company.read("Invoice", second["Id"])
    assert (settled["Balance"], rest["Balance"]) == (0, 100)
    assert settled["LinkedTxn"] == rest["LinkedTxn"] == [{"TxnId": paid["Id"], "TxnType": "Payment"}]
    assert (settled["SyncToken"], rest["SyncToken"]) == ("1", "1"), "a payment moves its invoices' version"
    assert company.balance("Accounts Receivable (A/R)") == 10000
    assert company.balance("Undeposited Funds") == 190055
    assert company.read("Customer", buyer)["Balance"] == 100


def test_the_reply_says_what_was_open(company: Company, buyer: str) -> None:
    made = company.invoice(buyer, "1620.00")
    paid = company.pay(buyer, "1000", ("Invoice", made["Id"], "1000"))
    told = {one["value"]["Name"]: one["value"]["Value"] for one in paid["Line"][0]["LineEx"]["any"]}
    assert told == {"txnId": made["Id"], "txnOpenBalance": "1620.00", "txnReferenceNumber": made["DocNumber"]}
    assert paid["ProcessPayment"] is False
    assert paid["DepositToAccountRef"] == {"value": company.account("Undeposited Funds")}


def test_money_may_go_straight_to_a_bank_account(company: Company, buyer: str) -> None:
    clearing = company.create("Account", Name="Stripe clearing", AccountType="Bank")
    company.pay(buyer, "12.34", DepositToAccountRef={"value": clearing["Id"]}, PaymentRefNum="TO123")
    assert company.balance("Stripe clearing") == 1234
    assert company.read("Account", clearing["Id"])["CurrentBalance"] == Decimal("12.34")
    rows = company.steer("quickbooks/register", {"account": "Stripe clearing"}, method="GET")["rows"]
    assert [(row["entity"], row["number"], row["cents"], row["balance_cents"]) for row in rows] == [
        ("Payment", "TO123", 1234, 1234)
    ]


def test_too_much_money_stays_unapplied_and_can_be_applied_later(company: Company, buyer: str) -> None:
    first, second = company.invoice(buyer, "40"), company.invoice(buyer, "25")
    paid = company.pay(buyer, "100", ("Invoice", first["Id"], "40"))
    assert paid["UnappliedAmt"] == 60
    assert company.read("Customer", buyer)["Balance"] == -35
    lines = [applied("Invoice", first["Id"], "40"), applied("Invoice", second["Id"], "25")]
    later = company.update("Payment", paid, Line=lines)
    assert later["UnappliedAmt"] == 35
    assert company.read("Invoice", second["Id"])["Balance"] == 0
    assert company.read("Invoice", first["Id"])["SyncToken"] == "1", "untouched by the second step"


def test_lines_replace_lines(company: Company, buyer: str) -> None:
    first, second = company.invoice(buyer, "40"), company.invoice(buyer, "25")
    paid = company.pay(buyer, "65", ("Invoice", first["Id"], "40"), ("Invoice", second["Id"], "25"))
    fewer = company.update("Payment", paid, Line=[applied("Invoice", first["Id"], "15")])
    assert fewer["UnappliedAmt"] == 50
    reopened = company.read("Invoice", second["Id"])
    assert (company.read("Invoice", first["Id"])["Balance"], reopened["Balance"]) == (25, 25)
    assert reopened["LinkedTxn"] == []
    assert company.update("Payment", fewer, Line=[])["UnappliedAmt"] == 65


def test_a_zero_payment_ties_a_credit_to_an_invoice(company: Company, buyer: str) -> None:
    made, memo = company.invoice(buyer, "620"), memo_of(company, buyer, "50")
    tied = company.pay(buyer, "0", ("Invoice", made["Id"], "50"), ("CreditMemo", memo["Id"], "50"))
    assert "DepositToAccountRef" not in tied
    used = company.read("CreditMemo", memo["Id"])
    assert (used["Balance"], used["RemainingCredit"], used["TotalAmt"], used["SyncToken"]) == (0, 0, 50, "1")
    assert company.read("Invoice", made["Id"])["Balance"] == 570
    assert company.balance("Accounts Receivable (A/R)") == 57000


def test_cash_and_credit_together(company: Company, buyer: str) -> None:
    made, memo = company.invoice(buyer, "1620"), memo_of(company, buyer, "32.40")
    paid = company.pay(buyer, "1587.60", ("Invoice", made["Id"], "1620"), ("CreditMemo", memo["Id"], "32.40"))
    assert paid["UnappliedAmt"] == 0
    assert company.read("Customer", buyer)["Balance"] == 0


@pytest.mark.parametrize("way", ["delete", "void"])
def test_taking_a_payment_back_reopens_everything(company: Company, buyer: str, way: str) -> None:
    made, memo = company.invoice(buyer, "100"), memo_of(company, buyer, "30")
    paid = company.pay(buyer, "70", ("Invoice", made["Id"], "100"), ("CreditMemo", memo["Id"], "30"))
    head = {"Id": paid["Id"], "SyncToken": paid["SyncToken"]}
    if way == "delete":
        company.post("payment", head, operation="delete").raise_for_status()
    else:
        void = company.post("payment", {**head, "sparse": True}, operation="update", include="void").json()["Payment"]
        assert (void["TotalAmt"], void["UnappliedAmt"], void["Line"], void["PrivateNote"]) == (0, 0, [], "Voided")
    reopened = company.read("Invoice", made["Id"])
    assert (reopened["Balance"], reopened["LinkedTxn"], reopened["SyncToken"]) == (100, [], "2")
    assert company.read("CreditMemo", memo["Id"])["RemainingCredit"] == 30
    assert company.balance("Undeposited Funds") == 0
    assert company.read("Customer", buyer)["Balance"] == 70


def test_a_paid_invoice_is_neither_voided_nor_deleted_through_the_api(company: Company, buyer: str) -> None:
    made = company.invoice(buyer, "100")
    company.pay(buyer, "40", ("Invoice", made["Id"], "40"))
    head = {"Id": made["Id"], "SyncToken": "1"}
    assert company.refused("invoice", head, operation="void")[0] == "6000"
    assert company.refused("invoice", head, operation="delete")[0] == "6000"
    assert company.read("Invoice", made["Id"])["Balance"] == 60


def test_a_person_may_void_a_paid_invoice_and_the_money_comes_free(company: Company, buyer: str) -> None:
    made = company.invoice(buyer, "100")
    paid = company.pay(buyer, "40", ("Invoice", made["Id"], "40"))
    company.steer("quickbooks/void", {"entity": "Invoice", "id": made["Id"]})
    freed = company.read("Payment", paid["Id"])
    assert (freed["UnappliedAmt"], freed["Line"], freed["SyncToken"]) == (40, [], "1")
    assert company.read("Invoice", made["Id"])["LinkedTxn"] == []
    assert company.read("Customer", buyer)["Balance"] == -40


def test_an_invoice_lowered_below_what_was_paid_gives_the_rest_back(company: Company, buyer: str) -> None:
    made = company.invoice(buyer, "100")
    first = company.pay(buyer, "50", ("Invoice", made["Id"], "50"))
    second = company.pay(buyer, "50", ("Invoice", made["Id"], "50"))
    lowered = company.update("Invoice", company.read("Invoice", made["Id"]), Line=[sale("30")])
    assert (lowered["TotalAmt"], lowered["Balance"]) == (30, 0)
    assert company.read("Payment", second["Id"])["UnappliedAmt"] == 50
    assert company.read("Payment", first["Id"])["UnappliedAmt"] == 20
    assert lowered["LinkedTxn"] == [{"TxnId": first["Id"], "TxnType": "Payment"}]
    assert company.read("Customer", buyer)["Balance"] == -70


def test_the_customer_of_a_paid_invoice_stays(company: Company, buyer: str) -> None:
    other = company.customer("Somebody Else")["Id"]
    made = company.invoice(buyer, "100")
    company.pay(buyer, "1", ("Invoice", made["Id"], "1"))
    change = {"Id": made["Id"], "SyncToken": "1", "sparse": True, "CustomerRef": {"value": other}}
    assert company.refused("invoice", change)[0] == "6000"


def test_an_invoice_of_another_customer_cannot_be_settled(company: Company, buyer: str) -> None:
    other = company.customer("Somebody Else")["Id"]
    made = company.invoice(other, "100")
    body = {"CustomerRef": {"value": buyer}, "TotalAmt": 10, "Line": [applied("Invoice", made["Id"], "10")]}
    code, detail = company.refused("payment", body)
    assert (code, "Cannot validate linked transactions" in detail) == ("620", True)


def test_a_parent_may_pay_for_its_jobs_only_where_the_switch_says_so(company: Company, buyer: str) -> None:
    job = company.customer("Guest House", Job=True, ParentRef={"value": buyer})
    made = company.invoice(job["Id"], "100")
    body = {"CustomerRef": {"value": buyer}, "TotalAmt": 100, "Line": [applied("Invoice", made["Id"], "100")]}
    assert company.refused("payment", body)[0] == "620"
    company.steer("quickbooks/switches", {"payment_may_cross_customers": True})
    company.create("Payment", **body)
    assert company.read("Invoice", made["Id"])["Balance"] == 0


def test_more_than_is_open_is_refused_or_clipped_by_switch(company: Company, buyer: str) -> None:
    made = company.invoice(buyer, "100")
    body = {"CustomerRef": {"value": buyer}, "TotalAmt": 150, "Line": [applied("Invoice", made["Id"], "120")]}
    code, detail = company.refused("payment", body)
    assert (code, "greater than the open balance" in detail) == ("6000", True)
    twice = [applied("Invoice", made["Id"], "60"), applied("Invoice", made["Id"], "60")]
    assert company.refused("payment", {**body, "Line": twice})[0] == "6000"
    company.steer("quickbooks/switches", {"overapplied_line": "clip"})
    paid = company.create("Payment", **body)
    assert (paid["Line"][0]["Amount"], paid["UnappliedAmt"]) == (100, 50)


def test_raising_ones_own_line_counts_what_it_holds_already(company: Company, buyer: str) -> None:
    made = company.invoice(buyer, "100")
    paid = company.pay(buyer, "100", ("Invoice", made["Id"], "60"))
    assert company.update("Payment", paid, Line=[applied("Invoice", made["Id"], "100")])["UnappliedAmt"] == 0


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"TotalAmt": None}, "6000"),
        ({"TotalAmt": -1}, "6000"),
        ({"CustomerRef": None}, "2020"),
        ({"PaymentRefNum": "x" * 22}, "2050"),
        ({"DepositToAccountRef": {"value": "1"}}, "6000"),  # an income account
        ({"DepositToAccountRef": {"value": "404"}}, "2500"),
        ({"PaymentMethodRef": {"value": "404"}}, "2500"),
        ({"Line": [applied("Invoice", "404", "1")]}, "610"),
        ({"Line": [applied("Bill", "1", "1")]}, "2170"),
        ({"Line": [{"Amount": 1}]}, "2020"),
        ({"Line": [{"LinkedTxn": [{"TxnId": "1", "TxnType": "Invoice"}]}]}, "2020"),
        ({"Line": [applied("Invoice", "1", "-1")]}, "6000"),
        ({"Line": [applied("Invoice", "1", "11")]}, "6000"),  # above the payment's own total
    ],
)
def test_what_is_wrong_with_a_payment_is_named(
    company: Company, buyer: str, changes: dict[str, Any], code: str
) -> None:
    company.invoice(buyer, "100")
    body = {"CustomerRef": {"value": buyer}, "TotalAmt": 10, **changes}
    assert company.refused("payment", body)[0] == code
    assert company.read("Invoice", "1")["SyncToken"] == "0"


def test_a_voided_invoice_cannot_be_paid(company: Company, buyer: str) -> None:
    made = company.invoice(buyer, "100")
    company.post("invoice", {"Id": made["Id"], "SyncToken": "0"}, operation="void").raise_for_status()
    body = {"CustomerRef": {"value": buyer}, "TotalAmt": 1, "Line": [applied("Invoice", made["Id"], "1")]}
    assert company.refused("payment", body)[0] == "620"


def test_a_payment_in_a_deposit_is_frozen(company: Company, buyer: str) -> None:
    paid = company.pay(buyer, "100")
    linked = {"Amount": 100, "LinkedTxn": [{"TxnId": paid["Id"], "TxnType": "Payment", "TxnLineId": "0"}]}
    bank = {"value": company.account("Checking")}
    deposit = company.create("Deposit", DepositToAccountRef=bank, Line=[linked])
    held = company.read("Payment", paid["Id"])
    assert held["LinkedTxn"] == [{"TxnId": deposit["Id"], "TxnType": "Deposit"}]
    assert held["SyncToken"] == "0", "recorded: a deposit does not move the payment's version"
    head = {"Id": paid["Id"], "SyncToken": "0"}
    assert company.refused("payment", head, operation="delete")[0] == "6540"
    assert company.refused("payment", {**head, "sparse": True}, operation="update", include="void")[0] == "6540"
    assert company.refused("payment", {**head, "sparse": True, "PrivateNote": "x"})[0] == "6540"
    company.post("deposit", {"Id": deposit["Id"], "SyncToken": "0"}, operation="delete").raise_for_status()
    company.post("payment", head, operation="delete").raise_for_status()
    assert company.balance("Checking") == company.balance("Undeposited Funds") == 0


def test_a_returned_debit_moves_the_line_from_the_invoice_to_the_expense(company: Company, buyer: str) -> None:
    """The recipe for a debit that came back: an expense on the receivable, which the payment then settles."""
    clearing = company.create("Account", Name="Stripe clearing", AccountType="Bank")["Id"]
    made = company.invoice(buyer, "100")
    paid = company.pay(buyer, "100", ("Invoice", made["Id"], "100"), DepositToAccountRef={"value": clearing})
    receivable = {"AccountRef": {"value": company.account("Accounts Receivable (A/R)")}}
    line = {"Amount": 100, "DetailType": "AccountBasedExpenseLineDetail", "AccountBasedExpenseLineDetail": receivable}
    expense = company.create(
        "Purchase",
        PaymentType="Cash",
        AccountRef={"value": clearing},
        EntityRef={"value": buyer, "type": "Customer"},
        Line=[line],
    )
    assert company.read("Customer", buyer)["Balance"] == 100
    company.update("Payment", paid, Line=[applied("Expense", expense["Id"], "100")])
    assert company.read("Invoice", made["Id"])["Balance"] == 100
    assert company.balance("Stripe clearing") == 0
    over = {"CustomerRef": {"value": buyer}, "TotalAmt": 1, "Line": [applied("Expense", expense["Id"], "1")]}
    assert company.refused("payment", over)[0] == "6000", "the expense is settled"


def test_a_journal_entry_on_the_receivable_can_be_settled(company: Company, buyer: str) -> None:
    def leg(side: str, account: str, entity: bool) -> dict[str, Any]:
        detail: dict[str, Any] = {"PostingType": side, "AccountRef": {"value": company.account(account)}}
        if entity:
            detail["Entity"] = {"Type": "Customer", "EntityRef": {"value": buyer}}
        return {"Amount": 80, "DetailType": "JournalEntryLineDetail", "JournalEntryLineDetail": detail}

    entry = company.create(
        "JournalEntry", Line=[leg("Debit", "Accounts Receivable (A/R)", True), leg("Credit", "Services", False)]
    )
    company.pay(buyer, "80", ("JournalEntry", entry["Id"], "80"))
    assert company.read("Customer", buyer)["Balance"] == 0
    body = {"CustomerRef": {"value": buyer}, "TotalAmt": 1, "Line": [applied("JournalEntry", entry["Id"], "1")]}
    assert company.refused("payment", body)[0] == "6000"
