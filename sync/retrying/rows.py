"""The rows of payments that are tried again: found, moved on, ended.

Writes in the caller's transaction. Laws: a row moves only from what its mover read (its number is in the WHERE), so
that of two movers one is too late; what is not in force is never moved again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import bindparam
from sqlalchemy import select as pick
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
    if not _TAKE.change(session, retry=retry_id, now=now, later=now + LOOKED_AT):
        return None
    return _with_id(session, retry_id).one()


_TAKE = Prepared(
    update(RetryRow)
    .where(col(RetryRow.id) == bindparam("retry"), col(RetryRow.state) == ON, col(RetryRow.next_at) <= bindparam("now"))
    .values(next_at=bindparam("later"))
)


@built
def _with_id(retry_id: str) -> SelectOfScalar[RetryRow]:
    return select(RetryRow).where(RetryRow.id == retry_id)


def move(session: Session, row: RetryRow, **values: Any) -> bool:
    """Move a retry on from what `row` says; False where somebody else did, or it was stopped."""
    mine = {"company": row.company_id, "retry": row.id, "read": row.number}
    return bool(_move_of(tuple(values)).change(session, **mine, **values))


@cache
def _move_of(names: tuple[str, ...]) -> Prepared:
    """Return the change of these columns of a retry that is in force at the try that was read."""
    mine = update(RetryRow).where(*_IN_FORCE, col(RetryRow.number) == bindparam("read"))
    return Prepared(mine.values({name: bindparam(name) for name in names}))


_IN_FORCE = (
    col(RetryRow.company_id) == bindparam("company"),
    col(RetryRow.id) == bindparam("retry"),
    col(RetryRow.state) == ON,
)


def hurry(session: Session, payment: PaymentRow, now: datetime) -> bool:
    """Have the retry that a payment came of look at it at once; False where a person pressed, or it was stopped."""
    if not payment.retry_id:
        return False
    return bool(_HURRY.change(session, company=payment.company_id, retry=payment.retry_id, now=now))


_HURRY = Prepared(update(RetryRow).where(*_IN_FORCE).values(next_at=bindparam("now")))


def is_on(session: Session, row: RetryRow) -> bool:
    """Tell whether a retry is still in force, and at the same try."""
    return _IS_ON.first(session, company=row.company_id, retry=row.id, read=row.number) is not None


_IS_ON = Prepared(pick(col(RetryRow.id)).where(*_IN_FORCE, col(RetryRow.number) == bindparam("read")))


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
    key = form_key(row)
    return next((one for one in _tries_of(session, row.company_id, row.id) if one.form_nonce.startswith(key)), None)


@built
def _tries_of(company_id: str, retry_id: str) -> SelectOfScalar[PaymentRow]:
    return select(PaymentRow).where(PaymentRow.company_id == company_id, PaymentRow.retry_id == retry_id)


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
