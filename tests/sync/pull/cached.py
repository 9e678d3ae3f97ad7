"""Reads the cache for tests: what stands in it, compared with the stand-in's own books."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from connector.store.cache import CursorRow, InvoiceRow, RawRow
from sync.entities import BY_NAME, ENTITIES
from sync.pulling import cursors
from tests.qbo.rig import Rig


def raws(rig: Rig, entity: str) -> dict[str, str]:
    """Return the raw texts of an entity whose heads are not deleted."""
    table = BY_NAME[entity].table
    with rig.db.read() as session:
        mine = select(RawRow.qbo_id, RawRow.body).where(RawRow.company_id == rig.company_id, RawRow.entity == entity)
        gone = select(table.c.qbo_id).where(table.c.company_id == rig.company_id, table.c.state == "deleted")
        if BY_NAME[entity].is_listed:
            gone = gone.where(table.c.entity == entity)
        deleted = set(session.connection().execute(gone).scalars())
        return {row.qbo_id: row.body for row in session.connection().execute(mine) if row.qbo_id not in deleted}


def differences(rig: Rig) -> list[str]:
    """Return every object whose text in the cache is not, byte for byte, what the stand-in holds."""
    found = []
    for entity in ENTITIES:
        theirs, ours = rig.all_texts(entity.name), raws(rig, entity.name)
        found += [f"{entity.name} {key}" for key in theirs.keys() | ours.keys() if theirs.get(key) != ours.get(key)]
    return found


def invoice(rig: Rig, qbo_id: str) -> InvoiceRow:
    with rig.db.read() as session:
        return session.get_one(InvoiceRow, (rig.company_id, qbo_id))


def cursor(rig: Rig, entity: str = "*") -> CursorRow:
    with rig.db.read() as session:
        row = cursors.find(session, rig.company_id, entity)
        assert row is not None
        return row


def count(rig: Rig, table: Any, **equal: Any) -> int:
    """Count rows of a table by equal columns."""
    with rig.db.read() as session:
        wanted = select(table).where(*(getattr(table, name) == value for name, value in equal.items()))
        return len(session.connection().execute(wanted).all())
