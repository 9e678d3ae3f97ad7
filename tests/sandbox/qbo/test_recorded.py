"""Bodies recorded from the real service: loaded as they are, served byte for byte, judged by Intuit's schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.qbo.entities import ENTITIES
from sandbox.qbo.plain import PLAIN
from tests.conftest import CONTROL_TOKEN
from tests.sandbox.client import Company
from tests.xsd import judge


def recorded(shared: Path, role: str) -> list[tuple[str, Path]]:
    lines = (shared / "quickbooks_recorded" / "index.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    return [(row["type"], shared / "quickbooks_recorded" / row["file"]) for row in rows if row["role"] == role]


@pytest.fixture
def bare(company: Company) -> Company:
    """Return a company without chart and lists, ready to be loaded."""
    told = company.steer("quickbooks/companies", {"name": "Recorded", "bare": True})
    return Company(company.world, CONTROL_TOKEN, told["realm_id"])


def load(company: Company, *documents: tuple[str, str]) -> list[dict[str, str]]:
    sent = [{"entity": entity, "text": text} for entity, text in documents]
    return list(company.steer("quickbooks/load", {"documents": sent})["loaded"])


def test_every_recorded_answer_is_served_byte_for_byte(bare: Company, shared: Path) -> None:
    files = recorded(shared, "response")
    assert len(files) == 124
    for entity, file in files:  # several versions of one document are among them: each in its turn
        raw = file.read_bytes()
        (loaded,) = load(bare, (entity, raw.decode()))
        read = bare.get(f"{entity.lower()}/{loaded['id']}")
        assert raw in read.content, f"{file.name} read"
        page = bare.get("query", query=f"SELECT * FROM {entity} WHERE Id = '{loaded['id']}'")
        assert page.content.startswith(b'{"QueryResponse":{"' + entity.encode() + b'":[' + raw + b"]"), file.name


def test_pages_of_recorded_documents_hold_each_exactly_once(bare: Company, shared: Path) -> None:
    newest: dict[tuple[str, str], bytes] = {}
    for entity, file in recorded(shared, "response"):
        newest[(entity, json.loads(file.read_bytes())["Id"])] = file.read_bytes()
    load(bare, *((entity, raw.decode()) for (entity, _), raw in newest.items()))
    for entity in {entity for entity, _ in newest}:
        texts = [raw for (of, key), raw in sorted(newest.items(), key=lambda one: int(one[0][1])) if of == entity]
        page = bare.get("query", query=f"SELECT * FROM {entity} ORDERBY Id MAXRESULTS 1000").content
        assert b'":[' + b",".join(texts) + b'],"startPosition":1' in page, entity


def test_loaded_documents_keep_their_balances_until_somebody_changes_them(bare: Company, shared: Path) -> None:
    load(bare, *((entity, file.read_text()) for entity, file in recorded(shared, "response")))
    invoice = next(row for row in bare.query("SELECT * FROM Invoice MAXRESULTS 1000")["Invoice"] if row["Balance"])
    customer = invoice["CustomerRef"]["value"]
    receivable = bare.query("SELECT * FROM Account WHERE AccountType = 'Accounts Receivable'")["Account"][0]
    undeposited = bare.query("SELECT * FROM Account WHERE AccountSubType = 'UndepositedFunds'").get("Account")
    open_before = invoice["Balance"]
    bank = bare.query("SELECT * FROM Account WHERE AccountType = 'Bank'")["Account"][0]
    if "Customer" not in bare.query(f"SELECT * FROM Customer WHERE Id = '{customer}'"):
        name = {"Id": customer, "SyncToken": "0", "DisplayName": "Absent from the recording", "Active": True}
        times = {"CreateTime": "2026-01-01T00:00:00-08:00", "LastUpdatedTime": "2026-01-01T00:00:00-08:00"}
        load(bare, ("Customer", json.dumps({**name, "Balance": 0, "BalanceWithJobs": 0, "MetaData": times})))
    bare.pay(
        customer,
        str(open_before),
        ("Invoice", invoice["Id"], str(open_before)),
        DepositToAccountRef={"value": bank["Id"]},
    )
    changed = bare.read("Invoice", invoice["Id"])
    assert (changed["Balance"], int(changed["SyncToken"])) == (0, int(invoice["SyncToken"]) + 1)
    assert bare.read("Account", bank["Id"])["CurrentBalance"] == bank["CurrentBalance"] + open_before
    assert bare.read("Account", receivable["Id"])["CurrentBalance"] == receivable["CurrentBalance"] - open_before
    assert undeposited is None or bare.read("Account", undeposited[0]["Id"]) == undeposited[0]


def test_ids_go_on_above_loaded_ones(bare: Company) -> None:
    times = {"CreateTime": "2026-01-01T00:00:00-08:00", "LastUpdatedTime": "2026-01-01T00:00:00-08:00"}
    body = {"Id": "77", "SyncToken": "3", "DisplayName": "Loaded", "Active": True, "MetaData": times}
    load(bare, ("Customer", json.dumps(body)))
    assert bare.customer("Next")["Id"] == "78"
    assert bare.refused("customer", {"DisplayName": "Loaded"})[0] == "6240"


@pytest.mark.parametrize("text", ["", "[]", "{}", "nonsense"])
def test_what_is_no_document_is_not_loaded(bare: Company, text: str) -> None:
    answer = bare.http.post(
        f"{bare.control_url}/quickbooks/load",
        json={"realm": bare.realm, "documents": [{"entity": "Customer", "text": text}]},
        headers=bare.control_headers,
    )
    assert answer.status_code == 400


def test_the_schema_has_nothing_against_any_recorded_body(shared: Path) -> None:
    files = [*recorded(shared, "response"), *recorded(shared, "request")]
    assert len(files) == 128
    complaints = {file.name: judge(entity, json.loads(file.read_bytes())) for entity, file in files}
    assert {name: found for name, found in complaints.items() if found} == {}


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        (("Foo",), 1, "Invoice.Foo: the schema knows no such name"),
        (("Balance",), "12", "Invoice.Balance: expected int/float, found '12'"),
        (("TxnDate",), "tomorrow", "Invoice.TxnDate: 'tomorrow' is no date"),
        (("PrintStatus",), "Maybe", "Invoice.PrintStatus: 'Maybe' is none of"),
        (("LinkedTxn",), {}, "Invoice.LinkedTxn: expected an array"),
        (("CustomerRef",), "5", "Invoice.CustomerRef: expected an object"),
        (("CustomerRef", "id"), "5", "Invoice.CustomerRef.id: the schema knows no such name"),
        (("Line", 0, "DetailType"), "Sale", "Invoice.Line[0].DetailType: 'Sale' is none of"),
        (("Line", 0, "SalesItemLineDetail", "Quantity"), 1, "Quantity: the schema knows no such name"),
        (("sparse",), "true", "Invoice.sparse: expected bool"),
    ],
)
def test_the_judge_names_what_is_wrong(shared: Path, path: tuple[Any, ...], value: Any, complaint: str) -> None:
    file = next(file for entity, file in recorded(shared, "response") if entity == "Invoice")
    body = json.loads(file.read_bytes())
    place = body
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    found = judge("Invoice", body)
    assert any(complaint in one for one in found), found


# Judged where they are written: test_plain, test_attachments, test_currencies.
SEEN_ELSEWHERE = {*(row.name for row in PLAIN), "Attachable", "CompanyCurrency", "ExchangeRate"}


def test_the_schema_has_nothing_against_what_the_sandbox_answers(company: Company) -> None:
    from sandbox.seed import seed

    with company.standin.lock:
        seed(company.standin, customers=20, invoices=80)
    buyer = company.query("SELECT * FROM Customer")["Customer"][0]["Id"]
    line = {"Amount": 5, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {}}
    bank = {"value": company.account("Checking")}
    company.create("Estimate", CustomerRef={"value": buyer}, Line=[line])
    company.create("SalesReceipt", CustomerRef={"value": buyer}, Line=[line])
    company.create("RefundReceipt", CustomerRef={"value": buyer}, Line=[line], DepositToAccountRef=bank)
    savings = {"value": company.account("Savings")}
    company.create("Transfer", FromAccountRef=bank, ToAccountRef=savings, Amount=5)
    seen = 0
    for entity in ENTITIES:
        active = " WHERE Active IN (true, false)" if ENTITIES[entity].has_active else ""
        answer = company.get("query", query=f"SELECT * FROM {entity}{active} MAXRESULTS 1000").json()
        rows = answer["QueryResponse"].get(entity, []) if entity in SEEN_ELSEWHERE else answer["QueryResponse"][entity]
        complaints = {row["Id"]: judge(entity, row) for row in rows}
        assert {key: found for key, found in complaints.items() if found} == {}, entity
        seen += len(rows)
    assert seen > 250
