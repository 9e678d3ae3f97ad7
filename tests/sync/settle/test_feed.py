"""Following the balance: payouts are owed once, and whatever else moves on the account is named with its amount."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connector.errors import Unauthorised
from connector.store.cache import CursorRow
from connector.store.companies import ConnectionRow
from connector.stripe.gateway import StripeGateway
from sync import discrepancies
from sync.stripe_feed import follow
from tests.sync.settle.till import GOOD_BANK, POOR_BANK, Till

DAY = 86_400


def settled(till: Till, minor: int = 50000, **how: str) -> str:
    payment_id = till.paid({till.open_invoice(minor, "1068"): minor}, **how)
    till.settle(payment_id)
    return payment_id


def unexplained(till: Till) -> int:
    """Return what is between Stripe's balance and our postings, less what is named or on its way."""
    named = sum(row.amount_minor for row in till.open_discrepancies() if row.explains)
    cited = {cites for _, _, cites, _ in till.legs()}
    on_its_way = sum(row.net_minor for row in till.txns() if not row.named_as and row.txn_id not in cited)
    return till.stripe_balance() - till.clearing() - named - on_its_way


def names(till: Till) -> dict[str, int]:
    return {row.kind: row.amount_minor for row in till.open_discrepancies()}


def test_a_payout_is_owed_once_it_is_paid(till: Till) -> None:
    settled(till)
    till.order("release")
    payout = till.order("payout")["payout"]
    follow(till.rt, till.company_id)
    assert [row.kind for row in till.postings()] == ["charge", "fee"], "on its way is not paid"
    assert unexplained(till) == 0

    till.order("arrive", payout=payout["id"])
    till.bell.rung.clear()
    assert follow(till.rt, till.company_id).booked == 1
    [posting] = [row for row in till.postings() if row.kind == "payout"]
    assert (posting.amount_minor, posting.object_id) == (payout["amount"], payout["id"])
    assert posting.day == till.payout(payout["id"]).arrival_day
    assert till.clearing() == till.stripe_balance() == 0
    assert till.bell.rung == [("push", till.company_id)]
    assert till.said()[-1] == "Stripe paid out $485.20 to the bank"

    for _ in range(3):
        assert follow(till.rt, till.company_id).booked == 0
    assert len(till.postings()) == 3
    assert {row.payout_id for row in till.txns()} == {payout["id"]}, "each movement knows the payout it went with"
    assert till.open_discrepancies() == []


def test_a_payout_reaches_the_bank_account_in_the_books(till: Till) -> None:
    settled(till)
    till.order("release")
    till.order("arrive", payout=till.order("payout")["payout"]["id"])
    follow(till.rt, till.company_id)
    till.push()
    assert {row.state for row in till.postings()} == {"posted"}
    assert (till.balance("clearing"), till.balance("bank")) == (0, 48520)


def test_webhooks_bring_a_payout(till: Till) -> None:
    till.listen()
    settled(till)
    till.order("release")
    till.order("arrive", payout=till.order("payout")["payout"]["id"])
    till.hear()
    assert [row.kind for row in till.postings()] == ["charge", "fee", "payout"]


def test_a_draw_from_the_bank_is_a_payout_the_other_way(till: Till) -> None:
    payment_id = settled(till)
    till.order("release")
    till.order("arrive", payout=till.order("payout")["payout"]["id"])
    till.order("refund", payment_intent=till.payment(payment_id).intent_id)
    draw = till.order("payout")["payout"]
    assert draw["amount"] < 0
    till.order("arrive", payout=draw["id"])
    follow(till.rt, till.company_id)
    posting = next(row for row in till.postings() if row.object_id == draw["id"])
    assert posting.amount_minor == draw["amount"]
    assert "Stripe drew $500.00 from the bank" in till.said()
    assert unexplained(till) == 0


def test_a_refund_in_the_dashboard_is_named(till: Till) -> None:
    payment_id = settled(till)
    till.order("refund", payment_intent=till.payment(payment_id).intent_id, amount=3000)
    follow(till.rt, till.company_id)
    [row] = till.open_discrepancies()
    assert (row.kind, row.amount_minor, row.explains, row.payment_id) == ("refund_unposted", -3000, True, payment_id)
    assert "Blue Mesa Ranch was refunded $30.00 (receipt 1001)" in row.sentence
    assert unexplained(till) == 0
    assert till.state(payment_id) == "succeeded"


def test_a_refund_that_fails_is_named_too(till: Till) -> None:
    payment_id = settled(till)
    refund = till.order("refund", payment_intent=till.payment(payment_id).intent_id, amount=3000)["refund"]
    till.order("fail_refund", refund=refund["id"])
    follow(till.rt, till.company_id)
    assert sorted(row.amount_minor for row in till.open_discrepancies()) == [-3000, 3000]
    assert unexplained(till) == 0


