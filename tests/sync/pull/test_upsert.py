"""The guarded upsert: what it reports is true on both databases, because leases and the pull decide by it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table, select

from connector.store.cache import RawRow
from connector.store.session import Database
from connector.store.upsert import insert_ignoring, upsert

RAW: Table = RawRow.__table__  # type: ignore[attr-defined]


def test_only_what_was_new_is_counted(db: Database) -> None:
    with db.write("test") as session:
        assert insert_ignoring(session, RAW, [_row("1"), _row("2")]) == 2
    with db.write("test") as session:
        assert insert_ignoring(session, RAW, [_row("1")]) == 0, "a lease is taken by this number"
        assert insert_ignoring(session, RAW, [_row("2", "1"), _row("3")]) == 1
        assert insert_ignoring(session, RAW, []) == 0


def test_only_what_differs_is_written(db: Database) -> None:
    with db.write("test") as session:
        assert upsert(session, RAW, [_row("1"), _row("2")], unless_same=["sync_token"]) == 2
    with db.write("test") as session:
        assert upsert(session, RAW, [_row("1"), _row("2", "7")], unless_same=["sync_token"]) == 1
        assert upsert(session, RAW, [_row("1"), _row("2", "7")], unless_same=["sync_token"]) == 0
    with db.read() as session:
        tokens = session.connection().execute(select(RAW.c.qbo_id, RAW.c.sync_token).order_by(RAW.c.qbo_id)).all()
    assert [tuple(row) for row in tokens] == [("1", "0"), ("2", "7")]


def _row(qbo_id: str, sync_token: str = "0") -> dict[str, Any]:
    return {"company_id": "C", "entity": "Invoice", "qbo_id": qbo_id, "sync_token": sync_token, "body": "{}"}
