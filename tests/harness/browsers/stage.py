"""The stage: one installation of real processes, one Chromium, and an invoice of its own for each story.

Law: a story gets fresh browser contexts and an invoice that nobody paid; a script error or a breach of the content
policy ends it.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from playwright.sync_api import BrowserContext

from connector.store.cache import InvoiceRow
from connector.store.session import Database
from tests.chromium import chromium
from tests.crash.plant import Plant
from tests.harness.browsers.stories import Story

CUSTOMERS, INVOICES = 20, 120  # of which about a seventh is open
PATIENCE_MS = 15_000


class Stage:
    """Use it as a context: leaving it ends everything."""

    def __init__(self, folder: Path, *, invoices: int = INVOICES) -> None:
        self._folder, self._invoices = folder, invoices
        self._stack = ExitStack()

    def __enter__(self) -> Stage:
        address = f"sqlite:///{self._folder / 'tieout.db'}"
        database = Database(address)
        database.create_all()
        database.close()
        self.plant = Plant(self._folder, address, customers=CUSTOMERS, invoices=self._invoices)
        self._stack.callback(self.plant.close)
        self.plant.start_web()
        self.plant.start_worker()
        self.plant.start_scheduler()
        self._browser = self._stack.enter_context(chromium())
        self._open = self.plant.all_open_invoices()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    def play(self, story: Story) -> InvoiceRow:
        """Play a story on the next open invoice and return it; fails where the story does not end with one charge."""
        invoice, trouble = self._open.pop(), list[str]()
        with ExitStack() as contexts:

            def fresh() -> BrowserContext:
                context = self._browser.new_context(reduced_motion="reduce")
                context.set_default_timeout(PATIENCE_MS)
                context.on("weberror", lambda error: trouble.append(str(error.error)))
                context.on("console", lambda m: trouble.append(m.text) if "Content Security Policy" in m.text else None)
                contexts.callback(context.close)
                return context

            story(fresh, self.plant, invoice)
        assert trouble == [], f"{story.__name__}: {trouble}"
        return invoice
