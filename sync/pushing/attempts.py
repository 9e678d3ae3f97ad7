"""The attempt log: what was sent to QuickBooks and what came back, two rows for one send, kept for ever.

Bodies are sealed by the vault; an allow-list of facts stands beside them in plain. Laws: rows are only added, numbered
without a gap in each company; each row's hash covers the row and the hash before it, so that a change, a removal or a
cut tail shows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Table, bindparam
from sqlalchemy import select as pick
from sqlmodel import Session, col, select, update

from connector.qbo.shapes import Sent
from connector.store.companies import CountRow
from connector.store.outbox import AttemptRow
from connector.store.prepared import Prepared
from connector.store.upsert import insert, insert_ignoring, new_row
from sync.runtime import Runtime

COUNT = "attempt"  # the name of the company's running number
BODY = "attempt.body"  # what bodies are sealed for
GENESIS = "0" * 64
# What a hash covers. A column that is added later is left out here, or every older row would seem changed.
HASHED = (
    *("id", "company_id", "seq", "posting_id", "number", "way", "operation", "at", "request_id"),
    *("status", "trace", "took_ms", "outcome", "facts", "body_cipher", "before_hash"),
)
_COUNTS: Table = CountRow.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it


@dataclass(frozen=True)
class Step:
    """One call for one posting: `number` says which attempt of the posting it belongs to."""

    company_id: str
    posting_id: str
    number: int
    operation: str  # payment.create, payment.find ...
    request_id: str = ""


def write_sent(session: Session, rt: Runtime, step: Step, *, body: bytes, facts: Mapping[str, object]) -> None:
    """Log that a call is about to be sent, before it is; `body` is what will go over the wire."""
    _append(session, rt, _row(rt, step, "sent", facts), body)


def write_received(
    session: Session, rt: Runtime, step: Step, *, outcome: str, sent: Sent | None, facts: Mapping[str, object]
) -> None:
    """Log what came back: `outcome` in a word; `sent` is the wire's record, None where the call never left."""
    row = _row(rt, step, "received", facts) | {"outcome": outcome}
    if sent:
        row |= {"status": sent.status, "trace": sent.trace, "took_ms": sent.took_ms}
    _append(session, rt, row, sent.response if sent else b"")


@dataclass(frozen=True)
class Break:
    """Where a chain does not hold: at which number, and what is wrong in a sentence."""

    seq: int
    what: str


def verify_chain(rt: Runtime, company_id: str) -> list[Break]:
    """Check a company's chain from its first row to its head; returns every break, none when it holds."""
    breaks: list[Break] = []
    before, last = GENESIS, 0
    with rt.db.read() as session:
        counted = session.exec(
            select(CountRow.value).where(CountRow.company_id == company_id, CountRow.name == COUNT)
        ).one_or_none()
        rows = select(AttemptRow).where(AttemptRow.company_id == company_id).order_by(col(AttemptRow.seq))
        for row in session.exec(rows):
            if row.seq != last + 1:
                breaks.append(Break(row.seq, f"{row.seq - last - 1} rows before number {row.seq} are missing"))
            elif row.before_hash != before:
                breaks.append(Break(row.seq, f"number {row.seq} does not follow from the row before it"))
            if row.hash != hash_of(row):
                breaks.append(Break(row.seq, f"number {row.seq} was changed after it was written"))
            before, last = row.hash, row.seq
    if (counted or 0) != last:
        breaks.append(Break(last, f"the log ends at number {last}, but {counted or 0} rows were written"))
    return breaks


def _row(rt: Runtime, step: Step, way: str, facts: Mapping[str, object]) -> dict[str, Any]:
    return new_row(
        AttemptRow,
        id=rt.clock.new_id(),
        company_id=step.company_id,
        seq=0,  # its place in the chain is given at its end
        posting_id=step.posting_id,
        number=step.number,
        way=way,
        operation=step.operation,
        at=rt.clock.now(),
        request_id=step.request_id,
        facts=msgspec.json.encode(facts, order="sorted").decode(),
    )


_HASH = Prepared(
    pick(col(AttemptRow.hash)).where(
        col(AttemptRow.company_id) == bindparam("company"), col(AttemptRow.seq) == bindparam("seq")
    )
)
_RAISE = Prepared(
    update(CountRow)
    .where(col(CountRow.company_id) == bindparam("company"), col(CountRow.name) == COUNT)
    .values(value=CountRow.value + 1)
    .returning(col(CountRow.value))
)


def _append(session: Session, rt: Runtime, row: dict[str, Any], body: bytes) -> None:
    """Add a row at the end of the chain. The counter's row lock lets one transaction at a time do so."""
    company_id = row["company_id"]
    row["seq"] = _next_seq(session, company_id)
    previous = _HASH.first(session, company=company_id, seq=row["seq"] - 1)
    row["before_hash"] = (previous and previous[0]) or GENESIS
    row["body_cipher"] = rt.vault.seal(body, company_id=company_id, column=BODY)
    row["hash"] = _hash([row[name] for name in HASHED])
    insert(session, AttemptRow, [row])


def _next_seq(session: Session, company_id: str) -> int:
    raised = _RAISE.first(session, company=company_id)
    if raised is None:  # the company's first
        insert_ignoring(session, _COUNTS, [{"company_id": company_id, "name": COUNT, "value": 0}])
        raised = _RAISE.first(session, company=company_id)
    return int(raised[0])


def hash_of(row: AttemptRow) -> str:
    """Return the hash that a row must have: over what it says and the hash before it."""
    return _hash([getattr(row, name) for name in HASHED])


def _hash(said: Sequence[Any]) -> str:
    return hashlib.sha256(msgspec.json.encode(said)).hexdigest()
