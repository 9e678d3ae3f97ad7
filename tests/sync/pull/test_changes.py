"""Following QuickBooks: what changed, what is gone, and what the change feed itself cannot tell."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connector.qbo.gateway import QuickBooksGateway
from connector.qbo.shapes import Changes
from connector.store.cache import CustomerRow, InvoiceRow
from connector.store.companies import CompanyRow
from sandbox.world import World
from sync import engine
from sync.pull import pull_company
from tests.qbo.rig import Rig, rule
from tests.sync.pull.cached import count, cursor, differences, invoice

DAY = 86_400


@pytest.fixture
def pulled(rig: Rig) -> Rig:
    """Return a company with one customer and three invoices, pulled and quiet."""
    customer = rig.customer("Blue Mesa Ranch", "ap@bluemesa.example")
    for amount in (380.00, 120.50, 75.25):
        rig.invoice(customer, amount)
    pull_company(rig.rt, rig.company_id)
    rig.world.advance(600)
    pull_company(rig.rt, rig.company_id)
    rig.forget_calls()
    return rig


def test_a_changed_invoice_is_told_with_its_money(pulled: Rig) -> None:
    before = pulled.lines()
    first = sorted(pulled.all_texts("Invoice"), key=int)[0]
    number = invoice(pulled, first).number
    pulled.edit("Invoice", first, Line=[_line(412.00)])
    pull_company(pulled.rt, pulled.company_id)

    told = pulled.lines()[len(before) :]
    assert told == [
        f"Invoice {number} changed in QuickBooks: total 380.00 is now 412.00, open balance 380.00 is now 412.00.",
    ]
    assert (invoice(pulled, first).total_minor, invoice(pulled, first).balance_minor) == (41200, 41200)
    assert differences(pulled) == []


def test_an_idle_poll_is_one_call_and_writes_no_object(pulled: Rig) -> None:
    result = pull_company(pulled.rt, pulled.company_id)
    assert (result.written, result.deleted, result.is_first) == ({}, {}, False)
    assert pulled.calls() == ["cdc"]


def test_the_same_answer_twice_writes_and_tells_once(pulled: Rig) -> None:
    """Each poll looks five minutes further back than it must, so it sees things again."""
    first = sorted(pulled.all_texts("Invoice"), key=int)[0]
    pulled.edit("Invoice", first, PrivateNote="ring the bell")
    assert pull_company(pulled.rt, pulled.company_id).written == {"Invoice": 1}
    lines = pulled.lines()
    assert pull_company(pulled.rt, pulled.company_id).written == {}
    assert pulled.lines() == lines


def test_new_voided_and_deleted_are_seen_as_such(pulled: Rig) -> None:
    first, second, third = sorted(pulled.all_texts("Invoice"), key=int)
    numbers = {key: invoice(pulled, key).number for key in (first, second)}
    before = pulled.lines()
    pulled.quickbooks_control("void", entity="Invoice", id=first)
    pulled.quickbooks_control("delete", entity="Invoice", id=second)
    new = pulled.invoice("1", 99.00)
    result = pull_company(pulled.rt, pulled.company_id)

    assert invoice(pulled, first).state == "voided"
    assert invoice(pulled, second).state == "deleted"
    assert invoice(pulled, third).state == invoice(pulled, new).state == "live"
    assert result.deleted == {"Invoice": 1}
    told = {line for line in pulled.lines()[len(before) :] if line.startswith("Invoice")}
    assert told == {
        f"Invoice {numbers[first]} was voided in QuickBooks; it was over $380.00.",
        f"Invoice {invoice(pulled, new).number} over $99.00 is new in QuickBooks.",
        f"Invoice {numbers[second]} was deleted in QuickBooks.",
    }
    assert differences(pulled) == []


def test_an_inactive_customer_stays_and_says_so(pulled: Rig) -> None:
    other = pulled.customer("Quiet Ltd")
    pulled.edit("Customer", other, Active=False)
    pull_company(pulled.rt, pulled.company_id)
    with pulled.db.read() as session:
        row = session.get_one(CustomerRow, (pulled.company_id, other))
    assert (row.active, row.state) == (False, "live")


def test_a_tombstone_for_something_that_lives_is_not_believed(pulled: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    first = sorted(pulled.all_texts("Invoice"), key=int)[0]
    _feed_says_deleted(monkeypatch, first)
    result = pull_company(pulled.rt, pulled.company_id)
    assert result.deleted == {}
    assert invoice(pulled, first).state == "live"


def test_a_failing_confirmation_is_no_deletion(pulled: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    first = sorted(pulled.all_texts("Invoice"), key=int)[0]
    _feed_says_deleted(monkeypatch, first)
    pulled.faults(rule("query", "status:500", times=0))
    with pytest.raises(Exception, match="failed to answer"):
        pull_company(pulled.rt, pulled.company_id)
    assert invoice(pulled, first).state == "live"


@pytest.mark.parametrize("cap", ["response", "entity"])
def test_more_changes_than_the_feed_holds_are_paged_and_deletions_found(world: World, rig: Rig, cap: str) -> None:
    rig.switch(cdc_cap=cap)
    pull_company(rig.rt, rig.company_id)
    rig.world.advance(600)
    kept = rig.invoice(rig.customer("Blue Mesa Ranch"), 10.0)
    doomed = rig.invoice("1", 20.0)
    pull_company(rig.rt, rig.company_id)
    rig.world.advance(600)
    _import_many(rig, 1500)
    rig.quickbooks_control("delete", entity="Invoice", id=doomed)

    pull_company(rig.rt, rig.company_id)

    assert count(rig, CustomerRow) == 1501
    assert invoice(rig, doomed).state == "deleted"
    assert invoice(rig, kept).state == "live"
    assert differences(rig) == []
    # The import is still inside the overlap, so its list is cut again; what is known is not written again.
    assert pull_company(rig.rt, rig.company_id).written == {}
    rig.world.advance(600)
    pull_company(rig.rt, rig.company_id)
    rig.forget_calls()
    pull_company(rig.rt, rig.company_id)
    assert rig.calls() == ["cdc"]


def test_after_a_month_of_silence_everything_is_compared(pulled: Rig) -> None:
    first, second, third = sorted(pulled.all_texts("Invoice"), key=int)
    pulled.quickbooks_control("delete", entity="Invoice", id=second)
    pulled.edit("Invoice", third, Line=[_line(80.00)])
    new = pulled.invoice("1", 42.00)
    pulled.world.advance(31 * DAY)  # the feed has forgotten all of it

    result = pull_company(pulled.rt, pulled.company_id)

    assert result.is_first
    assert invoice(pulled, second).state == "deleted"
    assert invoice(pulled, third).total_minor == 8000
    assert invoice(pulled, new).state == "live"
    assert invoice(pulled, first).state == "live"
    assert differences(pulled) == []
    assert pulled.calls().count("cdc") == 1, "and never with a time the feed would refuse"


def test_quickbooks_own_word_that_the_cursor_is_too_old_is_taken(pulled: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine.cursors, "OLDEST", timedelta(days=90))
    new = pulled.invoice("1", 42.00)
    pulled.world.advance(31 * DAY)
    assert pull_company(pulled.rt, pulled.company_id).is_first
    assert invoice(pulled, new).state == "live"
    assert differences(pulled) == []


def test_a_cursor_just_inside_the_limit_is_followed(pulled: Rig) -> None:
    new = pulled.invoice("1", 42.00)
    pulled.world.advance(28 * DAY)
    assert not pull_company(pulled.rt, pulled.company_id).is_first
    assert invoice(pulled, new).state == "live"


def test_what_the_feed_does_not_tell_is_asked_once_a_day(pulled: Rig) -> None:
    pulled.world.advance(25 * 3600)
    pulled.edit("CompanyInfo", "1", CompanyName="Harbor Tile & Stone")
    pull_company(pulled.rt, pulled.company_id)
    assert sorted(pulled.calls()) == ["cdc", "companyinfo.read", "preferences.read", "query", "query"]
    with pulled.db.read() as session:
        assert session.get_one(CompanyRow, pulled.company_id).name == "Harbor Tile & Stone"
    pulled.forget_calls()
    pull_company(pulled.rt, pulled.company_id)
    assert pulled.calls() == ["cdc"]


def test_the_cursor_is_quickbooks_time_and_never_ahead_of_its_rows(
    pulled: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = cursor(pulled).changed_since
    new = pulled.invoice("1", 5.00)

    def die(*_args: object) -> None:
        raise KeyboardInterrupt

    follow = engine.cursors.follow
    monkeypatch.setattr(engine.cursors, "follow", die)
    with pytest.raises(KeyboardInterrupt):
        pull_company(pulled.rt, pulled.company_id)
    assert cursor(pulled).changed_since == before
    assert count(pulled, InvoiceRow, qbo_id=new) == 0, "rows and cursor are one commit"

    monkeypatch.setattr(engine.cursors, "follow", follow)
    pull_company(pulled.rt, pulled.company_id)
    assert invoice(pulled, new).total_minor == 500
    assert cursor(pulled).changed_since > before


def _line(amount: float) -> dict[str, object]:
    from tests.qbo.rig import line

    return line(amount)


def _feed_says_deleted(monkeypatch: pytest.MonkeyPatch, qbo_id: str) -> None:
    """Let the change feed call a living invoice deleted, as one was seen to do."""
    from connector.qbo.shapes import RawObject

    changes = QuickBooksGateway.changes

    def wrong(gateway: QuickBooksGateway, entities: list[str], since: str) -> Changes:
        real = changes(gateway, entities, since)
        stone = RawObject("Invoice", qbo_id, "", b'{"Id":"%s","status":"Deleted"}' % qbo_id.encode(), True)
        return Changes([*real.objects, stone], real.server_time, real.full)

    monkeypatch.setattr(QuickBooksGateway, "changes", wrong)


def _import_many(rig: Rig, number: int) -> None:
    books = rig.world.quickbooks.books(rig.realm)
    assert books is not None
    from sandbox.qbo.entities import ENTITIES
    from sandbox.qbo.writing import write

    with rig.world.quickbooks.quietly():
        for n in range(number):
            write(books, ENTITIES["Customer"], "create", {"DisplayName": f"Imported {n}"})
        rig.world.quickbooks.commit()
