"""What the Payment Element tells its page and does for it, on the keyboard too, and on a connected account's page."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import FrameLocator, Page, expect
from shop import Shop

pytestmark = pytest.mark.browser

ELEMENT = 'iframe[title="Secure payment input frame"]'


def opened(page: Page, shop: Shop) -> FrameLocator:
    page.goto(shop.url)
    page.evaluate(
        """() => {
          for (const name of ["blur", "escape", "carddetailschange"])
            element.on(name, (event) => window.events.push({name, ...event}));
          element.once("change", (event) => window.events.push({name: "once", ...event}));
        }"""
    )
    frame = page.frame_locator(ELEMENT)
    frame.locator(".panel:visible").wait_for()
    return frame


def events(page: Page, name: str) -> list[dict[str, Any]]:
    page.wait_for_timeout(80)
    found: list[dict[str, Any]] = page.evaluate("(name) => window.events.filter((one) => one.name === name)", name)
    return found


def test_the_keyboard_leads_through_and_focus_is_told_once(page: Page, shop: Shop) -> None:
    frame = opened(page, shop)
    page.evaluate("element.focus()")
    expect(frame.locator("[name=number]")).to_be_focused()
    for name in ("expiry", "cvc", "country", "postalCode"):
        page.keyboard.press("Tab")
        expect(frame.locator(f"[name={name}]")).to_be_focused()
    assert len(events(page, "focus")) == 1, "moving between the fields is not worth telling"
    page.keyboard.press("Escape")
    assert events(page, "escape")[0]["elementType"] == "payment"
    page.keyboard.press("Tab")
    expect(frame.locator("input:focus")).to_have_count(0)
    assert len(events(page, "blur")) == 1, "the focus has left for the page's own button"
    frame.locator('.head[aria-expanded="true"]').focus()
    page.keyboard.press("ArrowRight")
    expect(frame.get_by_role("button", name="US bank account")).to_have_attribute("aria-expanded", "true")
    assert events(page, "change")[-1]["value"] == {"type": "us_bank_account"}


def test_an_element_is_cleared_collapsed_and_changed(page: Page, shop: Shop) -> None:
    frame = opened(page, shop)
    frame.locator("[name=number]").fill("4242424242424242")
    typed = events(page, "change")[-1]
    assert (typed["empty"], typed["value"]["billingDetails"]["address"]["country"]) == (False, "US")
    assert events(page, "carddetailschange")[-1]["details"]["brands"] == ["visa"]
    assert len(events(page, "once")) == 1
    page.evaluate("element.clear()")
    expect(frame.locator("[name=number]")).to_have_value("")
    page.evaluate("element.collapse()")
    expect(frame.locator(".panel:visible")).to_have_count(0)
    assert events(page, "change")[-1]["collapsed"] is True
    assert page.evaluate("elements.submit()")["error"]["code"] == "incomplete"
    page.evaluate("element.update({readOnly: true, defaultValues: {billingDetails: {name: 'Jo Payer'}}})")
    frame.get_by_role("button", name="US bank account").click()
    expect(frame.locator("[name=name]")).to_have_value("Jo Payer")
    expect(frame.locator("[name=name]")).to_be_disabled()
    page.evaluate("elements.update({amount: 100}).then(() => window.events.push({name: 'updated'}))")
    assert len(events(page, "updated")) == 1
    assert page.evaluate("elements.fetchUpdates()") == {}
    assert page.evaluate("elements.getElement('payment') === element")
    page.evaluate("element.destroy()")
    assert page.evaluate("elements.getElement('payment')") is None
    expect(page.locator(ELEMENT)).to_have_count(0)


def test_an_accordion_may_begin_closed(page: Page, shop: Shop) -> None:
    shop.given["element"] = {"layout": {"type": "accordion", "defaultCollapsed": True}}
    page.goto(shop.url)
    frame = page.frame_locator(ELEMENT)
    frame.get_by_role("button", name="Card").wait_for()
    expect(frame.locator(".panel:visible")).to_have_count(0)
    frame.get_by_role("button", name="Card").click()
    expect(frame.locator("#panel-card")).to_be_visible()


def test_what_cannot_load_is_told(page: Page, shop: Shop) -> None:
    shop.given["elements"]["customerSessionClientSecret"] = "cuss_secret_nothing"
    page.goto(shop.url)
    expect(page.frame_locator(ELEMENT).locator("#element-error")).to_contain_text("could not be loaded")
    [told] = page.evaluate("window.events.filter(({name}) => name === 'loaderror')")
    assert told["error"]["param"] == "customer_session_client_secret"


def test_a_page_of_a_connected_account_takes_its_payment(page: Page, shop: Shop) -> None:
    account = shop.standin.control("connect_account", name="Cedar Stone")["account"]
    made = shop.client.v1.payment_intents.create({"amount": 62000, "currency": "usd"}, {"stripe_account": account})
    shop.given |= {
        "options": {"stripeAccount": account},
        "elements": {"clientSecret": made.client_secret},
        "secret": made.client_secret,
    }
    frame = opened(page, shop)
    for name, value in (("number", "4242424242424242"), ("expiry", "1234"), ("cvc", "123"), ("postalCode", "97701")):
        frame.locator(f"[name={name}]").press_sequentially(value)
    page.click("#pay")
    expect(page.locator("#said")).to_have_text("succeeded")
    paid = shop.client.v1.payment_intents.retrieve(made.id, None, {"stripe_account": account})
    assert paid.status == "succeeded"


def test_a_removed_method_is_told(page: Page, shop: Shop) -> None:
    customer = shop.client.v1.customers.create({"name": "Blue Mesa Ranch"})
    method = shop.client.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    shop.client.v1.payment_methods.update(method.id, {"allow_redisplay": "always"})
    features: Any = {"payment_method_redisplay": "enabled", "payment_method_remove": "enabled"}
    session = shop.client.v1.customer_sessions.create(
        {"customer": customer.id, "components": {"payment_element": {"enabled": True, "features": features}}}
    )
    shop.given["elements"]["customerSessionClientSecret"] = session.client_secret
    frame = opened(page, shop)
    assert events(page, "change")[-1]["value"]["payment_method"]["id"] == method.id
    frame.get_by_role("button", name="Remove Visa •••• 4242").click()
    expect(frame.locator(".card-row")).to_have_count(0)
    [told] = events(page, "savedpaymentmethodremove")
    assert (told["success"], told["payment_method"]["id"]) == (True, method.id)
