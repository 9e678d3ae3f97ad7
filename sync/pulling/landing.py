"""Lands pulled objects in the cache: reads their heads, finds what is new, and writes that and nothing else.

Works in the caller's transaction, together with the cursor. Laws: an unchanged object writes no row; an object never
gives way to an older version of itself; the raw text is what QuickBooks sent, byte for byte; one object that cannot be
read costs only itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import Row, Table, bindparam, func, select, update
from sqlmodel import Session, col

from connector.qbo.shapes import Buffer, object_of
from connector.store.built import built
from connector.store.cache import RawRow
from connector.store.companies import CompanyRow
from connector.store.prepared import Prepared
from connector.store.upsert import upsert
from sync.entities import Entity
from sync.pulling.change import Change
from sync.pulling.heads import Head, Unreadable
from sync.runtime import Runtime

_RAW: Table = RawRow.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
_AT_ONCE = 250  # objects written by one statement: more would only hold more text in memory
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
    read = _read(entity, texts, landed)
    known = _known(session, company_id, entity, [head.id for head, _ in read])
    fresh = [(head, text) for head, text in read if _is_new(head, known.get(head.id))]
    home = home_of(session, company_id) if fresh else ""
    for n in range(0, len(fresh), _AT_ONCE):
        _write(session, company_id, landed, fresh[n : n + _AT_ONCE], known, home)
    if landed.unreadable:
        _keep_unread(session, company_id, landed, texts)
    if entity.after and landed.changes:
        entity.after(session, rt, company_id, landed.changes)
    return landed


def is_known(session: Session, company_id: str, entity: Entity, texts: Sequence[Buffer]) -> bool:
    """Tell whether landing these objects would write nothing; asks without a lock, so only a yes means anything."""
    if entity.also:
        return False  # a balance may have moved without a new version
    landed = Landed(entity)
    heads = [head for head, _ in _read(entity, texts, landed)]
    rows = _versions(session, company_id, entity, [head.id for head in heads], locked=False)
    known = {(qbo_id, token, updated) for qbo_id, token, updated, state in rows if state != "deleted"}
    return not landed.unreadable and all((head.id, head.sync_token, head.updated_at) in known for head in heads)


def bury(session: Session, company_id: str, entity: Entity, ids: Sequence[str]) -> list[Row[Any]]:
    """Mark objects as deleted; returns the rows that were not so before. Their raw text stays."""
    table = entity.table
    gone: list[Row[Any]] = []
    for n in range(0, len(ids), _AT_ONCE):
        part = table.c.qbo_id.in_(ids[n : n + _AT_ONCE])
        mine = (*_of(company_id, entity), part, table.c.state != "deleted")
        gone += session.connection().execute(select(table).where(*mine)).all()
        session.connection().execute(update(table).where(*mine).values(state="deleted"))
    return gone


def count_living(session: Session, company_id: str, entity: Entity) -> int:
    """Count what the cache takes for existing."""
    [number] = _living(entity).first(session, company=company_id)
    return int(number)


@cache
def _living(entity: Entity) -> Prepared:
    table = entity.table
    mine = (*_of(bindparam("company"), entity), table.c.state != "deleted")
    return Prepared(select(func.count()).select_from(table).where(*mine))


def living_ids(session: Session, company_id: str, entity: Entity) -> set[str]:
    """Return the ids that the cache takes for existing."""
    table = entity.table
    living = select(table.c.qbo_id).where(*_of(company_id, entity), table.c.state != "deleted")
    return set(session.connection().execute(living).scalars())


def _read(entity: Entity, texts: Iterable[Buffer], landed: Landed) -> list[tuple[Head, Buffer]]:
    decode = _decoder(entity.head).decode
    read: list[tuple[Head, Buffer]] = []
    for text in texts:
        try:
            read.append((decode(text), text))
        except msgspec.DecodeError as error:
            landed.unreadable.append((object_of(entity.name, text).qbo_id, str(error)))
    return read


@cache
def _decoder(head: type[Head]) -> msgspec.json.Decoder[Head]:
    return msgspec.json.Decoder(head)


def _known(
    session: Session, company_id: str, entity: Entity, ids: Sequence[str]
) -> dict[str, tuple[str, str, str, bool]]:
    """Return version and state of the cached ones; locked, they wait for our commit against another writer."""
    moves = bool(entity.also)  # its balance may have moved without a new version
    rows = _versions(session, company_id, entity, ids, locked=True)
    return {qbo_id: (token, updated, state, moves) for qbo_id, token, updated, state in rows}


def _versions(session: Session, company_id: str, entity: Entity, ids: Sequence[str], *, locked: bool) -> Sequence[Any]:
    found: Sequence[Any] = _versions_of(entity, locked)(session, company_id, ids).all() if ids else ()
    return found


@cache
def _versions_of(entity: Entity, locked: bool) -> Callable[..., Any]:
    table = entity.table
    columns = [table.c[name] for name in ("qbo_id", *_VERSION, "state")]

    @built
    def versions(company: str, ids: Collection[str]) -> Any:
        mine = select(*columns).where(*_of(company, entity), table.c.qbo_id.in_(ids))
        return mine.with_for_update() if locked else mine

    return versions


def _is_new(head: Head, known: tuple[str, str, str, bool] | None) -> bool:
    """Tell whether an object says something the cache does not know."""
    if known is None:
        return True
    token, updated, state, moves = known
    if head.sync_token == token:
        if head.updated_at == updated:
            return moves or state == "deleted"
        return _instant(head.updated_at) >= _instant(updated)
    if state != "deleted" and head.sync_token.isdigit() and token.isdigit():
        return int(head.sync_token) > int(token)
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
    known: Container[str],
    home: str,
) -> None:
    entity = landed.entity
    key = {"company_id": company_id, "entity": entity.name} if entity.is_listed else {"company_id": company_id}
    before = _rows(session, company_id, entity, [head.id for head, _ in fresh if head.id in known])
    rows, raws = [], []
    for head, text in fresh:
        try:
            columns = head.columns(home)
        except Unreadable as error:
            landed.unreadable.append((head.id, str(error)))
            continue
        columns |= key
        columns |= {"qbo_id": head.id, "sync_token": head.sync_token, "remote_updated_at": head.updated_at}
        was = before.get(head.id)
        if was is not None and all(was[name] == value for name, value in columns.items()):
            continue
        rows.append(columns)
        raws.append(_raw(company_id, entity, head.id, head.sync_token, str(text, "utf-8")))
        landed.changes.append(Change(head.id, text, columns, was))
    upsert(session, entity.table, rows, unless_same=(*_VERSION, "state", *entity.also))
    upsert(session, _RAW, raws, unless_same=("sync_token", "body"))


_HOME = Prepared(select(col(CompanyRow.home_currency)).where(col(CompanyRow.id) == bindparam("company")))


def home_of(session: Session, company_id: str) -> str:
    """Return the currency of a company's books, which is that of what names none."""
    (home,) = _HOME.first(session, company=company_id)
    return str(home)


def _rows(session: Session, company_id: str, entity: Entity, ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """Return the cached rows of these ids as they are before the write."""
    if not ids:
        return {}
    names = entity.table.c.keys()
    rows = [dict(zip(names, row, strict=True)) for row in _rows_of(entity)(session, company_id, ids)]
    return {row["qbo_id"]: row for row in rows}


@cache
def _rows_of(entity: Entity) -> Callable[..., Any]:
    @built
    def rows(company: str, ids: Collection[str]) -> Any:
        return select(entity.table).where(*_of(company, entity), entity.table.c.qbo_id.in_(ids))

    return rows


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


def _of(company: Any, entity: Entity) -> tuple[Any, ...]:
    """Return the conditions for an entity's rows of a company, given by its id or as a parameter."""
    table = entity.table
    mine = (table.c.company_id == company,)
    return (*mine, table.c.entity == entity.name) if entity.is_listed else mine
