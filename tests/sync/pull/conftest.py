"""A company beside the stand-in's, connected, for every test of the pull."""

from __future__ import annotations

import pytest

from connector.store.session import Database
from sandbox.world import World
from tests.qbo.rig import Rig


@pytest.fixture
def rig(world: World, db: Database) -> Rig:
    """Return a company that is connected and was never pulled."""
    return Rig(world, db).connect()
