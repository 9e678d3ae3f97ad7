"""Own contact data: proposed by a customer, accepted or declined by staff or by rule, and owed to QuickBooks once."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlmodel import Session, select

from connector.store.access import ContactCustomerRow, ContactRow
from connector.store.books import DiscrepancyRow
from connector.store.cache import RawRow
from connector.store.companies import CompanyRow
from connector.store.edits import EditRow, ProposalRow
from connector.store.log import LogRow
from connector.store.outbox import MailRow
from sync.editing import words
from sync.editing.contact_data import base_of, changed, read_fields, update_of
from sync.runtime import Runtime
from tests import cast
from tests.portal.conftest import Opener, csrf_of
from tests.portal.one_engine import database_url  # noqa: F401  # a fixture

HOME = "/c/harbor-tile"
BODY = {
    "Id": "24",
    "DisplayName": "Blue Mesa Ranch",
    "PrimaryEmailAddr": {"Address": "dana@bluemesa.test"},
    "PrimaryPhone": {"FreeFormNumber": "(503) 555-0100"},
    "BillAddr": {
        "Id": "7",
        "Line1": "1 Mesa Road",
        "Line3": "Gate B",
        "City": "Bend",
        "Lat": "44.05",
        "Long": "-121.3",
    },
}


@pytest.fixture(autouse=True)
def _known(rt: Runtime) -> None:
    raw = {"entity": "Customer", "qbo_id": cast.BLUE_MESA, "sync_token": "0", "body": json.dumps(BODY)}
    cast.put(rt.db, RawRow(company_id=cast.HARBOR, **raw))


def send(signed_in: Opener, who: str = cast.DANA, **form: str) -> Any:
    payer = signed_in(who)
    shown = read_fields(json.dumps(BODY))
    token = csrf_of(payer, f"{HOME}/account")
    data = {**shown, "csrf_token": token, "customer": cast.BLUE_MESA, **form}
    return payer.post(f"{HOME}/contact", data=data)


def rows(rt: Runtime, table: Any) -> list[Any]:
    with Session(rt.db.engine) as session:
        return list(session.exec(select(table).order_by(table.id)))


def decide(at_desk: Opener, proposal_id: str, decision: str, **form: str) -> Any:
    ines = at_desk(cast.INES)
    token = csrf_of(ines, "/staff/settings")
    return ines.post(f"/staff/proposals/{proposal_id}/{decision}", data={"csrf_token": token, **form})


def by_rule(rt: Runtime) -> None:
    with rt.db.write("rule") as session:
        session.get_one(CompanyRow, cast.HARBOR).takes_contact_data = True


# ------------------------------------------------------------------ the update


def test_an_address_is_sent_whole_and_without_what_quickbooks_makes_itself() -> None:
    update = update_of(json.dumps(BODY), {"bill_line1": "2 Mesa Road", "phone": ""})
    assert update == {
        "BillAddr": {"Line1": "2 Mesa Road", "Line3": "Gate B", "City": "Bend"},
        "PrimaryPhone": {"FreeFormNumber": ""},
    }


def test_only_what_changed_is_proposed() -> None:
    before = read_fields(json.dumps(BODY))
    typed = {**before, "ship_city": "Bend", "phone": "(503) 555-0100"}
    assert changed(before, typed) == {"ship_city": "Bend"}
    assert base_of({"ship_city": "", "name": "A"}) == {"ShipAddr.City": "", "DisplayName": "A"}
    assert read_fields("") == dict.fromkeys(before, "")


# ------------------------------------------------------------------ proposing


def test_a_proposal_waits_for_staff_and_changes_nothing_by_itself(signed_in: Opener, rt: Runtime) -> None:
    assert send(signed_in, phone="(503) 555-0177", note="New office").status_code == 302
    (row,) = rows(rt, ProposalRow)
    assert (row.state, json.loads(row.wanted)) == ("waiting", {"phone": "(503) 555-0177"})
    assert rows(rt, EditRow) == []
    assert sorted(mail.to for mail in rows(rt, MailRow)) == ["ines@ledgerandco.test", "omar@harbortile.test"]
    page = signed_in(cast.DANA).get(f"{HOME}/contact").get_data(as_text=True)
    assert "has what you proposed" in page


def test_a_newer_proposal_takes_the_place_of_the_one_that_waits(signed_in: Opener, rt: Runtime) -> None:
    send(signed_in, phone="1")
    send(signed_in, phone="2")
    states = {row.wanted: row.state for row in rows(rt, ProposalRow)}
    assert states == {'{"phone": "1"}': "withdrawn", '{"phone": "2"}': "waiting"}


def test_the_same_data_again_proposes_nothing(signed_in: Opener, rt: Runtime) -> None:
    send(signed_in)
    assert rows(rt, ProposalRow) == []


@pytest.mark.parametrize("form", [{"name": ""}, {"name": "Blue: Mesa"}, {"email": "nobody"}])
def test_what_quickbooks_could_not_take_is_said_at_once(signed_in: Opener, rt: Runtime, form: dict[str, str]) -> None:
    answer = send(signed_in, **form)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.get_data(as_text=True)
    assert rows(rt, ProposalRow) == []


def test_who_only_looks_proposes_nothing(signed_in: Opener, rt: Runtime) -> None:
    with rt.db.write("role") as session:
        session.get_one(ContactCustomerRow, (cast.HARBOR, cast.DANA, cast.BLUE_MESA)).role = "view"
    assert signed_in(cast.DANA).get(f"{HOME}/contact").status_code == 404
    assert send(signed_in, phone="1").status_code == 404


# ------------------------------------------------------------------ deciding


def test_what_staff_accept_is_owed_to_quickbooks_once_and_told(signed_in: Opener, at_desk: Opener, rt: Runtime) -> None:
    send(signed_in, bill_line1="2 Mesa Road", email="ap@bluemesa.test")
    (row,) = rows(rt, ProposalRow)
    assert "2 Mesa Road" in at_desk(cast.VERA).get("/staff/proposals").get_data(as_text=True)
    decide(at_desk, row.id, "accept")
    decide(at_desk, row.id, "decline")
    (edit,) = rows(rt, EditRow)
    assert json.loads(edit.wanted)["BillAddr"] == {"Line1": "2 Mesa Road", "Line3": "Gate B", "City": "Bend"}
    assert json.loads(edit.base) == {"BillAddr.Line1": "1 Mesa Road", "PrimaryEmailAddr.Address": "dana@bluemesa.test"}
    told = [mail.to for mail in rows(rt, MailRow) if mail.kind == "data_decided"]
    assert told == ["dana@bluemesa.test"]
    assert ("push", cast.HARBOR) in rt.bell.rings  # type: ignore[attr-defined]


def test_what_staff_decline_is_told_with_their_answer(signed_in: Opener, at_desk: Opener, rt: Runtime) -> None:
    send(signed_in, phone="1")
    (row,) = rows(rt, ProposalRow)
    decide(at_desk, row.id, "decline", answer="Please call us first.")
    (row,) = rows(rt, ProposalRow)
    assert (row.state, row.answer, row.decided_by) == ("declined", "Please call us first.", cast.INES)
    assert rows(rt, EditRow) == []


def test_who_is_gone_is_not_said_to_be_told(signed_in: Opener, at_desk: Opener, rt: Runtime) -> None:
    send(signed_in, phone="1")
    (row,) = rows(rt, ProposalRow)
    with rt.db.write("gone") as session:
        session.get_one(ContactRow, cast.DANA).state = "blocked"
    ines = at_desk(cast.INES)
    token = csrf_of(ines, "/staff/proposals")
    landed = ines.post(f"/staff/proposals/{row.id}/decline", data={"csrf_token": token}).location
    page = ines.get(landed).get_data(as_text=True)
    assert "They are told by mail" not in page
    assert "Nobody who proposed it can be told" in page


def test_a_rule_takes_everything_over_but_the_email(signed_in: Opener, rt: Runtime) -> None:
    by_rule(rt)
    send(signed_in, phone="1", email="other@bluemesa.test")
    states = {tuple(json.loads(row.wanted)): row.state for row in rows(rt, ProposalRow)}
    assert states == {("phone",): "accepted", ("email",): "waiting"}
    (edit,) = rows(rt, EditRow)
    assert json.loads(edit.wanted) == {"PrimaryPhone": {"FreeFormNumber": "1"}}


def test_a_changed_address_gives_nobody_access_and_takes_none_away(
    signed_in: Opener, at_desk: Opener, rt: Runtime
) -> None:
    before = [(row.id, row.email, row.state) for row in rows(rt, ContactRow)]
    send(signed_in, email="other@bluemesa.test")
    decide(at_desk, rows(rt, ProposalRow)[0].id, "accept")
    assert [(row.id, row.email, row.state) for row in rows(rt, ContactRow)] == before


def test_a_held_edit_is_shown_with_its_trail_and_decided(at_desk: Opener, rt: Runtime) -> None:
    cast.put(rt.db, cast.edit("edit-1", state="held"))
    with rt.db.write("held") as session:
        words.held(session, rt, session.get_one(EditRow, "edit-1"), "The phone was changed.", "Look at it.")
    ines = at_desk(cast.INES)
    (need,) = rows(rt, DiscrepancyRow)
    page = ines.get(f"/staff/needs?open={need.id}").get_data(as_text=True)
    assert "/staff/edits/edit-1/retry" in page
    (line,) = [row for row in rows(rt, LogRow) if row.posting_id == "edit-1"]
    assert ines.get(f"/staff/log?open={line.id}").status_code == 200
    token = csrf_of(ines, "/staff/settings")
    assert ines.post("/staff/edits/edit-1/drop", data={"csrf_token": token}).status_code == 302
    (edit,) = rows(rt, EditRow)
    (need,) = rows(rt, DiscrepancyRow)
    assert edit.state == "dropped"
    assert need.closed_at is not None
