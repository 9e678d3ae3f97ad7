"""A drill for one database: real processes that read and then write the same row, through the product's own sessions.

This is what a storm seldom shows: with SQLite's own deferred BEGIN a reader that becomes a writer is refused at once,
however long it would have waited. Law: every turn is counted in the row, or it is told why not.
"""

from __future__ import annotations

import multiprocessing
from contextlib import nullcontext
from datetime import UTC, datetime

from sqlalchemy.exc import OperationalError
from sqlmodel import select

from connector.store.companies import LeaseRow
from connector.store.session import Database
from tests.harness import bugs

ROW = "drill"


def drill(url: str, *, bug: str = "", hands: int = 4, turns: int = 40) -> tuple[int, int]:
    """Let some processes take turns; returns how many turns stand in the row, and how many were refused.

    The tables must be there; `bug` names one of tests/harness/bugs.py, or none.
    """
    database = Database(url)
    with database.write("drill") as session:
        session.add(LeaseRow(name=ROW, owner="", until=datetime.now(UTC), fence=0))
    database.close()
    context = multiprocessing.get_context("fork")  # each makes a database of its own after the fork
    with context.Pool(hands) as pool:
        refused = sum(pool.starmap(_take_turns, [(url, bug, turns)] * hands))
    database = Database(url)
    with database.read() as session:
        counted = session.exec(select(LeaseRow.fence).where(LeaseRow.name == ROW)).one()
    database.close()
    return counted, refused


def _take_turns(url: str, bug: str, turns: int) -> int:
    with bugs.planted(bug) if bug else nullcontext():
        database, refused = Database(url), 0
        for _ in range(turns):
            try:
                with database.write("drill") as session:
                    row = session.exec(select(LeaseRow).where(LeaseRow.name == ROW)).one()
                    row.fence += 1
            except OperationalError:
                refused += 1
        database.close()
    return refused
