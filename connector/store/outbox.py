"""What we owe QuickBooks and what came in: inbox events, postings with their legs, every attempt, mails.

Written in the same commit as the business change. Laws: a posting's key is unique in its company; the bytes sent under
one requestid never change; attempts are only added to and form a chain of hashes.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from connector.store.columns import instant, maybe_instant, minor, text


class InboxRow(SQLModel, table=True):
    """A webhook that was accepted: a hint to look, stored before it was answered."""

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("provider", "account", "event_id"),
        Index("inbox_due", "state", "due_at"),
        Index("inbox_by_kind", "company_id", "kind", "received_at"),
    )

    id: str = Field(primary_key=True)  # ULID
    provider: str  # quickbooks | stripe
    account: str  # realm id or Stripe account; known before the company is
    event_id: str
    company_id: str = ""
    kind: str  # payment_intent.succeeded, invoice.updated ...
    object_id: str = ""
    state: str = "new"  # new | settled | ignored | unmatched | failed
    attempts: int = 0
    error: str = text()
    received_at: datetime = instant()
    due_at: datetime = instant()
    settled_at: datetime | None = maybe_instant()


class PostingRow(SQLModel, table=True):
    """One document owed to QuickBooks."""

    __tablename__ = "posting"
    __table_args__ = (
        UniqueConstraint("company_id", "key"),
        Index("posting_due", "state", "due_at"),
        Index("posting_of_payment", "company_id", "payment_id"),
        Index("posting_by_remote", "company_id", "remote_id"),
    )

    id: str = Field(primary_key=True)  # ULID
    company_id: str = Field(foreign_key="company.id")
    key: str  # str(PostingKey)
    kind: str  # connector.ledger.postings.Kind
    generation: int = 1
    reference: str  # 21 characters in the document
    customer_id: str = ""
    payment_id: str = ""
    object_id: str = ""  # the Stripe object
    after_id: str = ""  # a posting that must be posted first
    day: date
    amount_minor: int = minor()
    currency: str
    memo: str = text()
    state: str = "due"  # due | leased | unknown | posted | held | dropped
    attempt: int = 0
    due_at: datetime = instant()
    lease_owner: str = ""
    lease_until: datetime | None = maybe_instant()
    fence: int = 0
    request_id: str = ""  # of this generation
    request_body: str = text()  # frozen at the first claim of this generation
    held_code: str = ""
    held_text: str = text()  # why, in a sentence
    held_next: str = text()  # what to do
    entity: str = ""  # the document's kind in QuickBooks, once posted
    remote_id: str = ""
    remote_token: str = ""
    created_at: datetime = instant()
    first_sent_at: datetime | None = maybe_instant()
    posted_at: datetime | None = maybe_instant()


class LegRow(SQLModel, table=True):
    """One side of a posting: plus is a debit."""

    __tablename__ = "leg"
    __table_args__ = (Index("leg_by_citation", "company_id", "cites"),)

    posting_id: str = Field(primary_key=True, foreign_key="posting.id")
    n: int = Field(primary_key=True)
    company_id: str
    role: str
    amount_minor: int = minor()
    currency: str
    cites: str = ""
    invoice_id: str = ""
    credit: str = ""  # the credit it uses up: entity/id


class AttemptRow(SQLModel, table=True):
    """What was sent, or what came back: two rows for one send, bodies encrypted, chained by hash."""

    __tablename__ = "attempt"
    __table_args__ = (UniqueConstraint("company_id", "seq"), Index("attempt_of_posting", "company_id", "posting_id"))

    id: str = Field(primary_key=True)  # ULID
    company_id: str
    seq: int  # 1, 2, 3 ... in the company's chain
    posting_id: str = ""
    number: int = 0  # which attempt of the posting
    way: str  # sent | received
    operation: str  # payment.create, payment.find ...
    at: datetime = instant()
    request_id: str = ""
    status: int | None = None
    trace: str = ""  # intuit_tid
    took_ms: int | None = None
    outcome: str = ""  # ok | rejected | unknown | ...
    facts: str = text()  # JSON of an allow-list of fields, in plain
    body_cipher: str = text()
    before_hash: str = ""
    hash: str = ""


CONTEXT_COLUMN = "mail.context"  # under which the vault seals what a mail holds


class MailRow(SQLModel, table=True):
    """A mail owed to somebody."""

    __tablename__ = "mail"
    __table_args__ = (
        UniqueConstraint("company_id", "key"),
        Index("mail_due", "state", "due_at"),
        Index("mail_of_customer", "company_id", "customer_id", "created_at"),
        Index("mail_of_invoice", "company_id", "invoice_id"),
        Index("mail_to", "company_id", "to"),
        Index("mail_by_message_id", "message_id"),
    )

    id: str = Field(primary_key=True)  # ULID
    company_id: str
    key: str  # from the fact: receipt/<payment id>
    kind: str  # jobs.mail.letters.KINDS
    to: str
    payment_id: str = ""
    customer_id: str = ""  # whom it is about, where it is no payment's
    invoice_id: str = ""
    context_cipher: str = text()  # JSON for the template, encrypted where it holds a link
    state: str = (
        "due"  # due | sent | failed | withdrawn (there was no reason for it any more) | stopped (no such address)
    )
    attempts: int = 0
    error: str = text()
    message_id: str = ""
    subject: str = text()  # as it was sent
    body: str = text()  # its plain text as it was sent, with the secrets of its links cut out
    created_at: datetime = instant()
    due_at: datetime = instant()
    sent_at: datetime | None = maybe_instant()
    bounced_at: datetime | None = maybe_instant()
