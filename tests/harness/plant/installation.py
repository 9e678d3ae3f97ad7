"""One installation under fire: both stand-ins, a house, Redis behind a wire, and every process of production.

Two gunicorn workers, two RQ workers that fork (one may have a wrong clock), the scheduler. Law: all that runs is on one
roster, and closing the plant closes everything, whatever state it is in.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import requests
from sqlmodel import col, select

from connector.store.cache import InvoiceRow
from connector.store.session import Database
from portal.access.links import make_invoice_link
from sandbox.demo import doorbell
from sandbox.demo.crew import Crew
from sandbox.qbo.control import QuickBooksControl
from sandbox.world import World
from tests.harness.plant import entry
from tests.harness.plant.engines import engine_of
from tests.harness.plant.nursery import Nursery
from tests.harness.plant.roster import Roster
from tests.harness.plant.trace import Trace
from tests.harness.plant.wire import Wire
from tests.house import House

WEB, WORKER, SKEWED, SCHEDULER, REDIS = "web", "worker", "other-worker", "scheduler", "redis"
_FAKETIME = (
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def faketime() -> str:
    """Return the library that gives a process another time, empty where it is not installed."""
    return next((path for path in _FAKETIME if Path(path).exists()), "")


class Installation:
    """The plant of one storm. `skew` seconds are added to one worker's clock where faketime is installed."""

    def __init__(
        self, engine: str, folder: Path, *, invoices: int, skew: int = 0, bug: str = "", seed: int = 1
    ) -> None:
        self.folder, self._stack = folder, ExitStack()
        try:
            self._build(engine, invoices=invoices, skew=skew, bug=bug, seed=seed)
        except BaseException:
            self._stack.close()
            raise

    def _build(self, engine: str, *, invoices: int, skew: int, bug: str, seed: int) -> None:
        self._right = self._nursery({})  # both import while the rest is built
        self._wrong = self._nursery(self._wrong_clock(skew)) if skew and faketime() else self._right
        self.crew = self._stack.enter_context(Crew(self.folder / "logs"))
        self.engine = engine_of(engine, self.folder, self.crew)
        self._stack.callback(self.engine.close)
        database = Database(self.engine.url)
        database.create_all()
        database.close()
        self.world = World(folder=self.folder / "world", control_token="control-of-the-plant")
        self.world.start()
        self._stack.callback(self.world.stop)
        self.web_port, self.redis_port = free_port(), free_port()
        self.house = House(
            self.world, self.engine.url, public_url=f"http://127.0.0.1:{self.web_port}", customers=40, invoices=invoices
        )
        self._stack.callback(self.house.close)
        self.wire = Wire(self.redis_port, seed)
        self._stack.callback(self.wire.close)
        self.traps = self.folder / "traps"
        self.traps.mkdir()
        self.trace = Trace(self.folder / "trace")
        self._stack.callback(self.trace.close)
        self.environment = self._environment(bug)
        self.roster = Roster(self.crew, self.folder / "logs")
        self._stack.callback(self.roster.stop)  # before anything goes that its processes use
        self._man()

    def _environment(self, bug: str) -> dict[str, str]:
        return {
            **self.house.environment,
            "CLOCK_OFFSET_FILE": str(self.folder / "world" / "clock"),
            "REDIS_URL": f"redis://127.0.0.1:{self.wire.port}/0",
            "SWEEP_SECONDS": "0.5",
            "LOG_LEVEL": "warning",
            "PROXY_HOPS": "1",  # each payer has an address of its own
            "OAUTHLIB_INSECURE_TRANSPORT": "1",
            entry.TRACE: str(self.folder / "trace"),
            entry.TRAPS: str(self.traps),
            **({entry.BUG: bug} if bug else {}),
        }

    def _man(self) -> None:
        self.man_redis()
        ours = [sys.executable, "-m", "tests.harness.plant.entry"]
        options = ["--bind", f"127.0.0.1:{self.web_port}", "--workers", "2", "--worker-class", "gthread"]
        options += ["--threads", "8", "--timeout", "60", "--graceful-timeout", "10", "--keep-alive", "15"]
        gunicorn = [sys.executable, "-m", "gunicorn", "--no-control-socket", *options]
        self._post(WEB, [*gunicorn, "tests.harness.plant.entry:create_app()"], self._right, clears=True)
        self._post(WORKER, [*ours, "worker"], self._right)
        self._post(SKEWED, [*ours, "worker"], self._wrong)
        self._post(SCHEDULER, [*ours, "scheduler"], self._right)
        self.wait_for("the portal", self.is_up)

    def man_redis(self) -> None:
        """Start Redis under its post."""
        self.roster.man(REDIS, doorbell.command(self.folder / "redis", self.redis_port), {})

    def _nursery(self, clock: Mapping[str, str]) -> Nursery:
        """Return where processes of one clock are forked: a preloaded library is only heard when a program begins."""
        made = Nursery(environment=clock)
        self._stack.callback(made.close)
        return made

    def _post(self, name: str, command: list[str], nursery: Nursery, *, clears: bool = False) -> None:
        environment = {**self.environment, **nursery.environment, entry.ROLE: name}
        self.roster.man(name, command, environment, begin=nursery.start, clears=clears)

    @staticmethod
    def _wrong_clock(skew: int) -> dict[str, str]:
        # What measures spans stays true, or every wait in the process would be another.
        return {"LD_PRELOAD": faketime(), "FAKETIME": f"{skew:+d}s", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}

    def close(self) -> None:
        """End every process and give everything back."""
        self._stack.close()

    # Looking ---------------------------------------------------------------------------------------------------------

    @staticmethod
    def wait_for(what: str, look: Callable[[], Any], patience: float = 150.0) -> None:
        """Look again until there is something to see; fails with what was waited for."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if look():
                return
            time.sleep(0.05)
        raise AssertionError(f"waited {patience:.0f} s for {what}")

    def is_up(self) -> bool:
        """Tell whether the portal answers."""
        try:
            return requests.get(f"http://127.0.0.1:{self.web_port}/healthz", timeout=2).status_code == 200
        except requests.RequestException:
            return False

    def links(self) -> list[tuple[str, str]]:
        """Return every open invoice of the house with a link that opens it."""
        with self.house.rt.db.read() as session:
            open_ones = (
                select(InvoiceRow.qbo_id)
                .where(InvoiceRow.company_id == self.house.company_id, InvoiceRow.balance_minor > 0)
                .order_by(col(InvoiceRow.qbo_id))
            )
            ids = list(session.exec(open_ones))
        made = [(one, make_invoice_link(self.house.rt, self.house.company_id, one)) for one in ids]
        return [(invoice, link) for invoice, link in made if link]

    def webhooks(self, **mode: Any) -> None:
        """Say how webhooks of Stripe go out: mode, duplicate, shuffle, delay_seconds, url."""
        self.world.stripe.control("webhooks", mode)

    def open_webhooks(self) -> None:
        """Let both stand-ins send to the portal."""
        base = f"http://127.0.0.1:{self.web_port}/hooks"
        self.webhooks(url=f"{base}/stripe/harbor-tile")
        QuickBooksControl(self.world.quickbooks).control("webhooks", {"url": f"{base}/quickbooks"}, reading=False)

    def command(self, *words: str, seconds: float = 60.0) -> tuple[int, str]:
        """Run the product's command line to its end; returns its exit code and what it said."""
        plain = {name: value for name, value in self.environment.items() if name not in (entry.TRACE, entry.BUG)}
        ran = self.crew.run(
            [sys.executable, "-m", "portal.cli", *words],
            {**plain, "PATH": os.environ.get("PATH", "")},
            seconds=seconds,
            show=False,
        )
        return ran.returncode, ran.stdout or ran.stderr
