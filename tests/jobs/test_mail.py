"""Mails: what they say in both hands, that they leave at least once under one Message-ID, that failures are seen."""

from __future__ import annotations

import json
from email.message import EmailMessage

import pytest
from sqlmodel import select

from connector.errors import Transient, WrongInput
from connector.store.books import DiscrepancyRow
from connector.store.log import LogRow
from connector.store.outbox import MailRow
from jobs.mail import smtp
from jobs.mail.letters import KINDS
from jobs.mail.sending import Outcome, due_mails, send_mail
from sync.runtime import Runtime
from tests.jobs.conftest import COMPANY, OTHER, PostOffice, owe_mail, payment


def row(rt: Runtime, mail_id: str) -> MailRow:
    with rt.db.read() as session:
        return session.exec(select(MailRow).where(MailRow.id == mail_id)).one()


def parts(message: EmailMessage) -> tuple[str, str]:
    """Return the plain text and the HTML of a message; a space that no line breaks at counts as any other."""
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    return text.get_content(), html.get_content().replace("&nbsp;", " ")


def test_a_receipt_says_the_same_in_both_hands_and_brings_its_paper(rt: Runtime, office: PostOffice) -> None:
    mail_id = owe_mail(rt, "receipt")
    assert send_mail(rt, mail_id) is Outcome.SENT
    (message,) = office.taken
    assert message["Subject"] == "Receipt 1042: $1,000.00 to Harbor Tile Co."
    assert message["From"] == '"Harbor Tile Co." <payments@tieout.example>'
    assert message["To"] == "ap@bluemesa.example"
    assert message["Reply-To"] == "office@harbortile.example"
    text, html = parts(message)
    for said in (
        *("$1,000.00", "Invoice 1068", "620.00", "Invoice 1071", "380.00", "Visa 4242", "23 November 2026"),
        *("TO7F3K2QAB5XYMN4PLD6R", "Will be recorded in", "http://127.0.0.1:8800/c/harbor-tile/p/pay-1"),
    ):
        assert said in text
        assert said in html
    (paper,) = message.iter_attachments()
    assert paper.get_filename() == "harbor-tile-receipt-1042.pdf"
    assert paper.get_content().startswith(b"%PDF-")
    assert row(rt, mail_id).state == "sent"
    assert row(rt, mail_id).message_id == message["Message-ID"]


def test_the_plain_text_stands_in_columns(rt: Runtime, office: PostOffice) -> None:
    send_mail(rt, owe_mail(rt, "receipt"))
    lines = parts(office.taken[0])[0].splitlines()
    figures = [line for line in lines if line.startswith(("Invoice ", "Total"))]
    assert len(figures) == 3
    assert len({len(line) for line in figures}) == 1
    assert max(map(len, (line for line in lines if "http" not in line))) <= 78


def test_debits_and_links_have_their_own_words(rt: Runtime, office: PostOffice) -> None:
    with rt.db.write("seed") as session:
        label, why = "First Harbor Bank 6789", "The account has too little money."
        session.add(payment("pay-2", state="processing", method_label=label, processing_at=rt.clock.now()))
        session.add(payment("pay-3", state="failed", method_label=label, error_text=why))
    of = {"invoice_id": "inv-1068", "customer": "Blue Mesa Ranch", "what": "password", "address": "new@b.test"}
    of |= {"subject": "Blue Mesa Ranch approved estimate 1012", "text": "Start in May."}
    url = json.dumps({"url": "http://127.0.0.1:8800/c/harbor-tile/sign-in/secret", **of})
    told = {
        "debit_started": "is on its way",
        "debit_failed": "The account has too little money.",
        "retry": "That was the last try.",
        "method_changed": "A payment method is kept with Stripe for your payments to Harbor Tile.",
        "sign_in": "works once, for ten minutes",
        "staff_sign_in": "Sign in to Tieout",
        "invoice_link": "Due Tuesday 1 December, in 8 days",
        "invite": "Harbor Tile Co. has opened an account for Blue Mesa Ranch",
        "access_changed": "Your password was changed",
        "notice_staff": "Blue Mesa Ranch approved estimate 1012",
        "data_decided": "What is in the books stays as it is.",
        "new_address": "It opens nothing until somebody lets it in.",
    }
    talks = {"talk_staff", "talk_late", "talk_answer"}  # tests/sync/talk
    bills = {"invoice_new", "reminder"}  # tests/jobs/test_reminding.py
    checks = {"verify_bank", "verify_over"}  # tests/portal/test_verifying.py
    assert {*told, *talks, *bills, *checks, "receipt"} == set(KINDS)
    for kind, said in told.items():
        payment_id = {"debit_started": "pay-2", "debit_failed": "pay-3", "retry": "pay-3"}.get(kind, "")
        assert send_mail(rt, owe_mail(rt, kind, context=url, payment_id=payment_id)) is Outcome.SENT
        text, html = parts(office.taken[-1])
        assert said in text
        assert said in html


