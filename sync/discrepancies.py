"""Discrepancies: differences and held things that somebody owns, one open row for each cause.

Writes in the caller's transaction. Laws: opening what is open only renews it (the database holds a partial unique
index); closing keeps the row, with who closed it and why.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Table, Update
from sqlmodel import Session, col, select, update

from connector.ledger.money import Money
from connector.store.books import DiscrepancyRow
from connector.store.upsert import insert_ignoring
from sync.runtime import Runtime

TIEOUT = "tieout"  # closed by the product itself


def open_one(
    session: Session,
    rt: Runtime,
    company_id: str,
    *,
    kind: str,
    subject: str,
    sentence: str,
    next_step: str,
    amount: Money,
    explains: bool = False,
    posting_id: str = "",
    payment_id: str = "",
) -> bool:
    """Open the discrepancy of a cause, or renew the open one; returns whether it is new.

    `explains` says that its amount stands as a named line in the tie-out.
    """
    now = rt.clock.now()
    words: dict[str, Any] = {
        "sentence": sentence,
        "next_step": next_step,
        "amount_minor": amount.minor,
        "currency": amount.currency,
        "explains": explains,
        "posting_id": posting_id,
        "payment_id": payment_id,
        "seen_at": now,
    }
    renew = _open_row(company_id, kind, subject).values(**words)
    if session.exec(renew).rowcount:
        return False
    fresh = DiscrepancyRow(
        id=rt.clock.new_id(), company_id=company_id, kind=kind, subject=subject, opened_at=now, **words
    )
    table: Table = DiscrepancyRow.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
    if insert_ignoring(session, table, [fresh.model_dump()]):
        return True
    session.exec(renew)  # another worker opened it between our two statements
    return False


def close(
    session: Session, rt: Runtime, company_id: str, *, kind: str, subject: str, by: str = TIEOUT, note: str = ""
) -> bool:
    """Close the open discrepancy of a cause; returns whether there was one. `by` is `tieout` or a staff id."""
    values = {"closed_at": rt.clock.now(), "closed_by": by, "closing_note": note}
    return bool(session.exec(_open_row(company_id, kind, subject).values(**values)).rowcount)


def open_subjects(session: Session, company_id: str, kind: str) -> list[str]:
    """Return the subjects of a kind that are open, in order."""
    rows = select(DiscrepancyRow.subject).where(
        DiscrepancyRow.company_id == company_id, DiscrepancyRow.kind == kind, col(DiscrepancyRow.closed_at).is_(None)
    )
    return sorted(session.exec(rows))


def close_others(
    session: Session, rt: Runtime, company_id: str, *, seen: Mapping[str, Collection[str]], note: str
) -> int:
    """Close what is open of some kinds and was not seen any more: subjects by kind. Returns how many."""
    rows = select(DiscrepancyRow.kind, DiscrepancyRow.subject).where(
        DiscrepancyRow.company_id == company_id,
        col(DiscrepancyRow.kind).in_(seen),
        col(DiscrepancyRow.closed_at).is_(None),
    )
    gone = sorted((kind, subject) for kind, subject in session.exec(rows) if subject not in seen[kind])
    return sum(close(session, rt, company_id, kind=kind, subject=subject, note=note) for kind, subject in gone)


def _open_row(company_id: str, kind: str, subject: str) -> Update:
    return update(DiscrepancyRow).where(
        col(DiscrepancyRow.company_id) == company_id,
        col(DiscrepancyRow.kind) == kind,
        col(DiscrepancyRow.subject) == subject,
        col(DiscrepancyRow.closed_at).is_(None),
    )
