"""Payments on their way, as an invoice sees them: what is being paid now, and what is paid and not yet in its balance.

Reads rows. Law: an amount is counted once: while a share is under way it is reserved, from success until the books
show it it is arriving, and from then on QuickBooks' own balance tells, also where the payment was taken away there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Select, and_, bindparam, case, func, join
from sqlmodel import col

from connector.ledger.money import Money
from connector.ledger.payments import OPEN, UNDER_WAY, PaymentState
from connector.ledger.postings import PAYS
from connector.store.money import PaymentRow, ShareRow
from connector.store.outbox import LegRow, PostingRow
from connector.store.prepared import Reader
from portal.access.visitors import Visitor
from portal.customer.started import started_here
from portal.customer.undone import Tie
from portal.picking import fetch, pick

DEBIT_DAYS = 4  # business days a bank debit takes at most


@dataclass(frozen=True, slots=True)
class Flow:
    """One payment's share on one invoice, or the part of it that one posting brings there."""

    payment_id: str
    invoice_id: str
    amount: Money
    state: PaymentState
    method_label: str
    created_at: datetime
    expires_at: datetime
    processing_at: datetime | None
    succeeded_at: datetime | None
    posting_state: str
    remote_id: str  # the Payment in QuickBooks, once posted
    is_own: bool  # begun by this browser or contact

    def is_under_way(self, now: datetime) -> bool:
        """Tell whether somebody is paying it."""
        return self.state is PaymentState.PROCESSING or (self.state in OPEN and self.expires_at > now)

    def reserves(self, now: datetime) -> bool:
        """Tell whether its amount is taken: an unfinished payment of one's own is replaced by the next press."""
        return self.is_under_way(now) and not (self.is_own and self.state in OPEN)

    def is_arriving(self, told: Collection[str]) -> bool:
        """Tell whether it is paid and QuickBooks' balance does not show it; of Payments in `told` the balance tells."""
        if self.state is not PaymentState.SUCCEEDED or self.posting_state == "dropped":
            return False
        return not (self.posting_state == "posted" and self.remote_id in told)

    @property
    def tie(self) -> Tie:
        """Return what the books are asked about it."""
        return self.remote_id, f"Invoice/{self.invoice_id}"


# What did not fit when the money came is brought by no posting.
_BEFORE = case((col(PaymentRow.settled_at).is_(None), ShareRow.amount_minor), else_=0)
_AMOUNT = func.coalesce(-col(LegRow.amount_minor), _BEFORE)
_COLUMNS = (
    *(col(ShareRow.payment_id), col(ShareRow.invoice_id), _AMOUNT, col(PaymentRow.currency)),
    *(col(PaymentRow.state), col(PaymentRow.method_label), col(PaymentRow.created_at), col(PaymentRow.expires_at)),
    *(col(PaymentRow.processing_at), col(PaymentRow.succeeded_at)),
    *(col(PaymentRow.contact_id), col(PostingRow.state), col(PostingRow.remote_id)),
)
_COUNTED = sorted(state.value for state in UNDER_WAY | {PaymentState.SUCCEEDED})


def flows_of(reader: Reader, visitor: Visitor, invoice_ids: Sequence[str]) -> list[Flow]:
    """Return the shares on invoices that are open, under way or succeeded, oldest first.

    The caller has made sure that the visitor may see the invoices.
    """
    begun = started_here()
    values = {"company": visitor.company.id, "invoices": list(invoice_ids)}
    return [_flow(row, visitor, begun) for row in fetch(reader, _query(), values)]


@cache
def _query() -> Select[Any]:
    company: BindParameter[str] = bindparam("company")
    # Once its postings are written, a share is what they bring to its invoice, each on its own way to the books.
    brought = join(PostingRow, LegRow, col(LegRow.posting_id) == PostingRow.id)
    posting = and_(
        col(PostingRow.company_id) == company,
        col(PostingRow.payment_id) == ShareRow.payment_id,
        col(PostingRow.kind).in_(PAYS),
        col(LegRow.company_id) == company,
        col(LegRow.invoice_id) == ShareRow.invoice_id,
    )
    return (
        pick(*_COLUMNS)
        .join(PaymentRow, and_(col(PaymentRow.id) == ShareRow.payment_id, col(PaymentRow.company_id) == company))
        .outerjoin(brought, posting)
        .where(
            col(ShareRow.company_id) == company,
            col(ShareRow.invoice_id).in_(bindparam("invoices", expanding=True)),
            col(PaymentRow.state).in_(_COUNTED),
        )
        .order_by(col(PaymentRow.created_at), col(PaymentRow.id))
    )


def _flow(row: Any, visitor: Visitor, begun: frozenset[str]) -> Flow:
    payment_id, invoice_id, minor, currency, state, label, *times, contact_id, posting_state, remote_id = row
    created_at, expires_at, processing_at, succeeded_at = times
    return Flow(
        payment_id=payment_id,
        invoice_id=invoice_id,
        amount=Money(minor, currency),
        state=PaymentState(state),
        method_label=label,
        created_at=created_at,
        expires_at=expires_at,
        processing_at=processing_at,
        succeeded_at=succeeded_at,
        posting_state=posting_state or "",
        remote_id=remote_id or "",
        is_own=payment_id in begun or (visitor.signed_in and contact_id == visitor.contact_id),
    )


def sum_minor(flows: Iterable[Flow]) -> int:
    """Return what flows come to, in minor units."""
    return sum(flow.amount.minor for flow in flows)


def clears_by(sent_day: date) -> date:
    """Return the day by which a bank debit sent on a day is settled, weekends left out."""
    return business_days_after(sent_day, DEBIT_DAYS)


def business_days_after(day: date, days: int) -> date:
    """Return the day so many business days later; weekends do not count."""
    while days:
        day += timedelta(days=1)
        days -= day.weekday() < 5
    return day
