"""An HTTP listener that keeps what is posted to it and answers as told."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Delivery:
    """One request received."""

    path: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """Listens on a free port of this machine."""

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []
        self.answers: list[int] = []  # statuses for the next requests; then 200
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.deliveries.append(Delivery(self.path, headers, body))
                self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hooks/quickbooks"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def wait_for(self, count: int, timeout: float = 10) -> list[Delivery]:
        """Return the deliveries once there are that many."""
        end = time.monotonic() + timeout
        while len(self.deliveries) < count:
            assert time.monotonic() < end, f"{len(self.deliveries)} of {count} deliveries came"
            time.sleep(0.01)
        return self.deliveries

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
