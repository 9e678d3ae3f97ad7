"""Mails and papers in other languages: written in the payer's, to the last word; in English where nobody knows."""

from __future__ import annotations

import dataclasses
import io
import json
import re
from datetime import timedelta

import pikepdf
import pytest
from sqlmodel import select

from connector import words
from connector.ledger.money import Money
from connector.store.companies import CompanyRow
from connector.store.mailing import ScheduleRow
from connector.store.money import PaymentRow
from connector.store.outbox import MailRow
from connector.store.talk import MessageRow, ThreadRow
from connector.store.verifying import BankCheckRow
from jobs.mail.envelope import fill_envelope
from jobs.mail.letters import FOR_STAFF, KINDS, write_letter
from jobs.mail.sending import Outcome, send_mail
from jobs.papers import receipt as receipt_paper
from jobs.papers import statement as statement_paper
from jobs.receipts import read_receipt
from jobs.statements import read_statement
from sync.runtime import Runtime
from tests.german import english_among, english_in
from tests.jobs.conftest import COMPANY, NOON, PostOffice, owe_mail, payment
from tests.jobs.test_mail import parts


@pytest.fixture
def _payments(rt: Runtime) -> None:
    with rt.db.write("seed") as session:
        paid = {"state": "succeeded", "succeeded_at": rt.clock.now(), "charge_id": "ch_2", "receipt_number": 9}
        session.add(payment("pay-de", language="de", **paid))
        session.add(payment("pay-on", language="de", state="processing", processing_at=rt.clock.now()))
        session.add(_thread(rt))
        session.add(ScheduleRow(company_id=COMPANY, attaches_pdf=False, changed_at=rt.clock.now()))
        session.flush()
        said = {"key": "k", "side": "staff", "author": "Ines", "body": "Danke.", "at": rt.clock.now()}
        session.add(MessageRow(id="m-1", company_id=COMPANY, thread_id="t-1", **said))
        session.add(payment("pay-off", language="de", state="failed", error_text="Your bank account was declined."))
        checked = {"company_id": COMPANY, "kind": "amounts", "arrival_day": NOON.date(), "asked_at": rt.clock.now()}
        session.add(BankCheckRow(subject="verify_bank", **checked))
        session.add(BankCheckRow(subject="verify_over", state="over", why="late", **checked))
        session.get_one(PaymentRow, "pay-1").settled_at = None  # its part of invoice 1071 is not in the books yet


def _thread(rt: Runtime) -> ThreadRow:
    now = rt.clock.now()
    instants = {"created_at": now, "changed_at": now, "due_at": now}
    what = {"invoice_id": "inv-1068", "customer_id": "cust-1", "kind": "dispute", "currency": "USD", "state": "closed"}
    return ThreadRow(id="t-1", company_id=COMPANY, **what, **instants)


SAID = {
    "verify_bank": "Danach können Sie damit bezahlen.",
    "verify_over": "Es wurde nicht gespeichert.",
    "receipt": "Wir haben Ihre Zahlung erhalten. Vielen Dank.",
    "debit_started": "Banken brauchen bis zu vier Werktage.",
    "debit_failed": "Die Bank teilte mit: Ihr Bankkonto wurde abgelehnt.",
    "retry": "Das war der letzte Versuch.",
    "method_changed": "Eine Zahlungsart ist bei Stripe für Ihre Zahlungen an Harbor Tile gespeichert.",
    "sign_in": "Wenn Sie ihn nicht angefordert haben, müssen Sie nichts tun",
    "staff_sign_in": "Anmelden bei Tieout",
    "talk_answer": "Harbor Tile Co. hat zu Rechnung 1068 geantwortet",
    "invoice_link": "Fällig am Dienstag, 1. Dezember, in 8 Tagen",
    "invoice_new": "Fällig am Dienstag, 1. Dezember, in 8 Tagen",
    "invite": "Harbor Tile Co. hat ein Konto für Blue Mesa Ranch eröffnet",
    "data_decided": "In den Büchern bleibt alles, wie es ist.",
    "access_changed": "Ihr Passwort wurde geändert",
    "new_address": "Sie öffnet nichts, bis jemand sie einlässt.",
    "reminder": "So viel ist von 1.000,00 $ noch offen.",
}


@pytest.mark.usefixtures("_payments")
@pytest.mark.parametrize("kind", sorted({*KINDS} - {*FOR_STAFF}))
def test_a_mail_is_german_to_its_last_word(rt: Runtime, office: PostOffice, kind: str) -> None:
    url = "http://127.0.0.1:8800/c/harbor-tile/sign-in/secret"
    of = {
        "invoice_id": "inv-1068",
        "thread_id": "t-1",
        "by_hand": "yes",
        "customer": "Blue Mesa Ranch",
        "what": "password",
        "address": "new@bluemesa.test",
        "preferences": f"{url}/mail",
        "subject": kind,
    }
    context = json.dumps({"language": "de", "url": url, **of})
    of_kind = {"receipt": "pay-de", "debit_started": "pay-on", "debit_failed": "pay-off", "retry": "pay-off"}
    payment_id = of_kind.get(kind, "")
    mail_id = owe_mail(rt, kind, context=context, payment_id=payment_id, invoice_id="inv-1071")
    assert send_mail(rt, mail_id) is Outcome.SENT
    (message,) = office.taken
    assert message["Content-Language"] == "de-DE"
    text, html = parts(message)
    assert '<html lang="de-DE" dir="ltr">' in html
    assert SAID[kind] in html
    lines = [line for line in text.splitlines() if line.strip() and "://" not in line]
    assert english_among([message["Subject"], *lines]) == []
    assert english_in(html) == []
    assert words.spoken() == words.LOCALE


