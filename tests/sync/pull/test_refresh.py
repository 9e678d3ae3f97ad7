"""The live read: a few objects as QuickBooks has them now, and the cache brought up to them."""

from __future__ import annotations

import pytest

from connector.errors import GatewayError, NotConnected
from sync.entities import BY_NAME
from sync.pull import pull_company, refresh_objects
from sync.pulling.landing import land
from tests.qbo.rig import Rig, line, rule
from tests.sync.pull.cached import cursor, invoice


@pytest.fixture
def pulled(rig: Rig) -> tuple[Rig, list[str]]:
    customer = rig.customer("Blue Mesa Ranch")
    ids = [rig.invoice(customer, amount) for amount in (380.00, 120.50, 75.25)]
    pull_company(rig.rt, rig.company_id)
    rig.forget_calls()
    return rig, ids


def test_live_objects_come_in_the_order_asked_and_bring_the_cache_up(pulled: tuple[Rig, list[str]]) -> None:
    rig, (first, second, third) = pulled
    rig.edit("Invoice", second, Line=[line(99.00)])
    found = refresh_objects(rig.rt, rig.company_id, "Invoice", [third, second, third, first])

    assert [one.qbo_id for one in found] == [third, second, first]
    assert rig.calls() == ["query"], "one call, however many"
    assert found[1].body.decode() == rig.text("Invoice", second)
    assert invoice(rig, second).balance_minor == 9900
    assert rig.lines()[-1].startswith(
        f"Invoice {invoice(rig, second).number} changed in QuickBooks: total 120.50 is now"
    )


def test_what_is_gone_is_buried(pulled: tuple[Rig, list[str]]) -> None:
    rig, (first, second, _) = pulled
    rig.quickbooks_control("delete", entity="Invoice", id=second)
    assert [one.qbo_id for one in refresh_objects(rig.rt, rig.company_id, "Invoice", [first, second])] == [first]
    assert invoice(rig, second).state == "deleted"


def test_without_an_answer_nothing_changes(pulled: tuple[Rig, list[str]]) -> None:
    rig, (first, *_) = pulled
    rig.faults(rule("query", "status_html:503", times=0))
    with pytest.raises(GatewayError):
        refresh_objects(rig.rt, rig.company_id, "Invoice", [first])
    assert invoice(rig, first).state == "live"
    assert cursor(rig).error


def test_a_connection_that_was_ended_in_quickbooks_is_told(pulled: tuple[Rig, list[str]]) -> None:
    rig, (first, *_) = pulled
    rig.quickbooks_control("disconnect")
    with pytest.raises(NotConnected):
        refresh_objects(rig.rt, rig.company_id, "Invoice", [first])
    assert rig.connection().state == "needs_reconnect"
    assert rig.connection().last_error


def test_an_older_version_never_replaces_a_newer_one(pulled: tuple[Rig, list[str]]) -> None:
    """A page that was fetched before a live read may land after it."""
    rig, (first, *_) = pulled
    old = rig.text("Invoice", first)
    assert old is not None
    rig.edit("Invoice", first, Line=[line(412.00)])
    refresh_objects(rig.rt, rig.company_id, "Invoice", [first])

    with rig.db.write("late_page") as session:
        landed = land(session, rig.rt, rig.company_id, BY_NAME["Invoice"], [old.encode()])
    assert landed.changes == []
    assert invoice(rig, first).total_minor == 41200
