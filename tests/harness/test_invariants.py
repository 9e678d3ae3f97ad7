"""A right run breaks nothing; every wrong that is planted is named by its invariant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import col, update

from connector.store.money import CreditUseRow, PaymentRow
from connector.store.outbox import AttemptRow, LegRow, MailRow, PostingRow
from connector.store.retries import RetryRow
from jobs.mail.envelope import message_id
from sandbox.host import Environ, Host, StartResponse
from tests.harness.invariants import Watch
from tests.harness.truth import reference_of
from tests.sync.settle.till import Till


def pay(till: Till, watch: Watch, minor: int = 120_00, number: str = "1068") -> str:
    """Take one payment all the way to the books, with a look after every step."""
    invoice = till.open_invoice(minor, number)
    steps: list[Callable[[], object]] = []
    started = till.start({invoice: minor})
    steps += [
        lambda: till.confirm(started.payment_id),
        lambda: till.later(3),
        lambda: till.settle(started.payment_id),
        lambda: till.push(),
    ]
    for step in steps:
        step()
        assert watch.after_step() == []
    return started.payment_id


def test_a_payment_that_goes_right_breaks_nothing(till: Till, watch: Watch) -> None:
    pay(till, watch)
    pay(till, watch, 75_50, "1071")
    till.later(86_400)
    assert watch.whole(final=True) == []


def pay_with_credits(till: Till, watch: Watch, before_push: Callable[[], object] = lambda: None) -> list[Any]:
    """Pay 100.00 with a credit of 30.00, and all of 40.00 with credit alone; returns what broke as it was pushed."""
    first, second = till.open_invoice(100_00, "1068"), till.open_invoice(40_00, "1071")
    kept: dict[str, Any] = {"CustomerRef": {"value": till.blue_mesa}, "Line": [till.line(70_00)]}
    memo = f"CreditMemo/{till.by_hand('CreditMemo', DocNumber='CM-1', **kept)}"
    started = till.start({first: 100_00}, credits=((memo, 30_00),))
    till.confirm(started.payment_id)
    till.later(3)
    till.settle(started.payment_id)
    till.start({second: 40_00}, credits=((memo, 40_00),))
    assert watch.after_step() == []
    before_push()
    till.push()
    return watch.after_step()


def test_credits_beside_money_and_alone_break_nothing(till: Till, watch: Watch) -> None:
    assert pay_with_credits(till, watch) == []
    till.later(86_400)
    assert watch.whole(final=True) == []


def test_more_credit_than_was_agreed_is_named(till: Till, watch: Watch) -> None:
    found = pay_with_credits(till, watch, lambda: till.touch(CreditUseRow, amount_minor=25_00))
    assert {one.reason for one in found} == {
        "it uses 3000 of credits, 2500 was agreed",
        "it uses 4000 of credits, 2500 was agreed",
    }


def test_a_credit_that_was_agreed_and_never_used_is_named(till: Till, watch: Watch) -> None:
    pay_with_credits(till, watch)
    [alone] = [one for one in till.in_books("Payment") if not one["TotalAmt"]]
    till.by_hand_verb("delete", "Payment", alone["Id"])
    found = watch.whole(final=True)
    assert any(one.reason == "credits of 4000 were agreed, 0 is used, 0 left over" for one in found), found


def test_of_a_credit_less_is_used_where_an_invoice_was_taken_back_meanwhile(till: Till, watch: Watch) -> None:
    gone, stays = till.open_invoice(100_00, "1068"), till.open_invoice(40_00, "1071")
    kept: dict[str, Any] = {"CustomerRef": {"value": till.blue_mesa}, "Line": [till.line(70_00)]}
    memo = f"CreditMemo/{till.by_hand('CreditMemo', DocNumber='CM-1', **kept)}"
    started = till.start({gone: 50_00, stays: 40_00}, credits=((memo, 70_00),))
    till.confirm(started.payment_id)
    till.by_hand_verb("delete", "Invoice", gone)
    till.later(3)
    till.settle(started.payment_id)
    till.push()
    till.later(86_400)
    assert [one["Balance"] for one in till.in_books("CreditMemo")] == [50], "20 in money and 20 of it paid what stays"
    assert watch.whole(final=True) == []


Plant = Callable[[Till], object]


def plant_rows(table: type[Any], **values: Any) -> Plant:
    return lambda till: till.touch(table, **values)


def book(till: Till, **changes: Any) -> None:
    """Record a payment in QuickBooks that is like the one that stands there, but for some fields."""
    [standing] = till.in_books("Payment")
    kept = ("CustomerRef", "TotalAmt", "DepositToAccountRef", "PaymentRefNum", "PrivateNote", "TxnDate")
    till.by_hand("Payment", **{name: standing[name] for name in kept} | changes)


def book_for_another(till: Till) -> None:
    """Record the charge on a customer it was not pressed for, under the reference that would be that customer's."""
    [standing] = till.in_books("Payment")
    other = till.customer("Cedar Hill")
    [charge] = {row.charge_id for row in till.payments()}
    reference = reference_of(f"{till.acct}/{charge}/charge/{other}")
    book(till, CustomerRef={"value": other}, PaymentRefNum=reference, PrivateNote=standing["PrivateNote"])


