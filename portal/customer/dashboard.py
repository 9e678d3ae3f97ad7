"""What the home says beside the open invoices: credits, debits on their way, answers that wait, and what happened last.

Reads a few rows of each kind in the visitor's scope. Laws: an expected day is said as an expectation; what happened is
told by its day, the newest first, and each line leads to its page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from heapq import nlargest

from flask import url_for
from sqlmodel import Session, col

from connector.clock import day_in
from connector.ledger.money import Money
from connector.ledger.payments import PaymentState
from connector.store.cache import InvoiceRow
from connector.store.money import PaymentRow
from connector.words import mark, say
from portal.access.visitors import Visitor
from portal.customer import history
from portal.customer.credits import left_of_payments
from portal.customer.estimates import Credit, Estimate, Standing, credits_of, estimates_of
from portal.customer.flows import clears_by
from portal.customer.whole import is_whole
from portal.picking import fetch, pick

MOST = 6  # of what happened last


@dataclass(frozen=True)
class OnItsWay:
    """A bank debit that has not cleared."""

    payment_id: str
    amount: Money
    method_label: str
    sent_day: date
    expected_day: date


@dataclass(frozen=True)
class Happened:
    """One thing that happened: its day, what it was, how much, where it leads, and a mark where it has one."""

    day: date
    title: str
    amount: Money
    href: str = ""
    detail: str = ""
    kind: str = ""  # of the mark
    word: str = ""


@dataclass(frozen=True)
class Dashboard:
    """All of it."""

    credits: list[Money]
    on_their_way: list[OnItsWay]
    to_answer: int  # estimates that wait for an answer
    happened: list[Happened]
    has_papers: bool  # whether there is any estimate or credit to look at


def dashboard_of(session: Session, who: Visitor) -> Dashboard:
    """Return what the home says beside the open invoices."""
    estimates = estimates_of(session, who)
    memos = credits_of(session, who)
    rests = left_of_payments(session, who)
    left: dict[str, int] = {}
    for money in (*(memo.left for memo in memos), *(rest.left for rest in rests)):
        left[money.currency] = left.get(money.currency, 0) + money.minor
    return Dashboard(
        credits=[Money(minor, currency) for currency, minor in left.items() if minor > 0],
        on_their_way=_on_their_way(session, who),
        to_answer=sum(one.standing is Standing.WAITS for one in estimates),
        happened=_happened(session, who, estimates, memos),
        has_papers=bool(estimates or memos or rests),
    )


def _on_their_way(session: Session, who: Visitor) -> list[OnItsWay]:
    found = (
        pick(
            *(col(PaymentRow.id), col(PaymentRow.amount_minor), col(PaymentRow.currency)),
            *(col(PaymentRow.method_label), col(PaymentRow.created_at), col(PaymentRow.processing_at)),
        )
        .where(who.may_see_payment(), is_whole(who), col(PaymentRow.state) == PaymentState.PROCESSING.value)
        .order_by(col(PaymentRow.created_at))
        .limit(MOST)
    )
    debits = []
    for payment_id, minor, currency, label, created_at, processing_at in fetch(session, found):
        sent = day_in(who.company.zone, processing_at or created_at)
        debits.append(OnItsWay(payment_id, Money(minor, currency), label, sent, clears_by(sent)))
    return debits


def _happened(session: Session, who: Visitor, estimates: Sequence[Estimate], memos: Sequence[Credit]) -> list[Happened]:
    both = [*_payments(session, who), *_invoices(session, who), *_papers(estimates, memos)]
    return nlargest(MOST, both, key=lambda one: one.day)  # of one day, payments before the invoices they pay


_MARKS = {
    "succeeded": ("good", mark("Paid")),
    "processing": ("wait", mark("On its way")),
    "failed": ("bad", mark("Did not go through")),
}


def _payments(session: Session, who: Visitor) -> Iterable[Happened]:
    for made in history.history_of(session, who, limit=MOST):
        kind, word = _MARKS.get(made.state, ("", ""))
        door = ".show_receipt" if made.state == "succeeded" else ".show_payment"
        href = url_for(door, payment_id=made.payment_id) if made.payment_id else ""
        yield Happened(made.day, say("Payment"), made.amount, href, made.words(who.company.name), kind, word)


def _invoices(session: Session, who: Visitor) -> Iterable[Happened]:
    company = col(InvoiceRow.company_id) == who.company.id
    own = (company, col(InvoiceRow.customer_id).in_(who.customers()), col(InvoiceRow.state) == "live")
    invoices = pick(
        InvoiceRow.qbo_id, InvoiceRow.number, InvoiceRow.issued_day, InvoiceRow.total_minor, InvoiceRow.currency
    )
    last = invoices.where(*own).order_by(col(InvoiceRow.issued_day).desc(), col(InvoiceRow.qbo_id).desc()).limit(MOST)
    for row in fetch(session, last):
        title = say("Invoice {number}", number=row.number) if row.number else say("Your invoice")
        href = url_for(".show_invoice", invoice_id=row.qbo_id)
        yield Happened(row.issued_day, title, Money(row.total_minor, row.currency), href)


def _papers(estimates: Sequence[Estimate], memos: Sequence[Credit]) -> Iterable[Happened]:
    for estimate in estimates[:MOST]:
        href = url_for(".show_estimate", estimate_id=estimate.qbo_id)
        yield Happened(estimate.issued_day, estimate.title, estimate.total, href)
    for credit in nlargest(MOST, memos, key=lambda one: one.issued_day):
        title = say("Credit {number}", number=credit.number) if credit.number else say("Credit")
        yield Happened(credit.issued_day, title, credit.total, url_for(".list_documents"))
