"""The product as an installation has it, put together for the bench: settings, runtime, a connected company.

Everything comes from the product's own composition root; only the bell is silent. Law: nothing here makes the product
faster than it is.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from unittest import mock

from bench.databases import COMPANY, SqliteFiles
from connector.qbo import bodies
from connector.qbo.faults import Reply
from connector.settings import Settings
from jobs.boot import runtime_of
from oauth import connections
from oauth.intuit import Tokens
from oauth.vault import new_key
from sync import engine
from sync.engine import Progress, Pull
from sync.entities import BY_NAME
from sync.lease import alone
from sync.pulling import cursors
from sync.pulling.fetching import Fetched
from sync.runtime import Runtime

NOWHERE = "http://127.0.0.1:9"
_REALM = "9341457021722234"
_VAULT_KEYS = new_key("bench")


class Silence:
    """A bell that nobody hears."""

    def ring(self, work: str, subject: str) -> None:
        """Ring for nobody."""


def environment(database_url: str, api_base: str = NOWHERE) -> dict[str, str]:
    """Return the environment of an installation on a database, its QuickBooks at `api_base`."""
    return {
        "TIEOUT_MODE": "sandbox",
        "SECRET_KEY": secrets.token_urlsafe(32),
        "VAULT_KEYS": _VAULT_KEYS,
        "DATABASE_URL": database_url,
        "REDIS_URL": "redis://127.0.0.1:9/0",
        "QBO_API_BASE": api_base,
        "QBO_ENVIRONMENT": f"{api_base}/_discovery",
        "QBO_CLIENT_ID": "bench",
        "QBO_CLIENT_SECRET": "bench",
        "OAUTHLIB_INSECURE_TRANSPORT": "1",
    }


@contextmanager
def runtime(variables: Mapping[str, str]) -> Iterator[Runtime]:
    """Give the runtime that an environment describes, with a silent bell; its connections end with the block."""
    with mock.patch.dict(os.environ, variables, clear=True):
        settings = Settings()  # type: ignore[call-arg]  # the environment gives the required ones
    rt = runtime_of(settings, bell=Silence())
    try:
        yield rt
    finally:
        rt.db.close()


def connect(rt: Runtime) -> None:
    """Connect the company to QuickBooks with tokens that are fresh for a day."""
    end = rt.clock.now() + timedelta(days=1)
    tokens = Tokens("access", "refresh", end, end, None)
    with rt.db.write("bench") as session:
        columns = {**connections.token_columns(rt, COMPANY, tokens), "account": _REALM}
        connections.put(session, rt, COMPANY, connections.QUICKBOOKS, columns)


@contextmanager
def pulling(database_url: str) -> Iterator[Pull]:
    """Give a pull of the company that has just begun, as `sync.pull` begins one."""
    with runtime(environment(database_url)) as rt, alone(rt, f"pull/{COMPANY}", seconds=600) as lease:
        connect(rt)
        assert lease is not None, "nobody else pulls here"
        with rt.db.write("bench") as session:
            cursors.begin(session, rt, COMPANY, counts={}, server_time="2026-11-23T04:00:00-08:00")
        yield Pull(rt, COMPANY, rt.gateways.quickbooks(COMPANY), lease, _say_nothing)


def keep_page(pull: Pull, body: bytes) -> int:
    """Turn the bytes of an answer into committed rows, as the first load does; returns how many were written."""
    reply = Reply(status=200, body=body, trace="", retry_after="", request=b"")
    texts = bodies.page_texts("Invoice", bodies.read(reply, bodies.page_shape("Invoice")))
    before = pull.written["Invoice"]
    engine._land_page(pull, BY_NAME["Invoice"], Fetched(1, list(texts)))  # the engine's own step: rows and cursor
    return pull.written["Invoice"] - before


def _say_nothing(progress: Progress) -> None:
    del progress


def fresh_company(url: str, files: SqliteFiles) -> dict[str, str]:
    """Return the environment of a company that is connected to a stand-in and was never pulled."""
    variables = environment(f"sqlite:///{files.path()}", url)
    with runtime(variables) as rt:
        connect(rt)
    return variables


def kept_invoices(variables: Mapping[str, str]) -> int:
    """Count the invoices that stand in the cache with their text."""
    both = "SELECT count(*) FROM invoice JOIN raw USING (company_id, qbo_id) WHERE raw.entity = 'Invoice'"
    with runtime(variables) as rt, rt.db.read() as session:
        return int(session.connection().exec_driver_sql(both).scalar_one())
