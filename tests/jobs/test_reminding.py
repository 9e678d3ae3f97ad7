"""Mails about invoices the whole way: schedule, look, mail at the post office; and all that keeps them from going."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from sqlmodel import select, update

from connector.errors import Transient, WrongInput
from connector.store.access import LinkRow
from connector.store.cache import CursorRow, CustomerRow, InvoiceRow, RawRow
from connector.store.companies import CompanyRow
from connector.store.money import PaymentRow, ShareRow
from connector.store.outbox import MailRow, PostingRow
from connector.store.talk import ThreadRow
from jobs.due import CHORES
from jobs.mail.sending import Outcome, due_mails, send_mail
from jobs.reminding import remind
from sync.reminding.addresses import choose, row_of
from sync.reminding.owing import owe_by_hand
from sync.reminding.plan import due_on
from sync.reminding.schedule import Wanted, leave_out, rule_of, save, schedule_of, take_in
from sync.runtime import Runtime
from tests import cast
from tests.jobs.conftest import COMPANY, NOON, PostOffice, payment
from tests.jobs.test_mail import parts, row

WANTED = Wanted(True, True, (-3, 0, 7), 9, 17, True, (date(2026, 12, 25),), False, False)
START = datetime(2026, 11, 2, 18, tzinfo=UTC)  # Monday, ten in the morning in Portland


@pytest.fixture
def rt(rt: Runtime) -> Runtime:
    """Return the runtime on the day on which the schedule is turned on, with word from QuickBooks a moment ago."""
    at(rt, START)
    with rt.db.write("seed") as session:
        instants = {"started_at": NOON, "updated_at": START}
        session.add(CursorRow(company_id=COMPANY, entity="*", phase="following", **instants))
        session.exec(update(PostingRow).values(state="posted", customer_id="cust-1"))
        customer = session.get_one(CustomerRow, (COMPANY, "cust-1"))
        customer.email = "AP@bluemesa.example; boss@bluemesa.example"
    turn_on(rt)
    return rt


def at(rt: Runtime, instant: datetime) -> None:
    rt.clock.at = instant  # type: ignore[attr-defined]
    with rt.db.write("test") as session:
        session.exec(update(CursorRow).values(updated_at=instant))


def turn_on(rt: Runtime, **changes: Any) -> list[str]:
    with rt.db.write("test") as session:
        company = session.get_one(CompanyRow, COMPANY)
        return save(session, company, replace(WANTED, **changes), rt.clock.now())


def look(rt: Runtime, instant: datetime) -> list[tuple[str, str]]:
    """Look when the ticker would, and return who was owed what."""
    at(rt, instant)
    with rt.db.read() as session:
        before = set(session.exec(select(MailRow.id)))
        chore = next(one for one in CHORES if one.work == "reminders")
        due = chore.due_for(session, instant)
    for company_id in due:
        remind(rt, company_id)
    with rt.db.read() as session:
        mails = [mail for mail in session.exec(select(MailRow)) if mail.id not in before]
    return sorted((mail.key.removeprefix("bill/").rpartition("/")[0], mail.to) for mail in mails)


def post(rt: Runtime) -> list[Outcome]:
    with rt.db.read() as session:
        return [send_mail(rt, mail_id) for mail_id in due_mails(session, rt.clock.now())]


def day(number: int, hour: int = 18, month: int = 11) -> datetime:
    return datetime(2026, month, number, hour, tzinfo=UTC)


def new_invoice(rt: Runtime, number: str, minor: int = 5000, *, status: str = "NotSet", **columns: Any) -> None:
    made = rt.clock.now().isoformat()
    fixed = {"customer_id": "cust-1", "issued_day": day(2).date(), "due_day": date(2026, 12, 16)}
    body = json.dumps({"MetaData": {"CreateTime": made}, "EmailStatus": status})
    key = {"company_id": COMPANY, "qbo_id": f"inv-{number}", "sync_token": "0"}
    amounts = {"total_minor": minor, "balance_minor": minor}
    with rt.db.write("seed") as session:
        session.add(InvoiceRow(**key, number=number, remote_updated_at=made, **{**fixed, **amounts, **columns}))
        session.add(RawRow(**key, entity="Invoice", body=body))


BOTH = ("ap@bluemesa.example", "boss@bluemesa.example")


def to_both(*steps: str) -> list[tuple[str, str]]:
    return sorted((step, address) for step in steps for address in BOTH)


def test_reminders_go_before_and_after_the_due_day_and_each_once(rt: Runtime, office: PostOffice) -> None:
    assert look(rt, day(27)) == []  # the invoices are of 1 November, before it was turned on: nothing new is told
    assert look(rt, day(28)) == []  # a Saturday
    assert look(rt, day(30)) == to_both("inv-1068/-3", "inv-1071/-3")
    assert look(rt, day(30, 20)) == []
    assert post(rt) == [Outcome.SENT] * 4
    assert look(rt, day(1, month=12)) == to_both("inv-1068/0", "inv-1071/0")
    assert look(rt, day(8, month=12)) == to_both("inv-1068/7", "inv-1071/7")
    assert look(rt, day(30, month=12)) == []
    assert len(office.taken) == 4


def test_what_a_reminder_says(rt: Runtime, office: PostOffice) -> None:
    look(rt, day(30))
    post(rt)
    message = next(one for one in office.taken if "1068" in one["Subject"] and "ap@" in one["To"])
    assert message["Subject"] == "Invoice 1068 from Harbor Tile Co. is due 1 December: $620.00"
    assert message["Reply-To"] == "office@harbortile.example"
    text, html = parts(message)
    assert text.splitlines()[0] == "Harbor Tile Co., (503) 555-0142"
    for said in ("$620.00", "Due Tuesday 1 December, tomorrow", "(503) 555-0142", "/c/harbor-tile/l/"):
        assert said in text
        assert said in html
    assert "Paid already" not in text
    off = message["List-Unsubscribe"].strip("<>")
    assert off.startswith("http://127.0.0.1:8800/c/harbor-tile/mail/")
    assert off.endswith("/off/reminders")
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert off.removesuffix("/off/reminders") in text


def test_what_is_late_says_so_and_what_was_paid_in_part_asks_for_the_rest(rt: Runtime, office: PostOffice) -> None:
    with rt.db.write("test") as session:
        session.get_one(InvoiceRow, (COMPANY, "inv-1071")).balance_minor = 62000
    look(rt, day(8, month=12))
    post(rt)
    message = next(one for one in office.taken if "1071" in one["Subject"])
    assert message["Subject"] == "Invoice 1071 from Harbor Tile Co. was due 1 December: $620.00"
    text = parts(message)[0]
    assert "That is what is still open of $1,000.00." in text
    assert "Paid already, a check on its way" in text


def test_a_new_invoice_is_told_on_its_day(rt: Runtime, office: PostOffice) -> None:
    at(rt, day(3))
    new_invoice(rt, "1080", email="books@bluemesa.example")
    assert look(rt, day(3)) == [("inv-1080/new", "books@bluemesa.example")]  # the invoice's own address comes first
    post(rt)
    assert office.taken[0]["Subject"] == "Invoice 1080 from Harbor Tile Co.: $50.00"
    assert office.taken[0]["List-Unsubscribe"].endswith("/off/new>")


def test_one_sender_for_each_invoice(rt: Runtime) -> None:
    at(rt, day(3))
    new_invoice(rt, "1080", status="EmailSent")
    new_invoice(rt, "1081", status="NeedToSend")
    assert look(rt, day(3)) == []
    turn_on(rt, also_quickbooks=True)
    assert look(rt, day(3)) == to_both("inv-1080/new", "inv-1081/new")


def test_a_preview_is_what_the_next_look_does(rt: Runtime) -> None:
    with rt.db.read() as session:
        schedule = schedule_of(session, COMPANY)
        assert schedule is not None
        due = due_on(session, COMPANY, rule_of(schedule, cast.ZONE), day(30).date())
    assert [(one.number, one.step, one.customer, one.to) for one in due] == [
        ("1068", "-3", "Blue Mesa Ranch", BOTH),
        ("1071", "-3", "Blue Mesa Ranch", BOTH),
    ]
    assert look(rt, day(30)) == to_both(*(f"{one.invoice_id}/{one.step}" for one in due))


def pay(rt: Runtime, state: str) -> None:
    with rt.db.write("test") as session:
        session.add(payment("pay-9", state=state, amount_minor=62000))
        session.flush()
        share = {"company_id": COMPANY, "customer_id": "cust-1", "amount_minor": 62000}
        session.add(ShareRow(payment_id="pay-9", invoice_id="inv-1068", **share))


def dispute(rt: Runtime, kind: str) -> None:
    of = {"company_id": COMPANY, "invoice_id": "inv-1068", "customer_id": "cust-1", "currency": "USD"}
    instants = {"created_at": NOON, "changed_at": NOON, "due_at": NOON}
    with rt.db.write("test") as session:
        session.add(ThreadRow(id="thread-1", kind=kind, **of, **instants))


def change(rt: Runtime, **columns: Any) -> None:
    with rt.db.write("test") as session:
        invoice = session.get_one(InvoiceRow, (COMPANY, "inv-1068"))
        for name, value in columns.items():
            setattr(invoice, name, value)


def skip_one(rt: Runtime, kind: str, subject: str) -> None:
    with rt.db.write("test") as session:
        leave_out(session, COMPANY, kind, subject, by="staff-1", at=rt.clock.now())


def refuse(rt: Runtime, **wants: bool) -> None:
    with rt.db.write("test") as session:
        for address in BOTH:
            row_of(session, rt, COMPANY, address)
            found = row_of(session, rt, COMPANY, address)
            given = {"new": True, "reminders": True, **wants}
            choose(session, COMPANY, found.id, rt.clock.now(), language="", **given)


REASONS = {
    "paid": (lambda rt: change(rt, balance_minor=0), "It is paid."),
    "voided": (lambda rt: change(rt, state="voided"), "The invoice is voided in QuickBooks."),
    "deleted": (lambda rt: change(rt, state="deleted"), "The invoice is deleted in QuickBooks."),
    "in flight": (lambda rt: pay(rt, "processing"), "A payment of it is under way."),
    "not in the books": (lambda rt: pay(rt, "succeeded"), "A payment of it is under way."),
    "disputed": (lambda rt: dispute(rt, "dispute"), "A dispute or a check in the mail is open."),
    "check sent": (lambda rt: dispute(rt, "check_sent"), "A dispute or a check in the mail is open."),
    "skipped": (lambda rt: skip_one(rt, "invoice", "inv-1068"), "It was skipped."),
    "not wanted": (lambda rt: refuse(rt, reminders=False), "It is not wanted any more."),
}


@pytest.mark.parametrize("reason", REASONS)
def test_nobody_is_reminded_of_it(rt: Runtime, reason: str) -> None:
    REASONS[reason][0](rt)
    assert [step for step, _ in look(rt, day(30)) if step.startswith("inv-1068")] == []


@pytest.mark.parametrize("reason", REASONS)
def test_what_comes_up_between_owing_and_sending_withdraws_it(rt: Runtime, office: PostOffice, reason: str) -> None:
    look(rt, day(30))
    act, why = REASONS[reason]
    act(rt)
    post(rt)
    assert [one["Subject"] for one in office.taken if "1068" in one["Subject"]] == []
    with rt.db.read() as session:
        mails = session.exec(select(MailRow).where(MailRow.invoice_id == "inv-1068")).all()
    assert {(mail.state, mail.error) for mail in mails} == {("withdrawn", why)}


def test_a_question_pauses_nothing_and_a_customer_may_be_skipped(rt: Runtime) -> None:
    dispute(rt, "question")
    skip_one(rt, "customer", "cust-1")
    assert look(rt, day(30)) == []
    with rt.db.write("test") as session:
        take_in(session, COMPANY, "customer", "cust-1")
    assert look(rt, day(30, 20)) == to_both("inv-1068/-3", "inv-1071/-3")


def test_an_amount_in_flight_is_not_asked_for_again(rt: Runtime, office: PostOffice) -> None:
    pay(rt, "processing")
    with rt.db.write("test") as session:
        session.get_one(ShareRow, ("pay-9", "inv-1068")).amount_minor = 20000
        session.get_one(PaymentRow, "pay-9").amount_minor = 20000
    look(rt, day(30))
    post(rt)
    assert {"$420.00" in parts(one)[0] for one in office.taken if "1068" in one["Subject"]} == {True}


def test_on_old_news_nobody_is_asked(rt: Runtime) -> None:
    with rt.db.write("test") as session:
        session.exec(update(CursorRow).values(updated_at=day(30) - timedelta(hours=4)))
    rt.clock.at = day(30)  # type: ignore[attr-defined]
    assert remind(rt, COMPANY) == 0
    assert look(rt, day(30, 20)) == to_both("inv-1068/-3", "inv-1071/-3")


def test_mails_that_wait_for_the_server_leave_at_no_quiet_hour(rt: Runtime, office: PostOffice) -> None:
    look(rt, day(1, 23, 12))  # three in the afternoon
    office.refuse_data = ["451 later"] * 4
    assert post(rt) == [Outcome.WAITS] * 4
    at(rt, day(2, 3, 12))  # seven in the evening
    assert post(rt) == [Outcome.WAITS] * 4
    assert office.taken == []
    with rt.db.read() as session:
        assert {mail.due_at for mail in session.exec(select(MailRow))} == {day(2, 17, 12)}
    at(rt, day(2, 17, 12))
    assert post(rt) == [Outcome.SENT] * 4


def test_outside_the_hours_nobody_looks_and_off_is_off(rt: Runtime) -> None:
    assert look(rt, day(30, 15)) == []  # seven in the morning
    assert look(rt, day(30, 17)) != []
    turn_on(rt, is_on=False)
    assert look(rt, day(1, month=12)) == []


def test_turned_on_again_it_begins_anew(rt: Runtime) -> None:
    turn_on(rt, is_on=False)
    at(rt, day(3, month=12))
    turn_on(rt)
    assert look(rt, day(3, 19, month=12)) == []  # the due day is past, and nobody makes up for it
    assert look(rt, day(8, month=12)) == to_both("inv-1068/7", "inv-1071/7")


def test_each_mail_holds_a_link_of_its_own_and_ends_no_other(rt: Runtime) -> None:
    look(rt, day(30))
    look(rt, day(1, month=12))
    with rt.db.read() as session:
        links = session.exec(select(LinkRow)).all()
    assert len(links) == 8
    assert {link.purpose for link in links} == {"invoice"}
    assert all(link.revoked_at is None for link in links)


def test_what_was_sent_is_kept_without_its_secrets(rt: Runtime) -> None:
    look(rt, day(30))
    post(rt)
    with rt.db.read() as session:
        mail = session.exec(select(MailRow)).first()
    assert mail is not None
    assert mail.subject.startswith("Invoice 10")
    assert "http://127.0.0.1:8800/c/harbor-tile/l/…" in mail.body
    assert "/c/harbor-tile/mail/…" in mail.body


class Papers:
    """QuickBooks as far as its PDF: it gives one, or is away."""

    def __init__(self, paper: bytes) -> None:
        self.paper = paper

    def quickbooks(self, company_id: str) -> Any:
        return self

    def pdf(self, entity: str, qbo_id: str) -> bytes:
        if not self.paper:
            raise Transient("quickbooks", "away")
        return self.paper


def attached(message: EmailMessage) -> list[str | None]:
    return [part.get_filename() for part in message.iter_attachments()]


def test_quickbooks_pdf_goes_along_or_the_mail_without_it(rt: Runtime, office: PostOffice) -> None:
    turn_on(rt, attaches_pdf=True, mails_new=True)
    look(rt, day(30))
    assert {send_mail(replace(rt, gateways=Papers(b"%PDF-1.7")), mail) for mail in _owed(rt, "inv-1068")} == {
        Outcome.SENT
    }
    assert attached(office.taken[0]) == ["1068.pdf"]
    away = replace(rt, gateways=Papers(b""))
    first, _ = _owed(rt, "inv-1071")
    for outcome in (Outcome.WAITS, Outcome.WAITS, Outcome.SENT):
        assert send_mail(away, first) is outcome
        rt.clock.at = row(rt, first).due_at  # type: ignore[attr-defined]
    assert attached(office.taken[-1]) == []


def _owed(rt: Runtime, invoice_id: str) -> list[str]:
    with rt.db.read() as session:
        return list(session.exec(select(MailRow.id).where(MailRow.invoice_id == invoice_id)))


def by_hand(rt: Runtime, invoice_id: str = "inv-1068", to: str = BOTH[0]) -> str:
    with rt.db.write("test") as session:
        company = session.get_one(CompanyRow, COMPANY)
        return owe_by_hand(session, rt, company, invoice_id, to, BOTH, "Ines")


def test_a_person_may_send_it_now_at_any_hour_once_a_day(rt: Runtime, office: PostOffice) -> None:
    turn_on(rt, is_on=False)
    at(rt, day(29, 6))  # Saturday, ten in the evening
    by_hand(rt)
    with pytest.raises(WrongInput, match="today already"):
        by_hand(rt)
    with pytest.raises(WrongInput, match="on file"):
        by_hand(rt, to="stranger@example.test")
    assert post(rt) == [Outcome.SENT]
    dispute(rt, "dispute")
    at(rt, day(30, 6))
    with pytest.raises(WrongInput, match="dispute"):
        by_hand(rt)