def test_a_link_leads_to_our_own_pages_only(rt: Runtime, office: PostOffice) -> None:
    mail_id = owe_mail(rt, "sign_in", context=json.dumps({"url": "http://127.0.0.1:8800.evil.example/x"}))
    assert send_mail(rt, mail_id) is Outcome.FAILED
    assert office.taken == []


def test_a_mail_of_one_company_reads_nothing_of_another(rt: Runtime, office: PostOffice) -> None:
    mail_id = owe_mail(rt, "receipt", company_id=OTHER)
    assert send_mail(rt, mail_id) is Outcome.WAITS  # no such receipt there
    assert office.taken == []


def test_what_a_person_typed_is_text_and_never_markup_nor_header(rt: Runtime, office: PostOffice) -> None:
    with rt.db.write("seed") as session:
        session.add(payment("pay-4", company_id=OTHER, state="processing", method_label="<i>Bank</i>"))
    assert send_mail(rt, owe_mail(rt, "debit_started", company_id=OTHER, payment_id="pay-4")) is Outcome.SENT
    text, html = parts(office.taken[0])
    assert "Cedar & Sons <b>" in text
    assert "<i>Bank" not in html
    assert "Cedar &amp; Sons &lt;b&gt;" in html


def test_a_mail_is_sent_once_however_often_the_bell_rings(rt: Runtime, office: PostOffice) -> None:
    mail_id = owe_mail(rt, "receipt")
    assert [send_mail(rt, mail_id) for _ in range(3)] == [Outcome.SENT, Outcome.NOT_DUE, Outcome.NOT_DUE]
    assert len(office.taken) == 1


def test_an_answer_that_was_lost_gives_a_second_copy_of_the_same_mail(rt: Runtime, office: PostOffice) -> None:
    office.refuse_data = ["250 and hang up"]
    mail_id = owe_mail(rt, "receipt")
    assert send_mail(rt, mail_id) is Outcome.WAITS
    assert row(rt, mail_id).state == "due"
    rt.clock.advance(minutes=1)  # type: ignore[attr-defined]
    assert send_mail(rt, mail_id) is Outcome.SENT
    first, second = office.taken
    assert first["Message-ID"] == second["Message-ID"]


