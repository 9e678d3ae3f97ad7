"""A till for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import stripe

from connector.store.session import Database
from sandbox.world import World
from tests.sync.settle.till import Till


@pytest.fixture
def till(db: Database, world: World) -> Iterator[Till]:
    till = Till(db, world)
    yield till
    till.close()


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK tries again at once: its pauses are real time."""
    monkeypatch.setattr(stripe.HTTPClient, "_sleep_time_seconds", lambda *_, **__: 0.0)
