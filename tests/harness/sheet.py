"""The sheet of a proof: every layer's numbers added up, for a person, for JSON and for the README's table.

Plain numbers. Law: a number stands here only if a layer counted it; what was not run says so.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.harness.bite import Bite
from tests.harness.model.report import Report as Model
from tests.harness.plant.report import Report as Storm
from tests.harness.sim.report import Report as Simulation

LEAST_PAYMENTS, LEAST_SPOILED = 10, 0.2  # payments in a seed; share of calls
LEAST_KILLS, LEAST_CALLS = 4, 20  # in a storm; as many payments as kills


@dataclass
class Sheet:
    """What was run, layer by layer."""

    commit: str
    model: Model | None = None
    simulation: Simulation | None = None
    bites: list[Bite] = field(default_factory=list)
    storms: list[Storm] = field(default_factory=list)
    wall_seconds: float = 0.0

    @property
    def holds(self) -> bool:
        """Tell whether every rule held everywhere and every seeded bug was found."""
        model = self.model is None or (self.model.is_whole and not self.model.broken)
        runs = self.simulation is None or not self.simulation.failed
        found, stood = all(one.is_found for one in self.bites), all(one.holds for one in self.storms)
        return model and runs and found and stood and not self.thin

    @property
    def thin(self) -> list[str]:
        """Say what was so little that nothing follows from it: an empty storm holds everything."""
        said = []
        if self.simulation:
            runs = self.simulation.summary()
            if runs["payments_charged"] < LEAST_PAYMENTS * runs["seeds"]:
                said.append(f"{runs['payments_charged']} payments in {runs['seeds']} seeds")
            if runs["calls_faulted_share"] < LEAST_SPOILED:
                said.append(f"only {runs['calls_faulted_share']:.0%} of calls spoiled")
        for one in self.storms:
            if sum(one.kills.values()) < LEAST_KILLS or one.payments < LEAST_KILLS or one.calls < LEAST_CALLS:
                said.append(
                    f"{one.payments} payments, {sum(one.kills.values())} kills, {one.calls} calls on {one.engine}"
                )
        return said

    def totals(self) -> dict[str, int]:
        """Return the bar: lost, doubled, misstated, over simulation and storms."""
        said = self.simulation.summary() if self.simulation else {}
        return {
            "lost_or_doubled": said.get("lost_or_doubled", 0) + sum(one.lost + one.doubled for one in self.storms),
            "misstated": said.get("misstated", 0) + sum(one.misstated_minor for one in self.storms),
            "unexplained_minor": said.get("unexplained_minor", 0),
        }

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {
            "commit": self.commit,
            "holds": self.holds,
            "thin": self.thin,
            "totals": self.totals(),
            "model": self.model.as_json() if self.model else None,
            "simulation": self.simulation.summary() if self.simulation else None,
            "bites": [one.as_json() for one in self.bites],
            "storms": [one.as_json() for one in self.storms],
            "wall_seconds": round(self.wall_seconds, 1),
        }

    def table(self) -> str:
        """Return the README's table."""
        rows = [("What was tried", "How much", "Lost, doubled, misstated")]
        if self.model:
            runs = f"{self.model.runs:,} runs: two workers, crashes, lost answers, forgotten ids"
            rows.append(("Every order of events, in a model", runs, "0, 0, 0" if not self.model.broken else "broken"))
        if self.simulation:
            said = self.simulation.summary()
            what = (
                f"{said['seeds']} seeds, {said['payments_charged']:,} payments, "
                f"{said['calls_faulted_share']:.0%} of calls spoiled, {said['crashes']} crashes"
            )
            rows.append(
                ("Whole days of the real code, simulated", what, _bar(said["lost_or_doubled"], said["misstated"]))
            )
        for one in self.storms:
            kills = sum(one.kills.values())
            what = f"{one.payments} payments, {kills} times kill -9, {one.redis_wipes} wipes of Redis"
            bar = _bar(one.lost + one.doubled, one.misstated_minor)
            rows.append((f"Real processes on {_NAMES[one.engine]}, {one.seconds:.0f} s", what, bar))
        if self.bites:
            found = Counter(one.is_found for one in self.bites)[True]
            rows.append(("Careless bugs, planted to see it bite", f"{found} of {len(self.bites)} found", ""))
        head, *body = [f"| {' | '.join(row)} |" for row in rows]
        return "\n".join([head, "|---|---|---|", *body, "", f"Commit `{self.commit}`: `python3 dev.py prove-it`."])


_NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def _bar(lost_or_doubled: int, misstated: int) -> str:
    return "0, 0, 0" if not lost_or_doubled and not misstated else f"{lost_or_doubled} lost or doubled, {misstated}"
