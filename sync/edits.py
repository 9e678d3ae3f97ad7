"""Pushing edits to QuickBooks: what is due goes out behind the postings, by the same worker and under the same lease.

Laws: intent is a row before a call goes out; the object is read before it is written, which finds an earlier try that
arrived and anything a person changed meanwhile; bytes are frozen with the version they were made for; a definite no
holds an edit, and what is unclear is looked at before it is sent again.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlmodel import Session, select

from connector.errors import GatewayError, NotConnected, Stale
from connector.ledger.keys import request_id
from connector.qbo.edits import edit_body, moved, says
from connector.qbo.faults import sent_of
from connector.qbo.gateway import QuickBooksGateway
from connector.qbo.shapes import RawObject, Sent
from connector.store.edits import EditRow
from sync.editing import rows, words
from sync.entities import BY_NAME
from sync.lease import Lease
from sync.pulling import landing
from sync.pushing import attempts
from sync.pushing.attempts import Step
from sync.pushing.refusals import refusal_of
from sync.pushing.verdicts import Outcome, backoff, state_after, verdict_on
from sync.runtime import Runtime

LEASE_SECONDS = 300.0
MOST_AT_ONCE = 50
_STOPS = frozenset({Outcome.PAUSED, Outcome.RECONNECT})


def push_edits(rt: Runtime, gateway: QuickBooksGateway, company_id: str, lease: Lease) -> Counter[Outcome]:
    """Send the edits that are due for a company, oldest first, until none is or QuickBooks wants a pause."""
    outcomes: Counter[Outcome] = Counter()
    for _ in range(MOST_AT_ONCE):
        with rt.db.read() as session:
            edit_id = rows.next_due(session, company_id, rt.clock.now())
        if edit_id is None:
            return outcomes
        outcome = push_edit(rt, gateway, edit_id)
        outcomes[outcome] += 1
        if outcome in _STOPS or not lease.keep(rt):
            return outcomes
    rt.bell.ring("push", company_id)
    return outcomes


def push_edit(rt: Runtime, gateway: QuickBooksGateway, edit_id: str) -> Outcome:
    """Bring one edit to QuickBooks. Raises nothing for what QuickBooks or the network does."""
    with rt.db.write("edit_claim") as session:
        until = rt.clock.now() + timedelta(seconds=LEASE_SECONDS)
        taken = rows.take(session, rt, edit_id, until)
        if taken is None:
            return Outcome.FENCED
        row, came_from = taken
        attempts.write_sent(session, rt, _step(row, "read"), body=b"", facts=_facts(row))
    try:
        live = gateway.read(row.entity, row.qbo_id)
    except (GatewayError, NotConnected) as error:
        return _failed(rt, row, error, "read", came_from)
    wanted = json.loads(row.wanted)
    if says(live.body, wanted):
        return _posted(rt, row, live, verb="read", sent=None)
    overtaken = moved(live.body, json.loads(row.base), wanted) if row.generation == 1 else []
    if overtaken:
        why, next_step = words.overtaken_by(overtaken)
        return _held(rt, row, "read", words.OVERTAKEN, (why, next_step), facts={"moved": overtaken})
    return _update(rt, gateway, row, live, wanted, came_from)


def _update(
    rt: Runtime, gateway: QuickBooksGateway, row: EditRow, live: RawObject, wanted: Mapping[str, Any], came_from: str
) -> Outcome:
    body = _frozen(row, live, wanted)
    with rt.db.write("edit_step") as session:
        attempts.write_received(session, rt, _step(row, "read"), outcome="ok", sent=None, facts=_named(live))
        attempts.write_sent(session, rt, _step(row, "update"), body=body, facts=_facts(row))
        # Still leased: only the frozen body moves, in the commit before it is sent.
        frozen = {"request_body": body.decode(), "request_id": row.request_id, "request_token": live.sync_token}
        if not rows.freeze(session, row, **frozen):
            return Outcome.FENCED
    try:
        answer = gateway.update(row.entity, body=body, request_id=row.request_id)
    except (GatewayError, NotConnected) as error:
        return _failed(rt, row, error, "update", came_from)
    return _posted(rt, row, answer.document, verb="update", sent=answer.sent)


def _frozen(row: EditRow, live: RawObject, wanted: Mapping[str, Any]) -> bytes:
    """Return the bytes for this version of the object: those that were sent before for it, or new ones.

    A try for an older version cannot have arrived: the object would say so, and QuickBooks refuses it from now on.
    """
    if not row.request_body or row.request_token != live.sync_token:
        row.request_body = edit_body(row.qbo_id, live.sync_token, wanted).decode()
        row.request_id = request_id(f"{row.company_id}/{row.key}/{live.sync_token}", row.generation)
    return row.request_body.encode()


def _posted(rt: Runtime, row: EditRow, document: RawObject, *, verb: str, sent: Sent | None) -> Outcome:
    """Write down that it stands in the books, and bring the cache up to it, in one commit."""
    with rt.db.write("edit_posted") as session:
        is_mine = rows.give_back(session, row, state="posted", posted_at=rt.clock.now(), held_code="", held_text="")
        attempts.write_received(session, rt, _step(row, verb), outcome="ok", sent=sent, facts=_named(document))
        landing.land(session, rt, row.company_id, BY_NAME[row.entity], [document.body])
        if is_mine:
            words.recorded(
                session,
                rt,
                row,
                was_there=verb == "read",
                trace=sent.trace if sent else "",
                took_ms=sent.took_ms if sent else None,
            )
    return Outcome.POSTED if is_mine else Outcome.FENCED


def _held(
    rt: Runtime,
    row: EditRow,
    verb: str,
    code: str,
    said: tuple[str, str],
    *,
    facts: Mapping[str, object],
    sent: Sent | None = None,
    outcome: str = "ok",
) -> Outcome:
    why, next_step = said
    with rt.db.write("edit_held") as session:
        is_mine = rows.give_back(session, row, state="held", held_code=code, held_text=why, held_next=next_step)
        attempts.write_received(session, rt, _step(row, verb), outcome=outcome, sent=sent, facts=facts)
        if is_mine:
            words.held(session, rt, row, why, next_step, trace=sent.trace if sent else "")
    return Outcome.HELD if is_mine else Outcome.FENCED


def _failed(rt: Runtime, row: EditRow, error: GatewayError | NotConnected, verb: str, came_from: str) -> Outcome:
    sent = sent_of(error) if isinstance(error, GatewayError) else None
    facts = {"code": error.code, "trace": error.trace} if isinstance(error, GatewayError) else {}
    if isinstance(error, Stale):  # it moved between our read and our write: read again, for nothing was written
        wait = timedelta(seconds=backoff(row.attempt) if row.attempt > 1 else 0)
        again = {"state": "due", "due_at": rt.clock.now() + wait}
        return _wait(rt, row, verb, "stale", again, sent, facts, Outcome.UNKNOWN)
    verdict = verdict_on(error, verb="create" if verb == "update" else "find", attempt=row.attempt)
    if verdict.outcome is Outcome.HELD and isinstance(error, GatewayError):
        refusal = refusal_of(error.code, error.message)
        said = (refusal.why, refusal.next_step)
        return _held(rt, row, verb, error.code, said, facts=facts, sent=sent, outcome=verdict.word)
    values = {
        "state": state_after(verdict, came_from=came_from),
        "due_at": rt.clock.now() + timedelta(seconds=max(verdict.wait_seconds, 1.0)),
        "attempt": row.attempt if verdict.counts else row.attempt - 1,
    }
    return _wait(rt, row, verb, verdict.word, values, sent, facts, verdict.outcome)


def _wait(
    rt: Runtime,
    row: EditRow,
    verb: str,
    word: str,
    values: Mapping[str, Any],
    sent: Sent | None,
    facts: Mapping[str, object],
    outcome: Outcome,
) -> Outcome:
    with rt.db.write("edit_waits") as session:
        is_mine = rows.give_back(session, row, **values)
        attempts.write_received(session, rt, _step(row, verb), outcome=word, sent=sent, facts=facts)
        if is_mine and row.attempt == 1 and word != "stale":
            words.waits(session, rt, row, "QuickBooks cannot be reached; it is tried again by itself")
    return outcome if is_mine else Outcome.FENCED


def _step(row: EditRow, verb: str) -> Step:
    asks_with = row.request_id if verb == "update" else ""
    return Step(row.company_id, row.id, row.attempt, f"{row.entity.lower()}.{verb}", asks_with)


def _facts(row: EditRow) -> dict[str, object]:
    return {"entity": row.entity, "qbo_id": row.qbo_id, "key": row.key, "generation": row.generation}


def _named(document: RawObject) -> dict[str, object]:
    return {"entity": document.entity, "qbo_id": document.qbo_id, "sync_token": document.sync_token}


def unsettled_of(session: Session, company_id: str, entity: str, qbo_id: str) -> EditRow | None:
    """Return the newest edit of an object that QuickBooks does not show yet."""
    mine = select(EditRow).where(EditRow.company_id == company_id, EditRow.entity == entity, EditRow.qbo_id == qbo_id)
    row = session.exec(mine.order_by(EditRow.created_at.desc()).limit(1)).first()  # type: ignore[attr-defined]
    return row if row is not None and row.state in (*rows.UNDER_WAY, "held") else None
