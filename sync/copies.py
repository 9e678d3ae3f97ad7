"""Copies of files and PDFs that QuickBooks holds: read when somebody wants one, kept by version, within a bound.

Laws: no write is open while QuickBooks is asked; a copy answers for its own version only; a company's copies take no
more than their bound, and what was not used for longest goes first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Table
from sqlmodel import Session, col, delete, func, select, update

from connector.pictures import NoPicture, media_type_of, small_jpeg
from connector.store.papers import CopyRow
from connector.store.upsert import upsert
from sync.runtime import Runtime

LARGEST = 20 * 1024 * 1024  # bytes of one file
MOST_KEPT = 200 * 1024 * 1024  # bytes of all copies of a company
SMALL = 320  # pixels of a small picture's longer side
_TOUCH_AFTER = timedelta(hours=1)
_TABLE: Table = CopyRow.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it


@dataclass(frozen=True)
class Copy:
    """A file: what it is by its first bytes, its bytes, and a small picture where it is one."""

    media_type: str
    body: bytes
    small: bytes


def attachment(rt: Runtime, company_id: str, attachable_id: str, version: str) -> Copy:
    """Return an attached file, kept or read now. Raises NotConnected, GatewayError, TooLarge for one above LARGEST."""

    def read() -> bytes:
        return rt.gateways.quickbooks(company_id).file(attachable_id, most=LARGEST)

    return _copy(rt, company_id, "Attachable", attachable_id, version, read)


def paper(rt: Runtime, company_id: str, entity: str, qbo_id: str, version: str) -> bytes:
    """Return the PDF that QuickBooks draws of an object, kept or read now. Raises NotConnected, GatewayError."""

    def read() -> bytes:
        return rt.gateways.quickbooks(company_id).pdf(entity, qbo_id)

    return _copy(rt, company_id, entity, qbo_id, version, read).body


def _copy(rt: Runtime, company_id: str, entity: str, qbo_id: str, version: str, read: Callable[[], bytes]) -> Copy:
    key = {"company_id": company_id, "entity": entity, "qbo_id": qbo_id}
    with rt.db.read() as session:
        row = session.get(CopyRow, (company_id, entity, qbo_id))
    if row is not None and row.version == version:
        _touch(rt, row)
        return Copy(row.media_type, row.body, row.small)
    body = read()
    media_type = media_type_of(body)
    small = _small(body) if media_type.startswith("image/") else b""
    size = len(body) + len(small)
    fresh = CopyRow(
        **key, version=version, media_type=media_type, size=size, body=body, small=small, used_at=rt.clock.now()
    )
    if size <= MOST_KEPT:
        with rt.db.write("copy") as session:
            upsert(session, _TABLE, [fresh.model_dump()], unless_same=("version",))
            _make_room(session, company_id)
    return Copy(media_type, body, small)


def _small(body: bytes) -> bytes:
    try:
        return small_jpeg(body, most=SMALL)
    except NoPicture:
        return b""


def _touch(rt: Runtime, row: CopyRow) -> None:
    now = rt.clock.now()
    if now - row.used_at < _TOUCH_AFTER:
        return
    with rt.db.write("copy_used") as session:
        mine = update(CopyRow).where(
            col(CopyRow.company_id) == row.company_id,
            col(CopyRow.entity) == row.entity,
            col(CopyRow.qbo_id) == row.qbo_id,
        )
        session.exec(mine.values(used_at=now))


def _make_room(session: Session, company_id: str) -> None:
    """Let go of what was not used for longest, until the rest is within the bound."""
    total = session.exec(select(func.coalesce(func.sum(CopyRow.size), 0)).where(CopyRow.company_id == company_id)).one()
    if total <= MOST_KEPT:
        return
    oldest = select(CopyRow.entity, CopyRow.qbo_id, CopyRow.size).where(CopyRow.company_id == company_id)
    for entity, qbo_id, size in session.exec(oldest.order_by(col(CopyRow.used_at))).all():
        if total <= MOST_KEPT:
            return
        mine = (col(CopyRow.company_id) == company_id, col(CopyRow.entity) == entity, col(CopyRow.qbo_id) == qbo_id)
        session.exec(delete(CopyRow).where(*mine))
        total -= size
