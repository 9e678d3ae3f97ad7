"""A payer whose browser prefers German: the same journey, understood at every step, and a receipt to match."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from connector.ledger.money import Money
from connector.words import figure, speaking
from tests.browser.conftest import PHONE
from tests.browser.test_pay_on_a_phone import fill_card, open_link
from tests.crash.plant import Plant
from tests.german import english_among

pytestmark = pytest.mark.browser


@pytest.fixture
def telefon(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport=PHONE, locale="de-DE", has_touch=True, reduced_motion="reduce")  # type: ignore[arg-type]
    page = context.new_page()
    page.set_default_timeout(15_000)
    yield page
    context.close()


def test_pay_part_of_an_invoice_by_card_in_german(telefon: Page, plant: Plant) -> None:
    invoice = open_link(telefon, plant, "Blue Mesa Ranch")
    with speaking("de_DE"):
        amount = figure(Money(invoice.balance_minor, "USD"))
    telefon.get_by_role("link", name=f"{amount}\N{NO-BREAK SPACE}$ bezahlen").click()
    frame = fill_card(telefon, "4000000000000002")

    field = telefon.locator("#amount-1")
    expect(field).to_have_value(amount)
    field.fill("zehn")
    expect(telefon.locator("#wrong-1")).to_have_text(f"Geben Sie einen Betrag ein, zum Beispiel {amount}.")
    field.fill("1.000.000,00")
    expect(telefon.locator("#wrong-1")).to_contain_text("sind noch")
    field.fill("12,34")
    expect(telefon.locator("#press-text")).to_have_text("12,34 $ bezahlen")

    telefon.locator("#press:enabled").press("Enter")
    expect(telefon.locator("#said h3")).to_have_text("Die Zahlung wurde nicht ausgeführt")
    expect(telefon.locator("#said p")).to_contain_text("Es wurde nichts abgebucht.")
    frame.locator("[name=number]").fill("")
    frame.locator("[name=number]").press_sequentially("4242424242424242")
    telefon.locator("#press:enabled").press("Enter")
    telefon.wait_for_url(re.compile("/p/"))
    story = telefon.locator("#story")
    expect(story).to_contain_text("12,34 $")
    expect(story).to_contain_text(re.compile(r"In den Büchern von .* verbucht um \d\d:\d\d Uhr"), timeout=40_000)
    assert english_among(line for line in story.inner_text().splitlines() if line.strip()) == []
