"""Edits on their way to QuickBooks: what a customer decided arrives once, and never over what a person changed."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import select

from connector.store.edits import EditRow
from connector.store.outbox import AttemptRow
from connector.store.papers import EstimateRow
from sync.editing.rows import Edit, drop, owe_edit, retry
from sync.editing.words import KIND
from sync.pull import refresh_objects
from sync.pushing.attempts import verify_chain
from tests.sync.outbox.rig import Rig

ACCEPTED = {"TxnStatus": "Accepted", "AcceptedBy": "Dana Reyes", "AcceptedDate": "2026-11-22"}


@pytest.fixture
def estimate(rig: Rig) -> str:
    """Return an estimate over 500.00 for Blue Mesa Ranch that waits for its answer."""
    return estimate_of(rig, rig.customer("Blue Mesa Ranch"))


def estimate_of(rig: Rig, customer: str) -> str:
    line = {
        "Amount": 500,
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {"ItemRef": {"value": "1"}, "TaxCodeRef": {"value": "NON"}},
    }
    return rig.by_hand("Estimate", CustomerRef={"value": customer}, DocNumber="1012", Line=[line])


def approve(rig: Rig, estimate: str, **more: Any) -> str:
    """Owe QuickBooks the approval of an estimate."""
    base = {"TxnStatus": "Pending", "TotalAmt": "500.00"}
    title = "Estimate 1012 approved by Dana Reyes"
    edit = Edit(f"estimate/{estimate}/0", "Estimate", estimate, "1", title, ACCEPTED, base, **more)
    with rig.db.write("approve") as session:
        edit_id = owe_edit(session, rig.rt, rig.company_id, edit)
    assert edit_id
    return edit_id


def row_of(rig: Rig, edit_id: str) -> EditRow:
    with rig.db.read() as session:
        return session.exec(select(EditRow).where(EditRow.id == edit_id)).one()


def in_books(rig: Rig, estimate: str) -> dict[str, Any]:
    found = rig.world.quickbooks.books(rig.realm)
    assert found is not None
    return found.docs.body("Estimate", estimate) or {}


def test_an_approval_stands_in_quickbooks_with_name_and_day(rig: Rig, estimate: str) -> None:
    edit_id = approve(rig, estimate)
    rig.push()
    assert {name: in_books(rig, estimate)[name] for name in ACCEPTED} == ACCEPTED
    assert len(in_books(rig, estimate)["Line"]) == 2, "a sparse update leaves the lines alone"
    assert row_of(rig, edit_id).state == "posted"
    with rig.db.read() as session:
        cached = session.exec(select(EstimateRow).where(EstimateRow.qbo_id == estimate)).one()
    assert (cached.status, cached.accepted_by) == ("Accepted", "Dana Reyes")
    assert not verify_chain(rig.rt, rig.company_id)


def test_the_same_decision_is_owed_once(rig: Rig, estimate: str) -> None:
    approve(rig, estimate)
    with rig.db.write("again") as session:
        again = Edit(f"estimate/{estimate}/0", "Estimate", estimate, "1", "Again", {"TxnStatus": "Rejected"})
        assert owe_edit(session, rig.rt, rig.company_id, again) is None


def test_a_lost_answer_is_found_and_not_sent_again(rig: Rig, estimate: str) -> None:
    edit_id = approve(rig, estimate)
    rig.faults(("estimate.update", "drop_after_commit"))
    rig.push()
    assert row_of(rig, edit_id).state == "unknown"
    version = in_books(rig, estimate)["SyncToken"]
    rig.later(10)
    rig.push()
    assert row_of(rig, edit_id).state == "posted"
    assert in_books(rig, estimate)["SyncToken"] == version, "nothing was written twice"


def test_an_edit_that_never_left_is_sent_under_the_same_id(rig: Rig, estimate: str) -> None:
    edit_id = approve(rig, estimate)
    rig.faults(("estimate.update", "reset_before"))
    rig.push()
    first = row_of(rig, edit_id)
    assert first.state in ("due", "unknown")
    rig.later(10)
    rig.push()
    second = row_of(rig, edit_id)
    assert second.state == "posted"
    assert (second.request_id, second.request_body) == (first.request_id, first.request_body)


def test_a_version_that_moved_is_read_again(rig: Rig, estimate: str) -> None:
    """A note that somebody adds meanwhile is no reason to ask anybody: the approval goes on top of it."""
    approve(rig, estimate)
    rig.faults(("estimate.update", "reset_before"))
    rig.push()
    rig.edit("Estimate", estimate, PrivateNote="Called them")
    rig.later(10)
    rig.push()
    body = in_books(rig, estimate)
    assert (body["TxnStatus"], body["PrivateNote"]) == ("Accepted", "Called them")


def test_what_a_person_changed_meanwhile_is_not_written_over(rig: Rig, estimate: str) -> None:
    edit_id = approve(rig, estimate)
    rig.edit("Estimate", estimate, TxnStatus="Rejected")
    rig.push()
    held = row_of(rig, edit_id)
    assert held.state == "held"
    assert "status" in held.held_text
    assert in_books(rig, estimate)["TxnStatus"] == "Rejected"
    assert [row.subject for row in rig.open_discrepancies() if row.kind == KIND] == [edit_id]
    rig.push()
    assert row_of(rig, edit_id).attempt == 1, "what is held waits for a person"


@pytest.mark.parametrize(("decide", "state", "status"), [(retry, "posted", "Accepted"), (drop, "dropped", "Rejected")])
def test_a_person_decides_what_is_held(rig: Rig, estimate: str, decide: Any, state: str, status: str) -> None:
    edit_id = approve(rig, estimate)
    rig.edit("Estimate", estimate, TxnStatus="Rejected")
    rig.push()
    with rig.db.write("decide") as session:
        assert decide(session, rig.rt, rig.company_id, edit_id, by="Ines Marques")
        assert not decide(session, rig.rt, "another company", edit_id, by="Ines Marques")
    rig.push()
    assert row_of(rig, edit_id).state == state
    assert in_books(rig, estimate)["TxnStatus"] == status
    assert not [row for row in rig.open_discrepancies() if row.kind == KIND]


def test_an_estimate_that_is_gone_holds_its_answer(rig: Rig, estimate: str) -> None:
    edit_id = approve(rig, estimate)
    rig.hands.control("delete", {"entity": "Estimate", "id": estimate}, reading=False)
    rig.push()
    assert row_of(rig, edit_id).state == "held"


def test_both_calls_are_written_down_before_and_after(rig: Rig, estimate: str) -> None:
    edit_id = approve(rig, estimate)
    rig.push()
    with rig.db.read() as session:
        told = session.exec(select(AttemptRow).where(AttemptRow.posting_id == edit_id).order_by(AttemptRow.seq)).all()
    assert [(row.way, row.operation) for row in told] == [
        ("sent", "estimate.read"),
        ("received", "estimate.read"),
        ("sent", "estimate.update"),
        ("received", "estimate.update"),
    ]
    assert told[2].request_id


def test_the_cache_takes_an_answer_that_the_feed_brought_first(rig: Rig, estimate: str) -> None:
    refresh_objects(rig.rt, rig.company_id, "Estimate", [estimate])
    approve(rig, estimate)
    rig.push()
    refresh_objects(rig.rt, rig.company_id, "Estimate", [estimate])
    with rig.db.read() as session:
        assert session.exec(select(EstimateRow).where(EstimateRow.qbo_id == estimate)).one().status == "Accepted"


def customer_edit(rig: Rig, customer: str, wanted: dict[str, Any], base: dict[str, str], number: int = 1) -> str:
    edit = Edit(f"proposal/{customer}/{number}", "Customer", customer, customer, "New contact data", wanted, base)
    with rig.db.write("accept") as session:
        edit_id = owe_edit(session, rig.rt, rig.company_id, edit)
    assert edit_id
    return edit_id


def test_contact_data_leaves_the_rest_of_a_customer_alone(rig: Rig) -> None:
    address = {"Line1": "1 Mesa Road", "City": "Bend"}
    customer = rig.by_hand("Customer", DisplayName="Blue Mesa", BillAddr=address, Notes="Pays late")
    wanted = {"BillAddr": {"Line1": "2 Mesa Road", "City": "Bend"}, "PrimaryEmailAddr": {"Address": "ap@bluemesa.test"}}
    edit_id = customer_edit(rig, customer, wanted, {"BillAddr.Line1": "1 Mesa Road"})
    rig.push()
    assert row_of(rig, edit_id).state == "posted"
    (body,) = [one for one in rig.in_books("Customer") if one["Id"] == customer]
    assert (body["BillAddr"]["Line1"], body["Notes"], body["DisplayName"]) == ("2 Mesa Road", "Pays late", "Blue Mesa")


def test_a_name_that_is_taken_is_held_with_quickbooks_reason(rig: Rig) -> None:
    rig.by_hand("Customer", DisplayName="Cedar Hill")
    edit_id = customer_edit(rig, rig.customer("Blue Mesa"), {"DisplayName": "Cedar Hill"}, {"DisplayName": "Blue Mesa"})
    rig.push()
    held = row_of(rig, edit_id)
    assert (held.state, held.held_code) == ("held", "6240")


def test_edits_of_one_object_keep_their_order(rig: Rig) -> None:
    customer = rig.customer("Blue Mesa")
    first = customer_edit(rig, customer, {"PrimaryPhone": {"FreeFormNumber": "1"}}, {})
    rig.faults(("customer.update", "reset_before"))
    rig.push()
    second = customer_edit(rig, customer, {"PrimaryPhone": {"FreeFormNumber": "2"}}, {}, 2)
    rig.push()
    assert row_of(rig, second).attempt == 0, "the first one is not done"
    rig.later(60)
    rig.push()
    assert [row_of(rig, one).state for one in (first, second)] == ["posted", "posted"]
    (body,) = [one for one in rig.in_books("Customer") if one["Id"] == customer]
    assert body["PrimaryPhone"] == {"FreeFormNumber": "2"}
