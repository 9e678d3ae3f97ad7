"""Refunds beyond the usual ones: slow, short of money, waiting for the payer's details, too late, foreign."""

from __future__ import annotations

import pytest
import stripe

from tests.contract.stripe.money import debited, net, paid, told
from tests.stripe_standin import Running


def test_a_card_refund_may_be_pending_and_arrive_later(standin: Running, client: stripe.StripeClient) -> None:
    charge = paid(client, token="pm_card_pendingRefund")
    refund = client.v1.refunds.create({"charge": charge.id, "amount": 2_500})
    assert (refund.status, refund.pending_reason) == ("pending", "processing")
    assert net(client) == 9680 - 2_500
    before = len(told(client))
    standin.control("finish_refund", refund=refund.id)
    assert client.v1.refunds.retrieve(refund.id).status == "succeeded"
    assert told(client, before) == ["refund.updated", "charge.refund.updated"]


def test_a_refund_fails_while_it_is_pending_or_later(standin: Running, client: stripe.StripeClient) -> None:
    charge = paid(client, token="pm_card_pendingRefund")
    refund = client.v1.refunds.create({"charge": charge.id, "reason": "duplicate"})
    before = len(told(client))
    failed = standin.control("fail_refund", refund=refund.id, reason="expired_or_canceled_card")["refund"]
    assert (failed["status"], failed["failure_reason"]) == ("failed", "expired_or_canceled_card")
    assert told(client, before) == ["refund.failed", "refund.updated", "charge.refund.updated"]
    assert net(client) == 9680
    with pytest.raises(ValueError, match="cannot fail"):
        standin.control("fail_refund", refund=refund.id)


def test_several_refunds_of_one_charge_never_exceed_it(client: stripe.StripeClient) -> None:
    charge = paid(client)
    for amount in (3_000, 3_000, 3_000):
        client.v1.refunds.create({"charge": charge.id, "amount": amount, "metadata": {"part": str(amount)}})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"charge": charge.id, "amount": 1_001})
    assert caught.value.param == "amount"
    assert client.v1.refunds.create({"charge": charge.id}).amount == 1_000
    assert client.v1.charges.retrieve(charge.id).refunded is True


def test_a_refund_waits_for_the_balance_where_that_is_the_habit(standin: Running, client: stripe.StripeClient) -> None:
    # No payouts: on some days of the week the first charge would be paid out before the refund looks again.
    standin.control("switches", refund_on_short_balance="wait", payout_interval="manual")
    charge = paid(client)
    refund = client.v1.refunds.create({"charge": charge.id})
    assert (refund.status, refund.pending_reason) == ("pending", "insufficient_funds")
    assert client.v1.charges.retrieve(charge.id).amount_refunded == 0
    standin.advance(days=1.1)
    assert client.v1.refunds.retrieve(refund.id).status == "pending"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create({"charge": charge.id, "amount": 1})
    paid(client, 2_000)
    before = len(told(client))
    standin.advance(days=1.1)
    assert client.v1.refunds.retrieve(refund.id).status == "succeeded"
    assert [name for name in told(client, before) if name.startswith(("refund", "charge.ref"))][:2] == [
        "refund.updated",
        "charge.refunded",
    ]


def test_a_refund_that_waits_for_the_payers_details_is_canceled_or_expires(
    standin: Running, client: stripe.StripeClient
) -> None:
    charge = paid(client)
    first = standin.control("refund", charge=charge.id, amount=1_000, needs_details=True)["refund"]
    refund = client.v1.refunds.retrieve(first["id"])
    assert refund.status == "requires_action"
    assert refund.next_action is not None
    assert refund.next_action.display_details is not None
    assert net(client) == 9680, "nothing has moved"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create({"charge": charge.id, "amount": 9_001})
    assert client.v1.refunds.cancel(refund.id).status == "canceled"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.cancel(refund.id)

    second = standin.control("refund", charge=charge.id, needs_details=True)["refund"]
    assert client.v1.test_helpers.refunds.expire(second["id"]).status == "failed"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.test_helpers.refunds.expire(second["id"])
    third = standin.control("refund", charge=charge.id, needs_details=True)["refund"]
    standin.advance(days=46)
    assert client.v1.refunds.retrieve(third["id"]).status == "failed"
    assert client.v1.refunds.create({"charge": charge.id}).amount == 10_000


def test_a_refund_on_its_way_cannot_be_canceled(standin: Running, client: stripe.StripeClient) -> None:
    for charge in (paid(client), debited(standin, client)):
        refund = client.v1.refunds.create({"charge": charge.id})
        with pytest.raises(stripe.InvalidRequestError):
            client.v1.refunds.cancel(refund.id)
        noted = client.v1.refunds.update(refund.id, {"metadata": {"why": "returned goods"}})
        assert noted.metadata is not None
        assert noted.metadata.to_dict() == {"why": "returned goods"}


def test_whether_part_of_a_debit_can_be_refunded_is_a_switch_and_after_180_days_nothing(
    standin: Running, client: stripe.StripeClient
) -> None:
    charge = debited(standin, client)
    assert client.v1.refunds.create({"charge": charge.id, "amount": 1_000}).status == "pending"
    standin.control("switches", debit_partial_refunds="refused")
    other = debited(standin, client)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"charge": other.id, "amount": 1_000})
    assert caught.value.param == "amount"
    old = debited(standin, client)
    assert client.v1.refunds.create({"charge": other.id}).status == "pending"
    standin.advance(days=181)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"charge": old.id})
    assert caught.value.code == "charge_not_refundable"


def test_a_refund_in_another_currency_gives_back_what_was_settled(
    standin: Running, client: stripe.StripeClient
) -> None:
    intent = client.v1.payment_intents.create(
        {
            "amount": 10_001,
            "currency": "eur",
            "confirm": True,
            "payment_method": "pm_card_visa",
            "capture_method": "automatic",
        }
    )
    rows = client.v1.balance_transactions.list({"source": str(intent.latest_charge)}).data
    [booked] = rows
    assert (booked.amount, booked.currency, booked.exchange_rate) == (10_801, "usd", 1.08)
    assert [part.amount for part in booked.fee_details] == [343, 108]
    assert booked.fee == sum(part.amount for part in booked.fee_details)
    for amount in (3_333, 3_333, 3_335):
        client.v1.refunds.create({"payment_intent": intent.id, "amount": amount})
    taken = client.v1.balance_transactions.list({"type": "refund"}).data
    assert abs(sum(row.amount for row in taken) + booked.amount) <= 1, "parts are rounded one by one"
    assert {row.exchange_rate for row in taken} == {1.08}
