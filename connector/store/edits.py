"""Changes owed to objects that QuickBooks has already, and what customers propose to change of their own data.

An edit is to a list entry or an estimate what a posting is to money: written in the commit of the decision it comes
from. Laws: an edit's key is unique in its company; the bytes sent under one requestid never change.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from connector.store.columns import instant, maybe_instant, text


class EditRow(SQLModel, table=True):
    """One sparse update owed to QuickBooks."""

    __tablename__ = "edit"
    __table_args__ = (
        UniqueConstraint("company_id", "key"),
        Index("edit_due", "state", "due_at"),
        Index("edit_of_object", "company_id", "entity", "qbo_id"),
    )

    id: str = Field(primary_key=True)  # ULID
    company_id: str = Field(foreign_key="company.id")
    key: str  # from the fact: estimate/<id>/<version>, proposal/<id>
    entity: str  # Estimate | Customer
    qbo_id: str
    customer_id: str
    title: str = text()  # what it does, for people: Estimate 1012 approved by Dana Reyes
    wanted: str = text()  # JSON: the fields as they shall be
    base: str = text()  # JSON: dotted fields as they were when it was decided; moved ones hold it
    by_id: str = ""  # the contact or staff member who decided
    generation: int = 1  # raised by a person's decision to write it all the same
    state: str = "due"  # due | leased | unknown | posted | held | dropped
    attempt: int = 0
    due_at: datetime = instant()
    lease_until: datetime | None = maybe_instant()
    fence: int = 0
    request_id: str = ""
    request_body: str = text()  # frozen with the version it was made for
    request_token: str = ""  # that version
    held_code: str = ""
    held_text: str = text()
    held_next: str = text()
    created_at: datetime = instant()
    posted_at: datetime | None = maybe_instant()


class ProposalRow(SQLModel, table=True):
    """What a customer's contact proposes to change of the customer's own data."""

    __tablename__ = "proposal"
    __table_args__ = (Index("proposal_of_customer", "company_id", "customer_id", "created_at"),)

    id: str = Field(primary_key=True)  # ULID
    company_id: str = Field(foreign_key="company.id")
    customer_id: str
    contact_id: str
    by: str = ""  # the contact's address, as it stood then
    wanted: str = text()  # JSON: our field names and the texts they shall have
    before: str = text()  # JSON: the same fields as they were
    note: str = text()
    language: str = ""
    state: str = "waiting"  # waiting | accepted | declined | withdrawn
    decided_by: str = ""  # a staff member's id, or `policy`
    answer: str = text()
    created_at: datetime = instant()
    decided_at: datetime | None = maybe_instant()
