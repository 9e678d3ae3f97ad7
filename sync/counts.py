"""Running numbers of a company: receipts, and the order in which payers press Pay.

Writes in the caller's transaction and locks the number until its commit, so that two writers of one company come one
after the other on every database. Law: a number that was committed is never given again.
"""

from __future__ import annotations

from sqlmodel import Session, col, select, update

from connector.store.companies import CountRow
from connector.store.upsert import insert_ignoring


def next_count(session: Session, company_id: str, name: str, *, first: int = 1) -> int:
    """Return the next number of a name, beginning with `first`."""
    fresh = CountRow(company_id=company_id, name=name, value=first - 1)
    insert_ignoring(session, CountRow.__table__, [fresh.model_dump()])  # type: ignore[attr-defined]
    mine = update(CountRow).where(col(CountRow.company_id) == company_id, col(CountRow.name) == name)
    session.exec(mine.values(value=CountRow.value + 1))
    return session.exec(select(CountRow.value).where(CountRow.company_id == company_id, CountRow.name == name)).one()
