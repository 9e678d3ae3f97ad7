"""One run: a stage from a seed, payers and trouble on it, the invariants after every step, and a calm day at the end.

Law: what a run finds is decided by its seed, or by the record it is given; nothing of one run reaches the next.
"""

from __future__ import annotations

import os
import random
import shutil
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from unittest import mock
from urllib.parse import parse_qsl, urlsplit

import requests

from jobs import tasks
from oauth import flow
from portal.app import create_app
from portal.ring import limiter
from sandbox import draw
from sync.runtime import Runtime
from tests.harness.invariants import Watch
from tests.harness.sim import rules
from tests.harness.sim.faults import Swarm, swarm_of
from tests.harness.sim.ground import Ground, ground, memory
from tests.harness.sim.machine import WEB
from tests.harness.sim.outside import Outside
from tests.harness.sim.payers import Crowd
from tests.harness.sim.quiet import listening
from tests.harness.sim.results import Result, measure
from tests.harness.sim.script import Record, Script
from tests.harness.sim.stage import Stage
from tests.harness.sim.wires import WIRES, laid

HOUR, DAY = 3600.0, 86_400.0
OWNER_LOOKS = 240.0  # how often the owner looks whether QuickBooks is connected, in seconds, in the rush
PAYERS = 51  # of whom some twenty end up paying
# Seconds of the till's rush, and how often the scheduler takes a turn in each part: debits settle in it, payouts
# arrive, and a day comes on which a refused payment is tried again.
RUSH = HOUR / 2
PARTS = ((RUSH, 90.0), (4 * HOUR, 2 * HOUR), (6 * DAY, 3 * DAY))
CALM = ((HOUR, 1800.0), (DAY, 12 * HOUR), (DAY + HOUR / 2, HOUR / 4))


@dataclass(frozen=True)
class Wanted:
    """What a run is asked for."""

    seed: int
    payers: int = PAYERS
    actions: int = 8
    calm: bool = False
    record: Record | None = None
    until: int | None = None  # stop after so many steps
    by_consent: bool = False  # the company's Stripe account is reached through a platform


def play(wanted: Wanted) -> Result:
    """Play one run and return what came of it."""
    kept = ground(by_consent=wanted.by_consent)
    folder = memory() / f"tieout-sim-{os.getpid()}"  # the same for every run of a process: engines go by their address
    folder.mkdir()
    began = time.process_time()
    script = Script(wanted.seed, wanted.record)
    draw.from_seed(f"{wanted.seed}/standins")
    random.seed(f"{wanted.seed}/libraries")
    try:
        (folder / "tieout.db").write_bytes(kept.database)
        with mock.patch.object(limiter, "enabled", False), laid(), listening() as heard:
            result = _Run(wanted, kept, script, f"sqlite:///{folder / 'tieout.db'}").result()
    finally:
        shutil.rmtree(folder)
        draw.from_seed(None)
    result.unexpected += heard.unexpected
    result.logged = heard.events
    result.cpu_seconds = time.process_time() - began
    return result


@lru_cache(maxsize=1)
def _app(settings: Any) -> Any:
    """Return the portal of this process; each run and each restart gives it another runtime."""
    from connector.clock import Clock
    from connector.store.session import Database
    from oauth.vault import Vault

    empty = Runtime(settings, Database("sqlite://"), Clock(), Vault(settings.vault_keys), None, None)  # type: ignore
    return create_app(empty)


