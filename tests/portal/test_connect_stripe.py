"""Stripe by consent in the console: an owner is led there and back, and ends it; without a platform, nothing of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import html5lib
import pytest
from flask.testing import FlaskClient
from sqlmodel import select

from connector.errors import Unauthorised
from connector.store.access import ContactCustomerRow, MembershipRow
from connector.store.companies import CompanyRow, ConnectionRow
from portal.access import sessions
from portal.app import create_app
from sandbox.world import World
from sync.stripe_feed import follow
from tests import cast
from tests.house import House
from tests.joined import CEDAR, agree, business, refuse
from tests.portal.conftest import csrf_of, with_session
from tests.portal.one_engine import database_url  # noqa: F401  # a fixture
from tests.portal.test_console import post, said

PAGE = "/staff/connections"


@pytest.fixture
def hosted(world: World, database_url: str) -> Iterator[House]:  # noqa: F811
    house = House(world, database_url, public_url="http://localhost", customers=1, invoices=2, by_consent=True)
    cast.put(house.rt.db, *cast.staff("olive", "olive@harbor.test", "Olive", {house.company_id: "owner"}))
    yield house
    house.close()


@pytest.fixture
def olive(hosted: House) -> FlaskClient:
    return desk(hosted)


def desk(house: House) -> FlaskClient:
    """Return a browser in which the owner works."""
    who = {"company_id": house.company_id, "staff_id": "olive"}
    return with_session(create_app(house.rt), house.rt, sessions.STAFF_DOOR, sessions.STAFF, **who)


def connection(house: House) -> ConnectionRow:
    return cast.in_session(house.rt.db, ConnectionRow, (house.company_id, "stripe"))


def at_stripe(house: House) -> bool:
    return bool(house.world.stripe.ground.shelf.all("_accounts")[CEDAR]["connected"])


def test_an_owner_ends_the_connection_and_connects_again(hosted: House, olive: FlaskClient) -> None:
    shown = said(olive, PAGE)
    assert CEDAR in shown
    assert "by consent." in shown
    assert "Use keys of your own instead" in shown
    ended = post(olive, "/connect/stripe/disconnect")
    assert "Stripe is disconnected." in said(olive, ended.location)
    assert (connection(hosted).state, at_stripe(hosted)) == ("disconnected", False)

    answer = olive.get(PAGE)
    assert "earlier payments are on it" in answer.get_data(as_text=True)
    origin = hosted.settings.stripe_connect_base
    forms = answer.headers["Content-Security-Policy"].partition("form-action")[2].partition(";")[0]
    assert origin in forms.split()
    led = post(olive, "/connect/stripe/start")
    assert (led.status_code, led.location.startswith(f"{origin}/oauth/authorize?")) == (303, True)
    back = agree(led.location, CEDAR)
    hosted.bell.rung.clear()
    landed = olive.get("/connect/stripe/callback", query_string=back)
    assert landed.location == PAGE, "the code is gone from the address"
    assert f"Connected to Stripe account {CEDAR}." in said(olive, PAGE)
    assert connection(hosted).state == "connected"
    assert ("feed", hosted.company_id) in hosted.bell.rung
    again = olive.get("/connect/stripe/callback", query_string=back)
    assert "This consent was used already" in said(olive, again.location)
    assert at_stripe(hosted)


def test_a_consent_comes_back_to_its_own_browser_alone(hosted: House, olive: FlaskClient) -> None:
    business(hosted.world, "acct_1Other000000000", "Other")
    back = agree(post(olive, "/connect/stripe/start").location, CEDAR)
    elsewhere = desk(hosted)
    csrf_of(elsewhere, PAGE)
    answer = elsewhere.get("/connect/stripe/callback", query_string=back)
    assert "began in another browser" in said(elsewhere, answer.location)
    other = agree(post(olive, "/connect/stripe/start").location, "acct_1Other000000000")
    answer = olive.get("/connect/stripe/callback", query_string=other)
    assert "a different Stripe account" in said(olive, answer.location)
    assert connection(hosted).account == CEDAR


def test_a_consent_comes_back_to_the_company_that_began_it(hosted: House, olive: FlaskClient) -> None:
    post(olive, "/connect/stripe/disconnect")
    back = agree(post(olive, "/connect/stripe/start").location, CEDAR)
    other = CompanyRow(id="other", slug="other", name="Other Works", created_at=hosted.rt.clock.now())
    cast.put(hosted.rt.db, other, MembershipRow(staff_id="olive", company_id="other", role="owner"))
    post(olive, "/staff/companies", company="other")
    answer = olive.get("/connect/stripe/callback", query_string=back)
    assert "for another company" in said(olive, answer.location)
    assert connection(hosted).state == "disconnected"
    post(olive, "/staff/companies", company=hosted.company_id)
    olive.get("/connect/stripe/callback", query_string=back)
    assert connection(hosted).state == "connected", "it can still come back where it began"


def test_an_account_that_may_not_charge_yet_is_connected_and_named(hosted: House, olive: FlaskClient) -> None:
    scope = hosted.world.stripe.scope(CEDAR)
    scope.need("accounts", CEDAR, "account")["charges_enabled"] = False
    answer = olive.get(
        "/connect/stripe/callback", query_string=agree(post(olive, "/connect/stripe/start").location, CEDAR)
    )
    shown = said(olive, answer.location)
    assert f"Connected to Stripe account {CEDAR}." in shown
    assert "take no payments yet" in shown


def test_one_who_refuses_is_told_so(hosted: House, olive: FlaskClient) -> None:
    back = refuse(post(olive, "/connect/stripe/start").location)
    answer = olive.get("/connect/stripe/callback", query_string=back)
    assert "the consent was not given" in said(olive, answer.location)
    assert connection(hosted).state == "connected", "as before"


def test_what_the_owner_ended_at_stripe_says_what_to_do(hosted: House, olive: FlaskClient) -> None:
    hosted.world.stripe.control("revoke_account", {"account": CEDAR})
    with pytest.raises(Unauthorised):
        follow(hosted.rt, hosted.company_id)
    shown = said(olive, PAGE)
    assert "ended Tieout’s access" in shown
    assert f"Connect account {CEDAR} again" in shown
    assert "Connect again" in shown


def test_each_state_of_the_connection_is_a_valid_page(hosted: House) -> None:
    olive = desk(hosted)
    own_key = {"through_platform": False, "publishable_key": "pk_test_1"}
    for state in ({}, {"state": "needs_reconnect"}, {"state": "disconnected"}, {"state": "connected"} | own_key):
        with hosted.rt.db.write("state") as session:
            session.get_one(ConnectionRow, (hosted.company_id, "stripe")).sqlmodel_update(state)
        answer = olive.get(PAGE)
        assert answer.status_code == 200
        html5lib.HTMLParser(strict=True).parse(answer.get_data(as_text=True))


def test_every_form_of_stripes_works_on_the_companys_account(hosted: House) -> None:
    with hosted.rt.db.write("deposits") as session:
        session.get_one(CompanyRow, hosted.company_id).takes_deposits = True
        acts_for = select(ContactCustomerRow.contact_id).where(
            ContactCustomerRow.customer_id == hosted.customer("Blue Mesa Ranch")
        )
        contact_id = str(session.exec(acts_for).first())
    who = {"company_id": hosted.company_id, "contact_id": contact_id, "proof": "mail"}
    door = sessions.payer_door("harbor-tile")
    payer = with_session(create_app(hosted.rt), hosted.rt, door, sessions.CUSTOMER, **who)
    methods = "/c/harbor-tile/account/methods"
    begun = payer.post(methods, data={"agreed": "yes", "csrf_token": csrf_of(payer, methods)})
    wanted = f'data-key="{hosted.world.stripe.publishable_key}" data-account="{CEDAR}"'
    for path in (begun.location, "/c/harbor-tile/deposit"):
        assert wanted in payer.get(path).get_data(as_text=True), path
    assert [one["status"] for one in hosted.at_stripe("setup_intents")] == ["requires_payment_method"]
    assert len(hosted.at_stripe("customers")) == 1
    assert hosted.world.stripe.control("state", {"kind": "customers"})["customers"] == []


def test_without_a_platform_keys_are_asked_for(hosted: House) -> None:
    none = hosted.settings.model_copy(update={"stripe_platform_key": type(hosted.settings.secret_key)("")})
    hosted.rt = replace(hosted.rt, settings=none)
    olive = desk(hosted)
    shown = said(olive, PAGE)
    assert "by consent instead" not in shown
    assert "Change the keys" in shown
    answer = post(olive, "/connect/stripe/start")
    assert "has no Stripe Connect platform" in said(olive, answer.location)