def charge_twice(till: Till) -> None:
    """Let a second intent bear the same payment's name, and be paid."""
    [payment] = till.payments()
    till.foreign(payment.amount_minor, tieout_payment=payment.id)


def charge_a_stranger(till: Till) -> None:
    till.foreign(10_00, tieout_payment="01NOBODY")


def push_with_other_bytes(till: Till) -> None:
    """Remove the document, change the frozen body and make the posting due again, as a careless repair would."""
    [booked] = till.in_books("Payment")
    till.by_hand_verb("delete", "Payment", booked["Id"])
    [posting] = till.rows(PostingRow, kind="charge")
    other = posting.request_body.replace("Tieout", "tieout")
    with till.session() as session:
        mine = update(PostingRow).where(col(PostingRow.id) == posting.id)
        session.exec(mine.values(state="due", due_at=till.clock.now(), request_body=other))
        session.commit()
    till.push()


def answer_without_storing(till: Till) -> None:
    """Stand a door that says 200 and keeps nothing."""

    def door(_environ: Environ, start_response: StartResponse) -> list[bytes]:
        start_response("200 OK", [("Content-Length", "0")])
        return [b""]

    till.door = Host(door)
    till.door.start()
    till.order("webhooks", url=f"{till.door.url}/hooks/stripe/harbor")
    till.foreign(10_00)
    assert till.world.settle()


def charge_more(till: Till) -> None:
    """Pay a second press whose agreed amount was changed after it was made."""
    invoice = till.open_invoice(30_00, "1077")
    started = till.start({invoice: 30_00})
    till.change(started.payment_id, amount_minor=29_00)
    till.confirm(started.payment_id)
    till.later(3)


STEPS: list[tuple[str, str, Plant]] = [
    ("I-1", "are one posting, twice", book),
    ("I-1", "a second send would be a second entry", plant_rows(PostingRow, request_id="A" * 32)),
    ("I-1", "would not be found again", plant_rows(PostingRow, reference="TO" + "B" * 19)),
    ("I-1", "the payment was for", book_for_another),
    ("I-2", "was charged twice", charge_twice),
    ("I-3", "no money that came", lambda till: book(till, PrivateNote="Stripe ch_3Nothing; Tieout x")),
    ("I-3", "not made from its charge", lambda till: book(till, PaymentRefNum="TO" + "C" * 19)),
    ("I-8", "went back from succeeded", plant_rows(PaymentRow, state="processing")),
    ("I-10", "in no row", charge_a_stranger),
    ("I-10", "stored nowhere", answer_without_storing),
    ("I-11", "other bytes", push_with_other_bytes),
    ("I-12", "an old fence wrote", plant_rows(PostingRow, state="unknown")),
    ("I-12", "its fence fell", plant_rows(PostingRow, fence=-1)),
    ("I-13", "passes by itself", plant_rows(PostingRow, state="held", held_code="3001")),
    ("I-18", "agreed", charge_more),
    ("I-19", "receipt None", plant_rows(PaymentRow, receipt_number=None)),
    ("I-23", "the money came on", lambda till: book(till, TxnDate="2026-01-02")),
]


