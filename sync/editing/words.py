"""What people read of an edit: recorded, waiting, held, and the one discrepancy of an edit that is held.

Writes in the caller's transaction. Law: a held edit has an open discrepancy with its reason and what to do, and no
other edit has one.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, select

from connector.ledger.money import Money
from connector.store.companies import CompanyRow
from connector.store.edits import EditRow
from connector.words import listing
from sync import discrepancies, log
from sync.runtime import Runtime

KIND = "edit_held"
OVERTAKEN = "overtaken"  # changed in QuickBooks after the decision
_NAMES = {
    "TotalAmt": "total",
    "TxnStatus": "status",
    "DisplayName": "name",
    "PrimaryEmailAddr": "e-mail address",
    "PrimaryPhone": "phone number",
    "BillAddr": "billing address",
    "ShipAddr": "shipping address",
    "ExpirationDate": "last day",
}


def overtaken_by(paths: Sequence[str]) -> tuple[str, str]:
    """Return why an edit that was overtaken is held, and what to do."""
    names = dict.fromkeys(_NAMES.get(path.partition(".")[0], path) for path in paths)
    why = f"Somebody changed it in QuickBooks after the decision: {listing(list(names))}."
    return why, "Compare the two in QuickBooks. Write it all the same, or drop it and tell the customer."


def recorded(session: Session, rt: Runtime, row: EditRow, *, was_there: bool, trace: str, took_ms: int | None) -> None:
    """Say that an edit stands in QuickBooks, and close what stood against it."""
    how = "was in QuickBooks already" if was_there else f"{row.entity} {row.qbo_id} in QuickBooks"
    log.write(
        session,
        rt,
        row.company_id,
        kind="push",
        state="recorded",
        sentence=f"{row.title}: recorded",
        detail=how,
        posting_id=row.id,
        entity=row.entity,
        qbo_id=row.qbo_id,
        trace=trace,
        took_ms=took_ms,
    )
    settled(session, rt, row, by=discrepancies.TIEOUT, note="It stands in QuickBooks.")


def waits(session: Session, rt: Runtime, row: EditRow, why: str) -> None:
    """Say once that an edit waits without anybody's fault."""
    sentence = f"{row.title} waits: {why}"
    log.write(session, rt, row.company_id, kind="push", state="waiting", sentence=sentence, posting_id=row.id)


def held(session: Session, rt: Runtime, row: EditRow, why: str, next_step: str, *, trace: str = "") -> None:
    """Say that an edit is held for a person."""
    sentence = f"{row.title} is not in QuickBooks yet. {why}"
    log.write(
        session,
        rt,
        row.company_id,
        kind="push",
        state="held",
        sentence=sentence,
        detail=next_step,
        posting_id=row.id,
        entity=row.entity,
        qbo_id=row.qbo_id,
        trace=trace,
    )
    home = session.exec(select(CompanyRow.home_currency).where(CompanyRow.id == row.company_id)).one()
    discrepancies.open_one(
        session,
        rt,
        row.company_id,
        kind=KIND,
        subject=row.id,
        sentence=sentence,
        next_step=next_step,
        amount=Money(0, home),
        posting_id=row.id,
    )


def settled(session: Session, rt: Runtime, row: EditRow, *, by: str, note: str) -> None:
    """Close what stood against an edit."""
    discrepancies.close(session, rt, row.company_id, kind=KIND, subject=row.id, by=by, note=note)
