"""The ground every seed starts from: one installed company, onboarded once, kept as bytes and laid out again.

Onboarding goes through the real consent, keys and first pull; then the books get credits and terms (`generous`). Law:
two seeds share nothing but these bytes.
"""

from __future__ import annotations

import random
import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import msgspec

from connector.settings import Settings
from connector.store.session import Database
from connector.stripe.webhooks import PLATFORM_EVENTS, WANTED_EVENTS
from sandbox import draw
from sandbox.clock import SandboxClock
from sandbox.faults import Faults
from sandbox.shelf import Shelf
from tests.harness.sim.clock import SimClock
from tests.harness.sim.generous import be_generous
from tests.harness.sim.wires import WIRES, laid
from tests.harness.sim.world import SimWorld
from tests.house import House

FOUNDED = datetime(
    2026, 3, 2, 17, 0, tzinfo=UTC
)  # a Monday morning in the company's zone, six days before its clocks change
PUBLIC_URL = "http://127.0.0.1:8800"
CUSTOMERS, INVOICES = 14, 150
SMTP = "smtp://127.0.0.1:2525"


@dataclass(frozen=True)
class Ground:
    """What was kept: the database file, both shelves, and who the company is."""

    database: bytes
    shelves: tuple[bytes, bytes]
    settings: Settings
    company_id: str
    realm: str
    account: str
    at: float


def memory() -> Path:
    """Return a folder in memory where there is one, or where temporary files lie."""
    shared = Path("/dev/shm")
    return shared if shared.is_dir() else Path(tempfile.gettempdir())


@lru_cache(maxsize=2)
def ground(*, by_consent: bool = False) -> Ground:
    """Found and onboard the company, its Stripe by a key or by consent; the same bytes of meaning in every process."""
    folder = Path(tempfile.mkdtemp(prefix="tieout-ground-", dir=memory()))
    draw.from_seed("ground")
    random.seed("ground")
    try:
        with laid():
            return _founded(folder, by_consent)
    finally:
        shutil.rmtree(folder)


def _founded(folder: Path, by_consent: bool) -> Ground:
    clock = SandboxClock(stands_at=FOUNDED.timestamp())
    shelves = Shelf(), Shelf()
    world = SimWorld(clock, Faults(), lambda parcel: None, shelves)
    ours = SimClock(clock, "ground")
    WIRES.listening, WIRES.clock = dict(world.listening), ours
    database = Database(f"sqlite:///{folder / 'tieout.db'}")
    database.create_all()
    database.close()
    more = {"SMTP_URL": SMTP, "SWEEP_SECONDS": "60", "PULL_MINUTES": "60"}
    house = House(
        world,  # type: ignore[arg-type]
        f"sqlite:///{folder / 'tieout.db'}",
        customers=CUSTOMERS,
        invoices=INVOICES,
        clock=ours,
        more=more,
        by_consent=by_consent,
    )
    be_generous(house)
    _listen(world, by_consent)
    with house.rt.db.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    house.close()
    kept = tuple(msgspec.msgpack.encode(shelf.holdings()) for shelf in shelves)
    return Ground(
        (folder / "tieout.db").read_bytes(),
        (kept[0], kept[1]),
        house.settings,
        house.company_id,
        house.realm,
        house.account,
        clock.seconds(),
    )


def _listen(world: SimWorld, by_consent: bool) -> None:
    """Have both stand-ins tell our doors."""
    with world.quickbooks.lock:
        world.quickbooks.webhooks.send_to(f"{PUBLIC_URL}/hooks/quickbooks")
        world.quickbooks.commit()
    door, events = ("stripe", PLATFORM_EVENTS) if by_consent else ("stripe/harbor-tile", WANTED_EVENTS)
    wanted = {"url": f"{PUBLIC_URL}/hooks/{door}", "enabled_events": list(events), "connect": by_consent}
    world.stripe.control("webhooks", wanted)


def shelves_of(kept: Ground) -> tuple[Shelf, Shelf]:
    """Lay the shelves out again."""
    first, second = (Shelf.of(msgspec.msgpack.decode(one)) for one in kept.shelves)
    return first, second
