"""Rows of the outbox: written once for a fact, due in order, under leases, told in discrepancies, shown in dry runs."""

from __future__ import annotations

import json
import threading
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, delete, select, update

from connector.ledger.keys import PostingKey
from connector.ledger.money import Money
from connector.ledger.postings import Kind, Leg, Posting, Role
from connector.store.books import DiscrepancyRow
from connector.store.companies import LeaseRow
from connector.store.outbox import AttemptRow, LegRow, PostingRow
from sync import discrepancies
from sync.lease import alone
from sync.outbox import next_due, posting_of, write_postings
from sync.pushing import attempts
from sync.pushing.attempts import Break, Step
from sync.pushing.dry_run import dry_run
from sync.pushing.verdicts import Outcome, backoff
from tests.sync.outbox.rig import STRIPE_ACCOUNT, Rig


def test_writing_the_same_fact_twice_writes_nothing_new(rig: Rig) -> None:
    customer = rig.customer("Blue Mesa Ranch")
    facts = rig.charge(customer, {rig.invoice(customer, 10000, "1068"): 10000}, fee=320)
    first = rig.owe(*facts)
    with rig.db.write("again") as session:
        assert write_postings(session, rig.rt, rig.company_id, facts) == first
    assert len(rig.rows(PostingRow)) == 2
    with rig.db.read() as session:
        assert len(session.exec(select(LegRow)).all()) == 4


def test_the_database_itself_refuses_a_second_posting_of_a_fact(rig: Rig) -> None:
    (posting_id,) = rig.owe(rig.payout(100))
    double = rig.posting(posting_id).model_dump() | {"id": rig.clock.new_id()}
    with pytest.raises(IntegrityError), rig.db.write("double") as session:
        session.add(PostingRow(**double))


def test_a_posting_comes_back_from_its_rows_as_it_went_in(rig: Rig) -> None:
    customer = rig.customer("Blue Mesa Ranch")
    facts = [*rig.charge(customer, {rig.invoice(customer, 10000, "1068"): 9000}, fee=320, rest=70), rig.payout(-5)]
    ids = rig.owe(*facts)
    with rig.db.read() as session:
        assert [posting_of(session, rig.posting(one)) for one in ids] == facts


def test_postings_of_a_customer_keep_their_order_and_held_ones_stop_nobody(rig: Rig) -> None:
    customer, other = rig.customer("Blue Mesa Ranch"), rig.customer("Cedar Hill Dental")
    invoice = rig.invoice(customer, 90000, "1068")
    first, second = (rig.owe(*rig.charge(customer, {invoice: 1000}))[0] for _ in range(2))
    (third,) = rig.owe(*rig.charge(other, {rig.invoice(other, 500, "1069"): 500}))
    assert _due(rig) == first
    _set(rig, first, state="unknown", due_at=rig.clock.now() + timedelta(seconds=60))
    assert _due(rig) == third, "the customer's second waits for the first, the other customer does not"
    _set(rig, third, state="posted")
    assert _due(rig) is None
    _set(rig, first, state="held")
    assert _due(rig) == second


def test_a_posting_waits_for_the_one_it_is_told_to_follow(rig: Rig) -> None:
    (before,) = rig.owe(rig.payout(100))
    after = rig.payout(200, "po_2")
    with rig.db.write("owe") as session:
        write_postings(session, rig.rt, rig.company_id, [after], after={str(after.key): before})
    _set(rig, before, state="held")
    assert _due(rig) is None
    _set(rig, before, state="posted")
    assert _due(rig) is not None


def test_two_of_a_customer_never_wait_for_each_other_even_where_the_clock_was_set_back(rig: Rig) -> None:
    customer = rig.customer("Blue Mesa Ranch")
    invoice = rig.invoice(customer, 90000, "1068")
    (before,) = rig.owe(*rig.charge(customer, {invoice: 1000}))[:1]
    later = rig.charge(customer, {invoice: 1000})[0]
    with rig.db.write("owe") as session:
        (after,) = write_postings(session, rig.rt, rig.company_id, [later], after={str(later.key): before})
    _set(rig, after, created_at=rig.clock.now() - timedelta(seconds=2))
    assert _due(rig) == before


