"""The rows of payments that are tried again: found, moved on, ended.

Writes in the caller's transaction. Laws: a row moves only from what its mover read (its number is in the WHERE), so
that of two movers one is too late; what is not in force is never moved again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import bindparam
from sqlmodel import Session, col, or_, select, update
from sqlmodel.sql.expression import SelectOfScalar

from connector.ledger.payments import PaymentState
from connector.store.built import built
from connector.store.money import PaymentRow, ShareRow
from connector.store.prepared import Prepared
from connector.store.retries import RetryRow
from sync.collect.intents import shares_in

ON, DONE, OVER, STOPPED = "on", "done", "over", "stopped"
MOST = 100  # looked at in one turn
LOOKED_AT = timedelta(minutes=10)  # until the next look, whatever becomes of this one


def retries_due(session: Session, now: datetime) -> list[str]:
    """Return the retries that want a look now."""
    return [retry_id for (retry_id,) in _DUE.all(session, now=now)]


_DUE = Prepared(
    select(RetryRow.id)
    .where(RetryRow.state == ON, col(RetryRow.next_at) <= bindparam("now"))
    .order_by(col(RetryRow.next_at))
    .limit(MOST)
)


def take(session: Session, retry_id: str, now: datetime) -> RetryRow | None:
    """Take a retry whose time has come; None where another did, or it is not in force any more."""
    mine = update(RetryRow).where(col(RetryRow.id) == retry_id, col(RetryRow.state) == ON, col(RetryRow.next_at) <= now)
    if not session.exec(mine.values(next_at=now + LOOKED_AT)).rowcount:
        return None
    return session.exec(select(RetryRow).where(RetryRow.id == retry_id)).one()


def move(session: Session, row: RetryRow, **values: Any) -> bool:
    """Move a retry on from what `row` says; False where somebody else did, or it was stopped."""
    mine = update(RetryRow).where(
        col(RetryRow.company_id) == row.company_id,
        col(RetryRow.id) == row.id,
        col(RetryRow.state) == ON,
        col(RetryRow.number) == row.number,
    )
    return bool(session.exec(mine.values(**values)).rowcount)


def hurry(session: Session, payment: PaymentRow, now: datetime) -> bool:
    """Have the retry that a payment came of look at it at once; False where a person pressed, or it was stopped."""
    if not payment.retry_id:
        return False
    mine = update(RetryRow).where(
        col(RetryRow.company_id) == payment.company_id, col(RetryRow.id) == payment.retry_id, col(RetryRow.state) == ON
    )
    return bool(session.exec(mine.values(next_at=now)).rowcount)


def is_on(session: Session, row: RetryRow) -> bool:
    """Tell whether a retry is still in force, and at the same try."""
    mine = select(RetryRow.id).where(
        RetryRow.company_id == row.company_id,
        RetryRow.id == row.id,
        RetryRow.state == ON,
        RetryRow.number == row.number,
    )
    return session.exec(mine).first() is not None


def newest_of(session: Session, company_id: str, payment: PaymentRow) -> RetryRow | None:
    """Return the newest retry of a payment, or the one that it came of; None where there is none."""
    return _of_payment(session, company_id, payment.id, payment.retry_id).first()


@built
def _of_payment(company_id: str, payment_id: str, retry_id: str) -> SelectOfScalar[RetryRow]:
    mine = select(RetryRow).where(
        RetryRow.company_id == company_id,
        or_(col(RetryRow.payment_id) == payment_id, col(RetryRow.id) == retry_id),
    )
    return mine.order_by(col(RetryRow.id).desc()).limit(1)


@built
def pressed_by(company_id: str, contact_id: str, payment_id: str) -> SelectOfScalar[PaymentRow]:
    """Ask for a payment that a contact pressed himself."""
    return select(PaymentRow).where(
        PaymentRow.company_id == company_id, PaymentRow.id == payment_id, PaymentRow.contact_id == contact_id
    )


def try_of(session: Session, row: RetryRow) -> PaymentRow | None:
    """Return the payment of the try that is under way; None before it was pressed."""
    mine = select(PaymentRow).where(
        PaymentRow.company_id == row.company_id,
        PaymentRow.retry_id == row.id,
        col(PaymentRow.form_nonce).startswith(form_key(row), autoescape=True),
    )
    return session.exec(mine).first()


def days_of(row: RetryRow) -> list[date]:
    """Return the days on which a payment may be tried again."""
    return [date.fromisoformat(day) for day in row.days.split()]


def form_key(row: RetryRow) -> str:
    """Name the payment of the try that is next or under way: pressed again it is the same payment."""
    return f"retry/{row.id}/{row.number}/"


def shares_of(session: Session, payment: PaymentRow) -> Sequence[ShareRow]:
    """Return what a payment was meant for."""
    return shares_in(session, payment.company_id, payment.id).all()


def has_paid(payment: PaymentRow) -> bool:
    """Tell whether a payment's money came or is on its way."""
    return payment.state in (PaymentState.SUCCEEDED, PaymentState.PROCESSING)
