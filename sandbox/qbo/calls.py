"""One request and one answer, as plain values between the web framework and the rules; and what a request is called.

Operations are named `entity.verb` ("payment.create", "purchase.update"), `query`, `cdc`, `batch`, `token.exchange`,
`token.refresh`, `revoke`: the names that fault programmes and the journal use.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from sandbox import draw
from sandbox.qbo.codec import encode
from sandbox.qbo.entities import BY_PATH
from sandbox.qbo.refusals import Refusal
from sandbox.qbo.times import envelope_time
from sandbox.qbo.writing import verb_of

_NAMED_PATHS = {
    "/.well-known/openid_configuration": "discovery",
    "/connect/oauth2": "authorize",
    "/v2/oauth2/tokens/revoke": "revoke",
    "/v1/openid_connect/userinfo": "userinfo",
}
JSON = "application/json;charset=UTF-8"


@dataclass
class Call:
    """A request to the Accounting API."""

    method: str
    realm: str
    steps: tuple[str, ...]  # the path after the realm, lower case
    args: dict[str, str]
    body: bytes
    authorization: str | None
    operation: str
    tid: str = field(default_factory=lambda: f"1-{draw.hex_text(4)}-{draw.hex_text(12)}")
    warning: str = ""

    @property
    def requestid(self) -> str:
        """The idempotency key, empty without one."""
        return self.args.get("requestid", "")


@dataclass
class Answer:
    """A reply: status, text or bytes, and its type."""

    status: int
    content: str | bytes
    kind: str = JSON
    code: str = ""


class _Head(msgspec.Struct):
    Id: Any = None


_head = msgspec.json.Decoder(_Head)


def operation_of(environ: dict[str, Any]) -> str:
    """Name the request of a WSGI environ. The body is read and put back, for only it tells create from update."""
    if "tieout.operation" not in environ:
        environ["tieout.operation"] = _name(environ)
    return str(environ["tieout.operation"])


def _name(environ: dict[str, Any]) -> str:
    path, method = environ["PATH_INFO"].rstrip("/"), environ["REQUEST_METHOD"]
    if path == "/oauth2/v1/tokens/bearer":
        form = dict(parse_qsl(_peek(environ).decode("utf-8", "replace")))
        return "token.refresh" if form.get("grant_type") == "refresh_token" else "token.exchange"
    if not path.startswith("/v3/company/"):
        return _NAMED_PATHS.get(path, "page")
    steps = path.split("/")[4:]
    first = steps[0].lower() if steps else ""
    if first not in BY_PATH:
        return first or "unknown"
    if method == "GET":
        return f"{first}.pdf" if steps[-1] == "pdf" else f"{first}.read"
    args = dict(parse_qsl(environ.get("QUERY_STRING", "")))
    verb = verb_of(_peek_head(environ), operation=args.get("operation", ""), include=args.get("include", ""))
    return f"{first}.{verb}"


def _peek(environ: dict[str, Any]) -> bytes:
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = BytesIO(body)
    return body


def _peek_head(environ: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"Id": _head.decode(_peek(environ)).Id}
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}


def refusal_answer(refusal: Refusal, seconds: float) -> Answer:
    """Write a fault in the envelope it comes in: the API's, the gateway's, or the gateway's in XML."""
    if refusal.xml:
        return Answer(refusal.status, _xml(refusal, seconds), "application/xml;charset=UTF-8", refusal.code)
    if refusal.gateway:
        return Answer(refusal.status, encode(_gateway(refusal, seconds)), JSON, refusal.code)
    body = {"Fault": refusal.fault(), "time": envelope_time(seconds)}
    return Answer(refusal.status, encode(body), JSON, refusal.code)


def _gateway(refusal: Refusal, seconds: float) -> dict[str, Any]:
    error = {"message": refusal.message, "detail": refusal.detail or None, "code": refusal.code, "element": None}
    fault = {"error": [error], "type": refusal.kind}
    nothing = dict.fromkeys(("report", "queryResponse"))
    return {
        "warnings": None,
        "intuitObject": None,
        "fault": fault,
        **nothing,
        "batchItemResponse": [],
        "attachableResponse": [],
        "syncErrorResponse": None,
        "requestId": None,
        "time": int(seconds * 1000),
        "status": None,
        "cdcresponse": [],
    }


def _xml(refusal: Refusal, seconds: float) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        f'<IntuitResponse time="{envelope_time(seconds)}" xmlns="http://schema.intuit.com/finance/v3">'
        f'<Fault type="{refusal.kind}"><Error code="{refusal.code}"><Message>{refusal.message}</Message>'
        f"<Detail>{refusal.detail}</Detail></Error></Fault></IntuitResponse>"
    )
