"""Faults on demand, limits, and the shapes of refusals."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
import requests

from sandbox.qbo.throttle import Throttle
from tests.sandbox.client import Company


@pytest.mark.parametrize(
    ("do", "status", "code", "kind"),
    [
        ("stale_5010", 400, "5010", "ValidationFault"),
        ("closed_6210", 400, "6210", "ValidationFault"),
        ("inactive_610", 400, "610", "ValidationFault"),
        ("lapsed_6190", 400, "6190", "ValidationFault"),
        ("no_rights_120", 401, "120", "AuthorizatonFault"),
        ("system_10000", 500, "10000", "SystemFault"),
        ("fault_200", 200, "10000", "SystemFault"),
    ],
)
def test_a_fault_of_the_api(company: Company, do: str, status: int, code: str, kind: str) -> None:
    company.faults({"match": {"service": "quickbooks", "operation": "customer.create"}, "do": do})
    answer = company.post("customer", {"DisplayName": "A"})
    fault = answer.json()["Fault"]
    assert (answer.status_code, fault["Error"][0]["code"], fault["type"]) == (status, code, kind)
    assert answer.headers["intuit_tid"]
    assert company.query("SELECT count(*) FROM Customer") == {"totalCount": 0}
    assert company.post("customer", {"DisplayName": "A"}).status_code == 200, "once is once"


@pytest.mark.parametrize(
    ("do", "status", "code", "kind"),
    [("throttled", 429, "3001", "SERVICE"), ("token_401", 401, "3200", "AUTHENTICATION")],
)
def test_a_fault_of_the_front_door(company: Company, do: str, status: int, code: str, kind: str) -> None:
    company.faults({"match": {"operation": "query"}, "do": do})
    answer = company.get("query", query="SELECT * FROM Term")
    fault = answer.json()["fault"]
    assert (answer.status_code, fault["error"][0]["code"], fault["type"]) == (status, code, kind)


def test_a_throttle_may_come_as_xml(company: Company) -> None:
    company.faults({"match": {"operation": "cdc"}, "do": "xml_throttle"})
    answer = company.get("cdc", entities="Invoice", changedSince="2090-01-01")
    assert (answer.status_code, answer.headers["Content-Type"]) == (429, "application/xml;charset=UTF-8")
    root = ElementTree.fromstring(answer.content)
    space = "{http://schema.intuit.com/finance/v3}"
    assert root.tag == f"{space}IntuitResponse"
    assert root.find(f"{space}Fault/{space}Error").attrib == {"code": "3001"}  # type: ignore[union-attr]


def test_operations_tell_create_from_update_from_void(company: Company) -> None:
    made = company.customer()
    company.invoice(made["Id"])
    company.update("Customer", made, Notes="x")
    company.post("invoice", {"Id": "1", "SyncToken": "0"}, operation="void")
    company.get("invoice/1/pdf")
    company.get("cdc", entities="Invoice", changedSince="2090-01-01")
    names = [line["operation"] for line in company.steer("quickbooks/journal", method="GET")["requests"]]
    wanted = [
        "token.refresh",
        "customer.create",
        "invoice.create",
        "customer.update",
        "invoice.void",
        "invoice.pdf",
        "cdc",
    ]
    assert names == wanted


def test_a_fault_may_hit_one_item_of_a_batch(company: Company) -> None:
    company.faults({"match": {"operation": "customer.create", "nth": 2}, "do": "system_10000"})
    items = [{"bId": str(n), "operation": "create", "Customer": {"DisplayName": f"C{n}"}} for n in range(3)]
    answers = company.post("batch", {"BatchItemRequest": items}).json()["BatchItemResponse"]
    assert [("Fault" in one) for one in answers] == [False, True, False]


def test_a_refresh_can_be_refused(company: Company) -> None:
    company.faults({"match": {"operation": "token.refresh"}, "do": "invalid_grant"})
    keys = (company.credentials["client_id"], company.credentials["client_secret"])
    form = {"grant_type": "refresh_token", "refresh_token": company.credentials["refresh_token"]}
    url = f"{company.credentials['api_base']}/oauth2/v1/tokens/bearer"
    first = requests.post(url, data=form, auth=keys, timeout=5)
    assert (first.status_code, first.json()["error"]) == (400, "invalid_grant")
    assert requests.post(url, data=form, auth=keys, timeout=5).status_code == 200


def test_an_answer_lost_after_the_commit_left_its_document(company: Company) -> None:
    company.faults({"match": {"operation": "payment.create"}, "do": "drop_after_commit"})
    body = {"CustomerRef": {"value": company.customer()["Id"]}, "TotalAmt": 10, "PaymentRefNum": "TO-1"}
    with pytest.raises(requests.ConnectionError):
        company.post("payment", body, requestid="k-1")
    found = company.query("SELECT * FROM Payment WHERE PaymentRefNum = 'TO-1'")["Payment"]
    replay = company.post("payment", body, requestid="k-1").json()["Payment"]
    assert [one["Id"] for one in found] == [replay["Id"]]


def test_a_request_lost_before_the_commit_left_nothing(company: Company) -> None:
    company.customer()
    company.faults({"match": {"operation": "payment.create"}, "do": "reset_before"})
    with pytest.raises(requests.ConnectionError):
        company.post("payment", {"CustomerRef": {"value": "1"}, "TotalAmt": 10})
    assert company.query("SELECT * FROM Payment") == {}


# Limits


class Ticking:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def admitted(throttle: Throttle, count: int, *, realm: str = "one", batch: bool = False) -> int:
    return sum(throttle.admits(realm, batch=batch) for _ in range(count))


def test_ten_a_second_and_no_more() -> None:
    throttle = Throttle(now := Ticking())
    assert admitted(throttle, 12) == 10
    assert admitted(throttle, 12, realm="another") == 10, "each company for itself"
    now.seconds += 0.99
    assert admitted(throttle, 1) == 0
    now.seconds += 0.02
    assert admitted(throttle, 12) == 10


def test_five_hundred_a_minute() -> None:
    throttle = Throttle(now := Ticking())
    for _ in range(50):
        assert admitted(throttle, 10) == 10
        now.seconds += 1.1
    assert admitted(throttle, 1) == 0, "500 within the last minute"
    now.seconds += 6
    assert admitted(throttle, 10) == 10


def test_forty_batches_a_minute_while_single_requests_pass() -> None:
    throttle = Throttle(now := Ticking())
    for _ in range(40):
        assert admitted(throttle, 1, batch=True) == 1
        now.seconds += 0.5
    assert admitted(throttle, 1, batch=True) == 0
    assert admitted(throttle, 1) == 1
    now.seconds += 41
    assert admitted(throttle, 1, batch=True) == 1


def until_throttled(company: Company) -> requests.Response:
    for _ in range(300):
        answer = company.get("query", query="SELECT * FROM Term MAXRESULTS 1")
        if answer.status_code != 200:
            return answer
    raise AssertionError("three hundred requests in a row were admitted")


def test_the_limits_are_on_for_real_requests_and_can_be_switched_off(company: Company) -> None:
    company.steer("quickbooks/switches", {"throttle": True})
    answer = until_throttled(company)
    assert (answer.status_code, answer.json()["fault"]["error"][0]["code"]) == (429, "3001")
    company.steer("quickbooks/switches", {"throttle_as_xml": True})
    assert until_throttled(company).headers["Content-Type"].startswith("application/xml")
    company.steer("quickbooks/switches", {"throttle": False})
    assert company.get("query", query="SELECT * FROM Term").status_code == 200
