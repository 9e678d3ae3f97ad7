"""The inbox: each accepted event is a hint to look again, worked off until it has been looked at.

Knows the kinds of Stripe's events only as far as they say where to look. Laws: an event changes nothing by its content;
one that cannot be worked off waits, longer each time, and never keeps the others from their turn.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

import structlog
from sqlalchemy import bindparam
from sqlalchemy import select as pick
from sqlmodel import Session, col, or_, update

from connector.errors import GatewayError, NotConnected, RateLimited, TieoutError, Transient, Unauthorised
from connector.ledger.money import Money
from connector.store.money import PaymentRow
from connector.store.outbox import InboxRow
from connector.store.prepared import Prepared
from connector.stripe.facts import Intent
from connector.stripe.webhooks import DEAUTHORIZED
from sync import discrepancies, stripe_access
from sync.collect import card_tries, saved
from sync.doors import Accepted, Refused, accept_quickbooks, accept_stripe
from sync.pull import pull_company
from sync.pulling.landing import home_of
from sync.runtime import Runtime
from sync.settle import payment_of, settle_payment
from sync.settling import words as settle_words
from sync.stripe_feed import follow

__all__ = ["Accepted", "Refused", "accept_quickbooks", "accept_stripe", "settle_inbox", "sweep_inbox"]

_log = structlog.get_logger(__name__)

AT_ONCE = 100
MOST_TRIES = 8  # of an event that cannot be worked off although everybody answers
_LONGEST_WAIT = timedelta(minutes=15)
_BUSY_AGAIN = timedelta(seconds=5)
# Failures that end by themselves or by a person's hand; they never use up an event's tries.
_PATIENT = (Transient, RateLimited, Unauthorised, NotConnected)
_MOVES_MONEY = ("payout.", "refund.", "charge.refund", "charge.dispute.", "balance.", "topup.", "transfer.")
UNKNOWN_PAYMENT = "unknown_payment"


class Waiting(NamedTuple):
    """What is read of an event that waits in the inbox, by the names of its columns."""

    id: str
    company_id: str
    provider: str
    kind: str
    object_id: str
    state: str
    attempts: int
    received_at: datetime


_BY_ID = Prepared(
    pick(*(col(getattr(InboxRow, name)) for name in Waiting._fields)).where(col(InboxRow.id) == bindparam("event"))
)

_DUE = Prepared(
    pick(col(InboxRow.id))
    .where(col(InboxRow.state) == "new", col(InboxRow.due_at) <= bindparam("now"))
    .order_by(col(InboxRow.due_at), col(InboxRow.id))
    .limit(AT_ONCE)
)
_STILL_NEW = update(InboxRow).where(col(InboxRow.id) == bindparam("event"), col(InboxRow.state) == "new")
_DONE = Prepared(_STILL_NEW.values(state=bindparam("then"), error="", settled_at=bindparam("at")))
_WAIT = Prepared(_STILL_NEW.values(due_at=bindparam("again")))
_LATER = Prepared(
    _STILL_NEW.values(
        state=bindparam("then"), attempts=bindparam("tries"), error=bindparam("what"), due_at=bindparam("again")
    )
)
_OLDER = (
    update(InboxRow)
    .where(
        col(InboxRow.company_id) == bindparam("company"),
        col(InboxRow.state) == "new",
        col(InboxRow.received_at) <= bindparam("began"),
    )
    .values(state="settled", error="", settled_at=bindparam("at"))
)
_OLDER_OF_QUICKBOOKS = Prepared(_OLDER.where(col(InboxRow.provider) == "quickbooks"))
_OLDER_MOVES = Prepared(
    _OLDER.where(
        col(InboxRow.provider) == "stripe", or_(*(col(InboxRow.kind).startswith(prefix) for prefix in _MOVES_MONEY))
    )
)
_OF_INTENT = Prepared(
    pick(col(PaymentRow.id)).where(
        col(PaymentRow.company_id) == bindparam("company"), col(PaymentRow.intent_id) == bindparam("intent")
    )
)


def settle_inbox(rt: Runtime, inbox_id: str) -> str:
    """Work one event off; returns the state it is in then. Raises nothing that the outside can cause."""
    with rt.db.asking() as reader:
        found = _BY_ID.first(reader, event=inbox_id)
    row = Waiting(*found) if found else None
    if row is None or row.state != "new":
        return row.state if row else ""
    try:
        state = _quickbooks(rt, row) if row.provider == "quickbooks" else _stripe(rt, row)
    except TieoutError as error:
        return _later(rt, row, error)
    except Exception as error:
        _later(rt, row, error)
        raise
    return _done(rt, row, state) if state else _wait(rt, row, _BUSY_AGAIN)


def sweep_inbox(rt: Runtime) -> int:
    """Work off the events that are due; returns how many were tried."""
    with rt.db.asking() as reader:
        ids = [inbox_id for (inbox_id,) in _DUE.all(reader, now=rt.clock.now())]
    for inbox_id in ids:
        try:
            settle_inbox(rt, inbox_id)
        except Exception:  # one event's trouble must not stop the sweep; it is written at the event
            _log.exception("inbox_failed", inbox_id=inbox_id)
    return len(ids)


def _quickbooks(rt: Runtime, row: Waiting) -> str:
    """Pull the company. Empty while another worker pulls."""
    began = rt.clock.now()
    if pull_company(rt, row.company_id).is_busy:
        return ""
    return _with_those_before(rt, row, began, _OLDER_OF_QUICKBOOKS)


def _with_those_before(rt: Runtime, row: Waiting, began: datetime, alike: Prepared) -> str:
    """Call settled what one look has answered: this event, and those like it that came before the look."""
    with rt.db.write("inbox_alike") as session:
        alike.change(session, company=row.company_id, began=began, at=rt.clock.now())
    return "settled"


def _stripe(rt: Runtime, row: Waiting) -> str:
    if row.kind.startswith(_MOVES_MONEY):
        began = rt.clock.now()
        if follow(rt, row.company_id).is_busy:
            return ""
        return _with_those_before(rt, row, began, _OLDER_MOVES)
    if row.kind == DEAUTHORIZED:
        return "settled" if stripe_access.look_again(rt, row.company_id) else "ignored"
    if row.object_id.startswith("pi_"):
        return _intent(rt, row)
    if row.object_id.startswith(saved.KEPT_AT_STRIPE):
        return "settled" if saved.follow(rt, row.company_id, row.object_id) else "ignored"
    return "ignored"


def _intent(rt: Runtime, row: Waiting) -> str:
    """Settle the payment of an intent: by the intent's id, or by the payment's id that it carries."""
    with rt.db.asking() as reader:
        known = _OF_INTENT.first(reader, company=row.company_id, intent=row.object_id)
    if known:
        [payment_id] = known
        settle_payment(rt, payment_id)
        if row.kind == card_tries.DECLINED:
            card_tries.after_decline(rt, row.company_id, payment_id)
        return "settled"
    intent = rt.gateways.stripe(row.company_id).intent(row.object_id)
    if not intent.payment_id:
        return "ignored"  # another program's; its money is named by the feed
    with rt.db.read() as session:
        payment = payment_of(session, row.company_id, intent.payment_id).one_or_none()
    if payment is not None and payment.intent_id in (None, row.object_id):  # or saved since the first look
        settle_payment(rt, payment.id, intent=intent)
    elif payment is None and intent.status in ("succeeded", "processing"):
        # A second charge of a payment that stands here is named by the feed, with what it comes to.
        _name_unknown(rt, row.company_id, intent)
    return "settled"


def _name_unknown(rt: Runtime, company_id: str, intent: Intent) -> None:
    """Say that Stripe holds money of ours for which no payment stands here; the feed adds what it comes to."""
    sentence, next_step = settle_words.unknown_payment(intent.amount, intent.payment_id)
    with rt.db.write("inbox_unknown") as session:
        if intent.payment_id in discrepancies.open_subjects(session, company_id, UNKNOWN_PAYMENT):
            return
        discrepancies.open_one(
            session,
            rt,
            company_id,
            kind=UNKNOWN_PAYMENT,
            subject=intent.payment_id,
            sentence=sentence,
            next_step=next_step,
            amount=intent.amount,
            payment_id=intent.payment_id,
        )


def _done(rt: Runtime, row: Waiting, state: str) -> str:
    with rt.db.write("inbox_done") as session:
        _DONE.change(session, event=row.id, then=state, at=rt.clock.now())
    return state


def _wait(rt: Runtime, row: Waiting, span: timedelta) -> str:
    with rt.db.write("inbox_wait") as session:
        _WAIT.change(session, event=row.id, again=rt.clock.now() + span)
    return "new"


def _later(rt: Runtime, row: Waiting, error: Exception) -> str:
    """Put an event off after a failure, or give it to a person after too many of its own."""
    patient = isinstance(error, _PATIENT)
    tries = row.attempts if patient else row.attempts + 1
    state = "failed" if tries >= MOST_TRIES else "new"
    # The class alone: a message may hold what the other side said of a customer.
    what = f"{type(error).__name__} {error.code}".strip() if isinstance(error, GatewayError) else type(error).__name__
    wait = min(max(rt.clock.now() - row.received_at, _BUSY_AGAIN), _LONGEST_WAIT)  # so long again as it waited
    with rt.db.write("inbox_later") as session:
        _LATER.change(session, event=row.id, then=state, tries=tries, what=what, again=rt.clock.now() + wait)
        if state == "failed":
            _tell_failed(session, rt, row, what)
    return state


def _tell_failed(session: Session, rt: Runtime, row: Waiting, what: str) -> None:
    currency = home_of(session, row.company_id)
    discrepancies.open_one(
        session,
        rt,
        row.company_id,
        kind="event_failed",
        subject=row.id,
        sentence=f"An event of {row.provider.title()} ({row.kind}) could not be worked off: {what}.",
        next_step="Nothing is lost: what it points at is looked at by itself. Tell support if it comes again.",
        amount=Money(0, currency),
    )
