"""Leases: who may do something alone for a while, such as push to one company's QuickBooks.

A row in the database, so that it holds between processes and machines and ends by itself when its holder died. Law: at
most one holder of a name at any instant of the product's clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Table, bindparam
from sqlmodel import col, update

from connector.store.companies import LeaseRow
from connector.store.prepared import Prepared
from connector.store.upsert import insert_ignoring
from sync.runtime import Runtime

_LEASES: Table = LeaseRow.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
# Every job takes one and gives it back: these stand ready.
_TAKE = Prepared(
    update(LeaseRow)
    .where(col(LeaseRow.name) == bindparam("wanted"), col(LeaseRow.until) <= bindparam("now"))
    .values(owner=bindparam("by"), until=bindparam("end"), fence=LeaseRow.fence + 1)
)
_HOLD_UNTIL = Prepared(
    update(LeaseRow)
    .where(col(LeaseRow.name) == bindparam("held"), col(LeaseRow.owner) == bindparam("by"))
    .values(owner=bindparam("then"), until=bindparam("end"))
)


@dataclass
class Lease:
    """A lease that is held until an instant."""

    name: str
    owner: str
    seconds: float
    until: datetime

    def keep(self, rt: Runtime) -> bool:
        """Hold on for another term once half of this one is over; returns False when the lease was lost meanwhile."""
        now = rt.clock.now()
        if self.until - now > timedelta(seconds=self.seconds / 2):
            return True
        with rt.db.write("lease_renew") as session:
            self.until = now + timedelta(seconds=self.seconds)
            return bool(_HOLD_UNTIL.change(session, held=self.name, by=self.owner, then=self.owner, end=self.until))


@contextmanager
def alone(rt: Runtime, name: str, *, seconds: float) -> Iterator[Lease | None]:
    """Hold a lease for a block, and give None where another holds it."""
    lease = _take(rt, name, seconds)
    try:
        yield lease
    finally:
        if lease:
            _give_back(rt, lease)


def _take(rt: Runtime, name: str, seconds: float) -> Lease | None:
    with rt.db.write("lease") as session:
        now = rt.clock.now()
        lease = Lease(name, rt.clock.new_id(), seconds, now + timedelta(seconds=seconds))
        if _TAKE.change(session, wanted=name, now=now, by=lease.owner, end=lease.until):
            return lease
        row = {"name": name, "owner": lease.owner, "until": lease.until, "fence": 1}
        return lease if insert_ignoring(session, _LEASES, [row]) else None


def _give_back(rt: Runtime, lease: Lease) -> None:
    with rt.db.write("lease_end") as session:
        _HOLD_UNTIL.change(session, held=lease.name, by=lease.owner, then="", end=rt.clock.now())
