"""A way to pay that costs something, in a real browser: the total is read before it is charged and follows the card."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from connector.store.session import Database
from sandbox.world import World
from tests.portal.one_engine import database_url  # noqa: F401  # a fixture
from tests.portal.served import lent_browser  # noqa: F401  # a fixture
from tests.portal.test_by_method import Asking
from tests.portal.test_credit_in_browser import Desk
from tests.portal.test_weight import WATCH

pytestmark = pytest.mark.browser
ELEMENT = 'iframe[title="Secure payment input frame"]'


@pytest.fixture
def desk(db: Database, world: World, browser: Browser) -> Iterator[Desk]:
    desk = Desk(Asking(db, world), browser)
    yield desk
    desk.close()


def enter(page: Page, number: str) -> None:
    card = page.frame_locator(ELEMENT)
    card.get_by_role("button", name="Card").click()
    card.get_by_label("Card number").fill(number)
    card.get_by_label("Expiration date").fill("12 / 30")
    card.get_by_label("Security code").fill("123")
    card.get_by_label("ZIP code").fill("97205")


def test_the_total_follows_the_card_and_only_a_second_press_charges_it(desk: Desk) -> None:
    office = desk.office
    assert isinstance(office, Asking)
    invoice, later = office.invoices(62000, 10000)
    office.save(card_surcharge="3", bank_discount="1", **office.items())
    page = desk.page(f"/c/harbor/pay?i={invoice}")
    press, cost = page.locator("#press-text"), page.locator("#method-cost")
    expect(press).to_have_text("Pay $613.80")  # bank accounts come first, and are known to cost less
    expect(cost).to_contain_text("Discount for paying from a bank account")
    enter(page, "4242424242424242")
    expect(press).to_have_text("Pay $620.00")
    page.locator("#press:enabled").press("Enter")
    expect(page.locator("#said")).to_contain_text("Paying by credit card costs 3% more, $18.60: $638.60 in all.")
    expect(press).to_have_text("Pay $638.60")
    expect(cost).to_contain_text("Card surcharge, 3%")
    assert office.payments() == []
    enter(page, "4000056655665556")  # a debit card instead, whatever the page has noticed of it
    page.locator("#press:enabled").press("Enter")
    expect(page.locator("#said")).to_contain_text("Paying this way costs nothing more: $620.00 in all.")
    expect(press).to_have_text("Pay $620.00")
    enter(page, "4242424242424242")
    page.locator("#press:enabled").press("Enter")
    expect(press).to_have_text("Pay $638.60")
    page.get_by_label("Keep this card or bank account").check()
    page.locator("#press:enabled").press("Enter")
    expect(page.locator("h1")).to_have_text("$638.60")
    expect(page.locator("#story")).to_contain_text("Card surcharge in it")
    [payment] = office.payments()
    assert (payment.amount_minor, payment.surcharge_minor) == (63860, 1860)
    office.till.later(3)
    office.till.settle(payment.id)
    page.goto(f"{desk.base}/c/harbor/pay?i={later}")
    expect(press).to_have_text("Pay $103.00")  # what a kept card costs is known at once, and one press pays it
    page.locator("#press:enabled").press("Enter")
    expect(page.locator("h1")).to_have_text("$103.00")


@pytest.mark.parametrize("bank_discount", ["", "1"], ids=["cards-first", "bank-first"])
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_moves_while_the_form_comes(desk: Desk, width: int, bank_discount: str) -> None:
    """The place of Stripe's form is kept from the first paint on, as high as what comes first in it."""
    office = desk.office
    assert isinstance(office, Asking)
    [invoice] = office.invoices(62000)
    office.save(card_surcharge="", bank_discount=bank_discount, **office.items())
    page = desk.page(f"/c/harbor/pay?i={invoice}", width=width)
    page.locator("#press:enabled").wait_for()
    page.evaluate(WATCH)
    page.wait_for_load_state("networkidle", timeout=30_000)
    form = page.locator("#method").bounding_box()
    kept = page.evaluate("parseFloat(getComputedStyle(document.getElementById('method')).minHeight)")
    assert form is not None
    assert form["height"] <= kept
    assert page.evaluate("window.shifted") < 0.01
