"""Held postings and their causes: many postings that one closed month stops are one discrepancy.

Writes in the caller's transaction. Law: after every change the open discrepancy of a cause names exactly the postings
it holds, with their sum; when none is left it is closed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from connector.ledger.money import Money
from connector.ledger.postings import Kind
from connector.store.built import built_loose
from connector.store.outbox import PostingRow
from connector.words import count, day_text, money_text
from sync import discrepancies, log
from sync.pushing.posting_words import money, title
from sync.pushing.refusals import cause_of, refusal_of, subject_of
from sync.runtime import Runtime

KIND = "posting_held"


def hold(session: Session, rt: Runtime, row: PostingRow, *, code: str, said: str = "", trace: str = "") -> None:
    """Hold a posting for a person: its reason, a line in the log, and the discrepancy of its cause.

    The caller has changed the row in this transaction under its guard, so that nobody else can.
    """
    code = cause_of(code, is_earlier=row.kind == Kind.APPLY)
    refusal = refusal_of(code, said)
    earlier_cause = row.held_code
    row.state, row.lease_owner, row.lease_until = "held", "", None
    row.held_code, row.held_text, row.held_next = code, refusal.why, refusal.next_step
    session.add(row)
    session.flush()
    log.write(
        session,
        rt,
        row.company_id,
        kind="push",
        state="held",
        sentence=f"{title(session, row)} waits: {_lower(refusal.why)}",
        detail=f"{refusal.next_step} Nothing is lost; the money is named in the tie-out.",
        money=money(row),
        posting_id=row.id,
        payment_id=row.payment_id,
        trace=trace,
    )
    renew(session, rt, row, code)
    if earlier_cause != code:
        renew(session, rt, row, earlier_cause)


def renew(session: Session, rt: Runtime, row: PostingRow, code: str) -> None:
    """Bring the discrepancy of a cause up to date after a posting was held by it, or is held by it no more."""
    if not code:
        return
    subject = _subject(row, code)
    together = [other for other in _held_for(session, row, code) if _subject(other, code) == subject]
    if not together:
        note = "Nothing is held by it any more."
        discrepancies.close(session, rt, row.company_id, kind=KIND, subject=subject, note=note)
        return
    discrepancies.open_one(session, rt, row.company_id, kind=KIND, subject=subject, **_words(session, together))


def _held_for(session: Session, row: PostingRow, code: str) -> list[PostingRow]:
    return list(_held_by(session, row.company_id, code, row.currency))


@built_loose
def _held_by(company_id: str, code: str, currency: str) -> SelectOfScalar[PostingRow]:
    rows = select(PostingRow).where(
        PostingRow.company_id == company_id,
        PostingRow.state == "held",
        PostingRow.held_code == code,
        PostingRow.currency == currency,
    )
    return rows.order_by(col(PostingRow.created_at), col(PostingRow.id))


def _subject(row: PostingRow, code: str) -> str:
    spans = refusal_of(code).spans
    return subject_of(code, spans, customer_id=row.customer_id, posting_id=row.id, currency=row.currency)


def _words(session: Session, together: Sequence[PostingRow]) -> dict[str, Any]:
    first = together[0]
    amount = Money(sum(row.amount_minor for row in together), first.currency)
    if len(together) == 1:
        about = f"{title(session, first)} of {day_text(first.day)} ({money_text(amount)})"
    else:
        about = f"{count(len(together), 'posting')}, {money_text(amount)} together,"
    verb = "waits" if len(together) == 1 else "wait"
    return {
        "sentence": f"{about} {verb} to be recorded in QuickBooks: {_lower(first.held_text)}",
        "next_step": first.held_next,
        "amount": amount,
        "explains": True,
        "posting_id": first.id,
        "payment_id": first.payment_id if len(together) == 1 else "",
    }


def _lower(sentence: str) -> str:
    """Return a sentence as the second half of another, keeping names as they are."""
    return sentence if sentence.startswith(("QuickBooks", "Stripe", "Tieout")) else sentence[:1].lower() + sentence[1:]
