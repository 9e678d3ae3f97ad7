"""Every fault of meaning that a programme can name, and the switches beside them: what each does, and what after."""

from __future__ import annotations

import threading
import time
from typing import Any
from xml.etree import ElementTree

import pytest
import requests

from sandbox.qbo.meanings import MEANINGS
from tests.sandbox.client import Company
from tests.sandbox.qbo.test_oauth import REDIRECT, api_status, consent, exchange, refresh, token

SPACE = "{http://schema.intuit.com/finance/v3}"


def code_of(answer: requests.Response) -> str:
    body = answer.json()
    found = body["Fault"]["Error"] if "Fault" in body else body["fault"]["error"]
    return str(found[0]["code"])


@pytest.mark.parametrize("name", sorted(set(MEANINGS) - {"xml_throttle"}))
def test_every_refusal_by_name_comes_once_and_changes_nothing(company: Company, name: str) -> None:
    company.faults({"match": {"service": "quickbooks", "operation": "customer.create"}, "do": name})
    wanted = {"fault_200": "10000", "throttled": "3001", "token_401": "3200"}.get(name, name.rsplit("_", 1)[-1])
    assert code_of(company.post("customer", {"DisplayName": "A"})) == wanted
    assert company.query("SELECT count(*) FROM Customer") == {"totalCount": 0}
    assert company.post("customer", {"DisplayName": "A"}).status_code == 200


def test_a_rule_for_the_network_or_for_webhooks_is_not_used_up_by_a_call(company: Company) -> None:
    company.faults({"do": "dup:2"}, {"do": "rotate_no_grace"})
    company.customer()
    rules = company.http.get(f"{company.control_url}/faults", headers=company.control_headers).json()["rules"]
    assert [rule["done"] for rule in rules] == [0, 0]


# The memory of requestids ---------------------------------------------------------------------------------------------


def pay_again(company: Company, buyer: str) -> str:
    body = {"CustomerRef": {"value": buyer}, "TotalAmt": 10}
    return str(company.post("payment", body, requestid="k-1").json()["Payment"]["Id"])


def test_a_requestid_is_forgotten_after_so_many_seconds(company: Company) -> None:
    buyer = company.customer()["Id"]
    first = pay_again(company, buyer)
    rule = {"match": {"operation": "payment.create", "times": 0}, "do": "forget_requestid:60"}
    company.faults(rule)
    company.steer("clock/advance", {"seconds": 50})
    assert pay_again(company, buyer) == first
    company.steer("clock/advance", {"seconds": 20})
    assert pay_again(company, buyer) != first


def test_a_requestid_lives_as_long_as_the_switch_says(company: Company) -> None:
    company.steer("quickbooks/switches", {"requestid_lifetime": 3600})
    buyer = company.customer()["Id"]
    first = pay_again(company, buyer)
    company.steer("clock/advance", {"seconds": 3000})
    assert pay_again(company, buyer) == first
    company.steer("clock/advance", {"seconds": 600})
    company.refresh()
    assert pay_again(company, buyer) != first


def test_the_same_requestid_in_another_company_is_another(company: Company) -> None:
    other = Company(
        company.world, "control-of-the-tests", company.steer("quickbooks/companies", {"name": "Two"})["realm_id"]
    )
    for one in (company, other):
        one.post("customer", {"DisplayName": "A"}, requestid="same").raise_for_status()
        assert one.query("SELECT count(*) FROM Customer") == {"totalCount": 1}


# Queries that are behind ----------------------------------------------------------------------------------------------


def test_a_new_document_is_not_yet_seen_by_queries(company: Company) -> None:
    company.faults({"match": {"operation": "customer.create"}, "do": "query_lag:5000"})
    made = company.customer("Late")
    company.customer("At once")
    assert [row["DisplayName"] for row in company.query("SELECT * FROM Customer")["Customer"]] == ["At once"]
    assert company.query("SELECT count(*) FROM Customer") == {"totalCount": 1}
    assert company.read("Customer", made["Id"])["DisplayName"] == "Late", "a read by id is never behind"
    company.steer("clock/advance", {"seconds": 6})
    assert company.query("SELECT count(*) FROM Customer") == {"totalCount": 2}


def test_one_query_may_be_behind_or_all_by_switch(company: Company) -> None:
    company.customer("A")
    company.faults({"match": {"operation": "query"}, "do": "query_lag:60000"})
    assert company.query("SELECT * FROM Customer") == {}
    assert company.query("SELECT count(*) FROM Customer") == {"totalCount": 1}
    company.steer("quickbooks/switches", {"query_lag": 60000})
    company.customer("B")
    assert company.query("SELECT count(*) FROM Customer") == {"totalCount": 1}


# Maintenance ----------------------------------------------------------------------------------------------------------


def test_maintenance_is_a_web_page_for_a_while(company: Company) -> None:
    company.faults({"match": {"operation": "customer.create"}, "do": "maintenance:300"})
    for answer in (company.post("customer", {"DisplayName": "A"}), company.get("companyinfo/1")):
        assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (503, "text/html")
    company.steer("clock/advance", {"seconds": 301})
    assert company.query("SELECT count(*) FROM Customer") == {"totalCount": 0}


