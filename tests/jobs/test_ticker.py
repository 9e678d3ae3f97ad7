"""The ticker: whatever is due is rung for, what nobody hears is done here, and a period comes round once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from connector.ledger.postings import Kind
from connector.store.companies import ConnectionRow
from connector.store.outbox import InboxRow, PostingRow
from jobs import tasks
from jobs.due import CHORES, ROUNDS, period_of
from jobs.ticker import UNHEARD_TURNS, Ticker
from sync.runtime import Runtime
from tests.jobs.conftest import COMPANY, NOON, OTHER, owe_mail, payment

PAIR = tuple[str, str]


class Ear:
    """Hears what is rung, unless it is deaf."""

    def __init__(self, *, deaf: bool = False) -> None:
        self.deaf = deaf
        self.heard: list[PAIR] = []
        self.done: list[PAIR] = []

    def hear(self, work: str, subject: str) -> bool:
        self.heard.append((work, subject))
        return not self.deaf

    def do(self, work: str, subject: str) -> None:
        self.done.append((work, subject))

    def ticker(self, rt: Runtime) -> Ticker:
        return Ticker(rt, heard=self.hear, do=self.do)


def connect(rt: Runtime, company_id: str, *services: str, state: str = "connected") -> None:
    with rt.db.write("connect") as session:
        for which in services:
            session.add(ConnectionRow(company_id=company_id, which=which, state=state, connected_at=NOON))


def owe_event(rt: Runtime, event_id: str, **columns: Any) -> None:
    fixed = {"provider": "stripe", "account": "acct", "company_id": COMPANY, "kind": "charge.succeeded"}
    times = {"received_at": rt.clock.now(), "due_at": rt.clock.now()}
    with rt.db.write("event") as session:
        session.add(InboxRow(id=event_id, event_id=event_id, **{**fixed, **times, **columns}))


def test_every_kind_of_due_work_is_rung_for_and_what_is_not_due_is_not(rt: Runtime) -> None:
    later = rt.clock.now() + timedelta(minutes=1)
    owe_event(rt, "event-1")
    owe_event(rt, "event-later", due_at=later)
    owe_event(rt, "event-done", state="settled")
    mail_id = owe_mail(rt, "receipt")
    owe_mail(rt, "receipt", key="later", due_at=later)
    with rt.db.write("pay") as session:
        session.add(payment("pay-open", state="processing"))
    ear = Ear()
    ear.ticker(rt).turn()
    assert ear.heard == [
        ("settle", "event-1"),
        ("payments", "all"),
        ("push", COMPANY),
        ("mail", mail_id),
    ]
    assert ear.done == []


def test_with_redis_gone_the_work_is_done_here_in_the_order_of_a_payments_life(rt: Runtime) -> None:
    owe_event(rt, "event-1")
    mail_id = owe_mail(rt, "receipt")
    ear = Ear(deaf=True)
    ear.ticker(rt).turn()
    assert ear.done == [("settle", "event-1"), ("push", COMPANY), ("mail", mail_id)]


def test_with_no_worker_alive_the_work_is_done_here_after_a_few_turns(rt: Runtime) -> None:
    mail_id = owe_mail(rt, "receipt")
    ear = Ear()
    ticker = ear.ticker(rt)
    for _ in range(UNHEARD_TURNS - 1):
        ticker.turn()
    assert ear.done == []
    ticker.turn()
    assert ("mail", mail_id) in ear.done


def test_work_that_somebody_did_meanwhile_starts_counting_anew(rt: Runtime) -> None:
    owe_event(rt, "event-1")
    ear = Ear()
    ticker = ear.ticker(rt)
    for state in ("new", "settled", "new", "settled"):
        with rt.db.write("turn") as session:
            session.get_one(InboxRow, "event-1").state = state
        ticker.turn()
    assert [pair for pair in ear.done if pair[0] == "settle"] == []


def test_trouble_with_one_keeps_no_other_waiting(rt: Runtime) -> None:
    mail_id = owe_mail(rt, "receipt")
    owe_event(rt, "event-1")
    done = []

    def do(work: str, subject: str) -> None:
        if work == "settle":
            raise RuntimeError("trouble")
        done.append((work, subject))

    Ticker(rt, heard=lambda work, subject: False, do=do).turn()
    assert ("mail", mail_id) in done


def test_a_period_comes_round_once_for_each_company_however_many_tickers_run(rt: Runtime) -> None:
    connect(rt, COMPANY, "quickbooks", "stripe")
    connect(rt, OTHER, "quickbooks")
    ear = Ear()
    tickers = [ear.ticker(rt) for _ in range(3)]
    for ticker in tickers * 2:
        ticker.turn()
    rounds = [pair for pair in ear.heard if pair[0] in {turn.work for turn in ROUNDS}]
    assert sorted(rounds) == sorted(
        [
            ("pull", COMPANY),
            ("pull", OTHER),
            ("feed", COMPANY),
            ("prove", COMPANY),
            ("review", COMPANY),
        ]
    )
    ear.heard.clear()
    rt.clock.advance(minutes=6)  # type: ignore[attr-defined]
    tickers[0].turn()
    assert {("pull", COMPANY), ("feed", COMPANY)} <= set(ear.heard)
    assert ("prove", COMPANY) not in ear.heard


def test_what_is_not_connected_is_left_alone(rt: Runtime) -> None:
    connect(rt, COMPANY, "quickbooks", "stripe", state="needs_reconnect")
    ear = Ear()
    ear.ticker(rt).turn()
    assert {work for work, _ in ear.heard}.isdisjoint({turn.work for turn in ROUNDS})


def test_days_that_were_skipped_come_round_once_and_old_ticks_are_let_go(rt: Runtime) -> None:
    from sqlmodel import select

    from connector.store.companies import TickRow

    connect(rt, COMPANY, "quickbooks")
    ear = Ear()
    ticker = ear.ticker(rt)
    ticker.turn()
    rt.clock.advance(days=30)  # type: ignore[attr-defined]
    ticker.turn()
    assert ear.heard.count(("pull", COMPANY)) == 2
    with rt.db.read() as session:
        assert len(session.exec(select(TickRow)).all()) == 2  # the pull's and the day's own


@pytest.mark.parametrize("work", sorted({chore.work for chore in CHORES} | {turn.work for turn in ROUNDS} | {"look"}))
def test_every_kind_of_work_is_a_task(work: str) -> None:
    assert callable(getattr(tasks, work))


def test_a_period_is_the_same_for_everybody_who_asks_within_it() -> None:
    quarter = timedelta(minutes=15)
    assert period_of(NOON, quarter) == period_of(NOON + timedelta(minutes=14, seconds=59), quarter)
    assert period_of(NOON, quarter) != period_of(NOON + quarter, quarter)


def test_a_posting_that_is_held_is_not_due(rt: Runtime) -> None:
    with rt.db.write("hold") as session:
        posting = session.get_one(PostingRow, "posting-1")
        assert posting.kind == Kind.CHARGE
        posting.state = "held"
    ear = Ear()
    ear.ticker(rt).turn()
    assert ("push", COMPANY) not in ear.heard
