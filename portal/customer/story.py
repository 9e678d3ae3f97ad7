"""The story of a payment as its payer reads it: what it paid, where it stands, when it reached the books.

Reads our rows in the visitor's scope. Laws: "recorded" is said only when every posting of the charge stands in
QuickBooks; a failure is told in plain words, with nothing a thief would like to know.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, or_
from sqlmodel import Session, col

from connector.ledger.credits import BY_BANK, GRANTED
from connector.ledger.money import Money
from connector.ledger.payments import OPEN, UNDER_WAY, PaymentState
from connector.ledger.postings import PAYS, Kind
from connector.store.cache import CustomerRow
from connector.store.money import CreditUseRow, PaymentRow, ShareRow
from connector.store.outbox import PostingRow
from connector.store.prepared import Prepared
from connector.store.verifying import BankCheckRow
from connector.words import known, listing, mark, say, say_many
from portal.access.companies import Company
from portal.access.visitors import Visitor
from portal.customer.steps import Step, Way
from portal.customer.whole import is_whole
from portal.here import now, runtime
from portal.picking import fetch_one, pick

LATE_AFTER = timedelta(hours=1)  # then a payment that is not in the books waits for a person
_DECLINED = mark("The card or bank did not accept the payment.")
# What is most often the reason, in the words of `sync.settle` and of Stripe.
_REASONS = (
    mark("Your card was declined."),
    mark("Your bank account was declined."),
    mark("Your card has insufficient funds."),
    mark("Your card has expired."),
    mark("Your card's security code is incorrect."),
    mark("Your card number is incorrect."),
)


@dataclass(frozen=True)
class StoryShare:
    """What went to one invoice."""

    invoice_id: str
    number: str
    amount: Money


@dataclass(frozen=True)
class Waiting:
    """Small deposits by which a bank account is verified: what to look for, from when, and where to tell it."""

    url: str
    kind: str  # descriptor_code | amounts
    arrival_day: date


@dataclass(frozen=True)
class Story:
    """Everything the status page and the receipt say."""

    payment_id: str
    company: Company
    customer_name: str
    amount: Money
    state: PaymentState
    method: str
    method_label: str
    intent_id: str
    charge_id: str
    error_code: str
    error_text: str
    receipt_number: int | None
    created_at: datetime
    processing_at: datetime | None
    succeeded_at: datetime | None
    checked_at: datetime | None
    shares: tuple[StoryShare, ...]
    surcharge: Money  # what of the amount the way of paying cost
    by_credit: Money  # what of the shares open credits paid
    bank_discount: Money  # what a bank account took off
    early_discount: Money  # what paying before the last day of the terms took off
    recorded_at: datetime | None  # when the last of its postings reached the books
    reference: str  # the one that stands in the books and on the receipt; empty until the money has arrived
    waits_for: Waiting | None = None  # the small deposits, while its bank account waits for them
    is_late: bool = False  # it is not in the books an hour after the money came: a person sees to it

    @property
    def paid(self) -> Money:
        """Return what the page says in large figures: the money, or where there was none what credits paid."""
        return self.amount or self.by_credit

    @property
    def version(self) -> str:
        """Return a text that changes whenever the page would."""
        waits = ".waits" if self.waits_for else ""
        return f"{self.state.value}.{self.error_code}.{bool(self.recorded_at):d}{waits}"

    @property
    def is_waiting(self) -> bool:
        """Tell whether the page has something to wait for."""
        if self.state is PaymentState.SUCCEEDED:
            return self.recorded_at is None and not self.is_late
        # Also after a decline: the payer may be trying another card in the page behind this one.
        return self.state in UNDER_WAY

    @property
    def was_declined(self) -> bool:
        """Tell whether the last try failed and another may be made."""
        return self.state in OPEN and bool(self.error_code)

    @property
    def reason(self) -> str:
        """Return why it failed, in words that are fit for the payer (`sync.settle` chose them)."""
        return known(self.error_text or _DECLINED)

    @property
    def invoices(self) -> str:
        """Return what it paid, as it stands in a sentence: invoice 1068, invoices 1068 and 1071, or on account."""
        if not self.shares:
            return say("a deposit on your account")
        numbers = listing([share.number for share in self.shares])
        return say_many("invoice {invoices}", "invoices {invoices}", len(self.shares), invoices=numbers)

    @property
    def steps(self) -> list[Step]:
        """Return the payment's way as steps with their days."""
        return Way(
            state=self.state,
            processing_at=self.processing_at,
            succeeded_at=self.succeeded_at,
            recorded_at=self.recorded_at,
            company_name=self.company.name,
            zone=self.company.zone,
            today=self.company.today,
        ).steps()


_PAYMENT = (
    *(col(PaymentRow.id), col(PaymentRow.amount_minor), col(PaymentRow.surcharge_minor), col(PaymentRow.currency)),
    col(PaymentRow.state),
    *(col(PaymentRow.method), col(PaymentRow.method_label), col(PaymentRow.intent_id), col(PaymentRow.charge_id)),
    *(col(PaymentRow.error_code), col(PaymentRow.error_text), col(PaymentRow.receipt_number)),
    col(PaymentRow.created_at),
    *(col(PaymentRow.processing_at), col(PaymentRow.succeeded_at), col(PaymentRow.checked_at)),
)


