"""What payers and staff say to each other about an invoice: threads, their messages, and what was attached.

Law: a thread belongs to one invoice of one company, and each of its rows names the company too, so that no query needs
another's word for whose it is.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Index, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from connector.store.columns import instant, maybe_instant, minor, text


class ThreadRow(SQLModel, table=True):
    """A question about an invoice, a dispute of it, or word that a check is in the mail."""

    __tablename__ = "thread"
    __table_args__ = (
        Index("thread_by_invoice", "company_id", "invoice_id"),
        Index("thread_by_customer", "company_id", "customer_id"),
        Index("thread_due", "state", "turn", "due_at"),
    )

    id: str = Field(primary_key=True)  # ULID
    company_id: str = Field(foreign_key="company.id")
    invoice_id: str
    customer_id: str
    kind: str  # question | dispute | check_sent
    line_title: str = text()  # the line it is about; empty for the whole invoice
    disputed_minor: int = minor()
    currency: str
    check_number: str = ""
    check_day: date | None = None
    state: str = "open"  # open | closed
    turn: str = "staff"  # whose turn it is: staff | payer
    owner_id: str = ""  # the staff member who looks after it
    contact_id: str = ""  # the contact who opened it; empty for the holder of a link
    language: str = ""  # what the payer reads
    result: str = text()  # the word it was closed with
    created_at: datetime = instant()
    changed_at: datetime = instant()
    due_at: datetime = instant()  # until when staff answer
    escalated_at: datetime | None = maybe_instant()
    closed_at: datetime | None = maybe_instant()


class MessageRow(SQLModel, table=True):
    """One message of a thread."""

    __tablename__ = "message"
    __table_args__ = (UniqueConstraint("company_id", "key"), Index("message_by_thread", "company_id", "thread_id"))

    id: str = Field(primary_key=True)  # ULID
    company_id: str
    thread_id: str = Field(foreign_key="thread.id")
    key: str  # of the form it came by, so that a second press writes nothing
    side: str  # payer | staff
    author_id: str = ""  # a contact's or a staff member's id; empty for the holder of a link
    author: str = ""  # a name as it stood then
    body: str = text()
    at: datetime = instant()


class AttachmentRow(SQLModel, table=True):
    """A file that came with a message."""

    __tablename__ = "attachment"
    __table_args__ = (Index("attachment_by_thread", "company_id", "thread_id"),)

    id: str = Field(primary_key=True)  # ULID
    company_id: str
    thread_id: str
    message_id: str = Field(foreign_key="message.id")
    name: str
    media_type: str  # as its first bytes say
    size: int
    body: bytes = Field(sa_type=LargeBinary)