def test_a_dispute_and_its_end_are_named(till: Till) -> None:
    payment_id = settled(till)
    dispute = till.order("dispute", payment_intent=till.payment(payment_id).intent_id)["dispute"]
    follow(till.rt, till.company_id)
    [row] = till.open_discrepancies()
    assert (row.kind, row.amount_minor) == ("dispute_unposted", -51500)
    assert "its fee of $15.00 included" in row.sentence
    till.order("close_dispute", dispute=dispute["id"], status="won")
    follow(till.rt, till.company_id)
    assert sorted(row.amount_minor for row in till.open_discrepancies()) == [-51500, 50000]
    assert unexplained(till) == 0


def test_a_debit_returned_after_success_is_named(till: Till) -> None:
    payment_id = settled(till, bank_account=GOOD_BANK)
    till.order("settle_debit", payment_intent=till.payment(payment_id).intent_id)
    till.settle(payment_id)
    till.order("return_debit", payment_intent=till.payment(payment_id).intent_id)
    follow(till.rt, till.company_id)
    [row] = till.open_discrepancies()
    assert row.kind == "dispute_unposted"
    assert "The bank debit of Blue Mesa Ranch (receipt 1001) was returned" in row.sentence
    assert unexplained(till) == 0


@pytest.mark.parametrize("announced", ["success", "submission"])
def test_a_debit_that_fails_leaves_nothing_to_name(till: Till, announced: str) -> None:
    till.order("switches", debit_transaction_at=announced)
    payment_id = settled(till, bank_account=POOR_BANK)
    follow(till.rt, till.company_id)
    assert unexplained(till) == 0
    till.order("fail_debit", payment_intent=till.payment(payment_id).intent_id)
    follow(till.rt, till.company_id)
    assert till.open_discrepancies() == []
    assert unexplained(till) == 0 == till.stripe_balance()


def test_a_failure_fee_is_named(till: Till) -> None:
    till.order("switches", debit_failure_fee=400)
    payment_id = settled(till, bank_account=POOR_BANK)
    till.order("fail_debit", payment_intent=till.payment(payment_id).intent_id)
    follow(till.rt, till.company_id)
    [row] = till.open_discrepancies()
    assert (row.kind, row.amount_minor) == ("fee_unposted", -400)
    assert row.sentence.startswith("Stripe charged $4.00")
    assert unexplained(till) == 0


def test_other_programs_charges_stand_together_by_day(till: Till) -> None:
    till.foreign(900)
    till.foreign(1100)
    follow(till.rt, till.company_id)
    [row] = till.open_discrepancies()
    net = sum(txn.net_minor for txn in till.txns())
    assert (row.kind, row.amount_minor, row.explains) == ("other_activity", net, True)
    assert row.sentence.startswith("2 movements on ")
    till.foreign(500)
    follow(till.rt, till.company_id)
    [row] = till.open_discrepancies()
    assert row.sentence.startswith("3 movements on ")
    assert unexplained(till) == 0


def test_a_closed_day_is_not_opened_again(till: Till) -> None:
    till.foreign(900)
    follow(till.rt, till.company_id)
    [row] = till.open_discrepancies()
    with till.db.write("close") as session:
        discrepancies.close(
            session, till.rt, till.company_id, kind=row.kind, subject=row.subject, by="ines", note="booked"
        )
    follow(till.rt, till.company_id)
    assert till.open_discrepancies() == []
    till.foreign(500)
    follow(till.rt, till.company_id)
    [later] = till.open_discrepancies()
    assert later.subject == f"{row.subject}/2"
    assert later.sentence.startswith("1 movement on ")


def test_a_payment_that_is_missing_here_is_named(till: Till) -> None:
    lost = till.clock.new_id()
    till.foreign(900, tieout_payment=lost)
    follow(till.rt, till.company_id)
    [row] = till.open_discrepancies()
    assert (row.kind, row.subject, row.explains) == ("unknown_payment", lost, True)
    assert unexplained(till) == 0


def test_money_seen_in_the_feed_settles_its_payment(till: Till) -> None:
    """No event, no sweep: the feed alone brings a payment whose money it sees."""
    payment_id = till.paid({till.open_invoice(5000, "1"): 5000})
    follow(till.rt, till.company_id)
    assert till.state(payment_id) == "succeeded"
    assert till.clearing() == till.stripe_balance() > 0
    assert till.open_discrepancies() == []


