"""Paying with open credits: beside money and alone, never spent twice, and in the books as QuickBooks knows it."""

from __future__ import annotations

import threading

from connector.ledger.payments import PaymentState
from connector.store.cache import CreditRow
from connector.store.money import CreditUseRow
from jobs.receipts import read_receipt
from sync.collect.look import sweep_payments
from sync.collect.press import Refused, Started
from sync.collect.start import start_payment
from sync.pushing import decisions
from sync.tieout import prove
from sync.verify import verify
from tests.sync.settle.till import GOOD_BANK, VISA, Till


def memo(till: Till, minor: int, number: str = "CM-1026", customer: str = "") -> str:
    """Make a credit memo in the books; returns its name."""
    made = till.by_hand(
        "CreditMemo", CustomerRef={"value": customer or till.blue_mesa}, DocNumber=number, Line=[till.line(minor)]
    )
    return f"CreditMemo/{made}"


def left_of(till: Till, name: str) -> float:
    [body] = [one for one in till.in_books("CreditMemo") if one["Id"] == name.rpartition("/")[2]]
    return float(body["Balance"])


def open_on(till: Till, invoice_id: str) -> float:
    [body] = [one for one in till.in_books("Invoice") if one["Id"] == invoice_id]
    return float(body["Balance"])


class TestBesideMoney:
    def test_a_credit_pays_part_and_everything_ties(self, till: Till) -> None:
        invoice, credit = till.open_invoice(62000, "1068"), memo(till, 5000)
        started = till.start({invoice: 62000}, credits=((credit, 5000),))
        assert started.amount.minor == 57000
        till.confirm(started.payment_id, card=VISA)
        till.later(3)
        assert till.settle(started.payment_id) is PaymentState.SUCCEEDED
        [posting] = [one for one in till.postings() if one.kind == "charge"]
        assert posting.amount_minor == 57000
        till.push()
        [payment] = till.in_books("Payment")
        assert (payment["TotalAmt"], payment["UnappliedAmt"]) == (570, 0)
        assert {(one["LinkedTxn"][0]["TxnType"], one["Amount"]) for one in payment["Line"]} == {
            ("Invoice", 620),
            ("CreditMemo", 50),
        }
        assert (left_of(till, credit), open_on(till, invoice)) == (0, 0)
        assert prove(till.rt, till.company_id, live=True).ties
        with till.db.read() as session:
            receipt = read_receipt(session, till.company_id, started.payment_id)
        assert [(line.label, line.amount.minor) for line in receipt.lines] == [
            ("Invoice 1068", 62000),
            ("Credit CM-1026", -5000),
        ]
        assert receipt.amount.minor == 57000

    def test_stripe_is_asked_for_the_money_alone_and_told_of_the_credit(self, till: Till) -> None:
        invoice, credit = till.open_invoice(62000, "1068"), memo(till, 5000)
        till.start({invoice: 62000}, credits=((credit, 5000),))
        [intent] = till.at_stripe("payment_intents")
        assert intent["amount"] == 57000
        assert intent["metadata"]["tieout_credits_1"] == f"{credit}/{till.blue_mesa}/5000"

    def test_a_credit_that_went_while_a_debit_travelled_leaves_its_part_open(self, till: Till) -> None:
        invoice, other, credit = till.open_invoice(62000, "1068"), till.open_invoice(4000, "1069"), memo(till, 5000)
        started = till.start({invoice: 62000}, credits=((credit, 5000),))
        till.confirm(started.payment_id, bank_account=GOOD_BANK)
        till.later(3)
        till.settle(started.payment_id)
        lines = [
            {"Amount": 40, "LinkedTxn": [{"TxnId": other, "TxnType": "Invoice"}]},
            {"Amount": 40, "LinkedTxn": [{"TxnId": credit.rpartition("/")[2], "TxnType": "CreditMemo"}]},
        ]
        till.by_hand("Payment", CustomerRef={"value": till.blue_mesa}, TotalAmt=0, Line=lines)
        till.later(8 * 86400)
        assert till.settle(started.payment_id) is PaymentState.SUCCEEDED
        till.push()
        assert (left_of(till, credit), open_on(till, invoice)) == (0, 40)
        assert prove(till.rt, till.company_id, live=True).ties

    def test_a_refused_posting_is_retried_with_what_still_fits(self, till: Till) -> None:
        invoice, credit = till.open_invoice(62000, "1068"), memo(till, 5000)
        started = till.start({invoice: 62000}, credits=((credit, 5000),))
        till.confirm(started.payment_id, card=VISA)
        till.later(3)
        till.settle(started.payment_id)
        till.by_hand_verb("delete", "CreditMemo", credit.rpartition("/")[2])
        till.push()
        [held] = [one for one in till.postings() if one.state == "held"]
        decisions.retry(till.rt, held.id, "Omar")
        till.push()
        [payment] = till.in_books("Payment")
        assert [(one["LinkedTxn"][0]["TxnType"], one["Amount"]) for one in payment["Line"]] == [("Invoice", 570)]
        assert prove(till.rt, till.company_id, live=True).ties


