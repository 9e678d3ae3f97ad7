"""A receipt's facts, read from the rows once for the mail, the paper and the page, in the words of all three.

Knows neither HTML nor PDF. Law: every amount comes from the payment's own rows; "recorded" is said only when every
posting of the payment's charge is in QuickBooks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from connector import words
from connector.clock import day_in
from connector.errors import TieoutError
from connector.ledger.applying import UNAPPLIED
from connector.ledger.by_method import percent_of
from connector.ledger.credits import BY_BANK, GRANTED
from connector.ledger.money import Money, total
from connector.ledger.payments import PaymentState
from connector.ledger.postings import PAYS, Kind
from connector.store.built import built
from connector.store.cache import CustomerRow
from connector.store.companies import CompanyRow
from connector.store.money import CreditUseRow, PaymentRow, ShareRow
from connector.store.outbox import PostingRow
from connector.store.prepared import Prepared
from sync.retrying.rows import shares_of
from sync.settle import payment_of
from sync.settling.facts import CREDIT


class NoReceipt(TieoutError):
    """There is no such payment in this company, or its money has not arrived."""


@dataclass(frozen=True)
class ReceiptLine:
    """One invoice on a receipt, a credit that paid part of them, or what was left on account."""

    label: str
    amount: Money


@dataclass(frozen=True)
class Receipt:
    """What a payer keeps: who was paid, how much, when, how, for what, and under which reference."""

    company: CompanyRow
    payment_id: str
    number: int
    customer: str
    amount: Money
    method: str
    paid_at: datetime
    reference: str
    lines: tuple[ReceiptLine, ...]
    recorded_at: datetime | None
    transaction: str  # Stripe's charge
    note: str  # the payer's own
    left: Money | None  # open on the invoices after this payment; None where nobody could ask

    @property
    def paid(self) -> Money:
        """Return the money that was paid, or where there was none what credits paid."""
        paid_off = total((line.amount for line in self.lines if line.amount.minor > 0), self.amount.currency)
        return self.amount or paid_off

    @property
    def title(self) -> str:
        """Return the receipt's name: Receipt 1042."""
        return words.say("Receipt {number}", number=self.number) if self.number else words.say("Receipt")

    @property
    def heading(self) -> str:
        """Return the receipt's name with whose it is: Receipt 1042 for Blue Mesa Ranch."""
        return (
            words.say("{document} for {customer}", document=self.title, customer=self.customer)
            if self.customer
            else self.title
        )

    @property
    def paid_on(self) -> str:
        """Return the day it was paid, in the company's zone: 23 November 2026."""
        return words.day_text(day_in(self.company.zone, self.paid_at), this_year=0)

    @property
    def left_text(self) -> str:
        """Say what the invoices still have open after this payment; empty where nobody could ask."""
        if self.left is None:
            return ""
        if not self.left:
            return words.say("Nothing, paid in full")
        return words.say("{amount} left to pay", amount=words.money_text(self.left))

    @property
    def books(self) -> str:
        """Say whether the payment is in the company's books: when, or that it will be."""
        whose = words.owner(self.company.name)
        if self.recorded_at is None:
            return words.say("Will be recorded in {whose} books.", whose=whose)
        zone = self.company.zone
        day = words.day_text(day_in(zone, self.recorded_at), this_year=0)
        time = words.clock_text(self.recorded_at, zone)
        return words.say("Recorded in {whose} books on {day} at {time}.", whose=whose, day=day, time=time)


def read_receipt(session: Session, company_id: str, payment_id: str) -> Receipt:
    """Read the receipt of a payment whose money has arrived. Raises NoReceipt."""
    payment = payment_of(session, company_id, payment_id).one_or_none()
    if payment is None or payment.state != PaymentState.SUCCEEDED or payment.succeeded_at is None:
        raise NoReceipt(f"payment {payment_id} has no receipt")
    company = company_row(session, company_id).one()
    postings = _charge_postings(session, company_id, payment_id).all()
    return Receipt(
        company=company,
        payment_id=payment_id,
        number=payment.receipt_number or 0,
        customer=_customer_name(session, company_id, payment.customer_id),
        amount=Money(payment.amount_minor, payment.currency),
        method=words.say("Open credit") if payment.method == CREDIT else payment.method_label or words.say("card"),
        paid_at=payment.succeeded_at,
        reference=next((one.reference for one in postings if one.kind == Kind.CHARGE), ""),
        lines=receipt_lines(session, payment),
        recorded_at=_recorded_at(postings),
        transaction=payment.charge_id,
        note=payment.note,
        left=_left(session, payment),
    )


