"""The query language by GET and POST, and change-data-capture."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox.qbo.entities import ENTITIES
from sandbox.qbo.writing import write
from tests.sandbox.client import Company, sale


@pytest.fixture
def stocked(company: Company) -> Company:
    """Return a company with twelve invoices of two customers, amounts 10 to 120."""
    ids = [company.customer(name)["Id"] for name in ("Adam's Tiles", "Back\\slash", "Über Café")]
    for n in range(12):
        company.invoice(ids[n % 2], str(10 * (n + 1)), TxnDate=f"2026-01-{n + 1:02d}", DueDate=f"2026-02-{28 - n}")
    company.pay(ids[0], "10", ("Invoice", "1", "10"))
    return company


def ids(answer: dict[str, Any], entity: str = "Invoice") -> list[str]:
    return [row["Id"] for row in answer.get(entity, [])]


def test_rows_come_in_pages_counted_from_one(stocked: Company) -> None:
    page = stocked.query("SELECT * FROM Invoice STARTPOSITION 3 MAXRESULTS 4")
    assert ids(page) == ["3", "4", "5", "6"]
    assert (page["startPosition"], page["maxResults"]) == (3, 4)
    assert ids(stocked.query("select * from Invoice startposition 0 maxresults 2")) == ["1", "2"]
    assert stocked.query("SELECT * FROM Invoice STARTPOSITION 100") == {}
    assert stocked.query("SELECT count(*) FROM Invoice") == {"totalCount": 12}
    assert stocked.query("select COUNT(*) from Invoice where Balance > '0'") == {"totalCount": 11}


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("Balance = '0'", ["1"]),
        ("Balance > '100'", ["11", "12"]),
        ("Balance >= 110 AND CustomerRef = '2'", ["12"]),
        ("Id IN ('3', '11', '99')", ["3", "11"]),
        ("Id > '10'", ["11", "12"]),
        ("TxnDate < '2026-01-03'", ["1", "2"]),
        ("DocNumber LIKE '%101%'", ["10", "11", "12"]),
        ("DocNumber LIKE '1_01'", []),
        ("DueDate <= '2026-02-18' and TxnDate > '2026-01-11'", ["12"]),
        ("MetaData.LastUpdatedTime > '2020-01-01T00:00:00-08:00' AND Balance = '20.00'", ["2"]),
        ("MetaData.CreateTime > '2090-01-01'", []),
    ],
)
def test_conditions(stocked: Company, where: str, found: list[str]) -> None:
    assert ids(stocked.query(f"SELECT * FROM Invoice WHERE {where}")) == found


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("ORDERBY Id DESC", "12"),
        ("ORDER BY DueDate", "12"),
        ("orderby Balance desc, Id", "12"),
        ("ORDERBY CustomerRef, Id DESC", "11"),
        ("ORDERBY TxnDate ASC", "1"),
    ],
)
def test_order(stocked: Company, text: str, first: str) -> None:
    page = stocked.query(f"SELECT * FROM Invoice {text} MAXRESULTS 5")
    assert ids(page)[0] == first
    assert len(ids(page)) == 5


def test_ids_sort_as_text_where_switched_so(stocked: Company) -> None:
    stocked.steer("quickbooks/switches", {"id_sorts_as": "text"})
    assert ids(stocked.query("SELECT * FROM Invoice ORDERBY Id MAXRESULTS 4")) == ["1", "10", "11", "12"]
    assert ids(stocked.query("SELECT * FROM Invoice ORDERBY Id DESC MAXRESULTS 2")) == ["9", "8"]


def test_quotes_and_backslashes_are_escaped_and_letters_survive(stocked: Company) -> None:
    for wanted, name in (
        (r"Adam\'s Tiles", "Adam's Tiles"),
        (r"Back\\slash", "Back\\slash"),
        ("Über Café", "Über Café"),
    ):
        text = f"SELECT * FROM Customer WHERE DisplayName = '{wanted}'"
        assert [row["DisplayName"] for row in stocked.query(text)["Customer"]] == [name]
        answer = stocked.http.post(
            f"{stocked.base}/query",
            data=text.encode(),
            headers={**stocked.headers, "Content-Type": "application/text"},
        )
        assert [row["DisplayName"] for row in answer.json()["QueryResponse"]["Customer"]] == [name]


def test_projection_gives_the_chosen_properties(stocked: Company) -> None:
    row = stocked.query("SELECT Id, SyncToken, MetaData.CreateTime FROM Invoice MAXRESULTS 1")["Invoice"][0]
    assert set(row) == {"Id", "SyncToken", "MetaData", "domain", "sparse"}
    assert set(row["MetaData"]) == {"CreateTime"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "4000"),
        ("SELECT", "4000"),
        ("DELETE FROM Invoice", "4000"),
        ("SELECT * FROM invoice", "4000"),  # entity names keep their case
        ("SELECT * FROM Bogus", "4000"),
        ("SELECT * FROM Invoice WHERE Balance > '0' OR Id = '1'", "4000"),
        ("SELECT * FROM Invoice WHERE Balance != '0'", "4000"),
        ("SELECT * FROM Invoice WHERE (Balance = '0')", "4000"),
        ("SELECT * FROM Invoice WHERE Balance = 'much'", "4000"),
        ("SELECT * FROM Invoice WHERE Balance >", "4000"),
        ("SELECT * FROM Invoice WHERE DocNumber = 'open", "4000"),
        ("SELECT * FROM Invoice MAXRESULTS many", "4000"),
        ("SELECT * FROM Invoice MAXRESULTS 5 surprise", "4000"),
        ("SELECT * FROM Invoice; DROP TABLE x", "4000"),
        ("SELECT * FROM Invoice WHERE PrivateNote = 'x'", "4001"),
        ("SELECT * FROM Invoice ORDERBY Nonsense", "4001"),
        ("SELECT Nonsense FROM Invoice", "4001"),
    ],
)
def test_a_bad_query_is_refused_by_kind(stocked: Company, text: str, code: str) -> None:
    answer = stocked.get("query", query=text)
    assert (answer.status_code, answer.json()["Fault"]["Error"][0]["code"]) == (400, code)


def test_an_unqueryable_property_is_named(stocked: Company) -> None:
    answer = stocked.get("query", query="SELECT * FROM Invoice WHERE PrivateNote = 'x'")
    assert "property 'PrivateNote' is not queryable" in answer.json()["Fault"]["Error"][0]["Detail"]


def test_a_page_holds_a_hundred_unless_asked_and_a_thousand_at_most(company: Company) -> None:
    books = company.standin.books(company.realm)
    buyer = company.customer()["Id"]
    with company.standin.quietly():
        for _ in range(1003):
            write(books, ENTITIES["Invoice"], "create", {"CustomerRef": {"value": buyer}, "Line": [sale("1")]})
    assert company.query("SELECT * FROM Invoice")["maxResults"] == 100
    page = company.query("SELECT * FROM Invoice MAXRESULTS 5000")
    assert page["maxResults"] == len(page["Invoice"]) == 1000
    assert len(company.query("SELECT * FROM Invoice STARTPOSITION 1001 MAXRESULTS 1000")["Invoice"]) == 3
    since = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    answer = company.get("cdc", entities="Customer,Invoice", changedSince=since).json()
    customers, invoices = answer["CDCResponse"][0]["QueryResponse"]
    assert len(customers["Customer"]) + len(invoices["Invoice"]) == 1000, "the cap counts the whole answer"
    company.steer("quickbooks/switches", {"cdc_cap": "entity"})
    answer = company.get("cdc", entities="Customer,Invoice", changedSince=since).json()
    customers, invoices = answer["CDCResponse"][0]["QueryResponse"]
    assert (len(customers["Customer"]), len(invoices["Invoice"])) == (1, 1000)


def test_one_broken_mail_address_poisons_its_page(stocked: Company) -> None:
    broken = {"entity": "Invoice", "id": "5", "changes": {"BillEmail": {"Address": "nobody at all"}}}
    stocked.steer("quickbooks/edit", broken)
    answer = stocked.get("query", query="SELECT * FROM Invoice")
    assert answer.json()["Fault"]["Error"][0]["code"] == "4002"
    assert ids(stocked.query("SELECT * FROM Invoice MAXRESULTS 4")) == ["1", "2", "3", "4"]
    stocked.steer("quickbooks/edit", {**broken, "changes": {"BillEmail": {"Address": "a@b.example"}}})
    assert len(ids(stocked.query("SELECT * FROM Invoice"))) == 12


# Change-data-capture


def changes(company: Company, entities: str, since: str) -> list[dict[str, Any]]:
    answer = company.get("cdc", entities=entities, changedSince=since)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["CDCResponse"][0]["QueryResponse"])


def moment(company: Company) -> str:
    return company.world.clock.now().isoformat()


def test_changes_come_by_entity_in_the_order_asked(company: Company) -> None:
    start = moment(company)
    buyer = company.customer()["Id"]
    made = company.invoice(buyer, "10")
    parts = changes(company, "Payment,Invoice,Customer", start)
    assert parts[0] == {}
    assert parts[1]["Invoice"] == [company.get(f"invoice/{made['Id']}").json()["Invoice"]]
    assert (parts[1]["startPosition"], parts[1]["maxResults"], parts[1]["totalCount"]) == (1, 1, 1)
    assert parts[2]["Customer"][0]["Balance"] == 10


def test_only_what_changed_since_comes_and_a_payment_brings_its_invoice(company: Company) -> None:
    buyer = company.customer()["Id"]
    first, _ = company.invoice(buyer, "10"), company.invoice(buyer, "20")
    company.steer("clock/advance", {"seconds": 30})
    start = moment(company)
    company.steer("clock/advance", {"seconds": 30})
    company.pay(buyer, "10", ("Invoice", first["Id"], "10"))
    invoices, payments, accounts = changes(company, "Invoice,Payment,Account", start)
    assert [(row["Id"], row["SyncToken"]) for row in invoices["Invoice"]] == [(first["Id"], "1")]
    assert len(payments["Payment"]) == 1
    assert {row["Name"] for row in accounts["Account"]} == {"Undeposited Funds", "Accounts Receivable (A/R)"}


def test_a_deletion_is_a_tombstone_and_a_void_is_not(company: Company) -> None:
    buyer = company.customer()["Id"]
    gone, void = company.invoice(buyer, "10"), company.invoice(buyer, "20")
    start = moment(company)
    company.post("invoice", {"Id": gone["Id"], "SyncToken": "0"}, operation="delete").raise_for_status()
    company.post("invoice", {"Id": void["Id"], "SyncToken": "0"}, operation="void").raise_for_status()
    rows = {row["Id"]: row for row in changes(company, "Invoice", start)[0]["Invoice"]}
    tombstone = rows[gone["Id"]]
    assert set(tombstone) == {"domain", "status", "Id", "MetaData"}
    assert tombstone["status"] == "Deleted"
    assert rows[void["Id"]]["PrivateNote"] == "Voided"
    assert "status" not in rows[void["Id"]]


def test_thirty_days_are_the_edge(company: Company) -> None:
    now = company.world.clock.now()
    inside = (now - timedelta(days=29, hours=23)).isoformat()
    assert changes(company, "Invoice", inside) == [{}]
    beyond = (now - timedelta(days=30, minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    answer = company.get("cdc", entities="Invoice", changedSince=beyond)
    error = answer.json()["Fault"]["Error"][0]
    assert (error["code"], "older than fixed days is not supported" in error["Detail"]) == ("500", True)


@pytest.mark.parametrize(
    ("args", "code"),
    [
        ({"entities": "Invoice"}, "2020"),
        ({"changedSince": "2090-01-01"}, "2020"),
        ({"entities": "TaxCode", "changedSince": "2090-01-01"}, "500"),
        ({"entities": "Bogus", "changedSince": "2090-01-01"}, "500"),
        ({"entities": "Invoice", "changedSince": "soon"}, "2010"),
    ],
)
def test_a_bad_capture_is_a_fault(company: Company, args: dict[str, str], code: str) -> None:
    answer = company.get("cdc", **args)
    assert (answer.status_code, answer.json()["Fault"]["Error"][0]["code"]) == (400, code)


def test_an_unescaped_plus_in_the_offset_is_taken_for_a_date_long_ago(company: Company) -> None:
    soon = (company.world.clock.now() - timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%S+00:00")
    answer = company.http.get(f"{company.base}/cdc?entities=Invoice&changedSince={soon}", headers=company.headers)
    assert "older than fixed days" in answer.json()["Fault"]["Error"][0]["Detail"]
    assert company.get("cdc", entities="Invoice", changedSince=soon).status_code == 200
