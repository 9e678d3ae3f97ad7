"""The product's clock in tests: the stand-ins' time, and a sleep that passes almost at once and is counted."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from connector.clock import Clock
from sandbox.world import World


class WorldClock(Clock):
    """Time moves when a test moves the stand-ins' clock; `slept` tells how long somebody wanted to wait."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world
        self.slept = 0.0

    def now(self) -> datetime:
        return self._world.clock.now().astimezone(UTC)

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        # What is waited for may be another thread's work: without a moment of its own all patience is over at once.
        time.sleep(min(seconds / 100, 0.005))

    def monotonic(self) -> float:
        return super().monotonic() + self.slept + self._world.clock.offset
