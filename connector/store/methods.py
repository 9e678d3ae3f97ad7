"""Payment methods that people keep for later: at Stripe, under a customer of their own; here what they are called.

No number of a card or an account is ever here. Laws: a method belongs to one contact of one company; the words of the
consent and its time are written before Stripe is asked, and never changed.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from connector.store.columns import instant, maybe_instant, text


class StripeCustomerRow(SQLModel, table=True):
    """The customer at Stripe that keeps a contact's methods."""

    __tablename__ = "stripe_customer"

    company_id: str = Field(primary_key=True)
    contact_id: str = Field(primary_key=True)
    customer_ref: str  # cus_...
    created_at: datetime = instant()


class SavedMethodRow(SQLModel, table=True):
    """One method, from the consent to keep it until it is removed."""

    __tablename__ = "saved_method"
    __table_args__ = (
        UniqueConstraint("company_id", "setup_ref"),
        Index("saved_method_of_contact", "company_id", "contact_id"),
        Index("saved_method_by_ref", "company_id", "method_ref"),
    )

    id: str = Field(primary_key=True)  # ULID
    company_id: str
    contact_id: str
    state: str = "begun"  # begun | verifying (its bank account waits for two small deposits) | ready | gone
    setup_ref: str | None = None  # seti_...
    payment_id: str = ""  # the payment that it is kept with; empty where a setup of its own keeps it
    method_ref: str = ""  # pm_..., once it is kept
    kind: str = ""  # card | us_bank_account
    funding: str = ""  # of a card: credit | debit | prepaid | unknown; empty where nobody asked yet
    label: str = ""  # Visa 4242
    expires: str = ""  # of a card: 04/29
    name: str = ""  # as its owner calls it
    is_default: bool = False
    verify_url: str = text()  # where the small deposits are told, while verifying
    consent: str = text()  # the words that were agreed to
    consent_at: datetime = instant()
    consent_from: str = ""  # the network address, so that the consent can be shown to a bank
    created_at: datetime = instant()
    removed_at: datetime | None = maybe_instant()
