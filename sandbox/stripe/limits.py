"""How many requests may come: in a second of the stand-in's clock, to one endpoint, and to change one intent.

The numbers are switches; nought means no limit. Law: a limit is looked at before the idempotency key, as the real one
is, so that a refused request leaves nothing behind.
"""

from __future__ import annotations

from collections import deque

from sandbox.clock import SandboxClock
from sandbox.stripe.switches import Switches
from sandbox.stripe.troubles import rate_limited

_HOUR = 3600.0


class Limits:
    """What came lately, by account. Callers hold the lock of the stand-in."""

    def __init__(self, clock: SandboxClock, switches: Switches) -> None:
        self._clock, self._switches = clock, switches
        self._came: dict[str, deque[float]] = {}

    def admit(self, account: str, operation: str, ids: list[str]) -> None:
        """Count a request. Raises ApiError 429 when it is one too many, with the reason that Stripe's header names."""
        self._count(account, "requests_per_second", 1.0, "global-rate")
        self._count(f"{account} {operation}", "endpoint_requests_per_second", 1.0, "endpoint-rate")
        if operation == "payment_intents.update":
            self._count(f"{account} {ids[0]}", "intent_updates_per_hour", _HOUR, "resource-specific")

    def _count(self, what: str, switch: str, span: float, reason: str) -> None:
        most = self._switches[switch]
        if not most:
            return
        now = self._clock.seconds()
        came = self._came.setdefault(what, deque())
        while came and came[0] <= now - span:
            came.popleft()
        if len(came) >= most:
            raise rate_limited(reason)
        came.append(now)
