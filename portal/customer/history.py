"""What a customer paid: through this portal, with its receipt, and elsewhere, as QuickBooks tells it.

Law: a payment of ours that stands in QuickBooks appears once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from sqlalchemy import and_
from sqlmodel import Session, col

from connector.clock import day_in
from connector.ledger.money import Money
from connector.ledger.postings import Kind
from connector.store.cache import BookPaymentRow
from connector.store.money import PaymentRow, ShareRow
from connector.store.outbox import PostingRow
from connector.words import listing, say, say_many
from portal.access.visitors import Visitor
from portal.customer.whole import is_own
from portal.picking import fetch, pick
from sync.settling.facts import CREDIT

PAGE = 50
_SHOWN = ("processing", "succeeded", "failed")


@dataclass(frozen=True)
class Made:
    """One payment in the history."""

    day: date
    amount: Money
    payment_id: str  # empty for what was paid elsewhere, and for a part of what was paid for others too
    state: str  # of a payment of ours, or `elsewhere`
    method_label: str
    numbers: tuple[str, ...] = ()  # of the invoices it paid, where we know them

    def words(self, company: str) -> str:
        """Say how it was paid and what for: Visa 4242, invoices 1068 and 1071."""
        if self.state == "elsewhere":
            return say("Paid directly to {company}", company=company)
        method = self.method_label or say("Paid here")
        if not self.numbers:
            return method
        paid, number = listing(self.numbers), len(self.numbers)
        return say_many(
            "{method}, invoice {invoices}", "{method}, invoices {invoices}", number, method=method, invoices=paid
        )


def history_of(session: Session, visitor: Visitor, *, limit: int, offset: int = 0) -> list[Made]:
    """Return the payments of a contact's customers, newest first."""
    # Each list alone is long enough for the part of both that is shown.
    most = limit + offset
    both = sorted([*_ours(session, visitor, most), *_elsewhere(session, visitor, most)], key=lambda made: made.day)
    return both[::-1][offset:most]


def _ours(session: Session, visitor: Visitor, most: int) -> Iterator[Made]:
    found = (
        pick(
            PaymentRow.id,
            PaymentRow.amount_minor,
            PaymentRow.currency,
            PaymentRow.state,
            PaymentRow.method,
            PaymentRow.method_label,
            PaymentRow.created_at,
            PaymentRow.succeeded_at,
        )
        .where(visitor.may_see_payment(), col(PaymentRow.state).in_(_SHOWN))
        .order_by(col(PaymentRow.created_at).desc())
        .limit(most)
    )
    rows = fetch(session, found)
    parts = _parts(session, visitor, [row.id for row in rows])
    for row in reversed(rows):
        day = day_in(visitor.company.zone, row.succeeded_at or row.created_at)
        shares = parts.get(row.id, [])
        own, by_credit = [one for one in shares if one.is_own], row.method == CREDIT
        is_whole = len(own) == len(shares)
        minor = sum(one.minor for one in own) if by_credit or not is_whole else row.amount_minor
        label = say("Open credit") if by_credit else row.method_label
        numbers = tuple(one.number for one in own)
        yield Made(day, Money(minor, row.currency), row.id if is_whole else "", row.state, label, numbers)


def _elsewhere(session: Session, visitor: Visitor, most: int) -> Iterator[Made]:
    company_id = visitor.company.id
    ours = pick(PostingRow.id).where(
        and_(
            col(PostingRow.company_id) == company_id,
            col(PostingRow.entity) == "Payment",
            col(PostingRow.kind) != Kind.APPLY.value,  # what is applied here may have been paid elsewhere
            col(PostingRow.remote_id) == BookPaymentRow.qbo_id,
        )
    )
    found = (
        pick(BookPaymentRow.paid_day, BookPaymentRow.total_minor, BookPaymentRow.currency)
        .where(
            col(BookPaymentRow.company_id) == company_id,
            col(BookPaymentRow.customer_id).in_(visitor.customers()),
            col(BookPaymentRow.state) == "live",
            col(BookPaymentRow.total_minor) > 0,
            ~ours.exists(),
        )
        .order_by(col(BookPaymentRow.paid_day).desc(), col(BookPaymentRow.qbo_id).desc())
        .limit(most)
    )
    for day, minor, currency in reversed(fetch(session, found)):
        yield Made(day, Money(minor, currency), "", "elsewhere", "")


class _Part(NamedTuple):
    """What of a payment went to one invoice, and whether that is this visitor's."""

    number: str
    minor: int
    is_own: bool


def _parts(session: Session, visitor: Visitor, payment_ids: list[str]) -> dict[str, list[_Part]]:
    """Return for payments what they paid, by number."""
    own = is_own(visitor).label("is_own")
    found = (
        pick(ShareRow.payment_id, ShareRow.number, ShareRow.invoice_id, ShareRow.amount_minor, own)
        .where(col(ShareRow.company_id) == visitor.company.id, col(ShareRow.payment_id).in_(payment_ids))
        .order_by(col(ShareRow.number))
    )
    parts: dict[str, list[_Part]] = {}
    for payment_id, number, invoice_id, minor, is_mine in fetch(session, found):
        parts.setdefault(payment_id, []).append(_Part(number or invoice_id, minor, bool(is_mine)))
    return parts