def test_a_sender_that_died_gives_its_mail_back(
    rt: Runtime, office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail_id = owe_mail(rt, "receipt")

    class Died(BaseException):
        """Stands for the end of the process."""

    def die(*_: object) -> None:
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr("jobs.mail.sending.send", die)
        with pytest.raises(Died):
            send_mail(rt, mail_id)
    assert send_mail(rt, mail_id) is Outcome.NOT_DUE
    rt.clock.advance(minutes=3)  # type: ignore[attr-defined]
    with rt.db.read() as session:
        assert due_mails(session, rt.clock.now()) == [mail_id]
    assert send_mail(rt, mail_id) is Outcome.SENT


def test_pauses_grow_and_a_server_that_is_away_is_told_once_after_three_days(rt: Runtime, office: PostOffice) -> None:
    first, second = owe_mail(rt, "receipt"), owe_mail(rt, "receipt", key="receipt/other")
    pauses = []
    office.refuse_data = ["451 later"] * 11
    for _ in range(9):
        rt.clock.at = due = row(rt, first).due_at  # type: ignore[attr-defined]
        assert send_mail(rt, first) is Outcome.WAITS
        pauses.append((row(rt, first).due_at - due).total_seconds())
    assert pauses == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]
    rt.clock.advance(days=3)  # type: ignore[attr-defined]
    assert [send_mail(rt, mail_id) for mail_id in (first, second)] == [Outcome.FAILED, Outcome.FAILED]
    with rt.db.read() as session:
        (open_one,) = session.exec(select(DiscrepancyRow)).all()
    assert open_one.kind == "mail_unsent"
    assert "451" in open_one.sentence
    assert send_mail(rt, owe_mail(rt, "receipt", key="receipt/third")) is Outcome.SENT
    with rt.db.read() as session:
        assert session.exec(select(DiscrepancyRow.closed_at)).one() is not None


def test_an_address_that_is_refused_for_good_is_told_at_once(rt: Runtime, office: PostOffice) -> None:
    office.refuse_recipient = ["550 no such mailbox"]
    mail_id = owe_mail(rt, "receipt")
    assert send_mail(rt, mail_id) is Outcome.FAILED
    with rt.db.read() as session:
        found = session.exec(select(DiscrepancyRow)).one()
    assert found.company_id == COMPANY
    assert found.kind == "mail_stopped"
    assert found.sentence.startswith("ap@bluemesa.example takes no mail: mail: no such mailbox (550).")
    assert send_mail(rt, mail_id) is Outcome.NOT_DUE


@pytest.mark.parametrize("address", ["", "nobody", "a@b@c", "a b@c.example", "x@y.example\nBcc: z@y.example"])
def test_an_address_that_is_none_fails_and_harms_nobody(rt: Runtime, office: PostOffice, address: str) -> None:
    assert send_mail(rt, owe_mail(rt, "receipt", to=address)) is Outcome.FAILED
    assert office.taken == []


def test_late_sign_in_links_are_let_go_in_silence(rt: Runtime, office: PostOffice) -> None:
    url = json.dumps({"url": "http://127.0.0.1:8800/c/harbor-tile/sign-in/secret"})
    mail_id = owe_mail(rt, "sign_in", context=url)
    office.refuse_data = ["451 later"] * 20
    while row(rt, mail_id).state == "due":
        rt.clock.at = row(rt, mail_id).due_at  # type: ignore[attr-defined]
        send_mail(rt, mail_id)
    assert row(rt, mail_id).attempts < 10
    with rt.db.read() as session:
        assert session.exec(select(DiscrepancyRow)).all() == []
        assert session.exec(select(LogRow)).all() == []


def test_a_receipt_that_went_out_stands_in_the_sync_log(rt: Runtime, office: PostOffice) -> None:
    send_mail(rt, owe_mail(rt, "receipt"))
    with rt.db.read() as session:
        line = session.exec(select(LogRow)).one()
    assert line.sentence == "Receipt mailed to ap@bluemesa.example"
    assert line.payment_id == "pay-1"


def test_nobody_listening_is_transient_and_a_bad_address_of_the_server_is_wrong_input() -> None:
    with pytest.raises(Transient):
        smtp.send(smtp.post_office("smtp://127.0.0.1:1"), EmailMessage())
    with pytest.raises(WrongInput) as told:
        smtp.post_office("http://user:secret@mail.example")
    assert "secret" not in str(told.value)
    office = smtp.post_office("smtp://user:p%40ss@mail.example")
    assert (office.port, office.password, office.tls_from_start) == (587, "p@ss", False)
    assert "p@ss" not in repr(office)
    assert smtp.post_office("smtps://mail.example").port == 465
