"""The HTTP side of the canned stand-ins: keep-alive, one thread for each reader, JSON out.

Knows neither service. Law: what it costs to answer is next to nothing beside what it costs to read.
"""

from __future__ import annotations

import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

Query = dict[str, list[str]]


class Answers(BaseHTTPRequestHandler):
    """One connection of a reader; a stand-in says what is answered."""

    protocol_version = "HTTP/1.1"
    url: ClassVar[str]

    def answer(self, path: str, query: Query, body: bytes) -> tuple[int, bytes]:
        """Return the status and the JSON of an answer."""
        raise NotImplementedError

    @classmethod
    def serve(cls) -> None:
        """Listen on a free port of this machine, print the address, and serve until ended."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), cls)
        server.daemon_threads = True
        cls.url = f"http://127.0.0.1:{server.server_port}"
        print(cls.url, flush=True)
        server.serve_forever()

    def do_GET(self) -> None:
        """Answer a read."""
        self._answer(b"")

    def do_POST(self) -> None:
        """Answer what came with a body."""
        self._answer(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Stay silent."""

    def setup(self) -> None:
        """Send small answers at once."""
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _answer(self, body: bytes) -> None:
        parts = urlsplit(self.path)
        status, answer = self.answer(parts.path, parse_qs(parts.query), body)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
