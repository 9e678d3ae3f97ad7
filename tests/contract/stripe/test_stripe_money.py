"""Refunds, disputes, the balance and payouts: what each moves, to the cent, and what is told about it."""

from __future__ import annotations

import random
from typing import Any

import pytest
import stripe

from tests.contract.stripe.money import debited, net, paid, told
from tests.stripe_standin import Running


def test_a_refund_moves_its_amount_and_keeps_the_fee(client: stripe.StripeClient) -> None:
    charge = paid(client)
    before = len(told(client))
    refund = client.v1.refunds.create(
        {"charge": charge.id, "amount": 4000, "reason": "requested_by_customer", "expand": ["balance_transaction"]}
    )
    booked = refund.balance_transaction
    assert isinstance(booked, stripe.BalanceTransaction)
    assert (booked.type, booked.amount, booked.fee, booked.status) == ("refund", -4000, 0, "pending")
    assert refund.status == "succeeded"
    assert told(client, before) == ["refund.created", "charge.refunded", "refund.updated", "charge.refund.updated"]
    charge = client.v1.charges.retrieve(charge.id)
    assert (charge.amount_refunded, charge.refunded) == (4000, False)

    rest = client.v1.refunds.create({"payment_intent": str(charge.payment_intent)})
    assert rest.amount == 6000
    assert client.v1.charges.retrieve(charge.id).refunded is True
    assert net(client) == -320, "a sale refunded in full costs its fee"
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"charge": charge.id})
    assert caught.value.code == "charge_already_refunded"
    assert [row.amount for row in client.v1.refunds.list({"charge": charge.id}).data] == [6000, 4000]


@pytest.mark.parametrize("amount", [10_001, 0, -1])
def test_a_refund_never_exceeds_the_charge(client: stripe.StripeClient, amount: int) -> None:
    charge = paid(client)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"charge": charge.id, "amount": amount})
    assert caught.value.param == "amount"
    assert client.v1.refunds.list().data == []


def test_a_refund_right_after_the_payment_books_the_charge_first(client: stripe.StripeClient) -> None:
    intent = client.v1.payment_intents.create(
        {"amount": 10_000, "currency": "usd", "confirm": True, "payment_method": "pm_card_visa"}
    )
    client.v1.refunds.create({"payment_intent": intent.id})
    assert [row.type for row in client.v1.balance_transactions.list().data] == ["refund", "charge"]


def test_a_bank_refund_takes_days(standin: Running, client: stripe.StripeClient) -> None:
    charge = debited(standin, client)
    refund = client.v1.refunds.create({"charge": charge.id})
    assert (refund.status, refund.pending_reason) == ("pending", "processing")
    assert [row.type for row in client.v1.balance_transactions.list().data] == ["payment_refund", "payment"]
    standin.advance(days=6)
    assert client.v1.refunds.retrieve(refund.id).status == "succeeded"


@pytest.mark.parametrize(("end", "status"), [("settle_debit", "pending"), ("fail_debit", "canceled")])
def test_a_refund_of_a_debit_under_way_waits_for_it(
    standin: Running, client: stripe.StripeClient, end: str, status: str
) -> None:
    intent = client.v1.payment_intents.create({"amount": 10_000, "currency": "usd"})
    standin.control("pay", payment_intent=intent.id, bank_account="000123456789")
    refund = client.v1.refunds.create({"payment_intent": intent.id, "amount": 2500})
    assert refund.pending_reason == "charge_pending"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create({"payment_intent": intent.id, "amount": 7501})
    assert net(client) == 0
    standin.control(end, payment_intent=intent.id)
    assert client.v1.refunds.retrieve(refund.id).status == status
    assert net(client) == (10_000 - 80 - 2500 if status == "pending" else 0)


def test_a_refund_that_fails_gives_the_money_back_to_be_refunded_again(
    standin: Running, client: stripe.StripeClient
) -> None:
    charge = paid(client, token="pm_card_refundFail")
    refund = client.v1.refunds.create({"charge": charge.id})
    assert refund.status == "succeeded"
    standin.advance(days=1.1)
    failed = client.v1.refunds.retrieve(refund.id, {"expand": ["failure_balance_transaction"]})
    assert failed.status == "failed"
    back = failed.failure_balance_transaction
    assert isinstance(back, stripe.BalanceTransaction)
    assert (back.type, back.amount) == ("refund_failure", 10_000)
    assert client.v1.charges.retrieve(charge.id).amount_refunded == 0
    assert "refund.failed" in told(client)
    assert client.v1.refunds.create({"charge": charge.id, "amount": 1}).status == "succeeded"


