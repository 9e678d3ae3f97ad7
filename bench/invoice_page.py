"""A page of 1,000 invoices, and what the page rows hold against each other: floors, peer, and the product's own path.

The floors are given finished tuples and the driver alone; the product is given the bytes of an answer. Both write the
product's own tables under the product's own settings. Law: after every timed run the rows are counted.
"""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

import msgspec

from bench import pages
from bench.databases import COMPANY
from connector.store.session import Database

_HEAD_COLUMNS = (
    "company_id, qbo_id, sync_token, remote_updated_at, number, customer_id, issued_day, due_day,"
    " currency, total_minor, balance_minor, state, email"
)
_RAW_COLUMNS = "company_id, entity, qbo_id, sync_token, body"
_HEAD_PLACES, _RAW_PLACES = 13, 5


class _Meta(msgspec.Struct):
    LastUpdatedTime: str


class _Ref(msgspec.Struct):
    value: str


class _Email(msgspec.Struct):
    Address: str


class _Head(msgspec.Struct):
    """The columns that are kept, typed; amounts exact."""

    Id: str
    SyncToken: str
    MetaData: _Meta
    DocNumber: str
    CustomerRef: _Ref
    TxnDate: date
    DueDate: date
    CurrencyRef: _Ref
    TotalAmt: Decimal
    Balance: Decimal
    BillEmail: _Email


class _Query(msgspec.Struct):
    Invoice: list[msgspec.Raw]


class _Answer(msgspec.Struct):
    QueryResponse: _Query
    time: str


_answers = msgspec.json.Decoder(_Answer)
_heads = msgspec.json.Decoder(_Head)


@dataclass(frozen=True)
class InvoicePage:
    """A page of invoices as QuickBooks answers it, numbered from `first`."""

    first: int
    count: int

    @cached_property
    def body(self) -> bytes:
        """Return the answer's bytes."""
        return pages.answer("Invoice", pages.invoices(self.first, self.count))

    @cached_property
    def heads(self) -> list[tuple[Any, ...]]:
        """Return a ready tuple for each row of the invoice table."""
        return [_head_tuple(head) for head, _ in self.decoded()]

    @cached_property
    def raws(self) -> list[tuple[str, ...]]:
        """Return a ready tuple for each row of the raw table."""
        return [(COMPANY, "Invoice", head.Id, head.SyncToken, raw.decode()) for head, raw in self.decoded()]

    def decoded(self) -> list[tuple[_Head, bytes]]:
        """Decode the answer in two passes, typed, the raw bytes kept: the floor of reading a page."""
        return [(_heads.decode(raw), bytes(raw)) for raw in _answers.decode(self.body).QueryResponse.Invoice]


def _head_tuple(head: _Head) -> tuple[Any, ...]:
    return (
        COMPANY,
        head.Id,
        head.SyncToken,
        head.MetaData.LastUpdatedTime,
        head.DocNumber,
        head.CustomerRef.value,
        head.TxnDate.isoformat(),
        head.DueDate.isoformat(),
        head.CurrencyRef.value,
        int(head.TotalAmt * 100),
        int(head.Balance * 100),
        "live",
        head.BillEmail.Address,
    )


def insert_ready_tuples(connection: sqlite3.Connection, page: InvoicePage) -> None:
    """Write finished tuples with the SQLite driver alone, in one durable commit: the floor of keeping a page."""
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(_insert("invoice", _HEAD_COLUMNS, "?", _HEAD_PLACES), page.heads)
    connection.executemany(_insert("raw", _RAW_COLUMNS, "?", _RAW_PLACES), page.raws)
    connection.execute("COMMIT")


def copy_ready_tuples(connection: Any, page: InvoicePage) -> None:
    """Write finished tuples into PostgreSQL by COPY and a merge, in one commit: the floor of keeping a page there."""
    with connection.transaction(), connection.cursor() as cursor:
        _copy(cursor, "invoice", _HEAD_COLUMNS, page.heads)
        _copy(cursor, "raw", _RAW_COLUMNS, page.raws)


def _copy(cursor: Any, table: str, columns: str, rows: Sequence[tuple[Any, ...]]) -> None:
    cursor.execute(f"CREATE TEMP TABLE fresh_{table} (LIKE {table}) ON COMMIT DROP")
    with cursor.copy(f"COPY fresh_{table} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
    cursor.execute(
        f"INSERT INTO {table} ({columns}) SELECT {columns} FROM fresh_{table} ON CONFLICT (company_id, qbo_id"
        f"{', entity' if table == 'raw' else ''}) DO NOTHING"
    )


def _insert(table: str, columns: str, place: str, places: int) -> str:
    return f"INSERT INTO {table} ({columns}) VALUES ({', '.join([place] * places)})"


def next_pages(count: int) -> Iterator[InvoicePage]:
    """Give page after page of a list without end, each one ready: nothing of it is made inside a stopwatch."""
    for first in itertools.count(1, count):
        page = InvoicePage(first, count)
        assert len(page.heads) == len(page.raws) == count
        yield page


def check_kept(database: Database, count: int) -> None:
    """Count what the product kept. Raises AssertionError when a row or a text is missing."""
    with database.read() as session:
        for rows in ("invoice", "raw WHERE entity = 'Invoice'"):
            kept = session.connection().exec_driver_sql(f"SELECT count(*) FROM {rows}").scalar_one()
            assert kept == count, f"{kept} rows of {count} in {rows}"
