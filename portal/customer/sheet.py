"""What the invoice page shows: the head, the paper, what was paid, what is on its way, and what is left to pay.

Reads the cache and our own payments in the visitor's scope. Laws: the amount left is QuickBooks' balance less what is
under way or arriving, never below zero; what was paid so far and the balance always sum to the total.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Row, Select, and_, bindparam
from sqlmodel import Session, col

from connector.clock import day_in
from connector.ledger.invoices import Invoice, InvoiceState, Standing
from connector.ledger.money import Money
from connector.store.cache import BookPaymentRow, CursorRow, CustomerRow, InvoiceRow, RawRow
from connector.store.money import PaymentRow
from portal.access.visitors import Visitor, invoices_of
from portal.customer.document import Applied, Document, read_applied, read_document
from portal.customer.flows import Flow, flows_of, sum_minor
from portal.customer.undone import undone
from portal.customer.whole import is_whole
from portal.here import now, runtime
from portal.picking import fetch, fetch_one, pick

FEED = "*"  # the cursor of the change feed


class Ask(StrEnum):
    """What the top of the page says."""

    DUE = "due"
    OVERDUE = "overdue"
    UNDER_WAY = "under_way"  # nothing is left but what is being paid now
    PAID = "paid"
    NOTHING = "nothing"  # an invoice over nothing, or in the payer's favour
    VOIDED = "voided"
    DELETED = "deleted"


@dataclass(frozen=True)
class Paid:
    """One payment so far."""

    day: date
    amount: Money
    is_credit: bool = False
    method_label: str = ""
    payment_id: str = ""  # ours, with a receipt that this visitor may open
    recorded: bool = True  # in QuickBooks' balance


@dataclass(frozen=True)
class Sheet:
    """The invoice page's facts."""

    invoice: Invoice
    customer_name: str
    document: Document | None
    paid: tuple[Paid, ...]
    other_paid: Money  # what left the balance in ways we do not see one by one
    under_way: tuple[Flow, ...]
    left: Money
    as_of: datetime | None

    @property
    def balance(self) -> Money:
        """Return what is open, with what we know to be paid taken off."""
        arriving = sum(paid.amount.minor for paid in self.paid if not paid.recorded)
        return Money(max(self.invoice.balance.minor - arriving, 0), self.invoice.balance.currency)

    def ask(self, today: date) -> Ask:
        """Return what the top of the page says today."""
        standing = self.invoice.standing(today)
        if standing in (Standing.VOIDED, Standing.DELETED):
            return Ask(standing.value)
        if self.left:
            return Ask.OVERDUE if standing is Standing.OVERDUE else Ask.DUE
        if self.under_way:
            return Ask.UNDER_WAY
        return Ask.PAID if self.invoice.total.minor > 0 else Ask.NOTHING

    @property
    def tops(self) -> Money:
        """Return the amount in large figures: what is left, else what is on its way, else the total."""
        if self.left:
            return self.left
        return Money(sum_minor(self.under_way), self.left.currency) if self.under_way else self.invoice.total


HEAD = (
    *(col(InvoiceRow.qbo_id), col(InvoiceRow.number), col(InvoiceRow.customer_id), col(InvoiceRow.total_minor)),
    *(col(InvoiceRow.balance_minor), col(InvoiceRow.currency), col(InvoiceRow.issued_day), col(InvoiceRow.due_day)),
    *(col(InvoiceRow.state), col(InvoiceRow.sync_token)),
)


def sheet_of(visitor: Visitor, invoice_id: str) -> Sheet | None:
    """Return an invoice page's facts; None where the invoice is not this visitor's or does not exist."""
    company_id = visitor.company.id
    with runtime().db.read() as session:
        row = fetch_one(session, _query(visitor.signed_in), {**visitor.scope(), "invoice": invoice_id})
        if row is None:
            return None
        invoice = invoice_of(row)
        flows = flows_of(session, visitor, [invoice_id])
        document = read_document(row.body, invoice.total.currency, visitor.company.today.year) if row.body else None
        applied = _applied(session, company_id, invoice, document)
        told = _told(session, company_id, flows, {one.qbo_id for one, _ in applied})
        doors = _doors(session, visitor, flows)
    flows = [flow if flow.payment_id in doors else replace(flow, payment_id="") for flow in flows]
    paid = _paid(flows, applied, told, visitor.company.zone)
    return _put_together(invoice, row.name or "", document, paid, flows, row.updated_at)


@cache
def _query(signed_in: bool) -> Select[Any]:
    company: BindParameter[str] = bindparam("company")
    raw = and_(
        col(RawRow.company_id) == company, col(RawRow.entity) == "Invoice", col(RawRow.qbo_id) == InvoiceRow.qbo_id
    )
    customer = and_(col(CustomerRow.company_id) == company, col(CustomerRow.qbo_id) == InvoiceRow.customer_id)
    feed = and_(col(CursorRow.company_id) == company, col(CursorRow.entity) == FEED)
    return (
        pick(*HEAD, CustomerRow.name, RawRow.body, CursorRow.updated_at)
        .select_from(InvoiceRow)
        .outerjoin(CustomerRow, customer)
        .outerjoin(RawRow, raw)
        .outerjoin(CursorRow, feed)
        .where(invoices_of(signed_in=signed_in), col(InvoiceRow.qbo_id) == bindparam("invoice"))
    )


