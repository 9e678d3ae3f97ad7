"""Languages in a real browser: figures as they are typed there, scripts that say what the page says, longer words."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.portal.one_engine import database_url  # noqa: F401  # a fixture
from tests.portal.served import PAYERS, PORTAL, Served, lent_browser, served_site  # noqa: F401  # fixtures

pytestmark = pytest.mark.browser


def test_several_are_chosen_with_german_figures(served: Served) -> None:
    page = served.open(served.dana(width=390), f"{PORTAL}/?lang=de")
    expect(page.locator("#go")).to_have_text("Bezahlen")
    page.locator("#i-59").check()
    expect(page.locator("#sum")).to_have_text("640,00 $")
    expect(page.locator("#chosen")).to_have_text("1 Rechnung gewählt")
    page.locator("#i-68").check()
    amount = page.get_by_label("Zahlbetrag für Rechnung 1068")
    amount.fill("1.00")  # plain, and nothing else in German
    expect(page.locator("#sum")).to_have_text("641,00 $")
    amount.fill("1.000")
    expect(page.locator("#go")).to_be_disabled()
    amount.fill("100,5")
    expect(page.locator("#sum")).to_have_text("740,50 $")
    expect(page.locator("#chosen")).to_have_text("2 Rechnungen gewählt")
    expect(page.locator("#go")).to_have_text("2 zusammen bezahlen")
    page.locator("#go").click()
    expect(page.locator("#total")).to_have_text("740,50 $")
    expect(page.get_by_label("Rechnung 1068")).to_have_value("100,50")


def test_the_language_is_switched_without_scripts_and_the_page_stays(served: Served) -> None:
    page = served.open(served.dana(scripts=False), f"{PORTAL}/invoices?show=overdue")
    page.get_by_role("link", name="Français").click()
    expect(page.locator("h1")).to_have_text("Factures")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Retour").click()
    expect(page.get_by_role("button", name="Payer")).to_be_visible()


@pytest.mark.parametrize("language", ["de", "es"])
def test_longer_words_fit_a_narrow_screen(served: Served, language: str) -> None:
    page = served.open(served.dana(width=320), f"{PORTAL}/sign-in?lang={language}")
    for path in [*PAYERS, "/statement", "/account"]:
        page.goto(served.base + PORTAL + path)
        assert page.evaluate("document.documentElement.lang").startswith(language)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
