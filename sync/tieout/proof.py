"""Proving that the books tie out: read both sides afresh, compare, keep the result, open and close what differs.

Laws: a result is kept only when both sides could be read; a difference is one open discrepancy as long as it lasts and
is closed by the run that no longer sees it; only a run without any difference ties.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, and_, bindparam
from sqlalchemy import select as pick
from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import Select, SelectOfScalar

from connector.ledger.matching import Match, Why, match
from connector.ledger.money import Money
from connector.store.books import TieoutRow
from connector.store.built import built
from connector.store.outbox import PostingRow
from connector.store.prepared import Prepared
from connector.store.upsert import insert, new_row
from connector.words import count, money_text
from sync import discrepancies, log
from sync.pull import pull_company
from sync.runtime import Runtime
from sync.stripe_feed import follow
from sync.tieout.gather import Gathered, gather
from sync.tieout.words import NamedLine, lines_of

_TRIES = 3  # while money moves under our hands
# What a difference is called among the discrepancies.
_KINDS = {
    Why.UNMATCHED: "stripe_unmatched",
    Why.DROPPED: "dropped_not_booked",
    Why.CLOSED: "closed_not_booked",
    Why.CHANGED: "books_changed",
    Why.MISSING: "books_missing",
    Why.FOREIGN: "books_foreign",
    Why.STRIPE_REST: "stripe_rest",
    Why.BOOKS_REST: "books_rest",
}


@dataclass(frozen=True)
class CurrencyProof:
    """The tie-out of one currency: stripe = books + the lines' sum; `unexplained` is the sum of the differences."""

    currency: str
    stripe: Money
    postings: Money
    books: Money
    unexplained: Money
    lines: tuple[NamedLine, ...]
    ties: bool


@dataclass(frozen=True)
class Proof:
    """One run of the tie-out."""

    company_id: str
    at: datetime
    results: tuple[CurrencyProof, ...]

    @property
    def ties(self) -> bool:
        """Tell whether nothing is unexplained in any currency."""
        return all(result.ties for result in self.results)


def prove(rt: Runtime, company_id: str, *, live: bool = False) -> Proof:
    """Read Stripe and QuickBooks afresh, compare them with our postings, and keep the result.

    The cache that the change feed keeps is believed as long as it adds up to the account's own balance, read live; with
    `live` every entry is read from the books themselves. Raises NotConnected and GatewayError.
    """
    gathered, matches = _settled(rt, company_id, live=live)
    with rt.db.write("tieout") as session:
        now = rt.clock.now()
        results = tuple(_result(session, company_id, one, gathered) for one in matches)
        _tell(session, rt, company_id, results)
        insert(session, TieoutRow, [_row(rt, company_id, now, result) for result in results])
        _own_differences(session, rt, company_id, results)
    return Proof(company_id, now, results)


def latest(session: Session, company_id: str) -> Proof | None:
    """Return the last run that was kept, None before the first."""
    rows = _last_kept(session, company_id).all()
    return Proof(company_id, rows[0].at, tuple(map(_read, rows))) if rows else None


@built
def _last_kept(company_id: str) -> SelectOfScalar[TieoutRow]:
    return select(TieoutRow).where(_is_last(company_id)).order_by(col(TieoutRow.currency))


@built
def _last_said(company_id: str) -> Select[str, bool, int]:
    return select(TieoutRow.currency, TieoutRow.ties, TieoutRow.unexplained_minor).where(_is_last(company_id))


def _is_last(company_id: str) -> ColumnElement[bool]:
    last = select(func.max(TieoutRow.at)).where(TieoutRow.company_id == company_id)
    return and_(col(TieoutRow.company_id) == company_id, col(TieoutRow.at) == last.scalar_subquery())


