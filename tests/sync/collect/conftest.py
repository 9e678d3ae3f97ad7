"""A till for each test."""

from __future__ import annotations

import pytest

from connector.store.session import Database
from sandbox.world import World
from tests.sync.settle.till import Till


@pytest.fixture
def till(db: Database, world: World) -> Till:
    return Till(db, world)
