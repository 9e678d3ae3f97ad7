"""The watch over payments under way: looked up again whatever webhooks did, given up when nobody finishes them.

Called by the ticker every few seconds. Laws: a payment reaches its end with every webhook lost; one company whose
Stripe cannot be asked keeps no other waiting.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement
from sqlmodel import and_, col, or_, select, update

from connector.errors import TieoutError
from connector.ledger.payments import OPEN, PaymentState
from connector.store.money import PaymentRow
from connector.words import on_record
from sync.collect.giving_up import give_up
from sync.collect.keeping import finish_all
from sync.runtime import Runtime
from sync.settle import settle_payment

_log = structlog.get_logger(__name__)

AT_ONCE = 50  # payments in one sweep
# How long after a look the next one is due: while the payer is there, afterwards, and while a debit travels.
_YOUNG = timedelta(minutes=3)
_EVERY_YOUNG = timedelta(seconds=8)
_EVERY_OPEN = timedelta(minutes=2)
_EVERY_DEBIT = timedelta(minutes=10)


@on_record()
def look_again(rt: Runtime, payment_id: str) -> PaymentState | None:
    """Look one payment up now, as its own status page asks; a Stripe out of reach changes nothing."""
    _mark(rt, [payment_id])
    try:
        return settle_payment(rt, payment_id)
    except TieoutError as error:
        _log.warning("look_failed", payment_id=payment_id, error=type(error).__name__)
        return None


def sweep_payments(rt: Runtime) -> int:
    """Look up the payments that are due for it; returns how many were looked at."""
    finish_all(rt)
    return _each(rt, _due_for_a_look(rt.clock.now()), lambda payment_id: settle_payment(rt, payment_id))


def expire(rt: Runtime) -> int:
    """Give up payments that nobody finished in their time; returns how many were tried."""
    now = rt.clock.now()
    over = and_(
        col(PaymentRow.state).in_(OPEN),
        col(PaymentRow.expires_at) <= now,
        _not_looked_at_since(now - _EVERY_YOUNG),
    )
    return _each(rt, over, lambda payment_id: give_up(rt, payment_id))


def _each(rt: Runtime, due: ColumnElement[bool], work: Callable[[str], object]) -> int:
    """Do work on due payments, each marked as looked at first: a failure waits its turn like a success."""
    payment_ids = _take(rt, due)
    for payment_id in payment_ids:
        try:
            work(payment_id)
        except Exception as error:  # one payment's trouble must not stop the sweep
            expected = isinstance(error, TieoutError)
            _log.warning("sweep_failed", payment_id=payment_id, error=type(error).__name__, exc_info=not expected)
    return len(payment_ids)


def _take(rt: Runtime, due: ColumnElement[bool]) -> Sequence[str]:
    with rt.db.read() as session:
        found = select(PaymentRow.id).where(due).order_by(col(PaymentRow.checked_at).nulls_first(), col(PaymentRow.id))
        ids = list(session.exec(found.limit(AT_ONCE)))
    if ids:
        _mark(rt, ids)
    return ids


def _mark(rt: Runtime, payment_ids: Sequence[str]) -> None:
    with rt.db.write("looked") as session:
        session.exec(update(PaymentRow).where(col(PaymentRow.id).in_(payment_ids)).values(checked_at=rt.clock.now()))


def _due_for_a_look(now: datetime) -> ColumnElement[bool]:
    young = col(PaymentRow.created_at) > now - _YOUNG
    state = col(PaymentRow.state)
    unsettled = and_(
        state == PaymentState.SUCCEEDED, col(PaymentRow.balance_txn) == "", col(PaymentRow.amount_minor) > 0
    )
    waiting = or_(state.in_(OPEN), unsettled)
    return or_(
        and_(waiting, young, _not_looked_at_since(now - _EVERY_YOUNG)),
        and_(waiting, _not_looked_at_since(now - _EVERY_OPEN)),
        and_(state == PaymentState.PROCESSING, _not_looked_at_since(now - _EVERY_DEBIT)),
    )


def _not_looked_at_since(instant: datetime) -> ColumnElement[bool]:
    """Return the condition that a payment waits for a look; its making counts as one."""
    return and_(
        col(PaymentRow.created_at) <= instant,
        or_(col(PaymentRow.checked_at).is_(None), col(PaymentRow.checked_at) <= instant),
    )
