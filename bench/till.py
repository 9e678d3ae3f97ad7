"""A company that takes payments, between both of the sandbox's services: what paying costs is measured on it.

Connected and pulled by the product itself. Law: both services answer over HTTP on loopback, as they do in the demo.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlmodel import col, select, update
from werkzeug.test import Client

from bench import product
from bench.databases import COMPANY, SLUG, SqliteFiles
from connector.store.access import ContactCustomerRow, ContactRow
from connector.store.cache import InvoiceRow
from connector.store.companies import CompanyRow
from connector.stripe.gateway import StripeGateway
from oauth import connections
from oauth.intuit import Tokens
from oauth.keys import connect_stripe
from sandbox.seed import seed
from sandbox.world import World
from sync.pull import pull_company
from sync.runtime import Runtime

_CONTACT = "01BENCHCONTACT000000000000"


@dataclass(frozen=True)
class Till:
    """The portal of the company: a browser of somebody who pays for its customers, and what they owe."""

    browser: Client
    invoices: list[tuple[str, int]]  # id and minor units that are open


@contextmanager
def till(folder: Path, *, invoices: int) -> Iterator[Till]:
    """Give a till at which that many invoices are open."""
    world = World(control_token="control of the bench")
    world.start()
    try:
        seed(world.quickbooks, customers=40, invoices=600)
        world.quickbooks.switches.set({"throttle": False})
        with product.runtime(_environment(world, f"sqlite:///{SqliteFiles(folder).path()}")) as rt:
            _connect(rt, world)
            pull_company(rt, COMPANY)
            yield _with_contact(rt, invoices)
    finally:
        world.stop()


def _environment(world: World, database_url: str) -> dict[str, str]:
    keys = world.quickbooks.credentials()
    return product.environment(database_url, keys["api_base"]) | {
        "PUBLIC_URL": "http://localhost",
        "QBO_ENVIRONMENT": keys["discovery_url"],
        "QBO_CLIENT_ID": keys["client_id"],
        "QBO_CLIENT_SECRET": keys["client_secret"],
        "STRIPE_API_BASE": world.stripe_host.url,
        "STRIPE_JS_URL": f"{world.stripe_host.url}/endive/stripe.js",
    }


def _connect(rt: Runtime, world: World) -> None:
    keys, end = world.quickbooks.credentials(), rt.clock.now() + timedelta(days=1)
    fresh = world.quickbooks.oauth.refresh(keys["refresh_token"])
    tokens = Tokens(fresh["access_token"], fresh["refresh_token"], end, end, None)
    with rt.db.write("bench") as session:
        session.exec(update(CompanyRow).where(col(CompanyRow.id) == COMPANY).values(realm_id=keys["realm_id"]))
        columns = {**connections.token_columns(rt, COMPANY, tokens), "account": keys["realm_id"]}
        connections.put(session, rt, COMPANY, connections.QUICKBOOKS, columns)
    stripe = world.stripe
    connect_stripe(
        rt,
        COMPANY,
        secret_key=stripe.restricted_key,
        publishable_key=stripe.publishable_key,
        webhook_secret=stripe.webhook_secret,
        look=lambda key: StripeGateway(
            account="", secret_key=key, api_base=rt.settings.stripe_api_base, clock=rt.clock
        ).account(),
    )


def _with_contact(rt: Runtime, most: int) -> Till:
    """Let somebody sign in who pays for every customer."""
    # Late: a portal that cannot be imported keeps no other row from being measured.
    from portal.access import sessions
    from portal.app import create_app
    from portal.security import cookie_name

    app, now = create_app(rt), rt.clock.now()
    owed = select(InvoiceRow.qbo_id, InvoiceRow.balance_minor, InvoiceRow.customer_id).where(
        InvoiceRow.company_id == COMPANY,
        InvoiceRow.currency == "USD",
        InvoiceRow.state == "live",
        col(InvoiceRow.balance_minor) > 100,
    )
    with app.app_context(), rt.db.write("bench") as session:
        rows = session.exec(owed.order_by(col(InvoiceRow.qbo_id))).all()
        session.add(ContactRow(id=_CONTACT, company_id=COMPANY, email="ap@customer.example", created_at=now))
        session.flush()
        of = {"company_id": COMPANY, "contact_id": _CONTACT}
        session.add_all(ContactCustomerRow(customer_id=customer, **of) for customer in {row[2] for row in rows})
        token = sessions.start(session, sessions.CUSTOMER, **of)
    assert len(rows) >= most, f"{len(rows)} invoices are open, {most} are to be paid"
    browser = app.test_client()
    browser.set_cookie(cookie_name(rt.settings, sessions.payer_door(SLUG)), token)
    return Till(browser, [(qbo_id, minor) for qbo_id, minor, _ in rows[:most]])