def test_a_dispute_takes_amount_and_fee_and_gives_back_the_amount_when_won(
    standin: Running, client: stripe.StripeClient
) -> None:
    charge = paid(client, token="pm_card_createDispute")
    standin.advance(seconds=3)
    [dispute] = client.v1.disputes.list({"charge": charge.id}).data
    assert (dispute.status, dispute.reason, dispute.amount) == ("needs_response", "fraudulent", 10_000)
    [taken] = dispute.balance_transactions
    assert (taken.type, taken.reporting_category, taken.amount, taken.fee) == ("adjustment", "dispute", -10_000, 1500)
    assert net(client) == -320 - 1500
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"charge": charge.id})
    assert caught.value.code == "charge_disputed"
    before = len(told(client))
    won = client.v1.disputes.update(dispute.id, {"evidence": {"uncategorized_text": "winning_evidence"}})
    assert won.status == "won"
    assert net(client) == 10_000 - 320 - 1500
    assert told(client, before) == [
        "charge.dispute.updated",
        "charge.dispute.updated",
        "charge.dispute.closed",
        "charge.dispute.funds_reinstated",
    ]
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.disputes.close(dispute.id)


def test_an_inquiry_moves_nothing_and_a_dispute_may_be_given_up(standin: Running, client: stripe.StripeClient) -> None:
    charge = paid(client, token="pm_card_createDisputeInquiry")
    standin.advance(seconds=3)
    [inquiry] = client.v1.disputes.list().data
    assert (inquiry.status, inquiry.balance_transactions, inquiry.is_charge_refundable) == (
        "warning_needs_response",
        [],
        True,
    )
    assert net(client) == 9680
    assert client.v1.refunds.create({"charge": charge.id, "amount": 1}).status == "succeeded"
    assert client.v1.disputes.close(inquiry.id).status == "warning_closed"
    lost = standin.control("dispute", charge=paid(client).id, reason="product_not_received")["dispute"]
    assert client.v1.disputes.close(lost["id"]).status == "lost"


def test_a_charge_may_be_disputed_twice_in_part(standin: Running, client: stripe.StripeClient) -> None:
    paid(client, token="pm_card_createMultipleDisputes")
    standin.advance(seconds=3)
    assert [row.amount for row in client.v1.disputes.list().data] == [5000, 5000]


def test_a_returned_debit_is_a_dispute_that_opens_lost(standin: Running, client: stripe.StripeClient) -> None:
    charge = debited(standin, client)
    before = len(told(client))
    dispute = standin.control("return_debit", charge=charge.id)["dispute"]
    assert (dispute["status"], dispute["reason"]) == ("lost", "insufficient_funds")
    assert net(client) == -80 - 1500
    assert told(client, before) == [
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.closed",
        "mandate.updated",
    ]
    assert client.v1.charges.retrieve(charge.id).disputed is True


def test_the_balance_ripens_and_is_paid_out_to_the_cent(standin: Running, client: stripe.StripeClient) -> None:
    for amount in (12_345, 999, 50):
        paid(client, amount)
    charge = paid(client, 7_777)
    client.v1.refunds.create({"charge": charge.id, "amount": 7_000})
    balance = client.v1.balance.retrieve()
    assert balance.available[0].amount == 0
    pending = balance.pending[0].amount
    assert pending == net(client)

    standin.advance(days=7)
    [payout] = client.v1.payouts.list({"status": "paid"}).data
    assert (payout.amount, payout.automatic, payout.reconciliation_status) == (pending, True, "completed")
    assert payout.trace_id is not None
    assert payout.trace_id.status == "supported"
    rows = list(
        client.v1.balance_transactions.list({"payout": payout.id, "expand": ["data.source"]}).auto_paging_iter()
    )
    assert sum(row.net for row in rows if row.type != "payout") == payout.amount
    assert [row.net for row in rows if row.type == "payout"] == [-payout.amount]
    assert net(client) == 0
    names = [name for name in told(client) if name.startswith(("payout", "balance"))]
    assert names == [
        "balance.available",
        "payout.created",
        "payout.updated",
        "payout.paid",
        "payout.reconciliation_completed",
        "payout.updated",
    ]
    arrival = client.v1.payouts.list({"arrival_date": {"gte": payout.arrival_date}}).data
    assert [row.id for row in arrival] == [payout.id]
    assert payout.arrival_date % 86_400 == 0


def test_funds_that_bypass_pending_can_be_paid_out_at_once_and_a_failed_payout_comes_back(
    standin: Running, client: stripe.StripeClient
) -> None:
    paid(client, 10_000, "pm_card_bypassPending")
    payout = standin.control("payout")["payout"]
    assert (payout["amount"], payout["automatic"]) == (9680, True)
    with pytest.raises(ValueError, match="nothing available"):
        standin.control("payout")
    standin.control("arrive", payout=payout["id"])
    failed = standin.control("fail_payout", payout=payout["id"])["payout"]
    assert (failed["status"], failed["failure_code"]) == ("failed", "account_closed")
    assert net(client) == 9680
    again = standin.control("payout")["payout"]
    assert again["amount"] == 9680
    rows = client.v1.balance_transactions.list({"payout": again["id"]}).data
    assert [row.type for row in rows] == ["payout", "payout_failure"]