@pytest.mark.parametrize("was_paid", [True, False], ids=["paid before", "never paid"])
def test_a_payout_that_comes_back(till: Till, was_paid: bool) -> None:
    settled(till)
    till.order("release")
    payout = till.order("payout")["payout"]
    if was_paid:
        till.order("arrive", payout=payout["id"])
    follow(till.rt, till.company_id)
    till.order("fail_payout", payout=payout["id"])
    follow(till.rt, till.company_id)
    follow(till.rt, till.company_id)
    [row] = till.open_discrepancies()
    assert (row.kind, row.subject, row.explains) == ("payout_failed", payout["id"], was_paid)
    assert "$485.20" in row.sentence
    assert unexplained(till) == 0
    assert till.stripe_balance() == 48520
    assert till.payout(payout["id"]).status == "failed"


def test_what_was_there_before_is_one_opening_line(till: Till) -> None:
    till.foreign(10000)
    till.order("release")
    payout = till.order("payout")["payout"]
    till.foreign(2000)
    till.later(DAY)
    till.touch(ConnectionRow, connected_at=till.clock.now())
    follow(till.rt, till.company_id)
    assert names(till) == {"opening_balance": till.stripe_balance()}
    assert unexplained(till) == 0
    assert till.postings() == []

    till.order("arrive", payout=payout["id"])
    till.foreign(700)
    follow(till.rt, till.company_id)
    assert set(names(till)) == {"opening_balance", "other_activity"}
    assert unexplained(till) == 0


def test_a_payout_under_way_when_stripe_was_connected_leaves_the_opening(till: Till) -> None:
    till.foreign(10000)
    till.order("release")
    payout = till.order("payout")["payout"]
    till.touch(ConnectionRow, connected_at=till.clock.now() + timedelta(seconds=1))
    follow(till.rt, till.company_id)
    assert names(till) == {"opening_balance": 0}
    till.order("arrive", payout=payout["id"])
    follow(till.rt, till.company_id)
    assert [row.kind for row in till.postings()] == ["payout"]
    assert names(till) == {"opening_balance": payout["amount"]}
    assert unexplained(till) == 0


def test_a_new_key_does_not_begin_anew(till: Till) -> None:
    payment_id = settled(till)
    follow(till.rt, till.company_id)
    till.order("refund", payment_intent=till.payment(payment_id).intent_id, amount=1000)
    till.later(60)
    till.touch(ConnectionRow, connected_at=till.clock.now())
    follow(till.rt, till.company_id)
    assert names(till) == {"refund_unposted": -1000}


def test_the_cursor_follows_and_reads_a_little_again(till: Till) -> None:
    till.foreign(500)
    assert follow(till.rt, till.company_id).txns == 1
    newest = till.txns()[0].created_at
    assert [row.changed_since for row in till.rows_of(CursorRow, entity="stripe")] == [newest.isoformat()]
    assert follow(till.rt, till.company_id).txns == 0
    till.later(2 * 3600)
    till.foreign(700)
    assert follow(till.rt, till.company_id).txns == 1
    asked = list(till.stripe.balance_txns(since=newest + timedelta(hours=1)))
    assert [txn.amount.minor for txn in asked] == [700]


def test_a_cut_first_run_begins_again(till: Till) -> None:
    """The list comes newest first: a run that was cut may not move the cursor past what it never saw."""
    for _ in range(3):
        till.foreign(500)
    till.world.faults.load(
        [{"match": {"service": "stripe", "operation": "payouts.list", "times": 0}, "do": "status:503"}]
    )
    with pytest.raises(Exception, match="no clear answer"):
        follow(till.rt, till.company_id)
    till.world.faults.load([])
    follow(till.rt, till.company_id)
    assert len(till.txns()) == 3
    assert unexplained(till) == 0


def test_a_key_that_lost_its_rights_is_told_and_forgotten(till: Till) -> None:
    till.gateways.stripe_gateway = StripeGateway(
        account=till.acct, secret_key="rk_test_revoked", api_base=till.world.stripe_host.url, clock=till.clock
    )
    with pytest.raises(Unauthorised):
        follow(till.rt, till.company_id)
    assert set(names(till)) == {"stripe_key_refused"}
    till.gateways.stripe_gateway = till.stripe
    follow(till.rt, till.company_id)
    assert till.open_discrepancies() == []


def test_two_workers_do_not_follow_at_once(till: Till) -> None:
    from sync.lease import alone

    with alone(till.rt, f"stripe_feed/{till.company_id}", seconds=60):
        assert follow(till.rt, till.company_id).is_busy
    assert not follow(till.rt, till.company_id).is_busy


def test_many_movements_come_in_pages(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connector.stripe.gateway.PAGE", 2)
    monkeypatch.setattr("sync.stripe_feed._CHUNK", 3)
    monkeypatch.setattr("sync.settling.feed_names._CHUNK", 2)
    for _ in range(5):
        till.foreign(500)
    assert follow(till.rt, till.company_id).named == 5
    assert len(till.txns()) == 5
    assert len(till.open_discrepancies()) == 1
    assert unexplained(till) == 0
