"""Disputes of every kind: asked, opened, answered, left unanswered, won, lost, won after all; and what each moves."""

from __future__ import annotations

import pytest
import stripe

from tests.contract.stripe.money import debited, net, paid, told
from tests.stripe_standin import Running


def disputed(standin: Running, client: stripe.StripeClient, **given: object) -> stripe.Dispute:
    dispute = standin.control("dispute", charge=paid(client).id, **given)["dispute"]
    return client.v1.disputes.retrieve(dispute["id"])


def test_an_inquiry_may_become_a_dispute(standin: Running, client: stripe.StripeClient) -> None:
    inquiry = disputed(standin, client, reason="inquiry:general")
    assert (inquiry.status, net(client)) == ("warning_needs_response", 9680)
    before = len(told(client))
    standin.control("escalate_inquiry", dispute=inquiry.id)
    now = client.v1.disputes.retrieve(inquiry.id)
    assert (now.status, now.is_charge_refundable, now.reason) == ("needs_response", False, "general")
    assert now.payment_method_details is not None
    assert now.payment_method_details.card is not None
    assert now.payment_method_details.card.case_type == "chargeback"
    assert net(client) == -320 - 1500
    assert told(client, before) == ["charge.dispute.updated", "charge.dispute.funds_withdrawn"]
    with pytest.raises(ValueError, match="Only an inquiry"):
        standin.control("escalate_inquiry", dispute=inquiry.id)


def test_an_inquiry_answered_is_under_review_and_closes_without_moving_money(
    standin: Running, client: stripe.StripeClient
) -> None:
    inquiry = disputed(standin, client, reason="inquiry:fraudulent")
    answered = client.v1.disputes.update(inquiry.id, {"evidence": {"customer_name": "Jenny Rosen"}})
    assert answered.status == "warning_under_review"
    with pytest.raises(ValueError, match="cannot become won"):
        standin.control("close_dispute", dispute=inquiry.id, status="won")
    before = len(told(client))
    standin.control("close_dispute", dispute=inquiry.id, status="warning_closed")
    assert told(client, before) == ["charge.dispute.updated", "charge.dispute.closed"]
    assert net(client) == 9680


def test_a_full_refund_closes_an_inquiry(standin: Running, client: stripe.StripeClient) -> None:
    inquiry = disputed(standin, client, reason="inquiry:fraudulent")
    client.v1.refunds.create({"charge": str(inquiry.charge), "amount": 1})
    assert client.v1.disputes.retrieve(inquiry.id).status == "warning_needs_response"
    client.v1.refunds.create({"charge": str(inquiry.charge)})
    assert client.v1.disputes.retrieve(inquiry.id).status == "warning_closed"


def test_evidence_is_gathered_then_submitted_and_countering_costs(
    standin: Running, client: stripe.StripeClient
) -> None:
    dispute = disputed(standin, client)
    staged = client.v1.disputes.update(
        dispute.id, {"evidence": {"product_description": "Tiles"}, "submit": False, "metadata": {"who": "bookkeeper"}}
    )
    assert (staged.status, staged.evidence_details.has_evidence, staged.evidence_details.submission_count) == (
        "needs_response",
        True,
        0,
    )
    before = len(told(client))
    sent = client.v1.disputes.update(dispute.id, {"submit": True})
    assert (sent.status, sent.evidence_details.submission_count) == ("under_review", 1)
    assert sent.evidence.product_description == "Tiles"
    assert told(client, before) == ["charge.dispute.updated"]
    newest = client.v1.balance_transactions.list({"source": dispute.id, "type": "stripe_fee"}).data[0]
    assert (newest.reporting_category, newest.net) == ("fee", -1500)
    lost = standin.control("close_dispute", dispute=dispute.id, status="lost")["dispute"]
    assert len(lost["balance_transactions"]) == 1
    assert net(client) == -320 - 1500 - 1500
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.disputes.update(dispute.id, {"evidence": {"receipt": "file_1"}})
    assert client.v1.disputes.update(dispute.id, {"metadata": {"booked": "yes"}}).metadata.to_dict() == {
        "who": "bookkeeper",
        "booked": "yes",
    }


@pytest.mark.parametrize(("word", "status", "gone"), [("winning", "won", 0), ("losing", "lost", 10_000 + 1500)])
def test_the_test_words_decide_at_once(
    standin: Running, client: stripe.StripeClient, word: str, status: str, gone: int
) -> None:
    dispute = disputed(standin, client)
    closed = client.v1.disputes.update(dispute.id, {"evidence": {"uncategorized_text": f"{word}_evidence"}})
    assert closed.status == status
    assert net(client) == 9680 - 1500 - gone
    back = [row for row in closed.balance_transactions if row.reporting_category == "dispute_reversal"]
    assert [(row.amount, row.fee) for row in back] == ([(10_000, -1500)] if status == "won" else [])


def test_the_fee_of_a_won_dispute_is_a_habit(standin: Running, client: stripe.StripeClient) -> None:
    standin.control("switches", dispute_fee_when_won="returned", dispute_counter_fee=0)
    dispute = disputed(standin, client)
    client.v1.disputes.update(dispute.id, {"evidence": {"uncategorized_text": "winning_evidence"}})
    assert net(client) == 9680


