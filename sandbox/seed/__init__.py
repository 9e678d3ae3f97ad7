"""Seeds the QuickBooks stand-in: two years of Harbor Tile Co., a tile merchant and installer in Portland, Oregon.

Everything goes through the rules of the books, at its own instant, in order of time. Law: the same seed and the same
day give the same books; nothing is drawn from the machine.
"""

from __future__ import annotations

import gc
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from sandbox.qbo.standin import QuickBooksStandin
from sandbox.qbo.times import PACIFIC
from sandbox.seed.history import History
from sandbox.seed.papers import add_papers
from sandbox.seed.people import add_customers, add_items, add_vendors

DAYS = 730
BANK = "First Harbor Bank"


def seed(
    standin: QuickBooksStandin,
    *,
    seed: int = 1,
    customers: int = 40,
    invoices: int = 250,
    now: datetime | None = None,
) -> str:
    """Found the company and write its history up to `now`; returns the realm id.

    `customers` counts sub-customers and the inactive one; `invoices` counts every invoice, voided ones too.
    """
    draw = random.Random(f"harbor tile {seed}")
    today = (now or standin.clock.now()).astimezone(PACIFIC)
    start = (today - timedelta(days=DAYS)).replace(hour=8, minute=0, second=0, microsecond=0)
    with standin.quietly(), _undisturbed():
        with standin.clock.at(start.timestamp()):
            realm = standin.found(seed, bank=BANK)
            books = standin.books(realm)
            if books is None:
                raise AssertionError("a founded company has books")
            add_items(books)
            add_vendors(books)
            buyers = add_customers(books, draw, customers)
        if buyers:
            History(standin, books, draw, buyers=buyers, start=start, today=today).write(invoices)
            add_papers(standin, books, random.Random(f"papers {seed}"), buyers, today)
        standin.commit()
    return realm


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Hold the garbage collector off: hundreds of thousands of lasting objects would be walked again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
