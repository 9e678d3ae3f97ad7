"""What one run came to: counts, times and money, in plain values that travel between processes.

Measured from the stand-ins and the rows at the end of a run. Law: reads only.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import select

from connector.store.books import DiscrepancyRow, TieoutRow
from connector.store.money import PaymentRow
from connector.store.outbox import PostingRow
from connector.store.retries import RetryRow


@dataclass
class Result:
    """One run's account of itself."""

    seed: int
    digest: str
    steps: int
    virtual_seconds: float
    events: list[str]
    broken: list[tuple[str, str, str]]
    unexpected: list[str]
    taken: dict[str, dict[int, str]]
    presses: int = 0
    payments: int = 0
    charged_minor: int = 0
    calls: int = 0
    calls_spoilable: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    matrix: Counter[tuple[str, str]] = field(default_factory=Counter)
    points: Counter[str] = field(default_factory=Counter)
    crashes: Counter[str] = field(default_factory=Counter)
    switches: Counter[str] = field(default_factory=Counter)
    carried: Counter[str] = field(default_factory=Counter)
    actions: Counter[str] = field(default_factory=Counter)
    told: Counter[str] = field(default_factory=Counter)
    retries: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    logged: Counter[str] = field(default_factory=Counter)
    discrepancies: Counter[str] = field(default_factory=Counter)
    postings: Counter[str] = field(default_factory=Counter)
    to_books: list[float] = field(default_factory=list)
    mails: int = 0
    mails_twice: int = 0
    jobs_lost: int = 0
    unexplained: int | None = None
    cpu_seconds: float = 0.0

    @property
    def is_right(self) -> bool:
        """Tell whether nothing broke."""
        return not self.broken and not self.unexpected


def measure(run: Any) -> Result:
    """Measure a run that is over."""
    stage, machine, spoiler = run.stage, run.stage.machine, run.stage.spoiler
    rows = run.watch.ledgers
    charges = run.watch.till.succeeded()
    payments: list[PaymentRow] = rows.rows(PaymentRow)
    postings: list[PostingRow] = rows.rows(PostingRow)
    return Result(
        seed=run.wanted.seed,
        digest=stage.trace.digest,
        steps=run.steps,
        virtual_seconds=stage.now() - run.kept.at,
        events=list(stage.trace.last),
        broken=[(one.invariant, one.subject, one.reason) for one in run.broken],
        unexpected=list(machine.unexpected),
        taken={kind: dict(words) for kind, words in stage.script.taken.items()},
        presses=len(payments),
        payments=len(charges),
        charged_minor=sum(charge["amount"] for charge in charges),
        calls=spoiler.calls,
        calls_spoilable=spoiler.calls_while_on,
        faults=spoiler.by_kind,
        matrix=spoiler.by_step,
        points=machine.passed,
        crashes=machine.crashes,
        switches=machine.switches,
        carried=stage.carried,
        actions=run.outside.done,
        told=run.crowd.told,
        retries=Counter(f"{row.state} {row.why}".strip() for row in rows.rows(RetryRow)),
        errors=machine.errors,
        discrepancies=Counter(row.kind for row in rows.rows(DiscrepancyRow)),
        postings=Counter(f"{row.kind} {row.state}" for row in postings),
        to_books=sorted(_waits(charges, postings)),
        mails=len(stage.mails),
        mails_twice=sum(times > 1 for times in stage.mails.values()),
        jobs_lost=stage.jobs_lost,
        unexplained=_unexplained(rows),
    )


def _waits(charges: list[Any], postings: list[PostingRow]) -> list[float]:
    """Return for each charge the seconds from the posting's cause to its place in the books."""
    made = {charge["id"]: charge["created"] for charge in charges}
    waits = []
    for row in postings:
        if row.kind == "charge" and row.state == "posted" and row.posted_at and row.object_id in made:
            waits.append(row.posted_at.timestamp() - _came(row, made[row.object_id]))
    return waits


def _came(row: PostingRow, created: float) -> float:
    is_debit = row.object_id.startswith("py_")
    at: datetime = row.created_at
    return at.timestamp() if is_debit else created


def _unexplained(rows: Any) -> int | None:
    """Return what the last tie-out could not explain, in minor units of all currencies; None without one."""
    with rows.db.read() as session:
        kept = session.exec(select(TieoutRow).where(TieoutRow.company_id == rows.company_id)).all()
    if not kept:
        return None
    last = max(kept, key=lambda row: row.at)
    return sum(abs(row.unexplained_minor) for row in kept if row.at == last.at)
