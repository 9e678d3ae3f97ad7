"""A QuickBooks that answers canned pages at once, so that what is measured is its reader.

`python -m bench.standin --invoices 10000 --customers 1000` prints its address and serves until it is ended. It has no
rules and no memory but a journal of its calls; what a real QuickBooks would do is the business of `sandbox`. It can
keep QuickBooks' limits (10 calls a second, 500 a minute) and its distance (a round trip for each call).
"""

from __future__ import annotations

import argparse
import json
import re
import threading
import time
from collections import deque
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from bench import pages

_QUERY = re.compile(r"\s*select\s+(?P<what>.+?)\s+from\s+(?P<entity>\w+)(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_MAKERS = {"Invoice": pages.invoices, "Customer": pages.customers}
_LIMITS = ((10, 1.0), (500, 60.0))


class Limiter:
    """QuickBooks' limits as moving windows."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: deque[float] = deque(maxlen=500)

    def refuses(self) -> bool:
        """Count a call; tell whether it is one too many."""
        now = time.monotonic()
        with self._lock:
            full = any(len(self._calls) >= n and now - self._calls[-n] < seconds for n, seconds in _LIMITS)
            if not full:
                self._calls.append(now)
            return full


class Books:
    """What the stand-in answers: how many objects of which entity there are."""

    def __init__(self, counts: dict[str, int], *, round_trip: float = 0.0, limited: bool = False) -> None:
        self.counts = counts
        self.round_trip = round_trip
        self.limiter = Limiter() if limited else None
        self.calls: list[str] = []
        self.refused = 0

    def query(self, statement: str) -> bytes:
        """Answer a query: a count, or a page in the order of the ids."""
        found = _QUERY.fullmatch(statement)
        assert found, statement
        entity, total = found["entity"], self.counts.get(found["entity"], 0)
        if "count(" in found["what"].lower():
            return b'{"QueryResponse":{"totalCount":%d},"time":"%s"}' % (total, pages.SERVER_TIME.encode())
        start = _number(r"STARTPOSITION\s+(\d+)", found["rest"], 1)
        size = min(_number(r"MAXRESULTS\s+(\d+)", found["rest"], 100), pages.PAGE)
        return page_of(entity, start, max(0, min(size, total - start + 1)))

    def batch(self, body: bytes) -> bytes:
        """Answer a batch of queries."""
        items = [
            b'{"bId":%s,%s' % (json.dumps(item["bId"]).encode(), self.query(item["Query"])[1:])
            for item in json.loads(body)["BatchItemRequest"]
        ]
        return b'{"BatchItemResponse":[%s],"time":"%s"}' % (b",".join(items), pages.SERVER_TIME.encode())

    def nothing_changed(self, entities: str) -> bytes:
        """Answer the change feed: nothing new for any entity."""
        empty = ",".join("{}" for _ in entities.split(","))
        return f'{{"CDCResponse":[{{"QueryResponse":[{empty}]}}],"time":"{pages.SERVER_TIME}"}}'.encode()


@lru_cache(maxsize=16)
def page_of(entity: str, start: int, count: int) -> bytes:
    """Return one page's body; the last ones are kept, so that a second reader costs nothing."""
    maker = _MAKERS.get(entity)
    return pages.answer(entity, maker(start, count) if maker and count else [], start=start)


def _number(pattern: str, text: str, otherwise: int) -> int:
    found = re.search(pattern, text, re.IGNORECASE)
    return int(found[1]) if found else otherwise


class Handler(BaseHTTPRequestHandler):
    """One connection of a reader."""

    protocol_version = "HTTP/1.1"
    books: Books
    url: str

    def do_GET(self) -> None:
        """Answer a read."""
        self._answer(b"")

    def do_POST(self) -> None:
        """Answer a query or a batch."""
        self._answer(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Stay silent."""

    def setup(self) -> None:
        """Send small answers at once."""
        super().setup()
        self.connection.setsockopt(6, 1, 1)  # TCP_NODELAY

    def _answer(self, body: bytes) -> None:
        parts = urlsplit(self.path)
        if parts.path.startswith("/_"):
            self._send(200, self._inside(parts.path))
            return
        self.books.calls.append(parts.path.rsplit("/", 1)[-1])
        time.sleep(self.books.round_trip)
        if self.books.limiter and self.books.limiter.refuses():
            self.books.refused += 1
            self._send(429, b'{"fault":{"error":[{"message":"ThrottleExceeded","code":"3001"}],"type":"SERVICE"}}')
            return
        self._send(200, self._books_answer(parts.path, parse_qs(parts.query), body))

    def _inside(self, path: str) -> bytes:
        if path == "/_discovery":
            ends = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "revocation_endpoint", "jwks_uri")
            return json.dumps({"issuer": self.url, **{end: f"{self.url}/_{end}" for end in ends}}).encode()
        return json.dumps({"calls": self.books.calls, "refused": self.books.refused}).encode()

    def _books_answer(self, path: str, query: dict[str, list[str]], body: bytes) -> bytes:
        last = path.rsplit("/", 1)[-1]
        if last == "query":
            return self.books.query(query["query"][0] if "query" in query else body.decode())
        if last == "batch":
            return self.books.batch(body)
        if last == "cdc":
            return self.books.nothing_changed(query["entities"][0])
        return pages.single("Preferences" if last == "preferences" else "CompanyInfo")

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("intuit_tid", "1-bench")
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    """Serve until ended; the first line of output is the address."""
    ask = argparse.ArgumentParser(prog="python -m bench.standin")
    ask.add_argument("--invoices", type=int, default=10_000)
    ask.add_argument("--customers", type=int, default=0)
    ask.add_argument("--round-trip-ms", type=int, default=0)
    ask.add_argument("--limited", action="store_true", help="keep QuickBooks' limits: 10 a second, 500 a minute")
    said = ask.parse_args()
    Handler.books = Books(
        {"Invoice": said.invoices, "Customer": said.customers},
        round_trip=said.round_trip_ms / 1000,
        limited=said.limited,
    )
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    Handler.url = f"http://127.0.0.1:{server.server_port}"
    print(Handler.url, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
