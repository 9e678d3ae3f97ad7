"""Settling: a payment is looked up at Stripe again, moves forward, and everything that follows is one commit.

Events, sweeps and pages all come here; none of them is believed. Laws: payment, history, postings with their legs,
mails, log line and discrepancy stand together or not at all; settling twice, or in two places at once, changes nothing
more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import bindparam
from sqlalchemy import select as pick
from sqlmodel import Session, col, select, update
from sqlmodel.sql.expression import SelectOfScalar

from connector.errors import Rejected, TieoutError
from connector.ledger.allocation import Share
from connector.ledger.credits import Use, fit
from connector.ledger.money import Money
from connector.ledger.payments import PaymentState
from connector.ledger.postings import ChargeFact, Kind, in_steps
from connector.store.built import built
from connector.store.companies import CompanyRow
from connector.store.money import BalanceTxnRow, PaymentRow, ShareRow
from connector.store.prepared import Prepared
from connector.stripe.facts import BalanceTxn, Charge, Intent
from sync import discrepancies, history, log, mail_rows
from sync.collect import keeping
from sync.collect.credits import uses_of
from sync.collect.intents import intent_of, shares_in
from sync.counts import next_count
from sync.outbox import write_postings
from sync.retrying import rows as retries
from sync.runtime import Runtime
from sync.settling import words as settle_words
from sync.settling.facts import CREDIT, Change, charge_fact, credit_fact, decide
from sync.settling.funding import check_funding
from sync.settling.room import Room, keep_what_is_left, owed_on, room_on
from sync.settling.stripe_rows import keep_txns
from sync.settling.telling import tell_others
from sync.settling.unearned import take_back_unearned

FIRST_RECEIPT = 1001
_TRIES = 4
_MINE = (col(PaymentRow.company_id) == bindparam("company"), col(PaymentRow.id) == bindparam("payment"))
_RECEIPT = Prepared(update(PaymentRow).where(*_MINE).values(receipt_number=bindparam("number")))
_ZONE = Prepared(pick(col(CompanyRow.zone)).where(col(CompanyRow.id) == bindparam("company")))


class Busy(TieoutError):
    """Others changed the payment each time we wanted to; the sweep comes again."""


def settle_payment(rt: Runtime, payment_id: str, *, intent: Intent | None = None) -> PaymentState | None:
    """Look a payment up at Stripe and write down what follows; returns its state, None for an unknown payment.

    An `intent` that was fetched this moment spares the look. Raises GatewayError or NotConnected when Stripe cannot
    be asked; nothing has changed then.
    """
    for _ in range(_TRIES):
        row = read_payment(rt, payment_id)
        if row is None:
            return None
        state = PaymentState(row.state)
        if is_settled(row):
            return state
        seen = intent or intent_of(rt, row)
        if seen is None:
            return state
        if state is PaymentState.PROCESSING and seen.status in ("requires_payment_method", "requires_confirmation"):
            seen = cancel(rt, row, seen)  # or the payer's open page could still confirm what we call failed
        after = _apply(rt, row, seen)
        if after is not None:
            keeping.finish(rt, row)
            return after
        intent = None
    raise Busy(f"payment {payment_id} is being changed by others")


def read_payment(rt: Runtime, payment_id: str) -> PaymentRow | None:
    """Return a payment as it stands. Its id is an inner one: callers that serve people scope it themselves."""
    with rt.db.read() as session:
        return _by_id(session, payment_id).one_or_none()


@built
def _by_id(payment_id: str) -> SelectOfScalar[PaymentRow]:
    return select(PaymentRow).where(PaymentRow.id == payment_id)


@built
def payment_of(company_id: str, payment_id: str) -> SelectOfScalar[PaymentRow]:
    """Return a company's payment."""
    return select(PaymentRow).where(PaymentRow.company_id == company_id, PaymentRow.id == payment_id)


def is_settled(row: PaymentRow) -> bool:
    """Tell whether Stripe has nothing more to say: the money came and its cost is known, or there was no money."""
    return row.state == PaymentState.SUCCEEDED and bool(row.balance_txn or not row.amount_minor)


def settle_by_credit(session: Session, rt: Runtime, row: PaymentRow, left: Mapping[str, int]) -> list[tuple[str, str]]:
    """Settle a payment that credits alone pay, in the commit of its press; returns what to ring for.

    Stripe has no part in it. `left` is what each invoice had open a moment ago.
    """
    now = rt.clock.now()
    values: dict[str, Any] = {"state": PaymentState.SUCCEEDED.value, "succeeded_at": now, "settled_at": now}
    values |= {"method": CREDIT, "version": row.version + 1}
    values["receipt_number"] = next_count(session, row.company_id, "receipt", first=FIRST_RECEIPT)
    _move_of(tuple(values)).change(session, company=row.company_id, payment=row.id, seen=row.version, **values)
    for name, value in values.items():  # the caller's own object, no session's
        setattr(row, name, value)
    shares = shares_in(session, row.company_id, row.id).all()
    keep_what_is_left(session, row, shares, Room(dict(left), frozenset()))
    [zone] = _ZONE.first(session, company=row.company_id)
    fact = credit_fact(row, _pressed(row, shares), uses_of(session, row), zone=zone)
    _owe(session, rt, row, fact)
    _tell(session, rt, row, shares)
    mail_id = _owe_mail(session, rt, row, "receipt")
    return [("push", row.company_id), *([("mail", mail_id)] if mail_id else [])]


