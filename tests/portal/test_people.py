"""Who may do what for a customer: roles on every page that pays, people invited, changed and removed by managers."""

from __future__ import annotations

import re
import threading
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import col, select

from connector.errors import WrongInput
from connector.store.access import ContactCustomerRow, ContactRow
from connector.store.log import LogRow
from connector.store.outbox import MailRow
from portal.access import teams
from sync.runtime import Runtime
from tests import cast
from tests.portal.conftest import Opener, browser, csrf_of
from tests.portal.test_sign_in import PORTAL, mailed_path, press

VIEWER = "contact-vic"
PEOPLE = f"{PORTAL}/people"


@pytest.fixture(autouse=True)
def _a_viewer(rt: Runtime) -> None:
    cast.put(rt.db, *cast.contact(VIEWER, "vic@bluemesa.test", [cast.BLUE_MESA], role="view"))


def send(client: FlaskClient, path: str, **form: str) -> str:
    """Send a form of the people's page and return the page it leads to."""
    data = {"csrf_token": csrf_of(client, PEOPLE), "customer": cast.BLUE_MESA, **form}
    return client.post(path, data=data, follow_redirects=True).get_data(as_text=True)


def rows_of(rt: Runtime, email: str) -> tuple[str, str]:
    """Return state and role of a person for Blue Mesa Ranch."""
    with rt.db.read() as session:
        found = session.exec(
            select(ContactCustomerRow.state, ContactCustomerRow.role)
            .join(ContactRow, col(ContactRow.id) == ContactCustomerRow.contact_id)
            .where(ContactRow.email == email, ContactCustomerRow.customer_id == cast.BLUE_MESA)
        ).one()
    return found


def test_a_viewer_sees_everything_and_pays_nothing(signed_in: Opener) -> None:
    vic = signed_in(VIEWER)
    invoice = vic.get(f"{PORTAL}/i/68").get_data(as_text=True)
    assert "$620.00" in invoice
    assert "/pay?" not in invoice
    assert "Somebody else pays it" in invoice
    home = vic.get(f"{PORTAL}/").get_data(as_text=True)
    assert "1068" in home
    assert 'class="tick"' in home  # an empty place, so that the columns stand
    assert 'type="checkbox" class="tick"' not in home
    assert 'id="go"' not in home
    assert vic.get(f"{PORTAL}/statement").status_code == 200
    assert vic.get(f"{PORTAL}/pay?i=68").status_code == 404
    assert vic.get(f"{PORTAL}/people").status_code == 404


def test_the_press_of_a_viewer_is_refused(signed_in: Opener) -> None:
    message = {
        "shares": [{"invoice": "68", "amount": "620.00"}],
        "form_nonce": "n" * 43,
        "shown_minor": 62000,
        "email": "",
    }
    answers = []
    for contact_id in (VIEWER, cast.DANA):
        client = signed_in(contact_id)
        token = csrf_of(client, f"{PORTAL}/account")
        answers.append(client.post(f"{PORTAL}/pay", json=message, headers={"X-CSRFToken": token}).status_code)
    assert answers == [404, 409], "Dana's is refused by the books being away, and not by her role"


def test_a_link_still_pays_its_one_invoice_for_a_viewer(rt: Runtime, signed_in: Opener) -> None:
    from portal.access import links

    vic = signed_in(VIEWER)
    url = links.make_invoice_link(rt, cast.HARBOR, "68")
    assert url is not None
    vic.get(url.removeprefix(cast.PUBLIC_URL))
    assert vic.get(f"{PORTAL}/pay?i=68").status_code == 200
    assert vic.get(f"{PORTAL}/pay?i=71").status_code == 404


