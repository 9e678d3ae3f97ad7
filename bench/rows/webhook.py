"""Webhook intake: what it costs to have an event safely on disk before it is answered."""

from __future__ import annotations

import itertools
import json
import os
import time
from collections.abc import Callable

from sqlmodel import func, select

from bench import product
from bench.databases import COMPANY, SLUG, SqliteFiles
from bench.frame import Bench, Findings, Goal, Reading, Row
from bench.measure import Subject, Watch, interleave
from bench.peers import webhooks
from connector.store.outbox import InboxRow
from oauth import connections
from sync import doors
from sync.runtime import Runtime

_FLOOR_GOAL = Goal("of the floor's rate, synchronous=FULL", 0.9, at_most=False)
_TWICE_GOAL = Goal("events stored twice", 0, at_most=True, unit="")
_ACCOUNT = "acct_bench"
_numbers = itertools.count(1)


def measure(bench: Bench) -> Findings:
    """Take events in one by one, in one thread, each on disk before the next."""
    events = bench.pick(tiny=3, quick=10, full=20)
    url = f"sqlite:///{SqliteFiles(bench.folder).path()}"
    peer = webhooks.open_engine(bench.folder / "peer.db")
    with (
        (bench.folder / "events.log").open("ab", buffering=0) as log,
        product.runtime(product.environment(url)) as rt,
    ):
        _connect(rt)

        def append(number: int) -> None:
            log.write(_event(number))
            os.fdatasync(log.fileno())

        subjects = {
            "floor": _each(events, append),
            "store": _each(events, lambda number: _store(rt, number)),
            "door": _each(events, lambda number: _accept(rt, _event(number))),
            "peer": _each(events, lambda number: webhooks.accept(peer, _event(number))),
        }
        timings = interleave(subjects, bench.pick(tiny=1, quick=7, full=150))
        twice = _stored_twice(rt)
    return Findings(
        floor=timings.text("floor"),
        peer=timings.text("peer"),
        ours=f"stored {timings.text('store')}, whole door {timings.text('door')}",
        readings=(timings.reading(_FLOOR_GOAL, "floor", "store"), Reading(_TWICE_GOAL, twice)),
        notes=("the peer keeps synchronous=NORMAL: a power cut may lose what it answered with 200",),
    )


def _each(events: int, take: Callable[[int], None]) -> Subject:
    """Return a subject that takes many events and gives the seconds of one."""

    def subject() -> float:
        numbers = list(itertools.islice(_numbers, events))
        with Watch() as watch:
            for number in numbers:
                take(number)
        return watch.seconds / events

    return subject


def _connect(rt: Runtime) -> None:
    with rt.db.write("bench") as session:
        secret = connections.sealed(rt, COMPANY, connections.STRIPE, connections.WEBHOOK, webhooks.SECRET)
        columns = {"account": _ACCOUNT, "webhook_cipher": secret}
        connections.put(session, rt, COMPANY, connections.STRIPE, columns)


def _store(rt: Runtime, number: int) -> None:
    """Store one verified event as the door does, without looking at signature and company."""
    row = doors._row(
        rt,
        "new",
        provider="stripe",
        account=_ACCOUNT,
        event_id=f"evt_store_{number}",
        company_id=COMPANY,
        kind="payment_intent.succeeded",
        object_id=f"pi_{number}",
    )
    assert doors._store(rt, [row]).inbox_ids == (row.id,)


def _accept(rt: Runtime, body: bytes) -> None:
    """Take one event through the whole door: company, secret, signature, age, row, commit."""
    result = doors.accept_stripe(rt, SLUG, body, webhooks.signed(body, time.time()))
    assert isinstance(result, doors.Accepted), result


def _stored_twice(rt: Runtime) -> int:
    """Send the same event five times; returns how many rows it left beyond one."""
    body = _event(0)
    for _ in range(5):
        _accept(rt, body)
    with rt.db.read() as session:
        kept = session.exec(select(func.count()).where(InboxRow.event_id == "evt_0")).one()
    assert kept >= 1
    return kept - 1


def _event(number: int) -> bytes:
    """Return an event of Stripe's size: 2.7 KB, a payment intent inside."""
    intent = {
        "id": f"pi_{number}",
        "object": "payment_intent",
        "amount": 124_350,
        "currency": "usd",
        "status": "succeeded",
        "metadata": {f"share_{n}": f"invoice {1000 + n}: 10362 of 10362 cents" for n in range(28)},
        "description": "Invoices of Harbor Tile Co. " * 30,
    }
    return json.dumps(
        {
            "id": f"evt_{number}",
            "object": "event",
            "type": "payment_intent.succeeded",
            "api_version": "2026-10-28.clover",
            "created": 1_763_900_000,
            "livemode": False,
            "data": {"object": intent},
        }
    ).encode()


ROW = Row(
    name="webhook",
    area="webhook, durable",
    floor="append + fdatasync",
    peer="construct_event + SQLModel get-then-add",
    goals=(_FLOOR_GOAL, _TWICE_GOAL),
    measure=measure,
    quick=True,
)
