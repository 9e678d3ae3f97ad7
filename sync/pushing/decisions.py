"""What a person decides about a posting: retry it, hold it, drop it.

Posting ids are inner ones: callers that serve people look them up in the person's company first. Laws: the generation
of a posting, and with it its requestid, rises only here and only after a definite no; bytes that may have reached
QuickBooks are sent again as they were; every decision is a line in the log with who took it.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from enum import StrEnum
from typing import Any

from sqlmodel import Session, col, select, update

from connector.errors import WrongInput
from connector.ledger.postings import Kind
from connector.store.outbox import AttemptRow, PostingRow
from connector.words import day_text
from sync import log
from sync.pushing import held
from sync.pushing.posting_words import money, title
from sync.runtime import Runtime


class Standing(StrEnum):
    """What is known about the present generation of a posting."""

    UNSENT = "unsent"
    REFUSED = "refused"  # a definite no, or created and then removed by somebody
    OPEN = "open"  # it may stand in QuickBooks


def retry(rt: Runtime, posting_id: str, staff_id: str, *, day: date | None = None) -> None:
    """Send a posting again as soon as it may be; with `day`, dated anew and its true day added to the memo.

    After a definite no it is another request with a body made afresh: lines that no longer fit are cut, and what is cut
    stays on the customer. Raises WrongInput with a sentence when that cannot be done now.
    """
    with rt.db.write("retry") as session:
        row = _taken(session, posting_id, "due", "unknown", "held")
        standing = _standing(session, row)
        if row.kind == Kind.APPLY and day not in (None, row.day):
            raise WrongInput("A payment that is in QuickBooks keeps its date. Open its period there, then retry.")
        if standing is Standing.OPEN and day not in (None, row.day):
            raise WrongInput("Its date cannot change while it may stand in QuickBooks already.")
        if standing is not Standing.OPEN:
            _start_afresh(row, standing, day or row.day)
        if row.state == "held":
            row.state = "unknown" if standing is Standing.OPEN else "due"
        row.due_at = rt.clock.now()
        session.add(row)
        _log(session, rt, row, "waiting", "is tried again", staff_id)
    rt.bell.ring("push", row.company_id)


def retry_all(rt: Runtime, company_id: str, code: str, staff_id: str) -> int:
    """Retry every posting that one reason holds, after it was put right; returns how many.

    One that somebody decided about meanwhile stops none of the others.
    """
    with rt.db.read() as session:
        stopped = select(PostingRow.id).where(
            PostingRow.company_id == company_id, PostingRow.state == "held", PostingRow.held_code == code
        )
        ids = list(session.exec(stopped.order_by(col(PostingRow.created_at), col(PostingRow.id))))
    retried = 0
    for posting_id in ids:
        with suppress(WrongInput):
            retry(rt, posting_id, staff_id)
            retried += 1
    return retried


def hold(rt: Runtime, posting_id: str, staff_id: str) -> None:
    """Keep a posting back until a person retries it. Raises WrongInput when it is on its way or done."""
    with rt.db.write("hold") as session:
        row = _taken(session, posting_id, "due")
        held.hold(session, rt, row, code="by_hand")
        _log(session, rt, row, "held", "is held by a person", staff_id)


def drop(rt: Runtime, posting_id: str, staff_id: str, note: str) -> None:
    """Give a held posting up because QuickBooks has it by hand; the tie-out then looks for that entry.

    Raises WrongInput when it is not held, or without a note.
    """
    if not note.strip():
        raise WrongInput("Say in a few words why it is dropped.")
    with rt.db.write("drop") as session:
        row = _taken(session, posting_id, "held")
        cause, row.state = row.held_code, "dropped"
        session.add(row)
        session.flush()
        held.renew(session, rt, row, cause)
        _log(session, rt, row, "noted", "will not be posted by Tieout", staff_id, note=note.strip())


def _taken(session: Session, posting_id: str, *states: str) -> PostingRow:
    """Return a posting that is in one of the states, locked for this transaction."""
    locked = update(PostingRow).where(col(PostingRow.id) == posting_id, col(PostingRow.state).in_(states))
    is_there = session.exec(locked.values(fence=PostingRow.fence + 1)).rowcount
    row = session.exec(select(PostingRow).where(PostingRow.id == posting_id)).one()
    if not is_there:
        raise WrongInput(_NOT_NOW.get(row.state, "This cannot be done with the posting as it stands."))
    return row


_NOT_NOW = {
    "leased": "It is being sent to QuickBooks at this moment. Look again in a minute.",
    "posted": "It is recorded in QuickBooks already.",
    "dropped": "It was dropped.",
    "unknown": "It is not known yet whether QuickBooks has it. Tieout is looking.",
    "held": "It is held already.",
}


def _standing(session: Session, row: PostingRow) -> Standing:
    """Read from the attempt log what came of the present requestid."""
    if row.held_code == "removed":
        return Standing.REFUSED
    calls = select(AttemptRow.way, AttemptRow.outcome).where(
        AttemptRow.company_id == row.company_id,
        AttemptRow.posting_id == row.id,
        AttemptRow.request_id == row.request_id,
        AttemptRow.request_id != "",
    )
    last = session.exec(calls.order_by(col(AttemptRow.seq).desc())).first()
    if last is None:
        return Standing.UNSENT
    return Standing.REFUSED if last in (("received", "rejected"), ("received", "stale")) else Standing.OPEN


def _start_afresh(row: PostingRow, standing: Standing, day: date) -> None:
    row.request_body = row.request_id = ""
    if standing is Standing.REFUSED:
        row.generation += 1
    if day != row.day:
        row.memo = f"{row.memo}; dated {row.day.isoformat()} at Stripe"
        row.day = day


def _log(
    session: Session, rt: Runtime, row: PostingRow, state: str, what: str, staff_id: str, *, note: str = ""
) -> None:
    words: dict[str, Any] = {"posting_id": row.id, "payment_id": row.payment_id}
    log.write(
        session,
        rt,
        row.company_id,
        kind="push",
        state=state,
        sentence=f"{title(session, row)} {what}",
        detail=f"Decided by {staff_id}, for {day_text(row.day)}" + (f": {note}" if note else ""),
        money=money(row),
        **words,
    )
