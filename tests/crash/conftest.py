"""One plant for each engine and file: what a test kills is started again, what it pays is an invoice of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connector.store.session import Database
from tests.crash.plant import Plant


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def plant(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    folder, databases, name = tmp_path_factory.mktemp("plant"), None, ""
    if request.param == "sqlite":
        url = f"sqlite:///{folder / 'tieout.db'}"
        database = Database(url)
        database.create_all()
        database.close()
    else:
        databases = request.getfixturevalue("_postgresql")
        name = databases.take()
        url = databases.address(name)
    plant = Plant(folder, url, customers=20, invoices=100)
    try:
        plant.start_web()
        plant.start_worker()
        plant.start_scheduler()
        yield plant
    finally:
        plant.close()
        if databases is not None:
            databases.give_back(name)
