"""Companies and their connections: who is the tenant, what is connected, which account plays which role.

Secrets are stored only as vault ciphers bound to company and column. Law: one QuickBooks realm, and one Stripe account,
belongs to one company.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, LargeBinary, UniqueConstraint
from sqlalchemy import text as sql
from sqlmodel import Field, SQLModel

from connector.store.columns import instant, maybe_instant, text


class CompanyRow(SQLModel, table=True):
    """A tenant: one QuickBooks company."""

    __tablename__ = "company"
    __table_args__ = (
        Index("company_at_host", "host", unique=True),
        Index("company_asks_host", "host_wanted", unique=True),
    )

    id: str = Field(primary_key=True)  # ULID
    slug: str = Field(unique=True)  # in the portal's address
    host: str | None = None  # pay.harbortile.com, where its payers' pages stand as well
    host_wanted: str | None = None  # asked for; becomes `host` when a browser came by it
    name: str
    realm_id: str | None = Field(default=None, unique=True)
    phone: str = ""
    email: str = ""
    place: str = ""  # "Portland, Oregon"
    address: str = text()  # as on a letter, lines
    country: str = "US"
    zone: str = "America/Los_Angeles"
    home_currency: str = "USD"
    accent: str = "#0f6b5f"  # brand colour; the page corrects its contrast
    allow_partial: bool = True  # a payer may pay less than an invoice's balance
    least_part_minor: int = 0  # but no less than this, in the home currency, unless it is all that is open
    spread_rule: str = "oldest"  # connector.ledger.allocation.Rule: how one amount goes to several invoices
    early_discount: bool = False  # grant what an invoice's terms take off for paying early
    discount_taxed: bool = False  # also on invoices with sales tax, which stays as it was invoiced
    card_surcharge: int = 0  # hundredths of a percent of what a credit card pays, on top; 0 is off
    bank_discount: int = 0  # hundredths of a percent of what a bank debit pays, off; 0 is off
    bank_first: bool = False  # bank accounts stand before cards among the ways to pay
    takes_deposits: bool = False  # payers may pay on account, without an invoice
    takes_payments: bool = True  # off: nothing new can be paid online; what is under way goes on
    pay_on_last_known: bool = False  # when QuickBooks cannot be asked, payers may pay on the balance last read
    takes_contact_data: bool = False  # payers' changes of own contact data are taken over unasked, but for the e-mail
    message: str = text()  # a few words at the top of the payers' pages
    sender_name: str = ""  # before the address of mails; empty is the company's name
    logo_version: str = ""  # of its LogoRow; empty where there is none
    custom_css: str = text()  # checked rules, as they are served
    custom_css_source: str = text()  # as it was typed
    analytics_id: str = ""  # of Google Analytics, on the payers' pages
    language: str = "en"  # what is spoken to payers of whom nobody knows what they read
    created_at: datetime = instant()


class LogoRow(SQLModel, table=True):
    """A company's logo, written anew by us: a PNG within bounds."""

    __tablename__ = "logo"

    company_id: str = Field(primary_key=True, foreign_key="company.id")
    version: str  # made of its bytes, with its width and height: 3f2a90c1b7de-432-144
    wide: int
    high: int
    body: bytes = Field(sa_type=LargeBinary)


class ConnectionRow(SQLModel, table=True):
    """A company's connection to QuickBooks or to Stripe, with its secrets as ciphers."""

    __tablename__ = "connection"
    __table_args__ = (
        Index(
            "connection_account",
            "which",
            "account",
            unique=True,
            sqlite_where=sql("account <> ''"),
            postgresql_where=sql("account <> ''"),
        ),
    )

    company_id: str = Field(primary_key=True, foreign_key="company.id")
    which: str = Field(primary_key=True)  # quickbooks | stripe
    state: str = "connected"  # connected | needs_reconnect | disconnected
    account: str = ""  # realm id, or Stripe account id
    livemode: bool = False
    through_platform: bool = False  # Stripe: by the platform's key and the owner's consent, without keys of its own
    access_cipher: str = text()  # QuickBooks access token
    secret_cipher: str = text()  # QuickBooks refresh token, or Stripe's restricted key
    webhook_cipher: str = text()  # Stripe's endpoint secret
    publishable_key: str = ""
    access_expires_at: datetime | None = maybe_instant()
    refresh_expires_at: datetime | None = maybe_instant()
    hard_expires_at: datetime | None = maybe_instant()
    rotated_at: datetime | None = maybe_instant()
    version: int = 0  # raised by every write of a token: compare and set
    lease_owner: str = ""  # who refreshes now
    lease_until: datetime | None = maybe_instant()
    last_error: str = text()
    connected_at: datetime = instant()


class ConsentRow(SQLModel, table=True):
    """An OAuth consent under way: our own state, bound to company and browser, single use, ten minutes."""

    __tablename__ = "consent"

    state_hash: str = Field(primary_key=True)
    which: str  # quickbooks | stripe
    company_id: str = Field(foreign_key="company.id")
    browser_hash: str = ""
    created_at: datetime = instant()
    expires_at: datetime = instant()
    used_at: datetime | None = maybe_instant()


class MappingRow(SQLModel, table=True):
    """Which QuickBooks object plays a role: the clearing account of a currency, the fees account, the vendor."""

    __tablename__ = "mapping"

    company_id: str = Field(primary_key=True, foreign_key="company.id")
    # clearing | fees | bank | receivable | vendor | method_card | method_bank | discount, surcharge (items)
    role: str = Field(primary_key=True)
    currency: str = Field(primary_key=True)
    qbo_id: str
    name: str = ""


class CountRow(SQLModel, table=True):
    """A running number of a company that is never used twice, such as that of receipts."""

    __tablename__ = "count"

    company_id: str = Field(primary_key=True, foreign_key="company.id")
    name: str = Field(primary_key=True)
    value: int = 0


class LeaseRow(SQLModel, table=True):
    """Who may do something alone for a while: push to a realm, pull a company, tick."""

    __tablename__ = "lease"

    name: str = Field(primary_key=True)
    owner: str = ""
    until: datetime = instant()
    fence: int = 0


class TickRow(SQLModel, table=True):
    """Work that belongs to a period and was rung once for it."""

    __tablename__ = "tick"
    __table_args__ = (UniqueConstraint("work", "period"),)

    id: int | None = Field(default=None, primary_key=True)
    work: str
    period: str
    rung_at: datetime = instant()
