"""A payer of a company by consent: Stripe's script works on the company's account with the platform's key."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from portal.access.links import make_invoice_link
from portal.app import create_app
from sandbox.host import Host
from sandbox.world import World
from sync.settle import settle_payment
from tests.browser.test_pay_on_a_phone import fill_card
from tests.house import House
from tests.joined import CEDAR
from tests.portal.one_engine import database_url  # noqa: F401  # a fixture

pytestmark = pytest.mark.browser


@pytest.fixture
def hosted(world: World, database_url: str) -> Iterator[House]:  # noqa: F811
    apps: list[Flask] = []
    door = Host(lambda environ, start: apps[0](environ, start))
    house = House(world, database_url, public_url=door.url, customers=2, invoices=8, by_consent=True)
    apps.append(create_app(house.rt))
    door.start()
    yield house
    door.stop()
    house.close()


def test_a_card_is_charged_on_the_companys_own_account(phone: Page, hosted: House) -> None:
    invoice = hosted.open_invoices(hosted.customer("Blue Mesa Ranch"))[0]
    link = make_invoice_link(hosted.rt, hosted.company_id, invoice.qbo_id)
    assert link is not None
    phone.goto(link)
    phone.get_by_role("link", name=re.compile("^Pay ")).click()
    form = phone.locator("#pay")
    stripe = hosted.world.stripe
    assert form.get_attribute("data-account") == CEDAR
    assert form.get_attribute("data-key") == stripe.publishable_key
    assert stripe.secret_key not in phone.content()
    phone.wait_for_load_state("networkidle")  # both of Stripe’s frames have what they draw
    fill_card(phone, "4242424242424242")
    phone.locator("#press:enabled").press("Enter")
    phone.wait_for_url(re.compile("/p/"))
    expect(phone.locator("main")).to_contain_text(re.compile("paid|received|under way", re.IGNORECASE))
    hosted.world.advance(3)
    payment_id = phone.url.rsplit("/", 1)[1].partition("?")[0]
    assert settle_payment(hosted.rt, payment_id) == "succeeded"
    charge: dict[str, Any]
    [charge] = hosted.charges()
    assert charge["amount"] == invoice.balance_minor
    assert stripe.control("state", {"kind": "charges"})["charges"] == [], "none on the platform"
