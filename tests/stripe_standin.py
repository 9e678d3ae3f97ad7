"""A running stand-in of Stripe for tests: over real HTTP, with the real SDK as its client and a receiver of webhooks.

Knows nothing of the product. Time passes only when a test moves it, apart from the seconds a test itself takes.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import stripe

from sandbox.clock import SandboxClock
from sandbox.faults import Faults
from sandbox.host import Environ, Host, StartResponse
from sandbox.shelf import Shelf
from sandbox.stripe.scope import Scope
from sandbox.stripe.standin import StripeStandin

DAY = 86_400


class Receiver:
    """A webhook receiver that keeps what it got and answers as told."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        self._host = Host(self._app)
        self._host.start()
        self.url = f"{self._host.url}/hooks"

    def _app(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        headers = {name[5:].replace("_", "-").lower(): environ[name] for name in environ if name.startswith("HTTP_")}
        self.got.append((headers, body))
        status = self.answers.pop(0) if self.answers else 200
        start_response(f"{status} Answer", [("Content-Length", "0")])
        return [b""]

    def stop(self) -> None:
        self._host.stop()


class Running:
    """One stand-in, listening."""

    def __init__(self, file: Path | None = None) -> None:
        self.clock = SandboxClock()
        self.faults = Faults()
        self.standin = StripeStandin(Shelf(file), clock=self.clock, faults=self.faults)
        self.host = Host(self.standin.wsgi(None))
        self.url = self.standin.public_url = self.host.url
        self.host.start()
        self.receivers: list[Receiver] = []

    def client(self, key: str | None = None, **options: Any) -> stripe.StripeClient:
        """Return the real SDK's client for this stand-in."""
        return stripe.StripeClient(key or self.standin.secret_key, base_addresses={"api": self.url}, **options)

    def scope(self) -> Scope:
        return self.standin.scope()

    def control(self, name: str, **payload: Any) -> dict[str, Any]:
        return self.standin.control(name, payload)

    def advance(self, *, days: float = 0, seconds: float = 0) -> None:
        """Move the clock and do what fell due."""
        self.clock.advance(days * DAY + seconds)
        self.standin.tick()

    def settle(self, timeout: float = 5.0) -> None:
        """Wait until every webhook that is due has been answered."""
        end = time.monotonic() + timeout
        while self.standin.tick() or self.standin.courier.waiting:
            assert time.monotonic() < end, "webhooks did not settle in time"
            time.sleep(0.005)

    def listen(self, **options: Any) -> Receiver:
        """Start a receiver and register it as an endpoint."""
        receiver = Receiver()
        self.receivers.append(receiver)
        self.control("webhooks", url=receiver.url, **options)
        return receiver

    def stop(self) -> None:
        self.host.stop()
        for receiver in self.receivers:
            receiver.stop()


@contextmanager
def running(file: Path | None = None) -> Iterator[Running]:
    """Yield a running stand-in and stop it afterwards."""
    stripe.enable_telemetry = False
    one = Running(file)
    try:
        yield one
    finally:
        one.stop()
