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
from typing import ClassVar

from bench import pages
from bench.answers import Answers, Query

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


class QuickBooksAnswers(Answers):
    """One connection of a reader."""

    books: ClassVar[Books]

    def answer(self, path: str, query: Query, body: bytes) -> tuple[int, bytes]:
        """Answer a call of QuickBooks' API, or what the bench asks of the stand-in itself."""
        if path.startswith("/_"):
            return 200, self._inside(path)
        last = path.rsplit("/", 1)[-1]
        self.books.calls.append(last)
        time.sleep(self.books.round_trip)
        if self.books.limiter and self.books.limiter.refuses():
            self.books.refused += 1
            return 429, b'{"fault":{"error":[{"message":"ThrottleExceeded","code":"3001"}],"type":"SERVICE"}}'
        if last == "query":
            return 200, self.books.query(query["query"][0] if "query" in query else body.decode())
        if last == "batch":
            return 200, self.books.batch(body)
        if last == "cdc":
            return 200, self.books.nothing_changed(query["entities"][0])
        return 200, pages.single("Preferences" if last == "preferences" else "CompanyInfo")

    def _inside(self, path: str) -> bytes:
        if path == "/_discovery":
            ends = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "revocation_endpoint", "jwks_uri")
            return json.dumps({"issuer": self.url, **{end: f"{self.url}/_{end}" for end in ends}}).encode()
        return json.dumps({"calls": self.books.calls, "refused": self.books.refused}).encode()


def main() -> None:
    """Serve until ended; the first line of output is the address."""
    ask = argparse.ArgumentParser(prog="python -m bench.standin")
    ask.add_argument("--invoices", type=int, default=10_000)
    ask.add_argument("--customers", type=int, default=0)
    ask.add_argument("--round-trip-ms", type=int, default=0)
    ask.add_argument("--limited", action="store_true", help="keep QuickBooks' limits: 10 a second, 500 a minute")
    said = ask.parse_args()
    QuickBooksAnswers.books = Books(
        {"Invoice": said.invoices, "Customer": said.customers},
        round_trip=said.round_trip_ms / 1000,
        limited=said.limited,
    )
    QuickBooksAnswers.serve()


if __name__ == "__main__":
    main()
