"""What payments have reserved on invoices and of credits: everything that was promised and is not in a balance yet.

Reads rows only. Law: a share, and the use of a credit, counts from the moment its payment is pressed until its payment
is given up, has failed, or stands in QuickBooks; so the live balance less the reservations is what may be promised. The
invoice of a surcharge is promised whole to the payment that it was made for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Mapped, aliased
from sqlmodel import Session, col, or_, select

from connector.ledger.money import Money
from connector.ledger.payments import OPEN, UNDER_WAY, PaymentState
from connector.ledger.postings import PAYS, Kind
from connector.store.money import CreditUseRow, PaymentRow, ShareRow
from connector.store.outbox import PostingRow


@dataclass(frozen=True)
class Reservation:
    """A share of a payment, or its use of a credit, that QuickBooks' balance does not show yet."""

    payment_id: str
    invoice_id: str  # or the name of a credit, entity/id: the two are never alike
    amount: Money
    payment: Money  # the whole payment
    state: PaymentState
    contact_id: str
    created_at: datetime
    expires_at: datetime

    def is_abandoned(self, now: datetime) -> bool:
        """Tell whether nobody finished the payment in its time, so that it may be given up."""
        return self.state in OPEN and self.expires_at <= now


def reservations(
    session: Session, company_id: str, invoice_ids: Sequence[str], credit_names: Sequence[str] = ()
) -> list[Reservation]:
    """Return what stands on these invoices, and what uses these credits, oldest payment first."""
    in_order = (col(PaymentRow.created_at), col(PaymentRow.id))
    shares = (
        select(PaymentRow, ShareRow)
        .where(
            ShareRow.company_id == company_id,
            ShareRow.payment_id == PaymentRow.id,
            col(ShareRow.invoice_id).in_(invoice_ids),
            _stands(company_id, col(ShareRow.customer_id)),
        )
        .order_by(*in_order)
    )
    held = [_reservation(payment, share.invoice_id, share.amount_minor) for payment, share in session.exec(shares)]
    held += _surcharges(session, company_id, invoice_ids)
    if not credit_names:
        return held
    uses = (
        select(PaymentRow, CreditUseRow)
        .where(
            CreditUseRow.company_id == company_id,
            CreditUseRow.payment_id == PaymentRow.id,
            col(CreditUseRow.credit).in_(credit_names),
            _stands(company_id, col(CreditUseRow.customer_id)),
        )
        .order_by(*in_order)
    )
    return held + [_reservation(payment, use.credit, use.amount_minor) for payment, use in session.exec(uses)]


def surcharges_among(session: Session, company_id: str, invoice_ids: Sequence[str]) -> set[str]:
    """Return which of these invoices were made by us for a surcharge."""
    ours = select(PostingRow.remote_id).where(
        PostingRow.company_id == company_id,
        PostingRow.kind == Kind.SURCHARGE.value,
        col(PostingRow.remote_id).in_(invoice_ids),
    )
    return set(session.exec(ours))


def _surcharges(session: Session, company_id: str, invoice_ids: Sequence[str]) -> list[Reservation]:
    """Return what is promised on invoices of surcharges that stand in QuickBooks before the payment that pays them."""
    posted = select(PaymentRow, PostingRow).where(
        PostingRow.company_id == company_id,
        PostingRow.payment_id == PaymentRow.id,
        PostingRow.kind == Kind.SURCHARGE.value,
        PostingRow.state == "posted",
        col(PostingRow.remote_id).in_(invoice_ids),
        _stands(company_id, col(PostingRow.customer_id)),
    )
    return [_reservation(payment, one.remote_id, one.amount_minor) for payment, one in session.exec(posted)]


def _stands(company_id: str, customer_id: Mapped[str]) -> ColumnElement[bool]:
    """Return the condition that a payment is under way, or succeeded and not in a customer's books yet."""
    one = aliased(PostingRow)  # apart from the posting of a surcharge, which may be asked for beside it
    owed = (
        select(one.id)
        .where(
            one.company_id == company_id,
            one.payment_id == PaymentRow.id,
            col(one.kind).in_(PAYS),
            one.customer_id == customer_id,
            col(one.state).not_in(("posted", "dropped")),
        )
        .exists()
    )
    state = col(PaymentRow.state)
    is_coming = col(PaymentRow.settled_at).is_(None)  # its postings are not written yet
    is_owed = or_(state.in_(UNDER_WAY), (state == PaymentState.SUCCEEDED) & (is_coming | owed))
    return (col(PaymentRow.company_id) == company_id) & is_owed


def together(earlier: Iterable[Reservation], later: Iterable[Reservation]) -> list[Reservation]:
    """Return what two readings saw, each reservation once, as it was read last."""
    return list({(one.payment_id, one.invoice_id): one for one in (*earlier, *later)}.values())


def reserved_minor(held: Iterable[Reservation]) -> dict[str, int]:
    """Return the minor units reserved on each invoice and of each credit."""
    sums: dict[str, int] = {}
    for one in held:
        sums[one.invoice_id] = sums.get(one.invoice_id, 0) + one.amount.minor
    return sums


def _reservation(payment: PaymentRow, what: str, minor: int) -> Reservation:
    return Reservation(
        payment_id=payment.id,
        invoice_id=what,
        amount=Money(minor, payment.currency),
        payment=Money(payment.amount_minor, payment.currency),
        state=PaymentState(payment.state),
        contact_id=payment.contact_id,
        created_at=payment.created_at,
        expires_at=payment.expires_at,
    )
