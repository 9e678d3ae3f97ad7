"""Fetches from QuickBooks what the engine asks for: pages ahead of their landing, single objects by id, poisoned pages.

Calls the gateway and writes nothing. Laws: pages come in their order; a page that QuickBooks cannot give because of one
broken row is halved until that row alone is missing, and the missing one is told.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Generic, TypeVar

from connector.clock import Clock
from connector.errors import NotFound, Rejected
from connector.qbo.gateway import PAGE_SIZE, QuickBooksGateway
from connector.qbo.language import one_of
from connector.qbo.shapes import Buffer, RawObject

MOST_AHEAD = 8  # pages asked for at once; QuickBooks takes ten requests a second
IDS_AT_ONCE = 100
_POISONED = "4002"


T = TypeVar("T")


@dataclass
class Rows(Generic[T]):
    """Rows of a list from a position on, and the positions of those that QuickBooks itself fails to give."""

    start: int
    rows: list[T] = field(default_factory=list)
    poisoned: list[int] = field(default_factory=list)
    reason: str = ""

    @property
    def is_last(self) -> bool:
        """Tell whether the list ended in this page."""
        return len(self.rows) + len(self.poisoned) < PAGE_SIZE


Fetched = Rows[Buffer]


def fetch_page(gateway: QuickBooksGateway, entity: str, start: int, *, where: str = "") -> Fetched:
    """Fetch a page; around a row that spoils it (4002), fetch the rest."""

    def ask(start: int, size: int) -> Sequence[Buffer]:
        return gateway.page(entity, start=start, size=size, where=where).texts

    fetched: Fetched = Rows(start)
    _fill(fetched, ask, start, PAGE_SIZE)
    return fetched


def _fill(into: Rows[T], ask: Callable[[int, int], Sequence[T]], start: int, size: int) -> None:
    try:
        into.rows += ask(start, size)
    except Rejected as error:
        if error.code != _POISONED:
            raise
        if size == 1:
            into.poisoned.append(start)
            into.reason = error.message
            return
        half = size // 2
        _fill(into, ask, start, half)
        _fill(into, ask, start + half, size - half)


def pages(
    gateway: QuickBooksGateway, clock: Clock, entity: str, *, start: int, expected: int | None
) -> Iterator[Fetched]:
    """Give the pages from a position on, some fetched ahead; without an expected count one after the other.

    One page is fetched while another is written. Where we wait longer for a page than the last one took to be written,
    more are asked for at once, so that only QuickBooks' limits bound the load; where all lie ready, fewer are, so that
    memory holds none it need not.
    What was added after the count came has changed since then, so the change feed brings it.
    """
    if expected is None:
        yield from _until_short(gateway, entity, start)
        return
    starts = iter(range(start, expected + 1, PAGE_SIZE))
    ahead: deque[Future[Fetched]] = deque()
    wanted, writing = 1, 0.0
    with ThreadPoolExecutor(MOST_AHEAD, thread_name_prefix="pull") as pool:

        def ask_ahead() -> None:
            for position in islice(starts, max(wanted - len(ahead), 0)):
                ahead.append(pool.submit(fetch_page, gateway, entity, position))

        try:
            ask_ahead()
            while ahead:
                all_lie_ready = ahead[-1].done()
                page = ahead.popleft()
                ask_ahead()
                asked_at = clock.monotonic()
                fetched = page.result()
                given_at = clock.monotonic()
                if all_lie_ready:
                    wanted = max(wanted - 1, 1)
                elif given_at - asked_at > writing:
                    wanted = min(wanted + 1, MOST_AHEAD)
                yield fetched
                writing = clock.monotonic() - given_at
        finally:
            for page in ahead:
                page.cancel()


def _until_short(gateway: QuickBooksGateway, entity: str, start: int, where: str = "") -> Iterator[Fetched]:
    while True:
        fetched = fetch_page(gateway, entity, start, where=where)
        yield fetched
        if fetched.is_last:
            return
        start += PAGE_SIZE


def changed_pages(gateway: QuickBooksGateway, entity: str, since: str) -> Iterator[Fetched]:
    """Give what changed since a time by pages, where the change feed has a cap."""
    return _until_short(gateway, entity, 1, where=f"MetaData.LastUpdatedTime >= '{since}'")


def fetch_ids(gateway: QuickBooksGateway, entity: str) -> set[str]:
    """Return all ids of an entity, but those of rows that spoil their page."""
    found: set[str] = set()
    start = 1
    while True:
        page: Rows[str] = Rows(start)
        _fill(page, lambda start, size: gateway.ids(entity, start=start, size=size), start, PAGE_SIZE)
        found.update(page.rows)
        if page.is_last:
            return found
        start += PAGE_SIZE


def fetch_by_ids(gateway: QuickBooksGateway, entity: str, ids: Sequence[str]) -> list[RawObject]:
    """Return the objects of these ids that exist now, in one call for many; what is missing is gone."""
    found: list[RawObject] = []
    for n in range(0, len(ids), IDS_AT_ONCE):
        part = ids[n : n + IDS_AT_ONCE]
        try:
            found += gateway.page(entity, start=1, where=f"Id IN {one_of(part)}").objects
        except Rejected as error:
            if error.code != _POISONED:
                raise
            found += [one for qbo_id in part if (one := _read(gateway, entity, qbo_id)) is not None]
    return found


def _read(gateway: QuickBooksGateway, entity: str, qbo_id: str) -> RawObject | None:
    try:
        return gateway.read(entity, qbo_id)
    except NotFound:
        return None