def test_a_debt_is_collected_by_a_negative_payout(standin: Running, client: stripe.StripeClient) -> None:
    charge = debited(standin, client)
    standin.advance(days=5)
    assert net(client) == 0
    standin.control("return_debit", charge=charge.id)
    standin.advance(days=5)
    newest = client.v1.payouts.list().data[0]
    assert (newest.amount, newest.status) == (-11_500, "paid")
    assert net(client) == 0


def test_manual_payouts_cannot_be_itemised_are_called_back_and_reversed(
    standin: Running, client: stripe.StripeClient
) -> None:
    paid(client, 10_000, "pm_card_bypassPending")
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payouts.create({"amount": 9681, "currency": "usd"})
    assert caught.value.code == "balance_insufficient"
    first = client.v1.payouts.create({"amount": 1000, "currency": "usd", "metadata": {"why": "rent"}})
    assert (first.automatic, first.reconciliation_status) == (False, "not_applicable")
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.balance_transactions.list({"payout": first.id})
    assert client.v1.payouts.cancel(first.id).status == "canceled"
    second = client.v1.payouts.create({"amount": 2000, "currency": "usd"})
    standin.control("arrive", payout=second.id)
    back = client.v1.payouts.reverse(second.id)
    assert (back.amount, back.original_payout) == (-2000, second.id)
    assert client.v1.payouts.retrieve(second.id).reversed_by == back.id
    assert net(client) == 9680


def test_prices_and_delays_are_switches(standin: Running, client: stripe.StripeClient) -> None:
    standin.control("switches", card_fee_basis_points=100, card_fee_fixed=0, dispute_fee=2000, debit_failure_fee=400)
    charge = paid(client)
    assert net(client) == 9900
    standin.control("dispute", charge=charge.id)
    assert net(client) == -100 - 2000
    intent = client.v1.payment_intents.create({"amount": 500, "currency": "usd"})
    standin.control("pay", payment_intent=intent.id, bank_account="000123456789")
    standin.control("fail_debit", payment_intent=intent.id)
    newest = client.v1.balance_transactions.list().data[0]
    assert (newest.type, newest.reporting_category, newest.net) == ("stripe_fee", "fee", -400)
    for wrong in ({"nonsense": 1}, {"dispute_fee": -1}, {"charge_transaction": "never"}, {"dispute_fee": "15"}):
        with pytest.raises(ValueError):
            standin.control("switches", **wrong)


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_the_books_agree_with_themselves(
    standin: Running, client: stripe.StripeClient, seed: int
) -> None:
    """Sixty random moves: the balance is the sum of the transactions, and each automatic payout that of its own."""
    dice = random.Random(seed)
    standin.control(
        "switches", debit_failure_fee=dice.choice([0, 400]), debit_transaction_at=dice.choice(["success", "submission"])
    )
    scope = standin.scope()
    for _ in range(60):
        _move(standin, dice)
        rows = scope.all("balance_transactions")
        assert all(row["net"] == row["amount"] - row["fee"] for row in rows)
    standin.advance(days=15)
    assert sum(row["net"] for row in scope.all("balance_transactions")) == net(client)
    for charge in scope.all("charges"):
        gone = [
            row for row in scope.all("refunds") if row["charge"] == charge["id"] and row["status"] in ("succeeded",)
        ]
        assert sum(row["amount"] for row in gone) <= charge["amount_refunded"] <= charge["amount"]
    payouts = scope.all("payouts")
    assert payouts
    for payout in payouts:
        own = [
            row
            for row in scope.all("balance_transactions")
            if row["_payout"] == payout["id"] and row["type"] != "payout"
        ]
        assert sum(row["net"] for row in own) == payout["amount"]


def _move(standin: Running, dice: random.Random) -> None:
    """Do one thing that may be refused; refusals are part of life."""
    scope = standin.scope()
    charges = [row["id"] for row in scope.all("charges")] or [""]
    payouts = [row["id"] for row in scope.all("payouts")] or [""]
    client: Any = standin.client()
    moves = {
        "card": lambda: paid(
            client, dice.randrange(50, 90_000), dice.choice(["pm_card_visa", "pm_card_bypassPending"])
        ),
        "bank": lambda: standin.control(
            "pay",
            payment_intent=client.v1.payment_intents.create(
                {"amount": dice.randrange(50, 90_000), "currency": "usd"}
            ).id,
            bank_account=dice.choice(["000123456789", "000222222227"]),
        ),
        "refund": lambda: client.v1.refunds.create(
            {"charge": dice.choice(charges), "amount": dice.randrange(1, 60_000)}
        ),
        "dispute": lambda: standin.control("dispute", charge=dice.choice(charges)),
        "return": lambda: standin.control("return_debit", charge=dice.choice(charges)),
        "fail": lambda: standin.control("fail_payout", payout=dice.choice(payouts)),
        "time": lambda: standin.advance(days=dice.random() * 3),
    }
    name = dice.choices([*moves], weights=[6, 5, 4, 1, 1, 1, 5])[0]
    try:
        moves[name]()
    except (stripe.StripeError, ValueError):
        return
