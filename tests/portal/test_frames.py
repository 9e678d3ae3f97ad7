"""Frames that are kept: a page from kept parts is the page put together anew, whoever asked for which one before."""

from __future__ import annotations

import random
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import col, update

from connector.store.access import ContactCustomerRow
from connector.store.cache import InvoiceRow
from connector.store.companies import CompanyRow
from portal import frames
from portal.customer.listing_rows import say_row
from sync.runtime import Runtime
from tests import cast
from tests.portal.conftest import Opener
from tests.portal.one_engine import database_url  # noqa: F401  # a fixture

SLUGS = {cast.RITA: "quarry-lane"}
_NONCE = re.compile(r'nonce="([^"]+)"')
_ASKED = ("", "show=open", "show=overdue&i=71", "i=59&i=71", "sort=due", "q=107", "q=nothing", "page=2", "customer=40")
# A language that was asked for stays with the browser: each names its own.
QUERIES = [f"lang={language}&{asked}" for language in ("en", "de") for asked in _ASKED]


def forget(app: Flask) -> None:
    frames.forget(app)
    say_row.cache_clear()


def page(people: dict[str, FlaskClient], name: str, query: str) -> str:
    """Return a page without its nonce, which is the one of its policy."""
    answer = people[name].get(f"/c/{SLUGS.get(name, 'harbor-tile')}/invoices?{query}")
    html = answer.get_data(as_text=True)
    nonces = set(_NONCE.findall(html))
    assert len(nonces) == 1
    assert f"'nonce-{nonces.pop()}'" in answer.headers["Content-Security-Policy"]
    assert frames._NONCE not in html
    assert frames._ROWS not in html
    return _NONCE.sub("nonce", html)


@pytest.fixture
def people(rt: Runtime, signed_in: Opener) -> dict[str, FlaskClient]:
    """Give people whose lists differ: of one customer, of two, of one by who only looks, and of another company."""
    cast.put(
        rt.db,
        *cast.invoice("91", "1091", customer_id=cast.RIDGE),
        *cast.contact("looks", "looks@bluemesa.test", [cast.BLUE_MESA], role="view"),
    )
    quarrys = {"company_id": cast.QUARRY, "slug": "quarry-lane"}
    return {
        **{name: signed_in(name) for name in (cast.DANA, cast.LUIS, "looks")},
        cast.RITA: signed_in(cast.RITA, **quarrys),
    }


def test_a_page_of_kept_parts_is_the_page_put_together_anew(app: Flask, people: dict[str, FlaskClient]) -> None:
    wanted = [(name, query) for name in people for query in QUERIES]
    anew = {}
    for name, query in wanted:
        forget(app)
        anew[name, query] = page(people, name, query)
    assert len(set(anew.values())) > len(QUERIES), "the same page for everybody would prove nothing"
    forget(app)
    for seed in range(3):
        random.Random(seed).shuffle(wanted)
        for name, query in wanted:
            assert page(people, name, query) == anew[name, query], (seed, name, query)
    kept = app.extensions[frames._KEY].cache_info()
    assert kept.hits > kept.misses


def test_what_changes_shows_at_once(rt: Runtime, people: dict[str, FlaskClient]) -> None:
    def said(query: str = "") -> str:
        return page(people, cast.DANA, query)

    assert 'value="71"' in said()
    changes = (
        (update(InvoiceRow).where(col(InvoiceRow.qbo_id) == "71").values(number="A-71"), ">A-71</a>"),
        (update(CompanyRow).values(message="Closed on Friday."), "Closed on Friday."),
        (update(CompanyRow).values(accent="#8a2be2"), "#8a2be2"),
        (update(ContactCustomerRow).values(state="blocked"), "There are no invoices yet."),
    )
    for change, words in changes:
        assert words not in said()
        with rt.db.write("test") as session:
            session.exec(change)
        assert words in said()


def test_each_answer_has_a_nonce_of_its_own(people: dict[str, FlaskClient]) -> None:
    pages = [people[cast.DANA].get("/c/harbor-tile/invoices").get_data(as_text=True) for _ in range(3)]
    assert len({_NONCE.findall(one)[0] for one in pages}) == 3
