"""The portal and the console served to real browsers, with the cast on the stage and visitors who are let in.

Law: a page that writes an error or a warning to a browser's console fails the test that opened it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page
from werkzeug.serving import make_server

from connector.store.log import LogRow
from connector.store.session import Database
from portal.access import sessions
from portal.app import create_app
from portal.security import cookie_name
from sync.runtime import Runtime
from tests import cast
from tests.chromium import chromium

PORTAL = "/c/harbor-tile"
PAYERS = ["/i/68", "/i/59", "/i/52", "/i/74", "/i/76", "/pay?i=68", "/p/pay-debit", "/p/pay-part", "/r/pay-part",
          "/i/68/ask", "/i/68/ask?about=dispute", "/i/68/ask?about=check_sent", "/i/68/talk/talk-1",
          "/sign-in", "/", "/invoices", "/payments", "/customers", "/no-such-page",
          "/documents", "/e/e-1", "/e/e-2", "/contact",
          "/account", "/account/methods", "/people", "/account/password", "/register", "/sign-in/password",
          "/join"]  # fmt: skip
CONSOLE = ["/", "/needs?open=need-1", "/talk", "/talk/talk-1", "/customers", "/customers/24", "/invoices",
           "/invoices/68", "/payments", "/payments/pay-part", "/payouts", "/log?open=log-0", "/tie-out",
           "/proposals", "/settings/brand", "/settings/address",
           "/connections", "/settings", "/settings/sign-in",
           "/settings/paying", "/mail", "/mail/sent/mail-1"]  # fmt: skip


@pytest.fixture(name="browser", scope="module")
def lent_browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


class Served:
    """The application on a port of this machine, and browsers that are let in."""

    def __init__(self, app: Flask, rt: Runtime, base: str, browser: Browser) -> None:
        self.app, self.rt, self.base, self.browser = app, rt, base, browser
        self.trouble: list[str] = []

    def visitor(
        self,
        door: str,
        audience: str,
        who: dict[str, str],
        *,
        scripts: bool = True,
        width: int = 1440,
        dark: bool = False,
    ) -> BrowserContext:
        with self.app.app_context(), self.rt.db.write("cast") as session:
            token = sessions.start(session, audience, **who)
        context = self.browser.new_context(
            viewport={"width": width, "height": 900},
            java_script_enabled=scripts,
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
        )
        name = cookie_name(self.rt.settings, door)
        context.add_cookies([{"name": name, "value": token, "url": self.base}])
        context.on("console", lambda message: self._note(message.type, message.text))
        context.on("weberror", lambda error: self._note("error", str(error.error)))
        return context

    def dana(self, **how: bool | int) -> BrowserContext:
        who = {"company_id": cast.HARBOR, "contact_id": cast.DANA}
        return self.visitor(sessions.payer_door("harbor-tile"), sessions.CUSTOMER, who, **how)  # type: ignore[arg-type]

    def omar(self, **how: bool | int) -> BrowserContext:
        who = {"company_id": cast.HARBOR, "staff_id": cast.OMAR}
        return self.visitor(sessions.STAFF_DOOR, sessions.STAFF, who, **how)  # type: ignore[arg-type]

    def open(self, context: BrowserContext, path: str) -> Page:
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.goto(self.base + path)
        return page

    def _note(self, kind: str, text: str) -> None:
        expected = "Failed to load resource" in text  # a page that does not exist; Stripe's script, out of reach here
        if kind in ("error", "warning") and not expected:
            self.trouble.append(text)


@pytest.fixture(name="served")
def served_site(db: Database, browser: Browser) -> Iterator[Served]:
    cast.stage(db)
    cast.put(db, cast.discrepancy("need-1"), *cast.thread("talk-1", "68", kind="dispute", disputed_minor=12000))
    cast.put(
        db, *cast.estimate("e-1", "1012"), *cast.estimate("e-2", "1009", status="Rejected"), cast.credit("c-9", "7")
    )
    cast.put(db, *cast.attached("file-68", "Invoice", "68"), cast.proposal("proposal-9", {"phone": "(503) 555-0177"}))
    lines = [
        LogRow(id=f"log-{n}", company_id=cast.HARBOR, at=cast.NOW, kind="push", state="recorded", sentence=f"Line {n}")
        for n in range(4)
    ]
    cast.put(db, *lines, cast.mail("mail-1", "dana@bluemesa.test", customer_id=cast.BLUE_MESA, invoice_id="68"))
    rt = cast.runtime_of(db, settings={"stripe_js_url": "http://127.0.0.1:9/stripe.js"})
    app = create_app(rt)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    site = Served(app, rt, f"http://127.0.0.1:{server.server_port}", browser)
    yield site
    server.shutdown()
    thread.join()
    assert site.trouble == []
