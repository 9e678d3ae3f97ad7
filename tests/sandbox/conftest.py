"""Fixtures for the sandbox's own tests: a company of the stand-in QuickBooks and a client that speaks its wire."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.world import World
from tests.conftest import CONTROL_TOKEN
from tests.sandbox.client import Company
from tests.sandbox.receiver import Receiver


@pytest.fixture
def company(world: World) -> Company:
    """Return the first company of an empty world, connected, without throttle."""
    world.quickbooks.found()
    world.quickbooks.switches.set({"throttle": False})
    return Company(world, CONTROL_TOKEN)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Return an HTTP listener that keeps what is posted to it."""
    listener = Receiver()
    yield listener
    listener.close()
