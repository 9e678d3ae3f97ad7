"""The stories: what people do with two tabs, a double click, the back button, a reload and a slow line.

Each ends with one charge on the invoice. Law: a story presses as a person can press; whatever it does, it never asserts
what only a lucky order gives.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, Route, expect

from connector.store.cache import InvoiceRow
from tests.crash.plant import Plant
from tests.harness.browsers.till import (
    STATUS,
    booked_of,
    charges_of,
    fill_card,
    link_of,
    press,
    ready_to_pay,
    wait_for,
)

GIVEN_UP_SECONDS = 1900  # past the time for which an unfinished payment reserves its invoice
Contexts = Callable[[], BrowserContext]
Story = Callable[[Contexts, Plant, InvoiceRow], None]


def two_tabs_of_one_payer(contexts: Contexts, plant: Plant, invoice: InvoiceRow) -> None:
    """The same invoice open twice in one browser, both ready, both pressed."""
    payer = contexts()
    tabs = [payer.new_page(), payer.new_page()]
    for tab in tabs:
        ready_to_pay(tab, link_of(plant, invoice))
    for tab in tabs:
        press(tab)
    _until_paid(tabs[0], plant, invoice)


def two_payers_on_one_invoice(contexts: Contexts, plant: Plant, invoice: InvoiceRow) -> None:
    """Two people with the same link in two browsers, both ready, both pressed."""
    pages = [contexts().new_page() for _ in range(2)]
    for page in pages:
        ready_to_pay(page, link_of(plant, invoice))
    for page in pages:
        press(page)
    _until_paid(pages[0], plant, invoice)


def a_double_click(contexts: Contexts, plant: Plant, invoice: InvoiceRow) -> None:
    """Two clicks where one was meant, and Enter beside them."""
    page = contexts().new_page()
    ready_to_pay(page, link_of(plant, invoice))
    page.locator("#press").dblclick(no_wait_after=True)
    page.evaluate("document.getElementById('pay')?.requestSubmit()")
    page.wait_for_url(STATUS)
    _until_paid(page, plant, invoice)


def back_and_pay_again(contexts: Contexts, plant: Plant, invoice: InvoiceRow) -> None:
    """Paid, then the back button, then whatever the page still offers."""
    page = contexts().new_page()
    ready_to_pay(page, link_of(plant, invoice))
    press(page)
    page.wait_for_url(STATUS)
    page.go_back()
    page.wait_for_load_state()
    if page.locator("#press").count():
        fill_card(page)
        press(page)
        expect(page.locator("#said, main").first).to_contain_text(re.compile("under way|nothing left|paid", re.I))
    _until_paid(page, plant, invoice)


def a_reload_while_paying(contexts: Contexts, plant: Plant, invoice: InvoiceRow) -> None:
    """The page is loaded again between the press and its answer, and paid on the fresh page where it still may be."""
    page = contexts().new_page()
    ready_to_pay(page, link_of(plant, invoice))
    with page.expect_request(lambda sent: sent.method == "POST" and sent.url.endswith("/pay")):
        press(page)
    page.reload()
    _pay_if_offered(page, plant, invoice)
    _until_paid(page, plant, invoice)


def a_slow_line(contexts: Contexts, plant: Plant, invoice: InvoiceRow) -> None:
    """The answer to the press is lost on the way back; the payer presses again, as the page tells."""
    page = contexts().new_page()
    ready_to_pay(page, link_of(plant, invoice))
    lost: list[int] = []

    def lose(route: Route) -> None:
        if route.request.method != "POST" or lost:
            route.continue_()
            return
        lost.append(route.fetch().status)  # the portal did its part, and the answer never arrives
        route.abort("connectionreset")

    page.route(re.compile("/pay$"), lose)
    press(page)
    expect(page.locator("#said")).to_contain_text("never charged twice")
    assert lost == [200]
    press(page)
    page.wait_for_url(STATUS)
    _until_paid(page, plant, invoice)


def _pay_if_offered(page: Page, plant: Plant, invoice: InvoiceRow) -> None:
    """Pay on a fresh page. Told that a payment is under way, come back when what nobody finished is given up."""
    if charges_of(plant, invoice):
        return
    if page.locator("#press").count():
        fill_card(page)
    else:  # the press arrived before the page was loaded again
        # Either nobody will finish it, or it was just finished: the page follows that by itself, and says Paid.
        waits = page.get_by_text(re.compile("under way", re.IGNORECASE))
        wait_for(page, lambda: bool(charges_of(plant, invoice) or waits.count()))
        if charges_of(plant, invoice):
            return
        plant.world.advance(GIVEN_UP_SECONDS)
        ready_to_pay(page, link_of(plant, invoice))
    for _ in range(2):
        press(page)
        wait_for(page, lambda: bool(STATUS.search(page.url) or page.locator("#said .note").count()))
        if STATUS.search(page.url):
            return
        expect(page.locator("#said")).to_contain_text("under way")
        plant.world.advance(GIVEN_UP_SECONDS)
        ready_to_pay(page, link_of(plant, invoice))


def _until_paid(page: Page, plant: Plant, invoice: InvoiceRow) -> None:
    """Wait until the invoice stands paid in the books, then see that it was charged and booked once and in full."""
    try:
        wait_for(page, lambda: bool(booked_of(plant, invoice)))
    except AssertionError as error:
        states = [(row.state, row.intent_id, row.error_code) for row in plant.payments_of(invoice.qbo_id)]
        raise AssertionError(f"{error}; payments {states}, charged {charges_of(plant, invoice)}") from error
    page.wait_for_timeout(300)  # a second charge would come now
    assert charges_of(plant, invoice) == [invoice.balance_minor]
    assert booked_of(plant, invoice) == [invoice.balance_minor]


STORIES: tuple[Story, ...] = (
    two_tabs_of_one_payer,
    two_payers_on_one_invoice,
    a_double_click,
    back_and_pay_again,
    a_reload_while_paying,
    a_slow_line,
)
