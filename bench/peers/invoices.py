"""The peer of the page rows: python-quickbooks objects, SQLModel rows, `session.merge`, one commit for a page.

Its table has the columns that Tieout keeps of an invoice and no raw text. Stands on a metadata of its own, so that the
product's tables and these never meet.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from typing import Any

from quickbooks.objects.invoice import Invoice
from sqlalchemy import Engine
from sqlalchemy.orm import registry
from sqlmodel import Field, Session, SQLModel


class PeerModel(SQLModel, registry=registry()):
    """The base of the peer's tables."""


class PeerInvoice(PeerModel, table=True):
    """An invoice's head, as the peer keeps it."""

    __tablename__ = "peer_invoice"

    qbo_id: str = Field(primary_key=True)
    sync_token: str
    updated_at: str
    number: str
    customer_id: str
    issued_day: date
    due_day: date | None
    currency: str
    total_minor: int
    balance_minor: int
    email: str


def create_table(engine: Engine) -> None:
    """Create the peer's table, empty."""
    PeerModel.metadata.drop_all(engine)
    PeerModel.metadata.create_all(engine)


def from_page(body: bytes) -> list[Any]:
    """Read a page of a query into the library's objects, as its own `query` does."""
    answer = json.loads(body)
    return [Invoice.from_json(document) for document in answer["QueryResponse"]["Invoice"]]


def merge(engine: Engine, objects: Iterable[Any]) -> None:
    """Merge the library's objects into the table, in one commit."""
    with Session(engine) as session:
        for invoice in objects:
            session.merge(_row(invoice))
        session.commit()


def _row(invoice: Any) -> PeerInvoice:
    return PeerInvoice(
        qbo_id=invoice.Id,
        sync_token=invoice.SyncToken,
        updated_at=invoice.MetaData.LastUpdatedTime,
        number=invoice.DocNumber,
        customer_id=invoice.CustomerRef.value,
        issued_day=date.fromisoformat(invoice.TxnDate),
        due_day=date.fromisoformat(invoice.DueDate) if invoice.DueDate else None,
        currency=invoice.CurrencyRef.value,
        total_minor=round(invoice.TotalAmt * 100),
        balance_minor=round(invoice.Balance * 100),
        email=invoice.BillEmail.Address if invoice.BillEmail else "",
    )
