"""Keeping a method while paying: agreed to with the press, kept by Stripe with the payment, shown once it is there.

Laws: the words of the consent stand in the commit of the payment, before Stripe is asked; what is kept is the method
that paid; a payment is never held up, nor lost, because its method could not be kept.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

import structlog
from sqlmodel import Session, col, select, update
from sqlmodel.sql.expression import SelectOfScalar

from connector.errors import GatewayError, NotConnected
from connector.ledger.payments import PaymentState
from connector.store.built import built
from connector.store.methods import SavedMethodRow
from connector.store.money import PaymentRow
from connector.stripe.facts import Intent
from sync.collect import saved
from sync.collect.press import Press
from sync.runtime import Runtime

_log = structlog.get_logger(__name__)

LOOKED_FOR = timedelta(days=1)  # after that only the payment's own news leads to its method
_PAID = (PaymentState.PROCESSING.value, PaymentState.SUCCEEDED.value)


def owner_of(rt: Runtime, press: Press) -> str:
    """Return who keeps methods at Stripe for the payer, made now where this press is the first to keep one.

    Empty for a guest. Raises GatewayError and NotConnected.
    """
    if press.keep_consent and press.contact_id:
        return saved.ensure_customer(rt, press.company_id, press.contact_id, press.payer_email)
    with rt.db.read() as session:
        return saved.customer_of(session, press.company_id, press.contact_id)


def give_other_owner(rt: Runtime, payment: PaymentRow) -> PaymentRow:
    """Return a payment whose keeper of methods Stripe has no more, with another one, or none where nothing is kept.

    Raises GatewayError and NotConnected.
    """
    gone, whose = payment.stripe_customer, (payment.company_id, payment.contact_id)
    saved.forget_customer(rt, *whose, gone)
    with rt.db.read() as session:
        keeps = keeps_method(session, payment)
    owner = saved.ensure_customer(rt, *whose, payment.payer_email) if keeps else ""
    mine = (col(PaymentRow.company_id) == payment.company_id, col(PaymentRow.id) == payment.id)
    with rt.db.write("pay_other_owner") as session:
        held = update(PaymentRow).where(*mine, col(PaymentRow.stripe_customer) == gone)
        session.exec(held.values(stripe_customer=owner, version=PaymentRow.version + 1))
        return session.exec(select(PaymentRow).where(*mine)).one()


def consent_of(rt: Runtime, press: Press, payment_id: str) -> list[SavedMethodRow]:
    """Return the row of what the payer agreed to, to be written with the payment; none where nothing is kept."""
    if not (press.keep_consent and press.contact_id):
        return []
    now = rt.clock.now()
    row = SavedMethodRow(
        id=rt.clock.new_id(),
        company_id=press.company_id,
        contact_id=press.contact_id,
        payment_id=payment_id,
        consent=press.keep_consent,
        consent_at=now,
        consent_from=press.consent_from,
        created_at=now,
    )
    return [row]


def keeps_method(session: Session, payment: PaymentRow) -> bool:
    """Tell whether a payment's method is to be kept."""
    return bool(payment.contact_id) and session.exec(_with_payment(payment)).first() is not None


def note_method(session: Session, payment: PaymentRow, intent: Intent) -> None:
    """Write down, in the commit that moves a payment, which method it was paid with, where that one is to be kept."""
    if payment.state in _PAID and payment.contact_id and intent.method_ref:
        begun = update(SavedMethodRow).where(
            col(SavedMethodRow.company_id) == payment.company_id,
            col(SavedMethodRow.contact_id) == payment.contact_id,
            col(SavedMethodRow.payment_id) == payment.id,
            col(SavedMethodRow.state) == "begun",
        )
        session.exec(begun.values(method_ref=intent.method_ref))


def finish(rt: Runtime, payment: PaymentRow) -> None:
    """Bring the method that was kept with a payment up to Stripe's word; where it cannot be asked the sweep comes."""
    with rt.db.read() as session:
        found = session.exec(_with_payment(payment)).first() if payment.contact_id else None
        ref = found.method_ref if found and found.state == "begun" else ""
    if ref:
        with suppress(GatewayError, NotConnected):
            saved.follow(rt, payment.company_id, ref, payment.language)


def finish_all(rt: Runtime) -> None:
    """Finish what the end of a process, or of a line, left undone."""
    with rt.db.read() as session:
        payments = list(_left(session, rt.clock.now() - LOOKED_FOR))
    for payment in payments:
        try:
            finish(rt, payment)
        except Exception:  # one method's trouble must not stop the sweep, which looks after payments next
            _log.exception("method_not_kept", payment_id=payment.id)


@built
def _left(since: datetime) -> SelectOfScalar[PaymentRow]:
    return select(PaymentRow).where(
        PaymentRow.company_id == SavedMethodRow.company_id,
        PaymentRow.id == SavedMethodRow.payment_id,
        SavedMethodRow.state == "begun",
        col(SavedMethodRow.method_ref) != "",
        col(SavedMethodRow.created_at) > since,
    )


def _with_payment(payment: PaymentRow) -> SelectOfScalar[SavedMethodRow]:
    return select(SavedMethodRow).where(
        SavedMethodRow.company_id == payment.company_id,
        SavedMethodRow.contact_id == payment.contact_id,
        SavedMethodRow.payment_id == payment.id,
    )
