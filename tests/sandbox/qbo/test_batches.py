"""Batches, and the memory behind requestid."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.client import Company, applied, sale


def batch(company: Company, *items: dict[str, Any], **args: str) -> list[dict[str, Any]]:
    answer = company.post("batch", {"BatchItemRequest": list(items)}, **args)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["BatchItemResponse"])


def test_items_are_independent_and_of_every_kind(company: Company) -> None:
    buyer = company.customer()["Id"]
    made, other = company.invoice(buyer, "100"), company.invoice(buyer, "5")
    payment = {"CustomerRef": {"value": buyer}, "TotalAmt": 40, "Line": [applied("Invoice", made["Id"], "40")]}
    stale = {"Id": other["Id"], "SyncToken": "9", "sparse": True, "PrivateNote": "x"}
    answers = batch(
        company,
        {"bId": "p1", "operation": "create", "Payment": payment},
        {"bId": "i7", "operation": "update", "Invoice": stale},
        {"bId": "d3", "operation": "delete", "Invoice": {"Id": other["Id"], "SyncToken": "0"}},
        {"bId": "q1", "Query": "select * from Term"},
        {"bId": "q2", "Query": "select nonsense"},
    )
    assert [one["bId"] for one in answers] == ["p1", "i7", "d3", "q1", "q2"]
    assert answers[0]["Payment"]["TotalAmt"] == 40
    assert answers[1]["Fault"]["Error"][0]["code"] == "5010"
    assert answers[2]["Invoice"]["status"] == "Deleted"
    assert answers[3]["QueryResponse"]["maxResults"] == 5
    assert answers[4]["Fault"]["Error"][0]["code"] == "4000"
    assert company.read("Invoice", made["Id"])["Balance"] == 60


def test_a_later_item_sees_what_an_earlier_one_did(company: Company) -> None:
    made = company.invoice(company.customer()["Id"], "100")
    void = {"bId": "2", "operation": "update", "optionsData": "void", "Invoice": {"Id": made["Id"], "SyncToken": "1"}}
    note = {"Id": made["Id"], "SyncToken": "0", "sparse": True, "PrivateNote": "first"}
    answers = batch(company, {"bId": "1", "operation": "update", "Invoice": note}, void)
    assert answers[1]["Invoice"]["PrivateNote"] == "Voided - first"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "2020"),
        ({"BatchItemRequest": []}, "2020"),
        ({"BatchItemRequest": [{"operation": "create", "Customer": {}}]}, "2020"),
        ({"BatchItemRequest": [{"bId": "1", "Query": "x"}, {"bId": "1", "Query": "x"}]}, "6000"),
        ({"BatchItemRequest": [{"bId": str(n), "Query": "select * from Term"} for n in range(31)]}, "6000"),
    ],
)
def test_a_batch_that_is_wrong_as_a_whole(company: Company, body: dict[str, Any], code: str) -> None:
    assert company.refused("batch", body)[0] == code


@pytest.mark.parametrize(
    ("item", "code"),
    [
        ({"operation": "create", "Bogus": {}}, "2010"),
        ({"operation": "query", "Customer": {}}, "500"),
        ({"Customer": {"DisplayName": "A"}}, "500"),
        ({"operation": "delete", "Customer": {"Id": "1", "SyncToken": "0"}}, "500"),
        ({"operation": "create", "Customer": "x"}, "2010"),
    ],
)
def test_an_item_that_is_wrong_alone(company: Company, item: dict[str, Any], code: str) -> None:
    answers = batch(
        company, {"bId": "1", **item}, {"bId": "2", "operation": "create", "Term": {"Name": "T", "DueDays": 1}}
    )
    assert answers[0]["Fault"]["Error"][0]["code"] == code
    assert answers[1]["Term"]["Name"] == "T"


# requestid


def test_the_same_requestid_gets_the_first_answer_and_makes_nothing(company: Company) -> None:
    buyer = company.customer()["Id"]
    body = {"CustomerRef": {"value": buyer}, "TotalAmt": 10}
    first = company.post("payment", body, requestid="k-1")
    company.steer("clock/advance", {"seconds": 60})
    again = company.post("payment", body, requestid="k-1")
    assert again.content == first.content
    assert again.headers["intuit_tid"] != first.headers["intuit_tid"]
    assert company.query("SELECT count(*) FROM Payment") == {"totalCount": 1}
    assert company.post("payment", body, requestid="k-2").json()["Payment"]["Id"] != first.json()["Payment"]["Id"]


def test_a_replay_comes_even_after_the_object_is_deleted(company: Company) -> None:
    body = {"CustomerRef": {"value": company.customer()["Id"]}, "TotalAmt": 10}
    first = company.post("payment", body, requestid="k-1").json()["Payment"]
    company.post("payment", {"Id": first["Id"], "SyncToken": "0"}, operation="delete").raise_for_status()
    assert company.post("payment", body, requestid="k-1").json()["Payment"] == first
    assert company.get(f"payment/{first['Id']}").status_code == 400


def test_another_body_under_the_same_requestid_is_replayed_and_noted(company: Company) -> None:
    body = {"CustomerRef": {"value": company.customer()["Id"]}, "TotalAmt": 10}
    company.post("payment", body, requestid="k-1")
    assert company.post("payment", {**body, "TotalAmt": 99}, requestid="k-1").json()["Payment"]["TotalAmt"] == 10
    lines = company.steer("quickbooks/journal", {"operation": "payment.create"}, method="GET")["requests"]
    assert [line["warning"] for line in lines] == ["", "replayed, and the body differs from the first"]
    assert [line["requestid"] for line in lines] == ["k-1", "k-1"]


def test_a_refusal_is_not_remembered(company: Company) -> None:
    buyer = company.customer()["Id"]
    body = {"CustomerRef": {"value": buyer}, "TotalAmt": 10, "Line": [applied("Invoice", "1", "10")]}
    assert company.post("payment", body, requestid="k-1").status_code == 400
    company.create("Invoice", CustomerRef={"value": buyer}, Line=[sale("10")])
    assert company.post("payment", body, requestid="k-1").status_code == 200


def test_a_batch_is_replayed_as_a_whole(company: Company) -> None:
    items = [{"bId": "1", "operation": "create", "Customer": {"DisplayName": "A"}}]
    first = batch(company, *items, requestid="b-1")
    assert batch(company, *items, requestid="b-1") == first
    assert company.query("SELECT count(*) FROM Customer") == {"totalCount": 1}
    long = {"BatchItemRequest": [{**items[0], "bId": "x" * 11}]}
    assert company.refused("batch", long, requestid="b-2")[0] == "2050"
    assert company.refused("batch", {"BatchItemRequest": items}, requestid="b" * 37)[0] == "2050"
    assert company.refused("customer", {"DisplayName": "B"}, requestid="c" * 51)[0] == "2050"


def test_the_memory_can_be_lost(company: Company) -> None:
    body = {"CustomerRef": {"value": company.customer()["Id"]}, "TotalAmt": 10}
    company.post("payment", body, requestid="k-1")
    company.steer("quickbooks/forget_requestids", {"requestid": "k-1"})
    company.post("payment", body, requestid="k-1")
    assert company.query("SELECT count(*) FROM Payment") == {"totalCount": 2}
    company.faults({"match": {"operation": "payment.create"}, "do": "ignore_requestid"})
    company.post("payment", body, requestid="k-1")
    company.post("payment", body, requestid="k-1")
    assert company.query("SELECT count(*) FROM Payment") == {"totalCount": 3}
    company.faults({"match": {"operation": "payment.create"}, "do": "forget_requestid"})
    company.post("payment", body, requestid="k-1")
    assert company.query("SELECT count(*) FROM Payment") == {"totalCount": 4}
