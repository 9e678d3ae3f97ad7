"""Lands pulled objects in the cache: reads their heads, finds what is new, and writes that and nothing else.

Works in the caller's transaction, together with the cursor. Laws: an unchanged object writes no row; an object never
gives way to an older version of itself; the raw text is what QuickBooks sent, byte for byte; one object that cannot be
read costs only itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row, Table, select, update
from sqlmodel import Session

from connector.qbo.shapes import Buffer, object_of
from connector.store.cache import RawRow
from connector.store.companies import CompanyRow
from connector.store.upsert import upsert
from sync.change import Change
from sync.entities import Entity
from sync.heads import Head, Unreadable
from sync.runtime import Runtime

_RAW: Table = RawRow.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
_VERSION = ("sync_token", "remote_updated_at")


@dataclass
class Landed:
    """What landing a page came to."""

    entity: Entity
    seen: int = 0
    changes: list[Change] = field(default_factory=list)
    unreadable: list[tuple[str, str]] = field(default_factory=list)  # id and reason


def land(session: Session, rt: Runtime, company_id: str, entity: Entity, texts: Sequence[Buffer]) -> Landed:
    """Write the objects that are new or newer than what is cached, and what follows from them."""
    landed = Landed(entity, seen=len(texts))
    read = list(_read(entity, texts, landed))
    known = _known(session, company_id, entity, [head.id for head, _ in read])
    fresh = [(head, text) for head, text in read if _is_new(head, known.get(head.id))]
    if fresh:
        _write(session, company_id, landed, fresh, known)
    if landed.unreadable:
        _keep_unread(session, company_id, landed, texts)
    if entity.after and landed.changes:
        entity.after(session, rt, company_id, landed.changes)
    return landed


def bury(session: Session, company_id: str, entity: Entity, ids: Sequence[str]) -> list[Row[Any]]:
    """Mark objects as deleted; returns the rows that were not so before. Their raw text stays."""
    table = entity.table
    mine = (*_of(company_id, entity), table.c.qbo_id.in_(ids), table.c.state != "deleted")
    gone = list(session.connection().execute(select(table).where(*mine)))
    session.connection().execute(update(table).where(*mine).values(state="deleted"))
    return gone


def living_ids(session: Session, company_id: str, entity: Entity) -> set[str]:
    """Return the ids that the cache takes for existing."""
    table = entity.table
    living = select(table.c.qbo_id).where(*_of(company_id, entity), table.c.state != "deleted")
    return set(session.connection().execute(living).scalars())


def _read(entity: Entity, texts: Iterable[Buffer], landed: Landed) -> Iterable[tuple[Head, Buffer]]:
    decoder = msgspec.json.Decoder(entity.head)
    for text in texts:
        try:
            yield decoder.decode(text), text
        except msgspec.DecodeError as error:
            landed.unreadable.append((object_of(entity.name, text).qbo_id, str(error)))


def _known(session: Session, company_id: str, entity: Entity, ids: Sequence[str]) -> dict[str, Row[Any]]:
    """Return version and state of the cached ones, locked against another writer until the commit."""
    table = entity.table
    columns = [table.c[name] for name in ("qbo_id", *_VERSION, "state", *entity.also)]
    mine = select(*columns).where(*_of(company_id, entity), table.c.qbo_id.in_(ids)).with_for_update()
    return {row[0]: row for row in session.connection().execute(mine)}


def _is_new(head: Head, known: Row[Any] | None) -> bool:
    """Tell whether an object says something the cache does not know."""
    if known is None or known.state == "deleted":
        return True
    if head.sync_token == known.sync_token:
        if head.updated_at == known.remote_updated_at:
            return len(known) > len(_VERSION) + 2  # its balance may have moved all the same
        return _instant(head.updated_at) >= _instant(known.remote_updated_at)
    if head.sync_token.isdigit() and known.sync_token.isdigit():
        return int(head.sync_token) > int(known.sync_token)
    return True


def _instant(text: str) -> float:
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return 0.0


def _write(
    session: Session,
    company_id: str,
    landed: Landed,
    fresh: Sequence[tuple[Head, Buffer]],
    known: Mapping[str, Row[Any]],
) -> None:
    entity, home = landed.entity, session.get_one(CompanyRow, company_id).home_currency
    before = _rows(session, company_id, entity, [head.id for head, _ in fresh if head.id in known])
    rows, raws = [], []
    for head, text in fresh:
        try:
            columns = _columns(company_id, entity, head, home)
        except Unreadable as error:
            landed.unreadable.append((head.id, str(error)))
            continue
        was = before.get(head.id)
        if was is not None and all(was[name] == value for name, value in columns.items()):
            continue
        body = str(text, "utf-8")
        rows.append(columns)
        raws.append(_raw(company_id, entity, head.id, head.sync_token, body))
        landed.changes.append(Change(head.id, body, columns, was))
    upsert(session, entity.table, rows, unless_same=(*_VERSION, "state", *entity.also))
    upsert(session, _RAW, raws, unless_same=("sync_token", "body"))


def _rows(session: Session, company_id: str, entity: Entity, ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    if not ids:
        return {}
    table = entity.table
    mine = select(table).where(*_of(company_id, entity), table.c.qbo_id.in_(ids))
    return {row["qbo_id"]: dict(row) for row in session.connection().execute(mine).mappings()}


def _columns(company_id: str, entity: Entity, head: Head, home: str) -> dict[str, Any]:
    key = {"company_id": company_id, "qbo_id": head.id}
    if entity.is_listed:
        key["entity"] = entity.name
    return {**key, "sync_token": head.sync_token, "remote_updated_at": head.updated_at, **head.columns(home)}


def _keep_unread(session: Session, company_id: str, landed: Landed, texts: Iterable[Buffer]) -> None:
    """Keep the text of objects whose head cannot be read, and forget those that were told of already."""
    reasons = dict(landed.unreadable)
    objects = {one.qbo_id: one for text in texts if (one := object_of(landed.entity.name, text)).qbo_id in reasons}
    told = select(_RAW.c.qbo_id, _RAW.c.sync_token).where(
        _RAW.c.company_id == company_id, _RAW.c.entity == landed.entity.name, _RAW.c.qbo_id.in_(reasons)
    )
    tokens = {row.qbo_id: row.sync_token for row in session.connection().execute(told)}
    fresh = [one for one in objects.values() if tokens.get(one.qbo_id) != one.sync_token]
    raws = [_raw(company_id, landed.entity, one.qbo_id, one.sync_token, one.body.decode()) for one in fresh]
    upsert(session, _RAW, raws, unless_same=("sync_token", "body"))
    landed.unreadable = [(one.qbo_id, reasons[one.qbo_id]) for one in fresh]


def _raw(company_id: str, entity: Entity, qbo_id: str, sync_token: str, body: str) -> dict[str, str]:
    return {
        "company_id": company_id,
        "entity": entity.name,
        "qbo_id": qbo_id,
        "sync_token": sync_token,
        "body": body,
    }


def _of(company_id: str, entity: Entity) -> tuple[Any, ...]:
    table = entity.table
    mine = (table.c.company_id == company_id,)
    return (*mine, table.c.entity == entity.name) if entity.is_listed else mine
