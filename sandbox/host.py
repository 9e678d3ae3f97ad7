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
from typing import Any

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


class FaultyTransport:
    """WSGI middleware that spoils the requests the programme names."""

    def __init__(self, app: WsgiApp, *, service: str, operation_of: OperationOf, faults: Faults) -> None:
        self._app, self._service, self._operation_of, self._faults = app, service, operation_of, faults

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request, or spoil it."""
        if environ["PATH_INFO"].startswith("/_control"):
            return self._app(environ, start_response)
        due = self._faults.pick(self._service, self._operation_of(environ), transport=True)
        for fault in due:
            if fault.name == "delay":
                time.sleep(int(fault.argument) / 1000)
        for fault in due:
            if fault.name == "reset_before":
                return _hang_up(environ)
            if fault.name.startswith("status"):
                return _bare_status(fault, start_response)
        return self._answer(environ, start_response, due)

    def _answer(self, environ: Environ, start_response: StartResponse, due: list[Fault]) -> Iterable[bytes]:
        after = next((f for f in due if f.name in ("drop_after_commit", "truncate")), None)
        if after is None:
            return self._app(environ, start_response)
        held: list[tuple[Any, ...]] = []
        body = b"".join(self._app(environ, lambda *words: held.append(words)))
        if after.name == "drop_after_commit":
            return _hang_up(environ)
        start_response(*held[0])  # the full Content-Length goes out, the body does not
        return _cut(environ, body[: int(after.argument or 20)])


def _cut(environ: Environ, body: bytes) -> Iterable[bytes]:
    yield body
    _hang_up(environ)


def _hang_up(environ: Environ) -> Iterable[bytes]:
    """Reset the connection, as a crashed peer does. In-process callers get ConnectionResetError."""
    sock: socket.socket | None = environ.get("werkzeug.socket")
    if sock is None:
        raise ConnectionResetError("fault: the connection was reset")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.shutdown(socket.SHUT_RDWR)
    raise ConnectionResetError("fault: the connection was reset")


def _bare_status(fault: Fault, start_response: StartResponse) -> Iterable[bytes]:
    code = int(fault.argument or 503)
    html = f"<html><body><h1>{code} Service Temporarily Unavailable</h1></body></html>".encode()
    body = {"status": b'{"message":"unavailable"}', "status_html": html, "status_empty": b""}[fault.name]
    kind = "text/html" if fault.name == "status_html" else "application/json"
    start_response(f"{code} Fault", [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [body]


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
