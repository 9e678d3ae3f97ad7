"""Invoices that change while a payment is under way: what still fits is applied, the rest is the customer's credit."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connector.store.outbox import PostingRow
from sync.stripe_feed import follow
from tests.sync.settle.till import GOOD_BANK, Till

DAY = 86_400


def overpaid(till: Till) -> list[int]:
    return [row.amount_minor for row in till.open_discrepancies() if row.kind == "overpaid"]


def receivable(till: Till) -> list[tuple[int, str]]:
    return [(minor, invoice) for role, minor, _, invoice in till.legs() if role == "receivable"]


EDITS: dict[str, tuple[Callable[[Till, str], None], int]] = {
    "paid by cheque in part": (lambda till, invoice: till.paid_by_cheque(invoice, 20000), 42000),
    "paid by cheque": (lambda till, invoice: till.paid_by_cheque(invoice, 62000), 0),
    "edited down": (lambda till, invoice: till.edit("Invoice", invoice, Line=[till.line(50000)]), 50000),
    "edited up": (lambda till, invoice: till.edit("Invoice", invoice, Line=[till.line(90000)]), 62000),
    "voided": (lambda till, invoice: till.by_hand_verb("void", "Invoice", invoice), 0),
    "deleted": (lambda till, invoice: till.by_hand_verb("delete", "Invoice", invoice), 0),
}


@pytest.mark.parametrize(("edit", "applied"), EDITS.values(), ids=EDITS.keys())
@pytest.mark.parametrize("how", [{}, {"bank_account": GOOD_BANK}], ids=["card", "debit"])
def test_what_no_longer_fits_is_a_credit(
    till: Till, edit: Callable[[Till, str], None], applied: int, how: dict[str, str]
) -> None:
    invoice = till.open_invoice(62000, "1068")
    started = till.start({invoice: 62000})
    till.confirm(started.payment_id, **how)
    edit(till, invoice)
    till.later(8 * DAY)
    till.settle(started.payment_id)

    rest = 62000 - applied
    assert receivable(till) == [part for part in ((-applied, invoice), (-rest, "")) if part[0]]
    assert overpaid(till) == ([rest] if rest else [])
    assert till.clearing() == till.stripe_balance(), "all of the money is in the postings"
    till.push()
    assert {row.state for row in till.postings()} == {"posted"}
    assert till.balance("clearing") == till.stripe_balance()


def test_the_words_for_it(till: Till) -> None:
    invoice = till.open_invoice(62000, "1068")
    payment_id = till.paid({invoice: 62000})
    till.paid_by_cheque(invoice, 20000)
    till.settle(payment_id)
    [row] = till.open_discrepancies()
    assert row.sentence == (
        "Blue Mesa Ranch paid $620.00 for invoice 1068, but when the money came $200.00 of it was no longer open. "
        "It is recorded as a credit of the customer."
    )
    assert (row.payment_id, row.explains) == (payment_id, False)


def test_two_payments_that_no_longer_fit_together(till: Till) -> None:
    """Both fitted when they were started; the invoice fell; the second finds what the first one left."""
    invoice = till.open_invoice(10000, "1068")
    first, second = till.paid({invoice: 6000}), till.paid({invoice: 4000})
    till.paid_by_cheque(invoice, 2000)
    till.settle(first)
    till.settle(second)
    assert sum(minor for minor, one in receivable(till) if one == invoice) == -8000
    assert overpaid(till) == [2000]
    till.push()
    assert {row.state for row in till.postings()} == {"posted"}


def test_what_is_in_the_books_already_is_not_taken_off_twice(till: Till) -> None:
    invoice = till.open_invoice(10000, "1068")
    first, second = till.paid({invoice: 6000}), till.paid({invoice: 4000})
    till.settle(first)
    till.push()
    till.settle(second)
    assert overpaid(till) == []
    till.push()
    assert {row.state for row in till.postings()} == {"posted"}


def test_a_posting_in_another_workers_hands_is_not_taken_off(till: Till) -> None:
    """Nobody can tell whether QuickBooks has it already: the balance decides, and a refusal there holds the posting."""
    invoice = till.open_invoice(10000, "1068")
    first, second = till.paid({invoice: 6000}), till.paid({invoice: 4000})
    till.settle(first)
    till.touch(PostingRow, state="leased")
    till.settle(second)
    assert overpaid(till) == []


def test_quickbooks_out_of_reach_cuts_nothing(till: Till) -> None:
    invoice = till.open_invoice(62000, "1068")
    payment_id = till.paid({invoice: 62000})
    till.world.faults.load([{"match": {"service": "quickbooks", "times": 0}, "do": "status:503"}])
    till.settle(payment_id)
    assert receivable(till) == [(-62000, invoice)]
    assert overpaid(till) == []
    till.gateways.is_connected = False
    other = till.open_invoice(5000, "2")
    till.world.faults.load([])
    till.gateways.is_connected = True
    another = till.paid({other: 5000})
    till.gateways.is_connected = False
    till.settle(another)
    assert receivable(till)[-1] == (-5000, other)


def test_a_push_between_look_and_commit_is_noticed(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first payment reaches the books while the second is being settled: its share must not count twice."""
    from sync.collect.live import live_invoices
    from sync.settling import room

    invoice = till.open_invoice(10000, "1068")
    first, second = till.paid({invoice: 6000}), till.paid({invoice: 4000})
    till.settle(first)
    looks: list[int] = []

    def push_then_look(*arguments: object) -> object:
        if not looks:
            till.push()
        looks.append(1)
        return live_invoices(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(room, "live_invoices", push_then_look)
    till.settle(second)
    assert len(looks) == 2, "the room was asked for again"
    assert overpaid(till) == []
    assert till.clearing() == till.stripe_balance()


def test_stripe_settles_in_another_currency(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-in settles in the charge's currency: the gateway's reading is bent to look as the other case does."""
    from dataclasses import replace

    from connector.ledger.money import Money

    payment_id = till.paid({till.open_invoice(5000, "1"): 5000})
    read = till.stripe.intent

    def in_euros(intent_id: str) -> object:
        intent = read(intent_id)
        assert intent.charge is not None
        assert intent.charge.txn is not None
        txn = replace(intent.charge.txn, amount=Money(4600, "EUR"), fee=Money(160, "EUR"), net=Money(4440, "EUR"))
        return replace(intent, charge=replace(intent.charge, txn=txn))

    monkeypatch.setattr(till.stripe, "intent", in_euros)
    till.settle(payment_id)
    payment = till.payment(payment_id)
    assert (payment.state, payment.settled_currency, payment.settled_at) == ("succeeded", "EUR", None)
    assert till.postings() == []
    [row] = till.open_discrepancies()
    assert (row.kind, row.amount_minor, row.currency, row.explains) == ("other_currency", 4440, "EUR", True)
    assert "which Stripe settled as €44.40" in row.sentence
    assert till.mails() == [("receipt", "dana@bluemesa.example")]
    till.settle(payment_id)
    follow(till.rt, till.company_id)
    assert len(till.open_discrepancies()) == 1
    assert [txn.named_as for txn in till.txns()] == [row.subject]


def test_a_charge_of_another_amount_is_recorded_as_it_is(till: Till) -> None:
    """Somebody changed the amount in Stripe's dashboard before the payer confirmed."""
    invoice = till.open_invoice(62000, "1068")
    started = till.start({invoice: 62000})
    till.stripe._client.v1.payment_intents.update(till.payment(started.payment_id).intent_id, {"amount": 60000})
    till.confirm(started.payment_id)
    till.later(3)
    till.settle(started.payment_id)
    assert receivable(till) == [(-60000, invoice)]
    assert till.clearing() == till.stripe_balance()
    kinds = {row.kind: row.amount_minor for row in till.open_discrepancies()}
    assert kinds == {"amount_differs": -2000}


def test_a_charge_of_more_than_was_agreed_is_recorded_whole(till: Till) -> None:
    invoice = till.open_invoice(62000, "1068")
    started = till.start({invoice: 60000})
    till.stripe._client.v1.payment_intents.update(till.payment(started.payment_id).intent_id, {"amount": 61000})
    till.confirm(started.payment_id)
    till.later(3)
    till.settle(started.payment_id)
    assert receivable(till) == [(-60000, invoice), (-1000, "")]
    assert till.clearing() == till.stripe_balance()
    assert {row.kind: row.amount_minor for row in till.open_discrepancies()} == {"amount_differs": 1000}
