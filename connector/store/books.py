"""The tie-out: its results, and the discrepancies that somebody owns.

Law: one cause is one open discrepancy (unique by kind and subject); it is closed, never deleted.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy import text as sql
from sqlmodel import Field, SQLModel

from connector.store.columns import instant, maybe_instant, minor, text


class DiscrepancyRow(SQLModel, table=True):
    """A difference or a held thing, in plain words, with whose turn it is and what to do."""

    __tablename__ = "discrepancy"
    __table_args__ = (
        Index(
            "discrepancy_open_once",
            "company_id",
            "kind",
            "subject",
            unique=True,
            sqlite_where=sql("closed_at IS NULL"),
            postgresql_where=sql("closed_at IS NULL"),
        ),
    )

    id: str = Field(primary_key=True)  # ULID
    company_id: str
    kind: str  # posting_held | refund_unposted | dispute_unposted | payout_failed | books_changed | overpaid ...
    subject: str  # the id it is about
    sentence: str = text()
    next_step: str = text()
    amount_minor: int = minor()
    currency: str = "USD"
    explains: bool = False  # its amount stands as a named line in the tie-out
    posting_id: str = ""
    payment_id: str = ""
    opened_at: datetime = instant()
    seen_at: datetime = instant()
    closed_at: datetime | None = maybe_instant()
    closed_by: str = ""  # tieout | a staff id
    closing_note: str = text()


class TieoutRow(SQLModel, table=True):
    """One run of the tie-out for one currency."""

    __tablename__ = "tieout"
    __table_args__ = (Index("tieout_by_time", "company_id", "at"),)

    id: str = Field(primary_key=True)  # ULID
    company_id: str
    at: datetime = instant()
    currency: str
    stripe_minor: int = minor()
    postings_minor: int = minor()
    books_minor: int = minor()
    unexplained_minor: int = minor()
    lines: str = text()  # JSON of the named lines
    ties: bool
