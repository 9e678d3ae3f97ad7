"""Kill -9, by victim: horses, their parents, whole groups, web workers and their master, the scheduler, and traps.

Law: a kill counts only when its victim was seen to be gone, and it carries the last crash point the victim had passed.
"""

from __future__ import annotations

import random
import time
from collections.abc import Set
from dataclasses import dataclass

from tests.harness.plant.installation import SCHEDULER, SKEWED, WEB, WORKER, Installation
from tests.harness.plant.report import TRAP
from tests.harness.plant.roster import is_gone, kill

HORSE, PARENT, GROUP = "worker's child", "worker's parent", "worker and child"
WEB_WORKER, WEB_MASTER, TICKER = "web worker", "web master", "scheduler"
# How often each victim is in the deck: what starts again cheaply dies more often.
DECK = (
    *[HORSE] * 5,
    *[TRAP] * 9,
    *[WEB_WORKER] * 2,
    *[PARENT] * 2,
    *[GROUP] * 2,
    *[TICKER] * 2,
    WEB_MASTER,
)
HORSE_WITHIN = 2.0
# Points at which money is between two places: they come before all others where nobody died yet.
MONEY = (
    "pay.",
    "intent.",
    "stripe.intent.create.",
    "inbox.",
    "settle.",
    "claim.",
    "push.",
    "qbo.payment.",
    "qbo.purchase.",
)
MOST_TRAPS = 6  # laid at once
TRAP_WITHIN = 12.0  # seconds after which a trap that caught nobody is laid elsewhere
WEB_RESTS = 4.0  # seconds in which the web is not killed again
RECENT = 20.0  # seconds: where somebody passed within these, somebody soon passes again
PAUSES = (0.1, 0.3, 1.0, 3.0)  # seconds until somebody stands there again


@dataclass(frozen=True)
class Kill:
    """One process that was ended by SIGKILL, and seen to be gone."""

    at: float
    victim: str
    role: str
    point: str  # the last it passed
    pid: int


class Kills:
    """Deals kills from a seeded deck. `hit` are points where somebody died before: others come first."""

    def __init__(self, plant: Installation, dice: random.Random, hit: Set[str] = frozenset()) -> None:
        self._plant, self._dice, self._hit = plant, dice, hit
        self._deck: list[str] = []
        self._laid: dict[str, float] = {}  # point -> when
        self._seen = 0  # passages of the trace
        self.done: list[Kill] = []
        self.missed: list[str] = []  # nobody was there to be killed

    def deal(self) -> None:
        """Kill the next victim of the deck."""
        self.look_at_traps()
        if not self._deck:
            self._deck = list(DECK)
            self._dice.shuffle(self._deck)
        victim = self._deck.pop()
        if victim == TRAP:
            self._lay_trap()
            return
        role, pids = self._find(victim)
        hit = [self._kill(victim, role, pid) for pid in pids]
        if not any(hit):
            self.missed.append(victim)
            self._lay_trap()

    def _find(self, victim: str) -> tuple[str, list[int]]:
        """Return the post and the processes that a victim means."""
        role = self._dice.choice((WORKER, SKEWED))
        if victim in (WEB_WORKER, WEB_MASTER) and (self._web_rests() or not self._plant.is_up()):
            return WEB, []
        if victim in (HORSE, GROUP):
            role, horse = self._horse(role)
            parent = self._pid(role)
            return role, [pid for pid in ([horse] if victim == HORSE else [parent, horse]) if pid]
        if victim == WEB_WORKER:
            workers = self._plant.roster.children(WEB)
            return WEB, [self._dice.choice(workers)] if workers else []
        role = {PARENT: role, WEB_MASTER: WEB, TICKER: SCHEDULER}[victim]
        return role, [pid for pid in [self._pid(role)] if pid]

    def _web_rests(self) -> bool:
        """Tell whether the web died a moment ago: with no rest nobody would pay, and nothing would be at stake."""
        now = time.monotonic()
        return any(one.role == WEB and now - one.at < WEB_RESTS for one in self.done)

    def _pid(self, role: str) -> int:
        post = self._plant.roster.posts[role]
        post.pause = self._dice.choice(PAUSES)
        return post.pid

    def _horse(self, role: str) -> tuple[str, int]:
        """Wait until a worker has a child at work, and return both."""
        end = time.monotonic() + HORSE_WITHIN
        while time.monotonic() < end:
            for one in (role, WORKER, SKEWED):
                if found := self._plant.roster.children(one):
                    time.sleep(self._dice.uniform(0, 0.06))  # anywhere in its short life
                    return one, found[0]
            time.sleep(0.004)
        return role, 0

    def _kill(self, victim: str, role: str, pid: int) -> bool:
        at, gone = time.monotonic(), kill(pid)
        if gone:
            self.done.append(Kill(at, victim, role, self._plant.trace.last_of(pid), pid))
        return gone

    def _lay_trap(self) -> None:
        """End whichever process passes a point next, where nobody died yet before where somebody did."""
        now = time.monotonic()
        self._take_up([name for name, at in self._laid.items() if now - at > TRAP_WITHIN])
        recent = [one for one in self._plant.trace.passages() if one.what == "passed" and now - one.at < RECENT]
        spared = {one.point for one in recent if one.role == WEB} if self._web_rests() else set[str]()
        points = sorted({one.point for one in recent} - set(self._laid) - spared)
        if not points or len(self._laid) >= MOST_TRAPS:
            self.missed.append(TRAP)
            return
        hit = self._hit | {one.point for one in self.done if one.victim == TRAP}
        fresh = [one for one in points if one not in hit]
        point = self._dice.choice([one for one in fresh if one.startswith(MONEY)] or fresh or points)
        self._laid[point] = now
        (self._plant.traps / point).touch()

    def _take_up(self, points: list[str]) -> None:
        for name in points:
            del self._laid[name]
            (self._plant.traps / name).unlink(missing_ok=True)

    def look_at_traps(self) -> None:
        """Count who was caught since the last look."""
        passages = self._plant.trace.passages()
        fresh, self._seen = passages[self._seen :], len(passages)
        for one in fresh:
            if one.what == "killed":
                self._laid.pop(one.point, None)
            if one.what == "killed" and is_gone(one.pid):
                self.done.append(Kill(one.at, TRAP, one.role, one.point, one.pid))

    def take_up_traps(self) -> None:
        """Take the traps up that caught nobody."""
        self._take_up(list(self._laid))
        time.sleep(0.1)
        self.look_at_traps()
