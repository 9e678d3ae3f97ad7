"""When payers are written to about invoices, who wants it, and what came back.

Law: what an address wants, and whether it takes mail at all, stands once for each company, whatever wrote it down; a
bounce is only added, and once for each report of it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from connector.store.columns import instant, maybe_instant, text


class ScheduleRow(SQLModel, table=True):
    """A company's schedule of mails about invoices; without a row nothing is mailed by itself."""

    __tablename__ = "mail_schedule"

    company_id: str = Field(primary_key=True, foreign_key="company.id")
    is_on: bool = False
    on_since: datetime | None = maybe_instant()  # steps before this day are never made up for
    mails_new: bool = True  # a mail when an invoice is new
    steps: str = "-3 0 7 14"  # days from the due day, by spaces; below zero is before it
    opens_hour: int = 9  # mails leave from this hour of the company's zone
    closes_hour: int = 17  # until this one
    quiet_weekends: bool = True
    quiet_days: str = text()  # more days on which nothing leaves: 2026-12-25, by spaces
    attaches_pdf: bool = True  # QuickBooks' own PDF goes along
    also_quickbooks: bool = False  # mail about invoices too that QuickBooks mails itself
    texts: bool = False  # a text message beside the mail, to numbers that asked for it
    next_at: datetime | None = maybe_instant()  # when somebody looks next
    changed_at: datetime = instant()


class SkipRow(SQLModel, table=True):
    """A customer or an invoice about which nothing is mailed by itself."""

    __tablename__ = "mail_skip"

    company_id: str = Field(primary_key=True, foreign_key="company.id")
    kind: str = Field(primary_key=True)  # customer | invoice
    subject: str = Field(primary_key=True)  # its id in QuickBooks
    by: str  # a staff member's id
    at: datetime = instant()


class AddressRow(SQLModel, table=True):
    """What an address wants of a company's mails, and whether it takes any."""

    __tablename__ = "mail_address"
    __table_args__ = (UniqueConstraint("company_id", "email"),)

    id: str = Field(primary_key=True)  # ULID; stands in the signed link to the preferences
    company_id: str = Field(foreign_key="company.id")
    email: str  # lower case
    wants_new: bool = True
    wants_reminders: bool = True
    language: str = ""  # in which the preferences were last seen
    chosen_at: datetime | None = maybe_instant()  # when a person last said what is wanted
    stopped_at: datetime | None = maybe_instant()  # bounced for good: nothing is sent until it is lifted
    stopped_why: str = text()


class NumberRow(SQLModel, table=True):
    """The phone number to which an address wants text messages, and how it came to be."""

    __tablename__ = "text_number"
    __table_args__ = (UniqueConstraint("company_id", "email"), Index("text_number_by_number", "number"))

    id: str = Field(primary_key=True)  # ULID
    company_id: str = Field(foreign_key="company.id")
    email: str  # whose wish it is, in lower case
    number: str  # +15035550142
    language: str = ""
    state: str = "asked"  # asked | on (YES came from the number itself) | off
    words: str = text()  # what stood beside the field when the number was given
    asked_at: datetime = instant()
    agreed_at: datetime | None = maybe_instant()
    ended_at: datetime | None = maybe_instant()


class BounceRow(SQLModel, table=True):
    """A report that a mail did not arrive, or not yet."""

    __tablename__ = "bounce"
    __table_args__ = (UniqueConstraint("company_id", "key"), Index("bounce_of_address", "company_id", "email"))

    id: str = Field(primary_key=True)  # ULID
    company_id: str
    key: str  # of the report: its own id, so that a second copy of it counts once
    email: str
    mail_id: str
    kind: str  # hard | soft | complaint
    why: str = text()
    at: datetime = instant()
