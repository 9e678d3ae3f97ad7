"""The storm: payers pay, processes die, Redis, database and webhooks suffer, calls fail; then silence, then the audit.

Law: one seed gives one programme of kills and troubles; what real processes make of it is never the same twice, so what
is asserted is what must hold in every case.
"""

from __future__ import annotations

import random
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Set
from contextlib import suppress
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, func, select

from connector.ledger.payments import UNDER_WAY
from connector.store.money import PaymentRow
from connector.store.outbox import InboxRow, PostingRow
from tests.harness.plant import troubles
from tests.harness.plant.audit import audit
from tests.harness.plant.installation import Installation, faketime
from tests.harness.plant.kills import Kills
from tests.harness.plant.payers import Payers
from tests.harness.plant.report import Report
from tests.harness.plant.trace import Span, passed_during

SKEW_SECONDS = 600
PACE = 10  # seconds of the product's clock in one real second
BEAT = 0.5
QUIET_WITHIN = 240.0  # real seconds, on a machine that may be busy with much else
CROWD, PAUSE = 8, 0.6  # payers, and the seconds that each waits between two payments
INVOICES_A_SECOND = 9  # of which about a seventh is open
STEP = 100.0  # seconds that pass at once in the silence: less than two looks at an open payment are apart
DAY = 24 * 3600
Tell = Callable[[str], None]


def storm(
    engine: str,
    seconds: float,
    seed: int,
    *,
    kills: int = 0,
    bug: str = "",
    hit: Set[str] = frozenset(),
    folder: Path | None = None,
    tell: Tell | None = None,
) -> Report:
    """Run one storm on one engine and return what it came to; `kills` 0 leaves their number to the time.

    `hit` are points where earlier storms killed already; `tell` hears a line at each stage.
    """
    with tempfile.TemporaryDirectory(prefix="tieout-plant-") as made:
        return _Storm(
            engine, seconds, seed, kills=kills, bug=bug, hit=hit, folder=folder or Path(made), tell=tell
        ).run()


