"""The product's clock in the simulation: the stand-ins' instant, ids from the seed, and a sleep that moves time.

Knows no scheduler. Law: nothing here reads the machine's time or chance.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime

from connector.clock import Clock
from sandbox.clock import SandboxClock


class SimClock(Clock):
    """Time of the simulated world; everybody in it shares one."""

    def __init__(self, world: SandboxClock, seed: str) -> None:
        super().__init__()
        self.world = world
        self._dice = random.Random(seed)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.world.seconds(), UTC)

    def monotonic(self) -> float:
        return self.world.seconds()

    def sleep(self, seconds: float) -> None:
        if seconds > 0:
            self.world.advance(seconds)

    def random_bytes(self, number: int) -> bytes:
        return self._dice.randbytes(number)
