"""Carries webhook bodies to their receiver, in the background and outside every lock.

Knows nothing of signatures or retries: the stand-in gives final bytes and headers and is told how it went. Only
loopback receivers are accepted, so that a stand-in can never send to a real address.
"""

from __future__ import annotations

import ipaddress
import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests

Outcome = Callable[[int | None], None]  # the HTTP status, or None when nothing answered in time


@dataclass(frozen=True)
class Parcel:
    """One delivery: where, what, and whom to tell."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    outcome: Outcome
    timeout: float = 3.0


def refuse_unless_loopback(url: str) -> None:
    """Raise ValueError unless the URL names this machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return
    try:
        if ipaddress.ip_address(host).is_loopback:
            return
    except ValueError:
        pass
    raise ValueError(f"webhooks of the sandbox go to loopback only, not to {host or url!r}")


class Courier:
    """A few threads that post parcels in the order given (`threads=1` keeps that order on the wire)."""

    def __init__(self, threads: int = 2) -> None:
        self._parcels: queue.Queue[Parcel | None] = queue.Queue()
        self._threads = threads
        for _ in range(threads):
            threading.Thread(target=self._carry, daemon=True).start()

    def send(self, parcel: Parcel) -> None:
        """Queue a parcel; returns at once."""
        refuse_unless_loopback(parcel.url)
        self._parcels.put(parcel)

    def close(self) -> None:
        """Let the threads end after what is queued, so that a stopped world can be forgotten."""
        for _ in range(self._threads):
            self._parcels.put(None)

    @property
    def waiting(self) -> int:
        """How many parcels are queued or under way."""
        return self._parcels.unfinished_tasks

    def _carry(self) -> None:
        with requests.Session() as session:
            session.trust_env = False
            while True:
                parcel = self._parcels.get()
                try:
                    if parcel is None:
                        return
                    parcel.outcome(_post(session, parcel))
                finally:
                    self._parcels.task_done()


def _post(session: requests.Session, parcel: Parcel) -> int | None:
    try:
        answer = session.post(
            parcel.url, data=parcel.body, headers=dict(parcel.headers), timeout=parcel.timeout, allow_redirects=False
        )
    except requests.RequestException:
        return None
    return answer.status_code
