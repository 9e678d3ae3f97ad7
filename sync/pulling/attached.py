"""Which files are attached to which documents, and whether they go out with them, read from QuickBooks' attachables.

Writes in the commit that lands them. Law: an attachable's rows are exactly what its last version says; one that was
deleted keeps them, and whoever reads them looks whether it is still there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import Table
from sqlmodel import Session, col, delete

from connector.store.papers import AttachedRow
from connector.store.upsert import insert_ignoring
from sync.pulling.change import Change
from sync.runtime import Runtime

_TABLE: Table = AttachedRow.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it


class _Ref(msgspec.Struct):
    value: str | None = None
    type: str | None = None


class _Attached(msgspec.Struct, rename="pascal"):
    entity_ref: _Ref | None = None
    include_on_send: bool | None = None


class _Attachable(msgspec.Struct, rename="pascal"):
    file_name: str | None = None
    content_type: str | None = None
    size: Decimal | None = None
    attachable_ref: list[_Attached] | None = None


_read = msgspec.json.Decoder(_Attachable).decode


def note_attached(session: Session, rt: Runtime, company_id: str, changes: Sequence[Change]) -> None:
    """Keep what changed attachables are attached to."""
    ids = [change.qbo_id for change in changes]
    old = delete(AttachedRow).where(col(AttachedRow.company_id) == company_id, col(AttachedRow.attachable_id).in_(ids))
    session.exec(old)
    rows = [row for change in changes for row in _rows(company_id, change)]
    insert_ignoring(session, _TABLE, rows)


def _rows(company_id: str, change: Change) -> Iterator[dict[str, Any]]:
    try:
        told = _read(change.text)
    except msgspec.DecodeError:
        return  # what cannot be read is shown to nobody; the object itself has its row
    if not told.file_name:
        return  # a note: it is the company's own
    for one in told.attachable_ref or []:
        if one.entity_ref and one.entity_ref.type and one.entity_ref.value:
            yield {
                "company_id": company_id,
                "attachable_id": change.qbo_id,
                "entity": one.entity_ref.type.capitalize() if one.entity_ref.type.islower() else one.entity_ref.type,
                "object_id": one.entity_ref.value,
                "on_send": bool(one.include_on_send),
                "name": told.file_name,
                "media_type": told.content_type or "",
                "size": int(told.size) if told.size is not None else None,
                "sync_token": str(change.now["sync_token"]),
            }
