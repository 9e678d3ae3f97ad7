"""The live status: told at once when something changed, never more listeners than there is room for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask import Flask

from connector.store.money import PaymentRow
from connector.store.session import Database
from portal.app import create_app
from portal.customer import live
from sync.runtime import Runtime
from tests import cast
from tests.portal.conftest import Opener

EVENTS = "/c/harbor-tile/p/pay-debit/events?seen=processing..0"


class Impatient(cast.StandingClock):
    """A clock that sleeps by moving on, and lets something happen at the third sleep."""

    def __init__(self) -> None:
        super().__init__()
        self.sleeps = 0
        self.meanwhile: Callable[[], None] = lambda: None

    def sleep(self, seconds: float) -> None:
        self.move(timedelta(seconds=seconds))
        self.sleeps += 1
        if self.sleeps == 3:
            self.meanwhile()


@pytest.fixture
def clock() -> Impatient:
    return Impatient()


@pytest.fixture
def rt(db: Database, clock: Impatient) -> Runtime:
    cast.stage(db)
    return cast.runtime_of(db, clock=clock)


@pytest.fixture
def app(rt: Runtime) -> Iterator[Flask]:
    live._listening.clear()  # what a test of another file left open is not looked at here
    yield create_app(rt)
    assert live._listening == set(), "whoever went has given the place back"


def test_a_page_is_told_when_its_payment_changed(signed_in: Opener, rt: Runtime, clock: Impatient) -> None:
    def clear() -> None:
        with rt.db.write("clear") as session:
            session.get_one(PaymentRow, "pay-debit").state = "succeeded"

    clock.meanwhile = clear
    answer = signed_in(cast.DANA).get(EVENTS)
    assert answer.mimetype == "text/event-stream"
    assert answer.get_data(as_text=True) == ": waiting\n\nevent: changed\ndata: \n\n"
    assert clock.sleeps == 3
    answer.close()


def test_a_page_that_saw_something_older_is_told_at_once(signed_in: Opener, clock: Impatient) -> None:
    answer = signed_in(cast.DANA).get(EVENTS.replace("processing", "created"))
    assert answer.get_data(as_text=True).startswith("event: changed")
    assert clock.sleeps == 0
    answer.close()


def test_listening_ends_by_itself(signed_in: Opener, clock: Impatient) -> None:
    answer = signed_in(cast.DANA).get(EVENTS)
    assert answer.get_data(as_text=True).endswith("event: over\ndata: \n\n")
    assert clock.sleeps == live.LONGEST.total_seconds() / live.EVERY
    answer.close()


def test_there_is_room_for_a_few_and_for_each_visitor_once(signed_in: Opener) -> None:
    dana, luis = signed_in(cast.DANA), signed_in(cast.LUIS)
    first = dana.get(EVENTS)
    assert dana.get(EVENTS).status_code == 204, "one for each visitor"
    second = luis.get(EVENTS)
    assert (first.status_code, second.status_code) == (200, 200)
    third = signed_in(cast.DANA)
    assert third.get(EVENTS).status_code == 204, "all places are taken"
    second.close()
    again = third.get(EVENTS)
    assert again.status_code == 200
    for answer in (first, again):
        answer.close()


def test_what_is_not_yours_has_no_events(signed_in: Opener) -> None:
    assert signed_in(cast.DANA).get(EVENTS.replace("pay-debit", "pay-quarry")).status_code == 404
