"""Escalating: a thread that staff left unanswered past its due time needs a person, and the owners are told.

Law: a thread is escalated once for each due time, however often somebody looks; it is closed by an answer.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Integer, bindparam
from sqlmodel import Session, col, select

from connector.ledger.money import Money
from connector.store.access import StaffRow
from connector.store.cache import CustomerRow, InvoiceRow
from connector.store.prepared import Prepared
from connector.store.talk import ThreadRow
from sync import discrepancies
from sync.runtime import Runtime
from sync.talk import mails

LATE = "talk_late"


def late_threads(session: Session, now: datetime, *, most: int = 100) -> list[str]:
    """Return the ids of threads that wait for staff past their due time, the latest first."""
    return [thread_id for (thread_id,) in _LATE.all(session, now=now, most=most)]


_LATE = Prepared(
    select(ThreadRow.id)
    .where(
        ThreadRow.state == "open",
        ThreadRow.turn == "staff",
        col(ThreadRow.due_at) <= bindparam("now"),
        col(ThreadRow.escalated_at).is_(None),
    )
    .order_by(col(ThreadRow.due_at), col(ThreadRow.id))
    .limit(bindparam("most", type_=Integer))
)


def escalate(rt: Runtime, thread_id: str) -> None:
    """Name a late thread among what needs a person and owe its company's owners a mail; safe to run twice."""
    owed: list[str] = []
    with rt.db.write("talk.escalate") as session:
        thread = session.exec(select(ThreadRow).where(ThreadRow.id == thread_id).with_for_update()).one_or_none()
        now = rt.clock.now()
        if thread is not None and _is_late(thread, now):
            thread.escalated_at = now
            _name(session, rt, thread)
            owed = mails.tell_owners(session, rt, thread)
    for mail_id in owed:
        rt.bell.ring("mail", mail_id)


def _is_late(thread: ThreadRow, now: datetime) -> bool:
    waits = thread.state == "open" and thread.turn == "staff" and thread.escalated_at is None
    return waits and thread.due_at <= now


def _name(session: Session, rt: Runtime, thread: ThreadRow) -> None:
    mine = (
        select(InvoiceRow.number, CustomerRow.name)
        .join(CustomerRow, col(CustomerRow.qbo_id) == InvoiceRow.customer_id)
        .where(
            InvoiceRow.company_id == thread.company_id,
            CustomerRow.company_id == thread.company_id,
            InvoiceRow.qbo_id == thread.invoice_id,
        )
    )
    number, customer = session.exec(mine).one_or_none() or ("", "A payer")
    owner = session.exec(select(StaffRow.name).where(StaffRow.id == thread.owner_id)).one_or_none()
    discrepancies.open_one(
        session,
        rt,
        thread.company_id,
        kind=LATE,
        subject=thread.id,
        sentence=f"{customer} waits for an answer about invoice {number}, and it is past due.",
        next_step=f"{owner or 'Nobody yet'} looks after it. Answer it under Questions, or hand it to somebody else.",
        amount=Money(thread.disputed_minor, thread.currency),
    )