@built
def company_row(company_id: str) -> SelectOfScalar[CompanyRow]:
    """Ask for a company."""
    return select(CompanyRow).where(CompanyRow.id == company_id)


def receipt_lines(session: Session, payment: PaymentRow) -> tuple[ReceiptLine, ...]:
    """Return what a payment is for: a line for each invoice, less credits, and one for what no invoice takes."""
    shares = shares_of(session, payment)
    lines = [
        ReceiptLine(words.say("Invoice {number}", number=share.number), Money(share.amount_minor, payment.currency))
        for share in shares
    ]
    uses = _uses(session, payment.company_id, payment.id).all()
    lines += [ReceiptLine(_use_label(use), Money(-use.amount_minor, payment.currency)) for use in uses]
    if payment.surcharge_minor:
        percent = words.quantity(percent_of(payment.surcharge_rate))
        label = words.say("Card surcharge, {percent}%", percent=percent)
        lines.append(ReceiptLine(label, Money(payment.surcharge_minor, payment.currency)))
    rest = payment.amount_minor - sum(line.amount.minor for line in lines)
    if rest:
        lines.append(ReceiptLine(words.say("On account"), Money(rest, payment.currency)))
    return tuple(lines)


@built
def _uses(company_id: str, payment_id: str) -> SelectOfScalar[CreditUseRow]:
    mine = select(CreditUseRow).where(CreditUseRow.company_id == company_id, CreditUseRow.payment_id == payment_id)
    return mine.order_by(col(CreditUseRow.number), col(CreditUseRow.credit))


def _use_label(use: CreditUseRow) -> str:
    if use.credit.startswith(BY_BANK):
        return words.say("Discount for paying from a bank account")
    number = use.number or use.credit.rpartition("/")[2]
    if use.credit.startswith(GRANTED):
        return words.say("Early-payment discount, invoice {number}", number=number)
    if use.credit.startswith(UNAPPLIED):
        return words.say("From an earlier payment")
    return words.say("Credit {number}", number=number)


def _left(session: Session, payment: PaymentRow) -> Money | None:
    """Return what the payment's invoices had open after it, as it was read when the money came."""
    kept = _LEFT.all(session, company=payment.company_id, payment=payment.id)
    known = [minor for (minor,) in kept if minor is not None]
    return Money(sum(known), payment.currency) if kept and len(known) == len(kept) else None


_LEFT = Prepared(
    select(ShareRow.left_minor).where(
        ShareRow.company_id == bindparam("company"), ShareRow.payment_id == bindparam("payment")
    )
)


@built
def _charge_postings(company_id: str, payment_id: str) -> SelectOfScalar[PostingRow]:
    mine = select(PostingRow).where(
        PostingRow.company_id == company_id, PostingRow.payment_id == payment_id, col(PostingRow.kind).in_(PAYS)
    )
    return mine.order_by(col(PostingRow.created_at), col(PostingRow.id))


def _recorded_at(postings: Sequence[PostingRow]) -> datetime | None:
    postings = [posting for posting in postings if posting.state != "dropped"]  # by hand, if at all
    instants = [posting.posted_at for posting in postings if posting.state == "posted"]
    done = [instant for instant in instants if instant is not None]
    return max(done) if postings and len(done) == len(postings) else None


def _customer_name(session: Session, company_id: str, customer_id: str) -> str:
    found = _NAME.first(session, company=company_id, customer=customer_id)
    return found[0] if found else ""


_NAME = Prepared(
    select(CustomerRow.name).where(
        CustomerRow.company_id == bindparam("company"), CustomerRow.qbo_id == bindparam("customer")
    )
)
