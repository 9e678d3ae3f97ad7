"""One company of ours beside one company of the stand-in: real database, real HTTP, real tokens, the stand-ins' clock.

What a test does by hand in QuickBooks goes through the stand-in's control plane over HTTP; what the product does goes
over its own wire. Nothing here sleeps.
"""

from __future__ import annotations

import json
from typing import Any

import requests
from pydantic import SecretStr
from sqlmodel import col, select

from connector.qbo.gateway import QuickBooksGateway
from connector.qbo.throttle import MemoryThrottle, Throttle
from connector.settings import Settings
from connector.store.companies import CompanyRow, ConnectionRow
from connector.store.log import LogRow
from connector.store.session import Database
from oauth import connections
from oauth.intuit import Tokens
from oauth.tokens import bearer_for
from oauth.vault import Vault, new_key
from sandbox.world import World
from sync.runtime import Runtime
from tests.world_clock import WorldClock

KEYS = new_key("k2") + "," + new_key("k1")


class NoBell:
    def ring(self, work: str, subject: str) -> None:
        return None


class Rig:
    """A company, connected or not, and hands to reach into its QuickBooks."""

    def __init__(self, world: World, db: Database, *, slug: str = "harbor", realm: str | None = None) -> None:
        self.world, self.db = world, db
        self.realm = realm or world.quickbooks.found()
        # The stand-in counts in real time and the rig's clock never sleeps; the throttle has tests of its own.
        world.quickbooks.switches.set({"throttle": False})
        self.credentials = world.quickbooks.credentials(self.realm)
        self.clock = WorldClock(world)
        self.settings = settings_for(world)
        self.vault = Vault(KEYS)
        self.throttle: Throttle = MemoryThrottle(self.clock)
        self.company_id = self.clock.new_id()
        self.rt = Runtime(self.settings, db, self.clock, self.vault, self, NoBell())
        with db.write("cast") as session:
            session.add(CompanyRow(id=self.company_id, slug=slug, name="To be filled", created_at=self.clock.now()))

    def connect(self) -> Rig:
        """Store the stand-in's refresh token; the first call fetches an access token with it."""
        now = self.clock.now()
        tokens = Tokens("none yet", self.credentials["refresh_token"], now, now, None)
        with self.db.write("cast") as session:
            session.get_one(CompanyRow, self.company_id).realm_id = self.realm
            columns = {**connections.token_columns(self.rt, self.company_id, tokens), "account": self.realm}
            connections.put(session, self.rt, self.company_id, connections.QUICKBOOKS, columns)
        return self

    # What the product asks for ---------------------------------------------------------------------------------------

    def quickbooks(self, company_id: str) -> QuickBooksGateway:
        with self.db.read() as session:
            connections.connected(session, company_id, connections.QUICKBOOKS)
        return QuickBooksGateway(
            realm_id=self.realm,
            api_base=self.settings.qbo_api_base,
            bearer=bearer_for(self.db, self.vault, self.clock, self.settings, company_id),
            clock=self.clock,
            throttle=self.throttle,
        )

    def stripe(self, company_id: str) -> Any:
        raise AssertionError("pulling never asks Stripe")

    # What a person does in QuickBooks --------------------------------------------------------------------------------

    def control(self, name: str, payload: dict[str, Any] | None = None, *, method: str = "POST") -> Any:
        url = f"{self.world.quickbooks.public_url}/_control/{name}"
        headers = {"Authorization": f"Bearer {self.world.control_token}"}
        answer = requests.request(method, url, json=payload, headers=headers, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def quickbooks_control(self, name: str, **payload: Any) -> Any:
        return self.control(f"quickbooks/{name}", {"realm": self.realm, **payload})

    def create(self, entity: str, **document: Any) -> dict[str, Any]:
        created: dict[str, Any] = self.quickbooks_control("create", entity=entity, document=document)["document"]
        return created

    def edit(self, entity: str, qbo_id: str, **changes: Any) -> dict[str, Any]:
        edited: dict[str, Any] = self.quickbooks_control("edit", entity=entity, id=qbo_id, changes=changes)["document"]
        return edited

    def customer(self, name: str, email: str = "") -> str:
        more = {"PrimaryEmailAddr": {"Address": email}} if email else {}
        return str(self.create("Customer", DisplayName=name, **more)["Id"])

    def invoice(self, customer: str, amount: float, **more: Any) -> str:
        return str(self.create("Invoice", CustomerRef={"value": customer}, Line=[line(amount)], **more)["Id"])

    def switch(self, **wanted: Any) -> None:
        self.control("quickbooks/switches", wanted)

    def faults(self, *rules: dict[str, Any]) -> None:
        self.control("faults", {"rules": list(rules)}, method="PUT")

    def calls(self) -> list[str]:
        """Return the operations the API was asked for since the journal was cleared."""
        return [entry.operation for entry in self.world.quickbooks.journal._entries if entry.path.startswith("/v3")]

    def forget_calls(self) -> None:
        self.quickbooks_control("journal")

    def text(self, entity: str, qbo_id: str) -> str | None:
        """Return a document exactly as the stand-in holds it."""
        books = self.world.quickbooks.books(self.realm)
        assert books is not None
        held: str | None = books.docs.text(entity, qbo_id)
        return held

    def all_texts(self, entity: str) -> dict[str, str]:
        books = self.world.quickbooks.books(self.realm)
        assert books is not None
        with self.world.quickbooks.lock:
            books.settle_balances()
            return {key: books.docs.text(entity, key) for key in books.docs.ids(entity)}

    # What stands with us ---------------------------------------------------------------------------------------------

    def connection(self) -> ConnectionRow:
        with self.db.read() as session:
            row = connections.find(session, self.company_id, connections.QUICKBOOKS)
            assert row is not None
            return row

    def lines(self) -> list[str]:
        """Return the sentences of the sync log in their order."""
        with self.db.read() as session:
            mine = select(LogRow.sentence).where(LogRow.company_id == self.company_id).order_by(col(LogRow.at))
            return list(session.exec(mine))


def settings_for(world: World, **more: Any) -> Settings:
    """Return settings that point at the stand-in."""
    found = world.quickbooks.credentials()
    values: dict[str, Any] = {
        "tieout_mode": "sandbox",
        "secret_key": SecretStr("s" * 32),
        "vault_keys": SecretStr(KEYS),
        "qbo_client_id": found["client_id"],
        "qbo_client_secret": SecretStr(found["client_secret"]),
        "qbo_environment": found["discovery_url"],
        "qbo_api_base": found["api_base"],
        **more,
    }
    return Settings(**values)


def line(amount: float, item: str = "1") -> dict[str, Any]:
    """Return an invoice line of one piece of an item."""
    return {
        "Amount": amount,
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {"ItemRef": {"value": item}, "Qty": 1, "UnitPrice": amount},
    }


def rule(operation: str, do: str, **match: Any) -> dict[str, Any]:
    """Return a rule of the stand-in's fault programme."""
    return {"match": {"service": "quickbooks", "operation": operation, **match}, "do": do}


def parsed(text: str) -> dict[str, Any]:
    """Return a document as plain values."""
    found: dict[str, Any] = json.loads(text)
    return found
