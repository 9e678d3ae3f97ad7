"""The key that Stripe's forms need in the browser, for the pages that show one.

Law: a company that is not connected has none, so that no form appears that could not be sent.
"""

from __future__ import annotations

from oauth import connections
from portal.here import runtime


def publishable_key(company_id: str) -> str:
    """Return the key Stripe's form needs in the browser; empty while the company cannot take payments."""
    with runtime().db.read() as db_session:
        row = connections.find(db_session, company_id, connections.STRIPE)
    return row.publishable_key if row is not None and row.state == "connected" else ""
