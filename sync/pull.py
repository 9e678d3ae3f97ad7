"""Pulling a company from QuickBooks: everything at first, changes afterwards, and a few objects at the moment of need.

The doors of the pull; the work is in `sync.engine`. Law: one pull of a company at a time, by a lease; what went wrong
stands at the feed's cursor until a pull succeeds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from connector.errors import GatewayError, NotConnected, Unauthorised
from connector.qbo.shapes import RawObject
from oauth import connections
from sync import engine
from sync.engine import Progress, Pull
from sync.entities import BY_NAME
from sync.lease import alone
from sync.pulling import cursors, fetching, landing, tellings
from sync.runtime import Runtime

LEASE_SECONDS = 600.0  # longer than a page may take with all its retries
_REFUSED = "QuickBooks does not accept our connection to this company any more. Connect it again."


@dataclass(frozen=True)
class PullResult:
    """What a pull came to: rows written and objects deleted by entity; `is_busy` where another worker pulls."""

    is_busy: bool = False
    is_first: bool = False
    written: dict[str, int] = field(default_factory=dict)
    deleted: dict[str, int] = field(default_factory=dict)


def pull_company(rt: Runtime, company_id: str, progress: Callable[[Progress], None] | None = None) -> PullResult:
    """Pull a company: its first load from wherever that stands, or what changed since.

    Raises NotConnected when a person must reconnect, GatewayError when QuickBooks cannot be asked; what was committed
    stays, and the next pull goes on from there.
    """
    with alone(rt, f"pull/{company_id}", seconds=LEASE_SECONDS) as lease:
        if lease is None:
            return PullResult(is_busy=True)
        gateway = rt.gateways.quickbooks(company_id)
        pull = Pull(rt, company_id, gateway, lease, progress or _say_nothing)
        with _told(rt, company_id):
            engine.run(pull)
        return PullResult(False, pull.is_first, dict(+pull.written), dict(+pull.deleted))


def refresh_objects(rt: Runtime, company_id: str, entity: str, ids: Sequence[str]) -> list[RawObject]:
    """Read objects live, bring the cache up to them, and return those that exist, in the order asked.

    Raises NotConnected and GatewayError; the cache is then as it was.
    """
    kind = BY_NAME[entity]
    gateway = rt.gateways.quickbooks(company_id)
    wanted = list(dict.fromkeys(ids))
    with _told(rt, company_id):
        found = {one.qbo_id: one for one in fetching.fetch_by_ids(gateway, entity, wanted)}
    with rt.db.write("refresh") as session:
        landed = landing.land(session, rt, company_id, kind, [one.body for one in found.values()])
        tellings.tell(session, rt, company_id, landed)
        gone = landing.bury(session, company_id, kind, [qbo_id for qbo_id in wanted if qbo_id not in found])
        tellings.tell_deleted(session, rt, company_id, kind, gone)
    return [found[qbo_id] for qbo_id in wanted if qbo_id in found]


@contextmanager
def _told(rt: Runtime, company_id: str) -> Iterator[None]:
    """Let people know what keeps a pull from working, and that a connection is gone."""
    try:
        yield
    except Unauthorised:
        connections.say_lost(rt, company_id, connections.QUICKBOOKS, _REFUSED)
        raise NotConnected(company_id, connections.QUICKBOOKS) from None
    except GatewayError as error:
        _note(rt, company_id, str(error))
        raise


def _note(rt: Runtime, company_id: str, problem: str) -> None:
    with rt.db.write("pull_problem") as session:
        cursors.note(session, company_id, problem)


def _say_nothing(progress: Progress) -> None:
    del progress
