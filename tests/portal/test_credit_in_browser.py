"""The pay page with open credits in a real browser: the total follows each tick, and credit alone asks for no card."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from connector.store.session import Database
from portal.access import sessions
from portal.app import create_app
from portal.security import cookie_name
from sandbox.world import World
from tests.portal.one_engine import database_url  # noqa: F401  # a fixture
from tests.portal.served import lent_browser  # noqa: F401  # a fixture
from tests.portal.test_pay_with_credit import Office

pytestmark = pytest.mark.browser


class Desk:
    """The office's portal on a port of this machine, and Dana's browser."""

    def __init__(self, office: Office, browser: Browser) -> None:
        self.office, self.browser = office, browser
        self.server = make_server("127.0.0.1", 0, lambda *call: self.office.app(*call), threaded=True)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.base = f"http://localhost:{self.server.server_port}"
        settings = office.rt.settings.model_copy(update={"public_url": self.base})
        office.rt = dataclasses.replace(office.rt, settings=settings)
        office.app = create_app(office.rt)
        self.thread.start()

    def page(self, path: str, **how: bool | int) -> Page:
        name = cookie_name(self.office.rt.settings, sessions.payer_door("harbor"))
        cookie = self.office.dana().get_cookie(name)
        assert cookie is not None
        size = {"width": int(how.get("width", 390)), "height": 844}
        scheme = "dark" if how.get("dark") else "light"
        context = self.browser.new_context(viewport=size, color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        context.add_cookies([{"name": name, "value": cookie.value, "url": self.base}])
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.goto(self.base + path)
        return page

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()


@pytest.fixture
def desk(db: Database, world: World, browser: Browser) -> Iterator[Desk]:
    desk = Desk(Office(db, world), browser)
    yield desk
    desk.close()


def test_a_tick_changes_the_total_and_all_of_it_by_credit_asks_for_no_card(desk: Desk) -> None:
    [invoice] = desk.office.invoices(6000)
    desk.office.memo(5000, "CM-1026")
    desk.office.memo(5000, "CM-1027")
    page = desk.page(f"/c/harbor/pay?i={invoice}")
    press = page.locator("#press-text")
    expect(press).to_have_text("Pay $60.00")
    page.get_by_label("Use Credit CM-1026").check()
    expect(press).to_have_text("Pay $10.00")
    expect(page.locator("#total")).to_have_text("$10.00")
    expect(page.locator("[data-credit] .basket-rest").first).to_have_text("$50.00 used, $0.00 stays")
    page.get_by_label("Use Credit CM-1027").check()
    expect(press).to_have_text("Pay with credit")
    expect(page.locator("#method")).to_be_hidden()
    page.locator("#press:enabled").press("Enter")
    expect(page.locator("h1")).to_have_text("$60.00")
    expect(page.locator("#story")).to_contain_text("Your open credit has paid invoice 1068")
    [payment] = desk.office.payments()
    assert payment.amount_minor == 0
