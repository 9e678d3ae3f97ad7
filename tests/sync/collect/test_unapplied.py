"""What is left of a payment pays invoices: applied in the books, once, by an update of the Payment that is there."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from connector.errors import WrongInput
from connector.ledger.payments import PaymentState
from connector.store.cache import BookPaymentRow
from connector.store.companies import CompanyRow
from connector.store.log import LogRow
from connector.store.outbox import AttemptRow
from jobs.receipts import read_receipt
from sync.collect.credits import live_credits
from sync.pushing import decisions
from sync.tieout import prove
from sync.verify import verify
from tests.sync.settle.till import VISA, Till


def deposit(till: Till, minor: int, **more: object) -> str:
    """Let a payment lie unapplied in the books, as a person enters one; returns its name as a credit."""
    made = till.by_hand("Payment", CustomerRef={"value": till.blue_mesa}, TotalAmt=minor / 100, Line=[], **more)
    return f"Payment/{made}"


def in_books(till: Till, entity: str, name: str) -> dict:
    [body] = [one for one in till.in_books(entity) if one["Id"] == name.rpartition("/")[2]]
    return body


def left(till: Till, name: str) -> float:
    return float(in_books(till, "Payment", name)["UnappliedAmt"])


def lines(till: Till, name: str) -> dict[str, float]:
    body = in_books(till, "Payment", name)
    return {one["LinkedTxn"][0]["TxnId"]: float(one["Amount"]) for one in body["Line"]}


def alone(till: Till, minor: int, name: str, number: str = "1068") -> str:
    """Pay an invoice with what is left of a payment alone; returns the invoice."""
    invoice = till.open_invoice(minor, number)
    started = till.start({invoice: minor}, credits=((name, minor),))
    assert started.state is PaymentState.SUCCEEDED
    return invoice


def tries(till: Till) -> list[AttemptRow]:
    return [row for one in till.postings() for row in till.attempts(one.id)]


def states(till: Till) -> list[str]:
    return [one.state for one in till.postings()]


def test_beside_money_each_part_comes_from_where_it_was_agreed(till: Till) -> None:
    first, second, credit = till.open_invoice(62000, "1"), till.open_invoice(9000, "2"), deposit(till, 65000)
    started = till.start({first: 62000, second: 9000}, credits=((credit, 65000),))
    assert started.amount.minor == 6000
    till.confirm(started.payment_id, card=VISA)
    till.later(3)
    till.settle(started.payment_id)
    assert sorted(one.kind for one in till.postings()) == ["apply", "charge", "fee"]
    till.push()
    assert lines(till, credit) == {first: 620, second: 30}
    [new] = [one for one in till.in_books("Payment") if "PaymentRefNum" in one]
    assert [(one["LinkedTxn"][0]["TxnId"], one["Amount"]) for one in new["Line"]] == [(second, 60)]
    assert [float(one["Balance"]) for one in till.in_books("Invoice")] == [0, 0]
    assert left(till, credit) == 0
    assert prove(till.rt, till.company_id, live=True).ties
    assert {b.invariant for one in verify(till.rt, till.company_id) for b in one.broken} <= {"I-21"}  # no tokens here
    with till.db.read() as session:
        receipt = read_receipt(session, till.company_id, started.payment_id)
    assert [(one.label, one.amount.minor) for one in receipt.lines][-1] == ("From an earlier payment", -65000)
    assert receipt.recorded_at is not None


def test_alone_no_money_moves_and_no_document_is_made(till: Till) -> None:
    credit = deposit(till, 25000)
    other = till.open_invoice(4000, "1099")
    line = {"Amount": 40, "LinkedTxn": [{"TxnId": other, "TxnType": "Invoice"}]}
    till.edit("Payment", credit.rpartition("/")[2], Line=[line])  # a part of it was applied by hand before
    invoice = alone(till, 20000, credit)
    assert till.at_stripe("payment_intents") == []
    till.push()
    assert lines(till, credit) == {other: 40, invoice: 200}, "what was there stays"
    assert (left(till, credit), len(till.in_books("Payment"))) == (10, 1)
    assert states(till) == ["posted"]
    with till.db.read() as session:
        row = session.get_one(BookPaymentRow, (till.company_id, credit.rpartition("/")[2]))
        assert row.unapplied_minor == 1000, "the pages know at once"
    said = [row.sentence for row in till.rows(LogRow) if row.state == "recorded"]
    assert said[-1] == "Earlier payment of Blue Mesa Ranch applied to invoice 1068"
    assert prove(till.rt, till.company_id, live=True).ties


def test_a_deposit_of_ours_is_used_up_in_two_presses_and_stands_once(till: Till) -> None:
    till.touch(CompanyRow, takes_deposits=True)
    paid = till.start({}, deposit_minor=25000)
    till.confirm(paid.payment_id, card=VISA)
    till.later(3)
    till.settle(paid.payment_id)
    till.push()
    [ours] = [one for one in till.postings() if one.kind == "charge"]
    credit = f"Payment/{ours.remote_id}"
    alone(till, 10000, credit, "1")
    assert till.refused({till.open_invoice(20000, "2"): 20000}, credits=((credit, 20000),)).reason == "credit"
    alone(till, 15000, credit, "3")
    till.push()
    assert left(till, credit) == 0
    assert {b.invariant for one in verify(till.rt, till.company_id) for b in one.broken} <= {"I-21"}
    assert prove(till.rt, till.company_id, live=True).ties


@pytest.mark.parametrize("how", ["drop_after_commit", "reset_before", "status:503"])
def test_a_lost_answer_applies_it_once(till: Till, how: str) -> None:
    credit = deposit(till, 25000)
    invoice = alone(till, 20000, credit)
    till.faults(("payment.update", how))
    till.push()
    till.later(600)
    till.push()
    assert states(till) == ["posted"]
    assert (lines(till, credit), left(till, credit)) == ({invoice: 200}, 50)


def test_a_payment_that_moved_between_read_and_write_is_read_again(till: Till) -> None:
    credit = deposit(till, 25000)
    invoice = alone(till, 20000, credit)
    till.faults(("payment.update", "stale_5010"))
    till.push()
    assert (states(till), lines(till, credit)) == (["posted"], {invoice: 200})
    sent = [row for row in tries(till) if row.operation == "payment.update"]
    assert [(row.way, row.outcome) for row in sent] == [
        ("sent", ""),
        ("received", "stale"),
        ("sent", ""),
        ("received", "ok"),
    ]


def test_a_version_that_moved_after_an_unclear_answer_is_made_anew_under_another_name(till: Till) -> None:
    credit = deposit(till, 25000)
    invoice = alone(till, 20000, credit)
    till.faults(("payment.update", "reset_before"))
    till.push()
    till.edit("Payment", credit.rpartition("/")[2], PrivateNote="of the spring")
    till.later(600)
    till.push()
    assert (states(till), lines(till, credit)) == (["posted"], {invoice: 200})
    assert in_books(till, "Payment", credit)["PrivateNote"] == "of the spring"
    asked = {row.request_id for row in tries(till) if row.operation == "payment.update"}
    assert len(asked) == 2, "other bytes have another name"


def test_money_that_was_applied_elsewhere_is_held_and_retried_with_what_fits(till: Till) -> None:
    credit, other = deposit(till, 25000), till.open_invoice(10000, "1099")
    invoice = alone(till, 20000, credit)
    line = {"Amount": 100, "LinkedTxn": [{"TxnId": other, "TxnType": "Invoice"}]}
    till.edit("Payment", credit.rpartition("/")[2], Line=[line])
    till.push()
    [held] = till.postings()
    assert (held.state, held.held_code) == ("held", "credit_used")
    assert "applied elsewhere, or removed" in held.held_text
    decisions.retry(till.rt, held.id, "Omar")
    till.push()
    assert states(till) == ["posted"]
    assert (lines(till, credit), left(till, credit)) == ({other: 100, invoice: 150}, 0)
    assert [float(one["Balance"]) for one in till.in_books("Invoice") if one["Id"] == invoice] == [50]
    [named] = till.open_discrepancies()
    assert (named.kind, named.amount_minor) == ("unapplied", 5000), "a person hears what was not applied"
    assert [row.money_minor for row in till.rows(LogRow) if row.state == "recorded"] == [15000]


@pytest.mark.parametrize("verb", ["delete", "void"])
def test_money_that_is_gone_from_the_books_asks_for_no_retry_that_cannot_help(till: Till, verb: str) -> None:
    credit = deposit(till, 25000)
    alone(till, 20000, credit)
    till.by_hand_verb(verb, "Payment", credit.rpartition("/")[2])
    till.push()
    [held] = till.postings()
    assert (held.state, held.held_code) == ("held", "credit_used")
    assert "drop this posting" in held.held_next


def test_what_an_invoice_has_no_room_for_is_named(till: Till) -> None:
    credit = deposit(till, 25000)
    invoice = alone(till, 20000, credit)
    till.paid_by_cheque(invoice, 15000)
    till.push()
    decisions.retry(till.rt, till.postings()[0].id, "Omar")
    till.faults(("payment.update", "drop_after_commit"))
    till.push()
    till.later(600)
    till.push()
    assert (states(till), lines(till, credit), left(till, credit)) == (["posted"], {invoice: 50}, 200)
    assert [(one.kind, one.amount_minor) for one in till.open_discrepancies()] == [("unapplied", 15000)]


def fitted(till: Till) -> tuple[str, str]:
    """Hold a posting for which too little is left, and let a person retry it; returns credit and invoice."""
    credit, other = deposit(till, 25000), till.open_invoice(10000, "1099")
    invoice = alone(till, 20000, credit)
    line = {"Amount": 100, "LinkedTxn": [{"TxnId": other, "TxnType": "Invoice"}]}
    till.edit("Payment", credit.rpartition("/")[2], Line=[line])
    till.push()
    [held] = till.postings()
    decisions.retry(till.rt, held.id, "Omar")
    return credit, invoice


@pytest.mark.parametrize("how", ["stale_5010", "reset_before"])
def test_what_fits_is_made_anew_too_where_the_payment_moved(till: Till, how: str) -> None:
    credit, invoice = fitted(till)
    till.faults(("payment.update", how))
    till.push()
    till.edit("Payment", credit.rpartition("/")[2], PrivateNote="of the spring")
    till.later(600)
    till.push()
    assert (states(till), lines(till, credit)[invoice], left(till, credit)) == (["posted"], 150, 0)


def test_a_closed_period_holds_it_and_no_other_date_is_taken(till: Till) -> None:
    credit = deposit(till, 25000)
    alone(till, 20000, credit)
    till.faults(("payment.update", "closed_6210"))
    till.push()
    [held] = till.postings()
    assert (held.state, held.held_code) == ("held", "closed_earlier")
    assert "first open day" not in held.held_next
    with pytest.raises(WrongInput, match="keeps its date"):
        decisions.retry(till.rt, held.id, "Omar", day=held.day + timedelta(days=40))
    decisions.retry(till.rt, held.id, "Omar")
    till.push()
    assert (states(till), left(till, credit), till.postings()[0].day) == (["posted"], 50, held.day)


def test_while_it_is_held_only_what_it_is_to_pay_is_reserved(till: Till) -> None:
    invoice, credit = till.open_invoice(20000, "1068"), deposit(till, 25000)
    started = till.start({invoice: 10000}, credits=((credit, 3000),))
    till.confirm(started.payment_id, card=VISA)
    till.later(3)
    till.settle(started.payment_id)
    till.faults(("payment.update", "closed_6210"))
    till.push()
    assert sorted((one.kind, one.state) for one in till.postings()) == [
        ("apply", "held"),
        ("charge", "posted"),
        ("fee", "posted"),
    ]
    refused = till.refused({invoice: 10001})
    assert refused.balances[invoice].minor == 10000, "130 are open, and 30 of them are promised"
    assert till.refused({invoice: 10000}, credits=((credit, 22001),)).credits[credit].minor == 22000
    till.start({invoice: 10000}, credits=((credit, 10000),))


def test_what_quickbooks_takes_in_itself_or_holds_on_a_deposit_is_no_credit(till: Till) -> None:
    own, plain = deposit(till, 25000, ProcessPayment=True), deposit(till, 5000)
    bank = till.accounts["bank"]
    linked = [{"TxnId": plain.rpartition("/")[2], "TxnType": "Payment", "TxnLineId": "0"}]
    till.by_hand("Deposit", DepositToAccountRef={"value": bank}, Line=[{"Amount": 50, "LinkedTxn": linked}])
    found = live_credits(till.rt, till.company_id, [own, plain])
    assert {name: one.left.minor for name, one in found.items()} == {own: 0, plain: 0}


def test_frozen_bytes_hold_the_version_and_every_line(till: Till) -> None:
    credit = deposit(till, 25000)
    alone(till, 20000, credit)
    version = in_books(till, "Payment", credit)["SyncToken"]
    till.push()
    [posting] = till.postings()
    body = json.loads(posting.request_body)
    assert (body["SyncToken"], body["sparse"], float(body["TotalAmt"]), len(body["Line"])) == (version, True, 250, 1)
