"""What is said while a posting waits without anybody's fault: QuickBooks is away, read-only, or not connected.

Writes in the caller's transaction. Laws: what is said once is not said again with every try; a cause that concerns the
whole company is one discrepancy, closed when QuickBooks takes entries again; nothing waits longer than an hour unseen.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam
from sqlalchemy import select as pick
from sqlmodel import Session, col, func

from connector.errors import GatewayError, NotConnected
from connector.ledger.money import Money
from connector.store.books import DiscrepancyRow
from connector.store.outbox import PostingRow
from connector.store.prepared import Askable, Prepared
from connector.words import count, money_text
from sync import discrepancies, log
from sync.outbox import UNDER_WAY, is_one_of
from sync.pulling.landing import home_of
from sync.pushing.posting_words import money, title
from sync.pushing.refusals import refusal_of
from sync.pushing.verdicts import Outcome, Verdict
from sync.runtime import Runtime

NEEDS_RECONNECT = "needs_reconnect"
PAUSED = "quickbooks_paused"
LATE = "posting_late"
QUICKBOOKS = "quickbooks"
LATE_AFTER = timedelta(hours=1)


def tell(
    session: Session,
    rt: Runtime,
    row: PostingRow,
    verdict: Verdict,
    error: GatewayError | NotConnected,
    *,
    came_from: str,
) -> None:
    """Say once why a posting waits."""
    if isinstance(error, NotConnected) or verdict.outcome is Outcome.RECONNECT:
        tell_disconnected(session, rt, row.company_id)
    elif verdict.outcome is Outcome.UNKNOWN and came_from == "due":
        _log(
            session, rt, row, "QuickBooks gave no answer; Tieout looks whether it arrived before it sends again", error
        )
    elif verdict.outcome is Outcome.PAUSED and refusal_of(error.code).waits:
        _tell_paused(session, rt, row, error)
    elif verdict.outcome is Outcome.PAUSED and verdict.counts and row.attempt == 1:
        _log(session, rt, row, "QuickBooks cannot be reached; it is tried again by itself", error)


def tell_disconnected(session: Session, rt: Runtime, company_id: str) -> None:
    """Say that a person must connect QuickBooks again, with the sum that waits for it."""
    amount = _waiting_amount(session, company_id)
    sentence = "QuickBooks does not accept Tieout's access any more"
    is_new = discrepancies.open_one(
        session,
        rt,
        company_id,
        kind=NEEDS_RECONNECT,
        subject=QUICKBOOKS,
        sentence=f"{sentence}; {money_text(amount)} waits to be recorded.",
        next_step="Connect QuickBooks again as an administrator. Everything that waits is then posted by itself.",
        amount=amount,
    )
    if is_new:
        log.write(session, rt, company_id, kind="connect", state="needs_you", sentence=f"{sentence}.")


def all_clear(session: Session, rt: Runtime, company_id: str) -> None:
    """Close what stood against the whole company, after QuickBooks took an entry."""
    seen: dict[str, list[str]] = {NEEDS_RECONNECT: [], PAUSED: []}
    discrepancies.close_others(session, rt, company_id, seen=seen, note="QuickBooks takes entries again.")


def companies_to_look_at(reader: Askable, now: datetime) -> list[str]:
    """Return the companies where something waits too long, or did when they were last looked at."""
    found = (*_LATE.all(reader, before=now - LATE_AFTER), *_NAMED.all(reader))
    return sorted({company_id for (company_id,) in found})


def name_late(rt: Runtime, company_id: str) -> int:
    """Name what has waited for more than an hour, one discrepancy for each currency; returns how many wait so long."""
    with rt.db.write("late") as session:
        rows = _LATE_SUMS.all(session, company=company_id, before=rt.clock.now() - LATE_AFTER)
        for currency, number, minor in rows:
            amount = Money(int(minor), currency)
            what = f"{count(number, 'posting')} ({money_text(amount)})"
            discrepancies.open_one(
                session,
                rt,
                company_id,
                kind=LATE,
                subject=currency,
                sentence=f"{what} {'has' if number == 1 else 'have'} waited for more than an hour.",
                next_step="Look at the sync log: it says what each one waits for. Nothing is lost.",
                amount=amount,
                explains=True,
            )
        seen = {LATE: [currency for currency, _, _ in rows]}
        discrepancies.close_others(session, rt, company_id, seen=seen, note="Nothing waits so long.")
        return sum(number for _, number, _ in rows)


def _is_older(before: datetime | BindParameter[Any]) -> ColumnElement[bool]:
    return and_(is_one_of(col(PostingRow.state), *UNDER_WAY), col(PostingRow.created_at) < before)


_LATE = Prepared(pick(col(PostingRow.company_id)).where(_is_older(bindparam("before"))).distinct())
_LATE_SUMS = Prepared(
    pick(col(PostingRow.currency), func.count(), func.sum(PostingRow.amount_minor))
    .where(col(PostingRow.company_id) == bindparam("company"), _is_older(bindparam("before")))
    .group_by(col(PostingRow.currency))
)
_NAMED = Prepared(
    pick(col(DiscrepancyRow.company_id))
    .where(col(DiscrepancyRow.kind) == LATE, col(DiscrepancyRow.closed_at).is_(None))
    .distinct()
)


def _waiting_amount(session: Session, company_id: str) -> Money:
    home = home_of(session, company_id)
    (minor,) = _WAITING.first(session, company=company_id, currency=home)
    return Money(int(minor), home)


_WAITING = Prepared(
    pick(func.coalesce(func.sum(PostingRow.amount_minor), 0)).where(
        col(PostingRow.company_id) == bindparam("company"),
        col(PostingRow.currency) == bindparam("currency"),
        is_one_of(col(PostingRow.state), *UNDER_WAY),
    )
)


def _tell_paused(session: Session, rt: Runtime, row: PostingRow, error: GatewayError) -> None:
    refusal = refusal_of(error.code)
    is_new = discrepancies.open_one(
        session,
        rt,
        row.company_id,
        kind=PAUSED,
        subject=error.code,
        sentence=refusal.why,
        next_step=refusal.next_step,
        amount=Money(row.amount_minor, row.currency),
        posting_id=row.id,
    )
    if is_new:
        _log(session, rt, row, refusal.why, error)


def _log(session: Session, rt: Runtime, row: PostingRow, why: str, error: GatewayError) -> None:
    log.write(
        session,
        rt,
        row.company_id,
        kind="push",
        state="waiting",
        sentence=f"{title(session, row)} waits: {why}",
        money=money(row),
        posting_id=row.id,
        payment_id=row.payment_id,
        trace=error.trace,
    )
