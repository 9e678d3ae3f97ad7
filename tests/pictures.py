"""Makes the pictures of docs/pictures from the demo itself: `python3 dev.py pictures`, again whenever the look changed.

Plays a few days at Harbor Tile Co. with real processes on free ports, then photographs the pages that people use, on a
phone and on a desktop, in light and dark. Not a test: nothing is judged here, a person looks at what it made.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from playwright.sync_api import Browser, Page

from sandbox.demo import arrival, screen
from sandbox.demo.crew import Crew
from sandbox.demo.payer import BANK, CARD, Payer
from sandbox.demo.ports import Ports
from sandbox.demo.stage import Stage
from tests.chromium import chromium
from tests.gallery import lay_down_bars, photograph_all

ROOT = Path(__file__).resolve().parents[1]
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1440, "height": 900}
ELEMENT = 'iframe[title="Secure payment input frame"]'
WALLETS = 'iframe[title="Secure express checkout frame"]'


@contextmanager
def a_stage() -> Iterator[Stage]:
    """Bring the demo up in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="tieout-pictures-") as folder, Crew(Path(folder) / "log") as crew:
        stage = Stage(Path(folder), Ports.free(), crew, sweep_seconds=0.5)
        stage.open(arrival.COMPANY_ADD)
        stage.start_web()
        stage.wait_until_ready()
        arrival.register_webhooks(stage)
        arrival.arrive(stage, show=False)
        stage.start_scheduler()
        yield stage


def some_days(stage: Stage) -> None:
    """Let customers pay, a debit travel, a payout arrive, and one payment meet a closed month."""
    payer = Payer(stage)
    home = payer.sign_in()
    ids = [one["id"] for one in arrival.open_invoices(stage)]
    payer.pay(payer.choose(home, ids[-1:]), BANK)
    customers = _customers_with_open_invoices(stage)
    for number in customers[:4]:
        _pay_by_link(stage, number)
    for _ in range(5):
        stage.control("clock/advance", {"days": 1})
        stage.control("settle", {"timeout": 10})
        stage.wait_for("a moment", _moment(2.0))
    _fault(stage, {"match": {"service": "quickbooks", "operation": "payment.create"}, "do": "closed_6210"})
    _pay_by_link(stage, customers[4])
    stage.wait_for("a moment", _moment(4.0))
    for number in customers[5:7]:
        _pay_by_link(stage, number)
    stage.wait_for("a moment", _moment(5.0))
    stage.run("prove", "--company", arrival.SLUG)


def _moment(seconds: float) -> Callable[[], bool]:
    import time

    end = time.monotonic() + seconds
    return lambda: time.monotonic() > end


def _customers_with_open_invoices(stage: Stage) -> list[str]:
    import json

    rows = json.loads(stage.tieout("invoices", "--company", arrival.SLUG, "--json"))
    seen: dict[str, str] = {}
    for row in rows:
        if row["customer"] != arrival.CUSTOMER:
            seen.setdefault(row["customer"], str(row["number"]))
    return list(seen.values())


def _link(stage: Stage, number: str) -> str:
    return stage.tieout("link", number, "--company", arrival.SLUG)


def _pay_by_link(stage: Stage, number: str) -> None:
    payer = Payer(stage)
    page = payer.browser.open(_link(stage, number))
    base, _, invoice = page.url.partition("/i/")
    payer.pay(payer.browser.open(f"{base}/pay?i={invoice}"), CARD)


def _fault(stage: Stage, rule: dict[str, object]) -> None:
    url = f"{stage.standins['control_url']}/faults"
    headers = {"Authorization": f"Bearer {stage.standins['control_token']}"}
    requests.put(url, headers=headers, json=[rule], timeout=10).raise_for_status()


class Camera:
    """Photographs one page after another in one look."""

    def __init__(self, browser: Browser, folder: Path, size: dict[str, int], scheme: str, name: str) -> None:
        self.folder, self.name = folder, name
        self.context = browser.new_context(
            viewport=size,  # type: ignore[arg-type]
            color_scheme=scheme,  # type: ignore[arg-type]
            device_scale_factor=2 if size is PHONE else 1.5,
            reduced_motion="reduce",
        )
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(20_000)

    def take(self, what: str, *, whole: bool = False) -> None:
        self.page.wait_for_load_state("networkidle")
        if whole:
            lay_down_bars(self.page)
        self.page.screenshot(path=self.folder / f"{what}-{self.name}.png", full_page=whole)

    def close(self) -> None:
        self.context.close()


