"""A payer with a phone: opens the link, pays by card or by bank, and is told when it stands in the books."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from connector.ledger.money import Money
from connector.store.cache import InvoiceRow
from connector.words import money_text
from portal.access.links import make_invoice_link
from sync.wallets import offer_wallets
from tests.crash.plant import Plant

pytestmark = pytest.mark.browser

ELEMENT = 'iframe[title="Secure payment input frame"]'


_USED: dict[Plant, set[str]] = {}  # invoices that a journey of an installation has taken already


def open_link(page: Page, plant: Plant, customer: str) -> InvoiceRow:
    """Open the link of an open invoice of a customer's that no journey had yet, as from a mail."""
    house, used = plant.house, _USED.setdefault(plant, set())
    invoice = next(one for one in house.open_invoices(house.customer(customer)) if one.qbo_id not in used)
    used.add(invoice.qbo_id)
    link = make_invoice_link(house.rt, house.company_id, invoice.qbo_id)
    assert link is not None
    page.goto(link)
    return invoice


def fill_card(page: Page, number: str) -> FrameLocator:
    page.locator("#press:enabled").wait_for()  # the form has loaded
    frame = page.frame_locator(ELEMENT)
    frame.locator("[name=number]").press_sequentially(number)
    frame.locator("[name=expiry]").press_sequentially("1234")
    frame.locator("[name=cvc]").fill("123")
    frame.locator("[name=postalCode]").fill("97201")
    return frame


def test_pay_by_card(phone: Page, plant: Plant) -> None:
    invoice = open_link(phone, plant, "Blue Mesa Ranch")
    amount = money_text(Money(invoice.balance_minor, "USD"))
    expect(phone.locator("body")).to_contain_text(amount)
    assert "/l/" not in phone.url, "the secret is gone from the address"

    phone.get_by_role("link", name=re.compile("^Pay ")).click()
    fill_card(phone, "4242424242424242")
    phone.locator("#press:enabled").press("Enter")

    phone.wait_for_url(re.compile("/p/"))
    expect(phone.locator("main")).to_contain_text(amount)
    expect(phone.locator("main")).to_contain_text(re.compile(r"[Rr]ecorded in .*books at \d\d:\d\d"), timeout=40_000)
    booked = plant.house.ours_in_books("Payment", "PaymentRefNum")
    assert [round(body["TotalAmt"] * 100) for body in booked if body["Line"]].count(invoice.balance_minor) == 1


def test_pay_by_a_wallet_in_two_presses(phone: Page, plant: Plant) -> None:
    invoice = open_link(phone, plant, "Blue Mesa Ranch")
    amount = money_text(Money(invoice.balance_minor, "USD"))
    assert offer_wallets(plant.house.rt, plant.house.company_id)  # unless the scheduler was quicker
    phone.get_by_role("link", name=re.compile("^Pay ")).click()
    buttons = phone.frame_locator('iframe[title="Secure express checkout frame"]')
    phone.locator("#press:enabled").wait_for()
    buttons.get_by_role("button", name="Pay with Apple Pay").click()
    sheet = phone.frame_locator('iframe[title="Wallet"]')
    sheet.get_by_label("declined").check()
    sheet.get_by_role("button", name=f"Pay {amount}").click()
    expect(phone.locator("#said")).to_contain_text(re.compile("declined", re.IGNORECASE))

    buttons.get_by_role("button", name="Pay with Google Pay").click()
    sheet.get_by_role("button", name=f"Pay {amount}").click()
    phone.wait_for_url(re.compile("/p/"))
    expect(phone.locator("main")).to_contain_text(re.compile("paid|received", re.IGNORECASE))


def test_a_declined_card_and_then_another(phone: Page, plant: Plant) -> None:
    open_link(phone, plant, "Blue Mesa Ranch")
    phone.get_by_role("link", name=re.compile("^Pay ")).click()
    frame = fill_card(phone, "4000000000000002")
    phone.locator("#press:enabled").press("Enter")
    expect(phone.locator("#said")).to_contain_text(re.compile("declined", re.IGNORECASE))

    frame.locator("[name=number]").fill("")
    frame.locator("[name=number]").press_sequentially("5555555555554444")
    phone.locator("#press:enabled").press("Enter")
    phone.wait_for_url(re.compile("/p/"))
    expect(phone.locator("main")).to_contain_text(re.compile("paid|received", re.IGNORECASE))
