"""The invoice page: who asks, how much, by when, pay; then the whole paper; and QuickBooks' own PDF of it.

Law: the page shows the cache and says how old it is; the PDF is QuickBooks' own, kept for a day by its version.
"""

from __future__ import annotations

import re
from functools import cache, partial
from typing import Any

import structlog
from flask import Response, abort, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import Select, bindparam
from sqlmodel import Session, col

from connector.errors import GatewayError, NotConnected, NotFound
from connector.store.cache import InvoiceRow
from connector.words import mark
from portal.access.visitors import invoices_of
from portal.customer.attachments import invoice_files
from portal.customer.gate import for_payers, pages, visitor
from portal.customer.sheet import Sheet, sheet_of
from portal.customer.steps import debit_steps
from portal.customer.talk import talks_of, undisputed_of
from portal.errors import Words, answer
from portal.here import runtime
from portal.picking import fetch_one, pick
from portal.ring import DOOR, limiter
from sync.copies import paper
from sync.reach import PAYERS

log = structlog.get_logger()

_NO_PDF = Words(
    mark("The PDF cannot be fetched right now"),
    mark(
        "It comes straight from the books, and they do not answer at the moment. The invoice's page has the same "
        "figures; please try the PDF again in a few minutes."
    ),
)


@pages.get("/i/<invoice_id>")
@for_payers
def show_invoice(invoice_id: str) -> ResponseReturnValue:
    """Show an invoice."""
    sheet = sheet_or_404(invoice_id)
    today = visitor().company.today
    steps_of = partial(debit_steps, company=visitor().company)
    talks = talks_of(visitor(), sheet)
    with runtime().db.read() as session:
        disputed, undisputed = undisputed_of(session, visitor(), sheet)
        may_pay, files = _may_pay(session, invoice_id), invoice_files(session, visitor(), invoice_id)
    return render_template(
        "customer/invoice.html",
        sheet=sheet,
        ask=sheet.ask(today),
        today=today,
        steps_of=steps_of,
        talks=talks,
        disputed=disputed,
        undisputed=undisputed,
        may_pay=may_pay,
        files=files,
    )


def _may_pay(session: Session, invoice_id: str) -> bool:
    """Tell whether this visitor may pay an invoice that he sees: some may only look."""
    who = visitor()
    return fetch_one(session, _payable(who.signed_in), {**who.scope(), "invoice": invoice_id}) is not None


@cache
def _payable(signed_in: bool) -> Select[Any]:
    mine = invoices_of(*PAYERS, signed_in=signed_in)
    return pick(InvoiceRow.qbo_id).where(mine, col(InvoiceRow.qbo_id) == bindparam("invoice"))


@pages.get("/i/<invoice_id>/pdf")
@limiter.limit(DOOR)
@for_payers
def download_pdf(invoice_id: str) -> ResponseReturnValue:
    """Hand over QuickBooks' own PDF of an invoice."""
    sheet = sheet_or_404(invoice_id)
    invoice, company = sheet.invoice, visitor().company
    # A new version, another balance and another day, on which QuickBooks' own form may look otherwise, are read anew.
    version = f"{invoice.sync_token}/{invoice.balance.minor}/{company.today}"
    try:
        pdf = paper(runtime(), company.id, "Invoice", invoice_id, version)
    except NotFound:
        abort(404)
    except (GatewayError, NotConnected) as error:
        log.warning("pdf_unavailable", error=type(error).__name__, trace=getattr(error, "trace", ""))
        return answer(503, _NO_PDF, retry_after=60)
    return pdf_response(pdf, f"invoice-{invoice.number or invoice_id}")


def sheet_or_404(invoice_id: str) -> Sheet:
    """Return an invoice of this visitor or answer that there is nothing."""
    sheet = sheet_of(visitor(), invoice_id)
    if sheet is None:
        abort(404)
    return sheet


def pdf_response(pdf: bytes, name: str) -> Response:
    """Answer with a PDF to be saved under a name that is safe as a file's."""
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "document"
    return Response(
        pdf, mimetype="application/pdf", headers={"Content-Disposition": f'attachment; filename="{safe}.pdf"'}
    )
