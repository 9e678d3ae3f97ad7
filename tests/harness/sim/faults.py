"""Which faults a run may meet, how often, and the programme that throws them at the calls of both APIs.

Each seed draws its own few kinds and rates (a swarm), so that rare pairs meet. Law: a call is spoiled by its number
alone, so that leaving one fault out leaves the others where they were.
"""

from __future__ import annotations

import fnmatch
import random
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

from sandbox.faults import TRANSPORT, Fault, Faults
from tests.harness.sim.script import Script


@dataclass(frozen=True)
class Kind:
    """A fault, where it may happen, and how much of the dice is its own."""

    do: str
    where: str = "*"  # service/operation
    weight: int = 10


KINDS = (
    Kind("refuse"),
    Kind("reset_before"),
    Kind("drop_after_commit", weight=20),
    Kind("truncate:25"),
    Kind("delay:800"),
    Kind("delay:45000"),
    Kind("slow_drip:2000"),
    Kind("status:429:20"),
    Kind("500_before"),
    Kind("500_after"),
    Kind("503_html"),
    Kind("bad_json"),
    Kind("xml_throttle", "quickbooks/*"),
    Kind("token_401", "quickbooks/[!t]*"),
    Kind("stale_5010", "quickbooks/*.create", 3),
    Kind("closed_6210", "quickbooks/*.create", 1),
    Kind("inactive_610", "quickbooks/*.create", 1),
    Kind("deleted_2500", "quickbooks/*.create", 1),
    Kind("lapsed_6190", "quickbooks/*.create", 1),
    Kind("forget_requestid", "quickbooks/*.create", 20),
    Kind("ignore_requestid", "quickbooks/*.create", 20),
    Kind("query_lag:3000", "quickbooks/*.create", 10),
    Kind("rate_limit", "stripe/*"),
    Kind("lock_timeout", "stripe/*"),
    Kind("in_use", "stripe/*.create"),
    Kind("api_error", "stripe/*"),
    Kind("api_error_after", "stripe/*"),
)


@dataclass(frozen=True)
class Swarm:
    """What one seed draws: kinds and rates."""

    kinds: tuple[Kind, ...]
    call_rate: float
    crash_rate: float
    switch_rate: float
    parcel_rate: float

    @property
    def may_double(self) -> bool:
        """Tell whether QuickBooks breaks both of its promises in this run."""
        names = {kind.do.partition(":")[0] for kind in self.kinds}
        return bool(names & {"ignore_requestid", "forget_requestid"}) and "query_lag" in names


def swarm_of(script: Script, *, calm: bool = False) -> Swarm:
    """Draw a swarm; `calm` has no trouble at all."""
    if calm:
        return Swarm((), 0.0, 0.0, 0.0, 0.0)
    dice = script.dice("swarm")
    kinds = tuple(kind for kind in KINDS if dice.random() < 0.55)
    return Swarm(
        kinds or KINDS[:3],
        call_rate=dice.choice((0.1, 0.3, 0.35, 0.45)),
        crash_rate=dice.choice((0.0, 0.002, 0.01, 0.02)),
        switch_rate=dice.choice((0.0, 0.02, 0.08)),
        parcel_rate=dice.choice((0.0, 0.2, 0.5)),
    )


@dataclass
class Spoiler(Faults):
    """The fault programme of both stand-ins, by the script."""

    script: Script
    swarm: Swarm
    is_on: bool = True
    by_kind: Counter[str] = field(default_factory=Counter)
    by_step: Counter[tuple[str, str]] = field(default_factory=Counter)
    calls: int = 0
    calls_while_on: int = 0
    _meaning: str = ""

    def __post_init__(self) -> None:
        Faults.__init__(self)

    def pick(
        self, service: str, operation: str, *, transport: bool = False, only: Collection[str] | None = None
    ) -> list[Fault]:
        """Decide once for each call, before the stand-in sees it; what is of meaning waits until it asks."""
        if not transport:
            fault = _fault(self._meaning)
            if not fault.name or (only is not None and fault.name not in only):
                return []
            self._meaning = ""
            return [fault]
        self.calls += 1
        self.calls_while_on += self.is_on
        word = self.script.next("call", lambda dice: self._draw(dice, f"{service}/{operation}")) if self.is_on else ""
        self._meaning = ""
        if not word:
            return []
        fault = _fault(word)
        self.by_kind[fault.name] += 1
        self.by_step[f"{service}/{operation}", fault.name] += 1
        if fault.name in TRANSPORT:
            return [fault]
        self._meaning = word
        return []

    def _draw(self, dice: random.Random, where: str) -> str:
        if dice.random() >= self.swarm.call_rate:
            return ""
        fitting = [kind for kind in self.swarm.kinds if fnmatch.fnmatchcase(where, kind.where)]
        if not fitting:
            return ""
        return dice.choices(fitting, [kind.weight for kind in fitting])[0].do


def _fault(word: str) -> Fault:
    name, _, argument = word.partition(":")
    return Fault(name, argument)
