"""The stage of one run: the queue of what comes next, and everything that listens, rings or carries in it.

It is the bell of the product (RQ's place), the courier of both stand-ins, and the post office. Law: one thing happens
at a time, in the order of simulated time; what falls on one instant happens in the order it was entered.
"""

from __future__ import annotations

import heapq
import io
import smtplib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import urlsplit

from portal import here
from sandbox.clock import SandboxClock
from sandbox.courier import Parcel
from sync.runtime import Runtime
from tests.harness.sim.clock import SimClock
from tests.harness.sim.faults import Spoiler, Swarm
from tests.harness.sim.ground import Ground, shelves_of
from tests.harness.sim.machine import WEB, Machine
from tests.harness.sim.script import Script
from tests.harness.sim.trace import Trace
from tests.harness.sim.wires import WIRES
from tests.harness.sim.world import SimWorld

RECEIVER_SECONDS = 3.0


@dataclass(order=True)
class Event:
    """Something to do at an instant."""

    at: float
    number: int
    what: str
    do: Callable[[], object]


class Stage:
    """One run's scheduler."""

    def __init__(self, kept: Ground, script: Script, swarm: Swarm, database_url: str, app: Any) -> None:
        self.script, self.swarm, self.trace = script, swarm, Trace()
        self.time, self.account = SandboxClock(stands_at=kept.at), kept.account
        self.clock = SimClock(self.time, f"{script.seed}/ids")
        self.spoiler = Spoiler(script, swarm)
        self.watch: Any = None
        self.carried: Counter[str] = Counter()
        self.mails: Counter[str] = Counter()
        self.is_redis_up = True
        self.jobs_lost = 0
        self._queue: list[Event] = []
        self._number = 0
        self._app = app
        self.world = SimWorld(self.time, self.spoiler, self._hand, shelves_of(kept))
        self.world.quickbooks.switches.set({"throttle": False})
        settings = kept.settings.model_copy(update={"database_url": database_url})
        self.machine = Machine(self, settings, self.clock)
        WIRES.listening, WIRES.clock, WIRES.post = dict(self.world.listening), self.clock, self._post

    # The queue ----------------------------------------------------------------------------------------------------

    def now(self) -> float:
        """Return the simulated instant."""
        return self.time.seconds()

    def note(self, line: str) -> None:
        """Write an event down."""
        self.trace.add(self.now(), line)

    def later(self, seconds: float, what: str, do: Callable[[], object]) -> None:
        """Enter something for later."""
        self._number += 1
        heapq.heappush(self._queue, Event(self.now() + seconds, self._number, what, do))

    @property
    def next_at(self) -> float | None:
        """When the next thing happens."""
        return self._queue[0].at if self._queue else None

    def step(self) -> None:
        """Do the next thing at its time."""
        event = heapq.heappop(self._queue)
        self.move_to(event.at)
        event.do()

    def move_to(self, instant: float) -> None:
        """Let time pass; both stand-ins do what falls due."""
        if instant > self.now():
            self.time.advance(instant - self.now())
        self.world.tick()

    def let_others_on(self, point: str, seconds: float) -> None:
        """Let some of what waits happen while a process stands still at a point, and let time pass."""
        if seconds:
            self.time.advance(seconds)
        self.note(f"others go on at {point}, {seconds:g} s later")
        for _ in range(3):
            if self.next_at is not None and self.next_at <= self.now() + 5:
                self.step()

    # The world ----------------------------------------------------------------------------------------------------

    def stripe(self, order: str, **sent: Any) -> dict[str, Any]:
        """Give the stand-in of Stripe an order about the company's account."""
        return self.world.stripe.control(order, {"account": self.account, **sent})

    def intent_of(self, payment_id: str) -> str | None:
        """Return the intent that a payment was given at Stripe, as the payer's page knows it."""
        intents = self.stripe("state", kind="payment_intents")["payment_intents"]
        return next((one["id"] for one in intents if one["metadata"].get("tieout_payment") == payment_id), None)

    def take_away(self, addresses: list[str]) -> None:
        """Let nobody answer at these addresses."""
        for address in addresses:
            WIRES.listening.pop(address, None)

    def bring_back(self, addresses: list[str]) -> None:
        """Let them answer again."""
        for address in addresses:
            WIRES.listening[address] = self.world.listening[address]

    # The bell -----------------------------------------------------------------------------------------------------

    def ring(self, work: str, subject: str) -> None:
        """Take a ring as Redis does."""
        self.heard(work, subject)

    def heard(self, work: str, subject: str) -> bool:
        """Take a ring, and tell whether Redis took it."""
        if not self.is_redis_up:
            return False
        pause = self.script.dice("job", self._number).choice((0.01, 0.05, 0.3))
        self.later(pause, f"job {work}", lambda: self._job(work, subject, self.now()))
        return True

    def flush_redis(self) -> None:
        """Lose every job that waits."""
        kept = [event for event in self._queue if not event.what.startswith("job ")]
        self.jobs_lost += len(self._queue) - len(kept)
        self._queue = kept
        heapq.heapify(self._queue)

    def _job(self, work: str, subject: str, rung_at: float) -> None:
        worker = self.machine.free_worker()
        if worker is not None:
            self.machine.task(worker, work, subject)
        elif self.now() - rung_at < 60:
            self.later(0.5, f"job {work}", lambda: self._job(work, subject, rung_at))

    # The couriers -------------------------------------------------------------------------------------------------

    def _hand(self, parcel: Parcel) -> None:
        number = self.script.counted("parcel")
        word = self.script.next("parcel", self._spoil)
        dice = self.script.dice("way", number)
        self.carried["parcels"] += 1
        if word:
            self.carried[word.partition(":")[0]] += 1
        if word == "drop":
            self.later(RECEIVER_SECONDS, "parcel lost", lambda: parcel.outcome(None))
            return
        wait = float(word.partition(":")[2]) if word.startswith("delay") else 0.05 + dice.random()
        is_heard = word != "deaf"  # or the door takes it, and its answer is lost
        outcome = parcel.outcome if is_heard else lambda _: parcel.outcome(None)
        self.later(wait, "parcel", lambda: self._deliver(parcel, outcome))
        if word == "twice":
            self.later(wait + dice.choice((0.0, 0.4, 700.0)), "parcel again", lambda: self._deliver(parcel, _ignore))

    def _spoil(self, dice: Random) -> str:
        if not self.spoiler.is_on or dice.random() >= self.swarm.parcel_rate:
            return ""
        return dice.choice(("drop", "twice", "deaf", f"delay:{dice.choice((3, 45, 600, 7200))}"))

    def _deliver(self, parcel: Parcel, outcome: Callable[[int | None], None]) -> None:
        """Knock at our door. A web process that is away, or that dies over it, gives no answer."""
        self.carried["deliveries"] += 1
        status = None
        if self.machine.is_free(WEB):
            status = self.machine.do(WEB, f"door {urlsplit(parcel.url).path}", lambda _: self._post_to_door(parcel))
        outcome(status)

    def serve(self, rt: Runtime) -> None:
        """Have the portal answer for a new web process."""
        here.install(self._app.extensions, rt)

    def _post_to_door(self, parcel: Parcel) -> int:
        environ = {
            **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in parcel.headers.items()},
            "REQUEST_METHOD": "POST",
            "SCRIPT_NAME": "",
            "PATH_INFO": urlsplit(parcel.url).path,
            "QUERY_STRING": "",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8800",
            "HTTP_HOST": "127.0.0.1:8800",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(parcel.body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(parcel.body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        said: list[str] = []
        for _ in self._app.wsgi_app(environ, lambda status, *_: said.append(status)):
            pass
        return int(said[0].split()[0])

    # The post office ----------------------------------------------------------------------------------------------

    def _post(self, message: Any) -> None:
        """Take a mail (None greets); it may be away, or lose the connection after it took one."""
        word = self.script.next("mail", self._spoil_mail) if self.spoiler.is_on else ""
        if word == "away" and message is None:
            raise ConnectionRefusedError("fault: no post office")
        if message is None:
            return
        if word != "refused":
            self.mails[str(message["Message-ID"])] += 1
            if self.watch is not None:
                self.watch.mailed(str(message["Message-ID"]))
        if word == "refused":
            raise smtplib.SMTPDataError(451, b"try again later")
        if word == "lost":
            raise smtplib.SMTPServerDisconnected("fault: the connection broke")

    def _spoil_mail(self, dice: Random) -> str:
        return dice.choice(("away", "refused", "lost")) if dice.random() < self.swarm.call_rate / 2 else ""


def _ignore(status: int | None) -> None:
    """A needless copy has no outcome."""
