"""The secret link of an invoice: opens it for this browser and leads to a clean address.

Law: opening never uses the link up; a wrong, expired, revoked or foreign link gives the same page as any address that
does not exist.
"""

from __future__ import annotations

from datetime import datetime

from flask import abort, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlmodel import Session, col

from connector.store.cache import InvoiceRow
from portal.access import links, sessions
from portal.access.visitors import open_invoice
from portal.customer.gate import pages, visitor
from portal.here import now, runtime
from portal.picking import fetch_one, pick
from portal.ring import DOOR, limiter


@pages.get("/l/<token>")
@limiter.limit(DOOR)
def follow_link(token: str) -> ResponseReturnValue:
    """Open an invoice by its link: remember it for this browser, then leave the secret out of the address."""
    who, rt = visitor(), runtime()
    with rt.db.read() as session:
        link = links.find(session, now(), token, links.INVOICE, who.company.id)
        if link is None or _long_paid(session, link, now()):
            abort(404)
    with rt.db.write("link.open") as session:
        cookie = open_invoice(session, who, link.invoice_id)
    response = redirect(url_for(".show_invoice", invoice_id=link.invoice_id))
    door = sessions.payer_door(who.company.slug)
    return sessions.give(response, door, cookie, sessions.GUEST) if cookie else response


def _long_paid(session: Session, link: links.Opened, instant: datetime) -> bool:
    """Tell whether the invoice is gone from the cache, or was last touched in the books long ago and is paid."""
    row = fetch_one(
        session,
        pick(InvoiceRow.balance_minor, InvoiceRow.remote_updated_at).where(
            col(InvoiceRow.company_id) == link.company_id, col(InvoiceRow.qbo_id) == link.invoice_id
        ),
    )
    if row is None:
        return True
    if row.balance_minor > 0 or not row.remote_updated_at:
        return False
    touched = datetime.fromisoformat(row.remote_updated_at)
    return touched.tzinfo is not None and instant - touched > links.PAID_LIFE
