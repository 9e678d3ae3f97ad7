"""Edits as rows: written in the commit of the decision they come from, what is due, and what people do with one.

Knows no HTTP. Laws: an edit's key comes from the fact, so that the same decision owes one edit however often it is
pressed; an edit is never deleted, only posted, held or dropped.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Table, and_, bindparam, or_
from sqlalchemy import select as pick
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, select, update

from connector.store.edits import EditRow
from connector.store.prepared import Askable, Prepared
from connector.store.upsert import insert_ignoring
from sync import log
from sync.editing import words
from sync.outbox import is_one_of
from sync.runtime import Runtime

UNDER_WAY = ("due", "leased", "unknown")
_TABLE: Table = EditRow.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it


@dataclass(frozen=True)
class Edit:
    """A change owed to an object in QuickBooks: its fields as they shall be, and as they were when it was decided."""

    key: str
    entity: str
    qbo_id: str
    customer_id: str
    title: str
    wanted: Mapping[str, Any]
    base: Mapping[str, str] = field(default_factory=dict)
    by_id: str = ""


def key_of(session: Session, company_id: str, fact: str) -> str:
    """Return the key of a fact's edit: the fact, or its next round where a person dropped what it owed before."""
    mine = (col(EditRow.company_id) == company_id, col(EditRow.state) == "dropped")
    rounds = or_(col(EditRow.key) == fact, col(EditRow.key).startswith(f"{fact}/", autoescape=True))
    dropped = session.exec(select(func.count()).select_from(EditRow).where(*mine, rounds)).one()
    return f"{fact}/{dropped + 1}" if dropped else fact


def owe_edit(session: Session, rt: Runtime, company_id: str, edit: Edit) -> str | None:
    """Owe QuickBooks an edit; returns its id, None where this fact owes one already."""
    now = rt.clock.now()
    row = EditRow(
        id=rt.clock.new_id(),
        company_id=company_id,
        key=edit.key,
        entity=edit.entity,
        qbo_id=edit.qbo_id,
        customer_id=edit.customer_id,
        title=edit.title,
        wanted=json.dumps(edit.wanted),
        base=json.dumps(edit.base),
        by_id=edit.by_id,
        created_at=now,
        due_at=now,
    )
    return row.id if insert_ignoring(session, _TABLE, [row.model_dump()]) else None


def next_due(reader: Askable, company_id: str, now: datetime) -> str | None:
    """Return the oldest edit of a company that may be sent now; edits of one object keep their order."""
    row = _OLDEST.first(reader, company=company_id, now=now)
    return row[0] if row else None


def companies_with_edits(reader: Askable, now: datetime) -> list[str]:
    """Return the companies that have an edit to send now."""
    return [company_id for (company_id,) in _COMPANIES.all(reader, now=now)]


def take(session: Session, rt: Runtime, edit_id: str, until: datetime) -> tuple[EditRow, str] | None:
    """Take an edit for sending until an instant; returns it with the state it had, None when another was first."""
    row = session.exec(select(EditRow).where(EditRow.id == edit_id)).one()
    came_from = row.state
    free = update(EditRow).where(
        col(EditRow.id) == row.id, col(EditRow.fence) == row.fence, _is_claimable(rt.clock.now())
    )
    values = {"state": "leased", "fence": EditRow.fence + 1, "lease_until": until, "attempt": EditRow.attempt + 1}
    if not session.exec(free.values(**values)).rowcount:
        return None
    session.refresh(row)
    session.expunge(row)
    return row, came_from


def give_back(session: Session, row: EditRow, **values: Any) -> bool:
    """Give a taken edit back with its new values; False when it was taken over, and nothing is changed then."""
    mine = update(EditRow).where(
        col(EditRow.id) == row.id, col(EditRow.fence) == row.fence, col(EditRow.state) == "leased"
    )
    return bool(session.exec(mine.values(lease_until=None, **values)).rowcount)


def retry(session: Session, rt: Runtime, company_id: str, edit_id: str, *, by: str) -> bool:
    """Let a held edit be written over what is in QuickBooks now, by a person's word; False where none is held."""
    return _decide(session, rt, company_id, edit_id, "is written all the same", by, state="due")


def drop(session: Session, rt: Runtime, company_id: str, edit_id: str, *, by: str) -> bool:
    """Give a held edit up by a person's word; False where none is held."""
    return _decide(session, rt, company_id, edit_id, "is not written", by, state="dropped")


def _decide(session: Session, rt: Runtime, company_id: str, edit_id: str, what: str, by: str, *, state: str) -> bool:
    held = update(EditRow).where(
        col(EditRow.company_id) == company_id, col(EditRow.id) == edit_id, col(EditRow.state) == "held"
    )
    values = {"state": state, "due_at": rt.clock.now(), "generation": EditRow.generation + 1, "request_body": ""}
    if not session.exec(held.values(**values)).rowcount:
        return False
    row = session.exec(select(EditRow).where(EditRow.company_id == company_id, EditRow.id == edit_id)).one()
    words.settled(session, rt, row, by=by, note=f"{row.title} {what}.")
    sentence = f"{row.title} {what}: decided by {by}"
    log.write(session, rt, company_id, kind="push", state="noted", sentence=sentence, posting_id=row.id)
    return True


def _waits_for_another() -> ColumnElement[bool]:
    """Return the condition of an edit that an earlier one of the same object must precede."""
    other = aliased(EditRow)
    earlier = or_(
        col(other.created_at) < col(EditRow.created_at),
        and_(col(other.created_at) == col(EditRow.created_at), col(other.id) < col(EditRow.id)),
    )
    same = and_(
        col(other.company_id) == col(EditRow.company_id),
        col(other.entity) == col(EditRow.entity),
        col(other.qbo_id) == col(EditRow.qbo_id),
    )
    return select(other.id).where(same, is_one_of(col(other.state), *UNDER_WAY), earlier).exists()


def _is_claimable(now: datetime | BindParameter[Any]) -> ColumnElement[bool]:
    waiting = and_(is_one_of(col(EditRow.state), "due", "unknown"), col(EditRow.due_at) <= now)
    return or_(waiting, and_(col(EditRow.state) == "leased", col(EditRow.lease_until) <= now))


_OLDEST = Prepared(
    pick(col(EditRow.id))
    .where(col(EditRow.company_id) == bindparam("company"), _is_claimable(bindparam("now")), ~_waits_for_another())
    .order_by(col(EditRow.created_at), col(EditRow.id))
    .limit(1)
)
_COMPANIES = Prepared(
    pick(col(EditRow.company_id)).where(_is_claimable(bindparam("now"))).distinct().order_by(col(EditRow.company_id))
)


def freeze(session: Session, row: EditRow, **frozen: str) -> bool:
    """Keep the bytes that are about to be sent for a taken edit; False when it was taken over."""
    mine = update(EditRow).where(
        col(EditRow.id) == row.id, col(EditRow.fence) == row.fence, col(EditRow.state) == "leased"
    )
    return bool(session.exec(mine.values(**frozen)).rowcount)
