"""The watch over payments under way: looked up again whatever webhooks did, given up when nobody finishes them.

Called by the ticker every few seconds. Laws: a payment reaches its end with every webhook lost; one company whose
Stripe cannot be asked keeps no other waiting.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, bindparam
from sqlalchemy import select as pick
from sqlmodel import and_, col, or_, update

from connector.errors import TieoutError
from connector.ledger.payments import OPEN, PaymentState
from connector.store.money import PaymentRow
from connector.store.prepared import Prepared
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
_LOOKED = Prepared(
    update(PaymentRow).where(col(PaymentRow.id) == bindparam("payment")).values(checked_at=bindparam("at"))
)


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
    now = rt.clock.now()
    payment_ids = _take(
        rt, _DUE, new=now - _YOUNG, young=now - _EVERY_YOUNG, open=now - _EVERY_OPEN, debit=now - _EVERY_DEBIT
    )
    return _each(payment_ids, lambda payment_id: settle_payment(rt, payment_id))


def expire(rt: Runtime) -> int:
    """Give up payments that nobody finished in their time; returns how many were tried."""
    now = rt.clock.now()
    payment_ids = _take(rt, _OVER, now=now, young=now - _EVERY_YOUNG)
    return _each(payment_ids, lambda payment_id: give_up(rt, payment_id))


def _each(payment_ids: Sequence[str], work: Callable[[str], object]) -> int:
    for payment_id in payment_ids:
        try:
            work(payment_id)
        except Exception as error:  # one payment's trouble must not stop the sweep
            expected = isinstance(error, TieoutError)
            _log.warning("sweep_failed", payment_id=payment_id, error=type(error).__name__, exc_info=not expected)
    return len(payment_ids)


def _take(rt: Runtime, due: Prepared, **instants: datetime) -> Sequence[str]:
    """Return due payments, each marked as looked at first: a failure waits its turn like a success."""
    with rt.db.asking() as reader:
        ids = [payment_id for (payment_id,) in due.all(reader, most=AT_ONCE, **instants)]
    if ids:
        _mark(rt, ids)
    return ids


def _mark(rt: Runtime, payment_ids: Sequence[str]) -> None:
    with rt.db.write("looked") as session:
        now = rt.clock.now()
        for payment_id in payment_ids:
            _LOOKED.change(session, payment=payment_id, at=now)


def _first(due: ColumnElement[bool]) -> Prepared:
    """Return the query for the due payments whose turn it is."""
    found = pick(col(PaymentRow.id)).where(due)
    return Prepared(
        found.order_by(col(PaymentRow.checked_at).nulls_first(), col(PaymentRow.id)).limit(bindparam("most"))
    )


def _not_looked_at_since(instant: str) -> ColumnElement[bool]:
    """Return the condition that a payment waits for a look; its making counts as one."""
    return and_(
        col(PaymentRow.created_at) <= bindparam(instant),
        or_(col(PaymentRow.checked_at).is_(None), col(PaymentRow.checked_at) <= bindparam(instant)),
    )


_IS_OPEN = or_(*(col(PaymentRow.state) == state for state in sorted(OPEN)))
_UNSETTLED = and_(
    col(PaymentRow.state) == PaymentState.SUCCEEDED, col(PaymentRow.balance_txn) == "", col(PaymentRow.amount_minor) > 0
)
_WAITING = or_(_IS_OPEN, _UNSETTLED)
_DUE = _first(
    or_(
        and_(_WAITING, col(PaymentRow.created_at) > bindparam("new"), _not_looked_at_since("young")),
        and_(_WAITING, _not_looked_at_since("open")),
        and_(col(PaymentRow.state) == PaymentState.PROCESSING, _not_looked_at_since("debit")),
    )
)
_OVER = _first(and_(_IS_OPEN, col(PaymentRow.expires_at) <= bindparam("now"), _not_looked_at_since("young")))