def cancel(rt: Runtime, row: PaymentRow, intent: Intent) -> Intent:
    """Cancel an intent at Stripe; returns how it stands then, which may be paid. Raises GatewayError."""
    gateway = rt.gateways.stripe(row.company_id)
    try:
        return gateway.cancel_intent(intent.intent_id)
    except Rejected:  # it moved on meanwhile: money is under way, or it is cancelled already
        return gateway.intent(intent.intent_id)


@dataclass(frozen=True)
class _Look:
    """Everything one commit is made from."""

    row: PaymentRow
    shares: Sequence[ShareRow]
    uses: Sequence[Use]
    intent: Intent
    change: Change
    room: Room | None  # asked for only where postings are due

    @property
    def charge(self) -> Charge | None:
        """Return the charge when its money came and what it cost is known."""
        charge = self.intent.charge
        came = self.change.state is PaymentState.SUCCEEDED and self.intent.status == "succeeded"
        return charge if came and charge and charge.txn else None

    @property
    def crosses_currencies(self) -> bool:
        """Tell whether Stripe settled in another currency than was charged."""
        return bool(self.charge and self.charge.txn and self.charge.txn.net.currency != self.row.currency)


def _apply(rt: Runtime, row: PaymentRow, intent: Intent) -> PaymentState | None:
    """Write what an intent makes of a payment; None when somebody else changed the payment first."""
    change = decide(row, intent, rt.clock.now())
    if not change.values:
        return change.state
    with rt.db.read() as session:
        uses, shares = uses_of(session, row), shares_in(session, row.company_id, row.id).all()
    look = _Look(row, shares, uses, intent, change, None)
    is_news = change.is_news and change.state is PaymentState.SUCCEEDED  # the receipt says what is left
    if look.shares and not look.crosses_currencies and (look.charge or is_news):
        room = room_on(rt, row.company_id, [share.invoice_id for share in look.shares], [use.name for use in uses])
        look = replace(look, room=room)
    rings = _write(rt, look)
    if rings is None:
        return None
    for work, subject in rings:
        rt.bell.ring(work, subject)
    return change.state


def _write(rt: Runtime, look: _Look) -> list[tuple[str, str]] | None:
    """Commit a look; returns what to ring for, None when the payment or its room is not what it was."""
    with rt.db.write("settle") as session:
        ids, lent = [share.invoice_id for share in look.shares], [use.name for use in look.uses]
        if look.room and owed_on(session, look.row.company_id, ids, lent) != look.room.owed:
            return None
        row = _moved(session, rt, look)
        if row is None:
            return None
        if row.state == PaymentState.SUCCEEDED:
            shares, uses = take_back_unearned(session, rt, row, look.shares, look.uses)
            look = replace(look, shares=shares, uses=uses)
        keep_what_is_left(session, row, look.shares, look.room)
        keeping.note_method(session, row, look.intent)
        rings = []
        if look.change.is_news:
            _tell(session, rt, row, look.shares)
        is_retried = row.state == PaymentState.FAILED and retries.hurry(session, row, rt.clock.now())
        if look.change.mail and not is_retried and (mail_id := _owe_mail(session, rt, row, look.change.mail)):
            rings.append(("mail", mail_id))
        is_told = look.change.is_news and not is_retried
        others = tell_others(session, rt, row, look.shares, look.intent, is_news=is_told)
        rings += [("mail", mail_id) for mail_id in others]
        if look.charge and _book(session, rt, row, look, look.charge):
            rings.append(("push", row.company_id))
        return rings


def _moved(session: Session, rt: Runtime, look: _Look) -> PaymentRow | None:
    """Move the payment's row on, if nobody did meanwhile."""
    values: dict[str, Any] = dict(look.change.values)
    if look.charge and not look.crosses_currencies:
        values["settled_at"] = rt.clock.now()
    mine = {"company": look.row.company_id, "payment": look.row.id}
    values["version"] = look.row.version + 1
    if not _move_of(tuple(values)).change(session, **mine, seen=look.row.version, **values):
        return None
    if look.change.state is PaymentState.SUCCEEDED and look.row.receipt_number is None:
        number = next_count(session, look.row.company_id, "receipt", first=FIRST_RECEIPT)
        _RECEIPT.change(session, **mine, number=number)
    return payment_of(session, look.row.company_id, look.row.id).one()


