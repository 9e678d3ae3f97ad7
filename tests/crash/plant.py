"""A whole installation of real processes: web, worker, scheduler and Redis beside the two stand-ins.

Web, worker and scheduler come from the nursery. A trap laid at a named point ends whichever process passes it next by
SIGKILL (tests/harness/plant/entry.py), so that one plant serves many tests. A payer pays over HTTP as a browser does;
the truth is read from the stand-ins' own books. Only processes started here are ever ended, each by its id.
"""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import requests
from sqlmodel import col, select

from connector.store.cache import InvoiceRow
from connector.store.money import PaymentRow, ShareRow
from portal.access.links import make_invoice_link
from sandbox.demo import doorbell
from sandbox.demo.visitor import Page, Visitor
from sandbox.qbo.control import QuickBooksControl
from sandbox.world import World
from sync.tieout import prove
from tests.harness.plant import entry, roster
from tests.harness.plant.nursery import Child, nursery
from tests.house import House

ROOT = Path(__file__).resolve().parents[2]
OURS = (sys.executable, "-m", "tests.harness.plant.entry")
CARD = {"card": "4242424242424242"}
PATIENCE = 60.0
T = TypeVar("T")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def wait_for(what: str, look: Callable[[], T | None], patience: float = PATIENCE) -> T:
    """Look again until there is something to see; fails with what was waited for."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        seen = look()
        if seen:
            return seen
        time.sleep(0.05)
    raise AssertionError(f"waited {patience:.0f} s for {what}")


class Plant:
    """The processes of one installation."""

    def __init__(
        self,
        folder: Path,
        database_url: str,
        *,
        webhooks: bool = True,
        redis: bool = True,
        customers: int = 8,
        invoices: int = 40,
    ) -> None:
        self.folder = folder
        self.web_port, self.redis_port = free_port(), free_port()
        self.world = World(folder=folder / "world", control_token="control-of-the-plant")
        self.world.start()
        url = f"http://127.0.0.1:{self.web_port}"
        self.house = House(self.world, database_url, public_url=url, customers=customers, invoices=invoices)
        self.environment = {
            **self.house.environment,
            "CLOCK_OFFSET_FILE": str(folder / "world" / "clock"),
            "REDIS_URL": f"redis://127.0.0.1:{self.redis_port}/0",
            "SWEEP_SECONDS": "0.5",
            "LOG_LEVEL": "warning",
            "PATH": "/usr/bin:/bin",
            entry.TRACE: str(folder / "trace"),
            entry.TRAPS: str(folder / "traps"),
            "OAUTHLIB_INSECURE_TRANSPORT": "1",
        }
        self._traps = folder / "traps"
        self._traps.mkdir()
        self._told_kills = 0
        self._running: dict[str, subprocess.Popen[bytes] | Child] = {}
        if redis:
            self.start_redis()
        if webhooks:
            self.open_webhooks()

    # Processes -------------------------------------------------------------------------------------------------------

    def start_redis(self) -> None:
        self.start("redis", doorbell.command(self.folder / "redis", self.redis_port), begin=subprocess.Popen)
        wait_for("Redis", lambda: self._answers(self.redis_port))

    def start_web(self) -> None:
        """Start gunicorn with one worker; the worker is what a trap ends, and the master tells of it."""
        options = ["--bind", f"127.0.0.1:{self.web_port}", "--worker-class", "gthread", "--threads", "8"]
        app = "tests.harness.plant.entry:create_app()"
        self.start("web", [sys.executable, "-m", "gunicorn", "--no-control-socket", *options, app])
        wait_for("the portal", self.is_up)

    def start_worker(self) -> None:
        """Start a worker that does its jobs in its own process, so that what is killed is what works."""
        self.start("worker", [*OURS, "worker", "--in-process"])

    def start_scheduler(self) -> None:
        self.start("scheduler", [*OURS, "scheduler"])

    def lay_trap(self, point: str) -> None:
        """Let the next process that passes a point end there by SIGKILL."""
        (self._traps / point).touch()

    def start(self, name: str, command: list[str], begin: Callable[..., Any] | None = None) -> None:
        """Start a process under a name: from the nursery, or as `begin` does."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self._running[name] = (begin or nursery().start)(
                command, env=self.environment, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def log_of(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def wait_for_kill(self, name: str) -> int:
        """Wait until a process was ended by a signal, and return the signal's number."""
        if name == "web":  # its master lives on and says how each of its workers ended
            known = self._told_kills
            wait_for("the web worker's end", lambda: self.log_of("web").count("SIGKILL") > known)
            self._told_kills += 1
            return signal.SIGKILL
        code = wait_for(f"the {name}'s end", lambda: self._running[name].poll())
        return -code

    def kill(self, name: str) -> int:
        """End a process and what it forked by SIGKILL, as systemd ends a group; return how it was seen to end."""
        process = self._running.pop(name)
        forked = roster.children(process.pid)
        process.kill()
        for child in forked:
            roster.kill(child)
        return process.wait(timeout=15)

    def stop(self, name: str) -> None:
        process = self._running.pop(name)
        if process.poll() is None:
            process.terminate()
            process.wait(timeout=15)

    def close(self) -> None:
        for name in reversed(list(self._running)):
            self.kill(name)
        self.house.close()
        self.world.stop()

    # The payer -------------------------------------------------------------------------------------------------------

    def open_webhooks(self) -> None:
        base = f"http://127.0.0.1:{self.web_port}/hooks"
        self.world.stripe.control("webhooks", {"url": f"{base}/stripe/harbor-tile"})
        QuickBooksControl(self.world.quickbooks).control("webhooks", {"url": f"{base}/quickbooks"}, reading=False)

    def pay_page(self, invoice_id: str) -> tuple[Visitor, Page]:
        """Open an invoice's link and go on to its pay page, as a browser does."""
        link = make_invoice_link(self.house.rt, self.house.company_id, invoice_id)
        assert link is not None
        browser = Visitor()
        page = browser.open(link)
        assert page.status == 200
        return browser, browser.open(f"{page.url.partition('/i/')[0]}/pay?i={invoice_id}")

    def press(self, browser: Visitor, page: Page) -> dict[str, Any]:
        """Press Pay; raises requests' ConnectionError when the web dies under it."""
        form = page.form("/pay")
        [item] = page.with_attribute("data-invoice")
        message = {
            "shares": [{"invoice": item["data-invoice"], "amount": dict(form.fields)[f"a.{item['data-invoice']}"]}],
            "form_nonce": form.data["nonce"],
            "shown_minor": int(item["data-left"]),
            "email": "dana@bluemesa.example",
        }
        return browser.post_json(page, form.action, message, form_token=form.data["csrf"])

    def confirm(self, pressed: dict[str, Any]) -> None:
        intent = str(pressed["client_secret"]).partition("_secret_")[0]
        self.world.stripe.control("pay", {"payment_intent": intent, **CARD})

    # What must be true at the end -------------------------------------------------------------------------------------

    def wait_until_booked(self, invoice: InvoiceRow) -> None:
        """Wait until an invoice's charge and its fee are in the books, and nothing of them is under way."""

        def booked() -> bool:
            paid = {row.id for row in self.payments_of(invoice.qbo_id)}
            states = [row.state for row in self.house.postings() if row.payment_id in paid]
            return len(states) == 2 and set(states) == {"posted"}

        wait_for("the payment in the books", booked)

    def assert_booked_once(self, invoice: InvoiceRow) -> None:
        """Assert from the stand-ins' own books that money moved once and is written once, and that it all ties."""
        house, minor = self.house, invoice.balance_minor
        [payment] = self.payments_of(invoice.qbo_id)
        [charge] = [one for one in house.charges() if one["metadata"].get("tieout_payment") == payment.id]
        assert charge["amount"] == minor
        documents = house.ours_in_books("Payment", "PaymentRefNum")
        [booked] = [one for one in documents if charge["id"] in one["PrivateNote"]]
        assert round(booked["TotalAmt"] * 100) == minor
        # Each charge of the plant has one Payment and one fee, whatever other tests did before.
        assert len(documents) == len(house.charges())
        assert len(house.ours_in_books("Purchase", "DocNumber")) == len(house.charges())
        assert prove(house.rt, house.company_id).ties

    def payments(self) -> list[PaymentRow]:
        with self.house.rt.db.read() as session:
            return list(session.exec(select(PaymentRow).order_by(col(PaymentRow.id))))

    def payments_of(self, invoice_id: str) -> list[PaymentRow]:
        """Return the payments with a share on an invoice."""
        shares = select(ShareRow.payment_id).where(ShareRow.invoice_id == invoice_id)
        with self.house.rt.db.read() as session:
            return list(session.exec(select(PaymentRow).where(col(PaymentRow.id).in_(shares))))

    def all_open_invoices(self) -> list[InvoiceRow]:
        """Return every open invoice that can be paid by link."""
        mine = select(InvoiceRow).where(
            InvoiceRow.company_id == self.house.company_id, InvoiceRow.balance_minor >= 50, InvoiceRow.state == "live"
        )
        with self.house.rt.db.read() as session:
            return list(session.exec(mine.order_by(col(InvoiceRow.qbo_id))))

    def is_up(self) -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{self.web_port}/healthz", timeout=2).status_code == 200
        except requests.RequestException:
            return False

    @staticmethod
    def _answers(port: int) -> bool:
        with socket.socket() as one:
            one.settimeout(0.5)
            return one.connect_ex(("127.0.0.1", port)) == 0
