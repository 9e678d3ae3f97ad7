"""The stand-in as one thing: shelf, clock, companies, tokens, webhooks, and its web face.

Composition root of `sandbox.qbo`. Law: state changes only under `lock`, and `commit` writes it to the shelf before an
answer leaves.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sandbox.agenda import Agenda
from sandbox.clock import SandboxClock
from sandbox.courier import Courier
from sandbox.faults import Faults
from sandbox.host import FaultyTransport, Lazily, WsgiApp
from sandbox.qbo.books import Books
from sandbox.qbo.budget import Budget
from sandbox.qbo.calls import operation_of
from sandbox.qbo.founding import found_company
from sandbox.qbo.journal import Journal
from sandbox.qbo.lag import Lag
from sandbox.qbo.oauth import OAuth
from sandbox.qbo.refusals import Refusal, throttled
from sandbox.qbo.replays import Replays
from sandbox.qbo.switches import Switches
from sandbox.qbo.throttle import Limits, Throttle
from sandbox.qbo.webhooks import OPERATION, TROUBLES, Webhooks
from sandbox.qbo.wire import build_app, front
from sandbox.shelf import Shelf

if TYPE_CHECKING:
    from sandbox.control import Steered

DEFAULT_NAME = "Harbor Tile Co."


class QuickBooksStandin:
    """QuickBooks Online on this machine, with as many companies as wanted."""

    def __init__(self, shelf: Shelf, *, clock: SandboxClock, faults: Faults, courier: Courier | None = None) -> None:
        self.clock, self.faults = clock, faults
        self.lock = threading.RLock()
        self.public_url = ""
        self.courier = courier or Courier(threads=1)  # one: bodies go out in their order
        self.switches = Switches(shelf)
        self.oauth = OAuth(shelf, clock, self.switches)
        self.replays = Replays(shelf)
        self.throttle = Throttle(clock.seconds)
        self.budget = Budget(shelf, clock, self.switches)
        self.lag = Lag(clock.seconds)
        self.journal = Journal()
        self.agenda = Agenda(shelf, clock)
        self.webhooks = Webhooks(
            shelf,
            clock,
            switches=self.switches,
            oauth=self.oauth,
            courier=self.courier,
            lock=self.lock,
            commit=self.commit,
            schedule=self.agenda.add,
            troubles=lambda: faults.pick("quickbooks", OPERATION, only=TROUBLES),
        )
        self.agenda.teach("webhooks.gather", lambda _: self.webhooks.gather())
        self.agenda.teach("webhooks.carry", lambda _: self.webhooks.carry())
        self.agenda.teach("webhooks.replay", lambda subject: self.webhooks.replay(subject["number"]))
        self._shelf = shelf
        self._books: dict[str, Books] = {}
        self._muted = False
        self._by_app = False
        self.agenda.add("webhooks.carry", clock.seconds())  # what was under way when the last run ended

    # Companies --------------------------------------------------------------------------------------------------------

    def found(self, seed: int = 1, *, bank: str = "Checking") -> str:
        """Return the first company's realm id; made at first, app and ids the same for the same seed.

        `bank` is what the company calls its checking account.
        """
        with self.lock:
            realms = list(self._shelf.all("_realm"))
            if realms:
                return realms[0]
            self.oauth.register_app(seed)
            draw = random.Random(f"quickbooks realm {seed}")
            return self._found(f"93414{draw.randrange(10**11):011d}", DEFAULT_NAME, bank=bank)

    def add_company(self, name: str, *, bare: bool = False) -> str:
        """Found another company; returns its realm id. `bare` has no chart and no lists, ready to be loaded."""
        with self.lock:
            self.found()
            number = self._shelf.next_number("company", 2)
            return self._found(f"93414{number:011d}", name, bare=bare)

    def _found(self, realm: str, name: str, **wanted: Any) -> str:
        self._shelf.put("_realm", realm, {"name": name, "connection": ""})
        with self.quietly():
            found_company(self._opened(realm), name=name, **wanted)
        self.commit()
        return realm

    def companies(self) -> dict[str, str]:
        """Return the companies: name by realm id."""
        return {realm: held["name"] for realm, held in self._shelf.all("_realm").items()}

    def books(self, realm: str) -> Books | None:
        """Return a company's books, None where there is no such company."""
        return self._opened(realm) if realm in self._shelf.all("_realm") else None

    def _opened(self, realm: str) -> Books:
        if realm not in self._books:
            self._books[realm] = Books(self._shelf, self.clock, realm, switches=self.switches, announce=self._announce)
        return self._books[realm]

    def _announce(self, realm: str, entity: str, key: str, operation: str, vanished: str) -> None:
        unheard = self._by_app and not self.switches["webhook_self_echo"]
        if not self._muted and not unheard:
            self.webhooks.announce(realm, entity, key, operation, vanished)

    @contextmanager
    def as_app(self) -> Iterator[None]:
        """Do what the app asked for over the API, of which it may not be told. Callers hold the lock."""
        self._by_app = True
        try:
            yield
        finally:
            self._by_app = False

    @contextmanager
    def quietly(self) -> Iterator[None]:
        """Change the books without telling anybody: founding and seeding. Takes the lock."""
        with self.lock:
            self._muted = True
            try:
                yield
            finally:
                self._muted = False

    def credentials(self, realm: str | None = None) -> dict[str, Any]:
        """Return what a client needs for a company: the app's keys, the realm and a living refresh token."""
        with self.lock:
            realm = realm or self.found()
            app = self.oauth.app
            held = self._shelf.all("_realm")[realm]
            refresh_token = self.oauth.living_refresh(held["connection"])
            if refresh_token is None:  # never connected, or somebody disconnected
                held = self._shelf.put("_realm", realm, {**held, "connection": self.oauth.connect(realm)})
                refresh_token = self.oauth.give_refresh(held["connection"])
            self.commit()
        return {
            "api_base": self.public_url,
            "discovery_url": f"{self.public_url}/.well-known/openid_configuration",
            "client_id": app["client_id"],
            "client_secret": app["client_secret"],
            "realm_id": realm,
            "refresh_token": refresh_token,
            "verifier_token": app["verifier_token"],
        }

    def is_fresh(self) -> bool:
        """Tell whether no company was founded yet."""
        return not self._shelf.all("_realm")

    # The front door ---------------------------------------------------------------------------------------------------

    def in_maintenance(self) -> bool:
        """Tell whether the service is closed just now."""
        return bool(self.switches["maintenance_from"] <= self.clock.seconds() < self.switches["maintenance_until"])

    def close_for(self, seconds: float) -> None:
        """Close the service for a while."""
        now = self.clock.seconds()
        self.switches.set({"maintenance_from": now, "maintenance_until": now + seconds})

    def too_many(self) -> Refusal:
        """Return the refusal of one call too many, in the form that is switched on."""
        return throttled(xml=self.switches["throttle_as_xml"], status=int(self.switches["throttle_status"]))

    def check_limits(self, realm: str, *, batch: bool, reading: bool) -> None:
        """Count a call. Raises 3001 for one too many, and for reads once the month's allowance is spent."""
        if self.switches["throttle"]:
            names = ("per_second", "per_minute", "batches", "batches_of_realm")
            limits = Limits(*(int(self.switches[f"throttle_{name}"]) for name in names))
            if not self.throttle.admits(realm, batch=batch, limits=limits):
                raise self.too_many()
        if reading and self.budget.is_spent():
            raise self.too_many()

    # Time and the wire ------------------------------------------------------------------------------------------------

    def commit(self) -> None:
        """Write balances and everything else that changed to the shelf. Callers hold the lock."""
        for books in self._books.values():
            books.settle_balances()
        self._shelf.commit()

    def tick(self) -> int:
        """Do what is due; returns how many entries ran."""
        with self.lock:
            done = self.agenda.run_due()
            self.commit()
        return done

    def hurry(self) -> None:
        """Send the events that still gather now, instead of at the end of their window."""
        with self.lock:
            if self.webhooks.listing()["events_waiting"]:
                self.webhooks.gather()
                self.commit()

    def ring_before_answering(self, seconds: float = 3.0) -> None:
        """Send the events that gather and wait a moment (real seconds) until they were heard. Takes the lock."""
        self.hurry()
        end = time.monotonic() + seconds
        while self.courier.waiting and time.monotonic() < end:
            time.sleep(0.005)

    def wsgi(self, world: Steered) -> WsgiApp:
        """Return the stand-in as a WSGI application, its control plane and transport faults included."""
        app = front(self, Lazily(lambda: build_app(self, world).wsgi_app))
        return FaultyTransport(app, service="quickbooks", operation_of=operation_of, faults=self.faults)
