"""Photographs every page in every state, for a person to look at: phone and desktop, light and dark, and in German.

`python3 dev.py pictures --every` puts them into `var/gallery`, with sheets of twelve that are quick to look through.
The pages are those of the language tests, where a new page without a row fails, and the console's.
"""

from __future__ import annotations

import re
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page
from werkzeug.serving import make_server

from connector.store.session import Database
from portal.access import sessions
from portal.app import create_app
from tests import cast
from tests import gallery_post as post
from tests.chromium import chromium
from tests.portal import test_languages as languages
from tests.portal.served import CONSOLE, PORTAL, Served

LOOKS = (
    # device, width, dark, language
    ("phone", 390, False, "en-US"),
    ("phone", 390, True, "en-US"),
    ("desktop", 1280, False, "en-US"),
    ("desktop", 1280, True, "en-US"),
    ("phone", 390, False, "de-DE"),
)
# How many on a sheet, how many side by side, and the width and height of each, by device.
SHEETS = {"phone": (12, 6, 330, 620), "desktop": (6, 3, 660, 560)}


@contextmanager
def the_stage(browser: Browser) -> Iterator[Served]:
    """Serve the portal with the whole cast, payments and threads in every state."""
    with tempfile.TemporaryDirectory(prefix="tieout-gallery-") as folder:
        db = Database(f"sqlite:///{folder}/tieout.db")
        db.create_all()
        cast.stage(db)
        rt = cast.runtime_of(db, settings={"stripe_js_url": "http://127.0.0.1:9/stripe.js"})
        languages.put_every_state(rt)
        cast.put(db, cast.discrepancy("need-1"), *cast.thread("talk-1", "68", kind="dispute", disputed_minor=12000))
        app = create_app(rt)
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield Served(app, rt, f"http://127.0.0.1:{server.server_port}", browser)
        finally:
            server.shutdown()
            thread.join()
            db.close()


def photograph_all(folder: Path) -> int:
    """Photograph everything into a folder; returns how many pictures it made."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.png"):  # of pages that are called otherwise by now
        old.unlink()
    made = 0
    with chromium() as browser, the_stage(browser) as site:
        for device, width, dark, language in LOOKS:
            look = f"{device}-{'dark' if dark else 'light'}" + ("" if language == "en-US" else f"-{language[:2]}")
            payer = _payer(site, width, dark, language)
            made += _walk(site, payer, [PORTAL + path for path in languages.ALL_PAGES], folder, f"portal-{look}")
            scheme: Literal["dark", "light"] = "dark" if dark else "light"
            nobody = site.browser.new_context(
                viewport={"width": width, "height": 900}, color_scheme=scheme, locale=language
            )
            doors = [PORTAL + path for path in languages.STRANGERS_PAGES]
            made += _walk(site, nobody, doors, folder, f"doors-{look}")
            if language == "en-US":
                owner = site.omar(width=width, dark=dark)
                made += _walk(site, owner, ["/staff" + path for path in CONSOLE], folder, f"console-{look}")
        made += _post(site, folder)
    return made


def _post(site: Served, folder: Path) -> int:
    """Photograph mails and papers."""
    made = 0
    for look in post.LOOKS:
        context = site.browser.new_context()
        made += _lay_out(post.mails(site.rt, context, folder, look), folder, f"mail-{look.name}")
        context.close()
    return made + _lay_out(post.papers(site.rt, folder), folder, "paper-desktop")


def _payer(site: Served, width: int, dark: bool, language: str) -> BrowserContext:
    who = {"company_id": cast.HARBOR, "contact_id": cast.LUIS, "customer_id": cast.BLUE_MESA}
    context = site.visitor(sessions.payer_door("harbor-tile"), sessions.CUSTOMER, who, width=width, dark=dark)
    context.set_extra_http_headers({"Accept-Language": language})
    return context


def _walk(site: Served, context: BrowserContext, paths: Sequence[str], folder: Path, look: str) -> int:
    page, taken = context.new_page(), []
    for number, path in enumerate(paths):
        answer = page.goto(site.base + path)
        if answer is not None and answer.status == 404 and not path.endswith("/no/such/page"):
            continue  # a page of something that is not on the stage; one page of nothing is enough
        name = re.sub(r"[^a-z0-9]+", "-", path.rpartition("harbor-tile")[2].lower()).strip("-") or "home"
        file = folder / f"{look}-{number:02}-{name}.png"
        lay_down_bars(page)
        page.screenshot(path=file, full_page=True)
        taken.append(file)
    context.close()
    return _lay_out(taken, folder, look)


def lay_down_bars(page: Page) -> None:
    """Let what floats at the foot of a screen stand in its place: it covers a part of a whole picture."""
    for bar in page.locator(".bar").all():
        bar.evaluate("bar => { bar.style.position = 'static'; }")


def _lay_out(taken: Sequence[Path], folder: Path, look: str) -> int:
    """Lay pictures out on sheets, and return how many they are."""
    at_once, *grid = SHEETS["phone" if "phone" in look else "desktop"]
    for start in range(0, len(taken), at_once):
        _sheet(taken[start : start + at_once], *grid).save(folder / f"sheet-{look}-{start // at_once + 1}.png")
    return len(taken)


def _sheet(files: Sequence[Path], across: int, wide: int, high: int) -> Image.Image:
    """Lay pictures out side by side, each as wide as its tile and cut at its foot."""
    down = -(-len(files) // across)
    sheet = Image.new("RGB", (across * wide, down * high), "#888888")
    for place, file in enumerate(files):
        with Image.open(file) as picture:
            small = picture.convert("RGB")
            small = small.resize((wide - 10, max(1, small.height * (wide - 10) // small.width)))
            small = small.crop((0, 0, wide - 10, min(small.height, high - 10)))
            sheet.paste(small, (place % across * wide, place // across * high))
    return sheet
