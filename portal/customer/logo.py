"""A company's logo, for everybody who sees its pages or its mails.

Law: it is the PNG that was written anew when it was saved, and nothing that anybody uploaded; its address changes with
it, so that it may be kept for ever.
"""

from __future__ import annotations

from flask import Response, abort
from flask.typing import ResponseReturnValue
from sqlmodel import col

from connector.store.companies import LogoRow
from portal.customer.gate import pages, visitor
from portal.here import runtime
from portal.picking import fetch_one, pick
from portal.ring import DOOR, limiter
from portal.security import may_be_kept


@pages.get("/logo/<version>.png")
@limiter.limit(DOOR)
def logo(version: str) -> ResponseReturnValue:
    """Hand over the logo of a company."""
    mine = (col(LogoRow.company_id) == visitor().company.id, col(LogoRow.version) == version)
    with runtime().db.read() as session:
        row = fetch_one(session, pick(LogoRow.body).where(*mine))
    if row is None:
        abort(404)
    may_be_kept()
    return Response(row.body, mimetype="image/png")