def invoice_of(row: Row[Any]) -> Invoice:
    """Read an invoice's head from a row that was selected with `HEAD`."""
    return Invoice(
        qbo_id=row.qbo_id,
        number=row.number,
        customer_id=row.customer_id,
        total=Money(row.total_minor, row.currency),
        balance=Money(row.balance_minor, row.currency),
        issued_day=row.issued_day,
        due_day=row.due_day,
        state=InvoiceState(row.state),
        sync_token=row.sync_token,
    )


def _applied(
    session: Session, company_id: str, invoice: Invoice, document: Document | None
) -> list[tuple[Applied, date]]:
    """Return what each linked Payment of QuickBooks took off the invoice, with its day, oldest first."""
    if document is None or not document.payments:
        return []
    rows = fetch(session, _LINKED, {"company": company_id, "payments": document.payments})
    read = [(read_applied(qbo_id, body, invoice.qbo_id, invoice.total.currency), day) for qbo_id, body, day in rows]
    return [(applied, day) for applied, day in read if applied is not None]


_COMPANY: BindParameter[str] = bindparam("company")
_LINKED = (
    pick(RawRow.qbo_id, RawRow.body, BookPaymentRow.paid_day)
    .join(
        BookPaymentRow,
        and_(col(BookPaymentRow.company_id) == _COMPANY, col(BookPaymentRow.qbo_id) == RawRow.qbo_id),
    )
    .where(
        col(RawRow.company_id) == _COMPANY,
        col(RawRow.entity) == "Payment",
        col(RawRow.qbo_id).in_(bindparam("payments", expanding=True)),
        col(BookPaymentRow.state) == "live",
    )
    .order_by(col(BookPaymentRow.paid_day), col(RawRow.qbo_id))
)


def _told(session: Session, company_id: str, flows: list[Flow], applied: set[str]) -> set[str]:
    """Return of which of our Payments the balance tells: those that are applied, and those that were undone."""
    untold = {flow.tie for flow in flows if flow.remote_id and flow.remote_id not in applied}
    return applied | {payment_id for payment_id, _ in undone(session, company_id, untold)}


def _doors(session: Session, visitor: Visitor, flows: list[Flow]) -> set[str]:
    """Return which payments this visitor may open: one may pay for others too."""
    ids = {flow.payment_id for flow in flows}
    if not ids:
        return set()
    mine = pick(PaymentRow.id).where(visitor.may_open_payment(), is_whole(visitor), col(PaymentRow.id).in_(ids))
    return {row.id for row in fetch(session, mine)}


def _paid(flows: list[Flow], applied: list[tuple[Applied, date]], told: set[str], zone: str) -> list[Paid]:
    """Return the payments so far: what the books hold, ours by their method, then what is still arriving there."""
    ours = {flow.remote_id: flow for flow in flows if flow.remote_id}
    recorded = [_recorded(one, day, ours.get(one.qbo_id)) for one, day in applied]
    return [*recorded, *(_coming(flow, zone) for flow in flows if flow.is_arriving(told))]


def _recorded(applied: Applied, day: date, flow: Flow | None) -> Paid:
    if flow is None:
        return Paid(day, applied.amount, is_credit=applied.is_credit)
    return Paid(day, applied.amount, method_label=flow.method_label, payment_id=flow.payment_id)


def _coming(flow: Flow, zone: str) -> Paid:
    day = day_in(zone, flow.succeeded_at or flow.created_at)
    return Paid(day, flow.amount, method_label=flow.method_label, payment_id=flow.payment_id, recorded=False)


def _put_together(
    invoice: Invoice,
    customer_name: str,
    document: Document | None,
    paid: list[Paid],
    flows: list[Flow],
    as_of: datetime | None,
) -> Sheet:
    under_way = tuple(flow for flow in flows if flow.is_under_way(now()))
    arriving = sum(one.amount.minor for one in paid if not one.recorded)
    recorded = sum(one.amount.minor for one in paid if one.recorded)
    reserved = sum_minor(flow for flow in under_way if flow.reserves(now()))
    left = invoice.balance.minor - arriving - reserved if invoice.payable else 0
    return Sheet(
        invoice=invoice,
        customer_name=customer_name,
        document=document,
        paid=tuple(paid),
        other_paid=Money(invoice.total.minor - invoice.balance.minor - recorded, invoice.total.currency),
        under_way=under_way,
        left=Money(max(left, 0), invoice.total.currency),
        as_of=as_of,
    )
