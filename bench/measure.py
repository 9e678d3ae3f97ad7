"""Timing in interleaved rounds, and the statistics of it.

A subject is a function that does one piece of work, set-up outside its own stopwatch, and returns the seconds it took.
Law: ratios are taken inside a round, where both sides met the same noise, and their median is what counts.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bench.frame import Goal, Reading

Subject = Callable[[], float]


class Watch:
    """A stopwatch: `with Watch() as watch: …`, then `watch.seconds`."""

    seconds: float = 0.0

    def __enter__(self) -> Watch:
        self._start = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.perf_counter() - self._start


@dataclass(frozen=True)
class Timings:
    """Seconds of each subject, round by round."""

    rounds: Mapping[str, Sequence[float]]

    def median(self, name: str) -> float:
        """Return the median seconds of a subject."""
        return statistics.median(self.rounds[name])

    def part(self, over: str, under: str) -> float:
        """Return what part one subject's median is of another's."""
        return self.median(over) / self.median(under)

    def text(self, name: str) -> str:
        """Return a subject's median for people: `250 µs`, `19.1 ms`, `1.06 s`."""
        seconds = self.median(name)
        for scale, digits, unit in ((1e6, 0, "µs"), (1e3, 1, "ms")):
            if seconds * scale < 1000:
                return f"{seconds * scale:.{digits}f} {unit}"
        return f"{seconds:.2f} s"

    def reading(self, goal: Goal, over: str, under: str, note: str = "") -> Reading:
        """Return how many times as long `over` took as `under`: median and quartiles of the rounds' own ratios."""
        ratios = [a / b for a, b in zip(self.rounds[over], self.rounds[under], strict=True)]
        if len(ratios) < 3:
            return Reading(goal, statistics.median(ratios), note=note)
        low, middle, high = statistics.quantiles(ratios, n=4, method="inclusive")
        return Reading(goal, middle, low, high, note)


def interleave(subjects: Mapping[str, Subject], rounds: int, *, warm_up: bool = True) -> Timings:
    """Time every subject once in each round, another one first each time; one round before that counts for nothing."""
    names = list(subjects)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    if warm_up:
        for name in names:
            subjects[name]()
    for turn in range(rounds):
        shift = turn % len(names)
        for name in names[shift:] + names[:shift]:
            gc.collect()  # nobody pays for another's garbage inside his own time
            seconds[name].append(subjects[name]())
    return Timings(seconds)
