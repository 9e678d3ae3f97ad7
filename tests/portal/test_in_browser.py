"""The pages in a real browser: keys and panel of the console, choosing what to pay, narrow screens, no scripts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from connector.store.money import PaymentRow
from tests import cast
from tests.portal.one_engine import database_url  # noqa: F401  # a fixture
from tests.portal.served import CONSOLE, PAYERS, PORTAL, Served, lent_browser, served_site  # noqa: F401  # two are fixtures

pytestmark = pytest.mark.browser


def test_the_panel_opens_beside_the_list_by_mouse_and_keys(served: Served) -> None:
    page = served.open(served.omar(), "/staff/log")
    page.evaluate("window.stayed = true")
    page.locator("tr", has_text="Line 1").locator("td.number").click()
    expect(page.locator("#panel h2")).to_have_text("Line 1")
    expect(page).to_have_url(re.compile("open=log-1"))
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_be_hidden()
    page.keyboard.press("j")
    expect(page.locator(".row-link", has_text="Line 3")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#panel h2")).to_have_text("Line 2")
    expect(page.locator("tr[aria-current=true]")).to_contain_text("Line 2")
    page.go_back()
    page.go_back()
    expect(page.locator("#panel h2")).to_have_text("Line 1")
    assert page.evaluate("window.stayed") is True


def test_search_is_one_key_away(served: Served) -> None:
    page = served.open(served.omar(), "/staff/log")
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("Line 2")
    page.keyboard.press("Enter")
    expect(page.locator(".row-link")).to_have_text(["Line 2"])
    page.goto(f"{served.base}/staff/settings")
    page.keyboard.press("/")
    expect(page.locator("#find")).to_be_focused()


def test_several_are_chosen_by_keyboard_with_an_amount_for_each(served: Served) -> None:
    page = served.open(served.dana(width=390), f"{PORTAL}/")
    expect(page.locator("#go")).to_be_disabled()
    page.locator("#i-59").focus()
    page.keyboard.press("Space")
    expect(page.locator("#sum")).to_have_text("$640.00")
    page.locator("#i-68").check()
    amount = page.get_by_label("Amount to pay on invoice 1068")
    amount.fill("700")
    expect(page.locator("#go")).to_be_disabled()
    amount.fill("100.5")
    expect(page.locator("#sum")).to_have_text("$740.50")
    expect(page.locator("#go")).to_have_text("Pay 2 together")
    page.locator("#go").click()
    expect(page.locator("#total")).to_have_text("$740.50")
    expect(page.get_by_label("Invoice 1068")).to_have_value("100.50")


@pytest.mark.parametrize("who", ["payers", "console"])
def test_every_page_fits_a_narrow_screen_and_breaks_no_rule_of_its_policy(served: Served, who: str) -> None:
    """320 pixels wide is also a desktop at 400 % zoom (WCAG 1.4.10). Dark and light differ in colours alone."""
    context = served.dana(width=320) if who == "payers" else served.omar(width=320)
    base, paths = (PORTAL, PAYERS) if who == "payers" else ("/staff", CONSOLE)
    page = context.new_page()
    for path in paths:
        page.goto(served.base + base + path)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 320, path
        assert page.locator("h1").count() == 1, path
        assert page.locator("main").count() == 1, path


def test_without_scripts_everything_but_stripes_form_works(served: Served) -> None:
    payer = served.dana(scripts=False)
    page = served.open(payer, f"{PORTAL}/")
    page.locator("#i-59").check()
    page.get_by_label("Amount to pay on invoice 1059").fill("40")
    page.get_by_role("button", name="Pay").click()
    expect(page.locator("#total")).to_have_text("$40.00")
    assert "Paying needs JavaScript" in page.content()  # in a noscript, which this browser does not lay out
    page.goto(f"{served.base}{PORTAL}/i/68")
    page.get_by_text("Pay another amount").click()
    page.get_by_label("Amount in US dollars").fill("12.34")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#total")).to_have_text("$12.34")

    staff = served.open(served.omar(scripts=False), "/staff/log")
    staff.get_by_role("link", name="Line 1").click()
    expect(staff.locator("#panel h2")).to_have_text("Line 1")
    staff.get_by_label("State").select_option("recorded")
    staff.locator("#q").press("Enter")
    expect(staff.locator(".row-link")).to_have_count(4)


def test_a_status_follows_the_payment_by_itself(served: Served) -> None:
    page = served.open(served.dana(), f"{PORTAL}/p/pay-debit")
    expect(page.locator("#story .mark")).to_have_text("On its way")
    with served.rt.db.write("arrive") as session:
        row = session.get_one(PaymentRow, "pay-debit")
        row.state, row.succeeded_at, row.receipt_number = "succeeded", cast.NOW, 77
    expect(page.locator("#story .mark")).to_have_text("Paid")
    expect(page.locator("#story")).to_contain_text("will be recorded in Harbor Tile’s books")
    cast.put(served.rt.db, *cast.posting("post-debit", payment_id="pay-debit", minor=62000, remote_id="555", pays="76"))
    expect(page.locator("#story")).to_contain_text("Recorded in Harbor Tile’s books at 14:02")
