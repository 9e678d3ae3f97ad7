"""Threads from their first message to their last: owners, due times, escalation, mails, and what they hold back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from connector.errors import WrongInput
from connector.ledger.money import Money
from connector.store.books import DiscrepancyRow
from connector.store.outbox import MailRow
from connector.store.session import Database
from connector.store.talk import MessageRow, ThreadRow
from jobs.due import CHORES
from jobs.mail.envelope import fill_envelope
from jobs.mail.letters import write_letter
from sync.runtime import Runtime
from sync.talk.answering import answer_as_payer, answer_as_staff, close_by_staff, withdraw
from sync.talk.decisions import Colleague, Kind, due_at, owner_among, undisputed
from sync.talk.escalating import escalate, late_threads
from sync.talk.files import LARGEST_FILE, read_files
from sync.talk.opening import Subject, open_thread
from sync.talk.pausing import disputed_minor, is_reminding_paused
from sync.talk.rows import Said, thread_of
from tests import cast

URL = f"{cast.PUBLIC_URL}/c/harbor-tile/i/68"


@pytest.fixture
def rt(db: Database) -> Runtime:
    cast.stage(db)
    return cast.runtime_of(db)


def opened(rt: Runtime, kind: Kind = Kind.DISPUTE, minor: int = 12000, key: str = "form-1", by: str = cast.DANA) -> str:
    said = Said(key, "Ten tiles arrived broken.", author="dana@bluemesa.test" if by else "", author_id=by)
    with rt.db.write("test") as session:
        return open_thread(session, rt, cast.HARBOR, "68", Subject(kind, "Sealing", minor), said)[0]


def thread(rt: Runtime, thread_id: str) -> ThreadRow:
    with rt.db.read() as session:
        return session.get_one(ThreadRow, thread_id)


def act(rt: Runtime, what: Any, thread_id: str, *values: Any, **named: Any) -> Any:
    with rt.db.write("test") as session:
        row = thread_of(session, cast.HARBOR, thread_id)
        assert row is not None
        return what(session, rt, row, *values, **named)


def mails(rt: Runtime) -> list[tuple[str, str]]:
    with rt.db.read() as session:
        return sorted((mail.kind, mail.to) for mail in session.exec(select(MailRow)))


def late(session: Session) -> list[DiscrepancyRow]:
    return list(session.exec(select(DiscrepancyRow).where(DiscrepancyRow.kind == "talk_late")))


INES = Said("answer-1", "We credit them today.", author="Ines Marques", author_id=cast.INES)


@pytest.mark.parametrize(
    ("asked", "due"),
    [
        (datetime(2026, 11, 25, 20, tzinfo=UTC), datetime(2026, 11, 27, 1, tzinfo=UTC)),  # Wednesday: Thursday
        (datetime(2026, 11, 27, 20, tzinfo=UTC), datetime(2026, 12, 1, 1, tzinfo=UTC)),  # Friday: Monday
        (datetime(2026, 11, 28, 20, tzinfo=UTC), datetime(2026, 12, 1, 1, tzinfo=UTC)),  # Saturday: Monday
        (datetime(2026, 11, 25, 4, tzinfo=UTC), datetime(2026, 11, 26, 1, tzinfo=UTC)),  # Tuesday evening in Portland
        (datetime(2026, 3, 6, 20, tzinfo=UTC), datetime(2026, 3, 10, 0, tzinfo=UTC)),  # over the change to summer time
    ],
)
def test_an_answer_is_due_at_the_end_of_the_next_business_day(asked: datetime, due: datetime) -> None:
    assert due_at(asked, cast.ZONE) == due


def test_who_looks_after_a_thread() -> None:
    omar, ines, vera = Colleague("omar", "owner"), Colleague("ines", "bookkeeper"), Colleague("vera", "viewer")
    assert owner_among([omar, ines, vera], "") == "ines"
    assert owner_among([omar, ines, vera], "omar") == "omar"
    assert owner_among([omar, ines, vera], "vera") == "ines"
    assert owner_among([omar, vera], "gone") == "omar"
    assert owner_among([vera], "vera") == ""


def test_what_is_undisputed_is_never_below_zero() -> None:
    assert undisputed(Money(62000, "USD"), 12000) == Money(50000, "USD")
    assert undisputed(Money(62000, "USD"), 80000) == Money(0, "USD")


def test_a_dispute_has_an_owner_a_due_time_and_a_mail(rt: Runtime) -> None:
    row = thread(rt, opened(rt))
    assert (row.owner_id, row.turn, row.state, row.customer_id) == (cast.INES, "staff", "open", cast.BLUE_MESA)
    assert row.due_at == datetime(2026, 11, 24, 1, tzinfo=UTC)  # Monday 23 November, 17:00 in Portland
    assert mails(rt) == [("talk_staff", "ines@ledgerandco.test")]


def test_a_second_press_writes_nothing(rt: Runtime) -> None:
    first = opened(rt)
    assert opened(rt) == first
    act(rt, answer_as_staff, first, INES, url=URL)
    assert act(rt, answer_as_staff, first, INES, url=URL) == []
    with rt.db.read() as session:
        assert len(session.exec(select(ThreadRow)).all()) == 1
        assert len(session.exec(select(MessageRow)).all()) == 2
    assert mails(rt) == [("talk_answer", "dana@bluemesa.test"), ("talk_staff", "ines@ledgerandco.test")]


def test_reminders_pause_while_a_dispute_or_a_check_is_open(rt: Runtime) -> None:
    question = opened(rt, Kind.QUESTION, 0, key="q")
    with rt.db.read() as session:
        assert not is_reminding_paused(session, cast.HARBOR, "68")
    check = opened(rt, Kind.CHECK_SENT, 0, key="c")
    dispute = opened(rt, key="d")
    with rt.db.read() as session:
        assert is_reminding_paused(session, cast.HARBOR, "68")
        assert not is_reminding_paused(session, cast.HARBOR, "71")
        assert not is_reminding_paused(session, cast.QUARRY, "68")
        assert disputed_minor(session, cast.HARBOR, "68") == 12000
    for one in (question, check, dispute):
        act(rt, withdraw, one, "dana@bluemesa.test")
    with rt.db.read() as session:
        assert not is_reminding_paused(session, cast.HARBOR, "68")
        assert disputed_minor(session, cast.HARBOR, "68") == 0


def test_what_waits_too_long_is_named_once_and_settled_by_an_answer(rt: Runtime) -> None:
    thread_id = opened(rt)
    escalate(rt, thread_id)  # not late yet: nothing happens
    with rt.db.read() as session:
        assert late_threads(session, rt.clock.now()) == []
        assert late(session) == []
    rt.clock.move(timedelta(days=2))  # type: ignore[attr-defined]
    chore = next(one for one in CHORES if one.work == "talk")
    with rt.db.read() as session:
        assert chore.due_for(session, rt.clock.now()) == [thread_id]
    escalate(rt, thread_id)
    escalate(rt, thread_id)
    with rt.db.read() as session:
        (need,) = late(session)
        assert chore.due_for(session, rt.clock.now()) == []
    assert need.sentence == "Blue Mesa Ranch waits for an answer about invoice 1068, and it is past due."
    assert need.next_step.startswith("Ines Marques looks after it.")
    assert (need.amount_minor, need.closed_at) == (12000, None)
    assert ("talk_late", "omar@harbortile.test") in mails(rt)
    act(rt, answer_as_staff, thread_id, INES, url=URL)
    with rt.db.read() as session:
        (need,) = late(session)
    assert (need.closed_by, need.closing_note) == (cast.INES, "It was answered.")


def test_closing_says_with_what_result_and_an_answer_opens_it_again(rt: Runtime) -> None:
    thread_id = opened(rt)
    act(rt, close_by_staff, thread_id, INES, url=URL)
    row = thread(rt, thread_id)
    assert (row.state, row.result, row.turn) == ("closed", "We credit them today.", "payer")
    act(rt, answer_as_payer, thread_id, Said("again", "The credit is not there.", author_id=cast.DANA))
    row = thread(rt, thread_id)
    assert (row.state, row.result, row.turn, row.closed_at) == ("open", "", "staff", None)


def test_the_holder_of_a_link_is_answered_where_the_invoice_went(rt: Runtime) -> None:
    thread_id = opened(rt, by="")
    act(rt, answer_as_staff, thread_id, INES, url=URL)
    assert ("talk_answer", "dana@bluemesa.test") in mails(rt)


def test_every_mail_of_a_talk_reads_whole(rt: Runtime) -> None:
    thread_id = opened(rt)
    rt.clock.move(timedelta(days=2))  # type: ignore[attr-defined]
    escalate(rt, thread_id)
    act(rt, close_by_staff, thread_id, INES, url=URL)
    texts = {}
    with rt.db.read() as session:
        for mail in session.exec(select(MailRow)):
            letter = write_letter(session, rt, mail)
            message = fill_envelope(letter, to=mail.to, sender="us@x.test", message_id="<1@x.test>", at=cast.NOW)
            plain = message.get_body(("plain",))
            assert plain is not None
            texts[mail.kind] = f"{message['Subject']}\n{plain.get_content()}"
    assert "Dispute of invoice 1068: Blue Mesa Ranch" in texts["talk_staff"]
    assert "$120.00" in texts["talk_staff"]
    assert "Ten tiles arrived broken." in texts["talk_staff"]
    assert "Answer by Monday 23 November, 17:00" in texts["talk_staff"]
    assert f"{cast.PUBLIC_URL}/staff/talk/{thread_id}" in texts["talk_staff"]
    assert "Past due: Dispute of invoice 1068" in texts["talk_late"]
    assert "Harbor Tile Co. answered about invoice 1068" in texts["talk_answer"]
    assert "We credit them today." in texts["talk_answer"]
    assert "It is closed with this" in texts["talk_answer"]


PDF, PNG, JPEG = b"%PDF-1.7 ...", b"\x89PNG\r\n\x1a\n...", b"\xff\xd8\xff..."


def test_files_are_what_their_first_bytes_say() -> None:
    read = read_files([("a.exe", PDF), ("../../b.png", PNG), ("C:\\c\\d.jpeg", JPEG), ('"><e>.pdf', PDF)])
    assert [(one.name, one.media_type) for one in read] == [
        ("a.pdf", "application/pdf"), ("b.png", "image/png"), ("d.jpg", "image/jpeg"), ("e.pdf", "application/pdf"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "given",
    [
        [("a.pdf", b"<html><script>")],
        [("a.svg", b"<svg onload=x>")],
        [("a.pdf", b"")],
        [("a.pdf", PDF + b"." * LARGEST_FILE)],
        [("a.pdf", PDF)] * 6,
    ],
)
def test_other_files_are_refused_with_a_sentence(given: list[tuple[str, bytes]]) -> None:
    with pytest.raises(WrongInput, match=r"\."):
        read_files(given)


def test_a_check_day_is_kept(rt: Runtime) -> None:
    with rt.db.write("test") as session:
        subject = Subject(Kind.CHECK_SENT, check_number="2041", check_day=date(2026, 11, 20))
        one, _ = open_thread(session, rt, cast.HARBOR, "68", subject, Said("k", ""))
    assert (thread(rt, one).check_number, thread(rt, one).check_day) == ("2041", date(2026, 11, 20))
