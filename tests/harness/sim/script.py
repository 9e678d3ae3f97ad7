"""Every decision of a run: drawn from the seed and written down, or read from what was written down before.

A decision has a kind and a number ("call" 112, "point" 40), and none depends on another. Law: a run by its own record
is the same run, so that decisions can be left out one by one until only those remain that break something.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping

Record = Mapping[str, Mapping[int, str]]


class Script:
    """The decisions of one run. `record` replays; without one, dice decide."""

    def __init__(self, seed: int, record: Record | None = None) -> None:
        self.seed = seed
        self.taken: defaultdict[str, dict[int, str]] = defaultdict(dict)
        self._record = record
        self._numbers: Counter[str] = Counter()

    def next(self, kind: str, choose: Callable[[random.Random], str]) -> str:
        """Decide the next of a kind; an empty word is nothing out of the ordinary."""
        number = self._numbers[kind]
        self._numbers[kind] += 1
        if self._record is not None:
            word = self._record.get(kind, {}).get(number, "")
        else:
            word = choose(self.dice(kind, number))
        if word:
            self.taken[kind][number] = word
        return word

    def dice(self, *name: object) -> random.Random:
        """Return dice of their own for a purpose."""
        return random.Random("/".join(map(str, (self.seed, *name))))

    def counted(self, kind: str) -> int:
        """Return how many decisions of a kind were asked for."""
        return self._numbers[kind]
