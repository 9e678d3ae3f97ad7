"""Purchases, transfers, journal entries, deposits: money that moves without a sales form."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.client import Company


def ref(company: Company, name: str) -> dict[str, str]:
    return {"value": company.account(name)}


def expense(company: Company, amount: Any, account: str = "Merchant fees") -> dict[str, Any]:
    detail = {"AccountRef": ref(company, account)}
    kind = "AccountBasedExpenseLineDetail"
    return {"Amount": amount, "DetailType": kind, kind: detail}


def journal(company: Company, side: str, account: str, amount: Any, **entity: Any) -> dict[str, Any]:
    detail = {"PostingType": side, "AccountRef": ref(company, account), **entity}
    return {"Amount": amount, "DetailType": "JournalEntryLineDetail", "JournalEntryLineDetail": detail}


def test_a_fee_is_a_purchase_from_the_clearing_account(company: Company) -> None:
    company.create("Account", Name="Stripe clearing", AccountType="Bank")
    vendor = company.create("Vendor", DisplayName="Stripe")["Id"]
    made = company.create(
        "Purchase",
        PaymentType="Cash",
        AccountRef=ref(company, "Stripe clearing"),
        EntityRef={"value": vendor, "type": "Vendor"},
        DocNumber="TO-FEE",
        Line=[expense(company, Decimal("29.30")), expense(company, Decimal("-0.30"))],
    )
    assert made["TotalAmt"] == 29
    assert made["EntityRef"] == {"value": vendor, "name": "Stripe", "type": "Vendor"}
    assert made["PurchaseEx"]["any"][0]["value"] == {"Name": "TxnType", "Value": "54"}
    assert made["Line"][0]["AccountBasedExpenseLineDetail"]["BillableStatus"] == "NotBillable"
    assert (company.balance("Stripe clearing"), company.balance("Merchant fees")) == (-2900, 2900)
    found = company.query("SELECT * FROM Purchase WHERE DocNumber = 'TO-FEE'")["Purchase"]
    assert [one["Id"] for one in found] == [made["Id"]]


def test_a_credit_is_the_reverse(company: Company) -> None:
    visa = ref(company, "Visa")
    company.create("Purchase", PaymentType="CreditCard", AccountRef=visa, Line=[expense(company, 50, "Fuel")])
    assert company.read("Account", visa["value"])["CurrentBalance"] == -50, "what is owed is negative, as recorded"
    company.create(
        "Purchase", PaymentType="CreditCard", AccountRef=visa, Credit=True, Line=[expense(company, 20, "Fuel")]
    )
    assert (company.balance("Visa"), company.balance("Fuel")) == (-3000, 3000)


def test_items_can_be_bought(company: Company) -> None:
    goods = ref(company, "Cost of Goods Sold")
    income = ref(company, "Sales of Product Income")
    item = company.create(
        "Item", Name="Grout", Type="NonInventory", IncomeAccountRef=income, ExpenseAccountRef=goods, PurchaseCost=4
    )
    kind = "ItemBasedExpenseLineDetail"
    line = {"Amount": 12, "DetailType": kind, kind: {"ItemRef": {"value": item["Id"]}, "Qty": 3, "UnitPrice": 4}}
    bank = ref(company, "Checking")
    company.create("Purchase", PaymentType="Check", AccountRef=bank, Line=[line])
    assert company.balance("Cost of Goods Sold") == 1200
    wrong = {"PaymentType": "Check", "AccountRef": bank, "Line": [{**line, "Amount": 13}]}
    assert company.refused("purchase", wrong)[0] == "6070"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"PaymentType": None}, "2020"),
        ({"PaymentType": "Barter"}, "2170"),
        ({"PaymentType": "CreditCard"}, "6000"),  # the account is a bank
        ({"AccountRef": None}, "2020"),
        ({"AccountRef": {"value": "404"}}, "2500"),
        ({"Line": []}, "2020"),
        ({"Line": [{"Amount": 1}]}, "2020"),
        ({"Line": [{"Amount": 1, "DetailType": "AccountBasedExpenseLineDetail"}]}, "2020"),
        ({"EntityRef": {"value": "404", "type": "Vendor"}}, "2500"),
        ({"EntityRef": {"value": "1", "type": "Ghost"}}, "2170"),
        ({"DocNumber": "x" * 22}, "2050"),
    ],
)
def test_what_is_wrong_with_a_purchase_is_named(company: Company, changes: dict[str, Any], code: str) -> None:
    body = {"PaymentType": "Cash", "AccountRef": ref(company, "Checking"), "Line": [expense(company, 1)]}
    assert company.refused("purchase", {**body, **changes})[0] == code
    assert company.steer("quickbooks/ledger", method="GET")["sum_cents"] == 0


def test_a_receivable_line_needs_a_customer(company: Company) -> None:
    line = expense(company, 5, "Accounts Receivable (A/R)")
    body = {"PaymentType": "Cash", "AccountRef": ref(company, "Checking"), "Line": [line]}
    assert company.refused("purchase", body)[0] == "6000"
    buyer = company.customer()["Id"]
    company.create("Purchase", **{**body, "EntityRef": {"value": buyer, "type": "Customer"}})
    assert company.read("Customer", buyer)["Balance"] == 5


def test_an_update_of_a_purchase_must_say_the_payment_type_again(company: Company) -> None:
    made = company.create(
        "Purchase", PaymentType="Cash", AccountRef=ref(company, "Checking"), Line=[expense(company, 10)]
    )
    head = {"Id": made["Id"], "SyncToken": "0", "sparse": True, "PrivateNote": "x"}
    assert company.refused("purchase", head)[0] == "2020"
    changed = company.create("Purchase", **head, PaymentType="Cash", Line=[expense(company, 15)])
    assert (changed["TotalAmt"], changed["SyncToken"], company.balance("Checking")) == (15, "1", -1500)


def test_a_purchase_cannot_be_voided(company: Company) -> None:
    made = company.create(
        "Purchase", PaymentType="Cash", AccountRef=ref(company, "Checking"), Line=[expense(company, 10)]
    )
    code, detail = company.refused("purchase", {"Id": made["Id"], "SyncToken": "0"}, operation="void")
    assert (code, detail) == ("500", "Operation void is not supported.")


def test_a_transfer_moves_the_payout_exactly(company: Company) -> None:
    made = company.create(
        "Transfer",
        FromAccountRef=ref(company, "Savings"),
        ToAccountRef=ref(company, "Checking"),
        Amount=Decimal("970.70"),
        TxnDate="2026-03-02",
        PrivateNote="po_1",
    )
    assert (company.balance("Savings"), company.balance("Checking")) == (-97070, 97070)
    found = company.query("SELECT * FROM Transfer WHERE TxnDate = '2026-03-02' AND Amount = '970.70'")["Transfer"]
    assert [one["Id"] for one in found] == [made["Id"]]
    company.update("Transfer", made, Amount=Decimal("970.71"))
    assert company.balance("Checking") == 97071
    company.post("transfer", {"Id": made["Id"], "SyncToken": "1"}, operation="delete").raise_for_status()
    assert company.balance("Checking") == 0


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Amount": None}, "2020"),
        ({"Amount": 0}, "6000"),
        ({"Amount": -5}, "6000"),
        ({"ToAccountRef": None}, "2020"),
        ({"ToAccountRef": {"value": "1"}}, "6000"),  # income
        ({"ToAccountRef": {"value": "8"}}, "6000"),  # the receivable
        ({"ToAccountRef": {"value": "6"}}, "6000"),  # the same account
    ],
)
def test_what_is_wrong_with_a_transfer_is_named(company: Company, changes: dict[str, Any], code: str) -> None:
    body = {"FromAccountRef": {"value": "6"}, "ToAccountRef": {"value": "7"}, "Amount": 1}
    assert company.refused("transfer", {**body, **changes})[0] == code


def test_a_journal_entry_balances_or_is_refused(company: Company) -> None:
    lines = [journal(company, "Debit", "Checking", 100), journal(company, "Credit", "Services", 100)]
    made = company.create("JournalEntry", Line=lines, DocNumber="JE-1")
    assert [line["Id"] for line in made["Line"]] == ["0", "1"], "recorded: journal lines count from zero"
    assert made["TotalAmt"] == 0, "recorded: QuickBooks answers 0"
    assert (company.balance("Checking"), company.balance("Services")) == (10000, -10000)
    lopsided = [journal(company, "Debit", "Checking", 100), journal(company, "Credit", "Services", 99)]
    assert company.refused("journalentry", {"Line": lopsided})[0] == "6000"
    assert company.refused("journalentry", {"Line": [journal(company, "Sideways", "Checking", 1)]})[0] == "2020"
    assert company.refused("journalentry", {"Line": []})[0] == "2020"


def test_a_journal_entry_names_the_customer_of_a_receivable(company: Company) -> None:
    bare = [journal(company, "Debit", "Accounts Receivable (A/R)", 9), journal(company, "Credit", "Services", 9)]
    assert company.refused("journalentry", {"Line": bare})[0] == "6000"
    buyer = company.customer()["Id"]
    person = {"Entity": {"Type": "Customer", "EntityRef": {"value": buyer}}}
    named = [journal(company, "Debit", "Accounts Receivable (A/R)", 9, **person), bare[1]]
    company.create("JournalEntry", Line=named)
    assert company.read("Customer", buyer)["Balance"] == 9


def test_voiding_a_journal_entry_answers_200_and_does_nothing(company: Company) -> None:
    lines = [journal(company, "Debit", "Checking", 100), journal(company, "Credit", "Services", 100)]
    made = company.create("JournalEntry", Line=lines)
    answer = company.post("journalentry", {"Id": made["Id"], "SyncToken": "0"}, operation="void")
    assert answer.status_code == 200
    assert answer.json()["BatchItemResponse"] == []
    assert company.read("JournalEntry", made["Id"]) == made


def linked(payment: dict[str, Any], amount: Any) -> dict[str, Any]:
    return {"Amount": amount, "LinkedTxn": [{"TxnId": payment["Id"], "TxnType": "Payment", "TxnLineId": "0"}]}


def test_a_deposit_gathers_payments_less_fees(company: Company) -> None:
    buyer = company.customer()["Id"]
    first, second = company.pay(buyer, "1000"), company.pay(buyer, "200")
    fee = {
        "Amount": Decimal("-29.30"),
        "DetailType": "DepositLineDetail",
        "DepositLineDetail": {"AccountRef": ref(company, "Merchant fees")},
    }
    made = company.create(
        "Deposit",
        DepositToAccountRef=ref(company, "Checking"),
        Line=[linked(first, 1000), linked(second, 200), fee],
    )
    assert made["TotalAmt"] == Decimal("1170.7")
    assert "Id" not in made["Line"][0]
    assert (company.balance("Checking"), company.balance("Undeposited Funds")) == (117070, 0)
    again = {"DepositToAccountRef": ref(company, "Checking"), "Line": [linked(first, 1000)]}
    assert company.refused("deposit", again)[0] == "6000"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ({"DetailType": "DepositLineDetail", "DepositLineDetail": {}}, "2020"),  # what python-quickbooks sends
        ({"Amount": 99}, "6000"),
        ({"LinkedTxn": [{"TxnId": "404", "TxnType": "Payment"}]}, "610"),
        ({"LinkedTxn": [{"TxnId": "1", "TxnType": "Invoice"}]}, "2170"),
    ],
)
def test_what_is_wrong_with_a_deposit_line_is_named(company: Company, line: dict[str, Any], code: str) -> None:
    paid = company.pay(company.customer()["Id"], "100")
    body = {"DepositToAccountRef": ref(company, "Checking"), "Line": [{**linked(paid, 100), **line}]}
    assert company.refused("deposit", body)[0] == code
    assert "LinkedTxn" not in company.read("Payment", paid["Id"])


def test_a_deposit_is_never_negative(company: Company) -> None:
    line = {
        "Amount": -5,
        "DetailType": "DepositLineDetail",
        "DepositLineDetail": {"AccountRef": ref(company, "Merchant fees")},
    }
    assert company.refused("deposit", {"DepositToAccountRef": ref(company, "Checking"), "Line": [line]})[0] == "6000"
