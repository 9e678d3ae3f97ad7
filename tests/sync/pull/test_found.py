"""What is found past SQLAlchemy is what SQLAlchemy finds, and whoever began a transaction, its session ends it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import bindparam, inspect
from sqlalchemy.exc import IntegrityError, MultipleResultsFound, NoResultFound, OperationalError
from sqlmodel import Session, SQLModel, col, select, update
from sqlmodel.sql.expression import Select, SelectOfScalar

from connector.store.built import built
from connector.store.companies import LeaseRow
from connector.store.found import LONGEST_KEPT
from connector.store.prepared import Prepared
from connector.store.session import Database
from connector.store.upsert import insert_ignoring

NOON = datetime(2026, 10, 2, 12, tzinfo=UTC)
TABLES = sorted((one.class_ for one in SQLModel._sa_registry.mappers), key=lambda one: one.__name__)
FENCE = Prepared(select(col(LeaseRow.fence)).where(col(LeaseRow.name) == bindparam("wanted")))
RAISE = Prepared(update(LeaseRow).where(col(LeaseRow.name) == bindparam("held")).values(fence=bindparam("to")))


@built
def _named(names: Collection[str]) -> SelectOfScalar[LeaseRow]:
    return select(LeaseRow).where(col(LeaseRow.name).in_(names)).order_by(col(LeaseRow.name))


@built
def _with_name(names: Collection[str], least: int) -> Select[LeaseRow, str]:
    found = select(LeaseRow, LeaseRow.owner).where(col(LeaseRow.name).in_(names), LeaseRow.fence >= least)
    return found.where(col(LeaseRow.owner).in_(["ann", "bob"])).order_by(col(LeaseRow.name))


def _lease(name: str, **values: Any) -> LeaseRow:
    return LeaseRow(**{"name": name, "owner": "ann", "until": NOON, "fence": 1, **values})


@pytest.fixture
def leases(db: Database) -> Database:
    """Keep three leases."""
    with db.write("test") as session:
        session.add_all([_lease("one"), _lease("two", owner="bob", fence=2), _lease("three", owner="eve")])
    return db


@pytest.mark.parametrize("table", TABLES, ids=lambda one: one.__name__)
def test_every_table_gives_the_same_objects_either_way(db: Database, table: type[Any]) -> None:
    """Each column has a value of its own, so that none can stand in another's place."""
    key = inspect(table).primary_key[0]
    with db.write("test") as session:
        _keep(session, table)
    wanted = _value(key, [one.key for one in _columns(table)].index(key.key))

    @built
    def ask(wanted: Any) -> SelectOfScalar[Any]:
        found: SelectOfScalar[Any] = select(table).where(key == wanted)
        return found

    with db.read() as session:
        theirs = session.exec(select(table).where(key == wanted)).one()
        ours = ask(session, wanted).one()
    assert ours.model_dump() == theirs.model_dump()
    assert type(ours) is type(theirs)
    assert inspect(ours).key == inspect(theirs).key
    for row in (ours, theirs):
        assert inspect(row).detached, "as a session leaves its objects behind"


def _keep(session: Session, table: type[Any], **known: Any) -> None:
    """Keep a row of a table, and before it those that it points at."""
    values = {one.key: _value(one, place) for place, one in enumerate(_columns(table))} | known
    for column in _columns(table):
        for key in column.foreign_keys:
            [parent] = [one for one in TABLES if one.__table__ is key.column.table]
            _keep(session, parent, **{key.column.key: values[column.key]})
    session.merge(table(**values))
    session.flush()


def _columns(table: type[Any]) -> list[Any]:
    return list(inspect(table).columns)


def _value(column: Any, place: int) -> Any:
    kind = getattr(column.type, "impl_instance", column.type).python_type
    samples: dict[type, Any] = {
        int: 1000 + place,
        bool: bool(place % 2),
        str: f"s{place}",
        bytes: bytes([0, 255, place]),
        datetime: NOON + timedelta(days=place, microseconds=place),
        date: date(2026, 1, 1) + timedelta(days=place),
        float: place / 8,
        dict: {"place": [place, None]},
        list: [place],
    }
    return samples[kind]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
@given(names=st.lists(st.sampled_from(["one", "two", "three", "no such", "' or 1=1 --"]), max_size=9))
def test_a_list_of_any_length_finds_what_it_names(leases: Database, names: list[str]) -> None:
    with leases.read() as session:
        assert {row.name for row in _named(session, names)} == set(names) & {"one", "two", "three"}
        both = _with_name(session, names, 1).all()
        assert {(row.name, owner) for row, owner in both} == {
            (name, owner) for name, owner in (("one", "ann"), ("two", "bob")) if name in names
        }


def test_a_list_may_be_longer_than_what_stands_ready(leases: Database) -> None:
    with leases.read() as session:
        names = ["one", *map(str, range(LONGEST_KEPT + 1))]
        assert [row.name for row in _named(session, names)] == ["one"]


