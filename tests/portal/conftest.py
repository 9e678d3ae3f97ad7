"""The portal on a stage: the whole cast in a fresh database, the application, and browsers of each kind of visitor."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from connector.store.session import Database
from portal import here
from portal.access import links, sessions
from portal.app import create_app
from portal.ring import limiter
from portal.security import cookie_name
from sync.runtime import Runtime
from tests import cast


@pytest.fixture(scope="session")
def _staged(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an SQLite database with the cast on the stage: to copy it takes a twentieth of putting it there."""
    path = tmp_path_factory.mktemp("staged") / "staged.db"
    shutil.copy(_sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    cast.stage(database)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return path


@pytest.fixture
def rt(db: Database, _staged: Path) -> Runtime:
    """Return a runtime with the cast on the stage and a clock that stands still."""
    if db.is_sqlite:
        shutil.copy(_staged, str(db.url.database))  # nobody has opened the empty one yet
    else:
        cast.stage(db)
    return cast.runtime_of(db)


@pytest.fixture
def app(rt: Runtime) -> Flask:
    """Return the application, as it answers in production: no test switches in Flask.

    It is put together once for all tests with these settings, because that takes longer than most tests; each gets it
    with its own runtime and with nothing counted yet.
    """
    like = rt.settings.model_dump_json(exclude={"database_url"})
    if like not in _apps:
        _apps[like] = create_app(rt)
    here.install(_apps[like].extensions, rt)
    limiter.reset()
    return _apps[like]


_apps: dict[str, Flask] = {}


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Return a browser that nobody knows."""
    return browser(app)


def browser(app: Flask) -> FlaskClient:
    """Return a fresh browser."""
    return app.test_client()


def csrf_of(client: FlaskClient, path: str) -> str:
    """Return the form token of a page."""
    page = client.get(path).get_data(as_text=True)
    found = re.search(r'name="csrf_token" value="([^"]+)"|data-csrf="([^"]+)"', page)
    assert found, f"{path} holds no form token"
    return found[1] or found[2]


Opener = Callable[..., FlaskClient]


@pytest.fixture
def opened(app: Flask, rt: Runtime) -> Opener:
    """Return a maker of browsers that opened links of a company's invoices."""

    def make(*invoice_ids: str, company_id: str = cast.HARBOR) -> FlaskClient:
        made = browser(app)
        for invoice_id in invoice_ids:
            url = links.make_invoice_link(rt, company_id, invoice_id)
            assert url is not None
            assert made.get(url.removeprefix(cast.PUBLIC_URL)).status_code == 302
        return made

    return make


@pytest.fixture
def signed_in(app: Flask, rt: Runtime) -> Opener:
    """Return a maker of browsers in which a contact is signed in."""

    def make(
        contact_id: str,
        *,
        company_id: str = cast.HARBOR,
        slug: str = "harbor-tile",
        customer_id: str = "",
        proof: str = "mail",
    ) -> FlaskClient:
        return with_session(
            app,
            rt,
            sessions.payer_door(slug),
            sessions.CUSTOMER,
            company_id=company_id,
            contact_id=contact_id,
            customer_id=customer_id,
            proof=proof,
        )

    return make


@pytest.fixture
def at_desk(app: Flask, rt: Runtime) -> Opener:
    """Return a maker of browsers in which a staff member works on a company."""

    def make(staff_id: str, company_id: str = cast.HARBOR) -> FlaskClient:
        return with_session(app, rt, sessions.STAFF_DOOR, sessions.STAFF, company_id=company_id, staff_id=staff_id)

    return make


def with_session(app: Flask, rt: Runtime, door: str, audience: str, **who: str) -> FlaskClient:
    """Return a browser that holds a session's cookie."""
    with app.app_context(), rt.db.write("cast") as session:
        token = sessions.start(session, audience, **who)
    made = browser(app)
    made.set_cookie(cookie_name(rt.settings, door), token)
    return made
