"""Storms beside other work: each in a process of its own, begun first and asked for at the end.

A storm waits much: for processes that were killed, for payers, for the time it lets pass. What computes meanwhile steps
behind it, so that a storm is the same alone or in company. Law: a storm that ends without a report ends the proof.
"""

from __future__ import annotations

import multiprocessing
import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from typing import Any

from tests.harness.plant.report import Report
from tests.harness.plant.storm import storm


class StormFailed(Exception):
    """A storm broke off; the message is what its process said."""


class Storms:
    """One storm on each engine, at once or, where nothing was started, one after the other."""

    def __init__(self, engines: Sequence[str], seconds: float, seed: int) -> None:
        self._engines, self._seconds, self._seed = engines, seconds, seed
        self._running: list[tuple[Any, Connection]] = []

    def __enter__(self) -> Storms:
        return self

    def start(self) -> None:
        """Begin all of them in processes of their own."""
        context = multiprocessing.get_context("spawn")
        for engine in self._engines:
            ours, theirs = context.Pipe(duplex=False)
            process = context.Process(target=_blow, args=(theirs, engine, self._seconds, self._seed))
            process.start()
            theirs.close()  # or the end of a process that dies would not be heard
            self._running.append((process, ours))

    def reports(self) -> Iterator[Report]:
        """Return what each came to, in the order of the engines. Raises StormFailed."""
        if not self._running:
            yield from (storm(engine, self._seconds, self._seed) for engine in self._engines)
            return
        for engine, (_, ours) in zip(self._engines, self._running, strict=True):
            try:
                said = ours.recv()
            except EOFError:
                said = "its process was ended"
            if not isinstance(said, Report):
                raise StormFailed(f"the storm on {engine} broke off: {said}")
            yield said

    def __exit__(self, *_: object) -> None:
        """End what still runs; each takes its own processes along."""
        for process, ours in self._running:
            ours.close()
            if process.is_alive():
                process.terminate()
            process.join(60)


def _blow(theirs: Connection, engine: str, seconds: float, seed: int) -> None:
    """Run a storm and tell what came of it; in a process of its own."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that whoever ends it ends its processes too
    try:
        said: Report | str = storm(engine, seconds, seed)
    except Exception:
        said = traceback.format_exc()
    theirs.send(said)
