"""Estimates and attachments in the cache: what they say, what they hang on, and installations that knew neither."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import Table
from sqlmodel import delete, select

from connector.errors import NotFound, Rejected
from connector.qbo import downloads
from connector.qbo.downloads import TooLarge
from connector.store.cache import CursorRow, ListingRow
from connector.store.papers import AttachedRow, EstimateRow
from sandbox.qbo.attachments import keep_by_hand
from sync import copies
from sync.pull import pull_company
from tests.qbo.rig import Rig, line


@pytest.fixture
def harbor(rig: Rig) -> Rig:
    """Return a company with a customer."""
    rig.blue_mesa = rig.customer("Blue Mesa Ranch", "ap@bluemesa.example")  # type: ignore[attr-defined]
    return rig


def estimate(rig: Rig, **more: Any) -> str:
    wanted = {"DocNumber": "1012", "TxnDate": "2026-11-02", "ExpirationDate": "2026-12-02", **more}
    customer = {"value": rig.blue_mesa}  # type: ignore[attr-defined]
    return str(rig.create("Estimate", CustomerRef=customer, Line=[line(500)], **wanted)["Id"])


def attach(rig: Rig, invoice: str, *, on_send: bool = True, kind: str = "Invoice", **more: Any) -> str:
    ref = {"EntityRef": {"type": kind, "value": invoice}, "IncludeOnSend": on_send}
    return str(rig.create("Attachable", FileName="kitchen.jpg", AttachableRef=[ref], **more)["Id"])


def rows(rig: Rig, table: Any) -> list[Any]:
    with rig.db.read() as session:
        return list(session.exec(select(table).where(table.company_id == rig.company_id)))


def test_an_estimate_has_its_day_state_and_answer(harbor: Rig) -> None:
    qbo_id = estimate(harbor)
    pull_company(harbor.rt, harbor.company_id)
    (row,) = rows(harbor, EstimateRow)
    assert (row.qbo_id, row.number, row.total_minor, row.status) == (qbo_id, "1012", 50000, "Pending")
    assert (row.expires_day, row.accepted_by) == (date(2026, 12, 2), "")
    harbor.edit("Estimate", qbo_id, TxnStatus="Accepted", AcceptedBy="Dana", AcceptedDate="2026-11-20")
    pull_company(harbor.rt, harbor.company_id)
    (row,) = rows(harbor, EstimateRow)
    assert (row.status, row.accepted_by, row.accepted_day) == ("Accepted", "Dana", date(2026, 11, 20))


def test_what_is_attached_follows_what_quickbooks_says(harbor: Rig) -> None:
    first, second = harbor.invoice(harbor.blue_mesa, 10), harbor.invoice(harbor.blue_mesa, 20)  # type: ignore[attr-defined]
    key = attach(harbor, first, ContentType="image/jpeg")
    pull_company(harbor.rt, harbor.company_id)
    (row,) = rows(harbor, AttachedRow)
    assert (row.attachable_id, row.entity, row.object_id, row.on_send) == (key, "Invoice", first, True)
    assert (row.name, row.media_type) == ("kitchen.jpg", "image/jpeg")
    refs = [{"EntityRef": {"type": "Invoice", "value": second}, "IncludeOnSend": False}]
    harbor.edit("Attachable", key, AttachableRef=refs)
    pull_company(harbor.rt, harbor.company_id)
    (row,) = rows(harbor, AttachedRow)
    assert (row.object_id, row.on_send) == (second, False)


def test_a_note_without_a_file_hangs_on_nothing(harbor: Rig) -> None:
    invoice = harbor.invoice(harbor.blue_mesa, 10)  # type: ignore[attr-defined]
    ref = {"EntityRef": {"type": "Invoice", "value": invoice}, "IncludeOnSend": True}
    harbor.create("Attachable", Note="Slow payer", AttachableRef=[ref])
    pull_company(harbor.rt, harbor.company_id)
    assert rows(harbor, AttachedRow) == []


def test_an_installation_that_knew_neither_loads_them_with_its_next_pull(harbor: Rig) -> None:
    pull_company(harbor.rt, harbor.company_id)
    estimate(harbor)
    attach(harbor, harbor.invoice(harbor.blue_mesa, 10))  # type: ignore[attr-defined]
    pull_company(harbor.rt, harbor.company_id)
    _forget(harbor)
    pull_company(harbor.rt, harbor.company_id)
    assert len(rows(harbor, EstimateRow)) == len(rows(harbor, AttachedRow)) == 1


def test_so_does_one_that_was_in_the_middle_of_its_first_load(harbor: Rig) -> None:
    estimate(harbor)
    attach(harbor, harbor.invoice(harbor.blue_mesa, 10))  # type: ignore[attr-defined]
    pull_company(harbor.rt, harbor.company_id)
    _forget(harbor)
    with harbor.db.write("back") as session:
        session.get_one(CursorRow, (harbor.company_id, "*")).phase = "first"
    pull_company(harbor.rt, harbor.company_id)
    assert len(rows(harbor, EstimateRow)) == len(rows(harbor, AttachedRow)) == 1


def _forget(rig: Rig) -> None:
    """Leave what an older version would have left."""
    tables: list[Table] = [EstimateRow.__table__, AttachedRow.__table__]  # type: ignore[attr-defined]
    with rig.db.write("older") as session:
        for table in tables:
            session.connection().execute(table.delete())
        for row in (CursorRow, ListingRow):
            session.exec(delete(row).where(row.entity.in_(("Estimate", "Attachable"))))  # type: ignore[attr-defined]


def test_a_file_is_fetched_by_the_address_that_quickbooks_gives(harbor: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    books = harbor.world.quickbooks.books(harbor.realm)
    assert books is not None
    ref = {"EntityRef": {"type": "Invoice", "value": harbor.invoice(harbor.blue_mesa, 10)}, "IncludeOnSend": True}  # type: ignore[attr-defined]
    said = {"FileName": "plan.pdf", "ContentType": "application/pdf", "AttachableRef": [ref]}
    key = keep_by_hand(books, said, b"%PDF-1.4 a plan")
    assert copies.attachment(harbor.rt, harbor.company_id, key, "0").body == b"%PDF-1.4 a plan"
    monkeypatch.setattr(copies, "LARGEST", 8)
    with pytest.raises(TooLarge):
        copies.attachment(harbor.rt, harbor.company_id, key, "1")
    with pytest.raises(NotFound):
        copies.attachment(harbor.rt, harbor.company_id, "987", "0")


def test_no_address_is_followed_but_over_https() -> None:
    with pytest.raises(Rejected):
        downloads.fetch("http://127.0.0.1:9/file", most=10, plain=False)
    assert downloads.address_in(b'{"Fault": {}}') == ""
    assert downloads.address_in(b"file:///etc/passwd") == ""
