"""Walking all models and saying what was found.

Knows the budgets: how many things may go wrong in one run of each model. Law: a report says whether every run within
the budget was walked.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from tests.harness.model import inbox, paying, posting, rules
from tests.harness.model.walk import Walk, Walked

BUDGETS = {"posting": 4, "paying": 4, "inbox": 6}
LEAST_RUNS = 500_000


@dataclass(frozen=True)
class Report:
    """What the walks came to."""

    walks: tuple[Walked, ...]

    @property
    def runs(self) -> int:
        """Return how many runs were walked."""
        return sum(walk.runs for walk in self.walks)

    @property
    def is_whole(self) -> bool:
        """Tell whether no run within the budgets was left out."""
        return all(walk.is_whole for walk in self.walks)

    @property
    def broken(self) -> dict[str, tuple[str, ...]]:
        """Return what broke, by sentence, with the shortest run that breaks it."""
        return {f"{walk.name}: {said}": trace for walk in self.walks for said, trace in walk.broken.items()}

    def as_json(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return {
            "runs": self.runs,
            "is_whole": self.is_whole,
            "models": [
                {
                    "name": walk.name,
                    "budget": BUDGETS[walk.name],
                    "runs": walk.runs,
                    "states": walk.states,
                    "ends": len(walk.ends),
                    "seconds": round(walk.seconds, 2),
                    "broken_runs": dict(walk.broken_runs),
                }
                for walk in self.walks
            ],
            "broken": {said: list(trace) for said, trace in self.broken.items()},
        }

    def lines(self) -> list[str]:
        """Return the report as lines for a person."""
        said = []
        for walk in self.walks:
            whole = "" if walk.is_whole else ", cut short by the clock"
            said.append(
                f"L0 {walk.name}: {walk.runs:,} runs with up to {BUDGETS[walk.name]} faults, {walk.states:,} states, "
                f"{len(walk.ends):,} ends, {walk.seconds:.1f} s{whole}"
            )
        for sentence, trace in self.broken.items():
            said += [f"BROKEN {sentence}", *(f"  {n}. {label}" for n, label in enumerate(trace, 1))]
        verdict = "every rule holds" if not self.broken else f"{len(self.broken)} rules break"
        return [*said, f"L0: {self.runs:,} runs, {verdict}"]


def enumerate_all(seconds: float | None = None) -> Report:
    """Walk every run of every model; `seconds` cuts the walk short, and the report says so."""
    until = time.perf_counter() + seconds if seconds else None
    return Report((_posting(until), _paying(until), _inbox(until)))


def _posting(until: float | None, budget: int = BUDGETS["posting"]) -> Walked:
    moves = posting.moves_by(rules.posting_rules())
    return Walk("posting", moves, posting.judge, until=until).run(posting.first(budget))


def _paying(until: float | None, budget: int = BUDGETS["paying"]) -> Walked:
    moves = paying.moves_by(rules.paying_rules())
    return Walk("paying", moves, paying.judge, until=until).run(paying.first(budget))


def _inbox(until: float | None, budget: int = BUDGETS["inbox"]) -> Walked:
    moves = inbox.moves_by(rules.door_rules())
    return Walk("inbox", moves, inbox.judge, until=until).run(inbox.first(budget))
