"""The sync log: one line for everything that went to QuickBooks or came from it, in a sentence with its money.

Written beside the change it tells of, in the same commit. Holds what staff may read; log files never hold it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index
from sqlmodel import Field, SQLModel

from connector.store.columns import instant, text


class LogRow(SQLModel, table=True):
    """One line of the sync log."""

    __tablename__ = "log"
    __table_args__ = (Index("log_by_time", "company_id", "at"),)

    id: str = Field(primary_key=True)  # ULID
    company_id: str
    at: datetime = instant()
    kind: str  # pull | push | settle | connect | tie_out | mail | talk
    state: str  # recorded | held | pulled | waiting | needs_you | noted
    sentence: str = text()  # what happened
    detail: str = text()  # the second line
    money_minor: int | None = Field(default=None, sa_type=BigInteger)
    currency: str = ""
    posting_id: str = Field(default="", index=True)
    payment_id: str = ""
    entity: str = ""
    qbo_id: str = ""
    trace: str = ""  # intuit_tid
    took_ms: int | None = None
