"""A company with real parts on both sides: its rows in a real database, its books in the QuickBooks stand-in over HTTP.

The product's clock is the stand-ins' clock; nothing sleeps. Everything a test does by hand in QuickBooks goes through
the stand-in's control plane, everything the product does goes over the wire.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlmodel import Session, col, select

from connector.ledger.allocation import Share
from connector.ledger.money import Money
from connector.ledger.postings import ChargeFact, PayoutFact, Posting, charge_postings, fee_posting, payout_posting
from connector.qbo.gateway import QuickBooksGateway
from connector.qbo.throttle import MemoryThrottle
from connector.store.books import DiscrepancyRow
from connector.store.cache import CustomerRow, InvoiceRow
from connector.store.companies import CompanyRow, ConnectionRow, MappingRow
from connector.store.log import LogRow
from connector.store.money import PaymentRow
from connector.store.outbox import AttemptRow, PostingRow
from connector.store.session import Database
from oauth.vault import Vault
from sandbox.qbo.control import QuickBooksControl
from sandbox.world import World
from sync.outbox import write_postings
from sync.push import Pushed, push_company
from sync.runtime import Runtime
from tests.sync.outbox.parts import VAULT_KEYS, Bells, OneCompany, settings_for
from tests.world_clock import WorldClock

STRIPE_ACCOUNT = "acct_1HarborTile0000"


class Rig:
    """The company, its hands in QuickBooks, and what a test asks of both."""

    def __init__(self, db: Database, world: World, *, stripe: Any = None) -> None:
        self.world, self.db, self.clock = world, db, WorldClock(world)
        self.hands = QuickBooksControl(world.quickbooks)
        world.quickbooks.switches.set({"throttle": False})
        login = world.quickbooks.credentials()
        self.realm: str = login["realm_id"]
        self._token = ""
        self.throttle = MemoryThrottle(self.clock)
        self.gateway = QuickBooksGateway(
            realm_id=self.realm,
            api_base=login["api_base"],
            bearer=self.bearer,
            clock=self.clock,
            throttle=self.throttle,
        )
        self.gateways, self.bell = OneCompany(self.gateway, stripe), Bells()
        self.rt = Runtime(settings_for(login["api_base"]), db, self.clock, Vault(VAULT_KEYS), self.gateways, self.bell)
        self.company_id = self.clock.new_id()
        self._charges = 0
        self._found_company()

    def bearer(self, refresh: bool) -> str:
        """Return the access token, a newer one when the present one was refused."""
        if refresh or not self._token:
            login = self.world.quickbooks.credentials()
            with self.world.quickbooks.lock:
                self._token = str(self.world.quickbooks.oauth.refresh(login["refresh_token"])["access_token"])
        return self._token

    # The company ------------------------------------------------------------------------------------------------------

    def _found_company(self) -> None:
        self.accounts = {
            "clearing": self.by_hand("Account", Name="Stripe clearing", AccountType="Bank", AccountSubType="Checking"),
            "fees": self.account("Merchant fees"),
            "bank": self.account("Checking"),
            "vendor": self.by_hand("Vendor", DisplayName="Stripe"),
            "method_card": self.by_hand("PaymentMethod", Name="Stripe card", Type="CREDIT_CARD"),
        }
        with self.db.write("found") as session:
            session.add(
                CompanyRow(id=self.company_id, slug="harbor", name="Harbor Tile Co.", created_at=self.clock.now())
            )
            session.flush()
            for which in ("quickbooks", "stripe"):
                session.add(ConnectionRow(company_id=self.company_id, which=which, connected_at=self.clock.now()))
            for role, qbo_id in self.accounts.items():
                session.add(
                    MappingRow(company_id=self.company_id, role=role, currency="USD", qbo_id=qbo_id, name=role.title())
                )

    def account(self, name: str) -> str:
        """Return the id of an account of the chart."""
        found = self.world.quickbooks.books(self.realm)
        assert found is not None
        qbo_id = found.named("Account", "Name", name)
        assert qbo_id is not None
        return qbo_id

    def by_hand(self, entity: str, **fields: Any) -> str:
        """Make a document as a person does in QuickBooks."""
        made = self.hands.control("create", {"entity": entity, "document": fields}, reading=False)
        return str(made["document"]["Id"] if "document" in made else made["id"])

    def edit(self, entity: str, qbo_id: str, **changes: Any) -> None:
        """Change a document as a person does in QuickBooks."""
        self.hands.control("edit", {"entity": entity, "id": qbo_id, "changes": changes}, reading=False)

    def customer(self, name: str) -> str:
        """Make a customer, in QuickBooks and in our cache."""
        qbo_id = self.by_hand("Customer", DisplayName=name)
        with self.db.write("customer") as session:
            session.add(CustomerRow(company_id=self.company_id, qbo_id=qbo_id, sync_token="0", name=name))
        return qbo_id

    def invoice(self, customer_id: str, minor: int, number: str) -> str:
        """Make an open invoice without tax, in QuickBooks and in our cache."""
        line = {
            "Amount": minor / 100,
            "DetailType": "SalesItemLineDetail",
            "SalesItemLineDetail": {"ItemRef": {"value": "1"}, "TaxCodeRef": {"value": "NON"}},
        }
        qbo_id = self.by_hand("Invoice", CustomerRef={"value": customer_id}, DocNumber=number, Line=[line])
        with self.db.write("invoice") as session:
            session.add(
                InvoiceRow(
                    company_id=self.company_id,
                    qbo_id=qbo_id,
                    sync_token="0",
                    number=number,
                    customer_id=customer_id,
                    issued_day=self.today,
                    total_minor=minor,
                    balance_minor=minor,
                )
            )
        return qbo_id

    @property
    def today(self) -> date:
        """The day in the company's zone."""
        return self.clock.today("America/Los_Angeles")

    # Facts ------------------------------------------------------------------------------------------------------------

    def charge(self, customer_id: str, shares: dict[str, int], *, fee: int = 0, rest: int = 0) -> list[Posting]:
        """Return the postings of a succeeded charge that pays invoices, and leaves a rest on the customer."""
        self._charges += 1
        number = f"{self._charges:04}"
        fact = ChargeFact(
            stripe_account=STRIPE_ACCOUNT,
            charge_id=f"ch_3QTieoutTestCharge{number}x",
            payment_id=self.clock.new_id(),
            balance_txn=f"txn_3QTieoutTest{number}",
            gross=Money(sum(shares.values()) + rest, "USD"),
            fee=Money(fee, "USD"),
            day=self.today,
            shares=tuple(Share(invoice, customer_id, Money(minor, "USD")) for invoice, minor in shares.items()),
            customer_id=customer_id,
        )
        posting = fee_posting(fact)
        return [*charge_postings(fact), *([posting] if posting else [])]

    def payout(self, minor: int, payout_id: str = "po_1QTieoutTestPayout0001") -> Posting:
        """Return the posting of a paid payout."""
        return payout_posting(
            PayoutFact(STRIPE_ACCOUNT, payout_id, f"txn_{payout_id}", Money(minor, "USD"), self.today)
        )

    def owe(self, *postings: Posting, method: str = "card") -> list[str]:
        """Write postings into the outbox, with the payment that they come from."""
        payment_id = self.clock.new_id()
        now = self.clock.now()
        with self.db.write("owe") as session:
            session.add(
                PaymentRow(
                    id=payment_id,
                    company_id=self.company_id,
                    customer_id=postings[0].key.customer_id,
                    currency="USD",
                    form_nonce=payment_id,
                    method=method,
                    state="succeeded",
                    created_at=now,
                    expires_at=now,
                )
            )
            session.flush()
            return write_postings(session, self.rt, self.company_id, postings, payment_id=payment_id)

    # Doing and looking ------------------------------------------------------------------------------------------------

    def push(self) -> Pushed:
        """Push what is due now."""
        return push_company(self.rt, self.company_id)

    def faults(self, *rules: tuple[str, str] | dict[str, Any]) -> None:
        """Load faults: (operation, what to do) once each, or a whole rule."""
        self.world.faults.load(
            [
                rule
                if isinstance(rule, dict)
                else {"match": {"service": "quickbooks", "operation": rule[0]}, "do": rule[1]}
                for rule in rules
            ]
        )

    def later(self, seconds: float) -> None:
        """Let time pass."""
        self.world.advance(seconds)

    def posting(self, posting_id: str) -> PostingRow:
        """Return a posting's row."""
        with self.db.read() as session:
            return session.exec(select(PostingRow).where(PostingRow.id == posting_id)).one()

    def rows(self, table: type[Any], **where: Any) -> list[Any]:
        """Return rows of a table of this company, in the order of their ids."""
        with self.db.read() as session:
            query = select(table).where(table.company_id == self.company_id)
            for name, value in where.items():
                query = query.where(getattr(table, name) == value)
            return list(session.exec(query.order_by(table.id)))

    def attempts(self, posting_id: str) -> list[AttemptRow]:
        """Return the attempt log of a posting, oldest first."""
        with self.db.read() as session:
            rows = select(AttemptRow).where(AttemptRow.posting_id == posting_id).order_by(col(AttemptRow.seq))
            return list(session.exec(rows))

    def open_discrepancies(self) -> list[DiscrepancyRow]:
        """Return what is open."""
        return [row for row in self.rows(DiscrepancyRow) if row.closed_at is None]

    def log_lines(self) -> list[str]:
        """Return the sentences of the sync log."""
        return [row.sentence for row in self.rows(LogRow)]

    def in_books(self, entity: str) -> list[dict[str, Any]]:
        """Return every document of an entity as the stand-in holds it."""
        books = self.world.quickbooks.books(self.realm)
        assert books is not None
        bodies = [books.docs.body(entity, qbo_id) for qbo_id in books.docs.ids(entity)]
        return [body for body in bodies if body is not None]

    def balance(self, role: str) -> int:
        """Return an account's balance in the stand-in's own ledger, in cents."""
        register = self.hands.control("register", {"account": self.accounts[role]}, reading=True)
        return int(register["balance_cents"])

    def session(self) -> Session:
        """Open a session on the database, for what a test does behind the product's back."""
        return Session(self.db.engine)
