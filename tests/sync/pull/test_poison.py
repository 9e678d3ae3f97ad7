"""One row that QuickBooks or we cannot read costs only itself."""

from __future__ import annotations

import pytest

from connector.store.cache import InvoiceRow, RawRow
from sync.pull import pull_company, refresh_objects
from tests.qbo.rig import Rig
from tests.sync.pull.cached import count, cursor, differences, invoice


@pytest.fixture
def spoilt(rig: Rig) -> tuple[Rig, str]:
    """Return a company whose seventh of twenty invoices has a mail address that spoils its page."""
    customer = rig.customer("Blue Mesa Ranch")
    ids = [rig.invoice(customer, 10.0 + n) for n in range(20)]
    rig.edit("Invoice", ids[6], BillEmail={"Address": "ap at bluemesa"})
    return rig, ids[6]


def test_a_page_is_halved_until_only_the_bad_row_is_missing(spoilt: tuple[Rig, str]) -> None:
    rig, bad = spoilt
    pull_company(rig.rt, rig.company_id)

    told = [line for line in rig.lines() if "could not give us" in line]
    assert told == ["QuickBooks could not give us 1 invoice: QueryProcessingError: To email address entered is invalid"]
    assert cursor(rig, "Invoice").pulled == 19
    # The feed tells of it all the same, because it has changed within the last minutes.
    assert differences(rig) == []
    assert invoice(rig, bad).email == "ap at bluemesa"


def test_a_bad_row_that_the_feed_is_silent_about_comes_once_it_is_corrected(spoilt: tuple[Rig, str]) -> None:
    rig, bad = spoilt
    rig.world.advance(3600)
    pull_company(rig.rt, rig.company_id)
    assert differences(rig) == [f"Invoice {bad}"]

    rig.edit("Invoice", bad, BillEmail={"Address": "ap@bluemesa.example"})
    pull_company(rig.rt, rig.company_id)
    assert differences(rig) == []


def test_a_bad_row_is_read_alone_at_the_moment_of_need(spoilt: tuple[Rig, str]) -> None:
    rig, bad = spoilt
    pull_company(rig.rt, rig.company_id)
    found = refresh_objects(rig.rt, rig.company_id, "Invoice", [bad, "999999"])
    assert [one.qbo_id for one in found] == [bad]


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("TotalAmt", "10.005", "10.005 USD is no amount"),
        ("CustomerRef", "null", "Expected `object`, got `null`"),
        ("TxnDate", '"soon"', "Invalid RFC3339"),
    ],
)
def test_an_object_without_meaning_keeps_its_text_and_is_told_once(rig: Rig, field: str, value: str, why: str) -> None:
    good = rig.invoice(rig.customer("Blue Mesa Ranch"), 10.0)
    parts = {"TotalAmt": "10.00", "CustomerRef": '{"value": "1"}', "TxnDate": '"2026-11-01"'} | {field: value}
    text = (
        '{"Id": "777", "SyncToken": "0", "Line": [], '
        + ", ".join(f'"{name}": {part}' for name, part in parts.items())
        + "}"
    )
    rig.quickbooks_control("load", documents=[{"entity": "Invoice", "text": text}])
    pull_company(rig.rt, rig.company_id)
    pull_company(rig.rt, rig.company_id)

    assert invoice(rig, good).total_minor == 1000
    assert count(rig, InvoiceRow, qbo_id="777") == 0
    with rig.db.read() as session:
        assert session.get_one(RawRow, (rig.company_id, "Invoice", "777")).body == text
    told = [line for line in rig.lines() if "777" in line]
    assert told == ["The invoice with the id 777 could not be read, so it is not shown."]
    assert any(why in detail for detail in _details(rig))


def _details(rig: Rig) -> list[str]:
    from sqlmodel import select

    from connector.store.log import LogRow

    with rig.db.read() as session:
        return list(session.exec(select(LogRow.detail)))
