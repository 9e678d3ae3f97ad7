"""The schema's history leads exactly to the tables that the code has, on both databases, once however often asked."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import MetaData, text
from sqlmodel import SQLModel

from connector.store.migrations import migrate, newest
from connector.store.session import Database


@pytest.fixture
def empty_url(database_url: str) -> str:
    """Return a database that has lost its tables."""
    database = Database(database_url)
    found = MetaData()
    found.reflect(database.engine)
    found.drop_all(database.engine)
    database.close()
    return database_url


def test_all_steps_together_give_the_tables_of_the_code(empty_url: str) -> None:
    assert migrate(empty_url) == ("nothing", newest())
    database = Database(empty_url)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        differences = compare_metadata(context, SQLModel.metadata)
    database.close()
    assert differences == []


def test_indexes_are_the_same_to_the_letter(tmp_path: Path) -> None:
    made, migrated = f"sqlite:///{tmp_path / 'made.db'}", f"sqlite:///{tmp_path / 'migrated.db'}"
    Database(made).create_all()
    migrate(migrated)
    assert _indexes(made) == _indexes(migrated)
    assert any("WHERE" in sql for sql in _indexes(made))


def _indexes(url: str) -> list[str]:
    database = Database(url)
    with database.engine.connect() as connection:
        rows = connection.execute(text("SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"))
        found = sorted(" ".join(row.sql.split()) for row in rows)
    database.close()
    return found


def test_two_machines_that_migrate_at_once_do_it_once(empty_url: str) -> None:
    befores: list[str] = []
    threads = [threading.Thread(target=lambda: befores.append(migrate(empty_url)[0])) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(befores) == sorted([newest(), newest(), "nothing"])
