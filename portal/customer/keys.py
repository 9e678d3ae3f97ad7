"""The key that Stripe's forms need in the browser, for the pages that show one.

Law: a company that is not connected, or has paused online payments, has none, so that no form appears that could not be
sent.
"""

from __future__ import annotations

from oauth import connections
from portal.access.companies import Company
from portal.here import runtime


def publishable_key(company: Company) -> str:
    """Return the key Stripe's form needs in the browser; empty while the company can or will take no payments."""
    if not company.takes_payments:
        return ""
    with runtime().db.read() as db_session:
        row = connections.find(db_session, company.id, connections.STRIPE)
    return row.publishable_key if row is not None and row.state == "connected" else ""
