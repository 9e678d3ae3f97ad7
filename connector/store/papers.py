"""Papers beside invoices: estimates, which files are attached to what, and copies of files that were read once.

All of it comes from QuickBooks and can be thrown away and read again. Laws: a copy is of one version of its object, and
another version is another copy; how much a company's copies may take is bounded where they are written.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Index, LargeBinary
from sqlmodel import Field, SQLModel

from connector.store.columns import instant, maybe_minor, minor


class EstimateRow(SQLModel, table=True):
    """An estimate's head. Lines are read from its raw text when a page shows them."""

    __tablename__ = "estimate"
    __table_args__ = (Index("estimate_of_customer", "company_id", "customer_id", "issued_day"),)

    company_id: str = Field(primary_key=True)
    qbo_id: str = Field(primary_key=True)
    sync_token: str
    remote_updated_at: str = ""
    number: str = ""
    customer_id: str
    issued_day: date
    expires_day: date | None = None
    currency: str = "USD"
    total_minor: int = minor()
    status: str = ""  # Pending | Accepted | Rejected | Closed | Converted, as QuickBooks writes it
    accepted_by: str = ""
    accepted_day: date | None = None
    state: str = "live"  # live | voided | deleted


class AttachedRow(SQLModel, table=True):
    """A file that is attached to a document in QuickBooks; a file attached to two documents has two rows."""

    __tablename__ = "attached"
    __table_args__ = (Index("attached_to", "company_id", "entity", "object_id"),)

    company_id: str = Field(primary_key=True)
    attachable_id: str = Field(primary_key=True)
    entity: str = Field(primary_key=True)  # Invoice | Estimate | CreditMemo ...
    object_id: str = Field(primary_key=True)
    on_send: bool = False  # whether it goes out with the document, so that its customer may see it
    name: str = ""
    media_type: str = ""  # as QuickBooks says; what is served is known by its first bytes
    size: int | None = maybe_minor()  # bytes, where QuickBooks says them
    sync_token: str = ""


class CopyRow(SQLModel, table=True):
    """A copy of a file or a PDF that was read from QuickBooks, with a small picture where it is one."""

    __tablename__ = "kept_copy"
    __table_args__ = (Index("copy_by_use", "company_id", "used_at"),)

    company_id: str = Field(primary_key=True)
    entity: str = Field(primary_key=True)  # Attachable, or whose PDF it is: Invoice, Estimate, CreditMemo
    qbo_id: str = Field(primary_key=True)
    version: str  # of the object it is a copy of
    media_type: str
    size: int  # bytes of body and small picture together
    body: bytes = Field(sa_type=LargeBinary)
    small: bytes = Field(default=b"", sa_type=LargeBinary)
    used_at: datetime = instant()
