"""Queries that are built once: each asks what it would ask if it were built anew."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import bindparam
from sqlmodel import col, select
from sqlmodel.sql.expression import Select, SelectOfScalar

from connector.store.built import built, built_loose
from connector.store.companies import LeaseRow
from connector.store.prepared import Prepared
from connector.store.session import Database

NOON = datetime(2026, 10, 2, 12, tzinfo=UTC)
BUILT: list[str] = []
FENCE = Prepared(select(col(LeaseRow.fence)).where(col(LeaseRow.name) == bindparam("wanted")))


@built
def _of(owner: str, before: datetime) -> SelectOfScalar[LeaseRow]:
    """Return an owner's leases that end before an instant."""
    BUILT.append("of")
    return select(LeaseRow).where(LeaseRow.owner == owner, LeaseRow.until < before).order_by(col(LeaseRow.name))


@built
def _named(names: Collection[str], most: int) -> Select[str, int]:
    found = select(LeaseRow.name, LeaseRow.fence).where(col(LeaseRow.name).in_(names))
    return found.order_by(col(LeaseRow.name)).limit(most)


@built_loose
def _loose(owner: str) -> SelectOfScalar[LeaseRow]:
    return select(LeaseRow).where(LeaseRow.owner == owner)


@built
def _decides(owner: str) -> SelectOfScalar[str]:
    found = select(LeaseRow.name)
    return found.where(LeaseRow.owner == owner) if owner else found


@pytest.fixture
def leases(db: Database) -> Database:
    """Keep three leases of two owners."""
    with db.write("test") as session:
        for number, (name, owner) in enumerate((("one", "ann"), ("two", "bob"), ("three", "ann"))):
            session.add(LeaseRow(name=name, owner=owner, until=NOON + timedelta(hours=number), fence=number))
    return db


def test_it_is_built_once_and_asked_with_other_values(leases: Database) -> None:
    with leases.read() as session:
        assert [row.name for row in _of(session, "ann", NOON + timedelta(days=1))] == ["one", "three"]
        assert [row.name for row in _of(session, "ann", before=NOON + timedelta(hours=2))] == ["one"], "to the second"
        assert [row.name for row in _of(session, owner="bob", before=NOON + timedelta(days=1))] == ["two"]
        assert _of(session, "' or 1=1 --", NOON).all() == []
    assert len(BUILT) <= 1
    assert _of.__doc__ == "Return an owner's leases that end before an instant."


def test_a_list_may_be_any_collection_of_any_length(leases: Database) -> None:
    with leases.read() as session:
        for names in (["two", "one"], {"one", "two"}, ("one", "two"), dict.fromkeys(("one", "two")).keys()):
            assert [tuple(row) for row in _named(session, names, 9)] == [("one", 0), ("two", 1)]
        assert _named(session, [], 9).all() == []
        assert [tuple(row) for row in _named(session, ["three", "two", "one"], 1)] == [("one", 0)]


def test_loose_objects_are_nobodys_until_a_session_takes_them(leases: Database) -> None:
    with leases.write("test") as session:
        lost, kept = _loose(session, "bob").one(), _loose(session, "ann").first()
        assert lost not in session
        lost.fence = kept.fence = 7
        session.add(kept)
    with leases.read() as session:
        assert FENCE.first(session, wanted="two") == (1,)
        assert FENCE.first(session, wanted=kept.name) == (7,)


def test_its_objects_are_the_sessions(leases: Database) -> None:
    with leases.write("test") as session:
        [row] = _of(session, "bob", NOON + timedelta(days=1))
        row.fence = 7
        assert [tuple(one) for one in _named(session, ["two"], 1)] == [("two", 7)], (
            "a change is written before it is asked"
        )
        assert session.get(LeaseRow, "two") is row
    with leases.read() as session:
        assert session.get_one(LeaseRow, "two").fence == 7


def test_no_value_decides_what_is_asked(leases: Database) -> None:
    with leases.read() as session:
        with pytest.raises(TypeError, match="owner is None"):
            _of(session, None, NOON)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="not defined"):
            _decides(session, "ann")


def test_sessions_that_read_at_once_read_apart(leases: Database) -> None:
    """A thread keeps what it reads by: a session in another's block must not end what that one sees."""
    with leases.read() as outer:
        assert [row.name for row in _of(outer, "bob", NOON + timedelta(days=1))] == ["two"]
        with leases.read() as inner:
            assert inner.connection() is not outer.connection()
            assert _named(inner, ["two"], 1).all()
        with leases.write("test") as session:
            session.add(LeaseRow(name="four", owner="bob", until=NOON, fence=0))
        seen = [row.name for row in _of(outer, "bob", NOON + timedelta(days=1))]
        assert seen == (["two"] if leases.is_sqlite else ["four", "two"]), "SQLite's sessions read one moment"
    with leases.read() as session:
        assert [row.name for row in _of(session, "bob", NOON + timedelta(days=1))] == ["four", "two"]


def test_what_failed_while_reading_leaves_nothing_open(leases: Database) -> None:
    def fail() -> None:
        with leases.read() as session:
            assert _named(session, ["two"], 1).all()
            raise RuntimeError

    for _ in range(3):
        with pytest.raises(RuntimeError):
            fail()
    with leases.write("test") as session:
        session.add(LeaseRow(name="four", owner="bob", until=NOON, fence=0))
    with leases.read() as session:
        assert len(_of(session, "bob", NOON + timedelta(days=1)).all()) == 2


def test_a_database_in_memory_stays_the_same_one() -> None:
    db = Database("sqlite://")
    db.create_all()
    with db.write("test") as session:
        session.add(LeaseRow(name="one", owner="ann", until=NOON, fence=7))
    for _ in range(2):
        with db.read() as session:
            assert [tuple(row) for row in _named(session, ["one"], 1)] == [("one", 7)]
        with db.asking() as reader:
            assert FENCE.all(reader, wanted="one") == [(7,)]


def test_a_forked_child_reads_by_a_connection_of_its_own(leases: Database) -> None:
    def read_by() -> object:
        with leases.read() as session:
            assert _named(session, ["two"], 1).all()
            return session.connection().connection.dbapi_connection

    parents = read_by()
    if leases.is_sqlite:
        assert read_by() is parents, "a thread keeps its own"
    leases.leave_to_parent()
    assert read_by() is not parents
