"""Giving up payments that nobody finished: at Stripe first, here afterwards.

Law: what an invoice had reserved is free again only when Stripe can no longer take the money; an intent that turns out
paid is settled instead.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress

from sqlmodel import col, update

from connector.errors import GatewayError, NotConnected
from connector.ledger.payments import OPEN, PaymentState
from connector.store.money import PaymentRow
from sync import history
from sync.collect.intents import intent_of
from sync.collect.reserve import Reservation, reservations
from sync.runtime import Runtime
from sync.settle import Busy, cancel, read_payment, settle_payment

_CANCELABLE = ("requires_payment_method", "requires_confirmation", "requires_action")


def give_up_unfinished(
    rt: Runtime,
    company_id: str,
    invoice_ids: Sequence[str],
    credit_names: Sequence[str],
    *,
    replaces: Collection[str],
    contact_id: str,
) -> list[Reservation]:
    """Give up what stands on invoices or credits and was abandoned, or is replaced by its own payer; no other.

    Where Stripe cannot be asked a payment keeps its reservation. Returns what stands there then.
    """
    now = rt.clock.now()
    with rt.db.read() as session:
        held = reservations(session, company_id, invoice_ids, credit_names)
    own = {one.payment_id for one in held if one.payment_id in replaces and one.contact_id == contact_id}
    abandoned = {one.payment_id for one in held if one.is_abandoned(now)}
    if not own | abandoned:
        return held
    for payment_id in sorted(own | abandoned):
        with suppress(GatewayError, NotConnected, Busy):
            give_up(rt, payment_id)
    with rt.db.read() as session:
        return reservations(session, company_id, invoice_ids, credit_names)


def give_up(rt: Runtime, payment_id: str) -> PaymentState | None:
    """Give one open payment up; returns what it is then, which may be succeeded. Raises GatewayError, NotConnected."""
    row = read_payment(rt, payment_id)
    if row is None or row.state not in OPEN:
        return PaymentState(row.state) if row else None
    intent = intent_of(rt, row)
    if intent is None:
        return _without_intent(rt, row)
    if intent.status in _CANCELABLE:
        intent = cancel(rt, row, intent)
    return settle_payment(rt, payment_id, intent=intent)


def _without_intent(rt: Runtime, row: PaymentRow) -> PaymentState:
    """Close a payment for which Stripe never made an intent."""
    with rt.db.write("give_up") as session:
        mine = update(PaymentRow).where(
            col(PaymentRow.company_id) == row.company_id,
            col(PaymentRow.id) == row.id,
            col(PaymentRow.version) == row.version,
            col(PaymentRow.intent_id).is_(None),
        )
        if not session.exec(mine.values(state=PaymentState.CANCELED.value, version=row.version + 1)).rowcount:
            return PaymentState(row.state)
        history.note(session, rt, row, "Given up before Stripe was asked.", state=PaymentState.CANCELED.value)
    return PaymentState.CANCELED
