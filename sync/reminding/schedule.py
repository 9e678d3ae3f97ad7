"""A company's schedule as its row has it, and as the decisions want it.

Writes in the caller's transaction. Law: turning it on begins with that day; nothing before it is made up for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from connector.clock import day_in
from connector.errors import WrongInput
from connector.store.cache import CursorRow
from connector.store.companies import CompanyRow
from connector.store.mailing import ScheduleRow, SkipRow
from connector.store.prepared import Prepared
from sync.entities import FEED
from sync.reminding.decisions import Rule, next_open

PAUSE = timedelta(hours=1)  # between two looks within the open hours
OLD_NEWS = timedelta(hours=3)  # after so long without word from QuickBooks, nobody is asked for money


@dataclass(frozen=True)
class Wanted:
    """A schedule as a person wants it."""

    is_on: bool
    mails_new: bool
    steps: tuple[int, ...]
    opens_hour: int
    closes_hour: int
    quiet_weekends: bool
    quiet_days: tuple[date, ...]
    attaches_pdf: bool
    also_quickbooks: bool
    texts: bool = False


def schedule_of(session: Session, company_id: str) -> ScheduleRow | None:
    """Return a company's schedule; None where nobody has set one."""
    return session.exec(select(ScheduleRow).where(ScheduleRow.company_id == company_id)).one_or_none()


def rule_of(row: ScheduleRow, zone: str) -> Rule:
    """Return what the decisions need of a schedule in a company's zone."""
    return Rule(
        zone=zone,
        steps=tuple(int(step) for step in row.steps.split()),
        mails_new=row.mails_new,
        opens_hour=row.opens_hour,
        closes_hour=row.closes_hour,
        quiet_weekends=row.quiet_weekends,
        quiet_days=frozenset(date.fromisoformat(day) for day in row.quiet_days.split()),
        also_quickbooks=row.also_quickbooks,
        since=day_in(zone, row.on_since) if row.is_on and row.on_since else None,
    )


def save(session: Session, company: CompanyRow, wanted: Wanted, now: datetime) -> list[str]:
    """Keep a schedule; returns the names of what changed. Raises WrongInput when its hours leave none open."""
    if not 0 <= wanted.opens_hour < wanted.closes_hour <= 24:
        raise WrongInput("Mails leave from an hour until a later one of the same day.")
    row = schedule_of(session, company.id) or ScheduleRow(company_id=company.id, changed_at=now)
    values = {
        **vars(wanted),
        "steps": " ".join(map(str, wanted.steps)),
        "quiet_days": " ".join(day.isoformat() for day in wanted.quiet_days),
    }
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    if wanted.is_on and not row.is_on:
        row.on_since = now
    for name in changed:
        setattr(row, name, values[name])
    row.changed_at = now
    row.next_at = next_open(rule_of(row, company.zone), now) if wanted.is_on else None
    session.add(row)
    return changed


def companies_due(session: Session, now: datetime) -> list[str]:
    """Return the companies whose schedule wants a look."""
    return [company_id for (company_id,) in _DUE.all(session, now=now)]


_DUE = Prepared(
    select(ScheduleRow.company_id)
    .where(col(ScheduleRow.is_on).is_(True), col(ScheduleRow.next_at) <= bindparam("now"))
    .order_by(col(ScheduleRow.next_at))
)


def looked(session: Session, row: ScheduleRow, rule: Rule, now: datetime) -> None:
    """Note that a company was looked at, and when to look again."""
    row.next_at = next_open(rule, now + PAUSE) if rule.is_open(now) else next_open(rule, now)
    session.add(row)


def is_fresh(session: Session, company_id: str, now: datetime) -> bool:
    """Tell whether the cache knows what QuickBooks knew a moment ago."""
    feed = select(CursorRow.updated_at).where(CursorRow.company_id == company_id, CursorRow.entity == FEED)
    updated_at = session.exec(feed).one_or_none()
    return updated_at is not None and updated_at > now - OLD_NEWS


def leave_out(session: Session, company_id: str, kind: str, subject: str, *, by: str, at: datetime) -> None:
    """Mail nothing by itself about a customer or an invoice any more."""
    if session.get(SkipRow, (company_id, kind, subject)) is None:
        session.add(SkipRow(company_id=company_id, kind=kind, subject=subject, by=by, at=at))


def take_in(session: Session, company_id: str, kind: str, subject: str) -> None:
    """Mail again about a customer or an invoice."""
    row = session.get(SkipRow, (company_id, kind, subject))
    if row is not None:
        session.delete(row)


def skipped(session: Session, company_id: str, kind: str, subjects: Iterable[str]) -> set[str]:
    """Return those of some customers or invoices about which nothing is mailed by itself."""
    mine = select(SkipRow.subject).where(
        SkipRow.company_id == company_id, SkipRow.kind == kind, col(SkipRow.subject).in_(list(subjects))
    )
    return set(session.exec(mine))
