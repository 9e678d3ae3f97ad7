"""The wires of the simulation: every HTTP call of every library goes to a stand-in's application, without a socket.

The real clients run: stripe, python-quickbooks, intuit-oauth and requests; only the adapter below them, the post office
and the thread pool are ours. Law: a call that no stand-in listens for fails like a dead host, and never leaves.
"""

from __future__ import annotations

import io
import smtplib
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

import requests
import stripe
import urllib3
from requests.adapters import BaseAdapter, HTTPAdapter
from sqlalchemy import event
from urllib3.exceptions import NewConnectionError

from connector.store import session
from connector.stripe import wire
from sandbox.host import WsgiApp
from sync.pulling import fetching
from tests.harness.sim.clock import SimClock

LATENCY_SECONDS = 0.06


class Wires:
    """Who listens where, and by which clock a caller waits. One of them is in force at a time."""

    def __init__(self) -> None:
        self.listening: dict[str, WsgiApp] = {}
        self.clock: SimClock | None = None
        self.post: Callable[[Any], None] = lambda message: None
        self.overheard: Callable[[str], Any] = lambda token: None  # the access token of a call to QuickBooks

    def sleep(self, seconds: float) -> None:
        assert self.clock is not None
        self.clock.sleep(seconds)


WIRES = Wires()


class InProcessAdapter(BaseAdapter):
    """Answers a prepared request by calling the application that listens at its address."""

    def send(self, request: Any, stream: bool = False, timeout: Any = None, **_: Any) -> requests.Response:
        parts = urlsplit(request.url)
        app = WIRES.listening.get(parts.netloc)
        if app is None:
            raise _unreachable(request, f"nobody listens at {parts.netloc}")
        WIRES.sleep(LATENCY_SECONDS)
        bearer = str(request.headers.get("Authorization", ""))
        # A consent is tried on the company's name before it is stored: lost there, the owner consents again.
        is_tried = "/companyinfo/" in parts.path
        if bearer.startswith("Bearer ") and parts.path.startswith("/v3/company/") and not is_tried:
            WIRES.overheard(bearer.removeprefix("Bearer "))
        waited = _Waited(timeout)
        environ = _environ(request, parts) | {"tieout.sleep": waited.add}
        started: list[Any] = []
        try:
            pieces = app(environ, lambda *words: started.append(words))
            body, is_cut = _gathered(pieces)
        except ConnectionRefusedError as refused:
            raise _unreachable(request, str(refused)) from refused
        except ConnectionError as broken:
            raise requests.ConnectionError(
                urllib3.exceptions.ProtocolError("Connection aborted.", broken), request=request
            ) from broken
        waited.over(request)
        return _response(request, started[0], body, is_cut=is_cut)

    def close(self) -> None:
        """Nothing is held open."""


class _Waited:
    """What a call waited for; past its timeout the caller hears nothing, whatever was done meanwhile."""

    def __init__(self, timeout: Any) -> None:
        self._limit = float(timeout[1] if isinstance(timeout, tuple) else timeout or 80)
        self._seconds = 0.0

    def add(self, seconds: float) -> None:
        self._seconds += seconds

    def over(self, request: Any) -> None:
        WIRES.sleep(min(self._seconds, self._limit))
        if self._seconds > self._limit:
            raise requests.ReadTimeout("the answer did not come in time", request=request)


def _gathered(pieces: Any) -> tuple[bytes, bool]:
    """Return the body, and whether the connection broke in the middle of it."""
    body = b""
    try:
        for piece in pieces:
            body += piece
    except ConnectionResetError:
        return body, True
    finally:
        if hasattr(pieces, "close"):
            pieces.close()
    return body, False