class _Storm:
    def __init__(
        self,
        engine: str,
        seconds: float,
        seed: int,
        *,
        kills: int,
        bug: str,
        hit: Set[str],
        folder: Path,
        tell: Tell | None,
    ) -> None:
        self.tell, self.began = tell, time.monotonic()
        self.seconds, self.dice = seconds, random.Random(f"storm {seed}")
        self.report = Report(engine, seed, seconds, bug)
        skew = self.dice.choice((-SKEW_SECONDS, SKEW_SECONDS))
        invoices = 120 + int(INVOICES_A_SECOND * seconds)
        self.plant = Installation(engine, folder, invoices=invoices, skew=skew, bug=bug, seed=seed)
        self.skew = skew
        self.kill_every = seconds / (kills or max(18.0, seconds))
        self.kills = Kills(self.plant, random.Random(f"kills {seed}"), hit)
        self.spans: list[Span] = []
        self.failures: list[BaseException] = []
        self._over = threading.Event()
        self.calls = 0

    def run(self) -> Report:
        """Storm, silence, audit; everything is ended whatever happens."""
        try:
            self.plant.open_webhooks()
            payers = Payers(self.plant.world, self.plant.links(), seed=self.report.seed, crowd=CROWD, pause=PAUSE)
            payers.start()
            self._say("the plant runs")
            self._blow()
            self._say("the storm is over")
            payers.stop()
            self.report.answers = dict(payers.answers)
            self._say("payers went home")
            self._calm_down()
            self._say("quiet")
            self._count()
            audit(self.plant, payers.papers, self.report)
            return self.report
        finally:
            self._over.set()
            self.plant.close()

    def _say(self, what: str) -> None:
        if self.tell:
            self.tell(f"{time.monotonic() - self.began:6.1f} s  {what}")

    # The storm -------------------------------------------------------------------------------------------------------

    def _blow(self) -> None:
        began = time.monotonic()
        calm = self.plant.world.faults.requests
        troubles.spoil(self.plant, self.report.seed, troubles.FAULT_RATE)
        acts = (self._tick, self._deal, self._trouble)
        threads = [threading.Thread(target=self._guarded, args=(act,), daemon=True) for act in acts]
        for thread in threads:
            thread.start()
        self._over.wait(self.seconds)
        self._over.set()
        for thread in threads:
            thread.join(30)
        troubles.spoil(self.plant, self.report.seed, 0)
        self.kills.take_up_traps()
        if self.failures:
            raise self.failures[0]
        self.calls = self.plant.world.faults.requests - calm
        if faketime():
            self.spans.append(Span(troubles.CLOCK_SKEW, began, time.monotonic()))
        self.spans.append(Span(troubles.API_FAULTS, began, time.monotonic()))

    def _guarded(self, act: Callable[[], None]) -> None:
        try:
            act()
        except BaseException as error:  # told by the main thread, which ends the storm
            self.failures.append(error)
            self._over.set()

    def _tick(self) -> None:
        """Let the product's clock run faster, so that leases and waits end within the storm."""
        while not self._over.wait(BEAT):
            self.plant.world.clock.advance(BEAT * (PACE - 1))

    def _deal(self) -> None:
        due = time.monotonic() + 1.0
        while not self._over.wait(max(0.0, due - time.monotonic())):
            self.kills.deal()
            due += self.kill_every

    def _trouble(self) -> None:
        deck: list[troubles.Trouble] = []
        dice = random.Random(f"troubles {self.report.seed}")
        while not self._over.wait(dice.uniform(0.3, 1.5)):
            if not deck:
                deck = [one for one in troubles.TROUBLES if one.name not in self.plant.engine.cannot]
                dice.shuffle(deck)
            trouble = deck.pop()
            began = time.monotonic()
            trouble.run(self.plant)
            self.spans.append(Span(trouble.name, began, time.monotonic() + 0.2))

    # Silence ---------------------------------------------------------------------------------------------------------

    def _calm_down(self) -> None:
        """Let time pass without faults until nothing is under way, a day at least."""
        began, end = time.monotonic(), time.monotonic() + QUIET_WITHIN
        self.plant.wait_for("the portal after the storm", self.plant.is_up)
        passed = self._pass_until(self._is_quiet, step=STEP, end=end)
        if not passed:
            self.report.broken.append(f"I-13 not quiet {QUIET_WITHIN:.0f} s after the storm: {self._under_way()}")
        self.report.quiet_after_seconds = time.monotonic() - began
        for _ in range(8):  # a day in which whatever comes round once a day does
            self.plant.world.advance(DAY / 8)
            time.sleep(0.6)
        self._pass_until(self._is_quiet, step=STEP, end=time.monotonic() + QUIET_WITHIN / 2)

    def _pass_until(self, is_over: Callable[[], bool], *, step: float, end: float) -> bool:
        seen = 0
        while time.monotonic() < end:
            seen = seen + 1 if is_over() else 0
            if seen >= 4:
                return True
            self._settle_debits()
            self.plant.world.advance(step)
            time.sleep(BEAT)
        return False

    def _settle_debits(self) -> None:
        for intent in self.plant.world.stripe.control("state", {"kind": "payment_intents"})["payment_intents"]:
            if intent["status"] == "processing":
                with suppress(ValueError):
                    self.plant.world.stripe.control("settle_debit", {"payment_intent": intent["id"]})

    def _is_quiet(self) -> bool:
        return not any(self._under_way().values())

    def _under_way(self) -> dict[str, int]:
        try:
            with self.plant.house.rt.db.read() as session:
                return _waiting(session)
        except SQLAlchemyError:
            return {"the database does not answer": 1}

    # Counting --------------------------------------------------------------------------------------------------------

    def _count(self) -> None:
        report, world = self.report, self.plant.world
        report.kills = dict(Counter(one.victim for one in self.kills.done))
        report.kills_missed = len(self.kills.missed)
        report.starts = {name: post.started for name, post in self.plant.roster.posts.items()}
        report.troubles = dict(Counter(span.trouble for span in self.spans))
        report.redis_wipes = report.troubles.get("redis flushed", 0)
        report.redis_answers_lost = self.plant.wire.lost
        report.faults = dict(Counter(one["do"] for one in world.faults.carried_out))
        report.calls = self.calls
        report.faulted_share = sum(report.faults.values()) / max(1, report.calls)
        tries = [len(one["tries"]) for one in world.stripe.control("deliveries", {})["deliveries"]]
        report.deliveries, report.deliveries_again = len(tries), sum(max(0, count - 1) for count in tries)
        self._fill_matrix()

    def _fill_matrix(self) -> None:
        passages = self.plant.trace.passages()
        cells = passed_during(passages, self.spans)
        cells.update(Counter((one.point or "idle", f"kill: {one.victim}") for one in self.kills.done))
        cells.update(Counter((one["operation"], one["do"]) for one in self.plant.world.faults.carried_out))
        for (step, fault), times in sorted(cells.items()):
            self.report.matrix.setdefault(step, {})[fault] = times
        points = self.plant.trace.points()
        died_at = {one.point for one in self.kills.done}
        self.report.holes += [f"{point}: nobody died here" for point in points if point not in died_at]
        self.report.holes += [f"{name}: {why}" for name, why in self.plant.engine.cannot.items()]
        if not faketime():
            self.report.holes.append("clock skew: libfaketime is not installed")


def _waiting(session: Session) -> dict[str, int]:
    """Count what is still on its way."""

    def count(model: type, *conditions: object) -> int:
        return int(session.exec(select(func.count()).select_from(model).where(*conditions)).one())  # type: ignore[arg-type]

    return {
        "payments": count(PaymentRow, col(PaymentRow.state).in_(UNDER_WAY)),
        "events": count(InboxRow, InboxRow.state == "new"),
        "postings": count(PostingRow, col(PostingRow.state).in_(("due", "leased", "unknown"))),
    }
