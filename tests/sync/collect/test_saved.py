"""Kept payment methods against the stand-in of Stripe: consent first, then what Stripe says, followed by webhooks."""

from __future__ import annotations

import json
from typing import Any

import pytest
import stripe

from connector.errors import GatewayError
from connector.ledger.payments import PaymentState
from connector.store.access import ContactRow
from connector.store.methods import SavedMethodRow, StripeCustomerRow
from connector.store.outbox import CONTEXT_COLUMN, MailRow
from sync import verifying
from sync.collect import saved
from sync.inbox import accept_stripe, sweep_inbox
from tests.sync.settle.till import GOOD_BANK, Till

DANA = "contact-dana"
WORDS = "I allow Harbor Tile to keep this payment method."
BY_BANK = {
    "payment_method_data": {
        "type": "us_bank_account",
        "us_bank_account": {
            "routing_number": "110000000",
            "account_number": GOOD_BANK,
            "account_holder_type": "company",
        },
        "billing_details": {"name": "Dana", "email": "dana@bluemesa.example"},
    }
}


@pytest.fixture
def dana(till: Till) -> Till:
    """Let Dana of Blue Mesa Ranch be known."""
    with till.db.write("dana") as session:
        row = ContactRow(
            id=DANA, company_id=till.company_id, email="dana@bluemesa.example", created_at=till.clock.now()
        )
        session.add(row)
    return till


def client_of(till: Till) -> stripe.StripeClient:
    address: Any = {"api": till.world.stripe_host.url}
    return stripe.StripeClient(till.world.stripe.secret_key, base_addresses=address)


def begun(till: Till) -> SavedMethodRow:
    row_id = saved.begin(till.rt, till.company_id, DANA, email="dana@bluemesa.example", consent=WORDS)
    [row] = [one for one in till.rows(SavedMethodRow) if one.id == row_id]
    return row


def entered(till: Till, row: SavedMethodRow, data: dict[str, Any]) -> SavedMethodRow:
    """Enter a method as the browser does, and look what became of it."""
    params: Any = {
        **data,
        "mandate_data": {"customer_acceptance": {"type": "offline"}},
        "return_url": "http://localhost/back",
    }
    assert row.setup_ref
    client_of(till).v1.setup_intents.confirm(row.setup_ref, params)
    looked = saved.look(till.rt, till.company_id, DANA, row.id)
    assert looked is not None
    return looked


def checked(till: Till, row_id: str) -> object:
    with till.db.read() as session:
        return verifying.check_of(session, till.company_id, row_id)


def kept(till: Till, brand: str = "visa") -> SavedMethodRow:
    return entered(till, begun(till), {"payment_method": f"pm_card_{brand}"})


def labels(till: Till) -> list[str]:
    with till.db.read() as session:
        return [row.label for row in saved.methods_of(session, till.company_id, DANA)]


def test_a_card_is_kept_with_the_words_that_were_agreed_to(dana: Till) -> None:
    row = kept(dana)
    assert (row.state, row.label, row.expires, row.is_default) == (
        "ready",
        "Visa 4242",
        f"12/{(dana.clock.now().year + 1) % 100}",
        True,
    )
    assert (row.consent, row.consent_at) == (WORDS, row.created_at)
    assert len(dana.rows_of(StripeCustomerRow)) == 1
    second = kept(dana, "mastercard")
    assert not second.is_default
    assert len(dana.rows_of(StripeCustomerRow)) == 1  # one customer at Stripe keeps both
    assert labels(dana) == ["Visa 4242", "Mastercard 4444"]


def mailed(till: Till) -> list[tuple[str, str, str]]:
    """Return to whom mails about methods are owed, what of which method they tell, and in which language."""
    opened = [
        (row.to, json.loads(till.rt.vault.open(row.context_cipher, company_id=row.company_id, column=CONTEXT_COLUMN)))
        for row in sorted(till.rows(MailRow, kind="method_changed"), key=lambda one: one.id)
    ]
    return [(to, f"{said['what']} {said['method']}", said["language"]) for to, said in opened]


