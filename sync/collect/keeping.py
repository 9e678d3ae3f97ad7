"""Keeping a method while paying: agreed to with the press, kept by Stripe with the payment, shown once it is there.

Laws: the words of the consent stand in the commit of the payment, before Stripe is asked; what is kept is the method
that paid; a payment is never held up, nor lost, because its method could not be kept.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import bindparam
from sqlalchemy import select as pick
from sqlmodel import Session, col, select, update
from sqlmodel.sql.expression import Select

from connector.errors import GatewayError, NotConnected
from connector.ledger.payments import PaymentState
from connector.store.built import built
from connector.store.methods import SavedMethodRow
from connector.store.money import PaymentRow
from connector.store.prepared import Prepared
from connector.store.upsert import new_row
from connector.stripe.facts import Intent
from sync.collect import saved
from sync.collect.press import Press
from sync.runtime import Runtime

_log = structlog.get_logger(__name__)

LOOKED_FOR = timedelta(days=1)  # after that only the payment's own news leads to its method
_PAID = (PaymentState.PROCESSING.value, PaymentState.SUCCEEDED.value)
_PAID_WITH = Prepared(
    update(SavedMethodRow)
    .where(
        col(SavedMethodRow.company_id) == bindparam("company"),
        col(SavedMethodRow.contact_id) == bindparam("contact"),
        col(SavedMethodRow.payment_id) == bindparam("payment"),
        col(SavedMethodRow.state) == "begun",
    )
    .values(method_ref=bindparam("ref"))
)
_LEFT = Prepared(
    pick(col(PaymentRow.company_id), col(PaymentRow.contact_id), col(PaymentRow.id), col(PaymentRow.language)).where(
        col(PaymentRow.company_id) == col(SavedMethodRow.company_id),
        col(PaymentRow.id) == col(SavedMethodRow.payment_id),
        col(PaymentRow.contact_id) != "",
        col(SavedMethodRow.state) == "begun",
        col(SavedMethodRow.method_ref) != "",
        col(SavedMethodRow.created_at) > bindparam("since"),
    )
)


def owner_of(rt: Runtime, press: Press) -> str:
    """Return who keeps methods at Stripe for the payer, made now where this press is the first to keep one.

    Empty for a guest. Raises GatewayError and NotConnected.
    """
    if press.keep_consent and press.contact_id:
        return saved.ensure_customer(rt, press.company_id, press.contact_id, press.payer_email)
    if not press.contact_id:
        return ""
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


def consent_of(rt: Runtime, press: Press, payment_id: str) -> list[dict[str, Any]]:
    """Return the row of what the payer agreed to, to be written with the payment; none where nothing is kept."""
    if not (press.keep_consent and press.contact_id):
        return []
    now = rt.clock.now()
    row = new_row(
        SavedMethodRow,
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
    mine = (payment.company_id, payment.contact_id, payment.id)
    return bool(payment.contact_id) and _with_payment(session, *mine).first() is not None


def note_method(session: Session, payment: PaymentRow, intent: Intent) -> None:
    """Write down, in the commit that moves a payment, which method it was paid with, where that one is to be kept."""
    if payment.state in _PAID and payment.contact_id and intent.method_ref:
        mine = {"company": payment.company_id, "contact": payment.contact_id, "payment": payment.id}
        _PAID_WITH.change(session, **mine, ref=intent.method_ref)


def finish(rt: Runtime, payment: PaymentRow) -> None:
    """Bring the method that was kept with a payment up to Stripe's word; where it cannot be asked the sweep comes."""
    if payment.contact_id:
        _finish(rt, payment.company_id, payment.contact_id, payment.id, payment.language)


def _finish(rt: Runtime, company_id: str, contact_id: str, payment_id: str, language: str) -> None:
    with rt.db.read() as session:
        state, ref = _with_payment(session, company_id, contact_id, payment_id).first() or ("", "")
    if state == "begun" and ref:
        with suppress(GatewayError, NotConnected):
            saved.follow(rt, company_id, ref, language)


def finish_all(rt: Runtime) -> None:
    """Finish what the end of a process, or of a line, left undone."""
    with rt.db.asking() as reader:
        left = _LEFT.all(reader, since=rt.clock.now() - LOOKED_FOR)
    for company_id, contact_id, payment_id, language in left:
        try:
            _finish(rt, company_id, contact_id, payment_id, language)
        except Exception:  # one method's trouble must not stop the sweep, which looks after payments next
            _log.exception("method_not_kept", payment_id=payment_id)


@built
def _with_payment(company_id: str, contact_id: str, payment_id: str) -> Select[str, str]:
    """Return state and name at Stripe of the method that is kept with a payment."""
    return select(SavedMethodRow.state, SavedMethodRow.method_ref).where(
        SavedMethodRow.company_id == company_id,
        SavedMethodRow.contact_id == contact_id,
        SavedMethodRow.payment_id == payment_id,
    )