def story_of(visitor: Visitor, payment_id: str) -> Story | None:
    """Return a payment's story; None where it is not this visitor's or does not exist."""
    company = visitor.company
    customer = (col(CustomerRow.company_id) == company.id) & (col(CustomerRow.qbo_id) == PaymentRow.customer_id)
    found = (
        pick(*_PAYMENT, CustomerRow.name)
        .outerjoin(CustomerRow, customer)
        .where(visitor.may_open_payment(), is_whole(visitor), col(PaymentRow.id) == payment_id)
    )
    with runtime().db.read() as session:
        row = fetch_one(session, found)
        if row is None:
            return None
        shares, (recorded_at, reference) = _shares(session, company.id, row), _in_books(session, company.id, payment_id)
        uses = _uses(session, company.id, payment_id)
        waits_for = _waiting(session, company.id, row)
    story = _story(company, row, shares, uses=uses, recorded_at=recorded_at, reference=reference)
    came_at = row.succeeded_at or now()
    return replace(story, waits_for=waits_for, is_late=recorded_at is None and now() - came_at > LATE_AFTER)


def _story(
    company: Company,
    row: Row[Any],
    shares: tuple[StoryShare, ...],
    *,
    uses: Sequence[tuple[str, int]],
    recorded_at: datetime | None,
    reference: str,
) -> Story:
    off = sum(minor for name, minor in uses if name.startswith(BY_BANK))
    granted = sum(minor for name, minor in uses if name.startswith(GRANTED))
    return Story(
        payment_id=row.id,
        company=company,
        customer_name=row.name or "",
        amount=Money(row.amount_minor, row.currency),
        surcharge=Money(row.surcharge_minor, row.currency),
        state=PaymentState(row.state),
        method=row.method,
        method_label=row.method_label,
        intent_id=row.intent_id or "",
        charge_id=row.charge_id,
        error_code=row.error_code,
        error_text=row.error_text,
        receipt_number=row.receipt_number,
        created_at=row.created_at,
        processing_at=row.processing_at,
        succeeded_at=row.succeeded_at,
        checked_at=row.checked_at,
        shares=shares,
        by_credit=Money(sum(minor for _, minor in uses) - granted, row.currency),
        bank_discount=Money(off, row.currency),
        early_discount=Money(granted - off, row.currency),
        recorded_at=recorded_at,
        reference=reference,
    )


def _shares(session: Session, company_id: str, row: Row[Any]) -> tuple[StoryShare, ...]:
    return tuple(
        StoryShare(invoice_id, number or invoice_id, Money(minor, row.currency))
        for invoice_id, number, minor in _SHARES.all(session, company=company_id, payment=row.id)
    )


_SHARES = Prepared(
    pick(ShareRow.invoice_id, ShareRow.number, ShareRow.amount_minor)
    .where(col(ShareRow.company_id) == bindparam("company"), col(ShareRow.payment_id) == bindparam("payment"))
    .order_by(col(ShareRow.number), col(ShareRow.invoice_id))
)


def _waiting(session: Session, company_id: str, row: Row[Any]) -> Waiting | None:
    if row.state not in OPEN:
        return None
    told = _CHECK.first(session, company=company_id, payment=row.id)
    return Waiting(*told) if told else None


_CHECK = Prepared(
    pick(BankCheckRow.url, BankCheckRow.kind, BankCheckRow.arrival_day).where(
        col(BankCheckRow.company_id) == bindparam("company"),
        col(BankCheckRow.subject) == bindparam("payment"),
        col(BankCheckRow.state) == "waits",
    )
)


def _uses(session: Session, company_id: str, payment_id: str) -> list[tuple[str, int]]:
    """Return what paid beside money, by name, in minor units."""
    return [(name, minor) for name, minor in _USES.all(session, company=company_id, payment=payment_id)]


_USES = Prepared(
    pick(CreditUseRow.credit, CreditUseRow.amount_minor).where(
        col(CreditUseRow.company_id) == bindparam("company"), col(CreditUseRow.payment_id) == bindparam("payment")
    )
)


def _in_books(session: Session, company_id: str, payment_id: str) -> tuple[datetime | None, str]:
    """Return when the last posting of the charge was recorded, None while one is missing, and the first's reference.

    One that staff dropped is in the books by hand, if at all: nothing waits for it.
    """
    rows = _POSTINGS.all(session, company=company_id, payment=payment_id)
    owed = [(state, at) for state, at, *_ in rows if state != "dropped"]
    instants = [at for state, at in owed if state == "posted" and at is not None]
    # What is applied changes a document that has a reference of its own.
    reference = next((reference for *_, reference, kind in rows if kind == Kind.CHARGE), "")
    return (max(instants) if owed and len(instants) == len(owed) else None), reference


_POSTINGS = Prepared(
    pick(PostingRow.state, PostingRow.posted_at, PostingRow.reference, PostingRow.kind)
    .where(
        col(PostingRow.company_id) == bindparam("company"),
        col(PostingRow.payment_id) == bindparam("payment"),
        or_(*(col(PostingRow.kind) == kind for kind in PAYS)),
    )
    .order_by(col(PostingRow.created_at), col(PostingRow.id))
)