def of_the_payer(camera: Camera, stage: Stage) -> None:
    """Photograph a payer's way: invoice, paying, the status, the receipt; then the signed-in home."""
    page = camera.page
    invoice = arrival.open_invoices(stage)[0]
    page.goto(_link(stage, str(invoice["number"])))
    camera.take("invoice", whole=True)
    page.get_by_role("link", name=re.compile("^Pay ")).first.click()
    page.locator("#press:enabled").wait_for()  # the form has loaded
    frame = page.frame_locator(ELEMENT)
    frame.locator("[name=number]").press_sequentially("4242424242424242")
    frame.locator("[name=expiry]").press_sequentially("1230")
    frame.locator("[name=cvc]").fill("123")
    frame.locator("[name=postalCode]").fill("97201")
    page.locator("#wallets").scroll_into_view_if_needed()  # a frame that was never in sight is not drawn
    page.frame_locator(WALLETS).get_by_role("button").first.hover()
    camera.take("pay", whole=True)
    page.locator("#press").click()
    page.wait_for_url(re.compile("/p/"))
    page.get_by_text(re.compile("Recorded in")).first.wait_for(timeout=40_000)
    camera.take("paid", whole=True)
    page.get_by_role("link", name=re.compile("receipt", re.IGNORECASE)).first.click()
    camera.take("receipt", whole=True)


def of_the_home(camera: Camera, stage: Stage) -> None:
    """Photograph the signed-in payer's pages."""
    page = camera.page
    seen = max((mail["number"] for mail in stage.mails()), default=0)
    page.goto(f"{stage.web_url}/c/{arrival.SLUG}/sign-in")
    page.get_by_label(re.compile("mail", re.IGNORECASE)).fill("ap@bluemesa.example")
    camera.take("sign-in")
    page.get_by_role("button").first.click()
    mail = stage.wait_for("the mail", lambda: [m for m in stage.mails(after=seen) if "Sign in" in m["subject"]])[0]
    found = re.search(r"https?://\S+/sign-in/\S+", mail["text"])
    assert found is not None
    page.goto(found.group())
    page.get_by_role("button").first.click()
    page.wait_for_url(re.compile(rf"/c/{arrival.SLUG}/?$"))
    camera.take("home", whole=True)
    page.get_by_role("link", name="Statement").click()
    camera.take("statement", whole=True)
    pdf = page.request.get(page.get_by_role("link", name="Download PDF").evaluate("link => link.href"))
    (camera.folder / "statement.pdf").write_bytes(pdf.body())


def of_the_staff(camera: Camera, stage: Stage) -> None:
    """Photograph the console."""
    page = camera.page
    page.goto(arrival.owner_link(stage))
    page.get_by_role("button").first.click()
    page.wait_for_load_state()
    for what, path in STAFF:
        page.goto(f"{stage.web_url}/staff/{path}")
        camera.take(what)
    page.goto(f"{stage.web_url}/staff/log?state=held")
    held = page.locator("tbody tr a, [data-panel]").first
    if held.count():
        held.click()
    camera.take("sync-log-held")


STAFF = (
    ("console-home", ""),
    ("needs-a-person", "needs"),
    ("sync-log", "log"),
    ("tie-out", "tie-out"),
    ("payments", "payments"),
    ("payouts", "payouts"),
    ("customers", "customers"),
    ("invoices", "invoices"),
    ("connections", "connections"),
    ("settings", "settings"),
)


def of_the_standins(camera: Camera, stage: Stage) -> None:
    """Photograph the stand-ins and the mailbox."""
    page = camera.page
    for what, url in (
        ("standin-quickbooks", stage.standins["quickbooks"]["api_base"]),
        ("standin-stripe", stage.standins["stripe"]["api_base"]),
        ("mailbox", stage.mailbox_url),
    ):
        page.goto(url)
        camera.take(what)


def main() -> int:
    """Make the pictures."""
    folder = ROOT / "var" / "pictures"
    parser = argparse.ArgumentParser(prog="python3 dev.py pictures", description=__doc__)
    parser.add_argument("--folder", type=Path, default=folder, help="where to (default var/pictures)")
    parser.add_argument("--only", default="", help="payer, home, staff or standins")
    parser.add_argument("--every", action="store_true", help="every page in every state instead, into var/gallery")
    options = parser.parse_args()
    if options.every:
        gallery = ROOT / "var" / "gallery"
        screen.say(f"{photograph_all(gallery)} pictures are in {gallery}")
        return 0
    options.folder.mkdir(parents=True, exist_ok=True)
    with screen.step("The demo is up"):
        stage_context = a_stage()
        stage = stage_context.__enter__()
    try:
        with screen.step("Some days have passed"):
            some_days(stage)
        with chromium() as browser:
            _photograph(browser, stage, options.folder, options.only)
    finally:
        stage_context.__exit__(None, None, None)
    screen.say(f"The pictures are in {options.folder}")
    return 0


def _photograph(browser: Browser, stage: Stage, folder: Path, only: str) -> None:
    subjects = {"payer": of_the_payer, "home": of_the_home, "staff": of_the_staff, "standins": of_the_standins}
    for scheme in ("light", "dark"):
        for size, device in ((PHONE, "phone"), (DESKTOP, "desktop")):
            for name, of_them in subjects.items():
                if only not in ("", name):
                    continue
                with screen.step(f"{name}, {device}, {scheme}"):
                    camera = Camera(browser, folder, size, scheme, f"{device}-{scheme}")
                    try:
                        of_them(camera, stage)
                    finally:
                        camera.close()


if __name__ == "__main__":
    sys.exit(main())
