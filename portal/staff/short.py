"""The short link of an invoice, to be read out, typed or scanned at the door: a page to be printed.

Law: the code is shown once, when it is made; it is one of the invoice's links, with their scope, and revoked like them.
"""

from __future__ import annotations

import segno
from flask import render_template
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from portal.access import links
from portal.access.members import BOOKKEEPER
from portal.here import runtime
from portal.staff.gate import member, needs_role, pages
from portal.staff.invoices import answer_taken_back, find_invoice
from sync.addresses import at_home


@pages.post("/invoices/<invoice_id>/short")
@needs_role(BOOKKEEPER)
def make_short_link(invoice_id: str) -> ResponseReturnValue:
    """Make a short link to an invoice and show it with its QR code, this once."""
    rt, company = runtime(), member().company
    with rt.db.write("link.short") as session:
        line = find_invoice(session, company, invoice_id)
        if not line.is_live:
            return answer_taken_back(line)
        code = links.add_short_link(session, rt, company.id, invoice_id)
    url = at_home(rt.settings, company.host, links.short_address(rt, code))
    return render_template("staff/short.html", line=line, url=url, qr=qr_of(url))


def qr_of(url: str) -> Markup:
    """Return the QR code of an address as SVG, black on white in every colour scheme, so that any camera reads it."""
    drawn = segno.make(url, error="m", micro=False).svg_inline(omitsize=True, border=4, dark="#000", light="#fff")
    # Squares, drawn by segno: no text of anybody stands in it.
    return Markup(drawn)  # noqa: S704  # nosec B704
