"""Choosing invoices in the long list, in a real browser: what is ticked stays chosen on every way through the list."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from portal.access import sessions
from tests import cast
from tests.portal.one_engine import database_url  # noqa: F401  # a fixture
from tests.portal.served import PORTAL, Served, lent_browser, served_site  # noqa: F401  # fixtures

pytestmark = pytest.mark.browser
LIST = f"{PORTAL}/invoices"


@pytest.fixture
def many(served: Served) -> Served:
    """Give Ridge Supply sixty open invoices of rising amounts, N000 the smallest."""
    rows = [
        row
        for n in range(60)
        for row in cast.invoice(f"9{n:03}", f"N{n:03}", customer_id=cast.RIDGE, total=1000 + n, tax=0)
    ]
    cast.put(served.rt.db, *rows)
    return served


def luis(served: Served, *, scripts: bool = True, width: int = 1280) -> Page:
    who = {"company_id": cast.HARBOR, "contact_id": cast.LUIS, "customer_id": cast.RIDGE}
    context = served.visitor(sessions.payer_door("harbor-tile"), sessions.CUSTOMER, who, scripts=scripts, width=width)
    return served.open(context, f"{LIST}?sort=amount")


def tick(page: Page, number: str) -> None:
    page.get_by_label(f"Pay invoice {number},").check()


def test_a_choice_survives_pages_filters_and_the_way_back(many: Served) -> None:
    page = luis(many)
    expect(page.locator("#go")).to_be_disabled()
    tick(page, "N059")
    expect(page.locator("#sum")).to_have_text("$10.59")
    page.get_by_role("button", name="Older").click()
    expect(page.get_by_label("Pay invoice N000,")).to_be_visible()
    expect(page.locator("#chosen")).to_have_text("1 invoice chosen")
    tick(page, "N000")
    expect(page.locator("#sum")).to_have_text("$20.59")
    page.get_by_role("link", name="N001", exact=True).click()
    expect(page.get_by_role("heading", name="Invoice N001 for Ridge Supply")).to_be_visible()
    page.go_back()
    expect(page.locator("#chosen")).to_have_text("2 invoices chosen")
    expect(page.get_by_label("Pay invoice N000,")).to_be_checked()
    page.get_by_role("searchbox").fill("N059")
    page.get_by_role("searchbox").press("Enter")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.get_by_label("Pay invoice N059,")).to_be_checked()
    page.get_by_label("Pay invoice N059,").focus()
    page.keyboard.press("Space")
    expect(page.locator("#sum")).to_have_text("$10.00")
    page.keyboard.press("Space")
    page.get_by_role("button", name="Pay 2 together").click()
    expect(page.locator("#total")).to_have_text("$20.59")


def test_a_choice_survives_without_scripts(many: Served) -> None:
    page = luis(many, scripts=False, width=360)
    tick(page, "N059")
    page.get_by_role("button", name="Older").click()
    expect(page.locator("#chosen")).to_have_text("1 invoice chosen")
    expect(page.locator("#sum")).to_have_text("$10.59")
    tick(page, "N000")
    page.get_by_role("button", name="Open", exact=True).click()
    expect(page.locator("#chosen")).to_have_text("2 invoices chosen")
    page.get_by_role("link", name="Choose none").click()
    expect(page.locator("#chosen")).to_have_text("Choose what to pay")
    page.go_back()
    page.get_by_role("button", name="Pay 2 together").click()
    expect(page.get_by_label("Invoice N000")).to_have_value("10.00")
    expect(page.get_by_label("Invoice N059")).to_have_value("10.59")
