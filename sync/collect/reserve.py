"""What payments have reserved on invoices: everything that was promised to an invoice and is not in its balance yet.

Reads rows only. Law: a share counts from the moment its payment is pressed until its payment is given up, has failed,
or stands in QuickBooks; so the live balance less the reservations is what may still be promised.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, or_, select

from connector.ledger.money import Money
from connector.ledger.payments import OPEN, UNDER_WAY, PaymentState
from connector.ledger.postings import Kind
from connector.store.money import PaymentRow, ShareRow
from connector.store.outbox import PostingRow


@dataclass(frozen=True)
class Reservation:
    """A share of a payment that QuickBooks' balance does not show yet."""

    payment_id: str
    invoice_id: str
    amount: Money
    payment: Money  # the whole payment
    state: PaymentState
    contact_id: str
    created_at: datetime
    expires_at: datetime

    def is_abandoned(self, now: datetime) -> bool:
        """Tell whether nobody finished the payment in its time, so that it may be given up."""
        return self.state in OPEN and self.expires_at <= now


def reservations(session: Session, company_id: str, invoice_ids: Sequence[str]) -> list[Reservation]:
    """Return what stands on these invoices, oldest payment first."""
    in_books = (
        select(PostingRow.id)
        .where(
            PostingRow.company_id == company_id,
            PostingRow.payment_id == PaymentRow.id,
            PostingRow.kind == Kind.CHARGE.value,
            PostingRow.customer_id == ShareRow.customer_id,
            col(PostingRow.state).in_(("posted", "dropped")),
        )
        .exists()
    )
    standing = (
        select(PaymentRow, ShareRow)
        .where(
            PaymentRow.company_id == company_id,
            ShareRow.company_id == company_id,
            ShareRow.payment_id == PaymentRow.id,
            col(ShareRow.invoice_id).in_(invoice_ids),
            or_(col(PaymentRow.state).in_(UNDER_WAY), (col(PaymentRow.state) == PaymentState.SUCCEEDED) & ~in_books),
        )
        .order_by(col(PaymentRow.created_at), col(PaymentRow.id))
    )
    return [_reservation(payment, share) for payment, share in session.exec(standing)]


def together(earlier: Iterable[Reservation], later: Iterable[Reservation]) -> list[Reservation]:
    """Return what two readings saw, each reservation once, as it was read last."""
    return list({(one.payment_id, one.invoice_id): one for one in (*earlier, *later)}.values())


def reserved_minor(held: Iterable[Reservation]) -> dict[str, int]:
    """Return the minor units reserved on each invoice."""
    sums: dict[str, int] = {}
    for one in held:
        sums[one.invoice_id] = sums.get(one.invoice_id, 0) + one.amount.minor
    return sums


def _reservation(payment: PaymentRow, share: ShareRow) -> Reservation:
    return Reservation(
        payment_id=payment.id,
        invoice_id=share.invoice_id,
        amount=Money(share.amount_minor, payment.currency),
        payment=Money(payment.amount_minor, payment.currency),
        state=PaymentState(payment.state),
        contact_id=payment.contact_id,
        created_at=payment.created_at,
        expires_at=payment.expires_at,
    )
