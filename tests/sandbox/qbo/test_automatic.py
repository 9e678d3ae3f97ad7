"""What the server does by itself: estimates that become invoices, credits and payments that apply themselves."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.client import Company, applied, sale
from tests.xsd import judge


def prefer(company: Company, **sales: Any) -> None:
    company.update("Preferences", company.read("Preferences", "1"), SalesFormsPrefs=sales)


def estimate(company: Company, buyer: str, **more: Any) -> dict[str, Any]:
    return company.create("Estimate", CustomerRef={"value": buyer}, Line=[sale("50")], **more)


def from_estimate(key: str) -> dict[str, Any]:
    return {"LinkedTxn": [{"TxnId": key, "TxnType": "Estimate"}]}


def test_an_estimate_is_closed_by_its_invoice_and_opens_again_without(company: Company) -> None:
    buyer = company.customer()["Id"]
    quote = estimate(company, buyer, TxnStatus="Accepted", AcceptedBy="Ada", AcceptedDate="2026-11-02")
    assert judge("Estimate", quote) == []
    invoice = company.invoice(buyer, "50", **from_estimate(quote["Id"]))
    assert invoice["LinkedTxn"] == [{"TxnId": quote["Id"], "TxnType": "Estimate"}]
    closed = company.read("Estimate", quote["Id"])
    assert (closed["TxnStatus"], closed["SyncToken"]) == ("Closed", "1")
    assert closed["LinkedTxn"] == [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]
    company.pay(buyer, "20", ("Invoice", invoice["Id"], "20"))
    links = company.read("Invoice", invoice["Id"])["LinkedTxn"]
    assert {one["TxnType"] for one in links} == {"Estimate", "Payment"}
    second = company.invoice(buyer, "1", **from_estimate(quote["Id"]))
    assert len(company.read("Estimate", quote["Id"])["LinkedTxn"]) == 2, "progress invoicing"
    for one in (second, estimate_free(company, invoice)):
        company.post("invoice", {"Id": one["Id"], "SyncToken": one["SyncToken"]}, operation="delete")
    again = company.read("Estimate", quote["Id"])
    assert (again["TxnStatus"], again["LinkedTxn"]) == ("Accepted", [])


def estimate_free(company: Company, invoice: dict[str, Any]) -> dict[str, Any]:
    """Take the payment off an invoice; returns it as it is then."""
    (payment,) = company.query("SELECT * FROM Payment")["Payment"]
    company.post("payment", {"Id": payment["Id"], "SyncToken": payment["SyncToken"]}, operation="delete")
    return company.read("Invoice", invoice["Id"])


def test_estimates_that_cannot_become_this_invoice(company: Company) -> None:
    buyer, other = company.customer()["Id"], company.customer("Other")["Id"]
    quote = estimate(company, other)
    line = {"CustomerRef": {"value": buyer}, "Line": [sale("50")]}
    assert company.refused("invoice", {**line, **from_estimate(quote["Id"])})[0] == "620"
    assert company.refused("invoice", {**line, **from_estimate("999")})[0] == "610"
    wrong = {"CustomerRef": {"value": buyer}, "Line": [sale("1")], "TxnStatus": "Maybe"}
    assert company.refused("estimate", wrong)[0] == "2170"


def test_a_voided_invoice_lets_its_estimate_go(company: Company) -> None:
    buyer = company.customer()["Id"]
    quote = estimate(company, buyer)
    invoice = company.invoice(buyer, "50", **from_estimate(quote["Id"]))
    company.post("invoice", {"Id": invoice["Id"], "SyncToken": "0"}, operation="void")
    assert company.read("Estimate", quote["Id"])["TxnStatus"] == "Pending"


@pytest.mark.parametrize("credit_first", [True, False])
def test_credits_apply_themselves_where_preferred(company: Company, credit_first: bool) -> None:
    prefer(company, AutoApplyCredit=True)
    buyer = company.customer()["Id"]
    made = {}
    for kind in ("CreditMemo", "Invoice") if credit_first else ("Invoice", "CreditMemo"):
        amount = "30" if kind == "CreditMemo" else "100"
        made[kind] = company.create(kind, CustomerRef={"value": buyer}, Line=[sale(amount)])
    last = made["Invoice" if credit_first else "CreditMemo"]
    assert last["Balance"] == (70 if credit_first else 0), "the answer shows it at once"
    assert company.read("Invoice", made["Invoice"]["Id"])["Balance"] == 70
    assert company.read("CreditMemo", made["CreditMemo"]["Id"])["RemainingCredit"] == 0
    (payment,) = company.query("SELECT * FROM Payment")["Payment"]
    assert (payment["TotalAmt"], payment["UnappliedAmt"]) == (0, 0)
    assert judge("Payment", payment) == []
    assert company.read("Customer", buyer)["Balance"] == 70


def test_payments_apply_themselves_to_the_oldest_where_preferred(company: Company) -> None:
    prefer(company, AutoApplyPayments=True)
    buyer = company.customer()["Id"]
    new = company.invoice(buyer, "60", DueDate="2026-12-01")
    old = company.invoice(buyer, "50", DueDate="2026-11-01")
    paid = company.pay(buyer, "80")
    assert [(line["Amount"], line["LinkedTxn"][0]["TxnId"]) for line in paid["Line"]] == [
        (50, old["Id"]),
        (30, new["Id"]),
    ]
    assert (paid["UnappliedAmt"], paid["SyncToken"]) == (0, "0")
    more = company.pay(buyer, "100")
    assert more["UnappliedAmt"] == 70
    late = company.invoice(buyer, "20")
    assert late["Balance"] == 0
    after = company.read("Payment", more["Id"])
    assert (after["UnappliedAmt"], after["SyncToken"]) == (50, "1")
    assert company.read("Customer", buyer)["Balance"] == -50


def test_nothing_applies_itself_by_default(company: Company) -> None:
    buyer = company.customer()["Id"]
    invoice = company.invoice(buyer, "50")
    paid = company.pay(buyer, "80")
    company.create("CreditMemo", CustomerRef={"value": buyer}, Line=[sale("10")])
    assert company.read("Invoice", invoice["Id"])["Balance"] == 50
    assert paid["UnappliedAmt"] == 80


def test_deposits_take_journal_lines_and_by_switch_money_elsewhere(company: Company) -> None:
    buyer = company.customer()["Id"]
    funds, rent, bank = (company.account(name) for name in ("Undeposited Funds", "Rent or Lease", "Checking"))
    kind = "JournalEntryLineDetail"
    sides = [("Debit", funds), ("Credit", rent)]
    lines = [
        {"Amount": 12, "DetailType": kind, kind: {"PostingType": side, "AccountRef": {"value": account}}}
        for side, account in sides
    ]
    entry = company.create("JournalEntry", Line=lines)
    link = {"TxnId": entry["Id"], "TxnType": "JournalEntry", "TxnLineId": entry["Line"][0]["Id"]}
    made = company.create("Deposit", DepositToAccountRef={"value": bank}, Line=[{"Amount": 12, "LinkedTxn": [link]}])
    assert (made["TotalAmt"], company.balance("Undeposited Funds"), company.balance("Checking")) == (12, 0, 1200)
    assert made["Line"][0]["LinkedTxn"] == [link]
    head = {"Id": entry["Id"], "SyncToken": company.read("JournalEntry", entry["Id"])["SyncToken"]}
    assert company.refused("journalentry", head, operation="delete")[0] == "6540"

    paid = company.pay(buyer, "5", DepositToAccountRef={"value": company.account("Savings")})
    sent = {"DepositToAccountRef": {"value": bank}, "Line": [applied("Payment", paid["Id"], "5")]}
    assert company.refused("deposit", sent)[0] == "6000"
    company.steer("quickbooks/switches", {"deposit_from": "money"})
    company.create("Deposit", **sent)
    assert (company.balance("Savings"), company.balance("Checking")) == (0, 1700)


def test_lost_rights_refuse_everything(company: Company) -> None:
    company.steer("quickbooks/switches", {"administrator": "lost"})
    answer = company.get("companyinfo/1")
    assert (answer.status_code, answer.json()["Fault"]["Error"][0]["code"]) == (401, "120")
    company.steer("quickbooks/switches", {"administrator": "present"})
    assert company.get("companyinfo/1").status_code == 200
