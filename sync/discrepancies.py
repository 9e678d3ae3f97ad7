"""Discrepancies: differences and held things that somebody owns, one open row for each cause.

Writes in the caller's transaction. Laws: opening what is open only renews it (the database holds a partial unique
index); closing keeps the row, with who closed it and why.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Table, bindparam
from sqlalchemy import select as pick
from sqlmodel import Session, col, select, update
from sqlmodel.sql.expression import Select

from connector.ledger.money import Money
from connector.store.books import DiscrepancyRow
from connector.store.built import built
from connector.store.prepared import Prepared
from connector.store.upsert import insert_ignoring, new_row
from sync.runtime import Runtime

_TABLE: Table = DiscrepancyRow.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
TIEOUT = "tieout"  # closed by the product itself
_WORDS = ("sentence", "next_step", "amount_minor", "currency", "explains", "posting_id", "payment_id", "seen_at")
_OPEN = (
    col(DiscrepancyRow.company_id) == bindparam("company"),
    col(DiscrepancyRow.kind) == bindparam("which"),
    col(DiscrepancyRow.closed_at).is_(None),
)
_ONE_OPEN = update(DiscrepancyRow).where(*_OPEN, col(DiscrepancyRow.subject) == bindparam("about"))
_RENEW = Prepared(_ONE_OPEN.values({name: bindparam(name) for name in _WORDS}))
_CLOSE = Prepared(
    _ONE_OPEN.values(closed_at=bindparam("at"), closed_by=bindparam("by"), closing_note=bindparam("note"))
)
_SUBJECTS = Prepared(pick(col(DiscrepancyRow.subject)).where(*_OPEN))


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
    which = {"company": company_id, "which": kind, "about": subject}
    if _RENEW.change(session, **which, **words):
        return False
    row = new_row(
        DiscrepancyRow,
        id=rt.clock.new_id(),
        company_id=company_id,
        kind=kind,
        subject=subject,
        opened_at=now,
        **words,
    )
    if insert_ignoring(session, _TABLE, [row]):
        return True
    _RENEW.change(session, **which, **words)  # another worker opened it between our two statements
    return False


def close(
    session: Session, rt: Runtime, company_id: str, *, kind: str, subject: str, by: str = TIEOUT, note: str = ""
) -> bool:
    """Close the open discrepancy of a cause; returns whether there was one. `by` is `tieout` or a staff id."""
    values = {"at": rt.clock.now(), "by": by, "note": note}
    return bool(_CLOSE.change(session, company=company_id, which=kind, about=subject, **values))


def open_subjects(session: Session, company_id: str, kind: str) -> list[str]:
    """Return the subjects of a kind that are open, in order."""
    return sorted(subject for (subject,) in _SUBJECTS.all(session, company=company_id, which=kind))


def close_others(
    session: Session, rt: Runtime, company_id: str, *, seen: Mapping[str, Collection[str]], note: str
) -> int:
    """Close what is open of some kinds and was not seen any more: subjects by kind. Returns how many."""
    rows = _open_of(session, company_id, seen)
    gone = sorted((kind, subject) for kind, subject in rows if subject not in seen[kind])
    return sum(close(session, rt, company_id, kind=kind, subject=subject, note=note) for kind, subject in gone)


@built
def _open_of(company_id: str, kinds: Collection[str]) -> Select[str, str]:
    return select(DiscrepancyRow.kind, DiscrepancyRow.subject).where(
        DiscrepancyRow.company_id == company_id,
        col(DiscrepancyRow.kind).in_(kinds),
        col(DiscrepancyRow.closed_at).is_(None),
    )
