"""The simulated machine: a web process, two workers and a scheduler, each with a runtime that a crash takes from it.

Every passage of a crash point is told to it; there a process may die, or stand still while others go on. Laws: a dead
process does nothing more, whatever its code tries in its last `finally`; what is not in the database is gone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

from connector import crash
from connector.errors import TieoutError
from connector.settings import Settings
from jobs import tasks
from jobs.boot import runtime_of
from jobs.ticker import Ticker, _take_turns
from oauth import intuit
from sync.runtime import Runtime
from tests.harness import bugs
from tests.harness.sim.clock import SimClock

if TYPE_CHECKING:
    from tests.harness.sim.stage import Stage

WEB, SCHEDULER, WORKERS = "web", "scheduler", ("worker 1", "worker 2")
DEEPEST = 2  # processes that stand still at once
# Points at which a lock in memory or a write is open: nobody else may be let on in this thread there.
NO_SWITCH = ("oauth.discovery",)


class Crash(BaseException):
    """The process is gone."""


@dataclass
class Mortal:
    """One process: its runtime, while it lives."""

    name: str
    rt: Runtime
    is_dead: bool = False
    ticker: Ticker | None = None


@dataclass
class OneTurn:
    """The ticker's stop sign: it goes up at the first pause."""

    is_up: bool = False

    def is_set(self) -> bool:
        return self.is_up

    def wait(self, _: float) -> bool:
        self.is_up = True
        return True


@dataclass
class Machine:
    """The processes and what they go through."""

    stage: Stage
    settings: Settings
    clock: SimClock
    living: dict[str, Mortal] = field(default_factory=dict)
    running: list[Mortal] = field(default_factory=list)
    passed: Counter[str] = field(default_factory=Counter)
    crashes: Counter[str] = field(default_factory=Counter)
    switches: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    unexpected: list[str] = field(default_factory=list)
    commits: int = 0
    is_safe: bool = False  # no crash and no switch any more

    def start(self) -> None:
        """Start every process."""
        for name in (WEB, SCHEDULER, *WORKERS):
            self._boot(name)
        crash.watch(self._passing)

    def stop(self) -> None:
        """End every process in good order."""
        crash.watch(None)
        for one in self.living.values():
            one.rt.db.close()

    def is_free(self, name: str) -> bool:
        """Tell whether a process lives and has nothing in hand."""
        return name in self.living and all(one.name != name for one in self.running)

    def free_worker(self) -> str | None:
        """Return a worker that can take a job."""
        return next((name for name in WORKERS if self.is_free(name)), None)

    def do(self, name: str, what: str, work: Callable[[Runtime], Any]) -> Any:
        """Let a process do something; None when it died, failed or was refused."""
        mortal = self.living[name]
        self.running.append(mortal)
        try:
            answer = work(mortal.rt)
        except Crash:
            self._bury(mortal)
            answer = None
        except Exception as error:
            answer = self._failed(name, what, error)
        finally:
            self.running.pop()
        self.stage.note(f"{name}: {what} -> {_word(answer)}")
        return answer

    def task(self, name: str, work: str, subject: str) -> None:
        """Let a worker do a job, as RQ calls it."""
        self.do(name, f"{work} {subject}", lambda _: getattr(tasks, work)(subject))

    def turn(self) -> None:
        """Let the scheduler take one turn, as its own loop does."""
        mortal = self.living[SCHEDULER]
        ticker = mortal.ticker = mortal.ticker or Ticker(mortal.rt, heard=self.stage.heard)
        self.do(SCHEDULER, "turn", lambda rt: _take_turns(rt, ticker, OneTurn()))  # type: ignore[arg-type]

    def runtime(self) -> Runtime:
        """Return the runtime of the process that runs now; jobs.tasks asks for it."""
        return self.running[-1].rt

    def _boot(self, name: str) -> None:
        rt = runtime_of(self.settings, bell=self.stage, clock=self.clock)
        self.living[name] = Mortal(name, rt)
        if name == WEB:
            self.stage.serve(rt)

    def _bury(self, mortal: Mortal) -> None:
        """Take everything in memory from a dead process, and start another after a while."""
        mortal.rt.db.close()
        del self.living[mortal.name]
        intuit._discovered.clear()
        bugs.forget_memory()
        wait = self.stage.script.dice("restart", sum(self.crashes.values())).choice((0.3, 2.0, 20.0, 90.0))
        self.stage.later(wait, f"{mortal.name} starts again", lambda: self._boot(mortal.name))

    def _failed(self, name: str, what: str, error: Exception) -> None:
        kind = type(error).__name__
        self.errors[kind] += 1
        if not isinstance(error, TieoutError):
            self.unexpected.append(f"{name}: {what}: {kind}: {error}"[:500])
        self.stage.note(f"{name}: {what} failed with {kind}")

    def _passing(self, point: str) -> None:
        self.passed[point] += 1
        self.commits += point.endswith(".after_commit")
        if point in ("token.after_commit", "connect.after_commit") and self.stage.watch is not None:
            self.stage.watch.token_saved()
        if not self.running:
            return
        mortal = self.running[-1]
        if mortal.is_dead:
            raise Crash(point)
        if self.is_safe:
            return
        word = self.stage.script.next("point", lambda dice: self._decide(dice, point))
        if word == "crash":
            mortal.is_dead = True
            self.crashes[point] += 1
            self.stage.note(f"{mortal.name}: dies at {point}")
            raise Crash(point)
        if word.startswith("switch") and len(self.running) <= DEEPEST and _may_switch(point):
            self.switches[point] += 1
            self.stage.let_others_on(point, float(word.partition(":")[2] or 0))

    def _decide(self, dice: Random, point: str) -> str:
        swarm = self.stage.swarm
        drawn = dice.random()
        if drawn < swarm.crash_rate:
            return "crash"
        if drawn < swarm.crash_rate + swarm.switch_rate and _may_switch(point):
            return f"switch:{dice.choice((0, 0, 1, 40, 400))}"
        return ""


def _may_switch(point: str) -> bool:
    return not point.endswith(".before_commit") and not point.startswith(NO_SWITCH)


def _word(answer: Any) -> str:
    """Return an answer in a word that is the same in every run."""
    return str(answer) if isinstance(answer, str | int | bool) else type(answer).__name__
