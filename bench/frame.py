"""The values every row speaks in: goals, readings beside them, and what a row needs to run.

Knows no row and no product code. Law: a goal carries its bound, and only the bound decides whether it was met.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path


class Scale(Enum):
    """How big a run is: `TINY` shows that a row works, `QUICK` fits in two minutes, `FULL` takes its time."""

    TINY = "tiny"
    QUICK = "quick"
    FULL = "full"


@dataclass(frozen=True)
class Goal:
    """A bound that a measured number is held against. `unit` stands behind numbers: `×`, ` MiB`, ` calls`.

    `waits_for` says what the product has to learn before this can be measured at all.
    """

    of: str  # what is measured: "over the floor", "against the peer"
    bound: float
    at_most: bool
    unit: str = "×"
    waits_for: str = ""

    @property
    def text(self) -> str:
        """Return the goal as people write it: `over the floor ≤ 1.6×`."""
        return f"{self.of} {'≤' if self.at_most else '≥'} {number(self.bound)}{self.unit}"

    def met_by(self, value: float) -> bool:
        """Tell whether a measured value is within the bound."""
        return value <= self.bound if self.at_most else value >= self.bound


@dataclass(frozen=True)
class Reading:
    """A goal and what was measured for it; `low` and `high` are the quartiles of the rounds."""

    goal: Goal
    value: float
    low: float | None = None
    high: float | None = None
    note: str = ""

    @property
    def met(self) -> bool:
        """Tell whether the goal was met."""
        return self.goal.met_by(self.value)

    @property
    def text(self) -> str:
        """Return the value with its quartiles: `1.52× (1.44 to 1.71)`."""
        plain = f"{number(self.value)}{self.goal.unit}"
        if self.low is None or self.high is None:
            return plain
        return f"{plain} ({number(self.low)} to {number(self.high)})"


@dataclass(frozen=True)
class Findings:
    """What a row found: floor, peer and ours in their own units, and a reading for each goal."""

    floor: str
    peer: str
    ours: str
    readings: tuple[Reading, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Bench:
    """What a row may use: the size of this run and a folder of its own on a real disk."""

    scale: Scale
    folder: Path

    def pick(self, *, tiny: int, quick: int, full: int) -> int:
        """Return the number for this run's scale."""
        return {Scale.TINY: tiny, Scale.QUICK: quick, Scale.FULL: full}[self.scale]


@dataclass(frozen=True)
class Row:
    """A row of the table: an area, what its floor and peer are, its goals, and how it is measured.

    `measure` is absent where every goal still waits for the product.
    """

    name: str
    area: str
    floor: str
    peer: str
    goals: tuple[Goal, ...]
    measure: Callable[[Bench], Findings] | None = None
    quick: bool = False


def number(value: float) -> str:
    """Return a number with about three digits that matter: 0.123, 1.52, 17.4, 1,204."""
    if value == int(value) and abs(value) < 10_000:
        return f"{int(value)}"
    for limit, digits in ((1, 3), (10, 2), (100, 1)):
        if abs(value) < limit:
            return f"{value:.{digits}f}"
    return f"{value:,.0f}"
