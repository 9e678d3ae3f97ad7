"""Bank accounts that wait for small deposits: the mail with its way back, the page, once more, and the end of it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import stripe

from connector.ledger.payments import PaymentState
from connector.store.methods import SavedMethodRow
from connector.store.outbox import CONTEXT_COLUMN, MailRow
from connector.store.session import Database
from connector.words import speaking
from jobs.mail.asking import Withdrawn
from jobs.mail.envelope import rendered
from jobs.mail.letters import write_letter
from sandbox.world import World
from sync.collect import saved
from sync.collect.look import expire
from tests.german import english_in
from tests.portal.conftest import csrf_of
from tests.portal.one_engine import database_url  # noqa: F401  # a fixture
from tests.portal.test_pay_with_credit import Office, text_of
from tests.sync.collect.test_saved import BY_BANK, client_of
from tests.sync.settle.till import GOOD_BANK

METHODS = "/c/harbor/account/methods"
DAY = 86_400


@pytest.fixture
def office(db: Database, world: World) -> Office:
    return Office(db, world)


def owed(office: Office, kind: str) -> list[MailRow]:
    return sorted((row for row in office.till.rows(MailRow) if row.kind == kind), key=lambda row: row.due_at)


def link_in(office: Office, mail: MailRow) -> str:
    plain = office.rt.vault.open(mail.context_cipher, company_id=mail.company_id, column=CONTEXT_COLUMN)
    return str(json.loads(plain or b"{}")["url"]).removeprefix("http://localhost")


def reads(office: Office, mail: MailRow) -> str:
    with office.rt.db.read() as session:
        letter = write_letter(session, office.rt, mail)
    with speaking(letter.locale):
        return f"{letter.subject}\n" + "\n".join(rendered(letter))


def begun(office: Office) -> str:
    """Let the holder of a link pay by a bank account typed by hand."""
    [invoice] = office.invoices(62000)
    pressed = office.payer(invoice).press({invoice: "620.00"}, email="dana@bluemesa.example")
    payment_id = str(pressed.get_json()["payment"])
    office.till.confirm(payment_id, bank_account=GOOD_BANK, manual=True)
    assert office.till.settle(payment_id) is PaymentState.REQUIRES_ACTION
    return payment_id


def test_a_payment_is_resumed_from_the_mail_in_another_browser(office: Office) -> None:
    payment_id = begun(office)
    first, again = owed(office, "verify_bank")
    assert again.due_at - first.due_at == timedelta(days=3)
    text = reads(office, first)
    assert "Verify your bank account for Harbor Tile" in text
    assert "A deposit of $0.01 arrives in your bank account by" in text
    assert "Your payment of $620.00 goes on as soon as the account is verified." in text
    assert "Reminder: verify your bank account" in reads(office, again)

    elsewhere = office.app.test_client()  # of whoever opens the mail: no session, no sign-in
    opened = elsewhere.get(link_in(office, first))
    assert opened.headers["Location"].endswith(f"/c/harbor/p/{payment_id}")
    page = text_of(elsewhere, f"/c/harbor/p/{payment_id}")
    assert "Waits for your bank account" in page
    assert "/microdeposits/" in page
    assert english_in(text_of(elsewhere, f"/c/harbor/p/{payment_id}?lang=de")) == []

    office.till.settle(payment_id)  # seen again: nothing more is owed
    assert len(owed(office, "verify_bank")) == 2
    intent = office.till.payment(payment_id).intent_id
    client_of(office.till).v1.payment_intents.verify_microdeposits(intent, {"descriptor_code": "SM11AA"})
    assert office.till.settle(payment_id) is PaymentState.PROCESSING
    with pytest.raises(Withdrawn):
        reads(office, again)
    assert owed(office, "verify_over") == []


def test_nobody_verifies_in_ten_days(office: Office) -> None:
    payment_id = begun(office)
    office.till.later(10 * DAY + 3600)
    expire(office.rt)
    assert office.till.payment(payment_id).state == "canceled"
    [over] = owed(office, "verify_over")
    text = reads(office, over)
    assert "were not confirmed within ten days" in text
    assert "Nothing was charged, and what you meant to pay is open again." in text
    with pytest.raises(Withdrawn):
        reads(office, owed(office, "verify_bank")[1])


def test_a_payer_who_turns_to_a_card_is_not_told_of_the_end(office: Office) -> None:
    payment_id = begun(office)
    intent = office.till.payment(payment_id).intent_id
    client_of(office.till).v1.payment_intents.cancel(intent)
    office.till.settle(payment_id)
    assert owed(office, "verify_over") == []


def test_a_kept_account_is_verified_from_the_mail_after_a_sign_in(office: Office) -> None:
    dana = office.dana()
    dana.post(METHODS, data={"csrf_token": csrf_of(dana, METHODS), "agreed": "yes"})
    [row] = office.till.rows(SavedMethodRow)
    data = {**BY_BANK, "mandate_data": {"customer_acceptance": {"type": "offline"}}}
    client_of(office.till).v1.setup_intents.confirm(row.setup_ref or "", data)
    text_of(dana, f"{METHODS}/{row.id}/entered?lang=de")
    first, again = owed(office, "verify_bank")
    assert (first.to, first.payment_id, link_in(office, first)) == ("pay@bluemesa.example", "", METHODS)
    assert "Danach können Sie damit bezahlen." in reads(office, first)
    assert english_in(reads(office, first)) == []
    stranger = office.app.test_client()
    assert "/sign-in" in stranger.get(link_in(office, first)).headers["Location"]

    for code in range(10):
        refuse(office, row.setup_ref, f"SM{code:02}ZZ")
    saved.follow(office.rt, office.till.company_id, row.setup_ref or "")
    [over] = owed(office, "verify_over")
    assert "zu oft" in reads(office, over)
    assert "Es wurde nicht gespeichert." in reads(office, over)
    assert english_in(reads(office, over)) == []
    with pytest.raises(Withdrawn):
        reads(office, again)


def test_the_end_of_a_wait_is_told_with_every_webhook_lost(office: Office) -> None:
    dana = office.dana()
    dana.post(METHODS, data={"csrf_token": csrf_of(dana, METHODS), "agreed": "yes"})
    [row] = office.till.rows(SavedMethodRow)
    data = {**BY_BANK, "mandate_data": {"customer_acceptance": {"type": "offline"}}}
    client_of(office.till).v1.setup_intents.confirm(row.setup_ref or "", data)
    text_of(dana, f"{METHODS}/{row.id}/entered")
    assert saved.follow_late(office.rt, office.till.company_id) == 0
    office.till.later(10 * DAY + 3600)
    assert saved.follow_late(office.rt, office.till.company_id) == 1
    [over] = owed(office, "verify_over")
    assert "were not confirmed within ten days. It was not kept." in reads(office, over)
    assert saved.follow_late(office.rt, office.till.company_id) == 0


def refuse(office: Office, setup: str | None, code: str) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        client_of(office.till).v1.setup_intents.verify_microdeposits(setup or "", {"descriptor_code": code})
