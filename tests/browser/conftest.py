"""Headless Chromium, and an installation to visit with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from connector.store.session import Database
from tests.chromium import chromium
from tests.crash.plant import Plant

PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    """One installation for the journeys of a file: each pays invoices of its own."""
    folder: Path = tmp_path_factory.mktemp("plant")
    address = f"sqlite:///{folder / 'tieout.db'}"
    database = Database(address)
    database.create_all()
    database.close()
    plant = Plant(folder, address)
    plant.start_web()
    plant.start_worker()
    plant.start_scheduler()
    yield plant
    plant.close()


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """A phone-sized page; a script error or a breach of the content policy fails the test."""
    context = browser.new_context(viewport=PHONE, has_touch=True, reduced_motion="reduce")  # type: ignore[arg-type]
    page = context.new_page()
    page.set_default_timeout(15_000)
    trouble: list[str] = []
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("console", lambda m: trouble.append(m.text) if "Content Security Policy" in m.text else None)
    yield page
    context.close()
    assert trouble == []
