"""What is attached to an invoice or an estimate and goes out with it: its names on the page, its bytes to be saved.

Laws: a file is shown only where QuickBooks says that it goes out with the document, and only to who may see that
document, in one query; what it is, its first bytes say; it is saved and never shown in the page's own origin, but for a
small picture that was written anew here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from io import BytesIO
from typing import Any

import structlog
from flask import Response, abort, send_file
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, Select, and_, bindparam
from sqlmodel import Session, col

from connector.errors import GatewayError, NotConnected, NotFound
from connector.qbo.downloads import TooLarge
from connector.store.cache import InvoiceRow, ListingRow
from connector.store.papers import AttachedRow, EstimateRow
from connector.words import mark, quantity, say
from portal.access.visitors import Visitor, invoices_of
from portal.customer.gate import for_contacts, for_payers, pages, visitor
from portal.errors import Words, answer
from portal.here import runtime
from portal.picking import fetch, fetch_one, pick
from portal.ring import DOOR, limiter
from sync.copies import LARGEST, attachment

log = structlog.get_logger()

MOST_SHOWN = 30
_PICTURES = (".png", ".jpg", ".jpeg")
_AWAY = Words(
    mark("The file cannot be fetched right now"),
    mark("It lies with the books, and they do not answer at the moment. Please try it again in a few minutes."),
)
_TOO_LARGE = Words(
    mark("The file is too large to be handed over here"), mark("Please ask for it; it can be sent another way.")
)


@dataclass(frozen=True)
class File:
    """A file beside a document, as its page shows it."""

    attachable_id: str
    name: str
    size: int | None
    is_picture: bool
    is_too_large: bool

    @property
    def size_text(self) -> str:
        """Return its size in words, empty where QuickBooks does not say one."""
        if self.size is None:
            return ""
        if self.size < 1_000_000:
            return say("{size} KB", size=quantity(Decimal(max(self.size // 1000, 1))))
        return say("{size} MB", size=quantity(Decimal(self.size // 100_000) / 10))


def invoice_files(session: Session, who: Visitor, invoice_id: str) -> list[File]:
    """Return what goes out with an invoice that the visitor may see."""
    return _files(session, _on_invoice(who.signed_in), _values(who, invoice_id))


def estimate_files(session: Session, who: Visitor, estimate_id: str) -> list[File]:
    """Return what goes out with an estimate that the visitor may see."""
    return _files(session, _on_estimate(who, estimate_id))


@cache
def _on_invoice(signed_in: bool) -> Select[Any]:
    mine = and_(invoices_of(signed_in=signed_in), col(InvoiceRow.qbo_id) == bindparam("invoice"))
    is_seen = pick(InvoiceRow.qbo_id).where(mine).exists()
    return _attached(bindparam("company"), "Invoice", bindparam("invoice"), is_seen)


def _values(who: Visitor, invoice_id: str) -> dict[str, Any]:
    return {**who.scope(), "invoice": invoice_id}


def _on_estimate(who: Visitor, estimate_id: str) -> Select[Any]:
    mine = and_(
        col(EstimateRow.company_id) == who.company.id,
        col(EstimateRow.qbo_id) == estimate_id,
        col(EstimateRow.customer_id).in_(who.customers()),
    )
    return _attached(who.company.id, "Estimate", estimate_id, pick(EstimateRow.qbo_id).where(mine).exists())


def _attached(company: Any, entity: str, object_id: Any, is_seen: ColumnElement[bool]) -> Select[Any]:
    alive = and_(
        col(ListingRow.company_id) == company,
        col(ListingRow.entity) == "Attachable",
        col(ListingRow.qbo_id) == AttachedRow.attachable_id,
        col(ListingRow.state) == "live",
    )
    return (
        pick(AttachedRow.attachable_id, AttachedRow.name, AttachedRow.size, AttachedRow.sync_token)
        .join(ListingRow, alive)
        .where(
            col(AttachedRow.company_id) == company,
            col(AttachedRow.entity) == entity,
            col(AttachedRow.object_id) == object_id,
            col(AttachedRow.on_send),
            is_seen,
        )
        .order_by(col(AttachedRow.name), col(AttachedRow.attachable_id))
        .limit(MOST_SHOWN)
    )


def _files(session: Session, query: Select[Any], values: Mapping[str, Any] | None = None) -> list[File]:
    return [
        File(
            attachable_id=row.attachable_id,
            name=row.name,
            size=row.size,
            is_picture=row.name.lower().endswith(_PICTURES),
            is_too_large=row.size is not None and row.size > LARGEST,
        )
        for row in fetch(session, query, values)
    ]


@pages.get("/i/<invoice_id>/file/<file_id>")
@limiter.limit(DOOR)
@for_payers
def invoice_file(invoice_id: str, file_id: str) -> ResponseReturnValue:
    """Hand over a file that goes out with an invoice."""
    return _hand_over(_on_invoice(visitor().signed_in), file_id, _values(visitor(), invoice_id))


@pages.get("/i/<invoice_id>/picture/<file_id>")
@limiter.limit(DOOR)
@for_payers
def invoice_picture(invoice_id: str, file_id: str) -> ResponseReturnValue:
    """Show a picture that goes out with an invoice, small."""
    return _hand_over(_on_invoice(visitor().signed_in), file_id, _values(visitor(), invoice_id), small=True)


@pages.get("/e/<estimate_id>/file/<file_id>")
@limiter.limit(DOOR)
@for_contacts
def estimate_file(estimate_id: str, file_id: str) -> ResponseReturnValue:
    """Hand over a file that goes out with an estimate."""
    return _hand_over(_on_estimate(visitor(), estimate_id), file_id)


@pages.get("/e/<estimate_id>/picture/<file_id>")
@limiter.limit(DOOR)
@for_contacts
def estimate_picture(estimate_id: str, file_id: str) -> ResponseReturnValue:
    """Show a picture that goes out with an estimate, small."""
    return _hand_over(_on_estimate(visitor(), estimate_id), file_id, small=True)


def _hand_over(
    query: Select[Any], file_id: str, values: Mapping[str, Any] | None = None, *, small: bool = False
) -> ResponseReturnValue:
    with runtime().db.read() as session:
        row = fetch_one(session, query.where(col(AttachedRow.attachable_id) == file_id), values)
    if row is None:
        abort(404)
    try:
        copy = attachment(runtime(), visitor().company.id, file_id, row.sync_token)
    except NotFound:
        abort(404)
    except TooLarge:
        return answer(413, _TOO_LARGE)
    except (GatewayError, NotConnected) as error:
        log.warning("file_unavailable", error=type(error).__name__, trace=getattr(error, "trace", ""))
        return answer(503, _AWAY, retry_after=60)
    if small:
        return Response(copy.small, mimetype="image/jpeg") if copy.small else abort(404)
    return send_file(BytesIO(copy.body), mimetype=copy.media_type, as_attachment=True, download_name=row.name)