class TestAlone:
    def test_no_money_moves_and_everything_else_is_a_payment(self, till: Till) -> None:
        invoice, credit = till.open_invoice(4000, "1068"), memo(till, 5000)
        started = till.start({invoice: 4000}, credits=((credit, 4000),))
        assert (started.state, started.amount.minor, started.client_secret) == (PaymentState.SUCCEEDED, 0, "")
        assert till.at_stripe("payment_intents") == []
        assert till.mails() == [("receipt", "dana@bluemesa.example")]
        assert till.left(started.payment_id) == [0]
        till.push()
        [payment] = till.in_books("Payment")
        assert (payment["TotalAmt"], payment["UnappliedAmt"]) == (0, 0)
        assert (left_of(till, credit), open_on(till, invoice)) == (10, 0)
        assert till.payment(started.payment_id).receipt_number == 1001
        assert prove(till.rt, till.company_id, live=True).ties
        assert {b.invariant for one in verify(till.rt, till.company_id) for b in one.broken} <= {
            "I-21"
        }  # no tokens here
        till.later(600)
        assert sweep_payments(till.rt) == 0  # Stripe has nothing to say of it

    def test_the_same_form_is_the_same_payment(self, till: Till) -> None:
        invoice, credit = till.open_invoice(4000, "1068"), memo(till, 5000)
        press = till.press({invoice: 4000}, credits=((credit, 4000),))
        first, second = start_payment(till.rt, press), start_payment(till.rt, press)
        assert first == second
        assert len(till.postings()) == 1

    def test_a_lost_answer_of_quickbooks_posts_it_once(self, till: Till) -> None:
        invoice, credit = till.open_invoice(4000, "1068"), memo(till, 5000)
        till.start({invoice: 4000}, credits=((credit, 4000),))
        till.faults(("payment.create", "drop_after_commit"))
        till.push()
        till.later(10)
        till.push()
        assert [one.state for one in till.postings()] == ["posted"]
        assert len(till.in_books("Payment")) == 1
        assert left_of(till, credit) == 10


class TestNeverTwice:
    def test_of_two_presses_at_once_one_gets_it(self, till: Till) -> None:
        first, second, credit = till.open_invoice(5000, "1"), till.open_invoice(5000, "2"), memo(till, 5000)
        answers: list[Started | Refused] = []

        def press(invoice: str) -> None:
            answers.append(start_payment(till.rt, till.press({invoice: 5000}, credits=((credit, 5000),))))

        payers = [threading.Thread(target=press, args=(one,)) for one in (first, second)]
        for payer in payers:
            payer.start()
        for payer in payers:
            payer.join()
        assert sorted(type(one).__name__ for one in answers) == ["Refused", "Started"]
        [refused] = [one for one in answers if isinstance(one, Refused)]
        assert refused.reason == "credit"
        assert refused.sentence == "Credit CM-1026 has been used meanwhile. Nothing was charged."
        assert {name: left.minor for name, left in refused.credits.items()} == {credit: 0}
        assert len(till.rows_of(CreditUseRow)) == 1

    def test_a_credit_used_in_quickbooks_is_seen_before_money_moves(self, till: Till) -> None:
        invoice, other, credit = till.open_invoice(62000, "1"), till.open_invoice(2000, "2"), memo(till, 5000)
        lines = [
            {"Amount": 20, "LinkedTxn": [{"TxnId": other, "TxnType": "Invoice"}]},
            {"Amount": 20, "LinkedTxn": [{"TxnId": credit.rpartition("/")[2], "TxnType": "CreditMemo"}]},
        ]
        till.by_hand("Payment", CustomerRef={"value": till.blue_mesa}, TotalAmt=0, Line=lines)
        refused = till.refused({invoice: 62000}, credits=((credit, 5000),))
        assert refused.sentence == "Credit CM-1026 has $30.00 left now. Nothing was charged."
        assert till.payments() == []
        assert till.start({invoice: 62000}, credits=((credit, 3000),)).amount.minor == 59000

    def test_an_unfinished_payment_of_ones_own_gives_its_credit_back(self, till: Till) -> None:
        first, second, credit = till.open_invoice(62000, "1"), till.open_invoice(9000, "2"), memo(till, 5000)
        earlier = till.start({first: 62000}, credits=((credit, 5000),))
        assert till.refused({second: 9000}, credits=((credit, 5000),)).reason == "credit"
        mine = frozenset({earlier.payment_id})
        assert till.start({second: 9000}, credits=((credit, 5000),), replaces=mine).amount.minor == 4000
        assert till.state(earlier.payment_id) == PaymentState.CANCELED

    def test_another_customers_credit_is_nobodys_here(self, till: Till) -> None:
        invoice, stranger = till.open_invoice(62000, "1"), till.customer("Cedar Hill")
        theirs = memo(till, 5000, customer=stranger)
        assert till.refused({invoice: 62000}, credits=((theirs, 5000),)).reason == "unknown_credit"
        both = frozenset({till.blue_mesa, stranger})
        answer = till.refused({invoice: 62000}, credits=((theirs, 5000),), allowed_customers=both)
        assert answer.reason == "unknown_credit"  # it pays its own customer's invoices alone
        assert till.refused({invoice: 62000}, credits=(("Invoice/1", 5000),)).reason == "unknown_credit"

    def test_without_quickbooks_no_credit_is_used_even_on_what_was_last_read(self, till: Till) -> None:
        invoice, credit = till.open_invoice(62000, "1"), memo(till, 5000)
        till.touch(CreditRow, balance_minor=5000)
        till.world.faults.load([{"match": {"service": "quickbooks", "times": 0}, "do": "status:503"}])
        refused = till.refused({invoice: 62000}, credits=((credit, 5000),), on_last_known=True)
        assert refused.reason == "books_out_of_reach"
