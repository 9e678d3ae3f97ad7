"""Talking about an invoice on both sides of the counter: asked, answered, disputed, paid in part, settled."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlmodel import select
from werkzeug.test import TestResponse

from connector.store.access import ContactCustomerRow, LinkRow
from connector.store.books import DiscrepancyRow
from connector.store.cache import InvoiceRow
from connector.store.companies import CompanyRow
from connector.store.outbox import MailRow
from connector.store.talk import AttachmentRow, MessageRow, ThreadRow
from portal.talks import LARGEST_FORM
from sync.runtime import Runtime
from sync.talk.escalating import escalate
from sync.talk.pausing import is_reminding_paused
from tests import cast
from tests.portal.conftest import Opener, csrf_of
from tests.portal.one_engine import database_url  # noqa: F401  # a fixture
from tests.portal.test_invoice_page import HOSTILE, text_of

INVOICE = "/c/harbor-tile/i/68"
ASK = f"{INVOICE}/ask"
PDF, PNG = b"%PDF-1.7 a delivery note", b"\x89PNG\r\n\x1a\n a photo"


def send(client: FlaskClient, path: str, door: str = ASK, files: Any = (), **form: Any) -> TestResponse:
    """Send a form as a browser does, with files as pairs of name and bytes."""
    given = [(io.BytesIO(body), name) for name, body in files]
    data = {"csrf_token": csrf_of(client, door), "files": given, **form}
    return client.post(path, data=data, content_type="multipart/form-data")


def dispute(client: FlaskClient, **more: Any) -> str:
    """Open a dispute and return its address."""
    form = {"about": "dispute", "line": "1", "amount": "120.00", "text": "Ten tiles arrived broken.", "form": "f1"}
    answer = send(client, ASK, **{**form, **more})
    assert answer.status_code == 302, text_of(answer.get_data(as_text=True))
    return str(answer.location).partition("?")[0]


def row_of(rt: Runtime) -> ThreadRow:
    with rt.db.read() as session:
        return session.exec(select(ThreadRow)).one()


def links_of(rt: Runtime) -> list[LinkRow]:
    with rt.db.read() as session:
        return list(session.exec(select(LinkRow)))


def read(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_a_dispute_is_opened_answered_and_settled(rt: Runtime, opened: Opener, at_desk: Opener) -> None:
    guest, ines = opened("68"), at_desk(cast.INES)
    address = dispute(guest, files=[("note.pdf", PDF), ("photo.png", PNG)])
    said = text_of(read(guest, f"{address}?sent=1"))
    assert "Dispute of $120.00" in said
    assert "Sent. Ines Marques at Harbor Tile Co. looks after it" in said
    assert "Answer expected by Monday 23 November" in said
    thread_id = address.rpartition("/")[2]
    desk = f"/staff/talk/{thread_id}"
    assert "Dispute of $120.00" in text_of(read(ines, "/staff/talk"))
    assert "Ten tiles arrived broken." in text_of(read(ines, desk))
    answer = send(ines, f"{desk}/answer", desk, text="We credit them today.", form="s1", files=[("credit.pdf", PDF)])
    assert answer.status_code == 302
    said = text_of(read(guest, address))
    assert "Ines Marques" in said
    assert "We credit them today." in said
    assert "Harbor Tile Co. answered" in said
    send(ines, f"{desk}/answer", desk, text="The credit is in the books.", form="s2", close="1")
    assert "Settled" in text_of(read(guest, address))
    assert "What was said" in text_of(read(ines, f"/staff/customers/{cast.BLUE_MESA}"))
    assert "The credit is in the books." in text_of(read(ines, f"/staff/customers/{cast.BLUE_MESA}"))
    assert row_of(rt).result == "The credit is in the books."
    send(guest, address, text="It is not there.", form="f2")
    assert (row_of(rt).state, row_of(rt).turn) == ("open", "staff")


def test_of_two_who_settle_it_the_later_loses_no_word(rt: Runtime, signed_in: Opener, at_desk: Opener) -> None:
    desk = f"/staff/talk/{dispute(signed_in(cast.DANA)).rpartition('/')[2]}"
    ines, omar = at_desk(cast.INES), at_desk(cast.OMAR)
    for _ in range(2):  # the same form, pressed twice
        first = send(ines, f"{desk}/answer", desk, text="The credit is in the books.", form="s1", close="1")
        said = text_of(read(ines, first.location))
        assert "Settled." in said
        assert "No address of theirs is known" not in said
    links = len(links_of(rt))
    late = send(omar, f"{desk}/answer", desk, text="We send a new invoice.", form="s2", close="1")
    page = text_of(late.get_data(as_text=True))
    assert late.status_code == 422
    assert "was settled meanwhile, so nothing was sent" in page
    assert "We send a new invoice." in page
    assert (row_of(rt).result, len(links_of(rt))) == ("The credit is in the books.", links)


def test_the_answers_mail_leads_to_the_invoice_and_nothing_else(rt: Runtime, opened: Opener, at_desk: Opener) -> None:
    thread_id = dispute(opened("68")).rpartition("/")[2]
    desk = f"/staff/talk/{thread_id}"
    send(at_desk(cast.INES), f"{desk}/answer", desk, text="We look.", form="s1")
    with rt.db.read() as session:
        mails = {mail.kind: mail.to for mail in session.exec(select(MailRow))}
        newest = session.exec(select(LinkRow).order_by(LinkRow.created_at.desc())).first()  # type: ignore[attr-defined]
    assert mails == {"talk_staff": "ines@ledgerandco.test", "talk_answer": "dana@bluemesa.test"}
    assert newest is not None
    assert (newest.purpose, newest.invoice_id) == ("invoice", "68")


@pytest.mark.parametrize("state", ["removed", "blocked"])
def test_who_was_taken_off_a_customer_is_answered_no_more(
    rt: Runtime, signed_in: Opener, at_desk: Opener, state: str
) -> None:
    thread_id = dispute(signed_in(cast.LUIS)).rpartition("/")[2]
    with rt.db.write("off") as session:
        session.get_one(ContactCustomerRow, (cast.HARBOR, cast.LUIS, cast.BLUE_MESA)).state = state
    desk = f"/staff/talk/{thread_id}"
    send(at_desk(cast.INES), f"{desk}/answer", desk, text="We look.", form="s1")
    with rt.db.read() as session:
        to = [mail.to for mail in session.exec(select(MailRow)) if mail.kind == "talk_answer"]
    assert "luis@bluemesa.test" not in to, "the answer holds a link to the invoice"


def test_who_acts_for_the_parent_is_answered(rt: Runtime, signed_in: Opener, at_desk: Opener) -> None:
    cast.put(rt.db, cast.customer("241", "Ridge North", parent_id=cast.RIDGE))
    with rt.db.write("moved") as session:
        session.get_one(InvoiceRow, (cast.HARBOR, "68")).customer_id = "241"
    thread_id = dispute(signed_in(cast.LUIS)).rpartition("/")[2]
    desk = f"/staff/talk/{thread_id}"
    send(at_desk(cast.INES), f"{desk}/answer", desk, text="We look.", form="s1")
    with rt.db.read() as session:
        assert "luis@bluemesa.test" in [mail.to for mail in session.exec(select(MailRow))]


def test_the_undisputed_part_can_be_paid(opened: Opener) -> None:
    guest = opened("68")
    assert "disputed" not in text_of(read(guest, INVOICE))
    dispute(guest)
    html = read(guest, INVOICE)
    said = text_of(html)
    assert "$120.00 of this is disputed. You can pay the rest now, or all of it." in said
    assert "Pay the undisputed $500.00" in said
    assert "Pay all $620.00" in said
    pay = re.search(r'href="([^"]+a\.68=500\.00)"', html)
    assert pay is not None
    assert 'value="500.00"' in read(guest, pay[1].replace("&amp;", "&"))


def test_a_dispute_counts_that_is_older_than_what_the_page_shows(rt: Runtime, opened: Opener) -> None:
    guest = opened("68")
    dispute(guest)
    later = {"changed_at": cast.NOW + timedelta(days=1), "state": "closed"}
    cast.put(rt.db, *(row for n in range(25) for row in cast.thread(f"talk-{n}", "68", kind="question", **later)))
    assert "$120.00 of this is disputed. You can pay the rest now, or all of it." in text_of(read(guest, INVOICE))


def test_where_no_part_is_taken_the_whole_is_paid_or_nothing(rt: Runtime, opened: Opener) -> None:
    with rt.db.write("test") as session:
        session.get_one(CompanyRow, cast.HARBOR).allow_partial = False
    guest = opened("68")
    dispute(guest)
    said = text_of(read(guest, INVOICE))
    assert "$120.00 of this is disputed." in said
    assert "undisputed" not in said
    assert "Pay $620.00" in said


def test_without_an_amount_the_line_is_disputed_and_without_a_line_all_that_is_left(
    rt: Runtime, opened: Opener
) -> None:
    guest = opened("68")
    dispute(guest, amount="", form="a")
    dispute(guest, amount="", line="", form="b")
    with rt.db.read() as session:
        rows = session.exec(select(ThreadRow)).all()
    assert {(row.line_title, row.disputed_minor) for row in rows} == {("Sealing", 25000), ("", 62000)}
    assert "Pay $620.00" in text_of(read(guest, INVOICE))  # nothing is left apart from it


def test_a_check_is_told_with_one_press(rt: Runtime, opened: Opener, at_desk: Opener) -> None:
    guest = opened("68")
    answer = send(guest, ASK, about="check_sent", number=" 2041 ", day="2026-11-20", form="c")
    assert answer.status_code == 302
    assert "Check 2041, sent on 20 November" in text_of(read(guest, INVOICE))
    assert "Check 2041, sent 20 November" in text_of(read(at_desk(cast.INES), "/staff/talk"))
    with rt.db.read() as session:
        assert is_reminding_paused(session, cast.HARBOR, "68")


def test_pressed_twice_it_is_sent_once(rt: Runtime, signed_in: Opener) -> None:
    dana = signed_in(cast.DANA)
    assert dispute(dana) == dispute(dana)
    with rt.db.read() as session:
        assert len(session.exec(select(ThreadRow)).all()) == 1
        (mail,) = session.exec(select(MailRow))
    assert rt.bell.rings.count(("mail", mail.id)) == 1  # type: ignore[attr-defined]
    assert "You" in text_of(read(dana, dispute(dana)))


@pytest.mark.parametrize(
    ("form", "files", "says"),
    [
        ({"about": "question", "text": " "}, [], "Write a few words."),
        ({"about": "question", "text": "x" * 4001}, [], "That is too long."),
        ({"about": "dispute", "text": "x", "amount": "0"}, [], "above zero"),
        ({"about": "dispute", "text": "x", "amount": "1620.01"}, [], "no larger than the invoice"),
        ({"about": "dispute", "text": "x", "amount": "many"}, [], ""),
        ({"about": "check_sent", "number": "", "day": "2026-11-20"}, [], "Enter the number of the check."),
        ({"about": "check_sent", "number": "1", "day": "soon"}, [], "Enter the day on which you sent the check."),
        ({"about": "check_sent", "number": "1", "day": "2027-11-20"}, [], "Enter the day"),
        ({"about": "question", "text": "x"}, [("a.pdf", b"<html>")], "a.pdf is neither a PDF nor a PNG or JPEG"),
        ({"about": "question", "text": "x"}, [("a.pdf", PDF)] * 6, "Attach up to five files."),
        ({"about": "question", "text": "x"}, [("a.pdf", PDF + b"." * 5 * 1024 * 1024)], "a.pdf is too large."),
    ],
)
def test_what_cannot_be_kept_is_said_and_typed_text_stays(
    rt: Runtime, opened: Opener, form: dict[str, str], files: list[tuple[str, bytes]], says: str
) -> None:
    answer = send(opened("68"), ASK, files=files, **form)
    html = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert says in text_of(html)
    assert 'role="alert"' in html
    assert form.get("text", "").strip()[:20] in html
    with rt.db.read() as session:
        assert session.exec(select(ThreadRow)).all() == []


def test_only_forms_with_files_may_be_large(opened: Opener) -> None:
    guest = opened("68")
    assert send(guest, ASK, about="question", text="x", files=[("a.pdf", PDF + b"." * 100_000)]).status_code == 302
    too_long = {"CONTENT_LENGTH": str(LARGEST_FORM + 1), "CONTENT_TYPE": "multipart/form-data; boundary=x"}
    assert guest.post(ASK, data=b"x", environ_overrides=too_long).status_code == 413
    settled = f"{INVOICE}/talk/nothing/settled"
    assert guest.post(settled, data={"csrf_token": csrf_of(guest, ASK), "x": "y" * 70_000}).status_code == 413


def test_a_file_is_handed_over_to_be_saved(rt: Runtime, opened: Opener, at_desk: Opener) -> None:
    guest = opened("68")
    address = dispute(guest, files=[('../<b>"x".html', PDF)])
    with rt.db.read() as session:
        file_id = session.exec(select(AttachmentRow.id)).one()
    thread_id = address.rpartition("/")[2]
    for client, path in (
        (guest, f"{address}/file/{file_id}"),
        (at_desk(cast.VERA), f"/staff/talk/{thread_id}/file/{file_id}"),
    ):
        answer = client.get(path)
        assert answer.get_data() == PDF
        assert answer.mimetype == "application/pdf"
        assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
        assert ".html" not in answer.headers["Content-Disposition"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_what_was_typed_stays_text(opened: Opener, at_desk: Opener) -> None:
    guest = opened("68")
    address = dispute(guest, text=HOSTILE, files=[(HOSTILE + ".pdf", PDF)])
    for html in (read(guest, address), read(at_desk(cast.INES), f"/staff/talk/{address.rpartition('/')[2]}")):
        assert "<script>alert" not in html
        assert "<img src=x" not in html
        assert "&lt;script&gt;alert(1)" in html


def test_too_many_are_stopped_by_the_database(rt: Runtime, opened: Opener) -> None:
    guest = opened("68")
    answers = [send(guest, ASK, about="question", text="x", form=str(n)).status_code for n in range(13)]
    assert answers == [302] * 12 + [429]
    rt.clock.move(timedelta(hours=1))  # type: ignore[attr-defined]
    assert send(guest, ASK, about="question", text="x", form="later").status_code == 302


def test_a_late_answer_needs_a_person_until_it_is_given(rt: Runtime, opened: Opener, at_desk: Opener) -> None:
    address = dispute(opened("68"))
    thread_id = address.rpartition("/")[2]
    rt.clock.move(timedelta(days=2))  # type: ignore[attr-defined]
    escalate(rt, thread_id)
    desk, omar = f"/staff/talk/{thread_id}", at_desk(cast.OMAR)
    assert "Past due" in text_of(read(omar, "/staff/talk"))
    assert "Blue Mesa Ranch waits for an answer about invoice 1068" in text_of(read(omar, "/staff/needs"))
    send(omar, f"{desk}/assign", desk, owner=cast.OMAR, due="2026-11-30")
    assert (row_of(rt).owner_id, row_of(rt).escalated_at) == (cast.OMAR, None)
    with rt.db.read() as session:
        assert session.exec(select(DiscrepancyRow.closing_note)).one() == "It has a new due time."
    assert "Dispute of $120.00" in text_of(read(omar, "/staff/talk?show=mine"))


def test_it_is_settled_for_the_payer(rt: Runtime, opened: Opener) -> None:
    guest = opened("68")
    address = dispute(guest)
    assert send(guest, f"{address}/settled").status_code == 302
    assert row_of(rt).state == "closed"
    assert "Pay $620.00" in text_of(read(guest, INVOICE))
    with rt.db.read() as session:
        assert len(session.exec(select(MessageRow)).all()) == 1


def test_an_owner_who_is_no_colleague_is_refused(rt: Runtime, opened: Opener, at_desk: Opener) -> None:
    desk = f"/staff/talk/{dispute(opened('68')).rpartition('/')[2]}"
    ines = at_desk(cast.INES)
    for owner, due in ((cast.PETRA, "2026-12-01"), (cast.VERA, "2026-12-01"), (cast.OMAR, "soon")):
        assert send(ines, f"{desk}/assign", desk, owner=owner, due=due).status_code == 400
    assert row_of(rt).owner_id == cast.INES
