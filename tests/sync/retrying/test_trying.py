"""A refused payment that is tried again: on its days, by consent, at most once, whatever happens in between."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from connector.ledger.payments import PaymentState
from connector.store.access import ContactCustomerRow, ContactRow
from connector.store.companies import CompanyRow, MappingRow
from connector.store.methods import SavedMethodRow
from connector.store.money import PaymentRow
from connector.store.outbox import MailRow
from connector.store.retries import RetryRow
from jobs.mail.envelope import rendered
from jobs.mail.letters import write_letter
from sync.collect import saved
from sync.push import push_company
from sync.retrying.agreeing import Consent, agree, offer_of, stop
from sync.retrying.rows import days_of, retries_due
from sync.retrying.trying import try_again
from sync.verify import Broken, verify
from tests.sync.collect.test_saved import DANA, kept
from tests.sync.settle.till import GOOD_BANK, VISA, Till

WORDS = "Harbor Tile may try again."
POOR = "insufficient_funds"
PRESSED: dict[str, Any] = {"contact_id": DANA}
DAY = 86_400.0


def declines(till: Till, code: str = POOR, times: int = 0) -> None:
    """Let the bank say no from now on (`times` 0), or so many times."""
    match = {"service": "stripe", "operation": "payment_intents.confirm", "times": times}
    till.world.faults.load([{"match": match, "do": f"decline:{code}"}])


def refused(till: Till, minor: int = 6000, number: str = "1068", **more: Any) -> str:
    """Let Dana press Pay with a card that has too little on it; returns the payment."""
    invoice = till.open_invoice(minor, number)
    started = till.start({invoice: minor}, **PRESSED, **more)
    till.confirm(started.payment_id, card="4000000000009995")
    till.settle(started.payment_id)
    return started.payment_id


def agreed(till: Till, payment_id: str) -> RetryRow:
    with till.db.read() as session:
        offer = offer_of(session, till.rt, till.company_id, DANA, payment_id)
    assert offer is not None
    assert agree(till.rt, offer, offer.methods[0], Consent(WORDS, "en", "203.0.113.9"))
    return retry(till)


def retry(till: Till) -> RetryRow:
    [row] = till.rows(RetryRow)
    return row


def run_due(till: Till) -> None:
    """Do what is due now, as the ticker would."""
    with till.db.read() as session:
        due = retries_due(session, till.clock.now())
    for one in due:
        try_again(till.rt, one)


def until_due(till: Till) -> None:
    """Let time pass until a retry is due, and do it."""
    wait = (retry(till).next_at - till.clock.now()).total_seconds()
    till.later(max(wait, 0) + 1)
    run_due(till)


def in_force(till: Till) -> list[RetryRow]:
    return [row for row in till.rows(RetryRow) if row.state == "on"]


def wait_until_due(till: Till) -> None:
    [row] = in_force(till)
    till.later((row.next_at - till.clock.now()).total_seconds() + 1)


def today(till: Till) -> date:
    return till.clock.today("America/Los_Angeles")


def tries(till: Till) -> list[PaymentRow]:
    return sorted((one for one in till.payments() if one.retry_id), key=lambda one: one.created_at)


def charged(till: Till) -> list[int]:
    return [one["amount"] for one in till.at_stripe("charges") if one["status"] == "succeeded"]


def doubled(till: Till) -> list[Broken]:
    """Return what `tieout verify` says of somebody who was charged twice."""
    found = [one for finding in verify(till.rt, till.company_id) for one in finding.broken]
    return [one for one in found if one.invariant == "I-2"]


def owed(till: Till) -> list[str]:
    return [row.key.split("/")[-1] for row in till.rows(MailRow, kind="retry")]


def test_it_is_offered_by_reason_for_a_kept_method_of_its_kind_and_to_its_payer_alone(dana: Till) -> None:
    payment_id = refused(dana)

    def offer(contact: str = DANA) -> Any:
        with dana.db.read() as session:
            return offer_of(session, dana.rt, dana.company_id, contact, payment_id)

    assert offer() is None  # nothing is kept
    card = kept(dana)
    found = offer()
    assert [one.id for one in found.methods] == [card.id]
    first = dana.clock.today("America/Los_Angeles")
    assert [(day - first).days for day in found.days] == [1, 3, 5, 7]
    assert offer("contact-erin") is None
    assert offer("") is None
    dana.change(payment_id, error_code="lost_card")
    assert offer() is None
    dana.change(payment_id, error_code=POOR, error_advice="do_not_try_again")
    assert offer() is None


def test_it_is_tried_on_the_morning_of_its_days_until_the_bank_pays(dana: Till) -> None:
    kept(dana)
    payment_id = refused(dana)
    row = agreed(dana, payment_id)
    assert (row.consent, row.amount_minor, row.state) == (WORDS, 6000, "on")
    assert dana.state(payment_id) == "canceled"  # it reserves nothing meanwhile
    run_due(dana)
    assert tries(dana) == []
    declines(dana, times=2)
    dana.order("switches", server_confirm="asks_return_url")  # nobody is there who could be led anywhere
    until_due(dana)
    local = dana.clock.now().astimezone(row.next_at.tzinfo)
    assert (retry(dana).tried, retry(dana).last_code) == (1, POOR)
    assert (retry(dana).next_at - local).days in (1, 2)
    until_due(dana)
    assert retry(dana).tried == 2
    assert [one.state for one in tries(dana)] == ["canceled", "canceled"]
    until_due(dana)
    last = tries(dana)[-1]
    assert (last.state, last.method_label, last.amount_minor) == ("succeeded", "Visa 4242", 6000)
    assert retry(dana).state == "done"
    assert charged(dana) == [6000]
    assert owed(dana) == ["agreed", "again", "again"]
    assert ("receipt", "dana@bluemesa.example") in dana.mails()
    assert doubled(dana) == []


def test_it_ends_after_the_last_day_and_both_sides_are_told(dana: Till) -> None:
    kept(dana)
    payment_id = refused(dana)
    agreed(dana, payment_id)
    declines(dana)
    for _ in range(4):
        until_due(dana)
    row = retry(dana)
    assert (row.state, row.why, row.tried) == ("over", "tries", 4)
    assert owed(dana) == ["agreed", "again", "again", "again", "tries"]
    assert dana.said()[-1] == "$60.00 of Blue Mesa Ranch is not tried again: the bank refused it each time"
    assert "the bank refused it each time" in dana.history(payment_id)[-1]
    run_due(dana)
    assert len(tries(dana)) == 4
    assert charged(dana) == []


def test_a_card_that_is_stolen_is_not_tried_again(dana: Till) -> None:
    kept(dana)
    agreed(dana, refused(dana))
    declines(dana, "stolen_card")
    until_due(dana)
    assert (retry(dana).state, retry(dana).why, retry(dana).tried) == ("over", "method", 1)
    assert owed(dana)[-1] == "method"


def test_a_bank_that_asks_for_the_owner_ends_it_at_once(dana: Till) -> None:
    careful = dana.start({dana.open_invoice(500, "1067"): 500}, **PRESSED, keep_consent=WORDS)
    dana.confirm(careful.payment_id, card="4000002760003184", challenge="complete")
    dana.later(3)
    dana.settle(careful.payment_id)
    agreed(dana, refused(dana))
    until_due(dana)
    assert (retry(dana).state, retry(dana).why, retry(dana).last_code) == ("over", "asks", "authentication_required")
    assert owed(dana)[-1] == "asks"
    assert charged(dana) == [500]


def test_a_bank_debit_that_came_back_is_presented_twice_more_on_working_days(dana: Till) -> None:
    payment_id = came_back(dana)
    assert dana.state(payment_id) == "failed"
    assert "let it be tried again by itself" in failed_mail(dana)
    row = agreed(dana, payment_id)
    assert "let it be tried again by itself" not in failed_mail(dana), "it was agreed to already"
    for tried, day in zip((1, 2), days_of(row), strict=True):
        assert day.weekday() < 5
        until_due(dana)
        assert today(dana) == day
        pending = tries(dana)[-1]
        assert pending.state == "processing"
        bounce(dana, pending.id)
        run_due(dana)  # the failure had it looked at at once
        row = retry(dana)
        assert row.tried == tried
    assert (row.state, row.why) == ("over", "tries")
    assert owed(dana) == ["agreed", "again", "tries"]
    assert [kind for kind, _ in dana.mails()].count("debit_failed") == 1  # of the first; the others are told as tries
    assert charged(dana) == []


def failed_mail(till: Till) -> str:
    """Return what the mail about the debit that came back would say now, in plain words."""
    [mail] = till.rows(MailRow, kind="debit_failed")
    with till.db.read() as session:
        text, html = rendered(write_letter(session, till.rt, mail))
    assert ("by itself" in text) == ("by itself" in html)
    return " ".join(text.split())


def came_back(till: Till) -> str:
    """Let Dana pay from a bank account that is kept with it, and the debit come back; returns the payment."""
    started = till.start({till.open_invoice(9000, "1069"): 9000}, **PRESSED, keep_consent=WORDS)
    till.confirm(started.payment_id, bank_account=GOOD_BANK)
    till.later(3)
    till.settle(started.payment_id)
    bounce(till, started.payment_id)
    return started.payment_id


def bounce(till: Till, payment_id: str) -> None:
    intent = till.payment(payment_id).intent_id
    till.later(DAY)
    till.order("fail_debit", payment_intent=intent, code=POOR)
    till.settle(payment_id)


def test_a_debit_that_arrives_ends_it(dana: Till) -> None:
    agreed(dana, came_back(dana))
    until_due(dana)
    dana.later(8 * DAY)
    assert dana.settle(tries(dana)[-1].id) is PaymentState.SUCCEEDED
    until_due(dana)
    assert retry(dana).state == "done"
    assert charged(dana) == [9000]


def test_an_invoice_that_was_paid_otherwise_is_not_charged_again(dana: Till) -> None:
    kept(dana)
    payment_id = refused(dana)
    agreed(dana, payment_id)
    [invoice] = [one.invoice_id for one in dana.rows_of_shares(payment_id)]
    dana.paid_by_cheque(invoice, 6000)
    until_due(dana)
    assert (retry(dana).state, retry(dana).why) == ("over", "paid")
    assert charged(dana) == []
    assert owed(dana) == ["agreed"]  # nothing is left to tell


def test_what_is_left_of_an_invoice_is_charged_and_no_more(dana: Till) -> None:
    kept(dana)
    payment_id = refused(dana)
    agreed(dana, payment_id)
    [invoice] = [one.invoice_id for one in dana.rows_of_shares(payment_id)]
    dana.paid_by_cheque(invoice, 2500)
    until_due(dana)
    assert charged(dana) == [3500]
    assert retry(dana).state == "done"


def test_another_payment_under_way_is_waited_for(dana: Till) -> None:
    kept(dana)
    payment_id = refused(dana)
    agreed(dana, payment_id)
    [invoice] = [one.invoice_id for one in dana.rows_of_shares(payment_id)]
    till_due = (retry(dana).next_at - dana.clock.now()).total_seconds()
    dana.later(till_due)
    other = dana.start({invoice: 6000}, contact_id="contact-erin")
    dana.later(1)
    run_due(dana)
    row = retry(dana)
    assert (row.state, row.tried, row.number) == ("on", 0, 2)
    assert charged(dana) == []
    dana.confirm(other.payment_id, card=VISA)
    dana.later(3)
    dana.settle(other.payment_id)
    push_company(dana.rt, dana.company_id)
    until_due(dana)
    assert charged(dana) == [6000]
    assert retry(dana).state == "over"


def test_who_takes_the_consent_back_is_not_charged(dana: Till) -> None:
    kept(dana)
    payment_id = refused(dana)
    agreed(dana, payment_id)
    assert not stop(dana.rt, dana.company_id, payment_id, by="The payer", contact_id="contact-erin")
    assert stop(dana.rt, dana.company_id, payment_id, by="The payer", contact_id=DANA)
    assert not stop(dana.rt, dana.company_id, payment_id, by="The payer", contact_id=DANA)
    until_due(dana)
    assert tries(dana) == []
    assert dana.history(payment_id)[-1] == "The payer ended the consent: it is not tried again."


@pytest.mark.parametrize("gone", ["method", "role", "person"])
def test_without_method_role_or_person_nothing_is_charged(dana: Till, gone: str) -> None:
    card = kept(dana)
    agreed(dana, refused(dana))
    if gone == "method":
        saved.remove(dana.rt, dana.company_id, DANA, card.id)
    elif gone == "role":
        dana.touch(ContactCustomerRow, role="view")
    else:
        dana.touch(ContactRow, state="blocked")
    until_due(dana)
    assert tries(dana) == []
    assert (retry(dana).state, retry(dana).why) == ("over", "method" if gone == "method" else "person")


def test_services_out_of_reach_put_it_off_and_count_as_nothing(dana: Till) -> None:
    kept(dana)
    agreed(dana, refused(dana))
    dana.world.faults.load([{"match": {"service": "quickbooks", "times": 0}, "do": "status:503"}])
    until_due(dana)
    assert (retry(dana).state, retry(dana).tried) == ("on", 0)
    assert timedelta(minutes=50) < retry(dana).next_at - dana.clock.now() <= timedelta(hours=1)
    dana.world.faults.load([])
    until_due(dana)
    assert charged(dana) == [6000]


def test_an_answer_of_the_bank_that_is_lost_is_looked_up_and_never_asked_for_twice(dana: Till) -> None:
    kept(dana)
    agreed(dana, refused(dana))
    match = {"service": "stripe", "operation": "payment_intents.confirm", "times": 0}
    dana.world.faults.load([{"match": match, "do": "drop_after_commit"}])
    until_due(dana)
    assert retry(dana).state == "on"
    dana.world.faults.load([])
    until_due(dana)
    assert retry(dana).state == "done"
    assert charged(dana) == [6000]


def test_a_lost_answer_is_looked_up_before_a_method_that_is_gone_ends_it(dana: Till) -> None:
    card = kept(dana)
    agreed(dana, refused(dana))
    match = {"service": "stripe", "operation": "payment_intents.confirm", "times": 0}
    lost = {"service": "stripe", "operation": "payment_intents.retrieve", "nth": 2}
    dana.world.faults.load([{"match": match, "do": "drop_after_commit"}, {"match": lost, "do": "status:503"}])
    until_due(dana)
    dana.world.faults.load([])
    assert (retry(dana).state, tries(dana)[0].state) == ("on", "created")
    saved.remove(dana.rt, dana.company_id, DANA, card.id)
    until_due(dana)
    assert (retry(dana).state, charged(dana)) == ("done", [6000])


def test_two_workers_at_once_charge_once(dana: Till) -> None:
    kept(dana)
    row = agreed(dana, refused(dana))
    wait_until_due(dana)
    try_again(dana.rt, row.id)
    try_again(dana.rt, row.id)
    assert charged(dana) == [6000]
    assert [one.state for one in dana.rows(SavedMethodRow)] == ["ready"]


def test_a_day_that_went_by_is_not_made_up_for_on_another(dana: Till) -> None:
    kept(dana)
    row = agreed(dana, refused(dana))
    dana.later((row.next_at - dana.clock.now()).total_seconds() + DAY)  # nothing ran on the first day
    run_due(dana)
    assert tries(dana) == []
    until_due(dana)
    assert (today(dana), charged(dana)) == (days_of(row)[1], [6000])


def test_after_the_last_agreed_day_nothing_is_tried(dana: Till) -> None:
    kept(dana)
    agreed(dana, refused(dana))
    dana.later(9 * DAY)
    run_due(dana)
    assert (retry(dana).state, retry(dana).why, tries(dana), charged(dana)) == ("over", "late", [], [])
    assert owed(dana) == ["agreed", "late"]


def test_a_surcharge_is_charged_again_as_it_was_agreed_to_and_by_no_other_card(dana: Till) -> None:
    dana.touch(CompanyRow, card_surcharge=300)
    with dana.db.write("mapping") as session:
        session.merge(
            MappingRow(company_id=dana.company_id, role="surcharge", currency="", qbo_id="1", name="Surcharge")
        )
    credit = kept(dana)
    kept(dana, "visa_debit")
    invoice = dana.open_invoice(6000, "1068")
    started = dana.start({invoice: 6000}, **PRESSED, kept_method=credit.method_ref, shown_minor=6180)
    dana.confirm(started.payment_id, card="4000000000009995")
    dana.settle(started.payment_id)
    with dana.db.read() as session:
        offer = offer_of(session, dana.rt, dana.company_id, DANA, started.payment_id)
    assert offer is not None
    assert [one.label for one in offer.methods] == ["Visa 4242"]
    assert offer.amount.minor == 6180
    agreed(dana, started.payment_id)
    until_due(dana)
    assert charged(dana) == [6180]
    assert (tries(dana)[0].surcharge_minor, retry(dana).state) == (180, "done")