def test_a_manager_invites_and_the_invited_begins(rt: Runtime, app: Flask, signed_in: Opener) -> None:
    dana = signed_in(cast.DANA)
    page = send(dana, PEOPLE, email=" Pat@BlueMesa.test ", name="Pat Ruiz", role="view")
    assert "An invitation is on its way to pat@bluemesa.test." in page
    assert rows_of(rt, "pat@bluemesa.test") == ("active", "view")
    path = mailed_path(rt)
    assert "/join/" in path
    pat = browser(app)
    for _ in range(2):  # a scanner looks, and burns nothing
        scanner = browser(app)
        scanner.head(path)
        assert "pat@bluemesa.test" in scanner.get(scanner.get(path).location).get_data(as_text=True)
    assert press(pat, path).location == f"{PORTAL}/account/password?welcome=1"
    assert pat.get(f"{PORTAL}/i/68").status_code == 200
    assert pat.get(f"{PORTAL}/pay?i=68").status_code == 404
    again = browser(app)
    assert again.get(again.get(path).location).status_code == 404
    with rt.db.read() as session:
        lines = session.exec(select(LogRow.sentence).where(LogRow.company_id == cast.HARBOR)).all()
    assert "dana@bluemesa.test, who manages Blue Mesa Ranch, invited pat@bluemesa.test" in lines


def test_pressed_twice_it_is_one_invitation_and_its_link_works(rt: Runtime, app: Flask, signed_in: Opener) -> None:
    dana = signed_in(cast.DANA)
    for _ in range(2):
        page = send(dana, PEOPLE, email="kim@bluemesa.test", role="pay")
        assert "An invitation is on its way to kim@bluemesa.test" in page
    with rt.db.read() as session:
        [kim] = session.exec(select(ContactRow.id).where(ContactRow.email == "kim@bluemesa.test"))
        assert len([mail for mail in session.exec(select(MailRow)) if mail.kind == "invite"]) == 1
    for _ in range(2):
        assert "on its way once more" in send(dana, f"{PEOPLE}/{kim}/again")
    rt.clock.move(timedelta(minutes=2))  # type: ignore[attr-defined]
    send(dana, f"{PEOPLE}/{kim}/again")
    with rt.db.read() as session:
        assert len([mail for mail in session.exec(select(MailRow)) if mail.kind == "invite"]) == 2


def test_an_invitation_lives_three_days(rt: Runtime, app: Flask, signed_in: Opener) -> None:
    send(signed_in(cast.DANA), PEOPLE, email="pat@bluemesa.test", role="pay")
    path = mailed_path(rt)
    rt.clock.move(timedelta(days=3))  # type: ignore[attr-defined]
    late = browser(app)
    page = late.get(late.get(path).location)
    assert page.status_code == 404
    assert "This invitation is over" in page.get_data(as_text=True)


def test_whoever_was_removed_sees_nothing_from_the_next_page_on(rt: Runtime, signed_in: Opener) -> None:
    dana, vic = signed_in(cast.DANA), signed_in(VIEWER)
    assert vic.get(f"{PORTAL}/i/68").status_code == 200
    assert "vic@bluemesa.test" not in send(dana, f"{PEOPLE}/{VIEWER}/remove").partition("Invite somebody")[0]
    assert vic.get(f"{PORTAL}/i/68").status_code == 404
    assert "Nothing is open to you here" in vic.get(f"{PORTAL}/", follow_redirects=True).get_data(as_text=True)
    assert rows_of(rt, "vic@bluemesa.test") == ("removed", "view")


def test_a_role_counts_at_the_next_page(signed_in: Opener) -> None:
    dana, vic = signed_in(cast.DANA), signed_in(VIEWER)
    send(dana, f"{PEOPLE}/{VIEWER}/role", role="pay")
    assert vic.get(f"{PORTAL}/pay?i=68").status_code == 200
    send(dana, f"{PEOPLE}/{VIEWER}/role", role="view")
    assert vic.get(f"{PORTAL}/pay?i=68").status_code == 404


def test_the_last_manager_stays(rt: Runtime, signed_in: Opener) -> None:
    dana = signed_in(cast.DANA)
    send(dana, f"{PEOPLE}/{cast.LUIS}/role", role="pay")
    for way in ("remove", "role"):
        page = send(dana, f"{PEOPLE}/{cast.DANA}/{way}", role="view")
        assert "Make another person a manager first" in page
    page = send(dana, PEOPLE, email="Dana@BlueMesa.test", role="view")
    assert "Make another person a manager first" in page, "nor by an invitation to himself"
    assert rows_of(rt, "dana@bluemesa.test") == ("active", "manage")
    send(dana, f"{PEOPLE}/{cast.LUIS}/role", role="manage")
    send(dana, f"{PEOPLE}/{cast.DANA}/remove")
    assert rows_of(rt, "dana@bluemesa.test") == ("removed", "manage")