def test_one_that_waits_for_a_held_one_stops_nobody_either(rig: Rig) -> None:
    customer = rig.customer("Blue Mesa Ranch")
    invoice = rig.invoice(customer, 90000, "1068")
    (before,) = rig.owe(*rig.charge(customer, {invoice: 1000}))[:1]
    waiting, last = (rig.charge(customer, {invoice: 1000})[0] for _ in range(2))
    with rig.db.write("owe") as session:
        (middle,) = write_postings(session, rig.rt, rig.company_id, [waiting], after={str(waiting.key): before})
        write_postings(session, rig.rt, rig.company_id, [last], after={str(last.key): middle})
    (later,) = rig.owe(*rig.charge(customer, {invoice: 1000}))[:1]
    assert _due(rig) == before
    _set(rig, before, state="held")
    assert _due(rig) == later


def _due(rig: Rig) -> str | None:
    with rig.db.read() as session:
        return next_due(session, rig.company_id, rig.clock.now())


def _set(rig: Rig, posting_id: str, **values: object) -> None:
    with rig.db.write("set") as session:
        session.exec(update(PostingRow).where(col(PostingRow.id) == posting_id).values(**values))


# The attempt log ------------------------------------------------------------------------------------------------------


def _pushed(rig: Rig) -> str:
    customer = rig.customer("Blue Mesa Ranch")
    (posting_id, _) = rig.owe(*rig.charge(customer, {rig.invoice(customer, 10000, "1068"): 10000}, fee=320))
    assert rig.push()[Outcome.POSTED] == 2
    return posting_id


def test_the_attempt_log_keeps_both_bodies_sealed_and_an_allow_list_in_plain(rig: Rig) -> None:
    posting_id = _pushed(rig)
    sent, received = rig.attempts(posting_id)
    vault = rig.rt.vault
    body = vault.open(sent.body_cipher, company_id=rig.company_id, column=attempts.BODY)
    assert body.decode() == rig.posting(posting_id).request_body
    answer = json.loads(vault.open(received.body_cipher, company_id=rig.company_id, column=attempts.BODY))
    assert answer["Payment"]["Id"] == rig.posting(posting_id).remote_id
    assert (received.status, received.outcome) == (200, "ok")
    assert received.trace.startswith("1-")
    assert set(json.loads(sent.facts)) == {
        *("entity", "reference", "generation", "day", "amount_minor", "currency"),
    }
    assert set(json.loads(received.facts)) == {"entity", "qbo_id", "sync_token"}


@pytest.mark.parametrize("column", ["outcome", "facts", "body_cipher", "status", "at", "posting_id", "hash"])
def test_a_row_that_was_changed_breaks_the_chain(rig: Rig, column: str) -> None:
    _pushed(rig)
    assert attempts.verify_chain(rig.rt, rig.company_id) == []
    value = {"status": 500, "at": rig.clock.now()}.get(column, "changed")
    with rig.db.write("tamper") as session:
        session.exec(update(AttemptRow).where(col(AttemptRow.seq) == 2).values(**{column: value}))
    assert 2 in [one.seq for one in attempts.verify_chain(rig.rt, rig.company_id)]


@pytest.mark.parametrize(("removed", "found"), [(2, 3), (4, 3)])
def test_a_row_that_was_removed_breaks_the_chain_even_at_its_end(rig: Rig, removed: int, found: int) -> None:
    _pushed(rig)
    with rig.db.write("tamper") as session:
        session.exec(delete(AttemptRow).where(col(AttemptRow.seq) == removed))
    assert found in [one.seq for one in attempts.verify_chain(rig.rt, rig.company_id)]


def test_a_row_that_was_changed_and_hashed_anew_breaks_the_next_one(rig: Rig) -> None:
    _pushed(rig)
    with rig.db.write("tamper") as session:
        row = session.exec(select(AttemptRow).where(AttemptRow.seq == 2)).one()
        row.outcome = "rejected"
        row.hash = attempts.hash_of(row)
        session.add(row)
    assert attempts.verify_chain(rig.rt, rig.company_id) == [
        Break(3, "number 3 does not follow from the row before it")
    ]


