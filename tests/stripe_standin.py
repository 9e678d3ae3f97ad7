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
from stripe import ErrorObject

from sandbox.clock import SandboxClock
from sandbox.faults import Faults
from sandbox.host import Environ, Host, StartResponse
from sandbox.shelf import Shelf
from sandbox.stripe.api import Answer, Request
from sandbox.stripe.scope import Obj, Scope, public
from sandbox.stripe.standin import StripeStandin
from tests.stripe_types import check_object, resource_of

DAY = 86_400
# Answers that the SDK has no class for: only stripe.js reads them.
_OF_THE_BROWSER = ("elements_session",)


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
        headers["content-type"] = environ.get("CONTENT_TYPE", "")
        self.got.append((headers, body))
        status = self.answers.pop(0) if self.answers else 200
        start_response(f"{status} Answer", [("Content-Length", "0")])
        return [b""]

    def stop(self) -> None:
        self._host.stop()


def errors_of(body: dict[str, Any]) -> list[str]:
    """Return what the SDK's types say against an answer: an object, a page of objects, or an error."""
    if "error" in body:
        return check_object(ErrorObject, body["error"])
    if body.get("object") == "list":
        return [error for one in body["data"] for error in errors_of(one)]
    if body.get("deleted") is True:
        return [] if set(body) == {"id", "object", "deleted"} else [f"a deleted object with {sorted(body)}"]
    return check_object(resource_of(body), body)


class Running:
    """One stand-in, listening. Everything it answers and every event it makes is checked by the SDK's own types."""

    def __init__(self, file: Path | None = None) -> None:
        self.clock = SandboxClock()
        self.faults = Faults()
        self.standin = StripeStandin(Shelf(file), clock=self.clock, faults=self.faults)
        self.complaints: list[str] = []
        self._watch()
        self.host = Host(self.standin.wsgi(None))
        self.url = self.standin.public_url = self.host.url
        self.host.start()
        self.receivers: list[Receiver] = []

    def _watch(self) -> None:
        """Check every answer to a secret key and every event; a browser's reduced answers are not the SDK's matter."""
        answer, announce = self.standin.api.answer, self.standin.ground.announce

        def watched(request: Request) -> Answer:
            given = answer(request)
            by_browser = "pk_test" in request.headers.get("authorization", "") + request.query + request.body
            if not by_browser and given.body.get("object") not in _OF_THE_BROWSER:
                self.complaints += errors_of(given.body)
            return given

        def announced(scope: Scope, event: Obj) -> None:
            shown = public(event)
            self.complaints += check_object(stripe.Event, shown) + errors_of(shown["data"]["object"])
            announce(scope, event)

        self.standin.api.answer = watched  # type: ignore[method-assign]
        self.standin.ground.announce = announced

    def client(self, key: str | None = None, **options: Any) -> stripe.StripeClient:
        """Return the real SDK's client for this stand-in."""
        return stripe.StripeClient(key or self.standin.secret_key, base_addresses={"api": self.url}, **options)

    def scope(self) -> Scope:
        return self.standin.scope()

    def control(self, order: str, /, **payload: Any) -> dict[str, Any]:
        return self.standin.control(order, payload)

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
    assert one.complaints == [], "an answer or an event is not what the SDK's types say"
