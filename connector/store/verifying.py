"""Bank accounts that wait to be verified by small deposits: what to look for, where to tell it, and how it ended.

A bank account is that of a payment or of a kept method; both have a row here under their own id. Law: a row is made in
the commit that owes its mails, and says `waits` exactly as long as Stripe does.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlmodel import Field, SQLModel

from connector.store.columns import instant, text


class BankCheckRow(SQLModel, table=True):
    """One bank account on its way to be verified."""

    __tablename__ = "bank_check"

    company_id: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)  # the id of a payment or of a saved method
    state: str = "waits"  # waits | done | over
    url: str = text()  # Stripe's page where what was found is told
    kind: str  # descriptor_code: one deposit of a cent with a code | amounts: two deposits
    arrival_day: date
    why: str = ""  # it is over: late | tries | unsent
    language: str = ""  # in which its owner is written to
    asked_at: datetime = instant()
