"""Does the harness bite? Every seeded bug is planted, and the cheapest layer that can find it must.

Law: a bug counts as found only when a rule broke that its own entry names, or the run ended in an error that it does
not end in without the bug; how many runs that took is told.
"""

from __future__ import annotations

import multiprocessing
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from tests.harness import bugs
from tests.harness.model.report import enumerate_all
from tests.harness.sim.many import step_behind

MOST_SEEDS, PAYERS = 6, 10  # a bug that hides from so many runs counts as not found


@dataclass(frozen=True)
class Bite:
    """What became of one seeded bug: the layer that found it, after how many runs, and what broke."""

    bug: str
    careless: str
    layer: str  # empty: not found
    runs: int
    broke: str

    @property
    def is_found(self) -> bool:
        """Tell whether some layer found it."""
        return bool(self.layer)

    def line(self) -> str:
        """Return it as a line for a person."""
        if not self.is_found:
            return f"  NOT FOUND  {self.bug}: {self.careless}"
        return f"  {self.layer}  {self.bug:24} {self.broke} in run {self.runs:,}"

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {**asdict(self), "is_found": self.is_found}


def bite_all(*, jobs: int, most_seeds: int = MOST_SEEDS) -> Iterator[Bite]:
    """Plant every bug in turn and give what found it; those that only real processes show come last."""
    known = bugs.known()
    in_memory = [name for name, bug in known.items() if {"L0", "L1"} & set(bug.layers)]
    in_memory.sort(key=lambda name: "L0" in known[name].layers)  # what takes long first, or a core waits at the end
    with multiprocessing.get_context("fork").Pool(jobs, initializer=step_behind, maxtasksperchild=1) as pool:
        yield from pool.imap(_bite_in_memory, [(name, most_seeds) for name in in_memory])
    for name in known:
        if name not in in_memory:
            yield _bite_in_a_drill(name)


def _bite_in_memory(given: tuple[str, int]) -> Bite:
    """Look for a bug in the model and then in simulated runs."""
    name, most_seeds = given
    bug = bugs.known()[name]
    with bugs.planted(name):
        if "L0" in bug.layers and (broken := enumerate_all(seconds=20).broken):
            return Bite(name, bug.careless, "L0", 1, next(iter(broken)).split(". ")[0][:60])
        return _bite_in_runs(bug, most_seeds) if "L1" in bug.layers else _missed(bug, 0)


def _bite_in_runs(bug: bugs.Bug, most_seeds: int) -> Bite:
    from tests.harness.sim.run import Wanted, play

    for seed in range(1, most_seeds + 1):
        result = play(Wanted(seed, payers=PAYERS))
        wrong = sorted({one[0] for one in result.broken} & set(bug.caught_by))
        if wrong or result.unexpected:
            return Bite(bug.name, bug.careless, "L1", seed, ", ".join(wrong) or "an error that no run ends in")
    return _missed(bug, most_seeds)


def _bite_in_a_drill(name: str) -> Bite:
    """Look for what only real processes at one database show."""
    from connector.store.session import Database
    from tests.harness.plant.drill import drill

    bug = bugs.known()[name]
    with tempfile.TemporaryDirectory(prefix="tieout-drill-") as folder:
        url = f"sqlite:///{folder}/tieout.db"
        database = Database(url)
        database.create_all()
        database.close()
        counted, refused = drill(url, bug=name)
    if refused:
        turns = counted + refused
        return Bite(name, bug.careless, "L2", turns, f"{refused} of {turns} turns refused by the database,")
    return _missed(bug, counted)


def _missed(bug: bugs.Bug, runs: int) -> Bite:
    return Bite(bug.name, bug.careless, "", runs, "")
