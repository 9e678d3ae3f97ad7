"""Secret links of invoices: what opens, what does not, and that opening uses nothing up."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError
from sqlmodel import select

from connector.store.access import LinkRow, SessionRow
from portal.access import links
from portal.access.tokens import digest
from sync.runtime import Runtime
from tests import cast
from tests.portal.conftest import Opener, browser

DOOR = "/c/harbor-tile/l/"


def test_a_link_leads_to_a_clean_address(rt: Runtime, client: FlaskClient) -> None:
    url = links.make_invoice_link(rt, cast.HARBOR, "68")
    assert url is not None
    answer = client.get(url.removeprefix(cast.PUBLIC_URL))
    assert answer.status_code == 302
    assert answer.location == "/c/harbor-tile/i/68"
    assert client.get(answer.location).status_code == 200


def test_only_the_hash_of_a_link_and_of_a_session_is_stored(rt: Runtime, client: FlaskClient) -> None:
    url = links.make_invoice_link(rt, cast.HARBOR, "68")
    assert url is not None
    token = url.rpartition("/")[2]
    client.get(DOOR + token)
    cookie = client.get_cookie("tieout-c-harbor-tile")
    assert cookie is not None
    with rt.db.read() as session:
        assert session.exec(select(LinkRow.token_hash)).all() == [digest(token)]
        assert session.exec(select(SessionRow.id_hash)).all() == [digest(cookie.value)]


def test_mail_scanners_burn_nothing(rt: Runtime, app: Flask) -> None:
    cast.put(rt.db, cast.link("scanned", "68"))
    scanner = browser(app)
    for _ in range(5):
        assert scanner.head(DOOR + "scanned").status_code == 302
        assert scanner.get(DOOR + "scanned").status_code == 302
    assert browser(app).get(DOOR + "scanned").status_code == 302


def test_later_links_kill_no_earlier_ones(rt: Runtime, app: Flask) -> None:
    first = links.make_invoice_link(rt, cast.HARBOR, "68")
    second = links.make_invoice_link(rt, cast.HARBOR, "68")
    assert first is not None
    assert second is not None
    assert first != second
    for url in (first, second):
        assert browser(app).get(url.removeprefix(cast.PUBLIC_URL)).status_code == 302


def test_the_cookie_is_kept_from_scripts_and_other_sites(rt: Runtime, client: FlaskClient) -> None:
    cast.put(rt.db, cast.link("a link", "68"))
    cookie = client.get(DOOR + "a link").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


NOT_OPENING = {
    "wrong": None,
    "expired": cast.link("expired", "68", expires_at=cast.NOW),
    "revoked": cast.link("revoked", "68", revoked_at=cast.NOW - timedelta(days=1)),
    "another-company": cast.link("another-company", "900", company_id=cast.QUARRY),
    "gone-invoice": cast.link("gone-invoice", "12345"),
    "sign-in": LinkRow(
        token_hash=digest("sign-in"), purpose="sign_in", company_id=cast.HARBOR, invoice_id="68", created_at=cast.NOW
    ),
}


@pytest.mark.parametrize("token", NOT_OPENING)
def test_what_does_not_open_looks_the_same(rt: Runtime, client: FlaskClient, token: str) -> None:
    row = NOT_OPENING[token]
    if row is not None:
        cast.put(rt.db, row.model_copy())
    answer = client.get(DOOR + token)
    assert answer.status_code == 404
    assert answer.get_data() == client.get(DOOR + "no-such-link").get_data()
    assert "Set-Cookie" not in answer.headers


def test_a_paid_invoice_stays_open_for_ninety_days(rt: Runtime, client: FlaskClient) -> None:
    cast.put(rt.db, cast.link("paid", "52"))
    assert client.get(DOOR + "paid").status_code == 302
    rt.clock.move(timedelta(days=91))  # type: ignore[attr-defined]
    assert client.get(DOOR + "paid").status_code == 404


def test_one_browser_opens_several(rt: Runtime, opened: Opener) -> None:
    guest = opened("68", "71")
    assert guest.get("/c/harbor-tile/i/68").status_code == 200
    assert guest.get("/c/harbor-tile/i/71").status_code == 200
    with rt.db.read() as session:
        assert session.exec(select(SessionRow.invoices)).all() == ["68 71"]


def test_the_portals_of_two_companies_stand_open_in_one_browser(rt: Runtime, client: FlaskClient) -> None:
    cast.put(rt.db, cast.link("ours", "68"), cast.link("theirs", "900", company_id=cast.QUARRY))
    client.get("/c/harbor-tile/l/ours")
    client.get("/c/quarry-lane/l/theirs")
    assert client.get("/c/harbor-tile/i/68").status_code == 200
    assert client.get("/c/quarry-lane/i/900").status_code == 200
    assert client.get("/c/quarry-lane/i/68").status_code == 404


def test_an_idle_browser_is_forgotten(rt: Runtime, opened: Opener) -> None:
    guest = opened("68")
    rt.clock.move(timedelta(hours=13))  # type: ignore[attr-defined]
    answer = guest.get("/c/harbor-tile/i/68")
    assert answer.status_code == 302
    assert answer.location == "/c/harbor-tile/sign-in"


def test_a_busy_browser_is_forgotten_after_a_day(rt: Runtime, opened: Opener) -> None:
    guest = opened("68")
    for _ in range(4):
        rt.clock.move(timedelta(hours=5))  # type: ignore[attr-defined]
        assert guest.get("/c/harbor-tile/i/68").status_code == 200
    rt.clock.move(timedelta(hours=5))  # type: ignore[attr-defined]
    assert guest.get("/c/harbor-tile/i/68").status_code == 302


def test_pages_are_read_while_the_database_takes_no_writes(
    rt: Runtime, opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    guest = opened("68")
    rt.clock.move(timedelta(minutes=5))  # type: ignore[attr-defined]

    def locked(name: str) -> None:
        raise OperationalError("UPDATE session", {}, Exception("database is locked"))

    monkeypatch.setattr(rt.db, "write", locked)
    assert guest.get("/c/harbor-tile/i/68").status_code == 200
    refused = guest.get("/c/harbor-tile/l/anything-that-writes")
    assert refused.status_code == 404