@cache
def _move_of(names: tuple[str, ...]) -> Prepared:
    """Return the change of these columns of a payment that is at the version that was seen."""
    mine = update(PaymentRow).where(*_MINE, col(PaymentRow.version) == bindparam("seen"))
    return Prepared(mine.values({name: bindparam(name) for name in names}))


def _tell(session: Session, rt: Runtime, row: PaymentRow, shares: Sequence[ShareRow]) -> None:
    """Add a line to the payment's history, and to the sync log where it concerns the books."""
    history.note(session, rt, row, settle_words.history(row))
    if line := settle_words.log_line(session, row, shares):
        sentence, detail = line
        money = Money(row.amount_minor, row.currency)
        log.write(
            session,
            rt,
            row.company_id,
            kind="settle",
            state="noted",
            sentence=sentence,
            detail=detail,
            money=money,
            payment_id=row.id,
        )


def _owe_mail(session: Session, rt: Runtime, row: PaymentRow, kind: str) -> str:
    """Owe the payer a mail, once for each kind; returns its id when it is new and there is an address."""
    if not row.payer_email:
        return ""
    key = f"{kind}/{row.id}"
    return mail_rows.owe(session, rt, row.company_id, kind=kind, key=key, to=row.payer_email, payment_id=row.id)


def _book(session: Session, rt: Runtime, row: PaymentRow, look: _Look, charge: Charge) -> bool:
    """Owe the books a charge and its fee, or name why not; returns whether there is something to push."""
    txn = charge.txn
    assert txn is not None
    keep_txns(session, row.company_id, [_named(txn, row)])
    if look.crosses_currencies:
        session.get_one(BalanceTxnRow, (row.company_id, txn.txn_id)).named_as = txn.txn_id
        words = settle_words.other_currency(session, row, txn.net)
        _name(session, rt, row, "other_currency", txn.net, words, subject=txn.txn_id, explains=True)
        return False
    surcharge = Money(min(row.surcharge_minor, txn.amount.minor), row.currency)
    room = look.room.minor if look.room else None
    fitting = fit(_pressed(row, look.shares), look.uses, txn.amount - surcharge, room)
    [zone] = _ZONE.first(session, company=row.company_id)
    fact = charge_fact(row, charge, fitting, zone=zone)
    _owe(session, rt, row, fact)
    check_funding(session, rt, row, charge)
    agreed = Money(row.amount_minor, row.currency)
    if charge.amount != agreed:
        words = settle_words.amount_differs(session, row, charge.amount)
        _name(session, rt, row, "amount_differs", charge.amount - agreed, words)
    unapplied = fact.unapplied - _on_account(row, look)
    if agreed < charge.amount:
        unapplied = unapplied - (charge.amount - agreed)  # told of above
    if unapplied:
        _name(session, rt, row, "overpaid", unapplied, settle_words.overpaid(session, row, look.shares, unapplied))
    return True


def _on_account(row: PaymentRow, look: _Look) -> Money:
    """Return what the payer meant for no invoice."""
    shares = sum(share.amount_minor for share in look.shares) - sum(use.amount.minor for use in look.uses)
    return Money(row.amount_minor - row.surcharge_minor - shares, row.currency)


def _owe(session: Session, rt: Runtime, row: PaymentRow, fact: ChargeFact) -> None:
    """Owe the books a payment, step by step: each of a customer's waits for the one of the step before it.

    What is applied and the fee come last and wait for none.
    """
    before: dict[str, str] = {}
    at = rt.clock.now()
    for postings in in_steps(fact):
        waiting = [one for one in postings if one.kind is not Kind.APPLY and one.key.customer_id in before]
        after = {str(one.key): before[one.key.customer_id] for one in waiting}
        ids = write_postings(session, rt, row.company_id, postings, payment_id=row.id, after=after, at=at)
        at += timedelta(microseconds=len(postings))
        before |= {one.key.customer_id: id_ for one, id_ in zip(postings, ids, strict=True)}


def _pressed(row: PaymentRow, shares: Sequence[ShareRow]) -> list[Share]:
    return [Share(one.invoice_id, one.customer_id, Money(one.amount_minor, row.currency)) for one in shares]


def _named(txn: BalanceTxn, row: PaymentRow) -> BalanceTxn:
    """Say whose balance transaction it is; Stripe does not, when it comes with the charge."""
    return replace(txn, charge_id=row.charge_id, payment_id=row.id)


def _name(
    session: Session,
    rt: Runtime,
    row: PaymentRow,
    kind: str,
    amount: Money,
    words: tuple[str, str],
    *,
    subject: str = "",
    explains: bool = False,
) -> None:
    discrepancies.open_one(
        session,
        rt,
        row.company_id,
        kind=kind,
        subject=subject or row.id,
        sentence=words[0],
        next_step=words[1],
        amount=amount,
        explains=explains,
        payment_id=row.id,
    )
