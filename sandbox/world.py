"""Both stand-ins in one world: one clock, one fault programme, one ticker.

The composition root of the sandbox. Law: a stand-in's state changes only under its own lock, and is committed to its
shelf before the answer leaves.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Protocol

from sandbox.clock import SandboxClock
from sandbox.faults import Faults
from sandbox.host import Host
from sandbox.qbo.standin import QuickBooksStandin
from sandbox.shelf import Shelf
from sandbox.stripe.standin import StripeStandin

TICK_SECONDS = 0.1


class Standin(Protocol):
    """What the world asks of a stand-in: do what is due, under its own lock."""

    def tick(self) -> int:
        """Run due work and commit; returns how many entries ran."""
        ...


class World:
    """The two stand-ins, listening. `folder` keeps their state between runs; None keeps it in memory."""

    def __init__(
        self,
        *,
        folder: Path | None = None,
        quickbooks_port: int = 0,
        stripe_port: int = 0,
        control_token: str,
        clock: SandboxClock | None = None,
    ) -> None:
        self.clock = clock or SandboxClock(folder / "clock" if folder else None)
        self.faults = Faults()
        self.control_token = control_token
        self.quickbooks = QuickBooksStandin(
            Shelf(folder / "quickbooks.db" if folder else None), clock=self.clock, faults=self.faults
        )
        self.stripe = StripeStandin(
            Shelf(folder / "stripe.db" if folder else None), clock=self.clock, faults=self.faults
        )
        self.quickbooks_host = Host(self.quickbooks.wsgi(self), quickbooks_port)
        self.stripe_host = Host(self.stripe.wsgi(self), stripe_port)
        self.quickbooks.public_url = self.quickbooks_host.url
        self.stripe.public_url = self.stripe_host.url
        self._stopped = threading.Event()
        self._ticker = threading.Thread(target=self._keep_ticking, daemon=True)

    def start(self) -> None:
        """Listen and let time pass."""
        self.quickbooks_host.start()
        self.stripe_host.start()
        self._ticker.start()

    def stop(self) -> None:
        """Stop listening, ticking and sending."""
        self._stopped.set()
        self.quickbooks_host.stop()
        self.stripe_host.stop()
        self.quickbooks.courier.close()
        self.stripe.courier.close()

    def advance(self, seconds: float) -> int:
        """Move the clock and do at once what fell due; returns how many entries ran."""
        self.clock.advance(seconds)
        return self.tick()

    def tick(self) -> int:
        """Let both stand-ins do what is due."""
        return self.quickbooks.tick() + self.stripe.tick()

    def settle(self, timeout: float = 10.0) -> bool:
        """Wait until no webhook is on its way; returns whether that was reached in time (real seconds)."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            self.quickbooks.hurry()
            if self.tick() == 0 and self.quickbooks.courier.waiting + self.stripe.courier.waiting == 0:
                return True
            time.sleep(0.02)
        return False

    def _keep_ticking(self) -> None:
        while not self._stopped.wait(TICK_SECONDS):
            self.tick()
