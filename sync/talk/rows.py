"""Threads and messages as rows: found by company, written with their files, told of in the sync log.

Writes in the caller's transaction. Law: a message has the key of the form it came by, and the second of a key is not
written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from connector.ledger.money import Money
from connector.store.access import MembershipRow
from connector.store.companies import CompanyRow
from connector.store.talk import AttachmentRow, MessageRow, ThreadRow
from sync import log
from sync.runtime import Runtime
from sync.talk.decisions import Colleague, owner_among
from sync.talk.files import File

LONGEST_TEXT = 4000
PAYER, STAFF = "payer", "staff"


@dataclass(frozen=True)
class Said:
    """What somebody says: `key` is of the form it came by, `author` a name as it is shown."""

    key: str
    text: str
    author: str = ""
    author_id: str = ""
    files: Sequence[File] = ()


def thread_of(session: Session, company_id: str, thread_id: str) -> ThreadRow | None:
    """Return a company's thread, held against other writers until the caller's commit."""
    mine = select(ThreadRow).where(ThreadRow.company_id == company_id, ThreadRow.id == thread_id)
    return session.exec(mine.with_for_update()).one_or_none()


def message_by_key(session: Session, company_id: str, key: str) -> MessageRow | None:
    """Return the message that came by a form already."""
    mine = select(MessageRow).where(MessageRow.company_id == company_id, MessageRow.key == key)
    return session.exec(mine).one_or_none()


def add_message(session: Session, rt: Runtime, thread: ThreadRow, side: str, said: Said) -> str:
    """Add a message with its files to a thread and return its id."""
    row = MessageRow(
        id=rt.clock.new_id(),
        company_id=thread.company_id,
        thread_id=thread.id,
        key=said.key,
        side=side,
        author_id=said.author_id,
        author=said.author,
        body=said.text,
        at=rt.clock.now(),
    )
    session.add(row)
    session.flush()  # before its files, which name it
    session.add_all(_attachment(rt, row, file) for file in said.files)
    return row.id


def _attachment(rt: Runtime, message: MessageRow, file: File) -> AttachmentRow:
    return AttachmentRow(
        id=rt.clock.new_id(),
        company_id=message.company_id,
        thread_id=message.thread_id,
        message_id=message.id,
        name=file.name,
        media_type=file.media_type,
        size=len(file.body),
        body=file.body,
    )


def choose_owner(session: Session, company_id: str, customer_id: str) -> str:
    """Return the staff member who is to look after a customer's new thread; empty where nobody may."""
    before = select(ThreadRow.owner_id).where(
        ThreadRow.company_id == company_id, ThreadRow.customer_id == customer_id, ThreadRow.owner_id != ""
    )
    last = session.exec(before.order_by(col(ThreadRow.created_at).desc()).limit(1)).first() or ""
    rows = select(MembershipRow.staff_id, MembershipRow.role).where(MembershipRow.company_id == company_id)
    return owner_among([Colleague(*row) for row in session.exec(rows)], last)


def zone_of(session: Session, company_id: str) -> str:
    """Return the zone a company's days are counted in."""
    return session.exec(select(CompanyRow.zone).where(CompanyRow.id == company_id)).one()


def note(session: Session, rt: Runtime, thread: ThreadRow, sentence: str, *, detail: str = "") -> None:
    """Write a line of the sync log about a thread."""
    log.write(
        session,
        rt,
        thread.company_id,
        kind="talk",
        state="noted",
        sentence=sentence,
        detail=detail[:300],
        money=Money(thread.disputed_minor, thread.currency) if thread.disputed_minor else None,
        entity="Invoice",
        qbo_id=thread.invoice_id,
    )