@pytest.mark.parametrize(("name", "reason", "plant"), STEPS, ids=[f"{one[0]} {one[1]}" for one in STEPS])
def test_a_step_that_goes_wrong_is_named(till: Till, watch: Watch, name: str, reason: str, plant: Plant) -> None:
    pay(till, watch)
    plant(till)
    found = watch.after_step()
    assert any(one.invariant == name and reason in one.reason for one in found), found
    assert watch.after_step() == []  # told once


def lose_the_document(till: Till) -> None:
    [booked] = till.in_books("Payment")
    till.by_hand_verb("delete", "Payment", booked["Id"])


def leave_under_way(till: Till) -> None:
    till.touch(PostingRow, state="unknown")


ENDS: list[tuple[str, str, Plant]] = [
    ("I-1", "lost", lose_the_document),
    ("I-4", "neither in the books nor named", lose_the_document),
    ("I-13", "is still unknown", leave_under_way),
    ("I-14", "no open discrepancy", plant_rows(PostingRow, state="held", held_code="6210")),
    ("I-15", "was changed", plant_rows(AttemptRow, operation="payment.delete")),
    ("I-19", "receipts are owed", plant_rows(MailRow, kind="debit_failed")),
    ("I-6", "not to nothing", plant_rows(LegRow, amount_minor=5)),
]


@pytest.mark.parametrize(("name", "reason", "plant"), ENDS, ids=[f"{one[0]} {one[1]}" for one in ENDS])
def test_an_end_that_is_wrong_is_named(till: Till, watch: Watch, name: str, reason: str, plant: Plant) -> None:
    pay(till, watch)
    plant(till)
    found = watch.whole(final=True)
    assert any(one.invariant == name and reason in one.reason for one in found), found


@pytest.mark.parametrize(("tries", "most", "is_broken"), [(1, 75_50, False), (2, 120_00, True), (1, 75_00, True)])
def test_a_consent_to_one_charge_brings_one_and_no_more_money(
    till: Till, watch: Watch, tries: int, most: int, is_broken: bool
) -> None:
    paid = [pay(till, watch, 75_50, number) for number in ("1068", "1071")][:tries]
    refused = till.start({till.open_invoice(75_50, "1072"): 75_50}).payment_id
    now = till.clock.now()
    of: dict[str, Any] = {"company_id": till.company_id, "payment_id": refused, "contact_id": "dana", "method_id": "m"}
    row = RetryRow(id="consent", days="", amount_minor=most, next_at=now, consent="Again.", consent_at=now, **of)
    with till.db.write("consent") as session:
        session.add(row)
    for payment_id in paid:
        till.change(payment_id, retry_id="consent")
    found = [one for one in watch.whole(final=True) if one.invariant == "I-2"]
    assert [one.subject for one in found] == (["consent"] if is_broken else [])


def test_a_bell_a_token_and_a_mail_without_a_row_are_named(till: Till, watch: Watch) -> None:
    pay(till, watch)
    assert [one.invariant for one in watch.rung("settle", "01NOBODY")] == ["I-10"]
    assert [one.invariant for one in watch.bearer_used("a token nobody saved")] == ["I-21"]
    assert [one.invariant for one in watch.mailed("<nobody@tieout>")] == ["I-10"]
    [mail] = till.rows(MailRow)
    assert watch.rung("mail", mail.id) == []
    sender = till.rt.settings.mail_from
    assert watch.mailed(message_id(till.company_id, mail.key, sender)) == []


def test_a_double_that_quickbooks_made_itself_may_stand_and_must_be_named(till: Till) -> None:
    watch = Watch(till.world, till.rt, till.company_id, may_double=True)
    pay(till, watch)
    book(till)
    assert watch.after_step() == []
    assert any("nobody is told" in one.reason for one in watch.whole(final=True))
    watch.close()
