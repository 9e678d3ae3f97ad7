"""What each answer means, over real HTTP, from the bodies QuickBooks was seen to send (facts: errors)."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from connector.errors import (
    GatewayError,
    NotFound,
    RateLimited,
    Rejected,
    Stale,
    Transient,
    Unauthorised,
    UnknownOutcome,
)
from connector.qbo.faults import sent_of
from connector.qbo.shapes import Document
from tests.qbo.conftest import gateway_on
from tests.qbo.raw_server import Answer, http

PAYMENT = Document("Payment", {}, "SELECT * FROM Payment WHERE PaymentRefNum = 'TO1'")


def fault(code: str, *, detail: str = "why", kind: str = "ValidationFault") -> str:
    error = {"Message": "what", "Detail": detail, "code": code, "element": ""}
    return json.dumps({"Fault": {"Error": [error], "type": kind}, "time": "2026-11-22T01:02:03.456-08:00"})


def front(message: str, code: str, *, detail: str | None = None, kind: str = "SERVICE") -> str:
    """Return a fault of the gateway in front of QuickBooks, which writes lower case."""
    error = {"message": message, "detail": detail, "code": code, "element": None}
    empty: dict[str, Any] = {"warnings": None, "queryResponse": None, "batchItemResponse": [], "cdcresponse": []}
    return json.dumps({**empty, "fault": {"error": [error], "type": kind}, "requestId": None, "time": 1763800000000})


XML = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?><IntuitResponse time="2026-11-22T01:02:03.456-08:00" '
    'xmlns="http://schema.intuit.com/finance/v3"><Fault type="SERVICE"><Error code="3001"><Message>message='
    "ThrottleExceeded; errorCode=003001; statusCode=429</Message><Detail>The request limit was reached.  Try again "
    "later</Detail></Error></Fault></IntuitResponse>"
)
THROTTLE = front("message=ThrottleExceeded; errorCode=003001; statusCode=429", "3001")
HTML = "<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>"

# What came, and what it means for a write and for a read.
CASES: list[tuple[str, bytes, type[GatewayError], type[GatewayError], str]] = [
    ("stale", http("400 Bad Request", fault("5010")), Stale, Stale, "5010"),
    ("inactive", http("400 Bad Request", fault("610")), NotFound, NotFound, "610"),
    ("closed period", http("400 Bad Request", fault("6210")), Rejected, Rejected, "6210"),
    ("deposited", http("400 Bad Request", fault("6540")), Rejected, Rejected, "6540"),
    ("lapsed", http("400 Bad Request", fault("6190")), Rejected, Rejected, "6190"),
    ("duplicate name", http("400 Bad Request", fault("6240")), Rejected, Rejected, "6240"),
    ("no reference", http("400 Bad Request", fault("2500")), Rejected, Rejected, "2500"),
    ("too long", http("400 Bad Request", fault("2050")), Rejected, Rejected, "2050"),
    ("no number for a code", http("400 Bad Request", fault("")), Rejected, Rejected, "400"),
    ("fault with 200", http("200 OK", fault("6000")), Rejected, Rejected, "6000"),
    ("system fault with 200", http("200 OK", fault("10000", kind="SystemFault")), UnknownOutcome, Transient, "10000"),
    ("system fault", http("500 Error", fault("10000", kind="SystemFault")), UnknownOutcome, Transient, "10000"),
    (
        "internal error as validation",
        http("400 Bad Request", fault("6000", detail="Unexpected Internal Error. (-30000)")),
        UnknownOutcome,
        Transient,
        "6000",
    ),
    ("admin lost", http("401 Unauthorized", fault("120", kind="AuthorizatonFault")), Unauthorised, Unauthorised, "120"),
    (
        "token expired",
        http("401 Unauthorized", front("message=AuthenticationFailed; errorCode=003200", "3200", detail="Token AB01")),
        Unauthorised,
        Unauthorised,
        "3200",
    ),
    (
        "wrong company",
        http("403 Forbidden", front("message=ApplicationAuthorizationFailed; errorCode=003100", "3100")),
        Unauthorised,
        Unauthorised,
        "3100",
    ),
    ("throttle", http("429 Too Many Requests", THROTTLE), RateLimited, RateLimited, "3001"),
    ("throttle as of 2016", http("403 Forbidden", THROTTLE), RateLimited, RateLimited, "3001"),
    ("throttle in capitals", http("429 Too Many", fault("003001")), RateLimited, RateLimited, "3001"),
    ("throttle in XML", http("429 Too Many", XML, kind="application/xml"), RateLimited, RateLimited, "3001"),
    ("throttle in XML with 200", http("200 OK", XML, kind="text/xml"), RateLimited, RateLimited, "3001"),
    ("throttle without a body", http("429 Too Many Requests"), RateLimited, RateLimited, "429"),
    (
        "internal error of the front",
        http("500 Error", front("message=InternalServerError; errorCode=003100; statusCode=500", "3100")),
        UnknownOutcome,
        Transient,
        "3100",
    ),
    ("maintenance page", http("503 Unavailable", HTML, kind="text/html"), UnknownOutcome, Transient, "503"),
    ("empty 502", http("502 Bad Gateway"), UnknownOutcome, Transient, "502"),
    ("web page with 200", http("200 OK", HTML, kind="text/html"), UnknownOutcome, Transient, "200"),
    ("cut JSON", http("200 OK", '{"Payment":{"Id":"1","Syn'), UnknownOutcome, Transient, "200"),
    ("another answer", http("200 OK", '{"BatchItemResponse":[],"time":"x"}'), UnknownOutcome, Transient, ""),
    ("empty 200", http("200 OK"), UnknownOutcome, Transient, "200"),
    ("redirect", http("302 Found", Location="http://127.0.0.1:9/"), UnknownOutcome, Transient, "302"),
    ("unknown address", http("404 Not Found", HTML, kind="text/html"), Rejected, Rejected, "404"),
]


@pytest.mark.parametrize(("answer", "write", "read", "code"), [case[1:] for case in CASES], ids=[c[0] for c in CASES])
def test_an_answer_means_the_same_whatever_its_envelope(
    answer: bytes, write: type[GatewayError], read: type[GatewayError], code: str
) -> None:
    with gateway_on([answer]) as (gateway, _, _), pytest.raises(GatewayError) as caught:
        gateway.create(PAYMENT, body=b"{}", request_id="R")
    assert type(caught.value) is write
    assert caught.value.code == code
    sent = sent_of(caught.value)
    assert sent is not None
    assert (sent.operation, sent.request_id, sent.request) == ("payment.create", "R", b"{}")
    assert sent.status == int(answer.split()[1])

    with gateway_on([answer]) as (gateway, _, _), pytest.raises(GatewayError) as caught:
        gateway.read("Payment", "1")
    assert type(caught.value) is read


@pytest.mark.parametrize("answer", [case[1] for case in CASES], ids=[case[0] for case in CASES])
def test_no_answer_shows_a_token(answer: bytes) -> None:
    with gateway_on([answer]) as (gateway, _, _), pytest.raises(GatewayError) as caught:
        gateway.company_info()
    assert "AB01" not in repr(caught.value)
    assert "token-" not in repr(caught.value)


def test_a_refusal_is_told_in_quickbooks_own_words_with_its_trace() -> None:
    answer = http("400 Bad Request", fault("6210", detail="The books are closed."), intuit_tid="1-6541-abc")
    with gateway_on([answer]) as (gateway, _, _), pytest.raises(Rejected) as caught:
        gateway.create(PAYMENT, body=b"{}", request_id="R")
    assert (caught.value.message, caught.value.trace, caught.value.status) == (
        "The books are closed.",
        "1-6541-abc",
        400,
    )


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("", 60.0), ("soon", 60.0)])
def test_after_a_throttle_nothing_is_sent_until_the_pause_is_over(header: str, seconds: float) -> None:
    answer = http("429 Too Many", THROTTLE, Retry_After=header)
    with gateway_on([answer, http("200 OK", '{"CompanyInfo":{"Id":"1"},"time":"x"}')]) as (gateway, server, _):
        with pytest.raises(RateLimited) as caught:
            gateway.company_info()
        assert caught.value.wait_seconds == seconds
        with pytest.raises(RateLimited) as again:
            gateway.company_info()
        assert 0 < again.value.wait_seconds <= seconds
        assert len(server.asked) == 1
        gateway._clock.sleep(seconds)
        assert gateway.company_info().qbo_id == "1"


def _reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def _cut(connection: socket.socket) -> None:
    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{"Payment":')


@pytest.mark.parametrize("answer", [_reset, _cut, lambda connection: None], ids=["reset", "cut", "closed"])
def test_a_connection_that_breaks_leaves_a_write_unknown_and_a_read_harmless(answer: Answer) -> None:
    with gateway_on([answer]) as (gateway, server, _), pytest.raises(UnknownOutcome) as caught:
        gateway.create(PAYMENT, body=b'{"TotalAmt": 1}', request_id="R")
    assert len(server.asked) == 1, "a write is never sent again here"
    sent = sent_of(caught.value)
    assert sent is not None
    assert (sent.status, sent.response, sent.request) == (None, b"", b'{"TotalAmt": 1}')

    with gateway_on([answer]) as (gateway, server, _), pytest.raises(Transient):
        gateway.company_info()
    assert len(server.asked) == 3, "a read is tried again within seconds"


def test_an_unreachable_server_is_a_definite_no() -> None:
    with gateway_on([http("200 OK")]) as (gateway, server, _):
        gateway._api_base = "http://127.0.0.1:9"
        with pytest.raises(Transient, match="cannot be reached"):
            gateway.create(PAYMENT, body=b"{}", request_id="R")
    assert server.asked == []


def test_a_read_that_fails_once_is_tried_again() -> None:
    good = http("200 OK", '{"CompanyInfo":{"Id":"1","SyncToken":"4"},"time":"x"}')
    with gateway_on([http("502 Bad Gateway"), good]) as (gateway, server, _):
        assert gateway.company_info().sync_token == "4"
    assert len(server.asked) == 2
