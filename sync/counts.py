"""Running numbers of a company: receipts, and the order in which payers press Pay.

Writes in the caller's transaction and locks the number until its commit, so that two writers of one company come one
after the other on every database. Law: a number that was committed is never given again.
"""

from __future__ import annotations

from sqlalchemy import bindparam
from sqlalchemy import select as pick
from sqlmodel import Session, col, update

from connector.store.companies import CountRow
from connector.store.prepared import Prepared
from connector.store.upsert import insert_ignoring

_MINE = (col(CountRow.company_id) == bindparam("company"), col(CountRow.name) == bindparam("counted"))
_RAISE = Prepared(update(CountRow).where(*_MINE).values(value=CountRow.value + 1))
_VALUE = Prepared(pick(col(CountRow.value)).where(*_MINE))


def next_count(session: Session, company_id: str, name: str, *, first: int = 1) -> int:
    """Return the next number of a name, beginning with `first`."""
    if not _RAISE.change(session, company=company_id, counted=name):
        fresh = {"company_id": company_id, "name": name, "value": first - 1}
        insert_ignoring(session, CountRow.__table__, [fresh])  # type: ignore[attr-defined]
        _RAISE.change(session, company=company_id, counted=name)
    [value] = _VALUE.first(session, company=company_id, counted=name)
    return int(value)
