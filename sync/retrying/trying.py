"""Trying a refused payment again on its day: pressed as its payer would press, with the method he named, at most once.

Run by a bell for each retry that is due. Laws: it is tried on the agreed days and no others; every try is a payment of
its own, with live balances, reservations and an idempotency key made from its id; the next begins only when the last
has come to its end; never more is charged than was agreed to, and where something else would be, nothing is. A death
anywhere leaves a row that is looked at again.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog
from sqlmodel import Session, select
from sqlmodel.sql.expression import SelectOfScalar

from connector.errors import GatewayError, NotConnected, Rejected
from connector.ledger.credits import BY_BANK
from connector.ledger.payments import OPEN, PaymentState
from connector.ledger.retrying import ASKS_OWNER, Refusal, next_day
from connector.store.access import ContactRow
from connector.store.built import built
from connector.store.companies import CompanyRow
from connector.store.methods import SavedMethodRow
from connector.store.money import PaymentRow
from connector.store.retries import RetryRow
from connector.words import on_record
from sync import history
from sync.collect.credits import uses_of
from sync.collect.giving_up import give_up
from sync.collect.press import Press, Refused
from sync.collect.start import start_payment
from sync.reach import PAYERS, reach_of
from sync.retrying import rows, telling
from sync.retrying.agreeing import morning_of
from sync.runtime import Runtime
from sync.settle import Busy, payment_of, read_payment, settle_payment

_log = structlog.get_logger(__name__)

OUT_OF_REACH, ON_ITS_WAY = timedelta(hours=1), timedelta(hours=1)
_AWAY = frozenset({"stripe_out_of_reach", "books_out_of_reach", "last_known"})
# What stands in the way for now and is no word of the payer's bank.
_LATER = frozenset(
    {"under_way", "not_connected", "stripe_refused", "paused", "cards_declined", "sign_in_first", "other_form"}
)
_PAYS_LESS = frozenset({"above_balance", "not_payable"})


@dataclass(frozen=True)
class _Case:
    """A retry with all that one look at it needs."""

    row: RetryRow
    company: CompanyRow
    payment: PaymentRow  # the one that was refused
    method: SavedMethodRow | None
    contact: ContactRow | None
    payers_of: frozenset[str]  # customers for whom the contact pays
    under_way: PaymentRow | None  # the try that was pressed and has not come to its end


@on_record()
def try_again(rt: Runtime, retry_id: str) -> None:
    """Look at a retry whose time has come: press it, or follow what became of its try."""
    with rt.db.write("retry.take") as session:
        row = rows.take(session, retry_id, rt.clock.now())
    if row is None:
        return
    with rt.db.read() as session:
        case = _read(session, row)
    if case.under_way is not None and _is_unfinished(case.under_way):
        case = _looked_up(rt, case, case.under_way)  # it may have been paid by a confirmation whose answer was lost
    if case.under_way is not None and not _is_unfinished(case.under_way):
        _follow(rt, case, case.under_way)
    elif why := _ended_by(case):
        _end(rt, case, why)
    elif rt.clock.today(case.company.zone) not in rows.days_of(case.row):
        _wait(rt, case)
    else:
        _press(rt, case)


def _read(session: Session, row: RetryRow) -> _Case:
    whose = (row.company_id, row.contact_id)
    reach = session.connection().execute(reach_of(*whose, "", *PAYERS))
    return _Case(
        row=row,
        company=_company(session, row.company_id).one(),
        payment=payment_of(session, row.company_id, row.payment_id).one(),
        method=_ready(session, *whose, row.method_id).one_or_none(),
        contact=_person(session, *whose).one_or_none(),
        payers_of=frozenset(reach.scalars()),
        under_way=rows.try_of(session, row),
    )


@built
def _company(company_id: str) -> SelectOfScalar[CompanyRow]:
    return select(CompanyRow).where(CompanyRow.id == company_id)


@built
def _ready(company_id: str, contact_id: str, method_id: str) -> SelectOfScalar[SavedMethodRow]:
    return select(SavedMethodRow).where(
        SavedMethodRow.company_id == company_id,
        SavedMethodRow.contact_id == contact_id,
        SavedMethodRow.id == method_id,
        SavedMethodRow.state == "ready",
    )


@built
def _person(company_id: str, contact_id: str) -> SelectOfScalar[ContactRow]:
    return select(ContactRow).where(
        ContactRow.company_id == company_id, ContactRow.id == contact_id, ContactRow.state == "active"
    )


def _looked_up(rt: Runtime, case: _Case, payment: PaymentRow) -> _Case:
    """Return a case with its try as Stripe has it now; as it was where Stripe cannot be asked."""
    with suppress(GatewayError, NotConnected, Busy):
        settle_payment(rt, payment.id)
    return replace(case, under_way=read_payment(rt, payment.id))


def _is_unfinished(payment: PaymentRow) -> bool:
    """Tell whether a try was pressed and nobody knows yet whether the bank was asked."""
    return payment.state == PaymentState.CREATED and not payment.error_code


def _ended_by(case: _Case) -> str:
    """Return why a retry is not tried any more; empty where it is."""
    if case.contact is None or not case.payers_of:
        return "person"
    return "" if case.method else "method"


def _press(rt: Runtime, case: _Case) -> None:
    """Press Pay for the payer, or go on with what was pressed before a death; then ask his bank."""
    press = _press_of(rt, case)
    answer = start_payment(rt, press)
    if isinstance(answer, Refused) and answer.reason in _PAYS_LESS and not press.credits and not case.under_way:
        less = _less(press, {one: left.minor for one, left in answer.balances.items()})
        if less is None:
            return _end(rt, case, "paid" if answer.balances else "changed")
        answer = start_payment(rt, less)
    if isinstance(answer, Refused):
        return _not_started(rt, case, answer)
    payment = read_payment(rt, answer.payment_id)
    assert payment is not None
    return _ask_bank(rt, case, payment)


def _press_of(rt: Runtime, case: _Case) -> Press:
    """Return the press: what the refused payment was meant for, or the try as it was pressed before."""
    source, first = case.under_way or case.payment, case.payment
    assert case.contact is not None
    assert case.method is not None
    with rt.db.read() as session:
        shares, uses = rows.shares_of(session, source), uses_of(session, source)
    return Press(
        company_id=case.row.company_id,
        customer_id=first.customer_id,
        shares=tuple((one.invoice_id, one.amount_minor) for one in shares),
        currency=first.currency,
        form_nonce=rows.form_key(case.row),
        credits=tuple((one.name, one.amount.minor) for one in uses if not one.name.startswith(BY_BANK)),
        contact_id=case.row.contact_id,
        payer_email=case.contact.email,
        note=first.note,
        kept_method=case.method.method_ref,
        shown_minor=source.amount_minor,
        language=case.row.language,
        allowed_customers=case.payers_of,
        replaces=frozenset({first.id}),
        retry_id=case.row.id,
    )


def _less(press: Press, left: Mapping[str, int]) -> Press | None:
    """Return a press for what is still open of its invoices; None where nothing is."""
    shares = tuple((one, min(minor, left.get(one, 0))) for one, minor in press.shares if left.get(one, 0) > 0)
    # Its method's cost was part of the total that was agreed to: where there is one, the total is another.
    return replace(press, shares=shares, shown_minor=sum(minor for _, minor in shares)) if shares else None


def _not_started(rt: Runtime, case: _Case, answer: Refused) -> None:
    """Wait where something stands in the way that passes; end it where the payer agreed to something else."""
    _log.info("retry_not_started", retry_id=case.row.id, reason=answer.reason)
    if answer.reason in _AWAY:
        return _wait(rt, case, pause=OUT_OF_REACH)
    if answer.reason in _LATER:
        return _wait(rt, case)
    return _end(rt, case, "changed")


def _ask_bank(rt: Runtime, case: _Case, payment: PaymentRow) -> None:
    """Confirm a try with the kept method, unless it was confirmed or taken back, and follow what came of it."""
    assert case.method is not None
    if payment.amount_minor > case.row.amount_minor:  # never more than was agreed to
        return _end(rt, case, "changed", payment)
    gateway = rt.gateways.stripe(payment.company_id)
    is_refused = False
    try:
        intent = gateway.intent(str(payment.intent_id))
        with rt.db.read() as session:
            is_wanted = rows.is_on(session, case.row)
        if is_wanted and intent.status == "requires_payment_method" and not intent.error_code:
            gateway.confirm_kept(intent.intent_id, case.method.method_ref, key=f"t1-{payment.id}-confirm")
    except Rejected as error:
        is_refused = error.status != 402  # not by a bank: this method cannot be used without its owner
    except (GatewayError, NotConnected):
        return None  # nobody knows: the next look asks Stripe first
    with suppress(GatewayError, NotConnected, Busy):
        settle_payment(rt, payment.id)
        seen = read_payment(rt, payment.id)
        assert seen is not None
        if is_refused and _is_unfinished(seen):
            return _end(rt, case, "method", seen)
        return _follow(rt, case, seen)
    return None


def _follow(rt: Runtime, case: _Case, payment: PaymentRow) -> None:
    """Write down what became of a try."""
    now = rt.clock.now()
    if payment.state == PaymentState.PROCESSING:
        return _moved(rt, case, next_at=now + ON_ITS_WAY)
    if payment.state == PaymentState.SUCCEEDED:
        return _moved(rt, case, state=rows.DONE, ended_at=now)
    if payment.state == PaymentState.CANCELED:
        return _wait(rt, case)  # nobody knows what the bank said, if it was asked: no word of its
    if payment.state == PaymentState.FAILED or payment.error_code:
        return _refused(rt, case, payment)
    return None if _is_unfinished(payment) else _end(rt, case, "asks", payment)


def _refused(rt: Runtime, case: _Case, payment: PaymentRow) -> None:
    """Set the day of the next try after the bank refused one, or end it; payer and staff are told."""
    kind = payment.method or (case.method.kind if case.method else "")
    refusal = Refusal(kind, payment.error_code, payment.error_advice)
    tried, zone = case.row.tried + 1, case.company.zone
    day = next_day(refusal, tried, rows.days_of(case.row), rt.clock.today(zone))
    told = _with_reason(case.row, payment)
    if day is None:
        why = "asks" if refusal.code in ASKS_OWNER else "tries" if refusal.most_tries else "method"
        return _end(rt, replace(case, row=told), why, payment, tried=tried)
    with rt.db.write("retry.refused") as session:
        values = {"last_code": told.last_code, "last_text": told.last_text, "number": told.number + 1, "tried": tried}
        if not rows.move(session, case.row, next_at=morning_of(zone, day), **values):
            return None
        first = case.payment
        history.note(session, rt, first, f"Tried again and refused{_because(told)} Next on {day:%Y-%m-%d}.")
        mails = telling.owe_mail(session, rt, told, first, case.method, "again", day=day, reason=told.last_text)
    _ring(rt, mails)
    return _free(rt, payment)


def _with_reason(row: RetryRow, payment: PaymentRow) -> RetryRow:
    """Return a retry with the reason of its last try."""
    return RetryRow(**{**row.model_dump(), "last_code": payment.error_code, "last_text": payment.error_text})


def _because(row: RetryRow) -> str:
    return f": {row.last_text}" if row.last_text else "."


def _end(rt: Runtime, case: _Case, why: str, payment: PaymentRow | None = None, *, tried: int | None = None) -> None:
    """Try no more, and tell whom it concerns."""
    values = {"state": rows.OVER, "why": why, "ended_at": rt.clock.now(), "tried": tried or case.row.tried}
    values |= {"last_code": case.row.last_code, "last_text": case.row.last_text}
    with rt.db.write("retry.over") as session:
        if not rows.move(session, case.row, **values):
            return
        mails = telling.tell_of_end(session, rt, case.row, case.payment, case.method, why)
    _ring(rt, mails)
    if last := payment or case.under_way:
        _free(rt, last)


def _wait(rt: Runtime, case: _Case, *, pause: timedelta | None = None) -> None:
    """Look again after a pause, or press anew on the next agreed day; what came between is not the bank's word."""
    if pause:
        return _moved(rt, case, next_at=rt.clock.now() + pause)
    zone = case.company.zone
    today = rt.clock.today(zone)
    day = next((one for one in rows.days_of(case.row) if one > today), None)
    if day is None:
        return _end(rt, case, "late")
    _moved(rt, case, next_at=morning_of(zone, day), number=case.row.number + 1)
    return _free(rt, case.under_way) if case.under_way else None


def _moved(rt: Runtime, case: _Case, **values: object) -> None:
    with rt.db.write("retry.moved") as session:
        rows.move(session, case.row, **values)


def _free(rt: Runtime, payment: PaymentRow) -> None:
    """Give an open try up, so that it reserves nothing; else it gives itself up in half an hour."""
    if payment.state in OPEN:
        with suppress(GatewayError, NotConnected, Busy):
            give_up(rt, payment.id)


def _ring(rt: Runtime, mail_ids: list[str]) -> None:
    for mail_id in mail_ids:
        rt.bell.ring("mail", mail_id)
