"""Idempotency keys: the first result again, whatever it was; never for other parameters; not for ever."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import stripe

from tests.stripe_standin import Running, running

KEY: dict[str, Any] = {"idempotency_key": "operation-1:create:1"}


def create(client: stripe.StripeClient, amount: int = 500, **options: Any) -> stripe.PaymentIntent:
    return client.v1.payment_intents.create({"amount": amount, "currency": "usd"}, {**KEY, **options})


def test_the_same_key_answers_the_same_object_and_does_nothing(client: stripe.StripeClient) -> None:
    first, second = create(client), create(client)
    assert first.id == second.id
    assert len(client.v1.payment_intents.list().data) == 1
    assert len(client.v1.events.list().data) == 1
    headers = second.last_response.headers if second.last_response else {}
    assert headers["Idempotent-Replayed"] == "true"
    assert headers["Original-Request"] == (first.last_response.request_id if first.last_response else "")
    assert headers["Request-Id"] != headers["Original-Request"]


def test_other_parameters_with_the_same_key_are_refused(client: stripe.StripeClient) -> None:
    create(client)
    with pytest.raises(stripe.IdempotencyError) as caught:
        create(client, amount=501)
    assert caught.value.http_status == 400
    with pytest.raises(stripe.IdempotencyError):
        client.v1.customers.create({}, KEY)  # type: ignore[arg-type]


def test_a_decline_is_replayed_until_another_key_is_used(client: stripe.StripeClient) -> None:
    intent = client.v1.payment_intents.create({"amount": 500, "currency": "usd"})
    for _ in range(2):
        with pytest.raises(stripe.CardError):
            client.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa_chargeDeclined"}, KEY)  # type: ignore[arg-type]
    assert len(client.v1.charges.list().data) == 1
    with pytest.raises(stripe.IdempotencyError):
        client.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"}, KEY)  # type: ignore[arg-type]
    paid = client.v1.payment_intents.confirm(
        intent.id, {"payment_method": "pm_card_visa"}, {"idempotency_key": "operation-1:confirm:2"}
    )
    assert paid.status == "succeeded"


def test_a_request_that_was_never_begun_keeps_nothing(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        create(client, amount=1)
    assert create(client, amount=500).amount == 500


def test_an_error_500_is_kept_and_may_hide_work_that_was_done(standin: Running, client: stripe.StripeClient) -> None:
    standin.faults.load([{"match": {"operation": "payment_intents.create"}, "do": "api_error_after"}])
    for _ in range(2):
        with pytest.raises(stripe.APIError) as caught:
            create(client)
        assert caught.value.http_status == 500
    assert len(client.v1.payment_intents.list().data) == 1


def test_the_sdk_repeats_a_lost_call_with_its_key_and_nothing_happens_twice(standin: Running) -> None:
    standin.faults.load([{"match": {"operation": "payment_intents.create"}, "do": "drop_after_commit"}])
    client = standin.client(max_network_retries=2)
    made = client.v1.payment_intents.create({"amount": 500, "currency": "usd"})
    assert [intent.id for intent in client.v1.payment_intents.list().data] == [made.id]
    creates = standin.control("journal", operation="payment_intents.create")["requests"]
    assert [row["replayed"] for row in creates] == [False, True]
    assert len({row["idempotency_key"] for row in creates}) == 1


def test_a_key_under_way_is_409_and_one_of_two_wins(standin: Running) -> None:
    standin.faults.load([{"match": {"operation": "payment_intents.create"}, "do": "slow:400"}])

    def attempt(_: int) -> str:
        try:
            return create(standin.client()).id
        except stripe.APIError as error:
            return f"refused with {error.http_status}"

    with ThreadPoolExecutor(2) as pool:
        made, refused = sorted(pool.map(attempt, range(2)))
    assert made.startswith("pi_")
    assert refused == "refused with 409"
    assert len(standin.client().v1.payment_intents.list().data) == 1


def test_keys_belong_to_one_account(standin: Running, client: stripe.StripeClient) -> None:
    account = standin.control("connect_account", name="Cedar Stone")["account"]
    assert create(client).id != create(client, stripe_account=account).id


def test_a_key_is_forgotten_after_a_day(standin: Running, client: stripe.StripeClient) -> None:
    first = create(client)
    standin.advance(seconds=86_000)
    assert create(client).id == first.id
    standin.advance(seconds=500)
    assert create(client).id != first.id


def test_a_restart_keeps_the_keys(tmp_path: Path) -> None:
    file = tmp_path / "stripe.db"
    with running(file) as before:
        first = create(before.client())
        key = before.standin.secret_key
    with running(file) as after:
        assert after.standin.secret_key == key
        assert create(after.client()).id == first.id


def test_an_error_500_before_the_work_is_kept_too(standin: Running, client: stripe.StripeClient) -> None:
    standin.faults.load([{"match": {"operation": "payment_intents.create"}, "do": "api_error"}])
    for _ in range(2):
        with pytest.raises(stripe.APIError):
            create(client)
    assert client.v1.payment_intents.list().data == []


def test_the_rate_limit_stands_before_the_key_and_keeps_nothing(standin: Running, client: stripe.StripeClient) -> None:
    made = create(client)
    standin.faults.load([{"match": {"operation": "payment_intents.create"}, "do": "rate_limit:global-concurrency"}])
    with pytest.raises(stripe.RateLimitError) as caught:
        create(client)
    assert caught.value.headers is not None
    assert caught.value.headers["Stripe-Rate-Limited-Reason"] == "global-concurrency"
    assert caught.value.headers.get("Idempotent-Replayed") is None
    assert create(client).id == made.id


def test_limits_are_numbers_of_requests_in_a_second_of_the_stand_ins_clock(
    standin: Running, client: stripe.StripeClient
) -> None:
    standin.control("switches", requests_per_second=3, endpoint_requests_per_second=2)
    client.v1.balance.retrieve()
    client.v1.balance.retrieve()
    reasons = []
    for ask in (client.v1.balance.retrieve, client.v1.customers.list, client.v1.customers.list):
        with pytest.raises(stripe.RateLimitError) as caught:
            ask()
        reasons.append((caught.value.headers or {})["Stripe-Rate-Limited-Reason"])
    assert reasons == ["endpoint-rate", "global-rate", "global-rate"]
    standin.advance(seconds=1.5)
    assert client.v1.balance.retrieve().object == "balance"


def test_one_intent_can_be_changed_only_so_often(standin: Running, client: stripe.StripeClient) -> None:
    standin.control("switches", intent_updates_per_hour=2)
    one, other = (client.v1.payment_intents.create({"amount": 500, "currency": "usd"}) for _ in range(2))
    for _ in range(2):
        client.v1.payment_intents.update(one.id, {"amount": 600})
    with pytest.raises(stripe.RateLimitError):
        client.v1.payment_intents.update(one.id, {"amount": 700})
    assert client.v1.payment_intents.update(other.id, {"amount": 700}).amount == 700
    standin.advance(seconds=3601)
    assert client.v1.payment_intents.update(one.id, {"amount": 700}).amount == 700


@pytest.mark.parametrize("word", ["insufficient_funds", "lost_card", "expired_card", "do_not_honor"])
def test_a_bank_may_be_made_to_decline_whatever_the_card(
    standin: Running, client: stripe.StripeClient, word: str
) -> None:
    standin.faults.load([{"match": {"operation": "payment_intents.confirm"}, "do": f"decline:{word}"}])
    intent = client.v1.payment_intents.create({"amount": 500, "currency": "usd"})
    with pytest.raises(stripe.CardError) as caught:
        client.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
    assert caught.value.error is not None
    known = {"expired_card": ("expired_card", None), "do_not_honor": ("card_declined", "generic_decline")}
    assert (caught.value.code, getattr(caught.value.error, "decline_code", None)) == known.get(
        word, ("card_declined", word)
    )
    assert client.v1.payment_intents.retrieve(intent.id).status == "requires_payment_method"
    assert client.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"}).status == "succeeded"


@pytest.mark.parametrize(("habit", "tries"), [("unsaid", 1), ("said", 2)])
def test_the_sdk_asks_again_after_a_refusal_only_where_stripe_says_so(standin: Running, habit: str, tries: int) -> None:
    standin.control("switches", should_retry=habit)
    standin.faults.load([{"match": {"operation": "balance.retrieve"}, "do": "lock_timeout"}])
    client = standin.client(max_network_retries=1)
    if habit == "said":
        assert client.v1.balance.retrieve().object == "balance"
    else:
        with pytest.raises(stripe.RateLimitError):
            client.v1.balance.retrieve()
    assert len(standin.control("journal", operation="balance.retrieve")["requests"]) == tries
