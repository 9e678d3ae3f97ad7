"""Why, step by step: what happened to a payment and its postings, in the order it happened.

Puts together the payment's history, the sync log and the attempt log. Laws: bodies stay sealed; the codes a support
desk needs are shown small, beside words.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, col

from connector.store.edits import EditRow
from connector.store.log import LogRow
from connector.store.money import PaymentEventRow
from connector.store.outbox import AttemptRow, PostingRow
from portal.picking import fetch, pick

MOST = 60


@dataclass(frozen=True)
class TrailStep:
    """One thing that happened."""

    at: datetime
    text: str
    code: str = ""  # for support: QuickBooks' trace id, a status


@dataclass(frozen=True)
class Trail:
    """The steps, and what a support desk asks for."""

    steps: tuple[TrailStep, ...]
    attempts: int
    traces: tuple[str, ...]
    request_ids: tuple[str, ...]


def trail_of(session: Session, company_id: str, *, payment_id: str = "", posting_id: str = "") -> Trail:
    """Return what happened to a payment with all its postings, or to one posting."""
    if not payment_id and not posting_id:
        return Trail((), 0, (), ())
    postings = _postings(session, company_id, payment_id, posting_id) or _edits(session, company_id, posting_id)
    sends = _attempts(session, company_id, postings)
    steps = [
        *_payment_steps(session, company_id, payment_id),
        *_log_steps(session, company_id, payment_id, postings),
        *filter(None, map(_attempt_step, sends)),
    ]
    received = [row for row in sends if row.way == "received"]
    return Trail(
        steps=tuple(sorted(steps, key=lambda step: step.at)[-MOST:]),
        attempts=len({(row.posting_id, row.number) for row in sends if row.way == "sent"}),
        traces=tuple(dict.fromkeys(row.trace for row in received if row.trace)),
        request_ids=tuple(dict.fromkeys(row.request_id for row in sends if row.request_id)),
    )


def _edits(session: Session, company_id: str, edit_id: str) -> list[str]:
    """Return an edit, which stands in logs where a posting does."""
    mine = (col(EditRow.company_id) == company_id, col(EditRow.id) == edit_id)
    return [row.id for row in fetch(session, pick(EditRow.id).where(*mine))]


def _postings(session: Session, company_id: str, payment_id: str, posting_id: str) -> list[str]:
    mine = col(PostingRow.payment_id) == payment_id if payment_id else col(PostingRow.id) == posting_id
    return [one for (one,) in fetch(session, pick(PostingRow.id).where(col(PostingRow.company_id) == company_id, mine))]


def _payment_steps(session: Session, company_id: str, payment_id: str) -> Iterable[TrailStep]:
    found = pick(PaymentEventRow.at, PaymentEventRow.text).where(
        col(PaymentEventRow.company_id) == company_id, col(PaymentEventRow.payment_id) == payment_id
    )
    rows = fetch(session, found.order_by(col(PaymentEventRow.id))) if payment_id else ()
    return (TrailStep(at, text) for at, text in rows)


def _log_steps(session: Session, company_id: str, payment_id: str, postings: list[str]) -> Iterable[TrailStep]:
    about: list[ColumnElement[bool]] = [col(LogRow.posting_id).in_(postings)]
    if payment_id:
        about.append((col(LogRow.payment_id) == payment_id) & (col(LogRow.kind) != "settle"))
    found = pick(LogRow.at, LogRow.sentence).where(col(LogRow.company_id) == company_id, or_(*about))
    last = found.order_by(col(LogRow.id).desc()).limit(MOST)
    return (TrailStep(at, sentence) for at, sentence in reversed(fetch(session, last)))


def _attempts(session: Session, company_id: str, postings: list[str]) -> list[Any]:
    found = pick(
        AttemptRow.at,
        AttemptRow.way,
        AttemptRow.operation,
        AttemptRow.outcome,
        AttemptRow.facts,
        AttemptRow.status,
        AttemptRow.trace,
        AttemptRow.request_id,
        AttemptRow.posting_id,
        AttemptRow.number,
    ).where(col(AttemptRow.company_id) == company_id, col(AttemptRow.posting_id).in_(postings))
    return list(fetch(session, found.order_by(col(AttemptRow.seq)))) if postings else []


_OUTCOMES = {
    "rejected": "QuickBooks refused it",
    "stale": "It had changed in QuickBooks meanwhile",
    "unknown": "QuickBooks gave no clear answer",
    "rate_limited": "QuickBooks asked to wait",
    "transient": "QuickBooks could not be reached",
    "unauthorised": "QuickBooks did not accept the connection",
}


def _attempt_step(row: Any) -> TrailStep | None:
    """Tell what came back; what went out is told by it. A document that was recorded is told by the sync log."""
    if row.way != "received":
        return None
    code = " ".join(filter(None, (f"status {row.status}" if row.status else "", row.trace)))
    if row.outcome != "ok":
        said = _fact(row.facts, "code")
        words = _OUTCOMES.get(row.outcome, "It did not succeed")
        return TrailStep(row.at, words + (f" ({said})" if said else ""), code)
    if row.operation.endswith(".find"):
        found = _fact(row.facts, "found")
        return TrailStep(
            row.at, "Looked in QuickBooks: " + ("it is there" if found not in ("", "0") else "not there"), code
        )
    return None


def _fact(facts: str, name: str) -> str:
    try:
        return str(json.loads(facts or "{}").get(name, ""))
    except (ValueError, AttributeError):
        return ""