def _environ(request: Any, parts: Any) -> dict[str, Any]:
    body = request.body or b""
    if isinstance(body, str):
        body = body.encode()
    headers = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in request.headers.items()}
    return {
        **{name: _text(value) for name, value in headers.items()},
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": requests.utils.unquote(parts.path),
        "RAW_URI": parts.path,
        "QUERY_STRING": parts.query,
        "SERVER_NAME": parts.hostname,
        "SERVER_PORT": str(parts.port or 80),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": parts.netloc,
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": _text(request.headers.get("Content-Type", "")),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": parts.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _response(request: Any, started: Any, body: bytes, *, is_cut: bool) -> requests.Response:
    status, _, reason = started[0].partition(" ")
    headers = urllib3.HTTPHeaderDict(started[1])
    if is_cut or "Content-Length" not in headers:
        headers.setdefault("Content-Length", str(len(body) + is_cut))
    raw = urllib3.HTTPResponse(
        io.BytesIO(body),
        headers=headers,
        status=int(status),
        reason=reason,
        preload_content=False,
        request_method=request.method,
    )
    return HTTPAdapter().build_response(request, raw)


def _unreachable(request: Any, why: str) -> requests.ConnectionError:
    pool: Any = urllib3.HTTPConnectionPool("127.0.0.1")
    cause = NewConnectionError(pool, why)
    return requests.ConnectionError(urllib3.exceptions.MaxRetryError(pool, request.url, cause), request=request)


class StripeWire(stripe.RequestsClient):
    """The SDK's own client; its pauses between tries pass on the simulated clock."""

    def _sleep_time_seconds(self, num_retries: int) -> float:
        WIRES.sleep(super()._sleep_time_seconds(num_retries))
        return 0.0


class PostOffice:
    """What smtplib connects to: takes a message, refuses it, or is not there."""

    def __init__(self, host: str, port: int, **_: Any) -> None:
        WIRES.post(None)

    def ehlo(self) -> None:
        """Nothing is offered."""

    def has_extn(self, name: str) -> bool:
        return False

    def send_message(self, message: Any) -> None:
        WIRES.post(message)

    def close(self) -> None:
        """Nothing is held open."""

    def __enter__(self) -> PostOffice:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AtOnce:
    """A pool that does each piece of work when it is given."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def submit(self, work: Callable[..., Any], *given: Any) -> Future[Any]:
        done: Future[Any] = Future()
        try:
            done.set_result(work(*given))
        except Exception as error:
            done.set_exception(error)
        return done

    def __enter__(self) -> AtOnce:
        return self

    def __exit__(self, *_: object) -> None:
        """Everything is done already."""


_engines_made = session._sqlite_engine


class _Line(sqlite3.Connection):
    """A connection to the database file that another process of the run takes over when one closes it or dies.

    To open a file anew, SQLite reads its whole schema; what was under way is undone as a real end undoes it.
    """

    def close(self) -> None:
        if self.in_transaction:
            self.rollback()
        _FREE.append(self)


_FREE: list[_Line] = []


@cache
def _engine(url: Any) -> Any:
    """Return one engine for all that open a database, so that a statement is compiled once and not by each of them.

    What a process has open, it still loses when it dies: its sessions roll back, and its pool is thrown away.
    """
    engine = _engines_made(url)

    @event.listens_for(engine, "do_connect")
    def _take_over(dialect: Any, record: Any, addresses: Any, options: dict[str, Any]) -> _Line | None:
        options["factory"] = _Line
        return _FREE.pop() if _FREE else None

    return engine


def _hang_up() -> None:
    """Close the lines: the next run has another file."""
    while _FREE:
        sqlite3.Connection.close(_FREE.pop())


@contextmanager
def laid() -> Iterator[Wires]:
    """Put the wires in the libraries' place for a block."""
    client = StripeWire(timeout=wire.TIMEOUT)
    adapter = InProcessAdapter()
    with ExitStack() as stack:
        for seam in (
            mock.patch("requests.sessions.HTTPAdapter", return_value=adapter),
            mock.patch.object(wire, "_http", return_value=client),
            mock.patch.object(fetching, "ThreadPoolExecutor", AtOnce),
            mock.patch.object(smtplib, "SMTP", PostOffice),
            mock.patch.object(session, "_sqlite_engine", _engine),
            # Nothing leaves this process: for each call the environment would be read twice in vain.
            mock.patch("requests.sessions.get_environ_proxies", return_value={}),
            mock.patch("requests.sessions.get_netrc_auth", return_value=None),
        ):
            stack.enter_context(seam)
        stack.callback(_hang_up)
        yield WIRES
