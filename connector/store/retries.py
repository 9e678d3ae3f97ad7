"""Payments that their payers let be tried again by themselves: what was agreed to, and how far it has come.

No number of a card or an account is ever here. Laws: the words of the consent and its time stand before anything is
tried, and never change; of one payment at most one consent is in force.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy import text as sql
from sqlmodel import Field, SQLModel

from connector.store.columns import instant, maybe_instant, minor, text


class RetryRow(SQLModel, table=True):
    """One consent to have a refused payment tried again."""

    __tablename__ = "payment_retry"
    __table_args__ = (
        Index(
            "retry_in_force",
            "company_id",
            "payment_id",
            unique=True,
            sqlite_where=sql("state = 'on'"),
            postgresql_where=sql("state = 'on'"),
        ),
        Index("retry_due", "state", "next_at"),
    )

    id: str = Field(primary_key=True)  # ULID
    company_id: str = Field(foreign_key="company.id")
    payment_id: str = Field(foreign_key="payment.id")  # the one that was refused
    contact_id: str  # who agreed
    method_id: str  # the kept method that is tried: a saved_method
    days: str = text()  # on which it may be tried, in the company's zone: 2026-11-30 2026-12-02
    amount_minor: int = minor()  # what may be charged at most, once; in the payment's currency
    state: str = "on"  # on | done | over | stopped
    why: str = ""  # it is over: paid | changed | method | asks | tries | person | late
    number: int = 1  # of the press that is next or under way; each has a form key of its own
    tried: int = 0  # how often the bank has refused
    next_at: datetime = instant()  # when somebody looks at it again
    last_code: str = ""  # the bank's reason at the last try
    last_text: str = text()  # the same, fit for the payer
    language: str = ""  # in which the payer reads
    consent: str = text()  # the words that were agreed to
    consent_at: datetime = instant()
    consent_from: str = ""  # the network address, so that the consent can be shown to a bank
    ended_at: datetime | None = maybe_instant()
