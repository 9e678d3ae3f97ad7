"""The HTTP host of a stand-in: werkzeug's threaded server with keep-alive, and the transport faults.

Carries out what a network or a gateway does to a request (reset, lost reply, cut body, delay, a bare status), so that
the stand-ins themselves stay free of it. A fault named `drop_after_commit` lets the work happen and loses the answer.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, cast

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from sandbox.faults import Fault, Faults

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]
OperationOf = Callable[[Environ], str]


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Stay silent: each stand-in keeps its own journal."""

    def log_error(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Stay silent: dropped connections are our own doing here."""


class Lazily:
    """A WSGI application that is built when it is first asked: most worlds never show a page."""

    def __init__(self, build: Callable[[], WsgiApp]) -> None:
        self._build, self._app, self._lock = build, cast("WsgiApp | None", None), threading.Lock()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        with self._lock:
            app = self._app = self._app or self._build()
        return app(environ, start_response)


class FaultyTransport:
    """WSGI middleware that spoils the requests the programme names.

    A caller in the same process hands `tieout.sleep` over in the environ, to wait by its own clock.
    """

    def __init__(self, app: WsgiApp, *, service: str, operation_of: OperationOf, faults: Faults) -> None:
        self._app, self._service, self._operation_of, self._faults = app, service, operation_of, faults

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request, or spoil it."""
        if environ["PATH_INFO"].startswith("/_control"):
            return self._app(environ, start_response)
        due = self._faults.pick(self._service, self._operation_of(environ), transport=True)
        for fault in due:
            if fault.name == "delay":
                _sleep_of(environ)(int(fault.argument) / 1000)
        for fault in due:
            if fault.name in _INSTEAD:
                return _INSTEAD[fault.name](fault, environ, start_response)
        after = next((fault for fault in due if fault.name in _AFTERWARDS), None)
        if after is None:
            return self._app(environ, start_response)
        held: list[tuple[Any, ...]] = []
        body = b"".join(self._app(environ, lambda *words: held.append(words)))
        return _AFTERWARDS[after.name](after, environ, start_response, held[0], body)


def _sleep_of(environ: Environ) -> Callable[[float], None]:
    sleep: Callable[[float], None] = environ.get("tieout.sleep", time.sleep)
    return sleep


# Instead of the work --------------------------------------------------------------------------------------------------


def _refuse(fault: Fault, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Refuse the connection: in the same process as such, on a socket that was accepted by a reset."""
    if "werkzeug.socket" not in environ:
        raise ConnectionRefusedError("fault: nobody listens")
    return hang_up(environ)


def _reset(fault: Fault, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    return hang_up(environ)


def _bare_status(fault: Fault, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Answer as a gateway does: `status:429:7` with a Retry-After, as a web page, or with nothing at all."""
    named, _, rest = fault.name.partition("_")
    status, _, wait = (named if named.isdigit() else fault.argument).partition(":")
    code = int(status or 503)
    html = f"<html><body><h1>{code} Service Temporarily Unavailable</h1></body></html>".encode()
    body = {"html": html, "empty": b""}.get(rest, b'{"message":"unavailable"}')
    headers = [("Content-Type", "text/html" if rest == "html" else "application/json")]
    if wait:
        headers.append(("Retry-After", wait))
    start_response(f"{code} Fault", [*headers, ("Content-Length", str(len(body)))])
    return [body]


_INSTEAD = {
    "refuse": _refuse,
    "reset_before": _reset,
    "status": _bare_status,
    "status_html": _bare_status,
    "status_empty": _bare_status,
    "500_before": _bare_status,
    "503_html": _bare_status,
}

# After the work -------------------------------------------------------------------------------------------------------

_Started = tuple[Any, ...]


def _drop(fault: Fault, environ: Environ, start: StartResponse, answer: _Started, body: bytes) -> Iterable[bytes]:
    return hang_up(environ)


def _truncate(fault: Fault, environ: Environ, start: StartResponse, answer: _Started, body: bytes) -> Iterable[bytes]:
    start(*answer)  # the full Content-Length goes out, the body does not
    return _cut(environ, body[: int(fault.argument or 20)])


def _fail(fault: Fault, environ: Environ, start: StartResponse, answer: _Started, body: bytes) -> Iterable[bytes]:
    return _bare_status(fault, environ, start)


def _spoil(fault: Fault, environ: Environ, start: StartResponse, answer: _Started, body: bytes) -> Iterable[bytes]:
    """Answer 200 with half of the JSON, as if that were all."""
    half = body[: len(body) // 2]
    headers = [(name, value) for name, value in answer[1] if name.lower() != "content-length"]
    start(answer[0], [*headers, ("Content-Length", str(len(half)))])
    return [half]


def _drip(fault: Fault, environ: Environ, start: StartResponse, answer: _Started, body: bytes) -> Iterable[bytes]:
    start(*answer)
    return _pieces(_sleep_of(environ), body, int(fault.argument or 1000) / 1000)


_AFTERWARDS = {
    "drop_after_commit": _drop,
    "truncate": _truncate,
    "500_after": _fail,
    "bad_json": _spoil,
    "slow_drip": _drip,
}
_DRIPS = 8


def _pieces(sleep: Callable[[float], None], body: bytes, seconds: float) -> Iterable[bytes]:
    size = max(1, -(-len(body) // _DRIPS))
    for start in range(0, len(body), size):
        sleep(seconds / _DRIPS)
        yield body[start : start + size]


def _cut(environ: Environ, body: bytes) -> Iterable[bytes]:
    yield body
    hang_up(environ)


def hang_up(environ: Environ) -> Iterable[bytes]:
    """Reset the connection, as a crashed peer does. In-process callers get ConnectionResetError."""
    sock: socket.socket | None = environ.get("werkzeug.socket")
    if sock is None:
        raise ConnectionResetError("fault: the connection was reset")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.shutdown(socket.SHUT_RDWR)
    raise ConnectionResetError("fault: the connection was reset")


class Host:
    """One listening stand-in. `port` 0 picks a free port; `url` tells which. Raises OSError for a busy one."""

    def __init__(self, app: WsgiApp, port: int = 0) -> None:
        with socket.create_server(("127.0.0.1", port)) as listening:  # raises OSError, where werkzeug would exit
            self._server: BaseWSGIServer = make_server(
                "127.0.0.1", port, app, threaded=True, request_handler=_Handler, fd=listening.fileno()
            )
        self._server.daemon_threads = True  # type: ignore[attr-defined]
        self.port: int = self._server.port
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def start(self) -> None:
        """Serve in a background thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening; requests under way end with the process."""
        self._server.shutdown()
        self._server.server_close()
