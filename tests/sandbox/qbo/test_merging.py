"""Merging customers and vendors: documents and balances move, the loser's id vanishes, the world is told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.client import Company, sale
from tests.sandbox.receiver import Receiver


def merge(company: Company, loser: str, winner: str, entity: str = "Customer") -> Any:
    return company.steer("quickbooks/merge", {"entity": entity, "loser": loser, "winner": winner})


def test_documents_and_balances_move_to_the_winner(company: Company) -> None:
    loser, winner = company.customer("Loser")["Id"], company.customer("Winner")["Id"]
    job = company.customer("Barn", Job=True, ParentRef={"value": loser})
    invoice, kept = company.invoice(loser, "100"), company.invoice(winner, "40")
    company.invoice(job["Id"], "7")
    paid = company.pay(loser, "30", ("Invoice", invoice["Id"], "30"))
    estimate = company.create("Estimate", CustomerRef={"value": loser}, Line=[sale("5")])
    receivable = company.balance("Accounts Receivable (A/R)")

    merge(company, loser, winner)

    assert company.get(f"customer/{loser}").status_code == 400
    assert company.query("SELECT count(*) FROM Customer WHERE Active IN (true, false)") == {"totalCount": 2}
    for entity, body in (("Invoice", invoice), ("Payment", paid), ("Estimate", estimate)):
        moved = company.read(entity, body["Id"])
        assert moved["CustomerRef"] == {"value": winner, "name": "Winner"}
        assert int(moved["SyncToken"]) == int(company_token(body, entity)) + 1
    assert company.read("Invoice", kept["Id"]) == kept
    assert company.read("Customer", winner)["Balance"] == 110
    assert company.read("Customer", winner)["BalanceWithJobs"] == 117
    child = company.read("Customer", job["Id"])
    assert (child["ParentRef"]["value"], child["FullyQualifiedName"]) == (winner, "Winner:Barn")
    assert company.balance("Accounts Receivable (A/R)") == receivable
    assert company.customer("Loser")["Id"] not in (loser, winner), "the name is free, the id is not given again"


def company_token(body: dict[str, Any], entity: str) -> str:
    """Return the token a document had before the merge; a payment moved the invoice's own."""
    return "1" if entity == "Invoice" else body["SyncToken"]


def test_journal_lines_and_purchases_of_a_customer_move_too(company: Company) -> None:
    loser, winner = company.customer("Loser")["Id"], company.customer("Winner")["Id"]
    company.create("Vendor", DisplayName="Somebody with the same id")
    receivable, rent = ({"value": company.account(name)} for name in ("Accounts Receivable (A/R)", "Rent or Lease"))
    person = {"Type": "Customer", "EntityRef": {"value": loser}}
    lines = [
        {"PostingType": "Debit", "AccountRef": receivable, "Entity": person},
        {"PostingType": "Credit", "AccountRef": rent},
    ]
    kind = "JournalEntryLineDetail"
    entry = company.create("JournalEntry", Line=[{"Amount": 9, "DetailType": kind, kind: one} for one in lines])
    spent = {"Amount": 4, "DetailType": "AccountBasedExpenseLineDetail"}
    bank = {"value": company.account("Checking")}
    payee = {"value": loser, "type": "Customer"}
    line = {**spent, "AccountBasedExpenseLineDetail": {"AccountRef": receivable, "CustomerRef": {"value": loser}}}
    bought = company.create("Purchase", PaymentType="Cash", AccountRef=bank, EntityRef=payee, Line=[line])
    other = company.create(
        "Purchase",
        PaymentType="Cash",
        AccountRef=bank,
        EntityRef={"value": "1", "type": "Vendor"},
        Line=[{**spent, "AccountBasedExpenseLineDetail": {"AccountRef": rent}}],
    )
    merge(company, loser, winner)
    assert (
        company.read("JournalEntry", entry["Id"])["Line"][0]["JournalEntryLineDetail"]["Entity"]["EntityRef"]["value"]
        == winner
    )
    moved = company.read("Purchase", bought["Id"])
    assert moved["EntityRef"] == {"value": winner, "name": "Winner", "type": "Customer"}
    assert moved["Line"][0]["AccountBasedExpenseLineDetail"]["CustomerRef"]["value"] == winner
    assert company.read("Purchase", other["Id"]) == other, "the vendor with the same id is somebody else"
    assert company.read("Customer", winner)["Balance"] == 13


@pytest.mark.parametrize("told", [False, True])
def test_the_world_hears_of_a_merge_once(company: Company, receiver: Receiver, told: bool) -> None:
    company.steer("quickbooks/switches", {"merged_in_cdc": told, "webhook_format": "notifications"})
    loser, winner = company.customer("Loser")["Id"], company.customer("Winner")["Id"]
    company.steer("quickbooks/webhooks", {"url": receiver.url})
    since = company.read("Customer", winner)["MetaData"]["CreateTime"]
    merge(company, loser, winner)
    company.world.quickbooks.hurry()
    (body,) = receiver.wait_for(1)
    (event,) = json.loads(body.body)["eventNotifications"][0]["dataChangeEvent"]["entities"]
    assert (event["operation"], event["id"], event["deletedId"]) == ("Merge", winner, loser)
    changed = company.get("cdc", entities="Customer", changedSince=since).json()["CDCResponse"][0]["QueryResponse"][0]
    graves = [row["Id"] for row in changed["Customer"] if row.get("status") == "Deleted"]
    assert graves == ([loser] if told else [])


def test_what_cannot_be_merged(company: Company) -> None:
    parent = company.customer("Parent")["Id"]
    job = company.customer("Job", Job=True, ParentRef={"value": parent})["Id"]
    for loser, winner in ((parent, parent), (parent, job), ("99", parent)):
        answer = company.http.post(
            f"{company.control_url}/quickbooks/merge",
            json={"realm": company.realm, "entity": "Customer", "loser": loser, "winner": winner},
            headers=company.control_headers,
        )
        assert answer.status_code == 400, answer.text
    vendors = [company.create("Vendor", DisplayName=name)["Id"] for name in ("A", "B")]
    merge(company, vendors[0], vendors[1], "Vendor")
    assert company.query("SELECT count(*) FROM Vendor") == {"totalCount": 1}


def test_a_job_that_moves_takes_its_balance_along(company: Company) -> None:
    first, second = company.customer("First")["Id"], company.customer("Second")["Id"]
    job = company.customer("Barn", Job=True, ParentRef={"value": first})
    company.invoice(job["Id"], "25")
    assert company.read("Customer", first)["BalanceWithJobs"] == 25
    company.update("Customer", company.read("Customer", job["Id"]), ParentRef={"value": second})
    assert company.read("Customer", first)["BalanceWithJobs"] == 0
    assert company.read("Customer", second)["BalanceWithJobs"] == 25
