"""Who may come in: staff, contacts and what they prove themselves with, sessions, links, and counters of attempts.

Tokens are stored as SHA-256 only, passwords as argon2id, a provider's secret as a cipher of the vault. Laws: a link of
one company opens nothing of another; a one-time link works once; what was revoked or has expired opens nothing.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from connector.store.columns import instant, maybe_instant, text


class StaffRow(SQLModel, table=True):
    """A person who works on the books; may belong to several companies."""

    __tablename__ = "staff"

    id: str = Field(primary_key=True)
    email: str = Field(unique=True)
    name: str = ""
    created_at: datetime = instant()


class MembershipRow(SQLModel, table=True):
    """A staff member's role in one company."""

    __tablename__ = "membership"

    staff_id: str = Field(primary_key=True, foreign_key="staff.id")
    company_id: str = Field(primary_key=True, foreign_key="company.id")
    role: str  # owner | bookkeeper | viewer


class ContactRow(SQLModel, table=True):
    """A person who may sign in for customers of one company."""

    __tablename__ = "contact"
    __table_args__ = (UniqueConstraint("company_id", "email"),)

    id: str = Field(primary_key=True)
    company_id: str = Field(foreign_key="company.id")
    email: str  # lower case
    name: str = ""
    state: str = "active"  # active | pending | blocked
    created_at: datetime = instant()


class ContactCustomerRow(SQLModel, table=True):
    """What a contact may do for a customer, and for the sub-customers under it."""

    __tablename__ = "contact_customer"

    company_id: str = Field(primary_key=True)
    contact_id: str = Field(primary_key=True, foreign_key="contact.id")
    customer_id: str = Field(primary_key=True)
    # active | pending: an address that changed in QuickBooks waits for a person | blocked by staff | removed by the
    # customer's own manager
    state: str = "active"
    role: str = "pay"  # view | pay | manage


class PasswordRow(SQLModel, table=True):
    """A contact's password, as argon2id."""

    __tablename__ = "password"

    contact_id: str = Field(primary_key=True, foreign_key="contact.id")
    company_id: str = Field(foreign_key="company.id")
    hash: str
    changed_at: datetime = instant()


class PasskeyRow(SQLModel, table=True):
    """A passkey of a contact: its public half, and how often it was used."""

    __tablename__ = "passkey"

    credential_id: str = Field(primary_key=True)  # base64url, as browsers name it
    company_id: str = Field(foreign_key="company.id")
    contact_id: str = Field(foreign_key="contact.id", index=True)
    public_key: str = text()  # base64url of COSE
    uses: int = 0  # the authenticator's own count, where it keeps one
    name: str = ""
    host: str = ""  # the company's own host at which it was made and works; empty is the installation's
    created_at: datetime = instant()
    used_at: datetime | None = maybe_instant()


class ProviderRow(SQLModel, table=True):
    """The OpenID provider through which people of a company's customers may sign in."""

    __tablename__ = "provider"

    company_id: str = Field(primary_key=True, foreign_key="company.id")
    name: str  # on the button
    issuer: str
    client_id: str
    secret_cipher: str = text()
    created_at: datetime = instant()


class LinkRow(SQLModel, table=True):
    """A secret link that was given out, by its hash."""

    __tablename__ = "link"
    __table_args__ = (
        Index("link_of_contact", "company_id", "purpose", "contact_id"),
        Index("link_of_invoice", "company_id", "invoice_id"),
    )

    token_hash: str = Field(primary_key=True)
    purpose: str  # invoice | sign_in | staff_sign_in | invite | passkey (a challenge) | provider (a state)
    company_id: str = ""
    invoice_id: str = ""
    contact_id: str = ""
    staff_id: str = ""
    browser_hash: str = ""  # the browser that asked, for one-time links
    created_at: datetime = instant()
    expires_at: datetime | None = maybe_instant()
    used_at: datetime | None = maybe_instant()
    revoked_at: datetime | None = maybe_instant()


class SessionRow(SQLModel, table=True):
    """A browser that was let in, by the hash of its cookie."""

    __tablename__ = "session"

    id_hash: str = Field(primary_key=True)
    audience: str  # guest (opened links only) | customer | staff
    company_id: str = ""
    contact_id: str = ""
    staff_id: str = ""
    invoices: str = text()  # ids of the invoices whose links were opened here, by spaces
    customer_id: str = ""  # customer: the one chosen among several; empty for all of them
    proof: str = ""  # customer: what let them in: mail | invite | password | passkey | provider
    browser: str = ""  # what it called itself: Firefox on Windows
    created_at: datetime = instant()
    seen_at: datetime = instant()
    expires_at: datetime = instant()
    ended_at: datetime | None = maybe_instant()


class LimitRow(SQLModel, table=True):
    """How often something was tried in a window."""

    __tablename__ = "limit"

    bucket: str = Field(primary_key=True)  # sign_in/ip/203.0.113.9
    window: str = Field(primary_key=True)  # the window's start
    tries: int = 0
