"""The consent to have a refused payment tried again: offered where it can help, written down, taken back.

Knows no page; the words that are agreed to come from it. Laws: the consent is a row before anything is tried; who
agrees is who pressed Pay; it may be taken back at any time, and what can still be cancelled at Stripe then is.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Table
from sqlmodel import Session, col, select, update
from sqlmodel.sql.expression import Select, SelectOfScalar

from connector.errors import GatewayError, NotConnected
from connector.ledger.money import Money
from connector.ledger.payments import OPEN, PaymentState
from connector.ledger.retrying import Refusal, days_ahead
from connector.store.built import built
from connector.store.cache import InvoiceRow
from connector.store.companies import CompanyRow
from connector.store.methods import SavedMethodRow
from connector.store.money import PaymentRow
from connector.store.retries import RetryRow
from connector.store.upsert import insert_ignoring
from sync import history
from sync.collect import saved
from sync.collect.by_method import rates_on
from sync.collect.giving_up import give_up
from sync.retrying import rows, telling
from sync.runtime import Runtime
from sync.settle import Busy, payment_of

MORNING = time(9)  # in the company's zone: the payer's is not known
OFFERED_FOR = timedelta(days=30)  # after the payment was pressed


@dataclass(frozen=True)
class Offer:
    """What a payer may agree to: the kept methods of the refused kind, the days, and what is charged at most."""

    company_id: str
    payment_id: str
    methods: Sequence[SavedMethodRow]
    days: Sequence[date]
    amount: Money


@dataclass(frozen=True)
class Consent:
    """What was agreed to: the words, in which language, and from which network address."""

    words: str
    language: str
    address: str = ""


def offer_of(session: Session, rt: Runtime, company_id: str, contact_id: str, payment_id: str) -> Offer | None:
    """Return what a contact may agree to for a payment that he pressed; None where another try cannot help."""
    payment = rows.pressed_by(session, company_id, contact_id, payment_id).one_or_none() if contact_id else None
    if payment is None or not _was_refused(payment) or rt.clock.now() - payment.created_at > OFFERED_FOR:
        return None
    company = session.get_one(CompanyRow, company_id)
    refusal = Refusal(payment.method, payment.error_code, payment.error_advice)
    days = days_ahead(refusal, rt.clock.today(company.zone))
    if not (days and company.takes_payments and _is_open(session, payment)) or _is_agreed(session, payment):
        return None
    kept = _methods_at_its_total(session, payment)
    amount = Money(payment.amount_minor, payment.currency)
    return Offer(company_id, payment_id, kept, days, amount) if kept else None


def _methods_at_its_total(session: Session, payment: PaymentRow) -> list[SavedMethodRow]:
    """Return the kept methods of the refused kind that cost what the refused one did, that one first."""
    whose = (payment.company_id, payment.contact_id)
    kept = [one for one in saved.methods_of(session, *whose) if one.kind == payment.method]
    invoices = [one.invoice_id for one in rows.shares_of(session, payment)]
    if rates_on(session, payment.company_id, invoices, payment.currency).surcharge:
        kept = [one for one in kept if (one.funding == "credit") == bool(payment.surcharge_minor)]
    return sorted(kept, key=lambda one: one.label != payment.method_label)


def agree(rt: Runtime, offer: Offer, method: SavedMethodRow, consent: Consent) -> bool:
    """Write down that a payer agreed to an offer; False where he has before. The refused payment is given up."""
    row = _insert(rt, offer, method, consent)
    if row is None:
        return False
    now_is = None
    with suppress(GatewayError, NotConnected, Busy):  # it is given up in half an hour anyway
        now_is = give_up(rt, offer.payment_id)
    if now_is in (PaymentState.SUCCEEDED, PaymentState.PROCESSING):  # another card took it meanwhile
        with rt.db.write("retry.paid") as session:
            rows.move(session, row, state=rows.OVER, why="paid", ended_at=rt.clock.now())
    return True


def stop(rt: Runtime, company_id: str, payment_id: str, *, by: str, contact_id: str = "") -> bool:
    """Take the consent for a payment back; with a contact only where he gave it. False where none is in force."""
    with rt.db.write("retry.stop") as session:
        own = [col(RetryRow.contact_id) == contact_id] if contact_id else []
        in_force = (col(RetryRow.company_id) == company_id, col(RetryRow.payment_id) == payment_id, *own)
        found = select(RetryRow).where(*in_force, RetryRow.state == rows.ON)
        row = session.exec(found).one_or_none()
        if row is None:
            return False
        row_id, under_way = row.id, rows.try_of(session, row)
        mine = update(RetryRow).where(*in_force, col(RetryRow.id) == row_id, col(RetryRow.state) == rows.ON)
        session.exec(mine.values(state=rows.STOPPED, ended_at=rt.clock.now()))
        payment = payment_of(session, company_id, payment_id).one()
        history.note(session, rt, payment, f"{by} ended the consent: it is not tried again.")
    if under_way is not None and under_way.state in OPEN:
        with suppress(GatewayError, NotConnected, Busy):
            give_up(rt, under_way.id)
    return True


def morning_of(zone: str, day: date) -> datetime:
    """Return the instant on a day at which a payment is tried again."""
    return datetime.combine(day, MORNING, ZoneInfo(zone)).astimezone(UTC)


def _insert(rt: Runtime, offer: Offer, method: SavedMethodRow, consent: Consent) -> RetryRow | None:
    now = rt.clock.now()
    with rt.db.write("retry.agree") as session:
        payment = payment_of(session, offer.company_id, offer.payment_id).one()
        zone = _zone(session, offer.company_id).one()
        row = RetryRow(
            id=rt.clock.new_id(),
            company_id=payment.company_id,
            payment_id=payment.id,
            contact_id=payment.contact_id,
            method_id=method.id,
            days=" ".join(day.isoformat() for day in offer.days),
            amount_minor=payment.amount_minor,
            next_at=morning_of(zone, offer.days[0]),
            last_code=payment.error_code,
            last_text=payment.error_text,
            language=consent.language,
            consent=consent.words,
            consent_at=now,
            consent_from=consent.address,
        )
        table: Table = RetryRow.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
        if not insert_ignoring(session, table, [row.model_dump()]):
            return None
        text = f"The payer let it be tried again by itself with {method.label}, first on {offer.days[0]:%Y-%m-%d}."
        history.note(session, rt, payment, text)
        mails = telling.owe_mail(session, rt, row, payment, method, "agreed", day=offer.days[0])
    for mail_id in mails:
        rt.bell.ring("mail", mail_id)
    return row


@built
def _zone(company_id: str) -> SelectOfScalar[str]:
    return select(CompanyRow.zone).where(CompanyRow.id == company_id)


def _was_refused(payment: PaymentRow) -> bool:
    """Tell whether a person's payment was refused and money could have come of it."""
    is_refused = payment.state == PaymentState.FAILED or (payment.state in OPEN and bool(payment.error_code))
    return is_refused and not payment.retry_id and payment.amount_minor > 0


def _is_agreed(session: Session, payment: PaymentRow) -> bool:
    return _in_force(session, payment.company_id, payment.id).first() is not None


@built
def _in_force(company_id: str, payment_id: str) -> SelectOfScalar[str]:
    return select(RetryRow.id).where(
        RetryRow.company_id == company_id, RetryRow.payment_id == payment_id, RetryRow.state == rows.ON
    )


def _is_open(session: Session, payment: PaymentRow) -> bool:
    """Tell whether what the payment was meant for still stands open, as far as the cache knows; none is on account."""
    meant: dict[str, Any] = {one.invoice_id: one.amount_minor for one in rows.shares_of(session, payment)}
    left = _balances(session, payment.company_id, meant)
    open_now = {qbo_id: minor for qbo_id, minor in left if minor >= meant[qbo_id]}
    return bool(meant) and set(open_now) == set(meant)


@built
def _balances(company_id: str, invoice_ids: Collection[str]) -> Select[str, int]:
    return select(InvoiceRow.qbo_id, InvoiceRow.balance_minor).where(
        InvoiceRow.company_id == company_id, col(InvoiceRow.qbo_id).in_(invoice_ids)
    )
