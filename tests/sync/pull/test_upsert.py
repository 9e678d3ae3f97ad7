"""The guarded upsert: what it reports is true on both databases, because leases and the pull decide by it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Table, select
from sqlalchemy.exc import IntegrityError

from connector.store.cache import RawRow
from connector.store.fresh import fresh
from connector.store.outbox import AttemptRow, InboxRow, LegRow, PostingRow
from connector.store.session import Database
from connector.store.upsert import insert, insert_ignoring, upsert

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


def test_a_plain_insert_refuses_a_key_that_is_taken(db: Database) -> None:
    with db.write("test") as session:
        assert insert(session, RAW, [_row("1"), _row("2")]) == 2
        assert insert(session, RAW, []) == 0
    with pytest.raises(IntegrityError), db.write("test") as session:
        insert(session, RAW, [_row("1")])


@pytest.mark.parametrize("row", [PostingRow, LegRow, AttemptRow, InboxRow])
def test_a_fresh_row_is_what_its_object_holds(row: Any) -> None:
    given = {name: "x" for name, field in row.model_fields.items() if field.is_required()}
    made = row(**given)
    assert fresh(row, **given) == {name: getattr(made, name) for name in row.model_fields}


def _row(qbo_id: str, sync_token: str = "0") -> dict[str, Any]:
    return {"company_id": "C", "entity": "Invoice", "qbo_id": qbo_id, "sync_token": sync_token, "body": "{}"}
