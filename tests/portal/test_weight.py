"""How heavy a payer's first page is, and that nothing on it moves while it loads; measured in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Response

from portal.access import links
from tests import cast
from tests.portal.one_engine import database_url  # noqa: F401  # a fixture
from tests.portal.served import PORTAL, Served, lent_browser, served_site  # noqa: F401  # two are fixtures

pytestmark = pytest.mark.browser

FIRST_PAGE = 60_000  # bytes of everything that the first page loads, as they come over the line without compression
WATCH = """
window.shifted = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.shifted += entry.value;
}).observe({type: "layout-shift", buffered: true});
"""


@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_behind_a_link_is_light_and_stands_still(served: Served, width: int) -> None:
    context = served.browser.new_context(viewport={"width": width, "height": 800})
    context.add_init_script(WATCH)
    page = context.new_page()
    came: list[Response] = []
    page.on("response", lambda one: came.append(one))
    url = links.make_invoice_link(served.rt, cast.HARBOR, "68")
    assert url is not None
    page.goto(served.base + url.removeprefix(cast.PUBLIC_URL), wait_until="networkidle")
    weights = {one.url.removeprefix(served.base): len(one.body()) for one in came if one.status == 200}
    assert any(name.endswith("/i/68") for name in weights)
    assert sum(weights.values()) < FIRST_PAGE, weights
    page.mouse.wheel(0, 2000)
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.shifted") == 0


@pytest.mark.parametrize("path", ["/", "/invoices", "/statement", "/p/pay-debit"])
def test_nothing_moves_on_the_other_pages_either(served: Served, path: str) -> None:
    context = served.dana(width=390)
    context.add_init_script(WATCH)
    page = served.open(context, PORTAL + path)
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.shifted") == 0
