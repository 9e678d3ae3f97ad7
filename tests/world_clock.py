"""The product's clock in tests: the stand-ins' time, and a sleep that passes at once and is counted."""

from __future__ import annotations

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

    def monotonic(self) -> float:
        return super().monotonic() + self.slept + self._world.clock.offset
