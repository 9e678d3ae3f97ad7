"""A fresh stand-in of Stripe for each test, and for those that want it a shop and a browser in front of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import stripe
from playwright.sync_api import Browser, Page
from shop import Shop

from tests.chromium import chromium
from tests.stripe_standin import Running, running


@pytest.fixture
def standin() -> Iterator[Running]:
    with running() as one:
        yield one


@pytest.fixture
def client(standin: Running) -> stripe.StripeClient:
    return standin.client()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def shop(standin: Running) -> Iterator[Shop]:
    shop = Shop(standin)
    yield shop
    shop.stop()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A phone-sized page that fails the test for anything the policy blocks or any script error."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(10_000)
    trouble: list[str] = []
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("console", lambda m: trouble.append(m.text) if "Content Security Policy" in m.text else None)
    yield page
    context.close()
    assert trouble == []
