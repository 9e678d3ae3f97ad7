"""Preferences: by the signed link, in the account, by one press in a mail program; what scanners do changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import select

from connector.store.log import LogRow
from connector.store.mailing import AddressRow, NumberRow, ScheduleRow
from connector.store.outbox import MailRow
from portal.app import create_app
from sync.reminding.addresses import row_of, token_of
from sync.runtime import Runtime
from tests import cast
from tests.german import english_in
from tests.portal.conftest import csrf_of
from tests.portal.one_engine import database_url  # noqa: F401  # a fixture

Opener = Callable[..., FlaskClient]
HOME = "/c/harbor-tile"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def token(rt: Runtime) -> str:
    cast.put(rt.db, AddressRow(id="address-1", company_id=cast.HARBOR, email="ap@bluemesa.test"))
    return token_of(rt, "address-1")


def wants(rt: Runtime, address_id: str = "address-1") -> tuple[bool, bool]:
    row = cast.in_session(rt.db, AddressRow, address_id)
    return row.wants_new, row.wants_reminders


def test_looking_turns_nothing_off(client: FlaskClient, rt: Runtime, token: str) -> None:
    off = f"{HOME}/mail/{token}/off/reminders"
    for _ in range(3):
        assert client.head(off).status_code == 302
        answer = client.get(off)
        assert answer.location == f"{HOME}/mail/{token}"
        assert client.get(answer.location).status_code == 200
    assert wants(rt) == (True, True)


def test_one_press_turns_one_kind_off_without_a_session_or_a_form_token(
    client: FlaskClient, rt: Runtime, token: str
) -> None:
    off = f"{HOME}/mail/{token}/off/reminders"
    assert client.post(off).status_code == 400  # a scanner that posts says nothing of one click
    assert wants(rt) == (True, True)
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
        answer = client.post(off, data=ONE_CLICK, content_type=kind)
        assert (answer.status_code, answer.mimetype) == (200, "text/plain")
    assert wants(rt) == (True, False)
    assert client.get_cookie("tieout-c-harbor-tile") is None
    client.post(f"{HOME}/mail/{token}/off/new", data=ONE_CLICK)
    assert wants(rt) == (False, False)
    with rt.db.read() as session:
        told = [row.sentence for row in session.exec(select(LogRow).where(LogRow.kind == "mail"))]
    assert sorted(told) == ["ap@bluemesa.test turned new invoices off", "ap@bluemesa.test turned reminders off"]


def test_another_site_cannot_press_for_somebody(client: FlaskClient, rt: Runtime, token: str) -> None:
    headers = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert client.post(f"{HOME}/mail/{token}/off/new", data=ONE_CLICK, headers=headers).status_code == 403
    assert client.post(f"{HOME}/mail/{token}", data={"new": "yes"}).status_code == 400  # no form token
    assert wants(rt) == (True, True)


def test_the_link_shows_and_keeps_what_is_wanted_and_may_be_wanted_again(
    client: FlaskClient, rt: Runtime, token: str
) -> None:
    page = f"{HOME}/mail/{token}"
    html = client.get(page).get_data(as_text=True)
    assert "ap@bluemesa.test" in html
    assert html.count(" checked") == 2
    form = {"csrf_token": csrf_of(client, page), "new": "yes"}
    answer = client.post(page, data=form, headers={"Accept-Language": "de"}, follow_redirects=True)
    assert answer.get_data(as_text=True).count(" checked") == 1
    assert wants(rt) == (True, False)
    assert cast.in_session(rt.db, AddressRow, "address-1").language == "de"
    client.post(page, data={**form, "reminders": "yes"})
    assert wants(rt) == (True, True)


def test_a_link_of_nobody_or_of_another_company_opens_nothing(
    app: Flask, client: FlaskClient, rt: Runtime, token: str
) -> None:
    forged = token[:-2] + ("AA" if not token.endswith("AA") else "BB")
    for wrong in (forged, "address-1", "address-1.", "nothing.at.all"):
        assert client.get(f"{HOME}/mail/{wrong}").status_code == 404
        assert client.post(f"{HOME}/mail/{wrong}/off/new", data=ONE_CLICK).status_code == 404
    assert client.get(f"/c/quarry-lane/mail/{token}").status_code == 404
    assert client.post(f"/c/quarry-lane/mail/{token}/off/new", data=ONE_CLICK).status_code == 404
    assert client.post(f"{HOME}/mail/{token}/off/everything", data=ONE_CLICK).status_code == 404
    assert wants(rt) == (True, True)
    assert "bluemesa" not in token  # no address stands in the link


def test_in_the_account_one_sees_and_chooses_for_the_own_address(rt: Runtime, signed_in: Opener) -> None:
    cast.put(
        rt.db,
        cast.mail("m-1", "dana@bluemesa.test", subject="To Dana", body="Dear Dana"),
        cast.mail("m-2", "luis@bluemesa.test", subject="To Luis", customer_id=cast.BLUE_MESA, key="l"),
        cast.mail("m-3", "dana@bluemesa.test", kind="staff_sign_in", subject="For staff", key="s"),
    )
    dana = signed_in(cast.DANA)
    html = dana.get(f"{HOME}/account/mail").get_data(as_text=True)
    assert "To Dana" in html
    assert "To Luis" not in html
    assert "For staff" not in html
    assert "Dear Dana" in dana.get(f"{HOME}/account/mail/m-1").get_data(as_text=True)
    assert dana.get(f"{HOME}/account/mail/m-2").status_code == 404
    assert dana.get(f"{HOME}/account/mail/m-3").status_code == 404
    form = {"csrf_token": csrf_of(dana, f"{HOME}/account/mail"), "reminders": "yes"}
    assert "Saved." in dana.post(f"{HOME}/account/mail", data=form, follow_redirects=True).get_data(as_text=True)
    with rt.db.write("test") as session:
        row = row_of(session, rt, cast.HARBOR, "dana@bluemesa.test")
    assert (row.wants_new, row.wants_reminders) == (False, True)


@pytest.fixture
def with_texts(rt: Runtime, token: str) -> Runtime:
    """Return a runtime whose company sends text messages."""
    on = {"is_on": True, "on_since": cast.NOW, "texts": True, "changed_at": cast.NOW}
    cast.put(rt.db, ScheduleRow(company_id=cast.HARBOR, **on))
    return replace(rt, settings=rt.settings.model_copy(update={"text_url": "http://127.0.0.1:9/"}))


def test_a_number_is_given_asked_and_taken_back(with_texts: Runtime, token: str) -> None:
    rt, client = with_texts, create_app(with_texts).test_client()
    page = f"{HOME}/mail/{token}"
    html = client.get(page).get_data(as_text=True)
    assert "Answer STOP at any time to end them." in html
    form = {"csrf_token": csrf_of(client, page), "new": "yes", "number": "(503) 555-0177"}
    html = client.post(page, data=form, follow_redirects=True).get_data(as_text=True)
    assert "Answer the text message with YES, and it counts." in html
    assert 'value="+15035550177"' in html
    with rt.db.read() as session:
        number, mail = session.exec(select(NumberRow)).one(), session.exec(select(MailRow)).one()
    assert (number.email, number.state, mail.kind, mail.to) == ("ap@bluemesa.test", "asked", "text_ask", "+15035550177")
    assert "at most one a day" in number.words
    assert ("mail", mail.id) in rt.bell.rings  # type: ignore[attr-defined]
    client.post(page, data={**form, "number": "+1 503 555 0177"})  # the same again asks nobody
    client.post(page, data={**form, "number": ""})
    assert cast.in_session(rt.db, NumberRow, number.id).state == "off"
    with rt.db.read() as session:
        assert len(session.exec(select(MailRow)).all()) == 1


@pytest.mark.parametrize("state", ["", "asked", "on"])
def test_the_number_is_asked_for_in_german_to_the_last_word(with_texts: Runtime, token: str, state: str) -> None:
    if state:
        of = {"company_id": cast.HARBOR, "email": "ap@bluemesa.test", "asked_at": cast.NOW}
        cast.put(with_texts.db, NumberRow(id="n-1", number="+15035550177", state=state, **of))
    client = create_app(with_texts).test_client()
    page = f"{HOME}/mail/{token}?lang=de"
    html = client.get(page).get_data(as_text=True)
    assert "SMS" in html
    assert english_in(html) == []
    wrong = client.post(page, data={"csrf_token": csrf_of(client, page), "number": "nein"})
    assert english_in(wrong.get_data(as_text=True)) == []


def test_what_is_no_number_is_said_and_nothing_is_kept(with_texts: Runtime, token: str) -> None:
    client = create_app(with_texts).test_client()
    page = f"{HOME}/mail/{token}"
    answer = client.post(page, data={"csrf_token": csrf_of(client, page), "number": "call me"})
    assert answer.status_code == 422
    assert "Please write the number with its country" in answer.get_data(as_text=True)
    assert wants(with_texts) == (True, True)


def test_nobody_can_have_a_stranger_messaged_over_and_over(with_texts: Runtime, token: str) -> None:
    client = create_app(with_texts).test_client()
    page = f"{HOME}/mail/{token}"
    form = {"csrf_token": csrf_of(client, page)}
    statuses = []
    for _ in range(4):
        statuses.append(client.post(page, data={**form, "number": "+15035550111"}).status_code)
        client.post(page, data={**form, "number": ""})
    assert statuses == [302, 302, 302, 429]


def test_where_no_text_messages_are_sent_no_number_is_asked_for_nor_kept(
    client: FlaskClient, rt: Runtime, token: str
) -> None:
    page = f"{HOME}/mail/{token}"
    assert "STOP" not in client.get(page).get_data(as_text=True)
    client.post(page, data={"csrf_token": csrf_of(client, page), "number": "+15035550111"})
    with rt.db.read() as session:
        assert session.exec(select(NumberRow)).all() == []
