"""A try to charge again while its worker dies: at each point that it passes, and one charge at the end.

On SQLite alone: the queries of a try are asked on both engines in `test_trying`.
"""

from __future__ import annotations

from typing import Any

from connector import crash
from connector.store.retries import RetryRow
from sync.collect.look import expire
from sync.retrying.agreeing import Consent, agree, offer_of
from tests.sync.collect.test_saved import DANA, kept
from tests.sync.retrying.test_trying import DAY, WORDS, charged, doubled, in_force, refused, run_due, wait_until_due
from tests.sync.settle.till import Till

ENGINES = ("sqlite",)


class Death(BaseException):
    """The process is gone."""


def test_a_death_at_any_point_leaves_one_charge_and_one_end(dana: Till) -> None:
    kept(dana)
    points = passed_by_a_try(dana)
    assert {"stripe.intent.confirm.after_send", "retry.moved.before_commit"} <= set(points)
    for number in range(len(points)):
        before = len(charged(dana))
        dana.touch(RetryRow, state="stopped")
        agreed_anew(dana, f"{2000 + number}")
        wait_until_due(dana)
        try:
            crash.watch(death_at(number))
            run_due(dana)
        except Death:
            pass
        finally:
            crash.watch(None)
        for _ in range(6):  # the sweep and the ticker come again
            dana.later(601)
            for one in dana.payments():
                if one.state in ("created", "processing") and one.intent_id:
                    dana.settle(one.id)
            expire(dana.rt)
            run_due(dana)
        if in_force(dana):
            dana.later(DAY * 2)
            run_due(dana)
        assert len(charged(dana)) == before + 1, (number, points[number])
        assert not in_force(dana), points[number]
    assert doubled(dana) == []


def agreed_anew(till: Till, number: str) -> None:
    payment_id = refused(till, 6000, number)
    with till.db.read() as session:
        offer = offer_of(session, till.rt, till.company_id, DANA, payment_id)
    assert offer is not None
    assert agree(till.rt, offer, offer.methods[0], Consent(WORDS, "en", "203.0.113.9"))


def passed_by_a_try(till: Till) -> list[str]:
    agreed_anew(till, "1999")
    wait_until_due(till)
    points: list[str] = []
    crash.watch(points.append)
    run_due(till)
    crash.watch(None)
    assert not in_force(till)
    return points


def death_at(number: int) -> Any:
    passed: list[str] = []

    def die(point: str) -> None:
        passed.append(point)
        if len(passed) > number:
            raise Death

    return die
