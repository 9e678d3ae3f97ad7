"""Payouts by schedule, at once, of other currencies, with money held back; and all else that moves the balance."""

from __future__ import annotations

from itertools import pairwise

import pytest
import stripe

from tests.contract.stripe.money import net, paid, told
from tests.stripe_standin import DAY, Running


def settled_rows(client: stripe.StripeClient, payout: stripe.Payout) -> list[stripe.BalanceTransaction]:
    """Return the rows that an automatic payout is made of, without its own."""
    rows = client.v1.balance_transactions.list({"payout": payout.id, "limit": 100}).auto_paging_iter()
    return [row for row in rows if row.type != "payout"]


@pytest.mark.parametrize(("interval", "most"), [("daily", 1), ("weekly", 7), ("monthly", 33), ("manual", 0)])
def test_the_schedule_says_when_money_leaves(
    standin: Running, client: stripe.StripeClient, interval: str, most: int
) -> None:
    standin.control("switches", payout_interval=interval)
    days = []
    for _ in range(75 if interval == "monthly" else 24):
        paid(client, 5_000, "pm_card_bypassPending")
        standin.advance(days=1)
    days = sorted(payout.created // DAY for payout in client.v1.payouts.list({"limit": 100}).data)
    gaps = {later - earlier for earlier, later in pairwise(days)}
    if interval == "manual":
        assert days == []
    elif interval == "weekly":
        assert gaps == {7}
    elif interval == "monthly":
        assert len(days) >= 2
        assert gaps <= set(range(28, most + 1))
    else:
        assert gaps == {1, 3}, "banks rest on two days"


@pytest.mark.parametrize("beside", [False, True])
def test_an_instant_payout_takes_pending_money_and_a_fee(
    standin: Running, client: stripe.StripeClient, beside: bool
) -> None:
    standin.control("switches", instant_fee_in="stripe_fee" if beside else "payout")
    paid(client)
    balance = client.v1.balance.retrieve()
    assert balance.available[0].amount == 0
    assert balance.instant_available is not None
    assert balance.instant_available[0].amount == 9680
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payouts.create({"amount": 5_000, "currency": "usd"})
    assert caught.value.code == "balance_insufficient"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payouts.create({"amount": 9680, "currency": "usd", "method": "instant"})
    payout = client.v1.payouts.create(
        {"amount": 5_000, "currency": "usd", "method": "instant", "expand": ["balance_transaction"]}
    )
    own = payout.balance_transaction
    assert isinstance(own, stripe.BalanceTransaction)
    assert (payout.method, own.amount, own.fee) == ("instant", -5_000, 0 if beside else 75)
    fees = client.v1.balance_transactions.list({"type": "stripe_fee"}).data
    assert [row.net for row in fees] == ([-75] if beside else [])
    assert net(client) == 9680 - 5_000 - 75
    standin.advance(seconds=1801)
    assert client.v1.payouts.retrieve(payout.id).status == "paid"


def test_a_paid_payout_may_fail_days_later(standin: Running, client: stripe.StripeClient) -> None:
    standin.control("switches", payout_interval="manual", trace_lag_days=10)
    paid(client, token="pm_card_bypassPending")
    payout = standin.control("payout")["payout"]
    standin.advance(days=4)
    now = client.v1.payouts.retrieve(payout["id"])
    assert now.trace_id is not None
    assert (now.status, now.trace_id.status) == ("paid", "pending"), "the bank's number lags"
    standin.advance(days=1)
    before = len(told(client))
    standin.control("fail_payout", payout=now.id, code="no_account")
    failed = client.v1.payouts.retrieve(now.id, {"expand": ["failure_balance_transaction"]})
    back = failed.failure_balance_transaction
    assert isinstance(back, stripe.BalanceTransaction)
    assert (failed.status, failed.failure_code) == ("failed", "no_account")
    assert (back.type, back.reporting_category, back.net) == ("payout_failure", "payout_reversal", 9680)
    assert back.created > now.created + 4 * DAY
    assert told(client, before) == ["payout.failed"]
    with pytest.raises(ValueError, match="failed already"):
        standin.control("fail_payout", payout=now.id)
    with pytest.raises(ValueError, match="fails with one of"):
        standin.control("fail_payout", payout=now.id, code="boredom")


def test_a_minimum_is_held_back_and_released_into_the_next_payout(
    standin: Running, client: stripe.StripeClient
) -> None:
    standin.control("switches", payout_interval="manual", payout_minimum_balance=2_000)
    paid(client, token="pm_card_bypassPending")
    first = client.v1.payouts.retrieve(standin.control("payout")["payout"]["id"])
    assert first.amount == 9680 - 2_000
    assert sum(row.net for row in settled_rows(client, first)) == first.amount
    with pytest.raises(ValueError, match="nothing available"):
        standin.control("payout")
    paid(client, token="pm_card_bypassPending")
    second = client.v1.payouts.retrieve(standin.control("payout")["payout"]["id"])
    rows = settled_rows(client, second)
    assert sorted((row.type, row.net) for row in rows) == [
        ("charge", 9680),
        ("payout_minimum_balance_hold", -2_000),
        ("payout_minimum_balance_release", 2_000),
    ]
    assert second.amount == 9680
    held = [row.net for row in client.v1.balance_transactions.list({"limit": 100}).data if "minimum" in row.type]
    assert sum(held) == -2_000


def test_a_risk_reserve_leaves_one_part_of_the_balance_for_another(
    standin: Running, client: stripe.StripeClient
) -> None:
    paid(client, token="pm_card_bypassPending")
    rows = standin.control("move", kind="reserve_hold", amount=1_000)["balance_transactions"]
    assert [(row["net"], row["balance_type"]) for row in rows] == [(-1_000, "payments"), (1_000, "risk_reserved")]
    assert {row["reporting_category"] for row in rows} == {"risk_reserved_funds"}
    assert net(client) == 8_680
    assert standin.control("payout")["payout"]["amount"] == 8_680
    standin.control("move", kind="reserve_release", amount=1_000)
    assert standin.control("payout")["payout"]["amount"] == 1_000
    everything = client.v1.balance_transactions.list({"limit": 100}).data
    assert sum(row.net for row in everything) == 0


@pytest.mark.parametrize(
    ("kind", "amount", "net_amount", "category"),
    [
        ("adjustment", -250, -250, "other_adjustment"),
        ("contribution", 150, -150, "contribution"),
        ("stripe_fee", 1_200, -1_200, "fee"),
        ("topup", 50_000, 50_000, "topup"),
        ("topup_reversal", 100, -100, "topup_reversal"),
    ],
)
def test_whatever_else_moves_the_balance_has_its_type_and_category(
    standin: Running, client: stripe.StripeClient, kind: str, amount: int, net_amount: int, category: str
) -> None:
    standin.control("move", kind=kind, amount=amount, description="Said so")
    [row] = client.v1.balance_transactions.list({"type": kind}).data
    assert (row.net, row.reporting_category, row.source, row.description) == (net_amount, category, None, "Said so")
    assert net(client) == net_amount
    for wrong in ({"kind": "gift", "amount": 1}, {"kind": "topup", "amount": 0}):
        with pytest.raises(ValueError):
            standin.control("move", **wrong)


def test_transactions_are_found_by_type_source_created_currency_and_payout(
    standin: Running, client: stripe.StripeClient
) -> None:
    first = paid(client, 1_000)
    standin.advance(days=10)
    second = paid(client, 2_000)
    find = client.v1.balance_transactions.list
    assert [row.amount for row in find({"source": first.id}).data] == [1_000]
    assert [row.amount for row in find({"type": "charge"}).data] == [2_000, 1_000]
    assert [row.amount for row in find({"created": {"gt": second.created - 60}}).data] == [2_000]
    assert find({"currency": "eur"}).data == []
    [payout] = client.v1.payouts.list().data
    assert [row.source for row in settled_rows(client, payout)] == [first.id]
    [row] = find({"type": "payout"}).data
    assert (row.source, row.reporting_category, row.net) == (payout.id, "payout", -payout.amount)


def test_another_applications_charge_bears_its_name_and_none_of_our_metadata(
    standin: Running, client: stripe.StripeClient
) -> None:
    charge = client.v1.charges.retrieve(standin.control("foreign_charge", amount=4_321)["charge"]["id"])
    assert charge.application is not None
    assert charge.metadata.to_dict() == {}
    assert client.v1.payment_intents.retrieve(str(charge.payment_intent)).application == charge.application


def test_an_account_with_a_bank_for_a_currency_is_settled_in_it(standin: Running, client: stripe.StripeClient) -> None:
    standin.control("settle_in", currencies=["usd", "eur"])
    for currency, amount in (("eur", 10_000), ("usd", 5_000), ("jpy", 8_000)):
        client.v1.payment_intents.create(
            {"amount": amount, "currency": currency, "confirm": True, "payment_method": "pm_card_bypassPending"}
        )
    standin.advance(seconds=2)
    held = {part.currency: part.amount for part in client.v1.balance.retrieve().available}
    yen = 5_360  # 8,000 yen at 0.0067, in cents
    assert held == {"eur": 10_000 - 320, "usd": (5_000 - 175) + (yen - 185 - 54)}
    standin.advance(days=7)
    paid_out = {payout.currency: payout.amount for payout in client.v1.payouts.list().data}
    assert paid_out == held
    with pytest.raises(ValueError):
        standin.control("settle_in", currencies=["eur"])


@pytest.mark.parametrize(
    ("currency", "amount", "code"),
    [("jpy", 49, "amount_too_small"), ("mxn", 999, "amount_too_small"), ("xau", 500, "invalid_currency")],
)
def test_each_currency_has_its_least(client: stripe.StripeClient, currency: str, amount: int, code: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.create({"amount": amount, "currency": currency})
    assert caught.value.code == code
