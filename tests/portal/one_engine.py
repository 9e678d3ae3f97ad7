"""For modules whose queries the page tests run on both databases: one engine is enough."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def database_url(tmp_path: Path, _sqlite_template: Path) -> str:
    """Return the address of a fresh SQLite database with all tables."""
    shutil.copy(_sqlite_template, tmp_path / "tieout.db")
    return f"sqlite:///{tmp_path / 'tieout.db'}"
