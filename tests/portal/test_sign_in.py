"""Signing in by mail: the same answer to everybody, one link, one browser, ten minutes; sessions that really end."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import select

from connector.store.access import LinkRow, SessionRow
from connector.store.outbox import MailRow
from portal.access import links
from sync.runtime import Runtime
from sync.verify.access import own_company_only
from tests import cast
from tests.portal.conftest import Opener, browser, csrf_of

PORTAL = "/c/harbor-tile"


def ask(client: FlaskClient, email: str, door: str = PORTAL) -> Any:
    return client.post(f"{door}/sign-in", data={"email": email, "csrf_token": csrf_of(client, f"{door}/sign-in")})


def mailed_path(rt: Runtime) -> str:
    """Return the path in the mail for which the bell was rung last."""
    mail_id = rt.bell.rings[-1][1]  # type: ignore[attr-defined]
    mail: MailRow = cast.in_session(rt.db, MailRow, mail_id)
    sealed = rt.vault.open(mail.context_cipher, company_id=mail.company_id, column="mail.context")
    return str(json.loads(sealed)["url"]).removeprefix(cast.PUBLIC_URL)


def press(client: FlaskClient, path: str) -> Any:
    """Follow a sign-in link and press its button."""
    followed = client.get(path)
    assert followed.status_code == 302
    confirm = followed.location
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(confirm).get_data(as_text=True))
    assert found is not None
    return client.post(confirm, data={"csrf_token": found[1]})


def test_from_the_address_to_the_invoices(rt: Runtime, client: FlaskClient) -> None:
    answer = ask(client, "  Dana@BlueMesa.test ")
    assert answer.location == f"{PORTAL}/sign-in/sent"
    sent = client.get(answer.location).get_data(as_text=True)
    assert "dana@bluemesa.test" in sent
    assert "10 minutes" in sent
    assert rt.bell.rings[-1][0] == "mail"  # type: ignore[attr-defined]
    signed = press(client, mailed_path(rt))
    assert signed.location == f"{PORTAL}/"
    home = client.get(signed.location).get_data(as_text=True)
    assert "Blue Mesa Ranch" in home
    assert "1068" in home


def test_the_answer_is_the_same_for_an_unknown_address(rt: Runtime, app: Flask) -> None:
    answers = []
    for email in ("dana@bluemesa.test", "nobody@bluemesa.test"):
        client = browser(app)
        answer = ask(client, email)
        page = client.get(answer.location).get_data(as_text=True).replace(email, "someone")
        answers.append((answer.status_code, answer.location, re.sub(r"nonce-?=?\"?[\w-]+", "", page)))
    assert answers[0] == answers[1]
    with rt.db.read() as session:
        assert [mail.to for mail in session.exec(select(MailRow))] == ["dana@bluemesa.test"]
        assert list(own_company_only(session, rt, cast.HARBOR)) == [], "what is kept for nobody lets nobody in"


@pytest.mark.parametrize("email", ["", "nobody", "a b@c.test", "x" * 260 + "@c.test", "a@b.test\nBcc: c@d.test"])
def test_what_is_no_address_is_said_to_be_none(client: FlaskClient, rt: Runtime, email: str) -> None:
    answer = ask(client, email)
    assert answer.status_code == 422
    assert "does not look like an e-mail address" in answer.get_data(as_text=True)


def test_the_link_works_once(rt: Runtime, client: FlaskClient) -> None:
    ask(client, "dana@bluemesa.test")
    path = mailed_path(rt)
    assert press(client, path).location == f"{PORTAL}/"
    again = client.get(client.get(path).location)
    assert again.status_code == 404
    assert "This link is over" in again.get_data(as_text=True)


def test_looking_at_the_link_uses_nothing_up(rt: Runtime, client: FlaskClient) -> None:
    ask(client, "dana@bluemesa.test")
    path = mailed_path(rt)
    for _ in range(3):
        client.head(path)
        assert client.get(client.get(path).location).status_code == 200
    assert press(client, path).status_code == 302


def test_the_link_is_of_the_browser_that_asked(rt: Runtime, app: Flask, client: FlaskClient) -> None:
    ask(client, "dana@bluemesa.test")
    path = mailed_path(rt)
    other = browser(app)
    shown = other.get(other.get(path).location)
    assert shown.status_code == 403
    assert "Please use the browser you asked with" in shown.get_data(as_text=True)
    forced = other.post(f"{PORTAL}/sign-in/confirm", data={"csrf_token": csrf_of(other, f"{PORTAL}/sign-in")})
    assert forced.status_code == 404
    assert press(client, path).status_code == 302  # it was not used up by the other one


def test_the_link_lives_ten_minutes(rt: Runtime, client: FlaskClient) -> None:
    ask(client, "dana@bluemesa.test")
    rt.clock.move(timedelta(minutes=10))  # type: ignore[attr-defined]
    path = mailed_path(rt)
    assert client.get(client.get(path).location).status_code == 404


def test_links_that_are_long_over_are_forgotten(rt: Runtime, client: FlaskClient) -> None:
    cast.put(rt.db, cast.link("an invoice's, which is kept", "68", expires_at=cast.NOW))
    for days, kept in ((0, 1), (6, 2), (2, 2)):
        rt.clock.move(timedelta(days=days))  # type: ignore[attr-defined]
        ask(client, "dana@bluemesa.test")
        with rt.db.read() as session:
            purposes = [link.purpose for link in session.exec(select(LinkRow))]
        assert (purposes.count("sign_in"), purposes.count("invoice")) == (kept, 1)


def test_a_new_link_ends_the_earlier_one_of_this_browser_only(rt: Runtime, app: Flask, client: FlaskClient) -> None:
    other = browser(app)
    ask(other, "dana@bluemesa.test")
    theirs = mailed_path(rt)
    ask(client, "dana@bluemesa.test")
    first = mailed_path(rt)
    ask(client, "dana@bluemesa.test")
    assert client.get(client.get(first).location).status_code == 404
    assert press(other, theirs).status_code == 302


def test_signing_in_starts_a_new_session_and_keeps_the_opened_links(rt: Runtime, opened: Opener) -> None:
    guest = opened("68")
    before = guest.get_cookie("tieout-c-harbor-tile")
    ask(guest, "luis@bluemesa.test")
    press(guest, mailed_path(rt))
    after = guest.get_cookie("tieout-c-harbor-tile")
    assert before is not None
    assert after is not None
    assert before.value != after.value
    guest.set_cookie("tieout-c-harbor-tile", before.value)
    assert guest.get(f"{PORTAL}/i/68").status_code == 302  # the earlier session is over
    guest.set_cookie("tieout-c-harbor-tile", after.value)
    assert guest.get(f"{PORTAL}/i/68").status_code == 200


def test_signing_out_ends_the_session_itself(rt: Runtime, signed_in: Opener) -> None:
    dana = signed_in(cast.DANA)
    cookie = dana.get_cookie("tieout-c-harbor-tile")
    assert cookie is not None
    answer = dana.post(f"{PORTAL}/sign-out", data={"csrf_token": csrf_of(dana, f"{PORTAL}/")})
    assert answer.location == f"{PORTAL}/sign-in"
    assert dana.get_cookie("tieout-c-harbor-tile") is None
    dana.set_cookie("tieout-c-harbor-tile", cookie.value)
    assert dana.get(f"{PORTAL}/").status_code == 302
    with rt.db.read() as session:
        assert [row.ended_at for row in session.exec(select(SessionRow))] == [cast.NOW]


def test_asking_often_is_stopped(rt: Runtime, app: Flask) -> None:
    answers = [ask(browser(app), "dana@bluemesa.test").status_code for _ in range(7)]
    assert answers == [302] * 5 + [429] * 2
    rt.clock.move(timedelta(hours=1))  # type: ignore[attr-defined]
    assert ask(browser(app), "dana@bluemesa.test").status_code == 302


def test_the_page_that_asked_for_it_comes_back(rt: Runtime, client: FlaskClient) -> None:
    assert client.get(f"{PORTAL}/invoices?show=open").location == f"{PORTAL}/sign-in"
    ask(client, "dana@bluemesa.test")
    assert press(client, mailed_path(rt)).location == f"{PORTAL}/invoices?show=open"


@pytest.mark.parametrize("way", ["//evil.test/", "https://evil.test/", "/c/quarry-lane/", "/\\evil.test"])
def test_nobody_is_led_elsewhere_after_the_sign_in(rt: Runtime, client: FlaskClient, way: str) -> None:
    for path in (f"{PORTAL}/?next={way}", f"{PORTAL}/sign-in?next={way}"):
        client.get(path)
    with client.session_transaction() as kept:
        kept["next"] = way
    ask(client, "dana@bluemesa.test")
    assert press(client, mailed_path(rt)).location == f"{PORTAL}/"


def test_a_contact_that_waits_for_a_person_gets_no_link(rt: Runtime, client: FlaskClient) -> None:
    """An address that changed in QuickBooks opens nothing by itself (S-31)."""
    from connector.store.access import ContactCustomerRow, ContactRow

    cast.put(
        rt.db,
        ContactRow(id="new", company_id=cast.HARBOR, email="new@evil.test", state="pending", created_at=cast.NOW),
        ContactCustomerRow(company_id=cast.HARBOR, contact_id="new", customer_id=cast.BLUE_MESA, state="pending"),
    )
    assert ask(client, "new@evil.test").status_code == 302
    with rt.db.read() as session:
        assert session.exec(select(MailRow)).all() == []


def test_several_customers_are_chosen_among(rt: Runtime, signed_in: Opener) -> None:
    luis = signed_in(cast.LUIS)
    assert luis.get(f"{PORTAL}/").location == f"{PORTAL}/customers"
    page = luis.get(f"{PORTAL}/customers").get_data(as_text=True)
    assert page.index("Blue Mesa Ranch") < page.index("Ridge Supply")
    token = csrf_of(luis, f"{PORTAL}/customers")
    luis.post(f"{PORTAL}/customers", data={"customer": cast.RIDGE, "csrf_token": token})
    assert "Nothing is open" in luis.get(f"{PORTAL}/").get_data(as_text=True)
    assert luis.get(f"{PORTAL}/i/68").status_code == 404
    luis.post(f"{PORTAL}/customers", data={"customer": "", "csrf_token": token})
    assert luis.get(f"{PORTAL}/i/68").status_code == 200
    refused = luis.post(f"{PORTAL}/customers", data={"customer": cast.CEDAR_HILL, "csrf_token": token})
    assert refused.status_code == 404


def test_the_owner_signs_in_by_the_printed_link_in_any_browser(rt: Runtime, client: FlaskClient) -> None:
    with rt.db.write("owner") as session:
        token = links.add_staff_link(session, rt, staff_id=cast.OMAR)
    path = links.staff_address(rt, token).removeprefix(cast.PUBLIC_URL)
    assert press(client, path).location == "/staff/"
    assert "Omar Haddad" in client.get("/staff/").get_data(as_text=True)
    assert client.get(client.get(path).location).status_code == 404


def test_staff_ask_by_mail_and_come_back(rt: Runtime, client: FlaskClient) -> None:
    assert client.get("/staff/log?state=held").location == "/staff/sign-in"
    assert ask(client, "ines@ledgerandco.test", "/staff").location == "/staff/sign-in/sent"
    assert press(client, mailed_path(rt)).location == "/staff/log?state=held"
    answer = client.post("/staff/sign-out", data={"csrf_token": csrf_of(client, "/staff/")})
    assert answer.location == "/staff/sign-in"
    assert client.get("/staff/").status_code == 302


def test_staff_links_and_payers_links_open_no_door_of_each_other(rt: Runtime, client: FlaskClient) -> None:
    ask(client, "dana@bluemesa.test")
    token = mailed_path(rt).rpartition("/")[2]
    assert client.get(client.get(f"/staff/sign-in/{token}").location).status_code == 404
    assert client.get(f"{PORTAL}/l/{token}").status_code == 404
    assert client.get(client.get(f"/c/quarry-lane/sign-in/{token}").location).status_code == 404


def test_unknown_staff_get_the_same_answer_and_no_mail(rt: Runtime, client: FlaskClient) -> None:
    assert ask(client, "stranger@evil.test", "/staff").location == "/staff/sign-in/sent"
    with rt.db.read() as session:
        assert session.exec(select(MailRow)).all() == []
        assert len(session.exec(select(LinkRow)).all()) == 1  # the same work is done, for nobody