def test_a_window_of_maintenance_comes_at_its_hour(company: Company) -> None:
    start = company.world.clock.seconds() + 100
    company.steer("quickbooks/switches", {"maintenance_from": start, "maintenance_until": start + 60})
    assert company.get("companyinfo/1").status_code == 200
    company.steer("clock/advance", {"seconds": 110})
    assert company.get("companyinfo/1").status_code == 503
    company.steer("clock/advance", {"seconds": 60})
    assert company.get("companyinfo/1").status_code == 200


# Limits ---------------------------------------------------------------------------------------------------------------


def statuses(company: Company, count: int) -> list[int]:
    return [company.get("companyinfo/1").status_code for _ in range(count)]


def test_limits_count_by_the_stand_ins_clock_and_their_numbers_are_switches(company: Company) -> None:
    company.steer("quickbooks/switches", {"throttle": True, "throttle_per_second": 1000, "throttle_per_minute": 3})
    assert statuses(company, 5) == [200, 200, 200, 429, 429]
    company.steer("clock/advance", {"seconds": 61})
    assert statuses(company, 1) == [200]


def test_a_company_has_fewer_batches_than_the_app_where_the_numbers_say_so(company: Company) -> None:
    numbers = {"throttle_per_second": 1000, "throttle_batches": 40, "throttle_batches_of_realm": 2}
    company.steer("quickbooks/switches", {"throttle": True, **numbers})
    item = {"BatchItemRequest": [{"bId": "1", "Query": "select * from Term"}]}
    assert [company.post("batch", item).status_code for _ in range(3)] == [200, 200, 429]
    assert statuses(company, 1) == [200]


def test_in_2016_it_was_a_403(company: Company) -> None:
    company.steer("quickbooks/switches", {"throttle": True, "throttle_per_minute": 0, "throttle_status": "403"})
    answer = company.get("companyinfo/1")
    assert (answer.status_code, code_of(answer)) == (403, "3001")


def test_so_many_calls_at_once_and_no_more(company: Company) -> None:
    company.steer("quickbooks/switches", {"throttle_in_flight": 2})
    got: list[int] = []
    callers = [threading.Thread(target=lambda: got.append(company.get("companyinfo/1").status_code)) for _ in range(3)]
    with company.standin.lock:  # the books are busy, so that callers wait inside
        for caller in callers:
            caller.start()
        end = time.monotonic() + 5
        while not got and time.monotonic() < end:
            time.sleep(0.01)
    for caller in callers:
        caller.join()
    assert sorted(got) == [200, 200, 429]
    assert statuses(company, 1) == [200]


def test_reads_are_metered_and_blocked_until_next_month_while_writes_are_free(company: Company) -> None:
    company.steer("quickbooks/switches", {"monthly_reads": 3})
    assert company.get("invoice/404").status_code == 400, "only what was answered counts"
    assert statuses(company, 1) == [200]
    queries = [{"bId": str(n), "Query": "select * from Term"} for n in range(3)]
    items = company.post("batch", {"BatchItemRequest": queries}).json()["BatchItemResponse"]
    assert ["Fault" in item for item in items] == [False, False, True], "each query in a batch counts"
    assert company.get("companyinfo/1").status_code == 429
    assert company.post("customer", {"DisplayName": "A"}).status_code == 200
    company.steer("clock/advance", {"days": 32})
    company.refresh()
    assert statuses(company, 1) == [200]


# XML ------------------------------------------------------------------------------------------------------------------


def plain(company: Company, path: str, accept: str | None, **args: str) -> requests.Response:
    headers = {"Authorization": company.headers["Authorization"], "Accept": accept}
    return company.http.get(f"{company.base}/{path}", params=args, headers=headers)


@pytest.mark.parametrize("accept", [None, "*/*", "application/xml"])
def test_xml_is_what_a_client_gets_that_does_not_ask_for_json(company: Company, accept: str | None) -> None:
    company.customer("Zoë & <Søn>", GivenName="Zoë")
    answer = plain(company, "query", accept, query="SELECT * FROM Customer")
    assert answer.headers["Content-Type"] == "application/xml;charset=UTF-8"
    root = ElementTree.fromstring(answer.content)
    found = root.find(f"{SPACE}QueryResponse")
    assert root.tag == f"{SPACE}IntuitResponse"
    assert found is not None
    assert found.attrib == {"startPosition": "1", "maxResults": "1"}
    assert found.findtext(f"{SPACE}Customer/{SPACE}DisplayName") == "Zoë & <Søn>"


@pytest.mark.parametrize(
    ("path", "status", "code"), [("invoice/404", 400, "610"), ("query", 400, "4000"), ("bogus/1", 400, "500")]
)
def test_a_fault_is_xml_too(company: Company, path: str, status: int, code: str) -> None:
    answer = plain(company, path, "*/*", query="select 'a' & <b>")
    error = ElementTree.fromstring(answer.content).find(f"{SPACE}Fault/{SPACE}Error")
    assert (answer.status_code, error is not None and error.attrib["code"]) == (status, code)
    assert "json" in plain(company, path, "application/pdf, application/json").headers["Content-Type"]


