"""What a storm came to: numbers that anybody can check, and what is broken, named.

Law: lost, doubled and misstated are counted from the books of both services, never from Tieout's rows alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

TRAP = "at a point"  # the victim that is whoever passes a point first


@dataclass
class Report:
    """One storm. Money in minor units; `slowest_seconds` on the product's clock."""

    engine: str
    seed: int
    seconds: float
    bug: str = ""
    payments: int = 0
    money_minor: int = 0
    debits: int = 0
    kills: dict[str, int] = field(default_factory=dict)
    kills_missed: int = 0
    starts: dict[str, int] = field(default_factory=dict)  # processes started, by post
    troubles: dict[str, int] = field(default_factory=dict)
    redis_wipes: int = 0
    redis_answers_lost: int = 0
    faults: dict[str, int] = field(default_factory=dict)
    calls: int = 0
    faulted_share: float = 0.0
    deliveries: int = 0
    deliveries_again: int = 0
    answers: dict[str, int] = field(default_factory=dict)  # what presses were told
    turned_away: int = 0
    lost: int = 0
    doubled: int = 0
    misstated_minor: int = 0
    discrepancies: dict[str, int] = field(default_factory=dict)
    slowest_seconds: float = 0.0
    quiet_after_seconds: float = 0.0
    broken: list[str] = field(default_factory=list)
    matrix: dict[str, dict[str, int]] = field(default_factory=dict)  # step -> fault -> times
    holes: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Tell whether nothing is lost, doubled, misstated or broken."""
        return not (self.lost or self.doubled or self.misstated_minor or self.broken)

    @property
    def died_at(self) -> set[str]:
        """Return the points at which a process was killed by a trap."""
        return {step for step, row in self.matrix.items() if f"kill: {TRAP}" in row}

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {**asdict(self), "holds": self.holds}

    def lines(self) -> list[str]:
        """Return the sheet a person reads."""
        wiped = f"{self.redis_wipes} wipes of Redis, {self.redis_answers_lost} of its answers lost"
        return [
            f"{self.engine}, seed {self.seed}, {self.seconds:.0f} s{', bug ' + self.bug if self.bug else ''}",
            f"  payments        {self.payments}, {self.debits} of them debits: {self.money_minor / 100:,.2f}",
            f"  kills           {sum(self.kills.values())}: {_told(self.kills)} ({self.kills_missed} met nobody)",
            f"  troubles        {_told(self.troubles)}; {wiped}",
            f"  API             {self.calls} calls, {self.faulted_share:.0%} faulted: {_told(self.faults)}",
            f"  webhooks        {self.deliveries} delivered, {self.deliveries_again} tried again",
            f"  payers          {_told(self.answers)}; {self.turned_away} turned away",
            f"  discrepancies   {_told(self.discrepancies) or 'none'}",
            f"  slowest         {self.slowest_seconds:.0f} s from charge to books; quiet after "
            f"{self.quiet_after_seconds:.0f} s",
            f"  matrix          {sum(len(row) for row in self.matrix.values())} cells hit, {len(self.holes)} holes",
            f"  lost {self.lost}, doubled {self.doubled}, misstated {self.misstated_minor}",
            *(f"  BROKEN {line}" for line in self.broken),
        ]


def summed(reports: Sequence[Report]) -> list[str]:
    """Return what many storms came to, for a person."""
    kills, died_at = Counter[str](), set[str]().union(*(one.died_at for one in reports))
    for one in reports:
        kills.update(one.kills)
    money = sum(one.money_minor for one in reports) / 100
    return [
        f"{len(reports)} storms, {sum(one.seconds for one in reports):.0f} s",
        f"  payments        {sum(one.payments for one in reports)}: {money:,.2f}",
        f"  kills           {kills.total()}: {_told(kills)}; at {len(died_at)} different points",
        f"  lost {sum(one.lost for one in reports)}, doubled {sum(one.doubled for one in reports)}, "
        f"misstated {sum(one.misstated_minor for one in reports)}",
    ]


def _told(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items(), key=lambda one: (-one[1], one[0])))
