"""What an answer of QuickBooks means when it is not the answer we asked for.

Judges by the shape of the body before the status: a fault may come with HTTP 200, in an envelope of lower-case letters,
as XML to a client that asked for JSON, or as a web page. Law: whether a write happened is never guessed; what is not a
definite no is `UnknownOutcome` for a write, and `Transient` for a read, which can do no harm.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import requests
import urllib3.exceptions

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
from connector.qbo.shapes import Sent

SERVICE = "quickbooks"
# Of a session, and of a connection whose answer was being read.
SENDING_FAILED = (requests.RequestException, urllib3.exceptions.HTTPError)
_TIMEOUTS = (requests.Timeout, urllib3.exceptions.TimeoutError)
THROTTLE_SECONDS = 60.0  # what Intuit asks for after a 429

_THROTTLED = frozenset({"3001"})
_NO_RIGHTS = frozenset({"120", "3100", "3101", "3200"})
_UNCLEAR = frozenset({"10000"})
_NOT_FOUND = frozenset({"610"})
_STALE = frozenset({"5010"})
_XML_ERROR = re.compile(rb'<Error\b[^>]*\bcode="(\d+)"[^>]*>', re.IGNORECASE)
_XML_TEXT = re.compile(rb"<(Detail|Message)>(.*?)</\1>", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Fault:
    """The first error of a fault: QuickBooks' code, its type, and its sentence."""

    code: str = ""
    kind: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it came over the wire, and what had been sent for it."""

    status: int
    body: bytes
    trace: str
    retry_after: str
    request: bytes


def error_of(reply: Reply, fault: Fault | None, *, writes: bool) -> GatewayError:
    """Return the error that a failed answer stands for."""
    fault = fault or xml_fault(reply.body) or Fault()
    status = reply.status
    code = fault.code.lstrip("0") or str(status)
    known = {"service": SERVICE, "code": code, "trace": reply.trace}
    if status == 429 or code in _THROTTLED:
        seconds = float(reply.retry_after) if reply.retry_after.isdigit() else THROTTLE_SECONDS
        return RateLimited(message="QuickBooks asks us to wait", status=status, wait_seconds=seconds, **known)
    if status >= 500 or code in _UNCLEAR or "-30000" in fault.text or fault.kind.lower() == "systemfault":
        return unclear(f"QuickBooks failed to answer (status {status})", writes=writes, reply=reply, code=code)
    if status in (401, 403) or code in _NO_RIGHTS:
        # The sentence of this fault may hold the token.
        return Unauthorised(message="QuickBooks does not accept our connection", status=status, **known)
    if status in (408, *range(300, 400)) or (status < 300 and not fault.code):
        return unclear("QuickBooks gave an answer that cannot be read", writes=writes, reply=reply, code=code)
    refusal = NotFound if code in _NOT_FOUND else Stale if code in _STALE else Rejected
    return refusal(message=fault.text or f"QuickBooks refused (status {status})", status=status, **known)


def unclear(message: str, *, writes: bool, reply: Reply | None = None, code: str = "") -> GatewayError:
    """Return the error of a call whose end is not known: a write may have happened, a read did no harm."""
    return (UnknownOutcome if writes else Transient)(
        service=SERVICE,
        message=message,
        code=code,
        trace=reply.trace if reply else "",
        status=reply.status if reply else None,
    )


def failed_to_send(failure: Exception, *, writes: bool) -> GatewayError:
    """Return the error of a call that got no answer at all; only a connection that never stood is a definite no."""
    if _never_connected(failure):
        return Transient(service=SERVICE, message="QuickBooks cannot be reached", code="unreachable")
    code = "timeout" if isinstance(failure, _TIMEOUTS) else "broken"
    return unclear("the connection to QuickBooks broke before its answer came", writes=writes, code=code)


def _never_connected(failure: Exception) -> bool:
    if isinstance(failure, requests.ConnectTimeout | requests.exceptions.ProxyError):
        return True
    cause = failure.args[0] if failure.args else None
    reason = getattr(cause, "reason", None)
    return isinstance(reason, urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError)


def xml_fault(body: bytes) -> Fault | None:
    """Read a fault that came as XML. Only its code and its sentence are looked for; nothing is parsed as a document."""
    if body.lstrip()[:1] != b"<":
        return None
    error = _XML_ERROR.search(body)
    if error is None:
        return None
    texts = {name.lower(): text.decode("utf-8", "replace") for name, text in _XML_TEXT.findall(body)}
    return Fault(code=error[1].decode(), text=texts.get(b"detail") or texts.get(b"message", ""))


def with_sent(error: GatewayError, sent: Sent) -> GatewayError:
    """Return the error with what was sent and what came back, for the attempt log."""
    error.__dict__["sent"] = sent
    return error


def sent_of(error: GatewayError) -> Sent | None:
    """Return what was sent and what came back, where the call went as far as that."""
    sent = error.__dict__.get("sent")
    return sent if isinstance(sent, Sent) else None
