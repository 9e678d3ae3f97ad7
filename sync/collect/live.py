"""Invoices as QuickBooks has them at this moment, as the ledger's values.

The read goes through the pull, so that the cache is as fresh as what the payer is told. Law: what QuickBooks no longer
has is not in the answer.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from connector.ledger.invoices import Invoice, InvoiceState
from connector.ledger.money import Money
from connector.store.built import built
from connector.store.cache import InvoiceRow
from sync.pull import refresh_objects
from sync.runtime import Runtime


def live_invoices(rt: Runtime, company_id: str, invoice_ids: Sequence[str]) -> dict[str, Invoice]:
    """Read invoices from QuickBooks now. Raises GatewayError or NotConnected when that cannot be done."""
    refresh_objects(rt, company_id, "Invoice", list(invoice_ids))
    with rt.db.read() as session:
        return cached_invoices(session, company_id, invoice_ids)


def cached_invoices(session: Session, company_id: str, invoice_ids: Sequence[str]) -> dict[str, Invoice]:
    """Return invoices as the cache has them, by their id."""
    return {row.qbo_id: invoice_of(row) for row in _rows(session, company_id, invoice_ids)}


@built
def _rows(company_id: str, invoice_ids: Sequence[str]) -> SelectOfScalar[InvoiceRow]:
    return select(InvoiceRow).where(InvoiceRow.company_id == company_id, col(InvoiceRow.qbo_id).in_(invoice_ids))


def invoice_of(row: InvoiceRow) -> Invoice:
    """Read a row of the cache as the ledger's value."""
    return Invoice(
        qbo_id=row.qbo_id,
        number=row.number or row.qbo_id,
        customer_id=row.customer_id,
        total=Money(row.total_minor, row.currency),
        balance=Money(row.balance_minor, row.currency),
        issued_day=row.issued_day,
        due_day=row.due_day,
        state=InvoiceState(row.state),
        sync_token=row.sync_token,
    )
