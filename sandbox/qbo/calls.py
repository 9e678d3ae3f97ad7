"""One request and one answer, as plain values between the web framework and the rules; and what a request is called.

Operations are named `entity.verb` ("payment.create", "purchase.update"), `query`, `cdc`, `batch`, `token.exchange`,
`token.refresh`, `revoke`: the names that fault programmes and the journal use.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape, quoteattr

import msgspec
from werkzeug.wsgi import get_input_stream

from sandbox import draw
from sandbox.qbo import xmltext
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
    accept: str = "application/json"
    tid: str = field(default_factory=lambda: f"1-{draw.hex_text(4)}-{draw.hex_text(12)}")
    warning: str = ""
    rings_first: bool = False  # webhooks of what it does go out before its answer

    @property
    def requestid(self) -> str:
        """The idempotency key, empty without one."""
        return self.args.get("requestid", "")

    @property
    def wants_xml(self) -> bool:
        """Tell whether the client did not ask for JSON, so that XML is the answer."""
        return "json" not in self.accept.lower()

    @property
    def reads(self) -> bool:
        """Tell whether Intuit meters the call as a read."""
        return self.method == "GET" or self.steps[0] == "query"


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
    body: bytes = get_input_stream(environ).read()  # also one that comes in chunks, without a length
    environ["wsgi.input"], environ["CONTENT_LENGTH"] = BytesIO(body), str(len(body))
    return body


def _peek_head(environ: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"Id": _head.decode(_peek(environ)).Id}
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}


def refusal_answer(refusal: Refusal, seconds: float, *, xml: bool = False) -> Answer:
    """Write a fault in the envelope it comes in: the API's, the gateway's, or in XML for who did not ask for JSON."""
    if xml or refusal.xml:
        return Answer(refusal.status, _xml(refusal, seconds), xmltext.KIND, refusal.code)
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
    element = f" element={quoteattr(refusal.element)}" if refusal.element else ""
    inner = (
        f"<Fault type={quoteattr(refusal.kind)}><Error code={quoteattr(refusal.code)}{element}>"
        f"<Message>{escape(refusal.message)}</Message><Detail>{escape(refusal.detail)}</Detail></Error></Fault>"
    )
    return xmltext.document(inner, envelope_time(seconds))
