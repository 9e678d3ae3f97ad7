"""The rig for everything that is pushed: one company, its database on both engines, its books in the stand-in."""

from __future__ import annotations

import pytest

from connector.store.session import Database
from sandbox.world import World
from tests.sync.outbox.rig import Rig


@pytest.fixture
def rig(db: Database, world: World) -> Rig:
    """Return a connected company with its accounts chosen."""
    return Rig(db, world)