def _settled(rt: Runtime, company_id: str, *, live: bool) -> tuple[Gathered, list[Match]]:
    """Compare until nothing moved meanwhile, a few times at most."""
    for _ in range(_TRIES):
        before = _posted_so_far(rt, company_id)
        follow(rt, company_id)
        pull_company(rt, company_id)
        gathered = gather(rt, company_id, live=live)
        matches = [match(sides) for sides in gathered.sides.values()]
        moved = before != _posted_so_far(rt, company_id) or _lags(matches)
        if not moved:
            break
    return gathered, matches


def _lags(matches: Sequence[Match]) -> bool:
    """Tell whether Stripe moved between its list and its balance."""
    return any(item.why is Why.STRIPE_REST for one in matches for item in one.items)


_STATES = Prepared(
    pick(col(PostingRow.state), func.count())
    .where(col(PostingRow.company_id) == bindparam("company"))
    .group_by(col(PostingRow.state))
)


def _posted_so_far(rt: Runtime, company_id: str) -> dict[str, int]:
    with rt.db.asking() as reader:
        return dict(_STATES.all(reader, company=company_id))


def _result(session: Session, company_id: str, one: Match, gathered: Gathered) -> CurrencyProof:
    lines = tuple(lines_of(session, company_id, one, gathered.effects))
    return CurrencyProof(one.stripe.currency, one.stripe, one.postings, one.books, one.unexplained, lines, one.ties)


def _own_differences(session: Session, rt: Runtime, company_id: str, results: Sequence[CurrencyProof]) -> None:
    """Open a discrepancy for each difference, and close those that are gone."""
    seen: dict[str, list[str]] = {kind: [] for kind in _KINDS.values()}
    for result in results:
        for line in result.lines:
            if line.is_explained:
                continue
            kind, subject = _KINDS[Why(line.why)], line.subject or result.currency
            seen[kind].append(subject)
            discrepancies.open_one(
                session,
                rt,
                company_id,
                kind=kind,
                subject=subject,
                sentence=line.sentence,
                next_step=line.next_step,
                amount=line.amount,
            )
    discrepancies.close_others(session, rt, company_id, seen=seen, note="The tie-out does not see it any more.")


def _tell(session: Session, rt: Runtime, company_id: str, results: Sequence[CurrencyProof]) -> None:
    """Log a result when it is another than the last one's: the runs of a quiet night are not news."""
    known = {currency: said for currency, *said in _last_said(session, company_id)}
    for result in results:
        if known.get(result.currency) == [result.ties, result.unexplained.minor]:
            continue
        differences = sum(not line.is_explained for line in result.lines)
        log.write(
            session,
            rt,
            company_id,
            kind="tie_out",
            state="recorded" if result.ties else "needs_you",
            sentence="Stripe, our postings and QuickBooks agree to the cent"
            if result.ties
            else f"Stripe and QuickBooks differ: {count(differences, 'line')} nobody has explained",
            detail=f"{money_text(result.stripe)} at Stripe, {money_text(result.books)} in the clearing account",
            money=result.unexplained,
        )


def _row(rt: Runtime, company_id: str, at: datetime, result: CurrencyProof) -> dict[str, Any]:
    return new_row(
        TieoutRow,
        id=rt.clock.new_id(),
        company_id=company_id,
        at=at,
        currency=result.currency,
        stripe_minor=result.stripe.minor,
        postings_minor=result.postings.minor,
        books_minor=result.books.minor,
        unexplained_minor=result.unexplained.minor,
        lines=msgspec.json.encode(result.lines).decode(),
        ties=result.ties,
    )


def _read(row: TieoutRow) -> CurrencyProof:
    return CurrencyProof(
        currency=row.currency,
        stripe=Money(row.stripe_minor, row.currency),
        postings=Money(row.postings_minor, row.currency),
        books=Money(row.books_minor, row.currency),
        unexplained=Money(row.unexplained_minor, row.currency),
        lines=msgspec.json.decode(row.lines, type=tuple[NamedLine, ...]),
        ties=row.ties,
    )