def test_the_chain_stands_when_several_write_at_once(rig: Rig) -> None:
    start = threading.Barrier(4)

    def work(n: int) -> None:
        start.wait()
        for number in range(5):
            step = Step(rig.company_id, f"posting-{n}", number, "payment.create")
            with rig.db.write("log") as session:
                attempts.write_sent(session, rig.rt, step, body=b"{}", facts={})

    workers = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert attempts.verify_chain(rig.rt, rig.company_id) == []
    assert len(rig.rows(AttemptRow)) == 20


# Leases, discrepancies, dry runs --------------------------------------------------------------------------------------


def test_a_lease_is_held_by_one_and_ends_by_itself(rig: Rig) -> None:
    with alone(rig.rt, "job", seconds=60) as first:
        assert first is not None
        with alone(rig.rt, "job", seconds=60) as second:
            assert second is None
        rig.later(31)
        assert first.keep(rig.rt)
        rig.later(45)
        with alone(rig.rt, "job", seconds=60) as second:
            assert second is None, "it was renewed half way through"
        rig.later(61)
        with alone(rig.rt, "job", seconds=60) as second:
            assert second is not None
            assert not first.keep(rig.rt), "it was taken over"
    with alone(rig.rt, "job", seconds=60) as third:
        assert third is not None
    with rig.db.read() as session:
        (row,) = session.exec(select(LeaseRow).where(LeaseRow.name == "job"))
        assert row.fence == 3


def test_one_cause_is_one_open_discrepancy_and_closing_keeps_it(rig: Rig) -> None:
    def open_it(minor: int) -> bool:
        with rig.db.write("open") as session:
            return discrepancies.open_one(
                session,
                rig.rt,
                rig.company_id,
                kind="overpaid",
                subject="inv-1",
                sentence="It is overpaid.",
                next_step="Look.",
                amount=Money(minor, "USD"),
            )

    assert (open_it(100), open_it(250)) == (True, False)
    (row,) = rig.open_discrepancies()
    assert (row.amount_minor, row.currency) == (250, "USD")
    with rig.db.write("close") as session:
        for expected in (True, False):
            was_open = discrepancies.close(
                session, rig.rt, rig.company_id, kind="overpaid", subject="inv-1", by="staff-pat", note="refunded"
            )
            assert was_open is expected
    assert open_it(300)
    closed, again = sorted(rig.rows(DiscrepancyRow), key=lambda one: one.closed_at is None)
    assert (closed.closed_by, closed.closing_note, closed.amount_minor) == ("staff-pat", "refunded", 250)
    assert again.amount_minor == 300


def test_a_dry_run_shows_the_double_entry_and_the_exact_bytes(rig: Rig) -> None:
    customer = rig.customer("Blue Mesa Ranch")
    invoice = rig.invoice(customer, 10000, "1068")
    (posting_id,) = rig.owe(*rig.charge(customer, {invoice: 10000}, rest=50))
    shown = dry_run(rig.rt, posting_id)
    assert [(line.account, line.debit, line.credit) for line in shown.lines] == [
        ("Clearing", Money(10050, "USD"), None),
        ("Accounts receivable, 1068", None, Money(10000, "USD")),
        ("Accounts receivable, without an invoice", None, Money(50, "USD")),
    ]
    assert (shown.entity, shown.day, shown.why_not) == ("Payment", rig.today, "")
    rig.push()
    assert rig.posting(posting_id).request_body.encode() == shown.body
    assert dry_run(rig.rt, posting_id) == shown


def test_waits_grow_and_stop_growing() -> None:
    assert [backoff(attempt) for attempt in (0, 1, 2, 3, 7, 50)] == [5, 5, 10, 20, 300, 300]


def test_a_fee_that_stripe_gave_back_waits_for_a_person(rig: Rig) -> None:
    key = PostingKey(STRIPE_ACCOUNT, "ch_1", Kind.FEE.value)
    legs = (Leg(Role.CLEARING, Money(30, "USD"), cites="txn_1"), Leg(Role.FEES, Money(-30, "USD")))
    (posting_id,) = rig.owe(Posting(key, Kind.FEE, rig.today, legs, "Stripe fee of ch_1"))
    assert rig.push()[Outcome.HELD] == 1
    assert rig.posting(posting_id).held_code == "amount"