def test_it_is_taken_as_any_result(leases: Database) -> None:
    with leases.read() as session:
        assert _named(session, ["two"]).one().owner == "bob"
        assert _named(session, ["no such"]).one_or_none() is _named(session, ["no such"]).first() is None
        with pytest.raises(NoResultFound):
            _named(session, ["no such"]).one()
        for take in ("one", "one_or_none"):
            with pytest.raises(MultipleResultsFound):
                getattr(_named(session, ["one", "two"]), take)()


def test_an_object_that_was_read_can_be_written_later(leases: Database) -> None:
    with leases.read() as session:
        row = _named(session, ["one"]).one()
    row.fence = 9
    with leases.write("test") as session:
        session.merge(row)
    with leases.read() as session:
        again = _named(session, ["one"]).one()
    with leases.write("test") as session:
        session.add(again)
        again.fence += 1
    with leases.read() as session:
        assert session.get_one(LeaseRow, "one").fence == 10


def test_either_way_speaks_in_the_sessions_own_transaction(leases: Database) -> None:
    """First the driver's way, then SQLAlchemy's, and the other way round."""
    with leases.write("test") as session:
        assert RAISE.change(session, held="one", to=5) == 1
        assert session.get_one(LeaseRow, "one").fence == 5
        assert FENCE.all(session, wanted="one") == [(5,)]
    with leases.write("test") as session:
        session.get_one(LeaseRow, "two").fence = 6
        assert FENCE.all(session, wanted="two") == [(6,)], "what the session holds is written first"
        assert insert_ignoring(session, LeaseRow.__table__, [_lease("four").model_dump()]) == 1  # type: ignore
    with leases.read() as session:
        assert [row.fence for row in _named(session, ["one", "two", "four"])] == [1, 5, 6]


@pytest.mark.parametrize("way", ["driver", "sqlalchemy", "both"])
def test_what_breaks_off_undoes_both_ways(leases: Database, way: str) -> None:
    def break_off() -> None:
        with leases.write("test") as session:
            if way != "sqlalchemy":
                RAISE.change(session, held="one", to=5)
            if way != "driver":
                session.add(_lease("four"))
                session.flush()
            raise RuntimeError

    for _ in range(2):
        with pytest.raises(RuntimeError):
            break_off()
    with leases.write("test") as session:
        assert [row.fence for row in _named(session, ["one", "four"])] == [1]


def test_a_session_may_go_on_after_it_undid_what_it_did(leases: Database) -> None:
    with leases.write("test") as session:
        RAISE.change(session, held="one", to=5)
        session.rollback()
        RAISE.change(session, held="two", to=7)
        with pytest.raises(IntegrityError):
            insert_ignoring(session, LeaseRow.__table__, [{**_lease("five").model_dump(), "owner": None}])  # type: ignore
        session.rollback()
        RAISE.change(session, held="three", to=8)
    with leases.read() as session:
        assert [row.fence for row in _named(session, ["one", "two", "three"])] == [1, 8, 2]


def test_who_waits_too_long_for_the_write_lock_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite locks the whole file; PostgreSQL would lock a row."""
    monkeypatch.setattr("connector.store.session.BUSY_SECONDS", 0)
    first, other = (Database(f"sqlite:///{tmp_path / 'tieout.db'}") for _ in range(2))
    first.create_all()
    with first.write("test") as session:
        session.add(_lease("one"))
    with first.write("test") as session:
        RAISE.change(session, held="one", to=5)
        with pytest.raises(OperationalError, match="locked"), other.write("other") as late:
            RAISE.change(late, held="one", to=6)
    with other.write("other") as late:
        assert FENCE.all(late, wanted="one") == [(5,)]
    for db in (first, other):
        db.close()


def test_a_commit_that_fails_is_told_and_undone(tmp_path: Path) -> None:
    """What is checked at the commit only, as a full disk may be."""
    db = Database(f"sqlite:///{tmp_path / 'tieout.db'}")
    db.create_all()
    table = next(one for one in TABLES if one.__table__.foreign_keys)

    def leave_an_orphan() -> None:
        with db.write("test") as session:
            session.driver().connection.execute("PRAGMA defer_foreign_keys=ON")  # type: ignore[attr-defined]
            orphan = {one.key: _value(one, place) for place, one in enumerate(_columns(table))}
            assert insert_ignoring(session, table.__table__, [orphan]) == 1

    for _ in range(2):
        with pytest.raises(IntegrityError):
            leave_an_orphan()
    with db.write("test") as session:
        session.add(_lease("one"))
    with db.read() as session:
        assert FENCE.all(session, wanted="one") == [(1,)]
        assert session.exec(select(table)).all() == []
    db.close()


def test_what_a_thread_keeps_it_keeps_for_one_session_at_a_time(leases: Database) -> None:
    def driver(session: Any) -> Any:
        return session.driver().connection

    with leases.read() as outer, leases.read() as inner, leases.write("test") as writer:
        assert len({id(driver(one)) for one in (outer, inner, writer)}) == 3
        assert FENCE.all(outer, wanted="one") == FENCE.all(inner, wanted="one") == [(1,)]
    if leases.is_sqlite:
        with leases.read() as one:
            first = driver(one)
        with leases.read() as two:
            assert driver(two) is first