def test_its_owner_is_told_once_that_a_card_is_kept_and_once_that_it_is_gone(dana: Till) -> None:
    row = begun(dana)
    assert mailed(dana) == [], "nothing is kept yet"
    kept_row = entered(dana, row, {"payment_method": "pm_card_visa"})
    to = "dana@bluemesa.example"
    assert mailed(dana) == [(to, "kept Visa 4242", "")]
    for _ in range(2):
        saved.look(dana.rt, dana.company_id, DANA, kept_row.id, "de")
        assert saved.follow(dana.rt, dana.company_id, kept_row.method_ref)
    assert len(mailed(dana)) == 1, "a look changes nothing"
    assert saved.remove(dana.rt, dana.company_id, DANA, kept_row.id, "fr")
    assert not saved.remove(dana.rt, dana.company_id, DANA, kept_row.id, "fr")
    assert mailed(dana)[1:] == [(to, "gone Visa 4242", "fr")]


def test_its_owner_is_told_of_a_card_that_somebody_took_away_at_stripe(dana: Till) -> None:
    row = kept(dana)
    client_of(dana).v1.payment_methods.detach(row.method_ref)
    sweep_inbox(dana.rt)
    saved.follow(dana.rt, dana.company_id, row.method_ref)
    assert [what for _, what, _ in mailed(dana)] == ["kept Visa 4242", "gone Visa 4242"]


def test_somebody_who_was_let_go_is_told_nothing(dana: Till) -> None:
    row = kept(dana)
    with dana.db.write("gone") as session:
        session.get_one(ContactRow, DANA).state = "gone"
    assert saved.remove(dana.rt, dana.company_id, DANA, row.id)
    assert len(mailed(dana)) == 1


def test_the_consent_stands_even_where_stripe_is_out_of_reach(dana: Till) -> None:
    dana.world.faults.load(
        [{"match": {"service": "stripe", "operation": "setup_intents.create", "times": 0}, "do": "status:503"}]
    )
    with pytest.raises(GatewayError):
        saved.begin(dana.rt, dana.company_id, DANA, email="", consent=WORDS)
    [row] = dana.rows(SavedMethodRow)
    assert (row.state, row.consent) == ("begun", WORDS)
    assert labels(dana) == []


def test_a_kept_card_pays(dana: Till) -> None:
    row = kept(dana)
    started = dana.start({dana.open_invoice(62000, "1068"): 62000}, contact_id=DANA)
    params: Any = {"payment_method": row.method_ref, "return_url": "http://localhost/back"}
    intent_id = dana.payment(started.payment_id).intent_id
    assert intent_id
    client_of(dana).v1.payment_intents.confirm(intent_id, params)
    dana.later(3)
    assert dana.settle(started.payment_id) is PaymentState.SUCCEEDED
    assert dana.payment(started.payment_id).method_label == "Visa 4242"


def test_nobody_else_is_given_a_kept_card(dana: Till) -> None:
    row = kept(dana)
    with dana.db.read() as session:
        assert saved.methods_of(session, dana.company_id, "contact-luis") == []
        assert saved.methods_of(session, "another company", DANA) == []
    with dana.db.write("luis") as session:
        assert not saved.rename(session, dana.company_id, "contact-luis", row.id, "Mine")
        assert not saved.prefer(session, dana.company_id, "contact-luis", row.id)
    assert not saved.remove(dana.rt, dana.company_id, "contact-luis", row.id)
    assert saved.look(dana.rt, dana.company_id, "contact-luis", row.id) is None
    assert saved.secret_of(dana.rt, dana.company_id, "contact-luis", begun(dana).id) is None
    guest = dana.start({dana.open_invoice(62000, "1068"): 62000})
    assert dana.payment(guest.payment_id).stripe_customer == ""


def test_name_first_choice_and_removal(dana: Till) -> None:
    first, second = kept(dana), kept(dana, "mastercard")
    with dana.db.write("change") as session:
        assert saved.rename(session, dana.company_id, DANA, second.id, "  The office   card ")
        assert saved.prefer(session, dana.company_id, DANA, second.id)
    assert labels(dana) == ["Mastercard 4444", "Visa 4242"]
    assert saved.remove(dana.rt, dana.company_id, DANA, first.id)
    assert not saved.remove(dana.rt, dana.company_id, DANA, first.id)
    assert labels(dana) == ["Mastercard 4444"]
    assert client_of(dana).v1.payment_methods.retrieve(first.method_ref).customer is None
    with dana.db.read() as session:
        [row] = saved.methods_of(session, dana.company_id, DANA)
        assert (row.name, row.is_default) == ("The office card", True)


def test_a_removal_at_stripe_is_followed(dana: Till) -> None:
    row = kept(dana)
    client_of(dana).v1.payment_methods.detach(row.method_ref)
    told(dana, "payment_method.detached", row.method_ref)
    assert labels(dana) == []
    told(dana, "payment_method.detached", "pm_of_somebody_else")


