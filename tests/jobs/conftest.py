"""For the jobs' own tests: a runtime without gateways, a company with a customer, a post office that can be spoiled."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from connector.clock import Clock
from connector.settings import Settings
from connector.store.cache import CustomerRow, InvoiceRow
from connector.store.companies import CompanyRow
from connector.store.money import PaymentRow, ShareRow
from connector.store.outbox import MailRow, PostingRow
from connector.store.session import Database
from oauth.vault import Vault, new_key
from sandbox.demo import doorbell
from sandbox.demo.mailbox import Door
from sandbox.demo.ports import Ports
from sync.runtime import Runtime

NOON = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)  # noon in Portland
COMPANY, OTHER = "company-harbor", "company-other"


class StandingClock(Clock):
    """Time that only a test moves."""

    def __init__(self, at: datetime = NOON) -> None:
        super().__init__()
        self.at = at

    def now(self) -> datetime:
        return self.at

    def advance(self, **span: float) -> None:
        self.at += timedelta(**span)


class SilentBell:
    """Notes who rang."""

    def __init__(self) -> None:
        self.rung: list[tuple[str, str]] = []

    def ring(self, work: str, subject: str) -> None:
        self.rung.append((work, subject))


class NoGateways:
    """Nothing is connected, and nothing in these tests may ask."""

    def quickbooks(self, company_id: str) -> Any:
        raise AssertionError("no QuickBooks here")

    def stripe(self, company_id: str) -> Any:
        raise AssertionError("no Stripe here")


@dataclass
class PostOffice:
    """An SMTP server on loopback that keeps what it takes; `refusals` spoils the next recipients or messages."""

    taken: list[EmailMessage] = field(default_factory=list)
    refuse_recipient: list[str] = field(default_factory=list)
    refuse_data: list[str] = field(default_factory=list)
    url: str = ""

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if self.refuse_recipient:
            return self.refuse_recipient.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        message = message_from_bytes(envelope.content, policy=default)
        assert isinstance(message, EmailMessage)
        answer = self.refuse_data.pop(0) if self.refuse_data else "250 OK"
        if answer.startswith("250"):
            self.taken.append(message)
        if answer == "250 and hang up":  # accepted, and the sender never hears of it
            server.transport.abort()
        return answer


@pytest.fixture
def office() -> Iterator[PostOffice]:
    """Return a post office that listens."""
    office = PostOffice()
    door = Door(office, hostname="127.0.0.1", port=0)
    door.start()
    office.url = f"smtp://127.0.0.1:{door.port}"
    yield office
    door.stop()


@pytest.fixture
def settings(office: PostOffice) -> Settings:
    """Return settings of a sandbox whose mails go to the post office."""
    return Settings(
        tieout_mode="sandbox",
        secret_key="s" * 32,
        vault_keys=new_key("k1"),
        smtp_url=office.url,
        mail_from="payments@tieout.example",
        public_url="http://127.0.0.1:8800",
    )


@pytest.fixture
def rt(db: Database, settings: Settings) -> Runtime:
    """Return a runtime on a fresh database, its clock at noon in Portland."""
    runtime = Runtime(
        settings=settings,
        db=db,
        clock=StandingClock(),
        vault=Vault(settings.vault_keys),
        gateways=NoGateways(),
        bell=SilentBell(),
    )
    with db.write("seed") as session:
        session.add_all(harbor_tile() + other_company())
    return runtime


def harbor_tile() -> list[Any]:
    """Return Harbor Tile Co. with a customer, two invoices and a card payment of both that has succeeded."""
    company = CompanyRow(
        id=COMPANY,
        slug="harbor-tile",
        name="Harbor Tile Co.",
        phone="(503) 555-0142",
        email="office@harbortile.example",
        place="Portland, Oregon",
        created_at=NOON,
    )
    invoices = [invoice("1068", 62000), invoice("1071", 100000)]
    shares = [
        ShareRow(
            payment_id="pay-1",
            invoice_id=f"inv-{number}",
            company_id=COMPANY,
            customer_id="cust-1",
            amount_minor=minor,
            number=number,
        )
        for number, minor in (("1068", 62000), ("1071", 38000))
    ]
    return [
        company,
        CustomerRow(company_id=COMPANY, qbo_id="cust-1", sync_token="0", name="Blue Mesa Ranch"),
        *invoices,
        payment(
            "pay-1", state="succeeded", succeeded_at=NOON, settled_at=NOON, receipt_number=1042, balance_txn="txn_1"
        ),
        *shares,
        PostingRow(
            id="posting-1",
            company_id=COMPANY,
            key="acct/ch_1/charge/cust-1",
            kind="charge",
            reference="TO7F3K2QAB5XYMN4PLD6R",
            payment_id="pay-1",
            day=date(2026, 11, 23),
            amount_minor=100000,
            currency="USD",
            created_at=NOON,
            due_at=NOON,
        ),
    ]


def other_company() -> list[Any]:
    """Return a second merchant who must see nothing."""
    return [CompanyRow(id=OTHER, slug="cedar", name="Cedar & Sons <b>", created_at=NOON)]


def invoice(number: str, minor: int) -> InvoiceRow:
    """Return an open invoice."""
    return InvoiceRow(
        company_id=COMPANY,
        qbo_id=f"inv-{number}",
        sync_token="0",
        number=number,
        customer_id="cust-1",
        issued_day=date(2026, 11, 1),
        due_day=date(2026, 12, 1),
        total_minor=minor,
        balance_minor=minor,
    )


def payment(payment_id: str, **columns: Any) -> PaymentRow:
    """Return a payment of 1,000.00."""
    fixed = {
        "company_id": COMPANY,
        "customer_id": "cust-1",
        "amount_minor": 100000,
        "currency": "USD",
        "form_nonce": payment_id,
        "method": "card",
        "method_label": "Visa 4242",
        "created_at": NOON,
        "expires_at": NOON,
    }
    return PaymentRow(id=payment_id, **{**fixed, **columns})


def owe_mail(rt: Runtime, kind: str, *, context: str = "", **columns: Any) -> str:
    """Write a mail's row as `sync` or `portal` would, and return its id."""
    mail_id = rt.clock.new_id()
    company_id = columns.pop("company_id", COMPANY)
    fixed = {
        "key": f"{kind}/{mail_id}",
        "to": "ap@bluemesa.example",
        "payment_id": "pay-1",
        "context_cipher": rt.vault.seal(context, company_id=company_id, column="mail.context"),
        "created_at": rt.clock.now(),
        "due_at": rt.clock.now(),
    }
    with rt.db.write("owe_mail") as session:
        session.add(MailRow(id=mail_id, company_id=company_id, kind=kind, **{**fixed, **columns}))
    return mail_id


@dataclass
class RedisServer:
    """The demo's own Redis, that a test may stop and start again on its port."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        self.process = subprocess.Popen(doorbell.command(self.folder, self.port), stdout=subprocess.DEVNULL)
        wait_until(lambda: listens(self.port))

    def stop(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """Return a Redis that runs."""
    server = RedisServer(tmp_path / "redis", Ports.free().redis)
    server.start()
    yield server
    server.stop()


def listens(port: int) -> bool:
    """Tell whether something listens on a loopback port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(is_so: Callable[[], object], seconds: float = 15.0) -> None:
    """Wait until something is so, which other processes bring about."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, f"waited {seconds} seconds in vain"
        time.sleep(0.02)
