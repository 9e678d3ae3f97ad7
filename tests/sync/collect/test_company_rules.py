"""What a company decides about paying: whole invoices or parts, and what is done while QuickBooks is out of reach."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connector.store.companies import CompanyRow
from connector.store.money import PaymentEventRow
from sync.collect.press import Refused, Started
from sync.collect.start import start_payment
from sync.pull import pull_company
from tests.sync.settle.till import VISA, Till


class TestWholeInvoices:
    def test_a_company_may_ask_for_the_whole(self, till: Till) -> None:
        till.touch(CompanyRow, allow_partial=False)
        invoice = till.open_invoice(62000, "1068")
        refused = till.refused({invoice: 61999})
        assert (refused.reason, refused.invoice_id) == ("partial", invoice)
        assert refused.sentence == (
            "Harbor Tile asks for invoices to be paid in full: $620.00 is open on invoice 1068. Nothing was charged."
        )
        assert till.start({invoice: 62000}).amount.minor == 62000

    def test_the_whole_is_what_is_open_now(self, till: Till) -> None:
        till.touch(CompanyRow, allow_partial=False)
        invoice = till.open_invoice(62000, "1068")
        till.paid_by_cheque(invoice, 20000)
        assert till.start({invoice: 42000}).amount.minor == 42000


class TestLeastParts:
    def test_a_company_may_ask_for_a_larger_part(self, till: Till) -> None:
        till.touch(CompanyRow, least_part_minor=5000)
        invoice = till.open_invoice(62000, "1068")
        refused = till.refused({invoice: 4999})
        assert (refused.reason, refused.invoice_id) == ("partial", invoice)
        assert refused.sentence == (
            "Harbor Tile takes $50.00 or more on invoice 1068, or all that is open. Nothing was charged."
        )
        assert till.start({invoice: 5000}).amount.minor == 5000

    def test_what_is_open_is_never_too_little(self, till: Till) -> None:
        till.touch(CompanyRow, least_part_minor=5000)
        invoice = till.open_invoice(3000, "1068")
        assert till.start({invoice: 3000}).amount.minor == 3000


class TestOutOfReach:
    def test_quickbooks(self, till: Till) -> None:
        invoice = till.open_invoice(5000, "1")
        till.world.faults.load([{"match": {"service": "quickbooks", "times": 0}, "do": "status:503"}])
        refused = till.refused({invoice: 5000})
        assert refused.reason == "books_out_of_reach"
        assert "could not be checked with Harbor Tile just now, so nothing was charged" in refused.sentence
        assert till.payments() == []
        till.world.faults.load([])
        assert till.start({invoice: 5000}).amount.minor == 5000

    def away(self, till: Till) -> str:
        """Let QuickBooks go away from a company that takes payments on what was last read; returns an invoice."""
        till.touch(CompanyRow, pay_on_last_known=True)
        invoice = till.open_invoice(62000, "1068")
        pull_company(till.rt, till.company_id)
        till.later(3600)
        till.world.faults.load([{"match": {"service": "quickbooks", "times": 0}, "do": "status:503"}])
        return invoice

    def test_the_last_known_balance_is_paid_by_whoever_was_told_its_age(self, till: Till) -> None:
        invoice = self.away(till)
        told = till.refused({invoice: 62000})
        assert told.reason == "last_known"
        assert "Harbor Tile’s books cannot be asked just now. What is open here was read" in told.sentence
        assert till.payments() == []
        started = till.start({invoice: 62000}, on_last_known=True)
        assert any("its balances were read at" in row.text for row in till.rows(PaymentEventRow))
        assert till.refused({invoice: 100}, on_last_known=True).reason == "under_way"

        till.world.faults.load([])
        till.paid_by_cheque(invoice, 20000)  # what the cache could not know
        till.confirm(started.payment_id, card=VISA)
        till.later(3)
        till.settle(started.payment_id)
        till.push()
        assert till.balance("clearing") == till.stripe_balance(), "all of it is in the books"

    def test_what_is_older_than_a_day_is_not_paid(self, till: Till) -> None:
        invoice = self.away(till)
        till.later(86_400)
        assert till.refused({invoice: 62000}, on_last_known=True).reason == "books_out_of_reach"

    def test_what_was_paid_and_posted_since_is_not_paid_twice(self, till: Till) -> None:
        till.touch(CompanyRow, pay_on_last_known=True)
        invoice = till.open_invoice(62000, "1068")
        pull_company(till.rt, till.company_id)
        payment_id = till.paid({invoice: 62000})
        till.settle(payment_id)
        till.push()
        assert {row.state for row in till.postings()} == {"posted"}
        till.world.faults.load([{"match": {"service": "quickbooks", "times": 0}, "do": "status:503"}])
        assert till.refused({invoice: 62000}, on_last_known=True).reason == "books_out_of_reach"

    def test_a_company_that_did_not_choose_so_waits(self, till: Till) -> None:
        invoice = self.away(till)
        till.touch(CompanyRow, pay_on_last_known=False)
        assert till.refused({invoice: 62000}, on_last_known=True).reason == "books_out_of_reach"

    def test_quickbooks_that_is_not_connected(self, till: Till) -> None:
        invoice = till.open_invoice(5000, "1")
        till.gateways.is_connected = False
        assert till.refused({invoice: 5000}).reason == "books_out_of_reach"

    def test_stripe(self, till: Till) -> None:
        press = till.press({till.open_invoice(5000, "1"): 5000})
        till.world.faults.load([{"match": {"service": "stripe", "times": 0}, "do": "status:503"}])
        refused = start_payment(till.rt, press)
        assert isinstance(refused, Refused)
        assert refused.reason == "stripe_out_of_reach"
        till.world.faults.load([])
        assert isinstance(start_payment(till.rt, press), Started)
        assert len(till.payments()) == len(till.at_stripe("payment_intents")) == 1

    def test_stripe_asks_us_to_slow_down(self, till: Till) -> None:
        press = till.press({till.open_invoice(5000, "1"): 5000})
        till.world.faults.load(
            [{"match": {"service": "stripe", "operation": "payment_intents.create", "times": 2}, "do": "rate_limit"}]
        )
        assert isinstance(start_payment(till.rt, press), Started)
        assert len(till.at_stripe("payment_intents")) == 1

    def test_stripe_says_no(self, till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
        """A definite no: the next press looks whether there is an intent, and asks under a fresh key."""
        monkeypatch.setattr("sync.collect.start.SMALLEST_MINOR", 1)
        press = till.press({till.open_invoice(10, "1"): 10})
        for attempt in (1, 2):
            refused = start_payment(till.rt, press)
            assert isinstance(refused, Refused)
            assert refused.reason == "stripe_refused"
            assert "Nothing was charged" in refused.sentence
            [payment] = till.payments()
            assert (payment.attempt, payment.intent_id) == (attempt + 1, None)
            assert payment.error_code == "", "nothing was declined"
            assert till.history(payment.id)[-1].startswith("Stripe did not start this payment: Amount must be")
        keys = [row["idempotency_key"] for row in till.sent("payment_intents.create")]
        assert keys == [f"t1-{payment.id}-create-1", f"t1-{payment.id}-create-2"]
        assert len(till.sent("payment_intents.list")) == 1
        assert till.at_stripe("payment_intents") == []

    @pytest.mark.parametrize("how", ["unauthorised", "forbidden"])
    def test_stripe_refuses_our_key(self, till: Till, how: str) -> None:
        invoice = till.open_invoice(5000, "1")
        till.stripe_faults(("payment_intents.create", how))
        refused = till.refused({invoice: 5000})
        assert refused.reason == "not_connected"
        assert refused.sentence == "Harbor Tile cannot take payments online at the moment. Nothing was charged."

    def test_an_answer_that_says_nothing(self, till: Till) -> None:
        """Stripe keeps its own 500 under the key and repeats it for a day: the next press looks, then asks anew."""
        press = till.press({till.open_invoice(5000, "1"): 5000})
        till.stripe_faults(("payment_intents.create", "api_error"))
        refused = start_payment(till.rt, press)
        assert isinstance(refused, Refused)
        assert refused.reason == "stripe_out_of_reach"
        assert isinstance(start_payment(till.rt, press), Started)
        assert len(till.at_stripe("payment_intents")) == 1
        assert len(till.sent("payment_intents.list")) == 1

    def test_an_answer_that_says_nothing_although_it_was_done(self, till: Till) -> None:
        press = till.press({till.open_invoice(5000, "1"): 5000})
        till.stripe_faults(("payment_intents.create", "api_error_after"))
        assert isinstance(start_payment(till.rt, press), Refused)
        assert isinstance(start_payment(till.rt, press), Started)
        assert len(till.at_stripe("payment_intents")) == 1

    def test_a_lost_answer(self, till: Till) -> None:
        press = till.press({till.open_invoice(5000, "1"): 5000})
        rule = {"match": {"service": "stripe", "operation": "payment_intents.create", "times": 0}}
        till.world.faults.load([{**rule, "do": "drop_after_commit"}])
        refused = start_payment(till.rt, press)
        assert isinstance(refused, Refused)
        assert refused.reason == "stripe_out_of_reach"
        assert till.payments()[0].intent_id is None
        till.world.faults.load([])
        started = start_payment(till.rt, press)
        assert isinstance(started, Started)
        [intent] = till.at_stripe("payment_intents")
        assert till.payment(started.payment_id).intent_id == intent["id"]
        assert len({row["idempotency_key"] for row in till.sent("payment_intents.create")}) == 1

    def test_an_answer_lost_once_is_asked_for_again_with_the_same_key(self, till: Till) -> None:
        invoice = till.open_invoice(5000, "1")
        till.stripe_faults(("payment_intents.create", "drop_after_commit"))
        started = till.start({invoice: 5000})
        assert len(till.at_stripe("payment_intents")) == 1
        first, second = till.sent("payment_intents.create")
        assert (first["idempotency_key"], first["replayed"]) == (second["idempotency_key"], False)
        assert second["replayed"]
        assert started.client_secret

    def test_a_key_older_than_23_hours_is_looked_up_and_never_sent(self, till: Till) -> None:
        press = till.press({till.open_invoice(5000, "1"): 5000})
        rule = {"match": {"service": "stripe", "operation": "payment_intents.create", "times": 0}}
        till.world.faults.load([{**rule, "do": "drop_after_commit"}])
        start_payment(till.rt, press)
        till.world.faults.load([])
        [payment] = till.payments()
        sent = len(till.sent("payment_intents.create"))
        till.later(24 * 3600)
        till.change(payment.id, expires_at=till.clock.now() + timedelta(hours=1))  # as with microdeposits
        assert isinstance(start_payment(till.rt, press), Started)
        assert len(till.sent("payment_intents.create")) == sent
        assert len(till.at_stripe("payment_intents")) == 1

    def test_an_old_payment_that_stripe_never_heard_of_is_not_started(self, till: Till) -> None:
        press = till.press({till.open_invoice(5000, "1"): 5000})
        rule = {"match": {"service": "stripe", "operation": "payment_intents.create", "times": 0}}
        till.world.faults.load([{**rule, "do": "reset_before"}])
        start_payment(till.rt, press)
        till.world.faults.load([])
        [payment] = till.payments()
        assert payment.attempt == 1, "no answer came: the same key is asked again"
        till.later(24 * 3600)
        till.change(payment.id, expires_at=till.clock.now() + timedelta(hours=1))
        refused = start_payment(till.rt, press)
        assert isinstance(refused, Refused)
        assert till.at_stripe("payment_intents") == []
