"""The wire: what is sent, byte for byte, with which token, and for how long it is waited for."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from connector.errors import Unauthorised, UnknownOutcome
from connector.qbo import wire
from connector.qbo.shapes import Document
from tests.qbo.conftest import gateway_on
from tests.qbo.raw_server import http

INFO = http("200 OK", '{"CompanyInfo":{"Id":"1","SyncToken":"0"},"time":"x"}')
EXPIRED = http("401 Unauthorized", '{"fault":{"error":[{"code":"3200","detail":"Token expired"}],"type":"X"}}')
PAID = http("200 OK", '{"Payment": {"Id":"190",  "SyncToken":"0"} ,"time":"x"}', intuit_tid="1-abc")
PAYMENT = Document("Payment", {}, "SELECT * FROM Payment")


def test_a_write_sends_the_frozen_bytes_under_its_requestid() -> None:
    body = '{"TotalAmt": 1000.00,  "PrivateNote": "Žluťoučký 漢"}'.encode()
    with gateway_on([PAID]) as (gateway, server, _):
        answer = gateway.create(PAYMENT, body=body, request_id="ABC234")
    (asked,) = server.asked
    assert asked.line == "POST /v3/company/9341/payment?minorversion=75&requestid=ABC234 HTTP/1.1"
    assert asked.body == body == answer.sent.request
    assert asked.headers["content-type"] == asked.headers["accept"] == "application/json"
    assert asked.headers["authorization"] == "Bearer token-0"
    assert answer.document.body == b'{"Id":"190",  "SyncToken":"0"}', "the object's own text, untouched"
    assert (answer.sent.trace, answer.sent.status) == ("1-abc", 200)


def test_a_query_goes_as_text() -> None:
    page = http("200 OK", '{"QueryResponse":{},"time":"2026-11-22T01:02:03.456-08:00"}')
    with gateway_on([page]) as (gateway, server, _):
        assert gateway.page("Invoice", start=1).texts == []
    assert server.asked[0].line.startswith("POST /v3/company/9341/query?minorversion=75 ")
    assert server.asked[0].headers["content-type"] == "application/text"
    assert server.asked[0].body == b"SELECT * FROM Invoice ORDERBY Id STARTPOSITION 1 MAXRESULTS 1000"


def test_the_change_feed_is_asked_with_its_offset_encoded() -> None:
    feed = http("200 OK", '{"CDCResponse":[{"QueryResponse":[{},{}]}],"time":"2026-11-22T01:02:03-08:00"}')
    with gateway_on([feed]) as (gateway, server, _):
        gateway.changes(["Invoice", "Payment"], "2026-11-21T08:00:00+01:00")
    assert "entities=Invoice%2CPayment&changedSince=2026-11-21T08%3A00%3A00%2B01%3A00" in server.asked[0].line


def test_a_refused_token_is_renewed_once_and_the_call_repeated() -> None:
    with gateway_on([EXPIRED, INFO]) as (gateway, server, asked):
        gateway.company_info()
    assert [request.headers["authorization"] for request in server.asked] == ["Bearer token-0", "Bearer token-1"]
    assert asked == [False, True]


def test_a_renewed_token_that_is_refused_as_well_ends_it() -> None:
    with gateway_on([EXPIRED]) as (gateway, server, asked), pytest.raises(Unauthorised):
        gateway.company_info()
    assert len(server.asked) == 2
    assert asked == [False, True]


def test_a_repeated_write_keeps_its_requestid_and_bytes() -> None:
    with gateway_on([EXPIRED, PAID]) as (gateway, server, _):
        gateway.create(PAYMENT, body=b'{"a": 1}', request_id="R1")
    assert [request.line for request in server.asked] == [server.asked[0].line] * 2
    assert [request.body for request in server.asked] == [b'{"a": 1}'] * 2


def test_a_server_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "READ_SECONDS", 0.2)

    def hang(connection: socket.socket) -> None:
        time.sleep(1.5)

    started = time.monotonic()
    with gateway_on([hang]) as (gateway, _, _), pytest.raises(UnknownOutcome) as caught:
        gateway.create(PAYMENT, body=b"{}", request_id="R")
    assert caught.value.code == "timeout"
    assert time.monotonic() - started < 1.4


def test_an_answer_that_stops_in_the_middle_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "READ_SECONDS", 0.2)

    def drip(connection: socket.socket) -> None:
        connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{"Payment":')
        time.sleep(1.5)

    started = time.monotonic()
    with gateway_on([drip]) as (gateway, _, _), pytest.raises(UnknownOutcome) as caught:
        gateway.create(PAYMENT, body=b"{}", request_id="R")
    assert caught.value.code == "timeout"
    assert time.monotonic() - started < 1.4


def test_the_limits_of_waiting_are_short() -> None:
    assert (wire.CONNECT_SECONDS, wire.READ_SECONDS) == (3.05, 30.0)


def test_a_netrc_cannot_replace_the_token(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with gateway_on([INFO]) as (gateway, server, _):
        gateway.company_info()
    assert server.asked[0].headers["authorization"] == "Bearer token-0"


def test_the_environments_proxies_and_certificates_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "no_proxy", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with gateway_on([INFO]) as (_, proxy, _), gateway_on([INFO]) as (gateway, server, _):
        monkeypatch.setenv("http_proxy", proxy.url)
        gateway.company_info()
        assert proxy.asked[0].line.startswith(f"GET {server.url}/v3/company/9341/companyinfo/9341")
        assert server.asked == []
    with gateway_on([INFO]) as (gateway, server, _):
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        gateway.company_info()
        assert len(server.asked) == 1
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/a/bundle.pem")
    assert wire.BearerSession(lambda _: "", "https://quickbooks.test").verify == "/a/bundle.pem"
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    assert wire.BearerSession(lambda _: "", "https://quickbooks.test").verify is True


def test_a_redirect_is_not_followed_with_the_token_in_hand() -> None:
    with gateway_on([INFO]) as (elsewhere, other, _):
        away = http("307 Temporary Redirect", Location=f"{other.url}/v3/company/9341/payment")
        with gateway_on([away]) as (gateway, _, _), pytest.raises(UnknownOutcome):
            gateway.create(PAYMENT, body=b"{}", request_id="R")
        del elsewhere
    assert other.asked == []


def test_compressed_answers_are_read() -> None:
    import gzip

    body = gzip.compress(b'{"CompanyInfo":{"Id":"1","SyncToken":"3"},"time":"x"}')
    with gateway_on([http("200 OK", body, Content_Encoding="gzip")]) as (gateway, _, _):
        assert gateway.company_info().sync_token == "3"
