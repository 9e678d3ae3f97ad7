"""Read-modify-write by real processes on SQLite: nothing lost, nobody refused; and the deferred BEGIN is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.store.session import Database
from tests.harness.plant.drill import drill

HANDS, TURNS = 4, 40


@pytest.fixture
def url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'tieout.db'}"
    database = Database(url)
    database.create_all()
    database.close()
    return url


def test_every_turn_counts(url: str) -> None:
    assert drill(url, hands=HANDS, turns=TURNS) == (HANDS * TURNS, 0)


def test_a_deferred_begin_is_found(url: str) -> None:
    counted, refused = drill(url, bug="deferred_begin", hands=HANDS, turns=TURNS)
    assert refused > 0 or counted < HANDS * TURNS
