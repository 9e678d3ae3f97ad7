"""The console's home: what arrived, what is on its way, what waits, what ties out, what needs a person.

Law: every figure leads to the list behind it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col

from connector.ledger.money import Money
from connector.store.money import PaymentRow, PayoutRow
from connector.store.outbox import PostingRow
from portal.access.companies import Company
from portal.here import now, runtime
from portal.picking import fetch, fetch_one, pick
from portal.staff.gate import member, pages
from portal.staff.needs import open_needs
from portal.staff.payment_rows import payments_of
from sync import tieout

WEEK = timedelta(days=7)
_WAITING = ("due", "leased", "unknown")


@dataclass(frozen=True)
class Sum:
    """So many of something, and what they come to in each currency."""

    number: int
    amounts: tuple[Money, ...]


@dataclass(frozen=True)
class Figures:
    """The figures at the top."""

    arrived: Sum
    under_way: Sum
    waiting: Sum
    held: Sum
    payout: Any  # the next payout's amount and day, or None
    proof: tieout.Proof | None


@pages.get("/")
def home() -> ResponseReturnValue:
    """Show the home of the company."""
    company = member().company
    with runtime().db.read() as session:
        figures = _figures(session, company)
        needs = open_needs(session, company.id, limit=5)
        payments = payments_of(session, company.id, limit=8)
    return render_template("staff/home.html", figures=figures, needs=needs, payments=payments)


def _figures(session: Session, company: Company) -> Figures:
    payments = col(PaymentRow.company_id) == company.id
    postings = col(PostingRow.company_id) == company.id
    succeeded = (payments, col(PaymentRow.state) == "succeeded", col(PaymentRow.succeeded_at) > now() - WEEK)
    return Figures(
        arrived=_sum(session, PaymentRow, *succeeded),
        under_way=_sum(session, PaymentRow, payments, col(PaymentRow.state) == "processing"),
        waiting=_sum(session, PostingRow, postings, col(PostingRow.state).in_(_WAITING)),
        held=_sum(session, PostingRow, postings, col(PostingRow.state) == "held"),
        payout=_next_payout(session, company.id),
        proof=tieout.latest(session, company.id),
    )


def _sum(session: Session, row: type[PaymentRow] | type[PostingRow], *conditions: ColumnElement[bool]) -> Sum:
    found = pick(row.currency, func.count(), func.sum(row.amount_minor)).where(*conditions)
    sums = fetch(session, found.group_by(col(row.currency)).order_by(col(row.currency)))
    return Sum(sum(count for _, count, _ in sums), tuple(Money(int(minor), currency) for currency, _, minor in sums))


def _next_payout(session: Session, company_id: str) -> Any:
    found = pick(PayoutRow.payout_id, PayoutRow.amount_minor, PayoutRow.currency, PayoutRow.arrival_day).where(
        col(PayoutRow.company_id) == company_id, col(PayoutRow.status).in_(("pending", "in_transit"))
    )
    return fetch_one(session, found.order_by(col(PayoutRow.arrival_day), col(PayoutRow.payout_id)))
