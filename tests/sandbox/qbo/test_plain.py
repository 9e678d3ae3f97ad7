"""Every entity of the plain table through HTTP: made, read, changed, queried, captured, deleted; the schema judges."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.qbo.codec import decode
from sandbox.qbo.entities import ENTITIES
from sandbox.qbo.plain import NAMED, PLAIN, Plain
from tests.sandbox.client import Company
from tests.xsd import judge

_SPENT = {"Amount": 40, "DetailType": "AccountBasedExpenseLineDetail"}


def samples(company: Company) -> dict[str, dict[str, Any]]:
    """Return a small valid body for every entity that needs more than a name."""
    vendor = {"VendorRef": {"value": company.create("Vendor", DisplayName="Hicks Hardware")["Id"]}}
    buyer = {"CustomerRef": {"value": company.customer()["Id"]}}
    fuel, bank, card = ({"value": company.account(name)} for name in ("Fuel", "Checking", "Visa"))
    spent = {"Line": [{**_SPENT, "AccountBasedExpenseLineDetail": {"AccountRef": fuel}}]}
    moved = {"CreditCardAccountRef": card, "BankAccountRef": bank, "Amount": 30}
    inventory = {"DetailType": "ItemAdjustmentLineDetail", "ItemAdjustmentLineDetail": {"QtyDiff": 1}}
    return {
        "Bill": {**vendor, **spent},
        "BillPayment": {**vendor, "PayType": "Check", "TotalAmt": 40, "CheckPayment": {"BankAccountRef": bank}},
        "VendorCredit": {**vendor, **spent},
        "PurchaseOrder": {**vendor, **spent},
        "VendorPrepayment": vendor,
        "CreditCardPaymentTxn": moved,
        "InventoryAdjustment": {"AdjustAccountRef": fuel, "Line": [inventory]},
        "ReimburseCharge": {**buyer, "Amount": 12},
        "StatementCharge": {**buyer, "TotalAmt": 12},
        "ChargeCredit": {**buyer, "TotalAmt": 12},
        "TimeActivity": {"NameOf": "Vendor", **vendor, "Hours": 2, "Minutes": 30, "TxnDate": "2026-11-02"},
        "Employee": {"GivenName": "Ada", "FamilyName": "Berg"},
        "OtherName": {"DisplayName": "The neighbour"},
        "Budget": {"Name": "2027", "StartDate": "2027-01-01", "EndDate": "2027-12-31", "BudgetType": "ProfitAndLoss"},
        "SalesRep": {"Initials": "AB"},
        "Task": {"Notes": "Call the bank"},
        "TaxAgency": {"DisplayName": "Department of Revenue"},
        "TaxPayment": {"PaymentDate": "2026-10-20", "PaymentAmount": 87},
    }


# What is changed, by the first of these properties that an entity has.
CHANGES: dict[str, Any] = {
    "PrivateNote": "Second",
    "Notes": "Second",
    "Name": "Second",
    "Description": "Second",
    "Initials": "CD",
    "DisplayName": "Second",
}
WRITABLE = [row for row in PLAIN if row.verbs]


@pytest.mark.parametrize("row", WRITABLE, ids=lambda row: row.name)
def test_a_plain_entity_lives_its_whole_life(company: Company, row: Plain) -> None:
    path = ENTITIES[row.name].path
    sample = samples(company).get(row.name) or {"Name": "First"}
    before = company.steer("quickbooks/ledger", method="GET")["accounts"]

    made = decode(company.post(path, sample).content)[row.name]
    assert made["SyncToken"] == "0"
    assert judge(row.name, made) == []
    assert decode(company.get(f"{path}/{made['Id']}").content)[row.name] == made

    field, value = next((name, value) for name, value in CHANGES.items() if name in ENTITIES[row.name].known)
    head = {"Id": made["Id"], "SyncToken": "0", "sparse": True}
    again = {name: sample[name] for name in ENTITIES[row.name].required_on_update}
    changed = decode(company.post(path, {**head, **again, field: value}).content)[row.name]
    assert (changed["SyncToken"], changed[field]) == ("1", value)
    assert judge(row.name, changed) == []
    assert company.refused(path, {**head, **again, field: value})[0] == "5010"

    assert company.query(f"SELECT * FROM {row.also or row.name} WHERE Id = '{made['Id']}'") == {
        row.name: [changed],
        "startPosition": 1,
        "maxResults": 1,
    }
    assert company.query(f"SELECT count(*) FROM {row.name}") == {"totalCount": 1}
    _captured(company, row, changed)
    if "delete" in row.verbs.split():
        gone = company.post(path, {"Id": made["Id"], "SyncToken": "1"}, operation="delete")
        assert decode(gone.content)[row.name] == {"status": "Deleted", "domain": "QBO", "Id": made["Id"]}
        assert company.query(f"SELECT count(*) FROM {row.name}") == {"totalCount": 0}
    else:
        assert company.refused(path, {"Id": made["Id"], "SyncToken": "1"}, operation="delete")[0] == "500"
    assert company.steer("quickbooks/ledger", method="GET")["accounts"] == before, "it posts nothing"


def _captured(company: Company, row: Plain, body: dict[str, Any]) -> None:
    answer = company.get("cdc", entities=row.name, changedSince=body["MetaData"]["CreateTime"])
    if row.in_cdc:
        assert decode(answer.content)["CDCResponse"][0]["QueryResponse"][0][row.name] == [body]
    else:
        assert answer.json()["Fault"]["Error"][0]["code"] == "500"


@pytest.mark.parametrize("row", [row for row in WRITABLE if row.required], ids=lambda row: row.name)
def test_what_a_plain_entity_needs_is_asked_for(company: Company, row: Plain) -> None:
    sample = samples(company)[row.name]
    for name in row.required.split():
        left = {field: value for field, value in sample.items() if field != name}
        code, detail = company.refused(ENTITIES[row.name].path, left)
        assert code == "2020"
        assert name in detail


@pytest.mark.parametrize("row", [row for row in PLAIN if not row.verbs], ids=lambda row: row.name)
def test_what_only_the_server_writes_can_be_asked_for_alone(company: Company, row: Plain) -> None:
    assert company.query(f"SELECT * FROM {row.name}") == {}
    assert company.refused(ENTITIES[row.name].path, {"Name": "x"})[0] in ("500", "2010")


@pytest.mark.parametrize("row", [row for row in PLAIN if row.sort == NAMED], ids=lambda row: row.name)
def test_names_of_plain_lists_are_unique_and_free_once_inactive(company: Company, row: Plain) -> None:
    sample = samples(company).get(row.name, {"Name": "First"})
    first = company.create(row.name, **sample)
    assert company.refused(row.name.lower(), sample)[0] == "6240"
    hidden = company.update(row.name, first, Active=False)
    assert hidden["Name"].endswith(" (deleted)")
    assert company.query(f"SELECT * FROM {row.name}") == {}
    assert company.create(row.name, **sample)["Id"] != first["Id"]


def test_customers_vendors_and_employees_share_one_space_of_names(company: Company) -> None:
    company.create("Employee", DisplayName="Kim Lee")
    assert company.refused("vendor", {"DisplayName": "kim lee"})[0] == "6240"
    assert company.refused("customer", {"DisplayName": "Kim Lee"})[0] == "6240"
    assert company.refused("employee", {"GivenName": "Kim", "FamilyName": "Lee"})[0] == "6240"
    assert company.refused("othername", {"DisplayName": "Kim Lee"})[0] == "6240"


def test_classes_stand_below_each_other_and_on_lines(company: Company) -> None:
    upper = company.create("Class", Name="North")
    lower = company.create("Class", Name="Roofs", ParentRef={"value": upper["Id"]})
    assert (lower["FullyQualifiedName"], lower["SubClass"]) == ("North:Roofs", True)
    buyer = company.customer()["Id"]
    line = {"Amount": 10, "DetailType": "SalesItemLineDetail"}
    invoice = {"CustomerRef": {"value": buyer}}
    good = {**line, "SalesItemLineDetail": {"ClassRef": {"value": lower["Id"]}}}
    made = company.create("Invoice", **invoice, Line=[good])
    assert made["Line"][0]["SalesItemLineDetail"]["ClassRef"] == {"value": lower["Id"], "name": "North:Roofs"}
    bad = {**line, "SalesItemLineDetail": {"ClassRef": {"value": "99"}}}
    assert company.refused("invoice", {**invoice, "Line": [bad]})[0] == "2500"
    company.update("Class", lower, Active=False)
    assert company.refused("invoice", {**invoice, "Line": [good]})[0] == "610"


def test_references_and_totals_of_a_bill(company: Company) -> None:
    sample = samples(company)["Bill"]
    made = company.create("Bill", **sample, TotalAmt=999)
    assert (made["TotalAmt"], made["Balance"], made["Line"][0]["LineNum"]) == (40, 40, 1)
    assert company.refused("bill", {**sample, "VendorRef": {"value": "99"}})[0] == "2500"
    lost = [{**_SPENT, "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "999"}}}]
    assert company.refused("bill", {**sample, "Line": lost})[0] == "2500"
    paid = company.create("BillPayment", **samples_of_payment(sample))
    voided = company.post(
        "billpayment", {"Id": paid["Id"], "SyncToken": "0", "sparse": True}, operation="update", include="void"
    )
    assert (voided.json()["BillPayment"]["TotalAmt"], voided.json()["BillPayment"]["PrivateNote"]) == (0, "Voided")


def samples_of_payment(bill: dict[str, Any]) -> dict[str, Any]:
    """Return a payment of a bill's vendor."""
    return {"VendorRef": bill["VendorRef"], "PayType": "Check", "TotalAmt": 40}


def test_a_closed_period_holds_for_bills_too(company: Company) -> None:
    sample = samples(company)["Bill"]
    company.create("Bill", **sample, TxnDate="2026-01-15")
    prefs = company.read("Preferences", "1")
    company.update("Preferences", prefs, AccountingInfoPrefs={"BookCloseDate": "2026-01-31"})
    assert company.refused("bill", {**sample, "TxnDate": "2026-01-20"})[0] == "6210"
