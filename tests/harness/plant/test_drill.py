"""Read-modify-write by real processes on SQLite: nothing lost, nobody refused; and the deferred BEGIN is found.

A database that stays locked is told by SQLAlchemy's own error, for which the portal answers 503 and not 500.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

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


def test_a_database_that_stays_locked_is_told_as_sqlalchemy_tells_it(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.store.session.BUSY_SECONDS", 0)
    database = Database(url)
    with closing(sqlite3.connect(tmp_path / "tieout.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OperationalError, match="locked"), database.write("late") as session:
            session.connection()
    with database.write("later") as session:
        session.connection()
    database.close()
