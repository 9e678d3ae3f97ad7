"""The peer of the first sync, as a whole process: python-quickbooks pages over HTTP, SQLModel rows, `session.merge`.

`python -m bench.peers.pull API_BASE DATABASE_URL` pulls all invoices, 1,000 to a page, one commit for each page, and
prints how many there were.
"""

from __future__ import annotations

import sys

from intuitlib.client import AuthClient
from quickbooks import QuickBooks
from quickbooks.objects.invoice import Invoice
from sqlmodel import create_engine

from bench.peers import invoices

PAGE = 1000


def main(api_base: str, database_url: str) -> None:
    """Pull everything."""
    QuickBooks.api_url_v3 = f"{api_base}/v3"
    client = AuthClient("id", "secret", "http://localhost/callback", f"{api_base}/_discovery", access_token="access")
    books = QuickBooks(auth_client=client, refresh_token="refresh", company_id="9341457021722234", minorversion=75)
    engine = create_engine(database_url)
    invoices.create_table(engine)
    pulled = 0
    while page := Invoice.all(start_position=pulled + 1, max_results=PAGE, qb=books):
        invoices.merge(engine, page)
        pulled += len(page)
    print(pulled)


if __name__ == "__main__":
    main(*sys.argv[1:])
