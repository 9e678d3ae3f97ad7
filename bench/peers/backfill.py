"""The floor and the peer of the Stripe backfill, both into a plain SQLite table by `executemany`.

The floor reads the bare answers (urllib3, msgspec); the peer pages as Stripe's manual shows it: `auto_paging_iter` of
the official SDK.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any

import msgspec
import stripe
import urllib3

PAGE = 100
_COLUMNS = "id, kind, category, source, amount, fee, net, currency, status, description, created, available"


class _Source(msgspec.Struct):
    id: str


class _Txn(msgspec.Struct):
    id: str
    type: str
    reporting_category: str
    source: _Source
    amount: int
    fee: int
    net: int
    currency: str
    status: str
    description: str
    created: int
    available_on: int


class _List(msgspec.Struct):
    data: list[_Txn]
    has_more: bool


def open_table() -> sqlite3.Connection:
    """Return a connection with the peer's table, empty, in memory: the network side is what is compared."""
    connection = sqlite3.connect(":memory:")
    connection.execute(f"CREATE TABLE txn ({_COLUMNS.replace('id,', 'id PRIMARY KEY,', 1)})")
    return connection


def bare(url: str) -> int:
    """Read everything with nothing but urllib3 and msgspec; returns how many there were."""
    table, http, decoder = open_table(), urllib3.PoolManager(), msgspec.json.Decoder(_List)
    after, more = "", True
    while more:
        asked = f"{url}/v1/balance_transactions?limit={PAGE}&expand[]=data.source{after}"
        page = decoder.decode(http.request("GET", asked).data)
        _keep(table, page.data)
        more, after = page.has_more, f"&starting_after={page.data[-1].id}"
    return _count(table)


def by_sdk(url: str) -> int:
    """Read everything as the SDK's manual shows it; returns how many there were."""
    table = open_table()
    client = stripe.StripeClient("sk_test_bench", base_addresses={"api": url})
    found = client.v1.balance_transactions.list({"limit": PAGE, "expand": ["data.source"]})
    batch: list[Any] = []
    for txn in found.auto_paging_iter():
        batch.append(txn)
        if len(batch) == PAGE:
            _keep(table, batch)
            batch.clear()
    _keep(table, batch)
    return _count(table)


def _keep(table: sqlite3.Connection, txns: Iterable[Any]) -> None:
    rows = [
        (
            *(txn.id, txn.type, txn.reporting_category, txn.source.id, txn.amount, txn.fee),
            *(txn.net, txn.currency, txn.status, txn.description, txn.created, txn.available_on),
        )
        for txn in txns
    ]
    with table:
        table.executemany(f"INSERT OR REPLACE INTO txn VALUES ({', '.join('?' * 12)})", rows)


def _count(table: sqlite3.Connection) -> int:
    return int(table.execute("SELECT count(*) FROM txn").fetchone()[0])
