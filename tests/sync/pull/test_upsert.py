"""The guarded upsert: what it reports is true on both databases, because leases and the pull decide by it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Table, select
from sqlalchemy.exc import IntegrityError

from connector.store.cache import RawRow
from connector.store.money import PaymentRow
from connector.store.session import Database
from connector.store.upsert import insert, insert_ignoring, new_row, upsert

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
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


def test_a_plain_insert_writes_all_or_raises(db: Database) -> None:
    with db.write("test") as session:
        insert(session, RawRow, [_row("1"), _row("2")])
        insert(session, RawRow, [])
    with pytest.raises(IntegrityError), db.write("test") as session:
        insert(session, RawRow, [_row("3"), _row("2")])
    with db.read() as session:
        assert sorted(session.connection().execute(select(RAW.c.qbo_id)).scalars()) == ["1", "2"]


def test_a_new_row_is_what_an_object_would_be() -> None:
    given: dict[str, Any] = {"id": "P", "company_id": "C", "customer_id": "58", "currency": "USD", "form_nonce": "n"}
    given |= {"note": "P.O. 4411", "created_at": NOW, "expires_at": NOW}
    assert new_row(PaymentRow, **given) == PaymentRow(**given).model_dump()


@pytest.mark.parametrize(
    ("given", "told"),
    [({"sync_token": "0", "bodi": "{}"}, "unknown .'bodi'"), ({"body": "{}"}, "missing .'sync_token'")],
    ids=["unknown", "missing"],
)
def test_a_new_row_is_told_what_it_needs_and_no_more(given: dict[str, str], told: str) -> None:
    with pytest.raises(TypeError, match=told):
        new_row(RawRow, company_id="C", entity="Invoice", qbo_id="1", **given)


def _row(qbo_id: str, sync_token: str = "0") -> dict[str, Any]:
    return {"company_id": "C", "entity": "Invoice", "qbo_id": qbo_id, "sync_token": sync_token, "body": "{}"}
