"""The cache of QuickBooks: heads in columns for lists and search, the raw text beside them, a cursor for each entity.

Everything here can be thrown away and pulled again. Laws: the raw text is byte for byte what QuickBooks sent; a cursor
is never ahead of the rows it speaks for (both are written in one commit).
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from connector.store.columns import instant, maybe_instant, minor, text


class CursorRow(SQLModel, table=True):
    """How far the pull of an entity has come; entity `*` is the change feed (CDC) of all of them."""

    __tablename__ = "cursor"

    company_id: str = Field(primary_key=True, foreign_key="company.id")
    entity: str = Field(primary_key=True)
    phase: str = "first"  # first | following
    position: int = 1  # next STARTPOSITION of the first load
    expected: int | None = None  # count(*) at the start, for the progress bar
    pulled: int = 0
    changed_since: str = ""  # server time of QuickBooks, as its CDC wants it
    started_at: datetime = instant()
    updated_at: datetime = instant()
    finished_at: datetime | None = maybe_instant()
    error: str = text()


class RawRow(SQLModel, table=True):
    """One object as QuickBooks sent it."""

    __tablename__ = "raw"

    company_id: str = Field(primary_key=True)
    entity: str = Field(primary_key=True)
    qbo_id: str = Field(primary_key=True)
    sync_token: str
    body: str = text()


class CustomerRow(SQLModel, table=True):
    """A customer or sub-customer."""

    __tablename__ = "customer"
    __table_args__ = (Index("customer_of_parent", "company_id", "parent_id"),)

    company_id: str = Field(primary_key=True)
    qbo_id: str = Field(primary_key=True)
    sync_token: str
    remote_updated_at: str = ""
    name: str
    email: str = ""
    phone: str = ""
    parent_id: str = ""
    currency: str = "USD"
    balance_minor: int = minor()
    active: bool = True
    state: str = "live"  # live | deleted (merged away counts as deleted until its winner is known)


class InvoiceRow(SQLModel, table=True):
    """An invoice's head. Lines are read from its raw text when a page shows them."""

    __tablename__ = "invoice"
    __table_args__ = (
        Index("invoice_of_customer", "company_id", "customer_id", "issued_day", "qbo_id"),
        Index("invoice_by_balance", "company_id", "balance_minor"),
    )

    company_id: str = Field(primary_key=True)
    qbo_id: str = Field(primary_key=True)
    sync_token: str
    remote_updated_at: str = ""
    number: str = ""
    customer_id: str
    issued_day: date
    due_day: date | None = None
    currency: str = "USD"
    total_minor: int = minor()
    balance_minor: int = minor()
    state: str = "live"  # live | voided | deleted
    email: str = ""


class CreditRow(SQLModel, table=True):
    """A credit memo's head."""

    __tablename__ = "credit"

    company_id: str = Field(primary_key=True)
    qbo_id: str = Field(primary_key=True)
    sync_token: str
    remote_updated_at: str = ""
    number: str = ""
    customer_id: str
    issued_day: date
    currency: str = "USD"
    total_minor: int = minor()
    balance_minor: int = minor()
    state: str = "live"


class BookPaymentRow(SQLModel, table=True):
    """A Payment in QuickBooks, ours or anybody's."""

    __tablename__ = "book_payment"
    __table_args__ = (Index("book_payment_of_customer", "company_id", "customer_id", "paid_day"),)

    company_id: str = Field(primary_key=True)
    qbo_id: str = Field(primary_key=True)
    sync_token: str
    remote_updated_at: str = ""
    customer_id: str
    paid_day: date
    currency: str = "USD"
    total_minor: int = minor()
    unapplied_minor: int = minor()
    reference: str = ""
    account_id: str = ""  # where it was deposited to
    state: str = "live"


class AccountRow(SQLModel, table=True):
    """An account of the chart."""

    __tablename__ = "account"

    company_id: str = Field(primary_key=True)
    qbo_id: str = Field(primary_key=True)
    sync_token: str
    remote_updated_at: str = ""
    name: str
    kind: str  # AccountType
    detail: str = ""  # AccountSubType
    currency: str = "USD"
    balance_minor: int = minor()
    active: bool = True
    state: str = "live"


class ListingRow(SQLModel, table=True):
    """The head of any other object: items, terms, tax codes, methods, vendors, purchases, transfers and so on."""

    __tablename__ = "listing"

    company_id: str = Field(primary_key=True)
    entity: str = Field(primary_key=True)
    qbo_id: str = Field(primary_key=True)
    sync_token: str
    remote_updated_at: str = ""
    name: str = ""
    active: bool = True
    state: str = "live"
