"""Both stand-ins without sockets or threads: made from a kept world, their couriers in the scheduler's hands.

Has the face of sandbox.world.World that the product's rigs and the watch use. Law: time moves only when the scheduler
moves it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.clock import SandboxClock
from sandbox.courier import Courier, Parcel
from sandbox.faults import Faults
from sandbox.qbo.standin import QuickBooksStandin
from sandbox.shelf import Shelf
from sandbox.stripe.standin import StripeStandin

QUICKBOOKS, STRIPE = "127.0.0.1:8701", "127.0.0.1:8702"


@dataclass(frozen=True)
class Address:
    """Where a stand-in would listen."""

    url: str


class HandCourier(Courier):
    """Hands each parcel to whoever carries it in the simulation."""

    def __init__(self, hand: Callable[[Parcel], None]) -> None:
        self._hand = hand

    def send(self, parcel: Parcel) -> None:
        self._hand(parcel)

    def close(self) -> None:
        """No thread is there to end."""

    @property
    def waiting(self) -> int:
        return 0


class SimWorld:
    """Both stand-ins and their clock."""

    def __init__(
        self, clock: SandboxClock, faults: Faults, hand: Callable[[Parcel], None], kept: tuple[Shelf, Shelf]
    ) -> None:
        self.clock, self.faults, self.control_token = clock, faults, "control of the simulation"
        courier = HandCourier(hand)
        self.quickbooks = QuickBooksStandin(kept[0], clock=clock, faults=faults, courier=courier)
        self.stripe = StripeStandin(kept[1], clock=clock, faults=faults, courier=courier)
        self.quickbooks_host, self.stripe_host = Address(f"http://{QUICKBOOKS}"), Address(f"http://{STRIPE}")
        self.quickbooks.public_url, self.stripe.public_url = self.quickbooks_host.url, self.stripe_host.url
        self.listening = {QUICKBOOKS: self.quickbooks.wsgi(self), STRIPE: self.stripe.wsgi(self)}

    def advance(self, seconds: float) -> int:
        """Move the clock and do what fell due."""
        self.clock.advance(seconds)
        return self.tick()

    def tick(self) -> int:
        """Let both do what is due; returns how many entries ran."""
        return self.quickbooks.tick() + self.stripe.tick()

    def settle(self, timeout: float = 0) -> bool:
        """Do what is due; nothing is under way without the scheduler."""
        return self.tick() == 0
