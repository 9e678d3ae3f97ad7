"""The stage: every process of the demo on one machine, with its data in one folder.

Knows how each process is started and when it is ready, not what is played. Laws: all data lies under the folder and
survives the stage; the product's settings are written down once, so that a second start finds its own keys.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import requests

from sandbox.demo import doorbell
from sandbox.demo.crew import ROOT, Crew, CrewError, Member
from sandbox.demo.mailbox import TEXT_KEY
from sandbox.demo.ports import Ports

TEXT_HOOK_SECRET = "what the demo signs answers with"
READY_SECONDS = 40.0
COMMAND_SECONDS = 300.0
_OF_ALL_ACCOUNTS = frozenset({"switches", "deliveries", "journal", "webhooks"})  # orders at the stand-in as a whole


class Waited(CrewError):
    """Something did not come in time."""


@dataclass
class Stage:
    """A demo in a folder, on ports, with its processes."""

    folder: Path
    ports: Ports
    crew: Crew
    sweep_seconds: float = 2.0
    owner_link: str = ""  # to be shown, where it was made while others woke up
    by_consent: bool = False  # the stand-in's first account is a platform, and companies connect theirs to it
    account: str = ""  # the company's own Stripe account, where it is not the stand-in's first
    _sandbox: Member = field(init=False)

    @property
    def web_url(self) -> str:
        """Return where the portal answers."""
        return f"http://127.0.0.1:{self.ports.web}"

    @property
    def board_url(self) -> str:
        """Return where the links and the stories of the demo are."""
        return f"http://127.0.0.1:{self.ports.board}"

    @property
    def mailbox_url(self) -> str:
        """Return where the mailbox shows its mails."""
        return f"http://127.0.0.1:{self.ports.mailbox}"

    @property
    def stripe_url(self) -> str:
        """Return where the stand-in of Stripe shows the company's account."""
        base = str(self.standins["stripe"]["api_base"])
        return f"{base}/?account={self.account}" if self.account else base

    @cached_property
    def standins(self) -> dict[str, Any]:
        """Return what the sandbox said of itself: addresses, keys, control plane; kept for the next start."""
        said = self._kept or dict(json.loads(self._first_line(self._sandbox)))
        path = self.folder / "standins.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps({"ports": asdict(self.ports), "said": said}), encoding="utf-8")
        return said

    @cached_property
    def _kept(self) -> dict[str, Any]:
        """Return what the sandbox said at an earlier start on these ports; empty when there was none."""
        path = self.folder / "standins.json"
        kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        return dict(kept["said"]) if kept.get("ports") == asdict(self.ports) else {}

    @property
    def is_known(self) -> bool:
        """Tell whether an earlier start on these ports left everything that a start waits for."""
        return bool(self._kept) and self._schema_mark() == self._schema_stamp()

    @cached_property
    def own_settings(self) -> dict[str, str]:
        """Return the product's settings that need no stand-in, its keys kept from the first start."""
        return {
            **self._keys(),
            "TIEOUT_MODE": "sandbox",
            "PUBLIC_URL": self.web_url,
            "DATABASE_URL": f"sqlite:///{self.folder / 'tieout.db'}",
            "REDIS_URL": f"redis://127.0.0.1:{self.ports.redis}/0",
            "SMTP_URL": f"smtp://127.0.0.1:{self.ports.smtp}",
            "IMAP_URL": f"imap://payments:demo@127.0.0.1:{self.ports.imap}/INBOX",
            "TEXT_URL": f"{self.mailbox_url}/texts",
            "TEXT_KEY": TEXT_KEY,
            "TEXT_HOOK_SECRET": TEXT_HOOK_SECRET,
            "MAIL_FROM": "payments@tieout.example",
            "CLOCK_OFFSET_FILE": str(self.folder / "sandbox" / "clock"),
            "SWEEP_SECONDS": f"{self.sweep_seconds:g}",
        }

    @cached_property
    def environment(self) -> dict[str, str]:
        """Return all of the product's settings; they are also written to `tieout.env`, for whoever comes later."""
        quickbooks, stripe = self.standins["quickbooks"], self.standins["stripe"]
        settings = {
            **self.own_settings,
            "QBO_CLIENT_ID": quickbooks["client_id"],
            "QBO_CLIENT_SECRET": quickbooks["client_secret"],
            "QBO_ENVIRONMENT": quickbooks["discovery_url"],
            "QBO_API_BASE": quickbooks["api_base"],
            "QBO_VERIFIER_TOKEN": quickbooks["verifier_token"],
            "STRIPE_API_BASE": stripe["api_base"],
            "STRIPE_JS_URL": stripe["js_url"],
            **(_platform(stripe) if self.by_consent else {}),
        }
        path = self.folder / "tieout.env"
        path.touch(mode=0o600)
        path.write_text("".join(f"{name}={value}\n" for name, value in settings.items()), encoding="utf-8")
        return settings

    def open(self, *first: Sequence[str]) -> None:
        """Start what needs nothing of the product, and meanwhile bring up its schema.

        `first` are commands of the product that need neither stand-in, run while those still wake up.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self._sandbox = self.crew.start("sandbox", self._sandbox_command(), {})
        self.crew.start("redis", doorbell.command(self.folder / "redis", self.ports.redis), {})
        mailbox = ["--folder", str(self.folder / "mails")]
        mailbox += ["--port", str(self.ports.mailbox), "--smtp-port", str(self.ports.smtp)]
        mailbox += ["--hook", f"{self.web_url}/hooks/text", "--hook-secret", TEXT_HOOK_SECRET]
        mailbox += ["--clock-file", self.own_settings["CLOCK_OFFSET_FILE"]]
        mailbox += ["--imap-port", str(self.ports.imap)]
        self.crew.start("mailbox", [sys.executable, "-m", "sandbox.demo.mailbox", *mailbox], {})
        self._migrate()
        for command in first:
            self.tieout(*command, settings=self.own_settings)

    def start_web(self) -> None:
        """Start the portal."""
        options = ["--port", str(self.ports.web), "--workers", "1", "--threads", "8"]
        self.crew.start("web", self._command("web", *options), self.environment)

    def start_worker(self) -> None:
        """Start the worker; it does nothing until somebody rings."""
        self.crew.start("worker", self._command("worker"), self.environment)

    def start_scheduler(self) -> None:
        """Start the scheduler, which rings for whatever is due."""
        self.crew.start("scheduler", self._command("scheduler"), self.environment)

    def wait_until_ready(self) -> None:
        """Wait until the portal serves, the stand-ins answer and the mailbox takes mails. Raises CrewError."""
        self.wait_for("the portal", lambda: _answers(f"{self.web_url}/readyz"))
        others = (self.ports.quickbooks, self.ports.stripe, self.ports.mailbox, self.ports.smtp)
        self.wait_for("the stand-ins and the mailbox", lambda: all(_listens(port) for port in others))

    def wait_for(
        self, what: str, is_so: Callable[[], Any], *, seconds: float = READY_SECONDS, every: float = 0.05
    ) -> Any:
        """Wait until something is so and return what it gave. Raises CrewError when it does not come."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = is_so()
            if found:
                return found
            self.crew.check()
            time.sleep(every)
        raise Waited(f"Waited {seconds:g} seconds for {what} in vain. The logs are in {self.folder / 'log'}.")

    def tieout(
        self, *arguments: str, given: str = "", show: bool = False, settings: Mapping[str, str] | None = None
    ) -> str:
        """Run a command of the product and return what it said; `show` lets its progress through. Raises CrewError."""
        ran = self.run(*arguments, given=given, show=show, settings=settings)
        if ran.returncode != 0:
            raise CrewError(f"tieout {' '.join(arguments)} ended with {ran.returncode}: {ran.stderr or ran.stdout}")
        return ran.stdout.strip()

    def run(
        self, *arguments: str, given: str = "", show: bool = False, settings: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of the product, whatever its exit code."""
        known = self.environment if settings is None else settings
        return self.crew.run(self._command(*arguments), known, given=given, seconds=COMMAND_SECONDS, show=show)

    def control(self, path: str, body: Mapping[str, Any] | None = None, *, method: str = "") -> dict[str, Any]:
        """Give the sandbox an order at its control plane, or look with no body. Raises CrewError."""
        headers = {"Authorization": f"Bearer {self.standins['control_token']}"}
        url = f"{self.standins['control_url']}/{path}"
        service, _, order = path.partition("/")
        if self.account and service == "stripe" and order not in _OF_ALL_ACCOUNTS:
            body = {"account": self.account, **(body or {})}
        method = method or ("GET" if body is None else "POST")
        answer = requests.request(method, url, headers=headers, json=body, timeout=60)
        if answer.status_code != 200:
            raise CrewError(f"{url} answered {answer.status_code}: {answer.text[:300]}")
        return dict(answer.json())

    def mails(self, *, after: int = 0) -> list[dict[str, Any]]:
        """Return the mails that came after a number, oldest first."""
        answer = requests.get(f"{self.mailbox_url}/mails.json", params={"after": after}, timeout=10)
        return list(answer.json())

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "portal.cli", *arguments]

    def _sandbox_command(self) -> Sequence[str]:
        options = {
            "--folder": str(self.folder / "sandbox"),
            "--quickbooks-port": str(self.ports.quickbooks),
            "--stripe-port": str(self.ports.stripe),
            "--control-token": self._kept.get("control_token") or secrets.token_urlsafe(24),
        }
        return [sys.executable, "-m", "sandbox", "--json", *(word for pair in options.items() for word in pair)]

    def _first_line(self, member: Member) -> str:
        """Return the first line of JSON that a member says; a warning may come before it. Raises CrewError."""

        def line() -> str:
            whole = member.log.read_text(encoding="utf-8").split("\n")[:-1]
            return next((one for one in whole if one.startswith("{")), "")

        return str(self.wait_for("the stand-ins", line))

    def _keys(self) -> dict[str, str]:
        """Return SECRET_KEY and VAULT_KEYS, made by the product at the first start."""
        path = self.folder / "tieout.env"
        wanted = ("SECRET_KEY", "VAULT_KEYS")
        if path.exists():
            kept = dict(line.split("=", 1) for line in path.read_text(encoding="utf-8").splitlines() if "=" in line)
            if all(name in kept for name in wanted):
                return {name: kept[name] for name in wanted}
        made = self.crew.run(self._command("keys", "--json"), {}, seconds=COMMAND_SECONDS, show=False)
        return dict(json.loads(made.stdout))

    def _migrate(self) -> None:
        """Bring the schema up, unless this folder has seen these very steps already."""
        if self._schema_mark() != self._schema_stamp():
            self.tieout("migrate", settings=self.own_settings)
            (self.folder / "schema.txt").write_text(self._schema_mark())

    def _schema_mark(self) -> str:
        steps = sorted((ROOT / "connector" / "store" / "migrations" / "versions").glob("*.py"))
        return hashlib.sha256(b"".join(step.read_bytes() for step in steps)).hexdigest()

    def _schema_stamp(self) -> str:
        stamp = self.folder / "schema.txt"
        return stamp.read_text() if stamp.exists() else ""


def _platform(stripe: Mapping[str, str]) -> dict[str, str]:
    """Return the product's settings of a Connect platform: the account that the stand-in began with."""
    return {
        "STRIPE_PLATFORM_KEY": stripe["secret_key"],
        "STRIPE_PLATFORM_PUBLISHABLE_KEY": stripe["publishable_key"],
        "STRIPE_CONNECT_CLIENT_ID": stripe["client_id"],
        "STRIPE_CONNECT_WEBHOOK_SECRET": stripe["webhook_secret"],
        "STRIPE_CONNECT_BASE": stripe["api_base"],
    }


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).status_code == 200
    except requests.RequestException:
        return False