def test_a_lost_dispute_may_be_won_after_all(standin: Running, client: stripe.StripeClient) -> None:
    dispute = disputed(standin, client)
    assert client.v1.disputes.close(dispute.id).status == "lost"
    before = len(told(client))
    won = standin.control("close_dispute", dispute=dispute.id, status="won")["dispute"]
    assert (won["status"], len(won["balance_transactions"])) == ("won", 2)
    assert told(client, before) == [
        "charge.dispute.updated",
        "charge.dispute.closed",
        "charge.dispute.funds_reinstated",
    ]
    assert net(client) == 9680 - 1500
    for status in ("won", "lost"):
        with pytest.raises(ValueError, match="already closed"):
            standin.control("close_dispute", dispute=dispute.id, status=status)


def test_what_nobody_answers_is_lost_on_the_day_it_was_due(standin: Running, client: stripe.StripeClient) -> None:
    dispute = disputed(standin, client)
    inquiry = disputed(standin, client, reason="inquiry:fraudulent")
    answered = disputed(standin, client)
    client.v1.disputes.update(answered.id, {"evidence": {"customer_name": "Jenny Rosen"}})
    due_by = dispute.evidence_details.due_by
    assert due_by is not None
    assert 7 * 86_400 <= due_by - dispute.created <= 8 * 86_400
    standin.advance(seconds=due_by - standin.clock.seconds() - 60)
    assert client.v1.disputes.retrieve(dispute.id).status == "needs_response"
    standin.advance(seconds=120)
    late = client.v1.disputes.retrieve(dispute.id)
    assert (late.status, late.evidence_details.past_due) == ("lost", True)
    assert client.v1.disputes.retrieve(inquiry.id).status == "warning_closed"
    assert client.v1.disputes.retrieve(answered.id).status == "under_review"


def test_a_dispute_may_be_for_another_amount_than_the_charge(standin: Running, client: stripe.StripeClient) -> None:
    dispute = disputed(standin, client, amount=2_500, reason="duplicate")
    assert (dispute.amount, dispute.network_reason_code) == (2_500, "12.6.1")
    assert net(client) == 9680 - 2_500 - 1500


def test_a_second_return_blocks_the_bank_account(standin: Running, client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({"name": "Blue Mesa Ranch"})
    for count in (1, 2):
        intent = client.v1.payment_intents.create({"amount": 5_000, "currency": "usd", "customer": customer.id})
        saved = client.v1.customers.payment_methods.list(customer.id).data
        chosen = {"payment_method": saved[0].id} if saved else {"bank_account": "000123456789", "save": True}
        standin.control("pay", payment_intent=intent.id, **chosen)
        standin.control("settle_debit", payment_intent=intent.id)
        # A dispute of a debit is its return, whatever the payer's bank says.
        standin.control("dispute", payment_intent=intent.id)
        [method] = client.v1.customers.payment_methods.list(customer.id).data
        assert method.us_bank_account is not None
        details = method.us_bank_account.status_details
        assert (details is not None and getattr(details, "blocked", None) is not None) is (count == 2)
    assert [dispute.reason for dispute in client.v1.disputes.list().data] == ["customer_initiated"] * 2


def test_a_network_warns_of_fraud_before_anybody_disputes(standin: Running, client: stripe.StripeClient) -> None:
    charge = paid(client, token="pm_card_createIssuerFraudRecord")
    standin.advance(seconds=3)
    [warning] = client.v1.radar.early_fraud_warnings.list({"charge": charge.id, "expand": ["data.charge"]}).data
    assert isinstance(warning.charge, stripe.Charge)
    assert (warning.actionable, warning.payment_intent) == (True, charge.payment_intent)
    assert told(client)[-1] == "radar.early_fraud_warning.created"
    assert net(client) == 9680
    client.v1.refunds.create({"charge": charge.id})
    assert client.v1.radar.early_fraud_warnings.retrieve(warning.id).actionable is False
    assert told(client)[-1] == "radar.early_fraud_warning.updated"

    other = standin.control("fraud_warning", charge=paid(client).id)["early_fraud_warning"]
    standin.control("dispute", charge=other["charge"])
    assert client.v1.radar.early_fraud_warnings.retrieve(other["id"]).actionable is False


@pytest.mark.parametrize(
    ("order", "given"),
    [("return_debit", {"reason": "boredom"}), ("dispute", {}), ("fail_debit", {"code": "boredom"})],
)
def test_what_cannot_be_disputed_or_returned(
    standin: Running, client: stripe.StripeClient, order: str, given: dict[str, str]
) -> None:
    if order == "return_debit":
        target = {"charge": debited(standin, client).id}
    else:
        intent = client.v1.payment_intents.create({"amount": 5_000, "currency": "usd"})
        standin.control("pay", payment_intent=intent.id, bank_account="000123456789")
        target = {"payment_intent": intent.id}
    with pytest.raises(ValueError, match=r"one of|not succeeded"):
        standin.control(order, **target, **given)
    assert client.v1.disputes.list().data == []