@pytest.mark.usefixtures("_payments")
@pytest.mark.parametrize("kind", FOR_STAFF)
def test_staff_read_english_also_about_somebody_who_does_not(rt: Runtime, kind: str) -> None:
    said = {"url": "http://127.0.0.1:8800/staff/", "thread_id": "t-1", "subject": "A debit", "text": "It came back."}
    mail_id = owe_mail(rt, kind, context=json.dumps({"language": "de", **said}), payment_id="pay-de")
    with rt.db.read() as session:
        assert write_letter(session, rt, session.get_one(MailRow, mail_id)).locale == words.LOCALE


@pytest.mark.usefixtures("_payments")
def test_the_receipt_of_a_payer_whose_language_nobody_knows_is_english(rt: Runtime, office: PostOffice) -> None:
    send_mail(rt, owe_mail(rt, "receipt", payment_id="pay-1"))
    (message,) = office.taken
    assert message["Content-Language"] == "en-US"
    assert message["Subject"] == "Receipt 1042: $1,000.00 to Harbor Tile Co."


@pytest.mark.usefixtures("_payments")
def test_a_company_speaks_its_own_language_to_whom_it_does_not_know(rt: Runtime, office: PostOffice) -> None:
    with rt.db.write("language") as session:
        for company in session.exec(select(CompanyRow)):
            company.language = "fr"
    send_mail(rt, owe_mail(rt, "receipt", payment_id="pay-1"))
    send_mail(rt, owe_mail(rt, "receipt", payment_id="pay-de"))
    url = "http://127.0.0.1:8800/staff/talk/t-1"
    send_mail(rt, owe_mail(rt, "talk_staff", context=json.dumps({"url": url, "thread_id": "t-1"})))
    assert [message["Content-Language"] for message in office.taken] == ["fr-FR", "de-DE", "en-US"]


def test_figures_stand_in_columns_in_every_language(rt: Runtime, office: PostOffice) -> None:
    with rt.db.write("language") as session:
        session.add(payment("pay-fr", language="fr", state="succeeded", succeeded_at=rt.clock.now(), receipt_number=5))
    send_mail(rt, owe_mail(rt, "receipt", payment_id="pay-fr"))
    text, _ = parts(office.taken[0])
    figures = [line for line in text.splitlines() if line.startswith(("Versement", "Total,"))]
    assert [line.split()[-1] for line in figures] == ["000,00", "000,00"]  # after a narrow space
    assert len({len(line) for line in figures}) == 1


@pytest.mark.parametrize(
    ("language", "title", "tag"),
    [("de", "Quittung 1042", "de"), ("fr", "Reçu 1042", "fr"), ("es", "Recibo 1042", "es")],
)
def test_a_receipt_on_paper(rt: Runtime, language: str, title: str, tag: str) -> None:
    with words.speaking(words.LOCALES[language]):
        pdf = receipt_paper.receipt_pdf(rt, COMPANY, "pay-1")
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        assert str(opened.docinfo["/Title"]) == f"{title}, Harbor Tile Co."
        assert str(opened.Root.Lang) == tag
        fonts = {str(font.BaseFont).partition("+")[2] for page in opened.pages for font in page.Resources.Font.values()}
    assert fonts == {"Inter-Regular", "Inter-SemiBold"}


def test_papers_are_german_to_their_last_word(rt: Runtime) -> None:
    today = rt.clock.now().date()
    with words.speaking("de_DE"), rt.db.read() as session:
        receipt = receipt_paper.facts_of(read_receipt(session, COMPANY, "pay-1"))
        account = read_statement(session, COMPANY, "cust-1", first=today - timedelta(days=90), last=today)
        statement = statement_paper.facts_of(account)
        on_its_way = statement_paper.on_its_way_text(
            type(account)(**{**vars(account), "on_its_way": Money(500, account.currency)})
        )
    assert receipt["amount"] == "1.000,00\xa0$"
    for facts in (receipt, statement, {"text": on_its_way}):
        assert english_among(_texts(facts)) == []


def _texts(facts: object) -> list[str]:
    if isinstance(facts, str):
        return [facts]
    inside = facts.values() if isinstance(facts, dict) else facts if isinstance(facts, list | tuple) else ()
    return [text for one in inside for text in _texts(one)]


def test_a_mail_in_a_language_that_runs_the_other_way_is_set_that_way(rt: Runtime) -> None:
    with rt.db.read() as session:
        mail = MailRow(
            id="m", company_id=COMPANY, key="k", kind="receipt", to="a@b.test", payment_id="pay-1", created_at=NOON
        )
        letter = dataclasses.replace(write_letter(session, rt, mail), locale="ar_EG")
    message = fill_envelope(letter, to=mail.to, sender="a@b.test", message_id="<1@b.test>", at=NOON)
    _, html = parts(message)
    assert '<html lang="ar-EG" dir="rtl">' in html
    assert re.search(r'class="column"[^>]*text-align: right', html)
    assert re.search(r'class="figure"[^>]*text-align: left', html)
