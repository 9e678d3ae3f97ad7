"""Passkeys in a real browser with a virtual authenticator: added, named, used, removed, and refused elsewhere."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlmodel import select
from werkzeug.serving import make_server

from connector.store.access import LinkRow, PasskeyRow
from connector.store.companies import CompanyRow
from connector.store.outbox import MailRow
from connector.store.session import Database
from portal.access import passkeys, sessions
from portal.app import create_app
from portal.security import cookie_name
from sync.addresses import home_of
from sync.runtime import Runtime
from tests import cast
from tests.german import english_in
from tests.portal.conftest import Opener, csrf_of
from tests.portal.one_engine import database_url  # noqa: F401  # a fixture
from tests.portal.served import PORTAL, lent_browser  # noqa: F401  # a fixture
from tests.portal.test_accessible import faults_of, wrong_with

ACCOUNT, SIGN_IN = f"{PORTAL}/account", f"{PORTAL}/sign-in"


@dataclass
class Site:
    """The portal at http://localhost, where browsers offer passkeys, and browsers with an authenticator inside."""

    rt: Runtime
    browser: Browser
    app: Any
    trouble: list[str] = field(default_factory=list)
    host: str | None = None  # of the company's own

    @property
    def base(self) -> str:
        return home_of(self.rt.settings, self.host)

    def context(self, contact_id: str = "", **how: Any) -> BrowserContext:
        made = self.browser.new_context(reduced_motion="reduce", **how)
        made.on("weberror", lambda error: self.trouble.append(str(error.error)))
        if contact_id:
            with self.app.app_context(), self.rt.db.write("cast") as session:
                who = {"company_id": cast.HARBOR, "contact_id": contact_id, "proof": "mail"}
                token = sessions.start(session, sessions.CUSTOMER, **who)
            name = cookie_name(self.rt.settings, sessions.payer_door("harbor-tile"))
            made.add_cookies([{"name": name, "value": token, "url": self.base}])
        return made

    def page(self, context: BrowserContext, path: str) -> Page:
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.goto(self.base + path)
        return page


@pytest.fixture
def site(db: Database, browser: Browser) -> Iterator[Site]:
    cast.stage(db)
    server = make_server("127.0.0.1", 0, lambda *_: [], threaded=True)
    rt = cast.runtime_of(db, settings={"public_url": f"http://localhost:{server.server_port}"})
    server.app = create_app(rt)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    made = Site(rt, browser, server.app)
    yield made
    server.shutdown()
    thread.join()
    assert made.trouble == []


class Authenticator:
    """A virtual authenticator inside a page, as a phone or a laptop has one."""

    def __init__(self, page: Page, *, verified: bool = True) -> None:
        self.cdp = page.context.new_cdp_session(page)
        self.cdp.send("WebAuthn.enable")
        options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
        options |= {"isUserVerified": verified, "automaticPresenceSimulation": True}
        self.id = self.cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]

    def keys(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.cdp.send("WebAuthn.getCredentials", {"authenticatorId": self.id})[
            "credentials"
        ]
        return found

    def take(self, key: dict[str, Any]) -> None:
        self.cdp.send("WebAuthn.addCredential", {"authenticatorId": self.id, "credential": key})


def add(site: Site, contact_id: str = cast.DANA, name: str = "My laptop") -> tuple[Page, dict[str, Any]]:
    """Add a passkey on the account page; return the page and what the authenticator holds."""
    page = site.page(site.context(contact_id), ACCOUNT)
    authenticator = Authenticator(page)
    page.get_by_label("What do you call this device?").fill(name)
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_text("The passkey is added.")).to_be_visible()
    expect(page.locator("#passkeys")).to_be_visible()
    [key] = authenticator.keys()
    return page, key


@pytest.mark.browser
def test_a_passkey_is_added_named_used_and_removed(site: Site) -> None:
    page, key = add(site)
    expect(page.get_by_label("Name of the passkey My laptop")).to_have_value("My laptop")
    assert key["rpId"] == "localhost"
    page.get_by_label("Name of the passkey My laptop").fill("Kitchen laptop")
    page.get_by_role("button", name="Save the name of My laptop").click()
    expect(page.get_by_label("Name of the passkey Kitchen laptop")).to_be_visible()

    other = site.page(site.context(), f"{PORTAL}/i/68")
    expect(other).to_have_url(re.compile("/sign-in$"))
    authenticator = Authenticator(other)
    authenticator.take(key)
    other.get_by_role("button", name="Use a passkey").click()
    expect(other).to_have_url(re.compile("/i/68$"))
    with site.rt.db.read() as session:
        row = session.exec(select(PasskeyRow)).one()
    assert (row.contact_id, row.name, row.uses, row.used_at) == (cast.DANA, "Kitchen laptop", 2, cast.NOW)

    page.goto(site.base + ACCOUNT)
    page.get_by_role("button", name="Remove Kitchen laptop").click()
    expect(page.get_by_label("Name of the passkey Kitchen laptop")).to_have_count(0)
    other.goto(f"{site.base}{PORTAL}/i/68")
    expect(other).to_have_url(re.compile("/sign-in$"))  # a removed passkey ends what stood open
    other.get_by_role("button", name="Use a passkey").click()
    expect(other.get_by_text("This passkey lets nobody in here.")).to_be_visible()
    with site.rt.db.read() as session:
        kinds = [mail.kind for mail in session.exec(select(MailRow))]
    assert kinds == ["access_changed"] * 2


