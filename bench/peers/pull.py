"""The peer of the first sync, as a whole process: python-quickbooks pages over HTTP, SQLModel rows, `session.merge`.

`python -m bench.peers.pull API_BASE DATABASE_URL` pulls all invoices, 1,000 to a page, one commit for each page, and
prints as JSON how many there were, the seconds that took and the most memory it held. With `--collect` it fetches
everything before it saves, as the library's examples do.
"""

from __future__ import annotations

import itertools
import json
import sys
import time
from collections.abc import Iterator
from typing import Any

from intuitlib.client import AuthClient
from quickbooks import QuickBooks
from quickbooks.objects.invoice import Invoice
from sqlmodel import create_engine

from bench.memory import peak_mib
from bench.peers import invoices

PAGE = 1000


def main(api_base: str, database_url: str, *, collects: bool) -> None:
    """Pull everything."""
    QuickBooks.api_url_v3 = f"{api_base}/v3"
    client = AuthClient("id", "secret", "http://localhost/callback", f"{api_base}/_discovery", access_token="access")
    books = QuickBooks(auth_client=client, refresh_token="refresh", company_id="9341457021722234", minorversion=75)
    engine = create_engine(database_url)
    invoices.create_table(engine)
    started = time.perf_counter()
    pages = _pages(books)
    pulled = 0
    for page in [list(itertools.chain.from_iterable(pages))] if collects else pages:
        invoices.merge(engine, page)
        pulled += len(page)
    seconds = time.perf_counter() - started
    print(json.dumps({"pulled": pulled, "seconds": seconds, "peak_mib": peak_mib()}))


def _pages(books: QuickBooks) -> Iterator[list[Any]]:
    start = 1
    while page := Invoice.all(start_position=start, max_results=PAGE, qb=books):
        yield page
        start += len(page)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], collects="--collect" in sys.argv)
