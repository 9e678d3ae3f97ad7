"""What payers did and what Stripe says of it: payments, their shares and history, balance transactions, payouts.

A payment row stands before Stripe is called. Laws: shares and what is unapplied sum to the amount and the credits used;
history is only added to; a receipt number is used once.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlmodel import Field, SQLModel

from connector.store.columns import instant, maybe_instant, maybe_minor, minor, text

_IS_TRY = sql("retry_id <> ''")


class PaymentRow(SQLModel, table=True):
    """One press of Pay. Its id is the operation id that Stripe's Idempotency-Key is made from."""

    __tablename__ = "payment"
    __table_args__ = (
        UniqueConstraint("company_id", "intent_id"),
        UniqueConstraint("company_id", "receipt_number"),
        Index("payment_by_state", "company_id", "state", "created_at"),
        Index("payment_waiting", "state", "balance_txn"),  # of whatever company: the sweep asks whether there is any
        Index("payment_of_retry", "retry_id", sqlite_where=_IS_TRY, postgresql_where=_IS_TRY),
    )

    id: str = Field(primary_key=True)  # ULID
    company_id: str = Field(foreign_key="company.id")
    customer_id: str  # QuickBooks customer the payer came for; takes what no share takes
    contact_id: str = ""  # who was signed in, if anybody
    payer_email: str = ""
    language: str = ""  # of the page that Pay was pressed on; mails about it are written in it
    from_session: str = ""  # hash of the browser's session that pressed, against card testing
    from_address: str = ""  # hash of the network address it pressed from, against card testing
    note: str = ""  # the payer's own number or words for it, on the receipt: P.O. 4411
    amount_minor: int = minor()  # what is charged, the surcharge with it
    surcharge_minor: int = minor()  # what the way of paying costs the payer
    surcharge_rate: int = 0  # hundredths of a percent, as the payer was told
    currency: str
    state: str = "created"  # connector.ledger.payments.PaymentState
    form_nonce: str = Field(unique=True)  # one press of one form: a double click finds the same payment
    stripe_account: str = ""
    stripe_customer: str = ""  # who keeps methods there: the payer may confirm with one of them
    attempt: int = 1  # of creating the intent; raised only after an answer came
    intent_id: str | None = None
    charge_id: str = ""
    balance_txn: str = ""
    fee_minor: int | None = Field(default=None)
    settled_currency: str = ""
    method: str = ""  # card | us_bank_account | ...
    method_label: str = ""  # "Visa 4242"
    error_code: str = ""
    error_text: str = text()
    error_advice: str = ""  # Stripe's: try_again_later | do_not_try_again | confirm_card_data
    retry_id: str = ""  # the consent by which it was pressed; empty where a person pressed
    receipt_number: int | None = None
    version: int = 0  # raised by every change, for the live status page
    created_at: datetime = instant()
    expires_at: datetime = instant()  # until then its open shares reserve their amounts
    processing_at: datetime | None = maybe_instant()
    succeeded_at: datetime | None = maybe_instant()
    settled_at: datetime | None = maybe_instant()  # when its postings were written
    checked_at: datetime | None = maybe_instant()  # when the sweep last looked it up at Stripe


class ShareRow(SQLModel, table=True):
    """Part of a payment on one invoice."""

    __tablename__ = "share"
    __table_args__ = (Index("share_of_invoice", "company_id", "invoice_id"),)

    payment_id: str = Field(primary_key=True, foreign_key="payment.id")
    invoice_id: str = Field(primary_key=True)
    company_id: str
    customer_id: str
    amount_minor: int = minor()
    left_minor: int | None = maybe_minor()  # open on the invoice after it, read when the money came; None: not known
    number: str = ""  # the invoice's number when paid


class CreditUseRow(SQLModel, table=True):
    """Part of a payment's shares that an open credit of the customer pays instead of money."""

    __tablename__ = "credit_use"
    __table_args__ = (Index("use_of_credit", "company_id", "credit"),)

    payment_id: str = Field(primary_key=True, foreign_key="payment.id")
    credit: str = Field(primary_key=True)  # entity/id in QuickBooks: CreditMemo/73
    company_id: str
    customer_id: str
    amount_minor: int = minor()
    number: str = ""  # the credit memo's number when used


class PaymentEventRow(SQLModel, table=True):
    """One thing that happened to a payment; only added to."""

    __tablename__ = "payment_event"

    id: str = Field(primary_key=True)  # ULID
    company_id: str
    payment_id: str = Field(foreign_key="payment.id", index=True)
    at: datetime = instant()
    state: str
    text: str = text()


class BalanceTxnRow(SQLModel, table=True):
    """A balance transaction of a Stripe account: every move of money there is one."""

    __tablename__ = "balance_txn"
    __table_args__ = (Index("balance_txn_by_time", "company_id", "created_at"),)

    company_id: str = Field(primary_key=True)
    txn_id: str = Field(primary_key=True)
    kind: str  # Stripe's type: charge, payment, refund, payout, adjustment ...
    category: str = ""  # Stripe's reporting_category
    source_id: str = ""
    amount_minor: int = minor()
    fee_minor: int = minor()
    net_minor: int = minor()
    currency: str
    status: str = ""
    payout_id: str = ""
    charge_id: str = ""  # the charge it is about: itself, or the one refunded or disputed
    payment_id: str = ""  # of a charge that says it is ours
    named_as: str = ""  # subject of the discrepancy that names it in the tie-out
    description: str = text()
    created_at: datetime = instant()
    available_at: datetime = instant()


class PayoutRow(SQLModel, table=True):
    """A payout, or a draw from the bank when negative."""

    __tablename__ = "payout"

    company_id: str = Field(primary_key=True)
    payout_id: str = Field(primary_key=True)
    amount_minor: int = minor()
    currency: str
    status: str
    automatic: bool = True
    method: str = "standard"
    balance_txn: str = ""
    arrival_day: date
    trace: str = ""
    failure: str = text()
    is_sorted: bool = False  # its balance transactions are known and carry its id
    created_at: datetime = instant()