@pytest.mark.browser
def test_a_passkey_of_a_company_s_own_host_works_there_and_nowhere_else(site: Site) -> None:
    site.host = "harbor.localhost"
    with site.rt.db.write("host") as session:
        session.get_one(CompanyRow, cast.HARBOR).host = site.host
    _, key = add(site)
    assert key["rpId"] == "harbor.localhost"
    page = site.page(site.context(), f"{PORTAL}/i/68")
    Authenticator(page).take(key)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page).to_have_url(re.compile(r"//harbor\.localhost:\d+/c/harbor-tile/i/68$"))
    site.host = None
    elsewhere = site.page(site.context(), SIGN_IN)
    Authenticator(elsewhere).take(key)
    elsewhere.get_by_role("button", name="Use a passkey").click()
    expect(elsewhere.get_by_text("No passkey was used.")).to_be_visible()


@pytest.mark.browser
def test_without_finger_face_or_code_it_lets_nobody_in(site: Site) -> None:
    _, key = add(site)
    page = site.page(site.context(), SIGN_IN)
    Authenticator(page, verified=False).take(key)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_text("No passkey was used.")).to_be_visible()


@pytest.mark.browser
def test_an_answer_counts_once_in_its_own_browser_and_at_its_own_company(site: Site) -> None:
    """What the browser would send is caught on its way and sent by others: nothing opens."""
    _, key = add(site)
    page = site.page(site.context(), SIGN_IN)
    Authenticator(page).take(key)
    page.route("**/sign-in/passkey", lambda route: route.abort())
    with page.expect_request("**/sign-in/passkey") as caught:
        page.get_by_role("button", name="Use a passkey").click()
    [text] = parse_qs(caught.value.post_data or "")["answer"]
    thief = site.app.test_client()
    host = {"base_url": site.base}

    def send(client: Any, said: str, door: str = PORTAL) -> int:
        page = client.get(f"{door}/sign-in", **host).get_data(as_text=True)
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert token is not None
        form = {"answer": said, "csrf_token": token[1]}
        return int(client.post(f"{door}/sign-in/passkey", data=form, **host).status_code)

    assert send(thief, text) == 422
    assert send(thief, text, "/c/quarry-lane") == 422
    mine = site.app.test_client()
    for cookie in page.context.cookies():
        mine.set_cookie(cookie["name"], cookie["value"], domain="localhost")
    tampered = json.loads(text)
    tampered["response"]["signature"] = tampered["response"]["signature"][:-6] + "AAAAAA"
    assert send(mine, "{}") == send(mine, "nonsense") == send(mine, json.dumps({"response": {}})) == 422
    assert send(mine, json.dumps(tampered)) == 422, "and its challenge is used up"
    assert send(mine, text) == 422


@pytest.mark.browser
def test_the_pages_with_passkeys_break_no_rule_and_speak_german(site: Site) -> None:
    add(site)
    for dark in (False, True):
        context = site.context(
            cast.DANA, viewport={"width": 360, "height": 800}, color_scheme="dark" if dark else "light"
        )
        for where, who in ((ACCOUNT, context), (SIGN_IN, site.context(viewport={"width": 360, "height": 800}))):
            page = site.page(who, where)
            assert faults_of(page) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= 360
    german = site.page(site.context(cast.DANA, locale="de-DE"), ACCOUNT)
    html = german.request.get(site.base + ACCOUNT, headers={"Accept-Language": "de"}).text()
    assert english_in(html.replace("My laptop", "")) == []
    assert wrong_with(html) == []


def test_a_passkey_is_added_only_soon_after_signing_in(rt: Runtime, signed_in: Opener) -> None:
    local = rt.settings.model_copy(update={"public_url": "http://localhost"})
    object.__setattr__(rt, "settings", local)
    dana = signed_in(cast.DANA)
    token = csrf_of(dana, ACCOUNT)

    def asked() -> int:
        return int(dana.post(f"{ACCOUNT}/passkeys/challenge", data={"csrf_token": token}).status_code)

    assert asked() == 200
    rt.clock.move(timedelta(minutes=15))  # type: ignore[attr-defined]
    assert asked() == 403
    added = dana.post(f"{ACCOUNT}/passkeys", data={"csrf_token": token, "answer": "{}"}, follow_redirects=True)
    assert "sign out and in again first" in added.get_data(as_text=True)


def test_a_challenge_is_a_row_of_its_hash_for_five_minutes(rt: Runtime, signed_in: Opener) -> None:
    local = rt.settings.model_copy(update={"public_url": "http://localhost"})
    object.__setattr__(rt, "settings", local)
    dana = signed_in(cast.DANA)
    options = dana.post(f"{SIGN_IN}/passkey/challenge", data={"csrf_token": csrf_of(dana, ACCOUNT)}).get_json()
    assert options["userVerification"] == "required"
    assert options["rpId"] == "localhost"
    assert options.get("allowCredentials", []) == [], "it names nobody"
    with rt.db.read() as session:
        link = session.exec(select(LinkRow).where(LinkRow.purpose == "passkey")).one()
    assert options["challenge"] not in str(link)
    assert link.expires_at == cast.NOW + timedelta(minutes=5)


@pytest.mark.parametrize(
    ("url", "possible"),
    [
        ("https://pay.example.com", True),
        ("http://localhost:8800", True),
        ("http://harbor.localhost", True),
        ("http://127.0.0.1:8800", False),
        ("https://203.0.113.9", False),
        ("http://pay.example.com", False),
    ],
)
def test_where_browsers_offer_passkeys(url: str, possible: bool) -> None:
    assert passkeys.are_possible(url) is possible
