"""Cursors: how far the pull of each entity has come, as rows that are written together with what was pulled.

Laws: a cursor moves only in the commit of its page; the change feed's time is QuickBooks' own and never this machine's;
asking again begins five minutes before it, because QuickBooks' times have no fractions.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from sqlalchemy import Integer, bindparam
from sqlmodel import Session, col, func, select, update
from sqlmodel.sql.expression import SelectOfScalar

from connector.store.built import built
from connector.store.cache import CursorRow
from connector.store.columns import Instant
from connector.store.prepared import Prepared
from connector.store.upsert import insert, new_row
from sync.entities import ENTITIES, FEED, Entity
from sync.runtime import Runtime

OVERLAP = timedelta(minutes=5)
OLDEST = timedelta(days=29)  # QuickBooks' change feed forgets after thirty
DAILY = timedelta(hours=24)
FIRST, FOLLOWING = "first", "following"


def find(session: Session, company_id: str, entity: str = FEED) -> CursorRow | None:
    """Return the cursor of an entity, or of the change feed."""
    return _of_entity(session, company_id, entity).one_or_none()


@built
def _of_entity(company_id: str, entity: str) -> SelectOfScalar[CursorRow]:
    return select(CursorRow).where(CursorRow.company_id == company_id, CursorRow.entity == entity)


def all_of(session: Session, company_id: str) -> dict[str, CursorRow]:
    """Return all cursors of a company."""
    return {row.entity: row for row in _of_company(session, company_id)}


@built
def _of_company(company_id: str) -> SelectOfScalar[CursorRow]:
    return select(CursorRow).where(CursorRow.company_id == company_id)


def begin(session: Session, rt: Runtime, company_id: str, *, counts: Mapping[str, int], server_time: str) -> None:
    """Begin to load everything, for the first time or again; the feed will continue from `server_time`."""
    kept = all_of(session, company_id)
    for name in (FEED, *(entity.name for entity in ENTITIES)):
        row = kept.get(name) or CursorRow(company_id=company_id, entity=name, started_at=_now(rt), updated_at=_now(rt))
        row.phase, row.position, row.pulled, row.error = FIRST, 1, 0, ""
        row.expected = counts.get(name)
        row.changed_since = server_time if name == FEED else ""
        row.started_at, row.updated_at, row.finished_at = _now(rt), _now(rt), None
        session.add(row)


def restart(session: Session, rt: Runtime, company_id: str, entity: Entity) -> None:
    """Begin to load one entity again; an entity that this version of the product knows first begins here."""
    now = _now(rt)
    if not _RESTART.change(session, company=company_id, named=entity.name, now=now):
        row = new_row(CursorRow, company_id=company_id, entity=entity.name, started_at=now, updated_at=now)
        insert(session, CursorRow, [row])


def advance(
    session: Session, rt: Runtime, company_id: str, entity: Entity, *, position: int, pulled: int
) -> tuple[int, int | None]:
    """Move an entity's cursor behind a page; returns how much was pulled and how much was counted, if it was."""
    values = {"to": position, "more": pulled, "now": _now(rt)}
    so_far, expected = _ADVANCE.first(session, company=company_id, named=entity.name, **values)
    return so_far, expected


def finish(session: Session, rt: Runtime, company_id: str, entity: Entity, *, pulled: int, error: str) -> None:
    """Say that an entity was loaded to its end, or that QuickBooks does not give it, and why."""
    values = {"more": pulled, "what": error, "now": _now(rt)}
    _FINISH.change(session, company=company_id, named=entity.name, **values)


def follow(session: Session, rt: Runtime, company_id: str, server_time: str) -> None:
    """Move the feed's cursor to QuickBooks' time of the answer that was landed."""
    _FOLLOW.change(session, company=company_id, named=FEED, since=server_time, now=_now(rt))


def note(session: Session, company_id: str, problem: str) -> None:
    """Write at the feed's cursor, where there is one, what keeps the pull from working, in a sentence."""
    _NOTE.change(session, company=company_id, named=FEED, what=problem)


_OWN = update(CursorRow).where(
    col(CursorRow.company_id) == bindparam("company"), col(CursorRow.entity) == bindparam("named")
)
_ANEW = {"phase": FIRST, "position": 1, "pulled": 0, "expected": None}
_RESTART = Prepared(_OWN.values(**_ANEW, started_at=bindparam("now")))
_PULLED = CursorRow.pulled + bindparam("more", type_=Integer)
_ADVANCE = Prepared(
    _OWN.values(position=bindparam("to"), pulled=_PULLED, updated_at=bindparam("now")).returning(
        col(CursorRow.pulled), col(CursorRow.expected)
    )
)
_FINISH = Prepared(
    _OWN.values(
        pulled=_PULLED,
        phase=FOLLOWING,
        error=bindparam("what"),
        finished_at=bindparam("now"),
        updated_at=bindparam("now"),
    )
)
_FOLLOW = Prepared(
    _OWN.values(
        changed_since=bindparam("since"),
        phase=FOLLOWING,
        error="",
        updated_at=bindparam("now"),
        finished_at=func.coalesce(col(CursorRow.finished_at), bindparam("now", type_=Instant())),
    )
)
_NOTE = Prepared(_OWN.values(error=bindparam("what")))


def since(row: CursorRow) -> str:
    """Return from when the change feed is to be asked, in the form it takes."""
    return (datetime.fromisoformat(row.changed_since) - OVERLAP).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def is_too_old(row: CursorRow, now: datetime) -> bool:
    """Tell whether the change feed no longer reaches back to the cursor."""
    return now - datetime.fromisoformat(row.changed_since) > OLDEST - OVERLAP


def is_due(row: CursorRow, now: datetime) -> bool:
    """Tell whether an entity outside the change feed is to be loaded again."""
    return row.finished_at is not None and now - row.finished_at >= DAILY


def _now(rt: Runtime) -> datetime:
    return rt.clock.now()
