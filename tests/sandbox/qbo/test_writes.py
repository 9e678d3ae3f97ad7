"""What all writes share: versions, sparse and full updates, names, the closing date, inactive entries."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from tests.sandbox.client import Company, sale


def test_a_stale_version_is_refused_and_changes_nothing(company: Company) -> None:
    made = company.customer()
    company.update("Customer", made, Notes="first")
    late = {"Id": made["Id"], "SyncToken": "0", "sparse": True, "Notes": "second"}
    code, detail = company.refused("customer", late)
    assert (code, "Stale Object Error" in detail) == ("5010", True)
    kept = company.read("Customer", made["Id"])
    assert (kept["Notes"], kept["SyncToken"]) == ("first", "1")


def test_a_version_must_be_sent(company: Company) -> None:
    made = company.customer()
    assert company.refused("customer", {"Id": made["Id"], "sparse": True, "Notes": "x"})[0] == "2020"


def test_a_full_update_nulls_what_it_leaves_out_and_a_sparse_one_keeps_it(company: Company) -> None:
    made = company.customer(Notes="keep me", CompanyName="Mesa LLC", PrimaryPhone={"FreeFormNumber": "555-0100"})
    sparse = company.update("Customer", made, CompanyName="Mesa Inc")
    assert (sparse["Notes"], sparse["CompanyName"]) == ("keep me", "Mesa Inc")
    full = company.create("Customer", Id=made["Id"], SyncToken="1", DisplayName="Blue Mesa Ranch")
    assert "Notes" not in full
    assert "CompanyName" not in full
    assert full["MetaData"]["CreateTime"] == made["MetaData"]["CreateTime"]


def test_null_in_a_sparse_update_clears(company: Company) -> None:
    made = company.customer(Notes="words")
    assert "Notes" not in company.update("Customer", made, Notes=None)


def test_arrays_replace_arrays_even_in_a_sparse_update(company: Company) -> None:
    buyer = company.customer()["Id"]
    lines = [{**sale("10"), "Description": "first"}, {**sale("20"), "Description": "second"}]
    made = company.create("Invoice", CustomerRef={"value": buyer}, Line=lines)
    changed = company.update("Invoice", made, Line=[{**sale("10"), "Id": "1"}])
    assert changed["TotalAmt"] == 10
    assert "Description" not in changed["Line"][0], "a line sent again without its words loses them"
    assert company.read("Customer", buyer)["Balance"] == 10


def test_the_server_owns_its_fields(company: Company) -> None:
    buyer = company.customer(Balance=999, SyncToken="7")
    assert (buyer["Balance"], buyer["SyncToken"]) == (0, "0")
    made = company.invoice(buyer["Id"], "10", TotalAmt=1, Balance=0, domain="ELSEWHERE")
    assert (made["TotalAmt"], made["Balance"], made["domain"]) == (10, 10, "QBO")


def test_times_are_pacific_and_follow_the_sandbox_clock(company: Company) -> None:
    made = company.customer()
    assert datetime.fromisoformat(made["MetaData"]["CreateTime"]).utcoffset() is not None
    assert made["MetaData"]["CreateTime"][-6:] in ("-08:00", "-07:00")
    company.steer("clock/advance", {"seconds": 1800})
    changed = company.update("Customer", made, Notes="later")
    before, after = (datetime.fromisoformat(one["MetaData"]["LastUpdatedTime"]) for one in (made, changed))
    assert 1800 <= (after - before).total_seconds() <= 1810


def test_the_envelope_and_headers(company: Company) -> None:
    answer = company.get("companyinfo/" + company.realm)
    assert answer.json()["CompanyInfo"]["CompanyName"] == "Harbor Tile Co."
    assert answer.json()["CompanyInfo"]["DefaultTimeZone"] == "America/Los_Angeles"
    moment = answer.json()["time"]
    assert moment[-6:] in ("-08:00", "-07:00")
    assert len(moment.split(".")[1]) == len("131-08:00")
    assert answer.headers["intuit_tid"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert company.get("preferences").json()["Preferences"]["CurrencyPrefs"]["HomeCurrency"] == {"value": "USD"}


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("POST", "bogus", "500"),
        ("PUT", "customer", "500"),
        ("POST", "taxcode", "500"),
        ("GET", "customer/404", "610"),
        ("GET", "invoice/404", "610"),
        ("GET", "customer/1/pdf", "500"),
        ("GET", "customer", "500"),
    ],
)
def test_what_does_not_exist_is_a_fault_with_a_tid(company: Company, method: str, path: str, code: str) -> None:
    company.customer()
    answer = company.http.request(method, f"{company.base}/{path}", json={}, headers=company.headers)
    assert (answer.status_code, answer.json()["Fault"]["Error"][0]["code"]) == (400, code)
    assert answer.headers["intuit_tid"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff\xfe{}"])
def test_a_body_that_is_no_json_object_is_a_fault(company: Company, body: bytes) -> None:
    answer = company.http.post(f"{company.base}/customer", data=body, headers=company.headers)
    assert answer.status_code == 400
    assert answer.json()["Fault"]["Error"][0]["code"] in ("2010", "500")


def test_unknown_properties_are_refused_unless_switched_off(company: Company) -> None:
    body = {"DisplayName": "A", "Nickname": "B"}
    code, detail = company.refused("customer", body)
    assert (code, "Nickname" in detail) == ("2010", True)
    company.steer("quickbooks/switches", {"unknown_properties": "ignore"})
    company.create("Customer", **body)


def test_display_names_are_unique_across_customers_and_vendors(company: Company) -> None:
    company.customer("Pat Stone")
    for entity in ("customer", "vendor"):
        assert company.refused(entity, {"DisplayName": "pat stone"})[0] == "6240"
    company.create("Vendor", DisplayName="Stripe")
    assert company.refused("customer", {"DisplayName": "Stripe"})[0] == "6240"
    assert company.refused("customer", {"DisplayName": "a:b"})[0] == "2040"
    assert company.refused("customer", {})[0] == "2020"
    assert company.create("Customer", GivenName="Ada", FamilyName="Novak")["DisplayName"] == "Ada Novak"


def test_an_inactive_customer_is_renamed_hidden_and_unusable(company: Company) -> None:
    made = company.customer()
    hidden = company.update("Customer", made, Active=False)
    assert hidden["DisplayName"] == "Blue Mesa Ranch (deleted)"
    assert company.query("SELECT * FROM Customer") == {}
    assert len(company.query("SELECT * FROM Customer WHERE Active IN (true, false)")["Customer"]) == 1
    code, detail = company.refused("invoice", {"CustomerRef": {"value": made["Id"]}, "Line": [sale("1")]})
    assert (code, "has been made inactive" in detail) == ("610", True)
    company.customer()  # the name is free again
    assert company.refused("customer", {"Id": made["Id"], "SyncToken": "1"}, operation="delete")[0] == "500"


def test_a_new_name_shows_on_old_forms_without_a_new_version(company: Company) -> None:
    made = company.customer("Old Name")
    form = company.invoice(made["Id"])
    company.update("Customer", made, DisplayName="New Name")
    shown = company.read("Invoice", form["Id"])
    assert shown["CustomerRef"]["name"] == "New Name"
    assert (shown["SyncToken"], shown["MetaData"]) == (form["SyncToken"], form["MetaData"])


def test_sub_customers_carry_their_parents_name_and_roll_up(company: Company) -> None:
    parent = company.customer("Cedar Builders")
    job = company.customer("Duplex", Job=True, ParentRef={"value": parent["Id"]})
    assert (job["FullyQualifiedName"], job["Level"], job["Job"]) == ("Cedar Builders:Duplex", 1, True)
    company.invoice(job["Id"], "70")
    company.invoice(parent["Id"], "30")
    top = company.read("Customer", parent["Id"])
    assert (top["Balance"], top["BalanceWithJobs"]) == (30, 100)
    assert company.refused("customer", {"DisplayName": "Lost", "Job": True})[0] == "2020"


def test_a_balance_moves_the_time_of_a_customer_and_never_its_version(company: Company) -> None:
    made = company.customer()
    company.steer("clock/advance", {"seconds": 90})
    company.invoice(made["Id"], "30")
    moved = company.read("Customer", made["Id"])
    assert (moved["Balance"], moved["SyncToken"]) == (30, "0")
    assert moved["MetaData"]["LastUpdatedTime"] > made["MetaData"]["LastUpdatedTime"]


def close_books(company: Company, day: str) -> None:
    changes = {"AccountingInfoPrefs": {"BookCloseDate": day}}
    company.steer("quickbooks/edit", {"entity": "Preferences", "id": "1", "changes": changes})


def test_a_closed_period_refuses_what_lies_or_lay_in_it(company: Company) -> None:
    buyer = company.customer()["Id"]
    old = company.invoice(buyer, "10", TxnDate="2026-01-10")
    open_one = company.invoice(buyer, "10", TxnDate="2026-03-10")
    close_books(company, "2026-01-31")
    assert company.get("preferences").json()["Preferences"]["SalesFormsPrefs"]["AllowDeposit"] is True, "merged deeply"
    new = {"CustomerRef": {"value": buyer}, "Line": [sale("1")]}
    assert company.refused("invoice", {**new, "TxnDate": "2026-01-31"})[0] == "6210"
    assert company.create("Invoice", **new, TxnDate="2026-02-01")["TxnDate"] == "2026-02-01"
    edit = {"Id": old["Id"], "SyncToken": "0", "sparse": True}
    assert company.refused("invoice", {**edit, "TxnDate": "2026-02-05"})[0] == "6210"
    assert company.refused("invoice", edit, operation="void")[0] == "6210"
    assert company.refused("invoice", edit, operation="delete")[0] == "6210"
    backdated = {"Id": open_one["Id"], "SyncToken": "0", "sparse": True, "TxnDate": "2026-01-05"}
    assert company.refused("invoice", backdated)[0] == "6210"
    paid = company.pay(buyer, "10", ("Invoice", old["Id"], "10"), TxnDate="2026-02-10")
    assert paid["UnappliedAmt"] == 0, "an invoice of a closed month can be paid in an open one"
    by_hand = {"entity": "Invoice", "id": old["Id"], "changes": {"PrivateNote": "a person may"}}
    company.steer("quickbooks/edit", by_hand)


def test_a_lapsed_subscription_reads_and_does_not_write(company: Company) -> None:
    buyer = company.customer()
    company.steer("quickbooks/switches", {"subscription": "lapsed"})
    assert company.refused("customer", {"DisplayName": "X"})[0] == "6190"
    assert company.read("Customer", buyer["Id"])["DisplayName"] == "Blue Mesa Ranch"


@pytest.mark.parametrize(
    ("entity", "body", "code"),
    [
        ("account", {"Name": "X"}, "2020"),
        ("account", {"Name": "X", "AccountType": "Pocket"}, "2170"),
        ("account", {"Name": "checking", "AccountType": "Bank"}, "6240"),
        ("item", {"Name": "X", "Type": "Service"}, "2020"),
        ("item", {"Name": "X", "Type": "Wish"}, "2170"),
        ("item", {"Name": "X", "IncomeAccountRef": {"value": "22"}}, "6000"),  # an expense account
        ("item", {"Name": "services", "IncomeAccountRef": {"value": "1"}}, "6240"),
        ("term", {"Name": "X"}, "2020"),
        ("paymentmethod", {}, "2020"),
        ("vendor", {"DisplayName": "V", "PrimaryEmailAddr": {"Address": "no"}}, "2210"),
    ],
)
def test_what_is_wrong_with_a_list_entry_is_named(
    company: Company, entity: str, body: dict[str, Any], code: str
) -> None:
    assert company.refused(entity, body)[0] == code


def test_accounts_know_their_class_and_place(company: Company) -> None:
    made = company.create("Account", Name="Stripe clearing", AccountSubType="Checking")
    assert (made["AccountType"], made["Classification"], made["CurrentBalance"]) == ("Bank", "Asset", 0)
    child = company.create("Account", Name="EU", AccountType="Bank", ParentRef={"value": made["Id"]})
    assert (child["FullyQualifiedName"], child["SubAccount"]) == ("Stripe clearing:EU", True)
    bank = {"value": child["Id"]}
    company.pay(company.customer()["Id"], "5", DepositToAccountRef=bank)
    top = company.read("Account", made["Id"])
    assert (top["CurrentBalance"], top["CurrentBalanceWithSubAccounts"]) == (0, 5)
