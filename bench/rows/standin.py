"""The sandbox's QuickBooks under load: a page of a thousand invoices and single writes, over HTTP.

Held against what they cost anyone: writing the same JSON, and a bare WSGI hello, same server, same client.
"""

from __future__ import annotations

import http.client
import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from bench.frame import Bench, Findings, Goal, Row
from bench.measure import Subject, Watch, interleave
from sandbox.host import Environ, Host, StartResponse
from sandbox.seed import seed
from sandbox.world import World

_PAGE_GOAL = Goal("a page of 1,000 invoices over json.dumps", 3, at_most=True)
_WRITE_GOAL = Goal("writing payments, part of hello's rate", 0.1, at_most=False)
_INVOICE_GOAL = Goal("writing invoices, part of hello's rate", 0.1, at_most=False)
_TOKEN = "control of the bench"


class Caller:
    """One connection that is kept open."""

    def __init__(self, port: int, bearer: str = "") -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port)
        self._headers = {"Authorization": f"Bearer {bearer}", "Accept": "application/json"}

    def call(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """Return the body of an answer, which must be a good one."""
        self._connection.request(method, path, body, self._headers)
        answer = self._connection.getresponse()
        content = answer.read()
        assert answer.status == 200, content
        return content


def _hello(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [b"hello"]


@contextmanager
def _listening(invoices: int) -> Iterator[tuple[Caller, Caller, str]]:
    """Give a caller of a seeded stand-in, one of a bare hello beside it, and the company's path."""
    world, bare = World(control_token=_TOKEN), Host(_hello)
    world.start()
    bare.start()
    try:
        quickbooks = world.quickbooks
        seed(quickbooks, customers=max(4, invoices // 10), invoices=invoices)
        quickbooks.switches.set({"throttle": False})
        keys = quickbooks.credentials()
        bearer = quickbooks.oauth.refresh(keys["refresh_token"])["access_token"]
        path = f"/v3/company/{keys['realm_id']}"
        yield Caller(world.quickbooks_host.port, bearer), Caller(bare.port), path
    finally:
        bare.stop()
        world.stop()


def _many(times: int, work: Callable[[], object]) -> Subject:
    def subject() -> float:
        with Watch() as watch:
            for _ in range(times):
                work()
        return watch.seconds

    return subject


def measure(bench: Bench) -> Findings:
    """Fetch the page, write the JSON, say hello and write documents in turn, round by round."""
    size = bench.pick(tiny=20, quick=1000, full=1000)
    with _listening(size) as (books, bare, path):
        asked = f"{path}/query?query={quote(f'select * from Invoice maxresults {size}')}"
        page = json.loads(books.call("GET", asked))
        rows: list[dict[str, Any]] = page["QueryResponse"]["Invoice"]
        assert len(rows) == size
        owner = rows[0]["CustomerRef"]
        payment = json.dumps({"CustomerRef": owner, "TotalAmt": 12.5, "PaymentRefNum": "bench"}).encode()
        line = {"Amount": 12.5, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {}}
        invoice = json.dumps({"CustomerRef": owner, "Line": [line]}).encode()
        times, ids = bench.pick(tiny=2, quick=40, full=100), itertools.count()
        subjects = {
            "dumps": _many(1, lambda: json.dumps(page)),
            "page": _many(1, lambda: books.call("GET", asked)),
            "hello": _many(times, lambda: bare.call("POST", "/", payment)),
            "payment": _many(times, lambda: books.call("POST", f"{path}/payment?requestid=b{next(ids)}", payment)),
            "invoice": _many(times, lambda: books.call("POST", f"{path}/invoice?requestid=b{next(ids)}", invoice)),
        }
        timings = interleave(subjects, bench.pick(tiny=1, quick=5, full=25))
    return Findings(
        floor=f"json.dumps {timings.text('dumps')}, {times} hellos {timings.text('hello')}",
        peer="some 300 ms a page, as others measured",
        ours=f"page {timings.text('page')}, {times} payments {timings.text('payment')}, "
        f"{times} invoices {timings.text('invoice')}",
        readings=(
            timings.reading(_PAGE_GOAL, "page", "dumps"),
            timings.reading(_WRITE_GOAL, "hello", "payment"),
            timings.reading(_INVOICE_GOAL, "hello", "invoice"),
        ),
    )


ROW = Row(
    name="standin",
    area="the sandbox's QuickBooks",
    floor="json.dumps; a bare WSGI hello",
    peer="the real service",
    goals=(_PAGE_GOAL, _WRITE_GOAL, _INVOICE_GOAL),
    measure=measure,
    quick=True,
)
