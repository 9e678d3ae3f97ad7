"""Lines of the sync log: what happened between QuickBooks, Stripe and us, in a sentence with its money.

Writes in the caller's transaction, so that a line stands exactly when the change it tells of does. Law: a line is only
added; log files of the process never hold one.
"""

from __future__ import annotations

from sqlmodel import Session

from connector.ledger.money import Money
from connector.store.log import LogRow
from connector.store.upsert import insert, new_row
from sync.runtime import Runtime


def write(
    session: Session,
    rt: Runtime,
    company_id: str,
    *,
    kind: str,
    state: str,
    sentence: str,
    detail: str = "",
    money: Money | None = None,
    posting_id: str = "",
    payment_id: str = "",
    entity: str = "",
    qbo_id: str = "",
    trace: str = "",
    took_ms: int | None = None,
) -> str:
    """Add a line to a company's sync log and return its id.

    `kind` and `state` are the words listed at `LogRow`; `trace` is QuickBooks' intuit_tid.
    """
    line_id = rt.clock.new_id()
    line = new_row(
        LogRow,
        id=line_id,
        company_id=company_id,
        at=rt.clock.now(),
        kind=kind,
        state=state,
        sentence=sentence,
        detail=detail,
        money_minor=money.minor if money else None,
        currency=money.currency if money else "",
        posting_id=posting_id,
        payment_id=payment_id,
        entity=entity,
        qbo_id=qbo_id,
        trace=trace,
        took_ms=took_ms,
    )
    insert(session, LogRow, [line])
    return line_id
