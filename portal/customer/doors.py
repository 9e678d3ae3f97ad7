"""The secret links of an invoice, long and short: open it for this browser and lead to a clean address.

A short link is found by its code alone and opens what a long one opens. Law: opening never uses the link up; a wrong,
expired, revoked or foreign link gives the same page as any address that does not exist.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Blueprint, abort, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import bindparam
from sqlmodel import Session, col

from connector.store.cache import InvoiceRow
from connector.store.prepared import Prepared
from portal.access import links, sessions
from portal.access.limits import Limit, address, count_try
from portal.access.visitors import Visitor, open_invoice, visitor_at
from portal.customer.gate import pages, visitor
from portal.here import now, runtime
from portal.picking import pick
from portal.ring import DOOR, limiter
from sync.invoice_links import INVOICE

MOST_CODES = 60  # tries of short links from one address in an hour

short = Blueprint("short", __name__)


@pages.get("/l/<token>")
@limiter.limit(DOOR)
def follow_link(token: str) -> ResponseReturnValue:
    """Open an invoice by its link: remember it for this browser, then leave the secret out of the address."""
    return _open(visitor(), token)


@short.get("/i/<code>")
@limiter.limit(DOOR)
def follow_code(code: str) -> ResponseReturnValue:
    """Open an invoice by the short link that stands on a paper; it says the company by itself."""
    count_try([Limit("short/address", address(), MOST_CODES, timedelta(hours=1))])
    token = links.read_code(code)
    with runtime().db.read() as session:
        slug = links.slug_of(session, token) if len(token) == links.SHORT_LETTERS else ""
    is_here = slug == g.get("host_slug", slug)  # at a company's own host no other company is shown
    who = visitor_at(slug) if slug and is_here else None
    return _open(who, token) if who else abort(404)


def _open(who: Visitor, token: str) -> ResponseReturnValue:
    rt = runtime()
    with rt.db.read() as session:
        link = links.find(session, now(), token, INVOICE, who.company.id)
        if link is None or _long_paid(session, link, now()):
            abort(404)
    with rt.db.write("link.open") as session:
        cookie = open_invoice(session, who, link.invoice_id)
    response = redirect(_page(who.company.slug, link.invoice_id))
    door = sessions.payer_door(who.company.slug)
    return sessions.give(response, door, cookie, sessions.GUEST) if cookie else response


def _page(slug: str, invoice_id: str) -> str:
    """Return where a link leads: to its invoice, or to a payment that is named beside it, which shows itself or not."""
    if payment_id := request.args.get("payment"):
        return url_for("customer.show_payment", slug=slug, payment_id=payment_id)
    return url_for("customer.show_invoice", slug=slug, invoice_id=invoice_id)


def _long_paid(session: Session, link: links.Opened, instant: datetime) -> bool:
    """Tell whether the invoice is gone from the cache, or was last touched in the books long ago and is paid."""
    row = _INVOICE.first(session, company=link.company_id, invoice=link.invoice_id)
    if row is None:
        return True
    balance_minor, remote_updated_at = row
    if balance_minor > 0 or not remote_updated_at:
        return False
    touched = datetime.fromisoformat(remote_updated_at)
    return touched.tzinfo is not None and instant - touched > links.PAID_LIFE


_INVOICE = Prepared(
    pick(InvoiceRow.balance_minor, InvoiceRow.remote_updated_at).where(
        col(InvoiceRow.company_id) == bindparam("company"), col(InvoiceRow.qbo_id) == bindparam("invoice")
    )
)
