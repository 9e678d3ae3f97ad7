"""Many seeds over a few processes, each forked with the ground already laid.

Law: a seed's result does not depend on which process played it, nor on what that process played before.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import pickle
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path

from tests.harness import bugs
from tests.harness.sim.ground import ground
from tests.harness.sim.report import Report
from tests.harness.sim.results import Result
from tests.harness.sim.run import PAYERS, Wanted, play

Told = Callable[[Result], None]


def run_seeds(
    seeds: Sequence[int],
    *,
    jobs: int = 2,
    payers: int = PAYERS,
    actions: int = 8,
    seconds: float | None = None,
    bug: str = "",
    until: int | None = None,
    told: Told = lambda result: None,
    keep: Path | None = None,
) -> Report:
    """Play seeds and add them up; no new one is begun after `seconds`. `bug` plants a seeded bug in each.

    Results are kept in the folder `keep`, and what is there already is not played again: a long run may be cut short.
    """
    began = time.monotonic()
    report = Report()
    shelf = _Shelf(keep)
    for result in shelf.kept(seeds):
        report.add(result)
    played = {one.seed for one in report.results}
    wanted = [(Wanted(n, payers=payers, actions=actions, until=until), bug) for n in seeds if n not in played]
    for result in _played(wanted, jobs, began + seconds if seconds else None):
        report.add(result)
        shelf.put(result)
        told(result)
    report.wall_seconds = time.monotonic() - began
    report.results.sort(key=lambda one: one.seed)
    return report


class _Shelf:
    """Results of earlier runs of the same commit, a file for each seed."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def kept(self, seeds: Sequence[int]) -> Iterator[Result]:
        for seed in seeds:
            if self._folder is not None and (file := self._folder / f"{seed}.pickle").exists():
                yield pickle.loads(file.read_bytes())

    def put(self, result: Result) -> None:
        if self._folder is not None:
            part = self._folder / f"{result.seed}.part"
            part.write_bytes(pickle.dumps(result))
            part.replace(self._folder / f"{result.seed}.pickle")


def _played(wanted: list[tuple[Wanted, str]], jobs: int, end: float | None) -> Iterator[Result]:
    ground()
    due = (one for one in wanted if end is None or time.monotonic() < end)
    if jobs <= 1:
        yield from map(_one, due)
        return
    gc.freeze()
    with multiprocessing.get_context("fork").Pool(jobs, initializer=step_behind) as pool:
        waiting = [pool.apply_async(_one, (one,)) for _, one in zip(range(jobs), due, strict=False)]
        while waiting:
            ready = next((one for one in waiting if one.ready()), None)
            if ready is None:
                waiting[0].wait(0.05)
                continue
            waiting.remove(ready)
            yield ready.get()
            waiting += [pool.apply_async(_one, (one,)) for _, one in zip(range(1), due, strict=False)]


def step_behind() -> None:
    """Let real processes beside this one go first: what is simulated has all the time there is."""
    os.nice(10)


def _one(given: tuple[Wanted, str]) -> Result:
    wanted, bug = given
    gc.set_threshold(50_000, 20, 50)  # a run makes few cycles and many objects; walking them often costs a tenth
    with bugs.planted(bug) if bug else nullcontext():
        return play(wanted)
