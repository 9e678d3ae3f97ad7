"""Connections: QuickBooks, Stripe, and the accounts that play a part in the books.

Laws: a secret is taken, never shown; connecting and disconnecting are for owners; accounts are created in QuickBooks
only when a person presses for it.
"""

from __future__ import annotations

import structlog
from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from connector.errors import GatewayError, NotConnected, WrongInput
from connector.stripe.gateway import READS, WRITES
from connector.stripe.webhooks import WANTED_EVENTS
from jobs.gateways import account_of_key
from oauth import connections
from oauth.keys import connect_stripe
from portal.access.members import OWNER
from portal.here import now, runtime
from portal.security import consent_page
from portal.staff.gate import member, needs_role, pages
from sync import accounts
from sync.wallets import offer_wallets

log = structlog.get_logger()

PARTS = {
    "clearing": "Stripe clearing",
    "fees": "Stripe’s fees",
    "bank": "Bank that gets the payouts",
    "receivable": "Accounts receivable",
    "vendor": "Vendor of the fees",
    "method_card": "Payment method, card",
    "method_bank": "Payment method, bank debit",
    "discount": "Discounts",
    "surcharge": "Card surcharges",
}


@pages.get("/connections")
def show_connections() -> ResponseReturnValue:
    """Show what is connected and which accounts play a part."""
    rt, company_id = runtime(), member().company.id
    with rt.db.read() as session:
        quickbooks = connections.find(session, company_id, connections.QUICKBOOKS)
        stripe = connections.find(session, company_id, connections.STRIPE)
        parts = accounts.mapped(session, company_id)
    consent_page(rt.settings)
    return render_template(
        "staff/connections.html",
        quickbooks=quickbooks,
        stripe=stripe,
        ends=connections.ends_soon(quickbooks, now()) if quickbooks else None,
        parts=parts,
        open_parts=accounts.propose(rt, company_id) if quickbooks else [],
        names=PARTS,
        webhook_url=f"{rt.settings.public_url}/hooks/stripe/{member().company.slug}",
        webhook_events=WANTED_EVENTS,
        key_writes=WRITES,
        key_reads=READS,
        by_consent=rt.settings.is_platform,
    )


@pages.post("/connections/stripe")
@needs_role(OWNER)
def save_stripe_keys() -> ResponseReturnValue:
    """Store Stripe's keys after Stripe itself said whose they are."""
    rt = runtime()
    names = ("secret_key", "publishable_key", "webhook_secret")
    keys = {name: request.form.get(name, "") for name in names}
    try:
        account = connect_stripe(
            rt, member().company.id, look=lambda key: account_of_key(rt.settings, rt.clock, key), **keys
        )
        flash(f"Connected to Stripe account {account}.", "good")
        offer_wallets(rt, member().company.id)
        rt.bell.ring("pull", member().company.id)
    except WrongInput as error:
        flash(str(error), "bad")
    return redirect(url_for(".show_connections"))


@pages.post("/connections/accounts")
@needs_role(OWNER)
def set_up_accounts() -> ResponseReturnValue:
    """Give every part of the books to an account, and create in QuickBooks what is missing."""
    try:
        accounts.ensure_accounts(runtime(), member().company.id)
        flash("Every part that could be given to an account has one.", "good")
    except WrongInput as error:
        flash(str(error), "bad")
    except (GatewayError, NotConnected) as error:
        log.warning("accounts_unset", error=type(error).__name__, trace=getattr(error, "trace", ""))
        flash("QuickBooks did not answer just now. Press again in a minute; it goes on where it stopped.", "bad")
    return redirect(url_for(".show_connections"))
