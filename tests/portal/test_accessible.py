"""Every page in every state before axe (WCAG 2.2 AA and its own good practice) in light and dark, and as strict HTML.

The pages are those of the language tests, where a new page without a row fails, and the console's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import axe_playwright_python
import html5lib
import pytest
from playwright.sync_api import BrowserContext, Page

from portal.access import sessions
from tests import cast
from tests.portal import test_languages as languages
from tests.portal.conftest import Opener
from tests.portal.one_engine import database_url  # noqa: F401  # a fixture
from tests.portal.served import CONSOLE, PORTAL, Served, lent_browser, served_site  # noqa: F401  # two are fixtures

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ASK = "rules => axe.run({runOnly: rules, resultTypes: ['violations']}).then(found => found.violations)"
_DESK, _PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 900}


@lru_cache(maxsize=1)
def _axe() -> str:
    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


def faults_of(page: Page) -> list[str]:
    """Return what axe finds on a page, a line for each rule that it breaks."""
    page.evaluate(_axe())
    found: list[dict[str, Any]] = page.evaluate(ASK, RULES)
    return [f"{one['id']}: {one['help']}: {[node['target'] for node in one['nodes']][:3]}" for one in found]


def faults_on(site: Served, context: BrowserContext, paths: Iterable[str]) -> dict[str, list[str]]:
    """Return what axe finds on pages, on a light desktop and then on a dark phone, as when a window is made small."""
    page = context.new_page()
    faults = {}
    for path in paths:
        page.emulate_media(color_scheme="light")
        page.set_viewport_size(_DESK)
        page.goto(site.base + path)
        faults[path] = faults_of(page)
        page.emulate_media(color_scheme="dark")
        page.set_viewport_size(_PHONE)
        page.wait_for_function("innerWidth === 390 && matchMedia('(prefers-color-scheme: dark)').matches")
        faults[f"{path} on a dark phone"] = faults_of(page)
    return {path: found for path, found in faults.items() if found}


@pytest.mark.browser
@pytest.mark.timeout(300)
def test_axe_finds_nothing_on_a_payers_pages(served: Served) -> None:
    languages.put_every_state(served.rt)
    who = {"company_id": cast.HARBOR, "contact_id": cast.LUIS, "customer_id": cast.BLUE_MESA}
    luis = served.visitor(sessions.payer_door("harbor-tile"), sessions.CUSTOMER, who)
    assert faults_on(served, luis, [PORTAL + path for path in languages.ALL_PAGES]) == {}
    nobody = served.browser.new_context()
    assert faults_on(served, nobody, [PORTAL + path for path in languages.STRANGERS_PAGES]) == {}


@pytest.mark.browser
def test_axe_finds_nothing_on_the_console(served: Served) -> None:
    pages = ["/staff" + path for path in (*CONSOLE, "/invoices/71", "/log", "/needs", "/customers/no-such")]
    assert faults_on(served, served.omar(), pages) == {}


@pytest.mark.browser
def test_axe_sees_what_is_wrong(served: Served) -> None:
    """Without this the tests above could pass because nothing was looked at, or only in one of the two schemes."""
    page = served.open(served.dana(), f"{PORTAL}/i/68")
    page.evaluate("document.querySelector('main').append(document.createElement('img'))")
    assert any(fault.startswith("image-alt") for fault in faults_of(page))
    pale = (
        "@media (prefers-color-scheme: dark) { main, main * { color: #444 !important; background: #222 !important } }"
    )
    context = served.dana()
    context.route("**/portal.css*", lambda route: route.fulfill(body=pale, content_type="text/css"))
    found = faults_on(served, context, [f"{PORTAL}/i/68"])
    assert [path for path, faults in found.items() if any(one.startswith("color-contrast") for one in faults)] == [
        f"{PORTAL}/i/68 on a dark phone"
    ]


@pytest.mark.parametrize("path", [*languages.ALL_PAGES, *languages.STRANGERS_PAGES])
def test_a_payers_page_is_strict_html(signed_in: Opener, rt: Any, path: str) -> None:
    languages.put_every_state(rt)
    luis = signed_in(cast.LUIS, customer_id=cast.BLUE_MESA)
    assert wrong_with(luis.get(PORTAL + path).get_data(as_text=True)) == []


@pytest.mark.parametrize("path", CONSOLE)
def test_the_console_is_strict_html(at_desk: Opener, rt: Any, path: str) -> None:
    cast.put(rt.db, cast.discrepancy("need-1"), *cast.thread("talk-1", "68", kind="dispute", disputed_minor=12000))
    cast.put(rt.db, cast.mail("mail-1", "dana@bluemesa.test", customer_id=cast.BLUE_MESA, invoice_id="68"))
    assert wrong_with(at_desk(cast.OMAR).get("/staff" + path).get_data(as_text=True)) == []


def wrong_with(html: str) -> list[str]:
    """Return what the HTML standard's parser has to repair, ids that stand twice, and references to none."""
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    tree = parser.parse(html)
    found = [f"line {line}: {code} {data}" for (line, _), code, data in parser.errors]
    ids = Counter(element.get("id") for element in tree.iter() if element.get("id"))
    found += [f"#{name} stands {times} times" for name, times in ids.items() if times > 1]
    for element in tree.iter():
        for attribute in ("for", "aria-labelledby", "aria-describedby", "aria-controls", "form", "list"):
            missing = [name for name in (element.get(attribute) or "").split() if name not in ids]
            found += [f"{attribute}={name} leads nowhere" for name in missing]
    return found


def test_a_page_with_something_wrong_is_told() -> None:
    html = "<!doctype html><title>x</title><main id=a><p id=a><div></p></main><label for=b>x</label>"
    assert len(wrong_with(html)) >= 3
