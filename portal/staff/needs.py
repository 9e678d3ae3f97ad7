"""What needs a person: open discrepancies, each with its sentence, its amount, whose turn it is and what to do.

Laws: retrying and closing are for bookkeepers; closing keeps the row, with who did it and why; what Tieout closes by
itself is not closed by hand unless a person says why.
"""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlmodel import Session, col

from connector.ledger.money import Money
from connector.store.books import DiscrepancyRow
from connector.store.outbox import PostingRow
from portal.access.members import BOOKKEEPER
from portal.here import runtime
from portal.picking import fetch, fetch_one, pick
from portal.staff.gate import member, needs_role, pages
from portal.staff.trail import trail_of
from portal.staff.wish import PAGE, Wish, read_wish
from sync import discrepancies, log
from sync.pushing.dry_run import dry_run

# Kinds that end by themselves; the rest wait for a person.
OURS = frozenset({"posting_late", "quickbooks_paused", "event_failed"})
_COLUMNS = (
    *(col(DiscrepancyRow.id), col(DiscrepancyRow.kind), col(DiscrepancyRow.subject), col(DiscrepancyRow.sentence)),
    *(col(DiscrepancyRow.next_step), col(DiscrepancyRow.amount_minor), col(DiscrepancyRow.currency)),
    *(col(DiscrepancyRow.explains), col(DiscrepancyRow.posting_id), col(DiscrepancyRow.payment_id)),
    *(col(DiscrepancyRow.opened_at), col(DiscrepancyRow.closed_at), col(DiscrepancyRow.closing_note)),
)


def open_needs(session: Session, company_id: str, *, limit: int, offset: int = 0, closed: bool = False) -> list[Any]:
    """Return discrepancies, the oldest open ones first, or the last closed ones first."""
    is_closed = col(DiscrepancyRow.closed_at).is_not(None)
    found = pick(*_COLUMNS).where(col(DiscrepancyRow.company_id) == company_id, is_closed if closed else ~is_closed)
    order = col(DiscrepancyRow.closed_at).desc() if closed else col(DiscrepancyRow.opened_at)
    return list(fetch(session, found.order_by(order, col(DiscrepancyRow.id)).limit(limit).offset(offset)))


@pages.get("/needs")
def list_needs() -> ResponseReturnValue:
    """Show what needs a person, and what was settled."""
    wish = read_wish(".list_needs", show=("closed",))
    company_id = member().company.id
    with runtime().db.read() as session:
        rows = open_needs(session, company_id, limit=PAGE + 1, offset=wish.offset, closed=wish["show"] == "closed")
        opened = _opened(session, company_id, wish)
    return render_template(
        "staff/needs.html", wish=wish, rows=rows[:PAGE], has_more=len(rows) > PAGE, opened=opened, ours=OURS
    )


def _opened(session: Session, company_id: str, wish: Wish) -> dict[str, Any] | None:
    if not wish["open"]:
        return None
    row = _find(session, company_id, wish["open"])
    posting = _posting(session, company_id, row.posting_id) if row.posting_id else None
    return {
        "row": row,
        "amount": Money(row.amount_minor, row.currency),
        "posting": posting,
        "dry_run": dry_run(runtime(), posting.id) if posting and posting.state != "posted" else None,
        "trail": trail_of(session, company_id, payment_id=row.payment_id, posting_id=row.posting_id),
    }


def _find(session: Session, company_id: str, row_id: str) -> Any:
    row = fetch_one(
        session,
        pick(*_COLUMNS).where(col(DiscrepancyRow.company_id) == company_id, col(DiscrepancyRow.id) == row_id),
    )
    return row or abort(404)


def _posting(session: Session, company_id: str, posting_id: str) -> Any:
    return fetch_one(
        session,
        pick(PostingRow.id, PostingRow.kind, PostingRow.state, PostingRow.held_code).where(
            col(PostingRow.company_id) == company_id, col(PostingRow.id) == posting_id
        ),
    )


@pages.post("/needs/<need_id>/resolve")
@needs_role(BOOKKEEPER)
def resolve(need_id: str) -> ResponseReturnValue:
    """Close a discrepancy that a person settled, with a note."""
    rt, who = runtime(), member()
    note = " ".join(request.form.get("note", "").split())[:300]
    with rt.db.read() as session:
        row = _find(session, who.company.id, need_id)
    if not note:
        flash("Say in a few words how it was settled.", "bad")
        return redirect(url_for(".list_needs", open=need_id))
    with rt.db.write("needs.resolve") as session:
        closed = discrepancies.close(
            session, rt, who.company.id, kind=row.kind, subject=row.subject, by=who.staff_id, note=note
        )
        if closed:
            sentence = f"{who.name} settled: {row.sentence}"
            log.write(session, rt, who.company.id, kind="tie_out", state="noted", sentence=sentence, detail=note)
    flash("Settled and noted in the sync log." if closed else "Somebody settled it already.", "good")
    return redirect(url_for(".list_needs"))
