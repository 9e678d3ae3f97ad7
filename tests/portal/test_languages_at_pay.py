"""Paying in another language: figures are taken as typed, refusals are understood, and the record stays English."""

from __future__ import annotations

from sqlmodel import select

from connector.store.log import LogRow
from connector.store.money import PaymentEventRow
from connector.store.outbox import MailRow
from jobs.mail.letters import write_letter
from tests.german import english_among
from tests.portal.one_engine import database_url  # noqa: F401  # a fixture
from tests.portal.test_pay import Payer, Shop, shop  # noqa: F401  # a fixture
from tests.sync.settle.till import VISA


def german(shop: Shop, invoice: str) -> Payer:  # noqa: F811
    payer = shop.payer(invoice)
    payer.client.get("/c/harbor/sign-in?lang=de")
    return payer


def test_a_refusal_is_said_in_german(shop: Shop) -> None:  # noqa: F811
    [invoice] = shop.invoices(62000)
    payer = german(shop, invoice)
    said = payer.press({invoice: "700,00"}, shown_minor=70000).get_json()
    assert said["text"] == "Auf Rechnung 1068 sind jetzt 620,00\xa0$ offen. Es wurde nichts abgebucht."
    assert said["balances"][invoice] == {"minor": 62000, "figure": "620,00", "text": "620,00\xa0$"}
    said = payer.press({invoice: "zehn"}, shown_minor=0).get_json()
    assert said["text"] == "Schreiben Sie den Betrag in Ziffern, zum Beispiel 1.200,00."


def test_what_stands_in_the_way_is_said_in_german(shop: Shop) -> None:  # noqa: F811
    [invoice] = shop.invoices(62000)
    shop.payer(invoice).press({invoice: "500.00"})
    other = german(shop, invoice)
    other.nonce = "the nonce of another form altogether"
    said = other.press({invoice: "620,00"}, shown_minor=62000).get_json()
    assert said["reason"] == "under_way"
    assert english_among([said["text"]]) == []
    assert said["text"].endswith("Es bleiben 120,00\xa0$ zu zahlen. Es wurde nichts abgebucht.")


def test_the_record_of_a_german_payment_is_english_and_its_mail_german(shop: Shop) -> None:  # noqa: F811
    [invoice] = shop.invoices(62000)
    payer = german(shop, invoice)
    said = payer.press({invoice: "620,00"}, shown_minor=62000, email="dana@bluemesa.example").get_json()
    assert said["text"] == "620,00\xa0$"
    shop.till.confirm(said["payment"], card=VISA)
    shop.till.later(4)
    page = payer.client.get(f"/c/harbor/p/{said['payment']}?seen=created..0").get_data(as_text=True)  # settles, here
    assert "Vielen Dank. Ihre Zahlung für Rechnung 1068 mit Visa 4242 ist bei" in page

    with shop.rt.db.read() as session:
        history = session.exec(select(PaymentEventRow.text)).all()
        log = session.exec(select(LogRow.sentence).where(LogRow.kind == "settle")).all()
        mail = session.exec(select(MailRow).where(MailRow.kind == "receipt")).one()
        letter = write_letter(session, shop.rt, mail)
    assert "Pay was pressed for $620.00." in history
    assert log
    assert all("$620.00" in line for line in [*history, *log])
    assert letter.subject.startswith("Quittung 1001: 620,00\xa0$ an ")
    [payment] = shop.payments()
    assert payment.language == "de"
    [intent] = shop.till.at_stripe("payment_intents")
    assert intent["description"] == "Invoice 1068"
