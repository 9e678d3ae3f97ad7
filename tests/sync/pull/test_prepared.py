"""Prepared statements: they give and take what the same statement gives and takes when it is built anew."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Select, bindparam, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, update

from connector.store.cache import InvoiceRow
from connector.store.companies import LeaseRow
from connector.store.prepared import Prepared
from connector.store.session import Database

NOON = datetime(2026, 10, 2, 12, tzinfo=UTC)
INVOICE = Prepared(
    select(col(InvoiceRow.number), col(InvoiceRow.issued_day), col(InvoiceRow.due_day), col(InvoiceRow.total_minor))
    .where(col(InvoiceRow.company_id) == bindparam("company"), col(InvoiceRow.qbo_id) == bindparam("wanted"))
    .limit(5)
)
LEASES: Select[Any] = (
    select(col(LeaseRow.name), col(LeaseRow.until))
    .where(col(LeaseRow.until) < bindparam("before"), col(LeaseRow.owner) == "somebody")
    .order_by(col(LeaseRow.name))
)
MOVE = Prepared(
    update(LeaseRow)
    .where(col(LeaseRow.name) == bindparam("held"), col(LeaseRow.owner) == "somebody")
    .values(fence=LeaseRow.fence + bindparam("more"), until=bindparam("end"))
)
NUMBERS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
TOTALS = st.integers(-(2**62), 2**62)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(number=NUMBERS, total=TOTALS, due=st.none() | st.dates())
def test_what_was_written_is_read_back(db: Database, number: str, total: int, due: date | None) -> None:
    with db.write("test") as session:
        session.merge(_invoice(number=number, total_minor=total, due_day=due))
    wanted = (number, date(2026, 10, 2), due, total)
    for opened in (db.read, db.reading, db.asking):
        with opened() as reader:  # type: ignore[operator]
            assert INVOICE.first(reader, company="C", wanted="1") == wanted, opened
            assert INVOICE.all(reader, company="C", wanted="%s' or '1'='1") == [], "a value is never part of the text"


def test_instants_come_back_as_they_went(db: Database) -> None:
    with db.write("test") as session:
        session.add_all([_lease("one"), _lease("two", until=NOON + timedelta(microseconds=1))])
    ready, later = Prepared(LEASES), NOON + timedelta(days=1)
    with db.read() as session:
        rows = session.connection().execute(LEASES, {"before": later}).all()
        assert ready.all(session, before=later) == [tuple(row) for row in rows]
        assert ready.all(session, before=NOON) == []
    assert [row.until for row in rows] == [NOON, NOON + timedelta(microseconds=1)]


def test_a_change_sees_what_the_session_holds_and_says_how_many_rows_it_met(db: Database) -> None:
    with db.write("test") as session:
        session.add(_lease("one"))
        assert MOVE.change(session, held="one", more=3, end=NOON) == 1, "what was added is written first"
        assert MOVE.change(session, held="another", more=3, end=NOON) == 0
    with db.read() as session:
        assert session.get_one(LeaseRow, "one").fence == 4


def test_what_breaks_off_undoes_a_change(db: Database) -> None:
    with db.asking() as reader:  # a connection that went back with its own ways would let the next write commit at once
        INVOICE.all(reader, company="C", wanted="1")
    with db.write("test") as session:
        session.add(_lease("one"))

    def break_off() -> None:
        with db.write("test") as session:
            assert MOVE.change(session, held="one", more=3, end=NOON) == 1
            raise RuntimeError

    with pytest.raises(RuntimeError):
        break_off()
    with db.read() as session:
        assert session.get_one(LeaseRow, "one").fence == 1


def test_the_refusals_of_the_driver_come_as_those_of_sqlalchemy(db: Database) -> None:
    with db.write("test") as session:
        session.add_all([_lease("one"), _lease("two")])
    alike = Prepared(update(LeaseRow).where(col(LeaseRow.name) == "two").values(name=bindparam("to")))
    with db.write("test") as session:
        with pytest.raises(IntegrityError):
            alike.change(session, to="one")
        session.rollback()


def test_a_list_does_not_stand_ready(db: Database) -> None:
    listed = Prepared(select(col(LeaseRow.name)).where(col(LeaseRow.name).in_(["one", "two"])))
    with db.read() as session, pytest.raises(ValueError, match="list"):
        listed.all(session)


def _invoice(**values: Any) -> InvoiceRow:
    fixed = {"company_id": "C", "qbo_id": "1", "sync_token": "0", "remote_updated_at": "", "customer_id": "7"}
    rest = {"issued_day": date(2026, 10, 2), "currency": "USD", "balance_minor": 0, "state": "live", "email": ""}
    return InvoiceRow(**{**fixed, **rest, **values})


def _lease(name: str, **values: Any) -> LeaseRow:
    return LeaseRow(**{"name": name, "owner": "somebody", "until": NOON, "fence": 1, **values})


def asked_by(db: Database) -> Any:
    """Return the driver's connection that questions go to, after one was asked."""
    with db.asking() as reader:
        assert INVOICE.all(reader, company="nobody", wanted="1") == []
        return reader.connection


def test_a_forked_child_asks_by_a_connection_of_its_own(db: Database) -> None:
    """SQLite forbids to carry one over a fork: what the parent keeps is neither used nor closed by the child."""
    if not db.is_sqlite:  # there nothing is kept between two questions
        db.leave_to_parent()
        asked_by(db)
        return
    parents = asked_by(db)
    assert asked_by(db) is parents, "a thread keeps its own"
    db.leave_to_parent()
    assert asked_by(db) is not parents
    assert parents.cursor().execute("SELECT 1").fetchone() == (1,), "still open"


def test_each_thread_asks_by_a_connection_of_its_own(db: Database) -> None:
    mine = asked_by(db)
    with ThreadPoolExecutor(max_workers=1) as other:
        theirs = other.submit(asked_by, db).result()
    assert theirs is not mine
