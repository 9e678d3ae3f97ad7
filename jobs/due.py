"""What is due now, and what comes round with the clock: two small tables that the ticker goes through.

Reads only. Law: a kind of work is named here once, by the name of its task.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, bindparam
from sqlmodel import Session, col, or_, select

from connector.ledger.payments import UNDER_WAY, PaymentState
from connector.settings import Settings
from connector.store.companies import ConnectionRow
from connector.store.money import PaymentRow
from connector.store.outbox import InboxRow
from connector.store.prepared import Prepared
from jobs.mail.sending import due_mails
from jobs.reminding import companies_due
from oauth.connections import QUICKBOOKS, STRIPE
from sync.editing.rows import companies_with_edits
from sync.outbox import companies_with_due
from sync.pushing.waiting import companies_to_look_at
from sync.retrying.rows import retries_due
from sync.talk.escalating import late_threads

MOST = 100  # subjects of one kind in one turn
ALL = "all"


@dataclass(frozen=True)
class Chore:
    """Work that is due when its rows say so: the task's name, and whom it is due for."""

    work: str
    due_for: Callable[[Session, datetime], list[str]]


@dataclass(frozen=True)
class Round:
    """Work that comes round: the task's name, how often, and for whom."""

    work: str
    every: Callable[[Settings], timedelta]
    needs: frozenset[str]  # for every company that is connected to these


@dataclass(frozen=True)
class Whole:
    """Work that comes round for the whole installation, where its settings ask for it."""

    work: str
    every: timedelta
    is_wanted: Callable[[Settings], bool]


def _events(session: Session, now: datetime) -> list[str]:
    return [inbox_id for (inbox_id,) in _NEW.all(session, now=now)]


_NEW = Prepared(
    select(InboxRow.id)
    .where(InboxRow.state == "new", col(InboxRow.due_at) <= bindparam("now"))
    .order_by(col(InboxRow.due_at), col(InboxRow.id))
    .limit(MOST)
)


def _any_payment(session: Session, now: datetime) -> list[str]:
    """Return whether any payment is under way; which of them wants a look, the sweep itself knows."""
    return [ALL] if _WAITING.first(session) else []


_WAITING = Prepared(
    select(PaymentRow.id)
    .where(
        or_(
            *(col(PaymentRow.state) == state for state in sorted(UNDER_WAY)),
            and_(col(PaymentRow.state) == PaymentState.SUCCEEDED, col(PaymentRow.balance_txn) == ""),
        )
    )
    .limit(1)
)


def _mails(session: Session, now: datetime) -> list[str]:
    return due_mails(session, now, most=MOST)


def _to_push(session: Session, now: datetime) -> list[str]:
    return sorted({*companies_with_due(session, now), *companies_with_edits(session, now)})


def connections_by_company(session: Session) -> dict[str, set[str]]:
    """Return the services that each company is connected to."""
    found: dict[str, set[str]] = {}
    for company_id, service in _CONNECTED.all(session):
        found.setdefault(company_id, set()).add(service)
    return found


_CONNECTED = Prepared(
    select(ConnectionRow.company_id, ConnectionRow.which)
    .where(ConnectionRow.state == "connected")
    .order_by(col(ConnectionRow.company_id))
)


# In the order of a payment's life, so that one turn by hand carries it through.
CHORES = (
    Chore("settle", _events),
    Chore("payments", _any_payment),
    Chore("retries", retries_due),
    Chore("push", _to_push),
    Chore("late", companies_to_look_at),
    Chore("talk", late_threads),
    Chore("reminders", companies_due),
    Chore("mail", _mails),
)
WHOLE = (Whole("reports", timedelta(minutes=5), lambda settings: bool(settings.imap_url.get_secret_value())),)
ROUNDS = (
    Round("pull", lambda settings: timedelta(minutes=settings.pull_minutes), frozenset({QUICKBOOKS})),
    Round("feed", lambda settings: timedelta(minutes=settings.pull_minutes), frozenset({STRIPE})),
    Round("prove", lambda settings: timedelta(minutes=15), frozenset({QUICKBOOKS, STRIPE})),
    Round("review", lambda settings: timedelta(days=1), frozenset({QUICKBOOKS, STRIPE})),
)


def period_of(now: datetime, every: timedelta) -> str:
    """Return the period an instant lies in, by its start: the same for everybody who asks within it."""
    seconds = int(every.total_seconds())
    return datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, now.tzinfo).isoformat()
