"""The key that Stripe's forms need in the browser, for the pages that show one.

Law: a company that is not connected, or has paused online payments, has none, so that no form appears that could not be
sent.
"""

from __future__ import annotations

from oauth import connections
from portal.access.companies import Company
from portal.here import runtime


class FormKey(str):
    """A publishable key. `account` is the connected account to use the platform's key for, empty with an own key."""

    account = ""


def publishable_key(company: Company) -> FormKey:
    """Return the key Stripe's form needs in the browser; empty while the company can or will take no payments."""
    if not company.takes_payments:
        return FormKey()
    with runtime().db.read() as db_session:
        row = connections.find(db_session, company.id, connections.STRIPE)
    return _key_of(row) if row is not None and row.state == "connected" else FormKey()


def _key_of(row: connections.Connection) -> FormKey:
    if not row.through_platform:
        return FormKey(row.publishable_key)
    key = FormKey(runtime().settings.stripe_platform_publishable_key)
    key.account = row.account
    return key
