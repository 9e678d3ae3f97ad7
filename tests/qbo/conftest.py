"""A gateway on a server whose every byte a test chooses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from connector.clock import Clock
from connector.qbo.gateway import QuickBooksGateway
from connector.qbo.throttle import MemoryThrottle
from tests.qbo.raw_server import Answer, RawServer, serving


class QuickClock(Clock):
    """Real time whose sleep passes at once and is kept."""

    def __init__(self) -> None:
        super().__init__()
        self.naps: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)

    def monotonic(self) -> float:
        return super().monotonic() + sum(self.naps)


@contextmanager
def gateway_on(answers: Sequence[Answer]) -> Iterator[tuple[QuickBooksGateway, RawServer, list[bool]]]:
    """Give a gateway, the server behind it, and what its bearer was asked: False, or True for a newer token."""
    asked: list[bool] = []

    def bearer(refresh: bool) -> str:
        asked.append(refresh)
        return f"token-{sum(asked)}"

    clock = QuickClock()
    with serving(answers) as server:
        gateway = QuickBooksGateway(
            realm_id="9341", api_base=server.url, bearer=bearer, clock=clock, throttle=MemoryThrottle(clock)
        )
        yield gateway, server, asked
