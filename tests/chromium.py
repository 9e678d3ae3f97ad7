"""The one browser of the suite: where it is, how it is started, and that a process starts it once.

A start costs seconds. Law: whoever borrowed the browser leaves no page open in it; it ends with the process.
"""

from __future__ import annotations

import atexit
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from playwright.sync_api import Browser, Error, Playwright, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
# No call home: the machines that run this may have no way out, and should not look for one.
QUIET = ("--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync")

_running: dict[int, tuple[Playwright, Browser]] = {}  # by process: a forked child has none


@contextmanager
def chromium() -> Iterator[Browser]:
    """Lend headless Chromium: the one `dev.py` found, else one of this machine, else playwright's own."""
    browser = _browser()
    before = set(browser.contexts)
    try:
        yield browser
    finally:
        for context in set(browser.contexts) - before:
            context.close()


def _browser() -> Browser:
    me = os.getpid()
    if me in _running and _running[me][1].is_connected():
        return _running[me][1]
    driver = _running[me][0] if me in _running else sync_playwright().start()
    found = os.environ.get("CHROMIUM") or next((path for path in map(shutil.which, NAMES) if path), None)
    if me not in _running:
        atexit.register(_end, me)
    _running[me] = driver, driver.chromium.launch(executable_path=found, args=list(QUIET))
    return _running[me][1]


def _end(of: int) -> None:
    if of == os.getpid():
        driver, browser = _running.pop(of)
        with suppress(Error):  # its process may be gone already
            browser.close()
        driver.stop()
