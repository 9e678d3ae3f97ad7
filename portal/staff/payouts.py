"""Payouts: what Stripe sent to the bank, with the charges, fees and other movements inside.

Law: the movements shown are Stripe's own; their net is the payout, to the cent.
"""

from __future__ import annotations

from typing import Any

from flask import abort, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import and_, func
from sqlmodel import Session, col

from connector.ledger.money import Money
from connector.store.cache import CustomerRow
from connector.store.money import BalanceTxnRow, PaymentRow, PayoutRow
from connector.store.outbox import PostingRow
from portal.here import runtime
from portal.picking import fetch, fetch_one, pick
from portal.staff.gate import member, pages
from portal.staff.matching import matches
from portal.staff.payments import POSTING_MARKS
from portal.staff.wish import PAGE, read_wish

MARKS = {
    "pending": ("wait", "Coming"),
    "in_transit": ("wait", "On its way"),
    "paid": ("good", "Arrived"),
    "failed": ("bad", "Failed"),
    "canceled": ("", "Cancelled"),
}
MOST_MOVEMENTS = 500
_COLUMNS = (
    *(col(PayoutRow.payout_id), col(PayoutRow.amount_minor), col(PayoutRow.currency), col(PayoutRow.status)),
    *(col(PayoutRow.arrival_day), col(PayoutRow.trace), col(PayoutRow.failure), col(PayoutRow.created_at)),
    *(col(PostingRow.state), col(PostingRow.remote_id), col(PostingRow.id)),
)


def _posting(company_id: str) -> Any:
    return and_(
        col(PostingRow.company_id) == company_id,
        col(PostingRow.object_id) == PayoutRow.payout_id,
        col(PostingRow.kind) == "payout",
    )


@pages.get("/payouts")
def list_payouts() -> ResponseReturnValue:
    """Show the payouts."""
    wish = read_wish(".list_payouts")
    company = member().company
    found = (
        pick(*_COLUMNS)
        .select_from(PayoutRow)
        .outerjoin(PostingRow, _posting(company.id))
        .where(col(PayoutRow.company_id) == company.id)
    )
    if wish["q"]:
        ids = (col(PayoutRow.payout_id), col(PayoutRow.trace))
        amounts = (col(PayoutRow.amount_minor),)
        found = found.where(matches(wish["q"], ids=ids, amounts=amounts, currency=company.home_currency))
    with runtime().db.read() as session:
        ordered = found.order_by(col(PayoutRow.arrival_day).desc(), col(PayoutRow.payout_id))
        rows = fetch(session, ordered.limit(PAGE + 1).offset(wish.offset))
    return render_template(
        "staff/payouts.html",
        wish=wish,
        rows=rows[:PAGE],
        has_more=len(rows) > PAGE,
        marks=MARKS,
        posting_marks=POSTING_MARKS,
    )


@pages.get("/payouts/<payout_id>")
def show_payout(payout_id: str) -> ResponseReturnValue:
    """Show a payout and what is inside."""
    company_id = member().company.id
    found = (
        pick(*_COLUMNS)
        .select_from(PayoutRow)
        .outerjoin(PostingRow, _posting(company_id))
        .where(col(PayoutRow.company_id) == company_id, col(PayoutRow.payout_id) == payout_id)
    )
    with runtime().db.read() as session:
        row = fetch_one(session, found)
        if row is None:
            abort(404)
        inside = _movements(session, company_id, payout_id)
        number, gross, fees = _sums(session, company_id, payout_id)
    return render_template(
        "staff/payout.html",
        row=row,
        amount=Money(row.amount_minor, row.currency),
        movements=inside,
        number=number,
        gross=Money(gross, row.currency),
        fees=Money(-fees, row.currency),
        marks=MARKS,
        posting_marks=POSTING_MARKS,
    )


def _inside(company_id: str, payout_id: str) -> Any:
    """Return the condition of what a payout holds, itself left out."""
    mine = and_(col(BalanceTxnRow.company_id) == company_id, col(BalanceTxnRow.payout_id) == payout_id)
    return and_(mine, col(BalanceTxnRow.kind) != "payout")


def _sums(session: Session, company_id: str, payout_id: str) -> tuple[int, int, int]:
    """Return how many movements there are, and what they and their fees come to: all of them, listed or not."""
    amounts = (
        func.coalesce(func.sum(BalanceTxnRow.amount_minor), 0),
        func.coalesce(func.sum(BalanceTxnRow.fee_minor), 0),
    )
    number, gross, fees = fetch_one(session, pick(func.count(), *amounts).where(_inside(company_id, payout_id)))
    return int(number), int(gross), int(fees)


def _movements(session: Session, company_id: str, payout_id: str) -> Any:
    payment = and_(
        col(PaymentRow.company_id) == company_id,
        col(PaymentRow.charge_id) == BalanceTxnRow.source_id,
        col(PaymentRow.charge_id) != "",
    )
    customer = and_(col(CustomerRow.company_id) == company_id, col(CustomerRow.qbo_id) == PaymentRow.customer_id)
    found = (
        pick(
            BalanceTxnRow.txn_id,
            BalanceTxnRow.kind,
            BalanceTxnRow.category,
            BalanceTxnRow.amount_minor,
            BalanceTxnRow.fee_minor,
            BalanceTxnRow.net_minor,
            BalanceTxnRow.currency,
            BalanceTxnRow.created_at,
            PaymentRow.id.label("payment_id"),  # type: ignore[attr-defined]
            CustomerRow.name,
        )
        .select_from(BalanceTxnRow)
        .outerjoin(PaymentRow, payment)
        .outerjoin(CustomerRow, customer)
        .where(_inside(company_id, payout_id))
    )
    ordered = found.order_by(col(BalanceTxnRow.created_at), col(BalanceTxnRow.txn_id))
    return fetch(session, ordered.limit(MOST_MOVEMENTS))
