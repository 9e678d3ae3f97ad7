"""A company that takes payments, for proving that its books tie out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connector.store.session import Database
from sandbox.world import World
from tests.sync.settle.till import Till


@pytest.fixture
def till(db: Database, world: World) -> Iterator[Till]:
    till = Till(db, world)
    yield till
    till.close()
