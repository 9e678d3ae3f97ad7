"""What a mail about a question or a dispute tells: the thread, its invoice, and the message that was written.

Reads rows of one company. Law: a mail holds one message of the thread, never the whole of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_
from sqlmodel import Session, col, select

from connector.clock import day_in
from connector.ledger.money import Money
from connector.store.access import StaffRow
from connector.store.cache import CustomerRow, InvoiceRow
from connector.store.talk import AttachmentRow, MessageRow, ThreadRow
from connector.words import clock_text, day_text, money_text

_WHAT = {
    "question": "Question about invoice {number}",
    "dispute": "Dispute of invoice {number}",
    "check_sent": "Check sent for invoice {number}",
}


@dataclass(frozen=True)
class Talk:
    """What the templates need: `what` is for staff, in English."""

    what: str
    number: str
    customer: str
    disputed: str  # an amount with its sign, or empty
    line: str
    check: str
    author: str
    text: str
    files: int
    due: str
    owner: str
    is_closed: bool


def read_talk(session: Session, company_id: str, thread_id: str, message_id: str, zone: str) -> Talk | None:
    """Return what a mail tells of a thread; None where there is none. Without a message its first one is told."""
    row = session.exec(
        select(ThreadRow, InvoiceRow.number, CustomerRow.name)
        .join(InvoiceRow, _same(InvoiceRow, "invoice_id"), isouter=True)
        .join(CustomerRow, _same(CustomerRow, "customer_id"), isouter=True)
        .where(ThreadRow.company_id == company_id, ThreadRow.id == thread_id)
    ).one_or_none()
    if row is None:
        return None
    thread, number, customer = row
    message = _message(session, thread, message_id)
    files = select(AttachmentRow.id).where(
        AttachmentRow.company_id == company_id, AttachmentRow.message_id == (message.id if message else "")
    )
    owner = session.exec(select(StaffRow.name).where(StaffRow.id == thread.owner_id)).one_or_none()
    disputed = Money(thread.disputed_minor, thread.currency)
    return Talk(
        what=_WHAT[thread.kind].format(number=number or thread.invoice_id),
        number=number or thread.invoice_id,
        customer=customer or "a payer",
        disputed=money_text(disputed) if disputed else "",
        line=thread.line_title,
        check=_check(thread),
        author=message.author if message else "",
        text=message.body if message else "",
        files=len(session.exec(files).all()),
        due=f"{day_text(day_in(zone, thread.due_at), weekday=True)}, {clock_text(thread.due_at, zone)}",
        owner=owner or "",
        is_closed=thread.state == "closed",
    )


def _same(row: type[InvoiceRow] | type[CustomerRow], column: str) -> ColumnElement[bool]:
    return and_(col(row.company_id) == ThreadRow.company_id, col(row.qbo_id) == getattr(ThreadRow, column))


def _message(session: Session, thread: ThreadRow, message_id: str) -> MessageRow | None:
    mine = select(MessageRow).where(MessageRow.company_id == thread.company_id, MessageRow.thread_id == thread.id)
    if message_id:
        mine = mine.where(MessageRow.id == message_id)
    return session.exec(mine.order_by(col(MessageRow.at), col(MessageRow.id)).limit(1)).first()


def _check(thread: ThreadRow) -> str:
    if thread.kind != "check_sent":
        return ""
    number = f"Check {thread.check_number}" if thread.check_number else "A check"
    return f"{number}, sent {day_text(thread.check_day)}" if thread.check_day else number
