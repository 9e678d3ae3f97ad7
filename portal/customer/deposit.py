"""Paying on account: a deposit without an invoice, where the company takes one, by who signed in as a payer.

The press is the pay page's own. Law: a company that takes no deposits has no such page.
"""

from __future__ import annotations

from flask import abort, render_template
from flask.typing import ResponseReturnValue
from sqlmodel import Session

from connector.ledger.allocation import least_free
from connector.store.cache import CustomerRow
from connector.store.companies import CompanyRow
from portal import security
from portal.access.visitors import Visitor
from portal.customer.gate import for_contacts, pages, visitor
from portal.customer.keys import publishable_key
from portal.customer.methods_offered import offered_to
from portal.customer.presses import payable_customers
from portal.here import runtime
from portal.picking import fetch, pick
from sync.collect.before import LARGEST_MINOR


@pages.get("/deposit")
@for_contacts
def show_deposit() -> ResponseReturnValue:
    """Show the form for an amount on account; customers of one currency at a time, the first customer's."""
    who, rt = visitor(), runtime()
    customers = payable_customers(who)
    with rt.db.read() as session:
        company = session.get_one(CompanyRow, who.company.id)
        if not customers or not company.takes_deposits:
            abort(404)
        names = _names(session, who)
        currency = customers[0][1]
        offered = offered_to(session, who, [], currency)
    key = publishable_key(who.company)
    if key:
        security.money_page()
    return render_template(
        "customer/deposit.html",
        customers=[(qbo_id, names.get(qbo_id, qbo_id)) for qbo_id, one in customers if one == currency],
        currency=currency,
        most=LARGEST_MINOR,
        least=least_free(currency).minor,
        offered=offered,
        publishable_key=key,
        stripe_js=rt.settings.stripe_js_url,
        form_nonce=rt.clock.new_token(),
    )


def _names(session: Session, who: Visitor) -> dict[str, str]:
    found = pick(CustomerRow.qbo_id, CustomerRow.name).where(who.may_see_customer())
    return {row.qbo_id: row.name for row in fetch(session, found)}
