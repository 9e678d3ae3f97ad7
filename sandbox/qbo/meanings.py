"""Faults of meaning by name: what the books are made to say, whatever they would have said.

Knows no request. The names are those of fault programmes. Law: what is asked for here is only what the Accounting API
can carry out itself, so that a rule meant for the network or for webhooks is never used up by a call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sandbox.faults import Fault
from sandbox.qbo import refusals
from sandbox.qbo.refusals import Refusal

MEANINGS: dict[str, Callable[[], Refusal]] = {
    "stale_5010": refusals.stale,
    "closed_6210": refusals.closed,
    "inactive_610": refusals.inactive,
    "deleted_2500": lambda: refusals.bad_reference("CustomerRef", "Names", "0"),
    "lapsed_6190": refusals.lapsed,
    "deposited_6540": refusals.deposited,
    "no_rights_120": refusals.no_rights,
    "throttled": refusals.throttled,
    "xml_throttle": lambda: refusals.throttled(xml=True),
    "system_10000": refusals.broken,
    "fault_200": lambda: refusals.broken(status=200),
    "token_401": lambda: refusals.unauthenticated("Token expired: eyJl***"),
}
# What is no refusal: the memory of requestids, rows not seen yet, a bell that rings first, hours of maintenance.
OTHERS = frozenset({"forget_requestid", "ignore_requestid", "query_lag", "before_response", "maintenance"})
OF_THE_API = frozenset(MEANINGS) | OTHERS
OF_TOKENS = frozenset(MEANINGS) | {"invalid_grant", "rotate_no_grace", "lose_refresh_reply"}


def mean(faults: Iterable[Fault]) -> None:
    """Refuse as the first fault that names a refusal says."""
    for fault in faults:
        if fault.name in MEANINGS:
            raise MEANINGS[fault.name]()


def argument_of(faults: Iterable[Fault], name: str, usual: float) -> float | None:
    """Return the number a fault brings, the usual one where it brings none, None where it is not due."""
    return next((float(fault.argument or usual) for fault in faults if fault.name == name), None)
