"""The invoice list: the portal's page as a signed-in customer gets it, in parts of what Flask alone can do.

The page is timed as somebody gets it who comes back to it, with the parts that the portal keeps, and as whoever is the
first in a process to see these rows: both stand in the table, and the goals are held against the one come back to.
"""

from __future__ import annotations

import gc
import io
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from flask import Flask
from sqlalchemy import create_engine
from sqlmodel import col, update
from werkzeug.test import EnvironBuilder

from bench import product
from bench.databases import COMPANY, SLUG, SqliteFiles, postgresql
from bench.frame import Bench, Findings, Goal, Row
from bench.invoice_page import InvoicePage
from bench.measure import Watch, interleave
from bench.peers import invoices, list_page
from connector.store.access import ContactCustomerRow, ContactRow
from connector.store.cache import InvoiceRow
from sync.runtime import Runtime

_BARE_GOAL = Goal("over the bare template, SQLite", 1.45, at_most=True)
_HELLO_GOAL = Goal("part of hello's rate, SQLite", 0.12, at_most=False, unit="")
_POSTGRESQL_GOAL = Goal("part of hello's rate, PostgreSQL", 0.07, at_most=False, unit="")
_CUSTOMER, _CONTACT = "7", "01BENCHCONTACT000000000000"
_INVOICES = 120  # of this customer, among those of others

Environ = dict[str, Any]


def measure(bench: Bench) -> Findings:
    """Answer the pages in this process, one thread, round by round."""
    page = InvoicePage(1, bench.pick(tiny=200, quick=1000, full=1000))
    requests = bench.pick(tiny=1, quick=5, full=5)
    peer = create_engine(f"sqlite:///{bench.folder / 'peer.db'}")
    invoices.create_table(peer)
    invoices.merge(peer, invoices.from_page(page.body))
    plain = list_page.create_app(peer)
    sqlite = f"sqlite:///{SqliteFiles(bench.folder).path()}"
    with (
        postgresql(bench.folder) as create,
        _portal(sqlite, page) as on_sqlite,
        _portal(create("ours"), page) as on_postgresql,
    ):
        pages = {
            **{name: (plain, _environ(f"/{name}")) for name in ("hello", "bare", "orm")},
            "sqlite": on_sqlite,
            "postgresql": on_postgresql,
        }
        subjects = {name: partial(_seconds, app, environ, requests) for name, (app, environ) in pages.items()}
        subjects["first seen"] = partial(_first_seen, *on_sqlite, requests)
        with _as_it_serves():
            timings = interleave(subjects, bench.pick(tiny=1, quick=9, full=200))
    return Findings(
        floor=f"hello {timings.text('hello')}, template {timings.text('bare')}",
        peer=timings.text("orm"),
        ours=f"SQLite {timings.text('sqlite')}, PostgreSQL {timings.text('postgresql')}; "
        f"first seen {timings.text('first seen')}, {timings.part('hello', 'first seen'):.3f} of hello",
        readings=(
            timings.reading(_BARE_GOAL, "sqlite", "bare"),
            timings.reading(_HELLO_GOAL, "hello", "sqlite"),
            timings.reading(_POSTGRESQL_GOAL, "hello", "postgresql"),
        ),
    )


@contextmanager
def _as_it_serves() -> Iterator[None]:
    """Let what is there stay out of the collector's way, as the portal's own processes do once they are up."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@contextmanager
def _portal(database_url: str, page: InvoicePage) -> Iterator[tuple[Flask, Environ]]:
    """Give the portal with a page of invoices behind it, and the request of a contact who signed in."""
    # Late: a portal that cannot be imported keeps no other row from being measured.
    from portal.access.sessions import payer_door
    from portal.app import create_app
    from portal.security import cookie_name

    with product.pulling(database_url) as pull:
        product.keep_page(pull, page.body)
        app = create_app(pull.rt)
        with app.app_context():
            token = _sign_in(pull.rt)
        cookie = f"{cookie_name(pull.rt.settings, payer_door(SLUG))}={token}"
        environ = _environ(f"/c/{SLUG}/invoices", base_url=pull.rt.settings.public_url, headers={"Cookie": cookie})
        answer = _answer(app, environ)
        assert answer.count(b'<th scope="row">') == list_page.ROWS, answer[:2000]
        yield app, environ


def _sign_in(rt: Runtime) -> str:
    """Make a contact of a customer with many invoices, and let a browser in as this contact."""
    from portal.access import sessions

    now = rt.clock.now()
    with rt.db.write("bench") as session:
        some = col(InvoiceRow.qbo_id).in_([str(n) for n in range(1, _INVOICES + 1)])
        session.exec(update(InvoiceRow).where(some).values(customer_id=_CUSTOMER))
        contact = ContactRow(id=_CONTACT, company_id=COMPANY, email="ap@customer.example", created_at=now)
        session.add(contact)
        session.flush()
        session.add(ContactCustomerRow(company_id=COMPANY, contact_id=_CONTACT, customer_id=_CUSTOMER))
        return sessions.start(session, sessions.CUSTOMER, company_id=COMPANY, contact_id=_CONTACT)


def _environ(path: str, **options: Any) -> Environ:
    return EnvironBuilder(path, **options).get_environ()


def _seconds(app: Flask, environ: Environ, requests: int) -> float:
    """Return the seconds that one request takes, out of many."""
    with Watch() as watch:
        for _ in range(requests):
            _answer(app, environ)
    return watch.seconds / requests


def _first_seen(app: Flask, environ: Environ, requests: int) -> float:
    """Return the seconds of a request for what nobody has seen before: nothing of the page is kept."""
    from portal import frames
    from portal.customer.listing_rows import say_row

    taken = 0.0
    for _ in range(requests):
        frames.forget(app)
        say_row.cache_clear()
        taken += _seconds(app, environ, 1)
    return taken / requests


def _answer(app: Flask, environ: Environ) -> bytes:
    said: list[str] = []

    def start_response(status: str, headers: Any, error: Any = None) -> Any:
        said.append(status)

    body = b"".join(app.wsgi_app({**environ, "wsgi.input": io.BytesIO()}, start_response))
    assert said[0].startswith("200"), said
    return body


ROW = Row(
    name="invoice-list",
    area="invoice list page",
    floor="Flask: hello, bare template of 50 rows",
    peer="SQLModel objects, no session, no scope",
    goals=(_BARE_GOAL, _HELLO_GOAL, _POSTGRESQL_GOAL),
    measure=measure,
    quick=True,
)
