"""A company that takes payments on SQLite, and the watch over it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.store.session import Database
from sandbox.world import World
from tests.harness.invariants import Watch
from tests.sync.settle.till import Till


@pytest.fixture
def till(_sqlite_template: Path, tmp_path: Path, world: World) -> Iterator[Till]:
    """Return the company, its database a file of its own."""
    shutil.copy(_sqlite_template, tmp_path / "tieout.db")
    db = Database(f"sqlite:///{tmp_path / 'tieout.db'}")
    till = Till(db, world)
    yield till
    till.close()
    db.close()


@pytest.fixture
def watch(till: Till) -> Iterator[Watch]:
    """Return a watch that saw the company before anything was paid."""
    watch = Watch(till.world, till.rt, till.company_id)
    assert watch.after_step() == []
    yield watch
    watch.close()
