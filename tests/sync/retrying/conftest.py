"""A till for each test, on both engines; modules whose subject is no query name one in `ENGINES`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import stripe

from connector.store.access import ContactCustomerRow, ContactRow
from connector.store.session import Database
from sandbox.world import World
from tests.sync.collect.test_saved import DANA
from tests.sync.settle.till import Till, leave_out_engines


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    leave_out_engines(config, items)


@pytest.fixture
def till(db: Database, world: World) -> Iterator[Till]:
    till = Till(db, world)
    yield till
    till.close()


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK tries again at once: its pauses are real time."""
    monkeypatch.setattr(stripe.HTTPClient, "_sleep_time_seconds", lambda *_, **__: 0.0)


@pytest.fixture
def dana(till: Till) -> Till:
    """Let Dana pay for Blue Mesa Ranch, signed in."""
    row = ContactRow(id=DANA, company_id=till.company_id, email="dana@bluemesa.example", created_at=till.clock.now())
    with till.db.write("dana") as session:
        session.add(row)
        session.flush()
        role = {"company_id": till.company_id, "contact_id": DANA, "customer_id": till.blue_mesa, "role": "pay"}
        session.add(ContactCustomerRow(**role))
    return till
