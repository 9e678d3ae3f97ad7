"""What payments have reserved on invoices and of credits: everything that was promised and is not in a balance yet.

Reads rows only. Law: a share, and the use of a credit, counts from the moment its payment is pressed until its payment
is given up, has failed, or stands in QuickBooks, posting by posting; so the live balance less the reservations is what
may be promised. The invoice of a surcharge is promised whole to the payment that it was made for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Mapped, aliased
from sqlmodel import Session, col, or_, select
from sqlmodel.sql.expression import Select, SelectOfScalar

from connector.ledger.money import Money
from connector.ledger.payments import OPEN, UNDER_WAY, PaymentState
from connector.ledger.postings import PAYS, Kind
from connector.store.built import built
from connector.store.money import CreditUseRow, PaymentRow, ShareRow
from connector.store.outbox import LegRow, PostingRow


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
    is_written: bool = False  # its postings say what of it is still to come

    def is_abandoned(self, now: datetime) -> bool:
        """Tell whether nobody finished the payment in its time, so that it may be given up."""
        return self.state in OPEN and self.expires_at <= now


def reservations(
    session: Session, company_id: str, invoice_ids: Sequence[str], credit_names: Sequence[str] = ()
) -> list[Reservation]:
    """Return what stands on these invoices, and what uses these credits, oldest payment first."""
    held = [_reservation(*one) for one in _shares(session, company_id, invoice_ids)]
    held += [_reservation(*one, is_part=False) for one in _surcharges(session, company_id, invoice_ids)]
    if credit_names:
        held += [_reservation(*one) for one in _uses(session, company_id, credit_names)]
    return _still_owed(session, company_id, held)


def _still_owed(session: Session, company_id: str, held: list[Reservation]) -> list[Reservation]:
    """Return reservations with what the books do not have yet of a payment that several postings bring there."""
    written = {one.payment_id for one in held if one.is_written}
    if not written:
        return held
    owed = _owed_legs(session, company_id, written)
    left = [replace(one, amount=_less(one, owed)) if one.is_written else one for one in held]
    return [one for one in left if one.amount]


def _less(one: Reservation, owed: dict[tuple[str, str], int]) -> Money:
    minor = owed.get((one.payment_id, one.invoice_id), 0)
    return Money(min(minor, one.amount.minor), one.amount.currency)


def _owed_legs(session: Session, company_id: str, payment_ids: Collection[str]) -> dict[tuple[str, str], int]:
    """Return what payments owe each invoice, and take of each credit, by postings that QuickBooks does not have."""
    owed: dict[tuple[str, str], int] = {}
    for payment_id, invoice_id, credit, minor in _unposted_legs(session, company_id, payment_ids):
        what = (payment_id, invoice_id or credit)
        owed[what] = owed.get(what, 0) + abs(minor)
    return owed


@built
def _unposted_legs(company_id: str, payment_ids: Collection[str]) -> Select[str, str, str, int]:
    return select(PostingRow.payment_id, LegRow.invoice_id, LegRow.credit, LegRow.amount_minor).where(
        PostingRow.company_id == company_id,
        col(PostingRow.payment_id).in_(payment_ids),
        col(PostingRow.kind).in_(PAYS),
        col(PostingRow.state).not_in(("posted", "dropped")),
        LegRow.company_id == company_id,
        LegRow.posting_id == PostingRow.id,
    )


_PAID = (
    *(col(PaymentRow.id), col(PaymentRow.amount_minor), col(PaymentRow.currency), col(PaymentRow.state)),
    *(col(PaymentRow.contact_id), col(PaymentRow.created_at), col(PaymentRow.expires_at), col(PaymentRow.settled_at)),
)
_IN_ORDER = (col(PaymentRow.created_at), col(PaymentRow.id))


@built
def _shares(company_id: str, invoice_ids: Collection[str]) -> Select[*tuple[Any, ...]]:
    found: Select[*tuple[Any, ...]] = Select(col(ShareRow.invoice_id), col(ShareRow.amount_minor), *_PAID).where(
        col(ShareRow.company_id) == company_id,
        col(ShareRow.payment_id) == col(PaymentRow.id),
        col(ShareRow.invoice_id).in_(invoice_ids),
        _stands(company_id, col(ShareRow.customer_id)),
    )
    return found.order_by(*_IN_ORDER)


@built
def _uses(company_id: str, credit_names: Collection[str]) -> Select[*tuple[Any, ...]]:
    found: Select[*tuple[Any, ...]] = Select(col(CreditUseRow.credit), col(CreditUseRow.amount_minor), *_PAID).where(
        col(CreditUseRow.company_id) == company_id,
        col(CreditUseRow.payment_id) == col(PaymentRow.id),
        col(CreditUseRow.credit).in_(credit_names),
        _stands(company_id, col(CreditUseRow.customer_id)),
    )
    return found.order_by(*_IN_ORDER)


@built
def _surcharges(company_id: str, invoice_ids: Collection[str]) -> Select[*tuple[Any, ...]]:
    """Return what is promised on invoices of surcharges that stand in QuickBooks before what pays them."""
    found: Select[*tuple[Any, ...]] = Select(col(PostingRow.remote_id), col(PostingRow.amount_minor), *_PAID)
    return found.where(
        col(PostingRow.company_id) == company_id,
        col(PostingRow.payment_id) == col(PaymentRow.id),
        col(PostingRow.kind) == Kind.SURCHARGE.value,
        col(PostingRow.state) == "posted",
        col(PostingRow.remote_id).in_(invoice_ids),
        _stands(company_id, col(PostingRow.customer_id)),
    )


def surcharges_among(session: Session, company_id: str, invoice_ids: Sequence[str]) -> set[str]:
    """Return which of these invoices were made by us for a surcharge."""
    return set(_made_for_surcharges(session, company_id, invoice_ids))


@built
def _made_for_surcharges(company_id: str, invoice_ids: Collection[str]) -> SelectOfScalar[str]:
    return select(PostingRow.remote_id).where(
        PostingRow.company_id == company_id,
        PostingRow.kind == Kind.SURCHARGE.value,
        col(PostingRow.remote_id).in_(invoice_ids),
    )


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
    """Return what two readings saw, each reservation once, as it was read last, by the larger of its amounts."""
    found = {(one.payment_id, one.invoice_id): one for one in earlier}
    for one in later:
        was = found.get((one.payment_id, one.invoice_id), one)
        found[one.payment_id, one.invoice_id] = replace(one, amount=max(was.amount, one.amount))
    return list(found.values())


def reserved_minor(held: Iterable[Reservation]) -> dict[str, int]:
    """Return the minor units reserved on each invoice and of each credit."""
    sums: dict[str, int] = {}
    for one in held:
        sums[one.invoice_id] = sums.get(one.invoice_id, 0) + one.amount.minor
    return sums


def _reservation(what: str, minor: int, *paid: Any, is_part: bool = True) -> Reservation:
    payment_id, whole, currency, state, contact_id, created_at, expires_at, settled_at = paid
    return Reservation(
        payment_id=payment_id,
        invoice_id=what,
        amount=Money(minor, currency),
        payment=Money(whole, currency),
        state=PaymentState(state),
        contact_id=contact_id,
        created_at=created_at,
        expires_at=expires_at,
        is_written=is_part and settled_at is not None,
    )