def test_of_two_managers_who_remove_each_other_one_stays(rt: Runtime) -> None:
    """The later press finds the earlier's commit: its presser is no manager any more."""
    of = (cast.HARBOR, cast.BLUE_MESA)
    with rt.db.write("first") as session:
        assert teams.remove(session, rt, *of, cast.LUIS, by=cast.DANA)
    with pytest.raises(WrongInput), rt.db.write("second") as session:
        teams.remove(session, rt, *of, cast.DANA, by=cast.LUIS)
    assert rows_of(rt, "dana@bluemesa.test")[0] == "active"


def test_they_may_press_at_the_very_same_moment(rt: Runtime) -> None:
    of, gate, ends = (cast.HARBOR, cast.BLUE_MESA), threading.Barrier(2), []

    def press_remove(whom: str, by: str) -> None:
        gate.wait()
        try:
            with rt.db.write("remove") as session:
                ends.append(teams.remove(session, rt, *of, whom, by=by))
        except WrongInput:
            ends.append("refused")

    pairs = ((cast.LUIS, cast.DANA), (cast.DANA, cast.LUIS))
    threads = [threading.Thread(target=press_remove, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(ends, key=str) == [True, "refused"]
    states = sorted(rows_of(rt, email)[0] for email in ("dana@bluemesa.test", "luis@bluemesa.test"))
    assert states == ["active", "removed"]


def test_only_a_customers_own_manager_decides_about_its_people(rt: Runtime, signed_in: Opener) -> None:
    cast.put(rt.db, *cast.contact("contact-cy", "cy@cedarhill.test", [cast.CEDAR_HILL]))
    cy, vic = signed_in("contact-cy"), signed_in(VIEWER)
    token = csrf_of(cy, PEOPLE)
    for customer in (cast.BLUE_MESA, "nothing"):
        form = {"csrf_token": token, "customer": customer, "role": "manage", "email": "x@evil.test"}
        assert cy.post(f"{PEOPLE}/{VIEWER}/role", data=form).status_code == 404
        assert cy.post(PEOPLE, data=form).status_code == 404
    form["customer"] = cast.CEDAR_HILL  # his own customer, another's person
    assert cy.post(f"{PEOPLE}/{VIEWER}/role", data=form).status_code == 404
    form = {"csrf_token": csrf_of(vic, f"{PORTAL}/account"), "customer": cast.BLUE_MESA, "role": "manage"}
    assert vic.post(f"{PEOPLE}/{VIEWER}/role", data=form).status_code == 404
    assert rows_of(rt, "vic@bluemesa.test") == ("active", "view")


def test_whom_the_company_blocked_no_manager_lets_in(rt: Runtime, signed_in: Opener) -> None:
    with rt.db.write("block") as session:
        session.get_one(ContactCustomerRow, (cast.HARBOR, VIEWER, cast.BLUE_MESA)).state = "blocked"
    page = send(signed_in(cast.DANA), PEOPLE, email="vic@bluemesa.test", role="pay")
    assert "Harbor Tile Co. has blocked this address" in page
    assert rows_of(rt, "vic@bluemesa.test") == ("blocked", "view")
    with rt.db.read() as session:
        assert session.exec(select(MailRow)).all() == []


def test_an_address_that_changed_in_quickbooks_waits_for_a_manager(rt: Runtime, signed_in: Opener) -> None:
    of = {"company_id": cast.HARBOR, "state": "pending"}
    cast.put(
        rt.db,
        ContactRow(id="new", email="new@bluemesa.test", created_at=cast.NOW, **of),
        ContactCustomerRow(contact_id="new", customer_id=cast.BLUE_MESA, **of),
    )
    new = signed_in("new")
    assert new.get(f"{PORTAL}/i/68").status_code == 302, "not even a session lets it in"
    dana = signed_in(cast.DANA)
    assert "is it yours?" in dana.get(PEOPLE).get_data(as_text=True)
    send(dana, f"{PEOPLE}/new/approve")
    assert rows_of(rt, "new@bluemesa.test") == ("active", "pay")
    assert new.get(f"{PORTAL}/i/68").status_code == 200


def test_what_makes_no_sense_is_not_there(rt: Runtime, signed_in: Opener) -> None:
    with rt.db.write("block") as session:
        session.get_one(ContactCustomerRow, (cast.HARBOR, VIEWER, cast.BLUE_MESA)).state = "blocked"
    dana = signed_in(cast.DANA)
    form = {"csrf_token": csrf_of(dana, PEOPLE), "customer": cast.BLUE_MESA, "role": "pay"}
    asked = [(VIEWER, way) for way in ("role", "remove", "approve", "again")]
    for contact_id, way in (*asked, (cast.LUIS, "approve"), (cast.LUIS, "promote"), ("nobody", "remove")):
        assert dana.post(f"{PEOPLE}/{contact_id}/{way}", data=form).status_code == 404, (contact_id, way)
    assert "Choose what this person may do." in send(dana, f"{PEOPLE}/{cast.LUIS}/role", role="owner")
    assert rows_of(rt, "luis@bluemesa.test") == ("active", "manage")
    assert "gave" not in _log(rt)


def test_who_leaves_is_led_to_what_is_left(rt: Runtime, signed_in: Opener) -> None:
    luis = signed_in(cast.LUIS)
    form = {"csrf_token": csrf_of(luis, PEOPLE), "customer": cast.BLUE_MESA}
    left = luis.post(f"{PEOPLE}/{cast.LUIS}/remove", data=form)
    assert left.location == f"{PORTAL}/account"
    assert "Ridge Supply" in luis.get(left.location).get_data(as_text=True)
    assert "luis@bluemesa.test, who manages Blue Mesa Ranch, removed luis@bluemesa.test" in _log(rt)


def test_a_contact_of_several_customers_decides_about_each(signed_in: Opener) -> None:
    luis = signed_in(cast.LUIS)
    page = luis.get(f"{PEOPLE}?customer={cast.RIDGE}").get_data(as_text=True)
    assert "Ridge Supply" in page
    assert "vic@bluemesa.test" not in page
    assert "vic@bluemesa.test" in luis.get(f"{PEOPLE}?customer={cast.BLUE_MESA}").get_data(as_text=True)
    assert luis.get(f"{PEOPLE}?customer={cast.CEDAR_HILL}").status_code == 404


def test_staff_invite_change_and_send_the_link_that_begins_an_account(rt: Runtime, at_desk: Opener) -> None:
    ines = at_desk(cast.INES)
    page = f"/staff/customers/{cast.BLUE_MESA}"
    token = csrf_of(ines, page)

    def post(path: str, **form: str) -> str:
        sent = ines.post(path, data={"csrf_token": token, **form}, follow_redirects=True)
        return sent.get_data(as_text=True)

    assert "An invitation is on its way" in post(f"{page}/contacts", email="pat@bluemesa.test", role="manage")
    assert rows_of(rt, "pat@bluemesa.test") == ("active", "manage")
    assert "does not look like" in post(f"{page}/contacts", email="pat", role="manage")
    post(f"{page}/contacts/{VIEWER}/role", role="manage")
    assert rows_of(rt, "vic@bluemesa.test") == ("active", "manage")
    assert "on its way" in post(f"{page}/contacts/{cast.DANA}/invite")
    assert "/join/" in mailed_path(rt)
    assert re.search(r"decided: dana@bluemesa.test is sent the link", _log(rt))
    for contact_id in (cast.DANA, cast.LUIS, VIEWER):
        post(f"{page}/contacts/{contact_id}/role", role="view")  # staff may leave a customer without any manager
    assert rows_of(rt, "dana@bluemesa.test") == ("active", "view")


def _log(rt: Runtime) -> str:
    with rt.db.read() as session:
        return "\n".join(session.exec(select(LogRow.sentence).where(LogRow.company_id == cast.HARBOR)))
