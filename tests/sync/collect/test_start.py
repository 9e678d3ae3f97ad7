"""Pressing Pay: what starts a payment, what is refused in words, and that the same form is the same payment."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from connector.ledger.money import Money
from connector.ledger.payments import PaymentState
from connector.store.access import ContactRow
from sync.collect.press import Refused, Started
from sync.collect.start import start_payment
from tests.sync.settle.till import DECLINED, VISA, Till


def test_what_stripe_is_told(till: Till) -> None:
    first, second = till.open_invoice(62000, "1068"), till.open_invoice(100000, "1071")
    started = till.start({first: 62000, second: 40000})
    [intent] = till.at_stripe("payment_intents")
    assert (intent["amount"], intent["currency"]) == (102000, "usd")
    assert intent["description"] == "Invoices 1068 and 1071"
    assert intent["metadata"] == {
        "tieout_payment": started.payment_id,
        "tieout_customer": till.blue_mesa,
        "tieout_shares_1": f"{first}/{till.blue_mesa}/62000 {second}/{till.blue_mesa}/40000",
    }
    assert intent["client_secret"] == started.client_secret
    [sent] = till.sent("payment_intents.create")
    assert sent["idempotency_key"] == f"t1-{started.payment_id}-create-1"


def test_the_payer_is_told_the_live_balance(till: Till) -> None:
    """The page is an hour old; meanwhile half of the invoice was paid by cheque."""
    invoice = till.open_invoice(62000, "1068")
    till.paid_by_cheque(invoice, 31000)
    refused = till.refused({invoice: 62000})
    assert refused.reason == "above_balance"
    assert refused.sentence == "$310.00 is open on invoice 1068 now. Nothing was charged."
    assert refused.balances == {invoice: Money(31000, "USD")}
    assert till.payments() == []
    assert till.at_stripe("payment_intents") == []
    assert till.start({invoice: 31000}).amount == Money(31000, "USD")


@pytest.mark.parametrize("what", ["paid", "voided", "deleted"])
def test_an_invoice_with_nothing_open(till: Till, what: str) -> None:
    invoice = till.open_invoice(62000, "1068")
    if what == "paid":
        till.paid_by_cheque(invoice, 62000)
    else:
        till.by_hand_verb({"voided": "void", "deleted": "delete"}[what], "Invoice", invoice)
    refused = till.refused({invoice: 62000})
    assert refused.reason == "not_payable"
    became = {"paid": "has been paid", "voided": "was voided", "deleted": "was deleted"}[what]
    assert refused.sentence == f"Invoice 1068 {became}; nothing is open on it. Nothing was charged."
    assert till.payments() == []


@pytest.mark.parametrize(
    ("minor", "reason", "words"),
    [
        (0, "not_positive", "Enter an amount above zero for invoice 1068. Nothing was charged."),
        (-100, "not_positive", "Enter an amount above zero for invoice 1068. Nothing was charged."),
        (
            99,
            "partial",
            "Harbor Tile takes $1.00 or more on invoice 1068, or all that is open. Nothing was charged.",
        ),
        (62001, "above_balance", "$620.00 is open on invoice 1068 now. Nothing was charged."),
        (10**15, "too_large", "At most $999,999.99 can be paid at once. Nothing was charged."),
        (-(10**15), "too_large", "At most $999,999.99 can be paid at once. Nothing was charged."),
    ],
)
def test_amounts_that_cannot_be(till: Till, minor: int, reason: str, words: str) -> None:
    refused = till.refused({till.open_invoice(62000, "1068"): minor})
    assert (refused.reason, refused.sentence) == (reason, words)
    assert till.payments() == []


def test_the_smallest_and_the_largest(till: Till) -> None:
    small, large = till.open_invoice(50, "1"), till.open_invoice(99_999_999, "2")
    assert till.start({small: 50}).amount.minor == 50
    assert till.start({large: 99_999_999}).amount.minor == 99_999_999
    more = till.open_invoice(1_00, "3"), till.open_invoice(99_999_999, "4")
    assert till.refused({more[0]: 100, more[1]: 99_999_999}).reason == "too_large"


@pytest.mark.parametrize(
    ("currency", "reason"),
    [("EUR", "other_currency"), ("usd", "other_form"), ("", "other_form"), ("DOLLAR", "other_form")],
)
def test_another_currency(till: Till, currency: str, reason: str) -> None:
    refused = till.refused({till.open_invoice(62000, "1068"): 62000}, currency=currency)
    assert refused.reason == reason
    assert "Nothing was charged" in refused.sentence
    assert till.payments() == []


def test_nothing_chosen_and_too_much_chosen(till: Till) -> None:
    assert till.refused({}).reason == "empty"
    assert till.refused({str(n): 100 for n in range(251)}).reason == "too_many"
    invoice = till.open_invoice(5000, "1")
    press = till.press({invoice: 100})
    twice = start_payment(till.rt, replace(press, shares=(*press.shares, *press.shares)))
    assert isinstance(twice, Refused)
    assert twice.reason == "unknown_invoice"


class TestWhoMayPay:
    def test_a_link_opens_one_invoice(self, till: Till) -> None:
        mine, other = till.open_invoice(5000, "1"), till.open_invoice(5000, "2")
        only: dict[str, Any] = {"allowed_customers": frozenset(), "allowed_invoices": frozenset({mine})}
        assert till.refused({other: 5000}, **only).reason == "unknown_invoice"
        assert till.refused({mine: 5000, other: 5000}, **only).reason == "unknown_invoice"
        assert till.start({mine: 5000}, **only).amount.minor == 5000

    def test_another_customers_invoice_is_unknown_and_never_asked_for(self, till: Till) -> None:
        stranger = till.customer("Cedar Hill Dental")
        theirs = till.open_invoice(5000, "1", stranger)
        before = till.world.quickbooks.journal.count
        assert till.refused({theirs: 5000}).reason == "unknown_invoice"
        assert till.refused({"99999": 5000}).reason == "unknown_invoice"
        assert till.world.quickbooks.journal.count == before, "a stranger's press costs QuickBooks nothing"

    def test_another_companys_invoice_is_unknown(self, till: Till) -> None:
        theirs = till.open_invoice(5000, "1")
        till.second_company("other")
        press = till.press({theirs: 5000}, company_id="other")
        refused = start_payment(till.rt, press)
        assert isinstance(refused, Refused)
        assert refused.reason == "unknown_invoice"

    def test_an_invoice_that_went_to_another_customer_meanwhile(self, till: Till) -> None:
        invoice = till.open_invoice(5000, "1")
        stranger = till.customer("Cedar Hill Dental")
        till.edit("Invoice", invoice, CustomerRef={"value": stranger})
        assert till.refused({invoice: 5000}).reason == "unknown_invoice"


class TestTheSameForm:
    def test_pressed_twice_it_is_one_payment(self, till: Till) -> None:
        press = till.press({till.open_invoice(5000, "1"): 5000})
        first, second = start_payment(till.rt, press), start_payment(till.rt, press)
        assert isinstance(first, Started)
        assert first == second
        assert len(till.payments()) == len(till.at_stripe("payment_intents")) == 1
        assert len(till.sent("payment_intents.create")) == 1

    def test_with_other_amounts_it_is_refused(self, till: Till) -> None:
        invoice = till.open_invoice(5000, "1")
        press = till.press({invoice: 5000})
        start_payment(till.rt, press)
        refused = till.refused({invoice: 4000}, form_nonce=press.form_nonce)
        assert refused.reason == "other_form"
        assert len(till.payments()) == 1

    def test_in_other_hands_it_is_refused(self, till: Till) -> None:
        invoice = till.open_invoice(5000, "1")
        press = till.press({invoice: 5000}, contact_id="dana")
        start_payment(till.rt, press)
        assert till.refused({invoice: 5000}, form_nonce=press.form_nonce, contact_id="luis").reason == "other_form"

    def test_of_another_company_it_is_refused(self, till: Till) -> None:
        """A nonce is unique among all companies: one that was guessed or copied opens nothing."""
        press = till.press({till.open_invoice(5000, "1"): 5000})
        start_payment(till.rt, press)
        till.second_company("other")
        till.touch_payment_company(press.form_nonce, "other")
        second = till.open_invoice(7000, "2")
        assert till.refused({second: 7000}, form_nonce=press.form_nonce).reason == "other_form"

    def test_after_it_was_paid_it_tells_so(self, till: Till) -> None:
        press = till.press({till.open_invoice(5000, "1"): 5000})
        started = start_payment(till.rt, press)
        assert isinstance(started, Started)
        till.confirm(started.payment_id)
        till.later(3)
        till.settle(started.payment_id)
        again = start_payment(till.rt, press)
        assert isinstance(again, Started)
        assert (again.payment_id, again.state) == (started.payment_id, PaymentState.SUCCEEDED)
        assert len(till.at_stripe("payment_intents")) == 1

    def test_pressed_again_it_reserves_longer(self, till: Till) -> None:
        press = till.press({till.open_invoice(5000, "1"): 5000})
        start_payment(till.rt, press)
        till.later(29 * 60)
        assert isinstance(start_payment(till.rt, press), Started)
        till.later(29 * 60)
        assert isinstance(start_payment(till.rt, press), Started)
        till.later(31 * 60)
        refused = start_payment(till.rt, press)
        assert isinstance(refused, Refused)
        assert refused.reason == "other_form"


class TestReservations:
    def test_two_people_may_each_pay_a_part(self, till: Till) -> None:
        invoice = till.open_invoice(62000, "1068")
        till.start({invoice: 40000})
        refused = till.refused({invoice: 22001})
        assert refused.reason == "under_way"
        assert refused.balances == {invoice: Money(22000, "USD")}
        assert refused.sentence.endswith("today. $220.00 is left to pay. Nothing was charged.")
        assert till.start({invoice: 22000}).amount.minor == 22000
        assert till.refused({invoice: 100}).balances == {invoice: Money(0, "USD")}

    def test_a_guest_is_not_told_who_pays(self, till: Till) -> None:
        invoice = till.open_invoice(62000, "1068")
        with till.db.write("contact") as session:
            session.add(
                ContactRow(
                    id="dana",
                    company_id=till.company_id,
                    email="dana@bluemesa.example",
                    name="Dana Reyes",
                    created_at=till.clock.now(),
                )
            )
        started = till.start({invoice: 62000}, contact_id="dana")
        guest, contact = till.refused({invoice: 62000}), till.refused({invoice: 62000}, contact_id="luis")
        assert guest.sentence.startswith("A payment of $620.00 for invoice 1068 is under way since ")
        assert contact.sentence.startswith("A payment of $620.00 by Dana Reyes for invoice 1068 is under way since ")
        assert guest.under_way == contact.under_way == (started.payment_id,)

    def test_money_on_its_way_to_the_books_is_still_reserved(self, till: Till) -> None:
        """QuickBooks' own balance does not show it yet: without the reservation it could be paid twice."""
        invoice = till.open_invoice(5000, "1")
        payment_id = till.paid({invoice: 5000})
        till.settle(payment_id)
        refused = till.refused({invoice: 5000})
        assert refused.reason == "under_way"
        assert "was made" in refused.sentence
        till.push()
        assert till.refused({invoice: 5000}).reason == "not_payable"

    def test_an_abandoned_payment_makes_room_at_once(self, till: Till) -> None:
        """The watch that gives payments up need not have come by."""
        invoice = till.open_invoice(5000, "1")
        abandoned = till.start({invoice: 5000})
        till.later(31 * 60)
        assert till.start({invoice: 5000}).payment_id != abandoned.payment_id
        assert till.state(abandoned.payment_id) == "canceled"
        statuses = [intent["status"] for intent in till.at_stripe("payment_intents")]
        assert sorted(statuses) == ["canceled", "requires_payment_method"]

    def test_an_abandoned_payment_that_was_paid_after_all_keeps_its_room(self, till: Till) -> None:
        invoice = till.open_invoice(5000, "1")
        late = till.start({invoice: 5000})
        till.later(31 * 60)
        till.confirm(late.payment_id)
        refused = till.refused({invoice: 5000})
        assert refused.reason == "under_way"
        assert till.state(late.payment_id) == "succeeded"
        assert len(till.at_stripe("payment_intents")) == 1

    def test_a_payer_may_begin_again_with_other_amounts(self, till: Till) -> None:
        """A card was declined for the whole amount; the payer pays a part instead."""
        invoice = till.open_invoice(62000, "1068")
        first = till.start({invoice: 62000})
        till.confirm(first.payment_id, card=DECLINED)
        assert till.refused({invoice: 10000}).reason == "under_way"
        second = till.start({invoice: 10000}, replaces=frozenset({first.payment_id}))
        assert till.state(first.payment_id) == "canceled"
        till.confirm(second.payment_id, card=VISA)
        till.later(3)
        till.settle(second.payment_id)
        assert till.clearing() == till.stripe_balance() == 10000 - 320

    def test_a_payment_given_up_while_stripe_makes_its_intent(
        self, till: Till, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The first press waits for Stripe; the payer, impatient, begins again: only the second may be confirmed."""
        invoice = till.open_invoice(62000, "1068")
        create = till.stripe.create_intent
        second: list[Started] = []

        def slow(new: Any, *, key: str) -> Any:
            if not second:
                second.append(None)  # type: ignore[arg-type]
                [first] = till.payments()
                second[0] = till.start({invoice: 10000}, replaces=frozenset({first.id}))
            return create(new, key=key)

        monkeypatch.setattr(till.stripe, "create_intent", slow)
        assert till.refused({invoice: 62000}).reason == "other_form"
        states = {payment.amount_minor: payment.state for payment in till.payments()}
        assert states == {62000: "canceled", 10000: "created"}
        statuses = {intent["amount"]: intent["status"] for intent in till.at_stripe("payment_intents")}
        assert statuses == {62000: "canceled", 10000: "requires_payment_method"}

    def test_beginning_again_leaves_other_invoices_alone(self, till: Till) -> None:
        """The same browser pays two invoices in two tabs: one does not give up the other."""
        first = till.start({till.open_invoice(5000, "1"): 5000})
        till.start({till.open_invoice(7000, "2"): 7000}, replaces=frozenset({first.payment_id}))
        assert till.state(first.payment_id) == "created"
        till.confirm(first.payment_id)
        assert till.settle(first.payment_id) is PaymentState.SUCCEEDED

    def test_nobody_gives_up_another_contacts_payment(self, till: Till) -> None:
        invoice = till.open_invoice(62000, "1068")
        first = till.start({invoice: 62000}, contact_id="dana")
        refused = till.refused({invoice: 10000}, contact_id="luis", replaces=frozenset({first.payment_id}))
        assert refused.reason == "under_way"
        assert till.state(first.payment_id) == "created"

    def test_a_payment_that_was_paid_cannot_be_replaced(self, till: Till) -> None:
        invoice = till.open_invoice(62000, "1068")
        first = till.start({invoice: 62000})
        till.confirm(first.payment_id, card=VISA)
        refused = till.refused({invoice: 10000}, replaces=frozenset({first.payment_id}))
        assert (refused.reason, till.state(first.payment_id)) == ("under_way", "succeeded")
