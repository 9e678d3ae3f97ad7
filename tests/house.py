"""An installed Tieout: one company connected through the real OAuth flow, pulled, with its accounts chosen.

Made with the product's own composition root from an environment that other processes can be started with, so that flows
in one process and crashes of many use the same installation.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from sqlmodel import col, select

from connector.clock import Clock
from connector.settings import Settings
from connector.store.cache import CustomerRow, InvoiceRow
from connector.store.companies import CompanyRow
from connector.store.money import PaymentRow
from connector.store.outbox import PostingRow
from connector.stripe.gateway import StripeGateway
from jobs.boot import runtime_of
from oauth import flow
from oauth.joining import begin_joining, finish_joining
from oauth.keys import connect_stripe
from oauth.vault import new_key
from sandbox.seed import seed
from sandbox.world import World
from sync.accounts import ensure_accounts
from sync.collect.press import Press, Started
from sync.collect.start import start_payment
from sync.pull import pull_company
from tests import joined
from tests.world_clock import WorldClock

PUBLIC_URL = "http://127.0.0.1:8800"


class Bells:
    """Remembers what was rung; nothing is lost by not answering."""

    def __init__(self) -> None:
        self.rung: list[tuple[str, str]] = []

    def ring(self, work: str, subject: str) -> None:
        self.rung.append((work, subject))


class House:
    """Harbor Tile Co., installed. `environment` starts further processes of the same installation."""

    def __init__(
        self,
        world: World,
        database_url: str,
        *,
        public_url: str = PUBLIC_URL,
        customers: int = 8,
        invoices: int = 40,
        clock: Clock | None = None,
        more: dict[str, str] | None = None,
        by_consent: bool = False,
    ) -> None:
        self.world = world
        self.realm = seed(world.quickbooks, customers=customers, invoices=invoices)
        self.environment = self._environment(world, database_url, public_url) | (more or {})
        if by_consent:
            self.environment |= {name.upper(): value for name, value in joined.platform_settings(world).items()}
        values: dict[str, Any] = {name.lower(): value for name, value in self.environment.items()}
        self.settings = Settings(**values)
        self.bell = Bells()
        # The clock of a test never sleeps, so the stand-in's throttle (which counts real seconds) is off.
        world.quickbooks.switches.set({"throttle": False})
        clock = clock or WorldClock(world)
        booted = runtime_of(self.settings, bell=self.bell, clock=clock)
        self.rt = booted
        self.company_id = self.rt.clock.new_id()
        with self.rt.db.write("found") as session:
            session.add(
                CompanyRow(id=self.company_id, slug="harbor-tile", name="Harbor", created_at=self.rt.clock.now())
            )
        self._consent()
        if by_consent:
            self.account = self.join(self.company_id, joined.business(world))
        else:
            self._keys()
        pull_company(self.rt, self.company_id)
        ensure_accounts(self.rt, self.company_id)

    @staticmethod
    def _environment(world: World, database_url: str, public_url: str) -> dict[str, str]:
        quickbooks = world.quickbooks.credentials()
        return {
            "TIEOUT_MODE": "sandbox",
            "PUBLIC_URL": public_url,
            "SECRET_KEY": "a secret for tests that is long enough",
            "VAULT_KEYS": new_key("k1"),
            "DATABASE_URL": database_url,
            "REDIS_URL": "redis://127.0.0.1:1/0",  # nobody listens: the doorbell is not needed
            "QBO_CLIENT_ID": quickbooks["client_id"],
            "QBO_CLIENT_SECRET": quickbooks["client_secret"],
            "QBO_ENVIRONMENT": quickbooks["discovery_url"],
            "QBO_API_BASE": quickbooks["api_base"],
            "QBO_VERIFIER_TOKEN": quickbooks["verifier_token"],
            "STRIPE_API_BASE": world.stripe_host.url,
            "STRIPE_JS_URL": f"{world.stripe_host.url}/endive/stripe.js",
        }

    def _consent(self) -> None:
        """Go through Intuit's consent page as a browser does."""
        url = flow.begin_consent(self.rt, self.company_id, "this browser")
        answer = requests.post(
            url, data={"realm_id": self.realm, "decision": "connect"}, allow_redirects=False, timeout=10
        )
        assert answer.status_code == 302, answer.text
        given = {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}
        flow.finish_consent(
            self.rt, state=given["state"], code=given["code"], realm_id=given["realmId"], browser_hash="this browser"
        )

    def _keys(self) -> None:
        stripe = self.world.stripe

        def look(key: str) -> Any:
            gateway = StripeGateway(
                account="", secret_key=key, api_base=self.settings.stripe_api_base, clock=self.rt.clock
            )
            return gateway.account()

        self.account = connect_stripe(
            self.rt,
            self.company_id,
            secret_key=stripe.restricted_key,
            publishable_key=stripe.publishable_key,
            webhook_secret=stripe.webhook_secret,
            look=look,
        )

    def join(self, company_id: str, account: str) -> str:
        """Let a company's owner choose an account on Stripe's page of consent; returns the account."""
        back = joined.agree(begin_joining(self.rt, company_id, "this browser"), account)
        return finish_joining(self.rt, state=back["state"], code=back["code"], browser_hash="this browser")[1]

    # The payer -------------------------------------------------------------------------------------------------------

    def customer(self, name: str) -> str:
        with self.rt.db.read() as session:
            found = select(CustomerRow.qbo_id).where(
                CustomerRow.company_id == self.company_id, CustomerRow.name == name
            )
            return session.exec(found).one()

    def open_invoices(self, customer_id: str) -> list[InvoiceRow]:
        """Return a customer's open invoices, the oldest first."""
        with self.rt.db.read() as session:
            found = (
                select(InvoiceRow)
                .where(
                    InvoiceRow.company_id == self.company_id,
                    InvoiceRow.customer_id == customer_id,
                    InvoiceRow.balance_minor > 0,
                )
                .order_by(col(InvoiceRow.issued_day))
            )
            return list(session.exec(found))

    def press(self, customer_id: str, shares: dict[str, int], **more: Any) -> Started:
        """Press Pay, as the page does; fails where the product refuses."""
        press = Press(
            company_id=self.company_id,
            customer_id=customer_id,
            shares=tuple(shares.items()),
            currency="USD",
            form_nonce=self.rt.clock.new_id(),
            payer_email="dana@bluemesa.example",
            allowed_customers=frozenset({customer_id}),
            **more,
        )
        answer = start_payment(self.rt, press)
        assert isinstance(answer, Started), answer
        return answer

    def confirm(self, payment_id: str, **how: Any) -> None:
        """Confirm in the stand-in's browser endpoint: `card=` or `bank_account=`."""
        chosen = {"account": self.account, "payment_intent": self.payment(payment_id).intent_id}
        self.world.stripe.control("pay", {**chosen, **how})

    def payment(self, payment_id: str) -> PaymentRow:
        with self.rt.db.read() as session:
            return session.exec(select(PaymentRow).where(PaymentRow.id == payment_id)).one()

    def postings(self) -> list[PostingRow]:
        with self.rt.db.read() as session:
            found = select(PostingRow).where(PostingRow.company_id == self.company_id).order_by(col(PostingRow.id))
            return list(session.exec(found))

    # The truth, from the stand-ins' own books -------------------------------------------------------------------------

    def in_books(self, entity: str) -> list[dict[str, Any]]:
        """Return every document of an entity as the stand-in of QuickBooks holds it."""
        books = self.world.quickbooks.books(self.realm)
        assert books is not None
        bodies = [books.docs.body(entity, qbo_id) for qbo_id in books.docs.ids(entity)]
        return [body for body in bodies if body is not None]

    def ours_in_books(self, entity: str, field: str) -> list[dict[str, Any]]:
        """Return the documents that carry one of our references."""
        return [body for body in self.in_books(entity) if str(body.get(field, "")).startswith("TO")]

    def at_stripe(self, kind: str) -> list[dict[str, Any]]:
        """Return the account's objects of a kind as the stand-in of Stripe holds them."""
        found: list[dict[str, Any]] = self.world.stripe.control("state", {"kind": kind, "account": self.account})[kind]
        return found

    def charges(self) -> list[dict[str, Any]]:
        return [charge for charge in self.at_stripe("charges") if charge["status"] == "succeeded"]

    def close(self) -> None:
        self.rt.db.close()


def sqlite_at(folder: Path) -> str:
    return f"sqlite:///{folder / 'tieout.db'}"
