"""Payments: the list, and one with its shares, its postings as double entry, and its steps.

Law: what a payment did to the books is shown as the postings say it, and what it will do as the dry run says it.
"""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlmodel import Session, col

from connector.ledger.money import Money
from connector.store.cache import CustomerRow
from connector.store.money import PaymentRow, ShareRow
from connector.store.outbox import MailRow, PostingRow
from portal.access.members import BOOKKEEPER
from portal.here import runtime
from portal.picking import fetch, fetch_one, pick
from portal.staff.gate import member, needs_role, pages
from portal.staff.matching import matches
from portal.staff.payment_rows import MARKS, payments_of
from portal.staff.trail import trail_of
from portal.staff.wish import PAGE, Wish, read_wish
from sync.pushing.dry_run import DryRun, dry_run
from sync.retrying import rows as retries
from sync.retrying.agreeing import stop
from sync.retrying.telling import ENDS as RETRY_ENDS

FILTERS = {"": "All", "succeeded": "Paid", "processing": "On their way", "failed": "Failed", "created": "Not finished"}
POSTING_MARKS = {
    "posted": ("good", "Recorded"),
    "due": ("wait", "Waiting"),
    "leased": ("wait", "Being sent"),
    "unknown": ("wait", "Being checked"),
    "held": ("wait", "Held"),
    "dropped": ("", "Dropped"),
}
POSTING_NAMES = {
    "charge": "Payment",
    "fee": "Stripe’s fee",
    "discount": "Discount",
    "surcharge": "Card surcharge",
    "apply": "Earlier payment",
    "payout": "Payout",
}


@pages.get("/payments")
def list_payments() -> ResponseReturnValue:
    """Show the payments."""
    wish = read_wish(".list_payments", show=FILTERS)
    with runtime().db.read() as session:
        rows = payments_of(session, member().company.id, *_conditions(wish), limit=PAGE + 1, offset=wish.offset)
    return render_template(
        "staff/payments.html", wish=wish, rows=rows[:PAGE], has_more=len(rows) > PAGE, filters=FILTERS
    )


def _conditions(wish: Wish) -> list[Any]:
    conditions: list[Any] = []
    if wish["show"] == "created":
        conditions.append(col(PaymentRow.state).in_(("created", "requires_action", "canceled")))
    elif wish["show"]:
        conditions.append(col(PaymentRow.state) == wish["show"])
    else:
        conditions.append(col(PaymentRow.state).not_in(("created", "canceled")))
    if wish["q"]:
        conditions.append(
            matches(
                wish["q"],
                texts=(col(CustomerRow.name), col(PaymentRow.payer_email), col(PaymentRow.method_label)),
                ids=(col(PaymentRow.id), col(PaymentRow.intent_id), col(PaymentRow.charge_id)),
                amounts=(col(PaymentRow.amount_minor),),
                currency=member().company.home_currency,
            )
        )
    return conditions


@pages.get("/payments/<payment_id>")
def show_payment(payment_id: str) -> ResponseReturnValue:
    """Show a payment with everything it caused."""
    company_id = member().company.id
    with runtime().db.read() as session:
        row = _find(session, company_id, payment_id)
        shares = _shares(session, company_id, payment_id)
        postings = _postings(session, company_id, payment_id)
        mails = _mails(session, company_id, payment_id)
        trail = trail_of(session, company_id, payment_id=payment_id)
        retry = retries.newest_of(session, company_id, row)
    return render_template(
        "staff/payment.html",
        row=row,
        amount=Money(row.amount_minor, row.currency),
        fee=Money(row.fee_minor, row.settled_currency or row.currency) if row.fee_minor is not None else None,
        payment_mark=MARKS[row.state],
        shares=shares,
        postings=postings,
        mails=mails,
        trail=trail,
        retry=retry,
        retry_ends=RETRY_ENDS,
        posting_marks=POSTING_MARKS,
        posting_names=POSTING_NAMES,
    )


@pages.post("/payments/<payment_id>/stop-trying")
@needs_role(BOOKKEEPER)
def stop_retry(payment_id: str) -> ResponseReturnValue:
    """End a payer's consent: his payment is not tried again."""
    company_id = member().company.id
    with runtime().db.read() as session:
        _find(session, company_id, payment_id)
    if stop(runtime(), company_id, payment_id, by=member().email):
        flash("Stopped. It is not tried again.", "good")
    return redirect(url_for("staff.show_payment", payment_id=payment_id))


def _find(session: Session, company_id: str, payment_id: str) -> Any:
    customer = (col(CustomerRow.company_id) == company_id) & (col(CustomerRow.qbo_id) == PaymentRow.customer_id)
    found = (
        pick(*PaymentRow.__table__.columns, CustomerRow.name.label("customer"))  # type: ignore[attr-defined]
        .outerjoin(CustomerRow, customer)
        .where(col(PaymentRow.company_id) == company_id, col(PaymentRow.id) == payment_id)
    )
    return fetch_one(session, found) or abort(404)


def _shares(session: Session, company_id: str, payment_id: str) -> Any:
    found = pick(ShareRow.invoice_id, ShareRow.number, ShareRow.amount_minor).where(
        col(ShareRow.company_id) == company_id, col(ShareRow.payment_id) == payment_id
    )
    return fetch(session, found.order_by(col(ShareRow.number)))


def _postings(session: Session, company_id: str, payment_id: str) -> list[tuple[Any, DryRun]]:
    found = pick(
        PostingRow.id,
        PostingRow.kind,
        PostingRow.state,
        PostingRow.entity,
        PostingRow.remote_id,
        PostingRow.posted_at,
        PostingRow.reference,
        PostingRow.held_text,
        PostingRow.held_next,
    ).where(col(PostingRow.company_id) == company_id, col(PostingRow.payment_id) == payment_id)
    rows = fetch(session, found.order_by(col(PostingRow.created_at), col(PostingRow.id)))
    return [(row, dry_run(runtime(), row.id)) for row in rows]


def _mails(session: Session, company_id: str, payment_id: str) -> Any:
    found = pick(MailRow.kind, MailRow.to, MailRow.state, MailRow.sent_at, MailRow.error).where(
        col(MailRow.company_id) == company_id, col(MailRow.payment_id) == payment_id
    )
    return fetch(session, found.order_by(col(MailRow.id)))
