"""Says what a pull changed, one sentence for each document that people know by its number.

Writes lines of the sync log in the caller's transaction. Law: a line tells of money only what was written beside it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from connector.ledger.money import Money
from connector.store.built import built
from connector.store.outbox import PostingRow
from connector.words import count, figure, money_text
from sync import log
from sync.entities import Entity
from sync.pulling.change import Change
from sync.pulling.landing import Landed
from sync.runtime import Runtime

MOST_LINES = 25  # of one entity in one pull; the rest is counted


def tell(session: Session, rt: Runtime, company_id: str, landed: Landed) -> None:
    """Write what changed in objects that were pulled after the first load."""
    entity = landed.entity
    changes = _of_others(session, company_id, landed) if entity.tells else landed.changes
    said = [(change, sentence) for change in changes if (sentence := sentence_of(entity, change))]
    for change, sentence in said[:MOST_LINES]:
        _write(session, rt, company_id, entity, sentence, qbo_id=change.qbo_id, money=_money(entity, change.now))
    rest = len(said) - MOST_LINES
    if rest > 0:
        _write(session, rt, company_id, entity, f"{count(rest, entity.noun, entity.nouns)} more changed in QuickBooks.")
    if not entity.tells and not entity.single and (versions := sum(map(_is_new_version, changes))):
        number = count(versions, entity.noun, entity.nouns)
        _write(session, rt, company_id, entity, f"{number} changed in QuickBooks.")
    tell_unreadable(session, rt, company_id, landed)


def tell_deleted(session: Session, rt: Runtime, company_id: str, entity: Entity, rows: Sequence[Any]) -> None:
    """Write which objects are gone."""
    for row in rows[:MOST_LINES]:
        columns = row._mapping
        sentence = f"{title_of(entity, columns)} was deleted in QuickBooks."
        _write(session, rt, company_id, entity, sentence, qbo_id=columns["qbo_id"], money=_money(entity, columns))
    if len(rows) > MOST_LINES:
        more = count(len(rows) - MOST_LINES, entity.noun, entity.nouns)
        _write(session, rt, company_id, entity, f"{more} more were deleted in QuickBooks.")


def tell_unreadable(session: Session, rt: Runtime, company_id: str, landed: Landed) -> None:
    """Write which objects could not be read, once for each version of them."""
    for qbo_id, reason in landed.unreadable[:MOST_LINES]:
        sentence = f"The {landed.entity.noun} with the id {qbo_id} could not be read, so it is not shown."
        _write(session, rt, company_id, landed.entity, sentence, detail=reason, state="needs_you", qbo_id=qbo_id)


def tell_poisoned(session: Session, rt: Runtime, company_id: str, entity: Entity, number: int, reason: str) -> None:
    """Write that QuickBooks itself fails to give some rows."""
    _write(
        session,
        rt,
        company_id,
        entity,
        f"QuickBooks could not give us {count(number, entity.noun, entity.nouns)}: {reason}",
        detail="Correct it in QuickBooks, for instance its e-mail address; it is pulled by itself then.",
        state="needs_you",
    )


def sentence_of(entity: Entity, change: Change) -> str:
    """Return what happened to a document, empty where nothing is told of it."""
    if not entity.tells:
        return ""
    title, now, before = title_of(entity, change.now), change.now, change.before
    if before is None or before["state"] == "deleted":
        amount = _money(entity, now)
        return (
            f"{title} over {money_text(amount)} is new in QuickBooks." if amount else f"{title} is new in QuickBooks."
        )
    if now["state"] == "voided" and before["state"] != "voided":
        was = money_text(Money(before["total_minor"], before["currency"]))
        return f"{title} was voided in QuickBooks; it was over {was}."
    moved = [
        f"{word} {figure(Money(before[name], before['currency']))} is now {figure(Money(now[name], now['currency']))}"
        for name, word in entity.tells
        if before[name] != now[name]
    ]
    return f"{title} changed in QuickBooks: {', '.join(moved)}." if moved else f"{title} changed in QuickBooks."


def counts_of(numbers: Mapping[Entity, int]) -> str:
    """Return how many there are of each: 250 invoices, 40 customers. The most numerous first, none left out."""
    most_first = sorted(numbers, key=lambda entity: -numbers[entity])
    parts = [count(numbers[entity], entity.noun, entity.nouns) for entity in most_first if numbers[entity]]
    return ", ".join(parts) or "nothing is there yet"


def title_of(entity: Entity, columns: Mapping[str, Any]) -> str:
    """Return what a person calls an object: Invoice 1074, or by its name."""
    noun = entity.noun[:1].upper() + entity.noun[1:]
    return f"{noun} {columns.get(entity.title or 'name') or columns['qbo_id']}"


def _of_others(session: Session, company_id: str, landed: Landed) -> list[Change]:
    """Leave out documents that we posted ourselves and see for the first time: the push told of them."""
    new = [change.qbo_id for change in landed.changes if change.before is None]
    posted = set(_ours(session, company_id, landed.entity.name, new)) if new else set()
    return [change for change in landed.changes if not (change.before is None and change.qbo_id in posted)]


@built
def _ours(company_id: str, entity: str, remote_ids: Collection[str]) -> SelectOfScalar[str]:
    return select(PostingRow.remote_id).where(
        PostingRow.company_id == company_id, PostingRow.entity == entity, col(PostingRow.remote_id).in_(remote_ids)
    )


def _is_new_version(change: Change) -> bool:
    """Tell an edit from a balance that follows other documents; of that nobody needs to read."""
    return change.before is None or change.before["sync_token"] != change.now["sync_token"]


def _money(entity: Entity, columns: Mapping[str, Any]) -> Money | None:
    return Money(columns["total_minor"], columns["currency"]) if entity.tells else None


def _write(
    session: Session,
    rt: Runtime,
    company_id: str,
    entity: Entity,
    sentence: str,
    *,
    detail: str = "",
    state: str = "pulled",
    qbo_id: str = "",
    money: Money | None = None,
) -> None:
    log.write(
        session,
        rt,
        company_id,
        kind="pull",
        state=state,
        sentence=sentence,
        detail=detail,
        money=money,
        entity=entity.name,
        qbo_id=qbo_id,
    )