def test_a_reference_and_a_batch_keep_their_values_in_xml(company: Company) -> None:
    made = company.invoice(company.customer("A")["Id"], "10.50")
    root = ElementTree.fromstring(plain(company, f"invoice/{made['Id']}", "*/*").content)
    owner = root.find(f"{SPACE}Invoice/{SPACE}CustomerRef")
    assert owner is not None
    assert (owner.text, owner.attrib) == ("1", {"name": "A"})
    assert root.findtext(f"{SPACE}Invoice/{SPACE}TotalAmt") == "10.5"


# Tokens ---------------------------------------------------------------------------------------------------------------


def test_a_refresh_may_rotate_at_once_and_without_grace(company: Company) -> None:
    company.steer("quickbooks/switches", {"refresh_grace": 3600})
    first = company.credentials["refresh_token"]
    company.faults({"match": {"operation": "token.refresh"}, "do": "rotate_no_grace"})
    second = refresh(company, first).json()["refresh_token"]
    assert second != first
    assert refresh(company, first).json()["error"] == "invalid_grant"
    assert refresh(company, second).status_code == 200


@pytest.mark.parametrize(("grace", "again"), [(0, 400), (3600, 200)])
def test_the_reply_of_a_refresh_may_be_lost_after_it_rotated(company: Company, grace: int, again: int) -> None:
    company.steer("quickbooks/switches", {"refresh_grace": grace})
    first = company.credentials["refresh_token"]
    company.faults({"match": {"operation": "token.refresh"}, "do": "lose_refresh_reply"})
    with pytest.raises(requests.ConnectionError):
        refresh(company, first)
    assert refresh(company, first).status_code == again, "only a grace saves who asks again with the old value"


def test_lifetimes_of_refresh_tokens_are_switches(company: Company) -> None:
    company.steer("quickbooks/switches", {"refresh_idle_lifetime": 1000, "refresh_hard_lifetime": 2500})
    value = company.credentials["refresh_token"]
    for _ in range(2):
        company.steer("clock/advance", {"seconds": 900})
        told = refresh(company, value).json()
        assert told["x_refresh_token_expires_in"] == 1000
    company.steer("clock/advance", {"seconds": 900})
    assert refresh(company, value).json()["error"] == "invalid_grant", "the hard end"
    fresh = company.standin.credentials()["refresh_token"]
    company.steer("clock/advance", {"seconds": 1001})
    assert refresh(company, fresh).json()["error"] == "invalid_grant", "unused for too long"


def test_userinfo_needs_a_bearer_that_was_given_openid(company: Company) -> None:
    url = f"{company.credentials['api_base']}/v1/openid_connect/userinfo"

    def ask(access_token: str) -> requests.Response:
        return requests.get(url, headers={"Authorization": f"Bearer {access_token}"}, timeout=5)

    assert ask("none").status_code == 401
    plain_tokens = exchange(company, consent(company)["code"]).json()
    assert "id_token" not in plain_tokens
    assert ask(plain_tokens["access_token"]).status_code == 403
    assert api_status(company, plain_tokens["access_token"])[0] == 200


def test_a_code_for_another_client_or_grant_is_refused_in_oauths_words(company: Company) -> None:
    wrong = token(company, auth=("x", "y"), grant_type="authorization_code", code="c", redirect_uri=REDIRECT)
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    unknown = exchange(company, "never given")
    assert (unknown.status_code, unknown.json()["error"]) == (400, "invalid_grant")
    assert unknown.headers["intuit_tid"]


# CDC and batches ------------------------------------------------------------------------------------------------------


def test_changed_since_may_leave_its_own_second_out(company: Company) -> None:
    made = company.customer()
    since = made["MetaData"]["LastUpdatedTime"]

    def changed() -> list[dict[str, Any]]:
        answer = company.get("cdc", entities="Customer", changedSince=since).json()
        return list(answer["CDCResponse"][0]["QueryResponse"])

    assert [row["Id"] for row in changed()[0]["Customer"]] == [made["Id"]]
    company.steer("quickbooks/switches", {"cdc_since": "exclusive"})
    assert changed() == [{}]


def test_a_fault_may_hit_one_query_of_a_batch(company: Company) -> None:
    company.faults({"match": {"operation": "query"}, "do": "system_10000"})
    items = [{"bId": str(n), "Query": "select * from Term"} for n in range(2)]
    answers = company.post("batch", {"BatchItemRequest": items}).json()["BatchItemResponse"]
    assert ["Fault" in one for one in answers] == [True, False]


# Bodies ---------------------------------------------------------------------------------------------------------------


def test_a_body_may_come_in_chunks_without_a_length(company: Company) -> None:
    pieces = iter([b'{"DisplayName":', b'"In pieces"}'])
    answer = company.http.post(f"{company.base}/customer", data=pieces, headers=company.headers)
    assert (answer.status_code, answer.json()["Customer"]["DisplayName"]) == (200, "In pieces")
    lines = company.steer("quickbooks/journal", {"operation": "customer.create"}, method="GET")["requests"]
    assert len(lines) == 1
