"""Invoices' heads for lists and for paying several: what each one is, and what is left to pay on it.

Selects columns, not objects: lists are the pages that are opened most. Law: left is QuickBooks' balance less what is
under way and less what is paid and not in that balance yet, as on the invoice's own page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, Select, and_
from sqlmodel import Session, col

from connector.ledger.invoices import Invoice, Standing
from connector.ledger.money import Money
from connector.ledger.payments import PaymentState
from connector.store.cache import CustomerRow, InvoiceRow, RawRow
from connector.store.prepared import Reader
from connector.words import say
from portal.access.visitors import Visitor
from portal.customer.document import read_document
from portal.customer.flows import Flow, flows_of
from portal.customer.sheet import HEAD, invoice_of
from portal.customer.undone import undone
from portal.here import now
from portal.picking import fetch, pick


@dataclass(frozen=True, slots=True)
class Head:
    """An invoice in a list."""

    invoice: Invoice
    customer_name: str
    left: Money
    standing: Standing
    under_way: bool  # some of it is being paid now

    @property
    def title(self) -> str:
        """Return what people call it: its number, or a word where it has none."""
        return self.invoice.number or say("without a number")


def heads_of(
    session: Session,
    visitor: Visitor,
    *conditions: ColumnElement[bool],
    order: Sequence[Any] = (),
    limit: int | None = None,
    offset: int = 0,
) -> list[Head]:
    """Return the visitor's invoices that meet conditions."""
    found = select_heads(visitor).where(*conditions).order_by(*order, col(InvoiceRow.qbo_id)).offset(offset)
    rows = fetch(session, found.limit(limit) if limit else found)
    return read_heads(session, visitor, rows)


def select_heads(visitor: Visitor) -> Select[Any]:
    """Return the query for heads in a visitor's scope."""
    customer = and_(
        col(CustomerRow.company_id) == visitor.company.id, col(CustomerRow.qbo_id) == InvoiceRow.customer_id
    )
    return pick(*HEAD, CustomerRow.name).outerjoin(CustomerRow, customer).where(visitor.may_see_invoice())


def read_heads(session: Session, visitor: Visitor, rows: Sequence[Row[Any]]) -> list[Head]:
    """Read rows of `select_heads` and take off what is on its way."""
    invoices = [(invoice_of(row), row.name or "") for row in rows]
    taken = taken_of(session, visitor, [invoice.qbo_id for invoice, _ in invoices if invoice.payable])
    today = visitor.company.today
    return [_head(invoice, name, taken, today) for invoice, name in invoices]


class Taken(NamedTuple):
    """What is off invoices already: minor units by invoice, and which of them somebody is paying now."""

    minor: Mapping[str, int]
    busy: frozenset[str]


def taken_of(reader: Reader, visitor: Visitor, invoice_ids: Sequence[str]) -> Taken:
    """Return what is under way or arriving on invoices that the visitor may see."""
    flows = flows_of(reader, visitor, invoice_ids) if invoice_ids else []
    told = _told(reader, visitor.company.id, flows)
    instant = now()
    minor: dict[str, int] = {}
    for flow in flows:
        if flow.reserves(instant) or flow.is_arriving(told.get(flow.invoice_id, ())):
            minor[flow.invoice_id] = minor.get(flow.invoice_id, 0) + flow.amount.minor
    return Taken(minor, frozenset(flow.invoice_id for flow in flows if flow.reserves(instant)))


def _head(invoice: Invoice, name: str, taken: Taken, today: date) -> Head:
    left = max(invoice.balance.minor - taken.minor.get(invoice.qbo_id, 0), 0) if invoice.payable else 0
    is_busy = invoice.qbo_id in taken.busy
    standing = Standing.PAID if invoice.payable and not left and not is_busy else invoice.standing(today)
    return Head(invoice, name, Money(left, invoice.total.currency), standing, is_busy)


def _told(reader: Reader, company_id: str, flows: Sequence[Flow]) -> dict[str, set[str]]:
    """Return for invoices with posted payments of which Payments the cached balance tells; read only for those few."""
    posted = [f for f in flows if f.state is PaymentState.SUCCEEDED and f.remote_id]
    if not posted:
        return {}
    raws = pick(RawRow.qbo_id, RawRow.body).where(
        col(RawRow.company_id) == company_id,
        col(RawRow.entity) == "Invoice",
        col(RawRow.qbo_id).in_({f.invoice_id for f in posted}),
    )
    told: dict[str, set[str]] = {}
    for qbo_id, body in fetch(reader, raws):
        document = read_document(body, "USD", 0)
        told[qbo_id] = set(document.payments) if document else set()
    for payment_id, what in undone(
        reader, company_id, {f.tie for f in posted if f.remote_id not in told.get(f.invoice_id, ())}
    ):
        told.setdefault(what.removeprefix("Invoice/"), set()).add(payment_id)
    return told
