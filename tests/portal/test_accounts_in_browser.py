"""An account from an invitation to the next, in a real browser on a phone, by keyboard in part, without scripts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from portal.access import sessions
from tests import cast
from tests.portal.one_engine import database_url  # noqa: F401  # a fixture
from tests.portal.served import PORTAL, Served, lent_browser, served_site  # noqa: F401  # two are fixtures
from tests.portal.test_sign_in import mailed_path

pytestmark = pytest.mark.browser

SECRET = "lantern otter gravel"


def test_invited_begun_and_back_with_a_password(served: Served) -> None:
    desk = served.open(served.omar(scripts=False), f"/staff/customers/{cast.BLUE_MESA}")
    desk.get_by_text("Invite somebody").click()
    desk.get_by_label("E-mail address").fill("pat@bluemesa.test")
    desk.get_by_label("May", exact=True).select_option("manage")
    desk.get_by_role("button", name="Send the invitation").click()
    expect(desk.get_by_text("An invitation is on its way to pat@bluemesa.test.")).to_be_visible()

    phone = served.browser.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=False)
    page = served.open(phone, mailed_path(served.rt))
    expect(page).to_have_url(re.compile("/join$"))
    expect(page.get_by_text("pat@bluemesa.test")).to_be_visible()
    page.get_by_role("button", name="Begin").press("Enter")
    page.get_by_label("New password", exact=True).fill(SECRET)
    page.get_by_label("New password, once more").fill(SECRET)
    page.get_by_label("New password, once more").press("Enter")
    expect(page.get_by_role("heading", name="Blue Mesa Ranch")).to_be_visible()

    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("link", name="Use a password").click()
    page.get_by_label("E-mail address").fill("pat@bluemesa.test")
    page.get_by_label("Password", exact=True).fill("not this one at all")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("do not belong together")
    page.get_by_label("Password", exact=True).fill(SECRET)
    page.get_by_label("Password", exact=True).press("Enter")
    expect(page.get_by_role("heading", name="Blue Mesa Ranch")).to_be_visible()

    page.goto(f"{served.base}{PORTAL}/people")
    page.get_by_label("What dana@bluemesa.test may do", exact=True).select_option("view")
    page.get_by_role("button", name="Save what dana@bluemesa.test may do").click()
    expect(page.get_by_role("status")).to_contain_text("It counts from the next page they open.")
    dana = served.open(served.dana(scripts=False), f"{PORTAL}/i/68")
    expect(dana.get_by_text("Somebody else pays it")).to_be_visible()
    expect(dana.get_by_role("link", name=re.compile("^Pay"))).to_have_count(0)


def test_the_chooser_of_a_person_with_several_customers(served: Served) -> None:
    cast.put(served.rt.db, cast.customer("241", "Ridge North", parent_id=cast.RIDGE))
    who = {"company_id": cast.HARBOR, "contact_id": cast.LUIS}
    luis = served.visitor(sessions.payer_door("harbor-tile"), sessions.CUSTOMER, who, scripts=False, width=320)
    page = served.open(luis, f"{PORTAL}/")
    expect(page).to_have_url(re.compile("/customers$"))
    names = page.locator(".choice > :first-child").all_text_contents()
    assert names == ["Blue Mesa Ranch", "Ridge Supply", "Ridge North", "All of them together"]
    page.get_by_role("button", name="Ridge North").click()
    expect(page.get_by_role("heading", name="Ridge North, open balance")).to_be_visible()
    page.get_by_role("link", name="change").click()
    page.get_by_role("button", name="All of them together").click()
    expect(page.get_by_role("heading", name="2 customers, open balance")).to_be_visible()