def test_a_card_that_its_bank_renewed_is_followed(dana: Till) -> None:
    row = kept(dana)
    client_of(dana).v1.payment_methods.update(row.method_ref, {"card": {"exp_month": 7, "exp_year": 2031}})
    told(dana, "payment_method.automatically_updated", row.method_ref)
    with dana.db.read() as session:
        [renewed] = saved.methods_of(session, dana.company_id, DANA)
    assert renewed.expires == "07/31"


def test_a_bank_account_waits_for_its_small_deposits(dana: Till) -> None:
    waiting = entered(dana, begun(dana), BY_BANK)
    assert (waiting.state, waiting.kind) == ("verifying", "us_bank_account")
    assert "/microdeposits/" in waiting.verify_url
    assert labels(dana) == []  # it cannot pay yet
    assert waiting.setup_ref
    client_of(dana).v1.setup_intents.verify_microdeposits(waiting.setup_ref, {"amounts": [32, 45]})
    told(dana, "setup_intent.succeeded", waiting.setup_ref)
    assert labels(dana) == [waiting.label]


def test_a_bank_account_that_is_removed_while_it_waits_is_asked_about_no_more(dana: Till) -> None:
    waiting = entered(dana, begun(dana), BY_BANK)
    assert saved.remove(dana.rt, dana.company_id, DANA, waiting.id)
    assert checked(dana, waiting.id) is None
    [setup] = dana.at_stripe("setup_intents")
    assert setup["status"] == "canceled", "nor can it be verified, and kept, after all"


def test_one_that_is_verified_in_the_moment_of_its_removal_is_forgotten_too(dana: Till) -> None:
    waiting = entered(dana, begun(dana), BY_BANK)
    assert waiting.setup_ref
    client_of(dana).v1.setup_intents.verify_microdeposits(waiting.setup_ref, {"amounts": [32, 45]})
    assert saved.remove(dana.rt, dana.company_id, DANA, waiting.id)
    [method] = dana.at_stripe("payment_methods")
    assert method["customer"] is None
    assert labels(dana) == []


def told(till: Till, kind: str, ref: str) -> None:
    """Let Stripe tell of an object, and work it off."""
    event = {"id": f"evt_{till.clock.new_id()}", "type": kind, "data": {"object": {"id": ref, "object": "x"}}}
    body, header = till.signed_event(till.start({till.open_invoice(100, "9"): 100}).payment_id, **event)
    assert accept_stripe(till.rt, "harbor", body, header).status == 200
    till.later(60)
    assert sweep_inbox(till.rt)


def test_a_customer_that_is_gone_at_stripe_stops_nobody_from_paying(dana: Till) -> None:
    kept(dana)
    [known] = dana.rows_of(StripeCustomerRow)
    client_of(dana).v1.customers.delete(known.customer_ref)
    first = dana.start({dana.open_invoice(62000, "1068"): 62000}, contact_id=DANA)
    assert dana.payment(first.payment_id).stripe_customer == ""
    assert labels(dana) == [], "what it kept is gone with it"
    second = dana.start({dana.open_invoice(9000, "1069"): 9000}, contact_id=DANA, keep_consent=WORDS)
    assert dana.payment(second.payment_id).stripe_customer not in ("", known.customer_ref)
    assert len(dana.payments()) == len(dana.at_stripe("payment_intents")) == 2


def test_a_customer_that_is_gone_at_stripe_is_made_anew_where_a_card_is_kept(dana: Till) -> None:
    kept(dana)
    [known] = dana.rows_of(StripeCustomerRow)
    client_of(dana).v1.customers.delete(known.customer_ref)
    assert kept(dana, "mastercard").state == "ready"
    assert labels(dana) == ["Mastercard 4444"]
    press = dana.start({dana.open_invoice(62000, "1068"): 62000}, contact_id=DANA, keep_consent=WORDS)
    [fresh] = dana.rows_of(StripeCustomerRow)
    client_of(dana).v1.customers.delete(fresh.customer_ref)
    again = dana.start({dana.open_invoice(9000, "1069"): 9000}, contact_id=DANA, keep_consent=WORDS)
    owners = [dana.payment(one.payment_id).stripe_customer for one in (press, again)]
    assert len({known.customer_ref, *owners, ""}) == 4