class _Run:
    def __init__(self, wanted: Wanted, kept: Ground, script: Script, url: str) -> None:
        self.wanted, self.kept = wanted, kept
        self.swarm: Swarm = swarm_of(script, calm=wanted.calm)
        self.stage = Stage(kept, script, self.swarm, url, _app(kept.settings))
        self.crowd = Crowd(self.stage, kept.company_id)
        self.outside = Outside(self.stage, kept.realm, acts=not wanted.calm)
        self.steps = 0
        self.broken: list[Any] = []
        self._marks = (0, 0, 0)

    def result(self) -> Result:
        stage, machine = self.stage, self.stage.machine
        with mock.patch.object(tasks, "runtime", machine.runtime):
            machine.start()
            self.watch = Watch(stage.world, self._eyes(), self.kept.company_id, may_double=self.swarm.may_double)  # type: ignore
            stage.watch = self.watch
            WIRES.overheard = self.watch.bearer_used
            try:
                self._play()
                return measure(self)
            finally:
                WIRES.overheard = lambda token: None
                self.watch.close()
                machine.stop()

    def _eyes(self) -> Runtime:
        """Return a runtime that no crash takes away, for the watch."""
        return self.stage.machine.living["web"].rt

    def _play(self) -> None:
        # Each seed's rush begins at another hour: what goes wrong in the evening only must have its evening.
        self.stage.move_to(self.stage.now() + self.wanted.seed * 5 % 24 * HOUR)
        began = self.stage.now()
        rules.switch_on(self._eyes(), self.kept.company_id, self.wanted.seed)
        self.crowd.gather(self.wanted.payers, RUSH * 0.9)
        self.outside.plan(self.wanted.actions, RUSH)
        for looks in range(1, int(RUSH / OWNER_LOOKS)):
            self.stage.later(looks * OWNER_LOOKS, "the owner looks", self._owner_looks)
        for seconds, every in PARTS:
            self._until(began + seconds, every)
        self._calm_down()
        began = self.stage.now()
        for seconds, every in CALM:
            self._owner_looks()  # a token that died unseen in the quiet days is found dead in the first calm hour
            self._until(began + seconds, every)
        self._take_all(self.watch.whole(final=True))

    def _calm_down(self) -> None:
        """End all trouble: no fault, no crash, Redis is there, everybody answers, somebody reconnects what is lost."""
        stage = self.stage
        stage.spoiler.is_on = False
        stage.machine.is_safe = True
        stage.is_redis_up = True
        stage.bring_back(list(stage.world.listening))
        stage.note("calm")
        while not stage.machine.is_free(WEB):
            stage.step()  # until it has started again
        if not _is_connected(self.watch.ledgers.connection("quickbooks")):
            stage.machine.do(WEB, "the owner connects QuickBooks again", self._reconnect)

    def _owner_looks(self) -> None:
        """Connect again what was lost: the till would stand still for the rest of the run."""
        row = self.watch.ledgers.connection("quickbooks")
        if self.stage.machine.is_free(WEB) and not _is_connected(row):
            self.stage.machine.do(WEB, "the owner connects QuickBooks again", self._reconnect)

    def _reconnect(self, rt: Runtime) -> None:
        """Go through Intuit's consent page as the owner's browser does; a page that fails is left for another time."""
        kept = self.kept
        url = flow.begin_consent(rt, kept.company_id, "the owner's browser")
        choice = {"realm_id": kept.realm, "decision": "connect"}
        try:
            answer = requests.post(url, data=choice, allow_redirects=False, timeout=10)
        except requests.RequestException:
            return
        if answer.status_code != 302:
            return
        given = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
        flow.finish_consent(
            rt, state=given["state"], code=given["code"], realm_id=given["realmId"], browser_hash="the owner's browser"
        )

    def _turn(self, every: float, end: float, *, is_second: bool = False) -> None:
        """Let the scheduler take a turn, and one soon after it: what was looked at is given up no sooner."""
        if self.stage.now() >= end:
            return
        if self.stage.machine.is_free("scheduler"):
            self.stage.machine.turn()
        if is_second:
            self.stage.later(every, "turn", lambda: self._turn(every, end))
        else:
            self.stage.later(15, "turn", lambda: self._turn(every, end, is_second=True))

    def _until(self, end: float, every: float) -> None:
        self.stage.later(5, "turn", lambda: self._turn(every, end))
        while self.stage.next_at is not None and self.stage.next_at < end and not self._is_over():
            self.stage.step()
            self.steps += 1
            commits = self._marks[1]
            if self._moved():
                self._take_all(self.watch.after_step(is_committed=commits != self._marks[1]))
        if not self._is_over():
            self.stage.move_to(end)

    def _moved(self) -> bool:
        """Tell whether anything was committed or asked for since the last look."""
        before, self._marks = (
            self._marks,
            (self.stage.spoiler.calls, self.stage.machine.commits, self.stage.trace.count),
        )
        return before[:2] != self._marks[:2] or self._marks[2] - before[2] > 1

    def _is_over(self) -> bool:
        at_end = self.wanted.until is not None and self.steps >= self.wanted.until
        return at_end or bool(self.broken) or bool(self.stage.machine.unexpected)

    def _take_all(self, found: list[Any]) -> None:
        for one in found:
            self.broken.append(one)
            self.stage.note(f"BROKEN {one.invariant} {one.subject}: {one.reason}")


def _is_connected(row: Any) -> bool:
    return row is not None and row.state == "connected"
