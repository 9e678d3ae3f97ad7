"""The sync log: everything that went to QuickBooks and came from it, searched, filtered, kept as CSV, explained beside.

Law: a cell of the CSV that a spreadsheet would take for a formula is made text.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from flask import Response, abort, render_template, stream_with_context
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, Select, and_, or_, true
from sqlmodel import Session, col

from connector.ledger.money import Money
from connector.store.log import LogRow
from connector.store.outbox import PostingRow
from portal.here import now, runtime
from portal.picking import fetch, fetch_one, pick
from portal.staff.gate import member, pages
from portal.staff.matching import matches
from portal.staff.trail import trail_of
from portal.staff.wish import PAGE, Wish, read_wish
from sync.pushing.dry_run import dry_run

KINDS = {
    "pull": "Pulled",
    "push": "Posted",
    "settle": "Paid",
    "tie_out": "Tie-out",
    "connect": "Connections",
    "mail": "Mails",
}
STATES = {
    "recorded": ("good", "Recorded"),
    "pulled": ("good", "Pulled"),
    "waiting": ("wait", "Waiting"),
    "held": ("wait", "Held"),
    "needs_you": ("bad", "Needs you"),
    "noted": ("", "Noted"),
}
DAYS = {"1": "Last day", "7": "Last 7 days", "30": "Last 30 days"}
MOST_IN_CSV, CSV_PAGE = 50_000, 1_000

_COLUMNS = (
    *(col(LogRow.id), col(LogRow.at), col(LogRow.kind), col(LogRow.state), col(LogRow.sentence), col(LogRow.detail)),
    *(col(LogRow.money_minor), col(LogRow.currency), col(LogRow.posting_id), col(LogRow.payment_id)),
    *(col(LogRow.entity), col(LogRow.qbo_id), col(LogRow.trace), col(LogRow.took_ms)),
)


@pages.get("/log")
def list_log() -> ResponseReturnValue:
    """Show the sync log, with the open line explained beside it."""
    wish = _wish()
    company_id = member().company.id
    with runtime().db.read() as session:
        rows = fetch(session, _select(wish).limit(PAGE + 1).offset(wish.offset))
        opened = _opened(session, company_id, wish["open"]) if wish["open"] else None
    words = {"kinds": KINDS, "states": STATES, "days": DAYS}
    return render_template(
        "staff/log.html", wish=wish, rows=rows[:PAGE], has_more=len(rows) > PAGE, opened=opened, **words
    )


@pages.get("/log.csv")
def log_csv() -> ResponseReturnValue:
    """Hand over the filtered log as CSV."""
    company = member().company
    name = f"{company.slug}-sync-log-{company.today.isoformat()}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(stream_with_context(_lines(_select(_wish()))), mimetype="text/csv", headers=headers)


def _wish() -> Wish:
    return read_wish(".list_log", kind=KINDS, state=STATES, days=DAYS)


def _select(wish: Wish) -> Select[Any]:
    company = member().company
    conditions: list[ColumnElement[bool]] = [col(LogRow.company_id) == company.id]
    if wish["kind"]:
        conditions.append(col(LogRow.kind) == wish["kind"])
    if wish["state"]:
        conditions.append(col(LogRow.state) == wish["state"])
    if wish["days"]:
        conditions.append(col(LogRow.at) > now() - timedelta(days=int(wish["days"])))
    if wish["q"]:
        conditions.append(
            matches(
                wish["q"],
                texts=(col(LogRow.sentence), col(LogRow.detail)),
                ids=(col(LogRow.qbo_id), col(LogRow.trace), col(LogRow.posting_id), col(LogRow.payment_id)),
                amounts=(col(LogRow.money_minor),),
                currency=company.home_currency,
            )
        )
    return pick(*_COLUMNS).where(*conditions).order_by(col(LogRow.at).desc(), col(LogRow.id).desc())


def _opened(session: Session, company_id: str, row_id: str) -> dict[str, Any]:
    row = fetch_one(session, pick(*_COLUMNS).where(col(LogRow.company_id) == company_id, col(LogRow.id) == row_id))
    if row is None:
        abort(404)
    posting = None
    if row.posting_id:
        posting = fetch_one(
            session,
            pick(
                PostingRow.id,
                PostingRow.state,
                PostingRow.kind,
                PostingRow.held_text,
                PostingRow.held_next,
                PostingRow.entity,
                PostingRow.remote_id,
                PostingRow.reference,
            ).where(col(PostingRow.company_id) == company_id, col(PostingRow.id) == row.posting_id),
        )
    return {
        "row": row,
        "money": Money(row.money_minor, row.currency) if row.money_minor is not None and row.currency else None,
        "posting": posting,
        "dry_run": dry_run(runtime(), posting.id) if posting else None,
        "trail": trail_of(session, company_id, payment_id=row.payment_id, posting_id=row.posting_id),
    }


_TITLES = ("when", "kind", "state", "what happened", "detail", "amount", "currency", "entity", "id", "trace", "ms")


def _lines(query: Select[Any]) -> Iterator[str]:
    yield _csv_line(_TITLES)
    last: Any = None
    for _ in range(MOST_IN_CSV // CSV_PAGE):
        with runtime().db.read() as session:  # a short read for each page: a slow reader holds no connection
            rows = fetch(session, query.where(_before(last)).limit(CSV_PAGE))
        yield from map(_line, rows)
        if len(rows) < CSV_PAGE:
            return
        last = rows[-1]


def _before(last: Any) -> ColumnElement[bool]:
    if last is None:
        return true()
    return or_(col(LogRow.at) < last.at, and_(col(LogRow.at) == last.at, col(LogRow.id) < last.id))


def _line(row: Any) -> str:
    amount = str(Money(row.money_minor, row.currency).decimal()) if row.money_minor is not None and row.currency else ""
    texts = (row.kind, row.state, row.sentence, row.detail)
    rest = (row.currency, row.entity, row.qbo_id, row.trace)
    at = row.at.isoformat(timespec="seconds")
    return _csv_line((at, *map(as_text, texts), amount, *map(as_text, rest), str(row.took_ms or "")))


def as_text(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: what could begin one gets an apostrophe before it."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r", "\n", "\N{MINUS SIGN}") else cell


def _csv_line(cells: tuple[str, ...]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue()
