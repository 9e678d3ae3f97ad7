"""Short links: what a long one opens, by twelve letters that can be typed, revoked like the others, and not guessed."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from portal.access import links
from portal.customer.doors import MOST_CODES
from sync.runtime import Runtime
from tests import cast
from tests.portal.conftest import Opener, browser, csrf_of

PORTAL = "/c/harbor-tile"
PAGE = "/staff/invoices/68"


@pytest.fixture
def url(rt: Runtime, at_desk: Opener) -> str:
    """Return the path of a short link, as the page for the doorstep shows it."""
    ines = at_desk(cast.INES)
    page = ines.post(f"{PAGE}/short", data={"csrf_token": csrf_of(ines, PAGE)}).get_data(as_text=True)
    assert "<svg" in page
    assert 'style="' not in page, "the policy allows none"
    found = re.search(r'class="short-url">pay\.example\.test(/i/[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4})<', page)
    assert found is not None
    return found[1]


def test_it_opens_its_invoice_and_no_other(url: str, app: Flask) -> None:
    guest = browser(app)
    assert guest.get(url).location == f"{PORTAL}/i/68"
    assert guest.get(f"{PORTAL}/i/68").status_code == 200
    assert guest.get(f"{PORTAL}/pay?i=68").status_code == 200
    assert guest.get(f"{PORTAL}/i/71").status_code == 404


def test_it_is_typed_as_people_type(url: str, app: Flask) -> None:
    code = url.rpartition("/")[2]
    for typed in (
        code.lower(),
        code.replace("-", ""),
        code.replace("-", " "),
        code.replace("0", "o").replace("1", "l"),
    ):
        assert browser(app).get(f"/i/{typed}").status_code == 302, typed


def test_it_is_revoked_like_the_others(url: str, app: Flask, rt: Runtime, at_desk: Opener) -> None:
    guest, ines = browser(app), at_desk(cast.INES)
    guest.get(url)
    page = ines.get(PAGE).get_data(as_text=True)
    [path] = re.findall(r'action="([^"]+/revoke)"', page)
    ines.post(path, data={"csrf_token": csrf_of(ines, PAGE)})
    assert guest.get(f"{PORTAL}/i/68").location == f"{PORTAL}/sign-in"
    gone, never = browser(app).get(url), browser(app).get("/i/0000-0000-0000")
    assert gone.status_code == never.status_code == 404
    assert gone.get_data() == never.get_data()


def test_nobody_tries_many(url: str, app: Flask) -> None:
    client = browser(app)
    answers = [client.get(f"/i/0000-0000-{n:04}").status_code for n in range(MOST_CODES)]
    assert set(answers) == {404}
    assert client.get(url).status_code == 429


def test_a_code_is_sixty_random_bits(rt: Runtime) -> None:
    with rt.db.write("codes") as session:
        codes = {links.add_short_link(session, rt, cast.HARBOR, "68") for _ in range(200)}
    assert len(codes) == 200
    assert all(re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{12}", code) for code in codes)
    assert all(len({code[place] for code in codes}) > 16 for place in range(12)), "each letter is any letter"
