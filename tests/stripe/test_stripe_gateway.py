"""The gateway against the stand-in over HTTP: what it sends, what it reads, and what each failure means."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stripe

from connector import crash, errors
from connector.clock import Clock
from connector.ledger.money import Money
from connector.stripe import gateway as gateway_module
from connector.stripe import wire
from connector.stripe.facts import NewIntent
from connector.stripe.gateway import READS, WRITES, StripeGateway
from tests.stripe_standin import Running, running
from tests.stripe_types import check_params

VISA = "4242424242424242"


class ImpatientClock(Clock):
    """Real time, and sleep that only counts."""

    def __init__(self) -> None:
        super().__init__()
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.fixture
def standin() -> Iterator[Running]:
    with running() as one:
        one.control("switches", payout_interval="manual", charge_transaction="at_once")
        yield one


@pytest.fixture
def clock() -> ImpatientClock:
    return ImpatientClock()


@pytest.fixture
def gateway(standin: Running, clock: ImpatientClock) -> StripeGateway:
    account = standin.standin.ground.platform
    return StripeGateway(account=account, secret_key=standin.standin.restricted_key, api_base=standin.url, clock=clock)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stripe.HTTPClient, "_sleep_time_seconds", lambda *_, **__: 0.0)


def new(payment_id: str = "01PAYMENT", minor: int = 12345, **more: Any) -> NewIntent:
    return NewIntent(payment_id, Money(minor, "USD"), "Invoice 1068", {"tieout_customer": "24"}, **more)


def requests(standin: Running, operation: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = standin.control("journal", operation=operation)["requests"]
    return listed


def faults(standin: Running, operation: str, do: str, times: int = 0) -> None:
    standin.faults.load([{"match": {"service": "stripe", "operation": operation, "times": times}, "do": do}])


def test_owners_are_told_every_right_that_a_key_needs() -> None:
    calls = re.findall(r"self\._(read|write|pages)\(\s*\"[\w.]+\",\s*\"(\w+)\"", inspect.getsource(gateway_module))
    called = {{"account": "accounts"}.get(resource, resource) for _, resource in calls}
    changing = {resource for verb, resource in calls if verb == "write"}
    assert len(calls) > 15
    writes, reads = ({name.lower().replace(" ", "_") for name in names} for names in (WRITES, READS))
    assert changing == writes
    assert called - writes <= reads


class TestVerbs:
    def test_a_host_is_registered_once_and_a_persons_switch_is_left_alone(
        self, standin: Running, gateway: StripeGateway
    ) -> None:
        assert gateway.register_host("pay.example.test") is True
        assert gateway.register_host("pay.example.test") is True
        assert len(requests(standin, "payment_method_domains.create")) == 1
        client = stripe.StripeClient(standin.standin.secret_key, base_addresses={"api": standin.url})
        [domain] = client.v1.payment_method_domains.list().data
        client.v1.payment_method_domains.update(domain.id, {"enabled": False})
        assert gateway.register_host("pay.example.test") is False
        with pytest.raises(errors.Rejected):
            gateway.register_host("no host at all")

    def test_an_intent_made_and_read(self, standin: Running, gateway: StripeGateway) -> None:
        intent = gateway.create_intent(new(), key="t1-01PAYMENT-create-1")
        assert (intent.status, intent.amount, intent.payment_id) == (
            "requires_payment_method",
            Money(12345, "USD"),
            "01PAYMENT",
        )
        assert intent.metadata == {"tieout_customer": "24", "tieout_payment": "01PAYMENT"}
        assert intent.charge is None
        assert gateway.intent(intent.intent_id) == intent
        [sent] = requests(standin, "payment_intents.create")
        assert sent["idempotency_key"] == "t1-01PAYMENT-create-1"

    def test_the_same_key_gives_the_same_intent(self, standin: Running, gateway: StripeGateway) -> None:
        first, second = (gateway.create_intent(new(), key="k") for _ in range(2))
        assert first == second
        assert len(standin.control("state", kind="payment_intents")["payment_intents"]) == 1

    def test_a_paid_intent_carries_its_charge_and_its_money(self, standin: Running, gateway: StripeGateway) -> None:
        intent = gateway.create_intent(new(), key="k")
        standin.control("pay", payment_intent=intent.intent_id, card=VISA)
        paid = gateway.intent(intent.intent_id)
        assert (paid.status, paid.received) == ("succeeded", Money(12345, "USD"))
        assert paid.charge is not None
        assert paid.charge.method_label == "Visa 4242"
        assert paid.charge.txn is not None
        assert paid.charge.txn.net == Money(12345 - 388, "USD")
        assert gateway.charge(paid.charge.charge_id) == paid.charge
        assert gateway.balance() == {"USD": paid.charge.txn.net}
        [txn] = gateway.balance_txns()
        assert (txn.charge_id, txn.payment_id) == (paid.charge.charge_id, "01PAYMENT")
        assert (txn.txn_id, txn.net) == (paid.charge.txn.txn_id, paid.charge.txn.net)

    def test_cancelling(self, standin: Running, gateway: StripeGateway) -> None:
        intent = gateway.create_intent(new(), key="k")
        assert gateway.cancel_intent(intent.intent_id).status == "canceled"
        paid = gateway.create_intent(new("02"), key="k2")
        standin.control("pay", payment_intent=paid.intent_id, card=VISA)
        with pytest.raises(errors.Rejected) as refused:
            gateway.cancel_intent(paid.intent_id)
        assert refused.value.code == "payment_intent_unexpected_state"

    def test_a_lost_intent_is_found_by_its_payment(
        self, standin: Running, gateway: StripeGateway, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("connector.stripe.gateway.PAGE", 2)
        made = [gateway.create_intent(new(f"0{n}"), key=f"k{n}") for n in range(5)]
        now = standin.clock.now().astimezone(UTC)
        assert gateway.find_intent("00", now) == made[0]
        assert gateway.find_intent("04", now) == made[4]
        assert gateway.find_intent("05", now) is None
        assert gateway.find_intent("00", now + timedelta(hours=1)) is None, "not made after that"
        assert gateway.find_intent("00", now - timedelta(days=2)) is None, "not made within a day of that"

    def test_payouts_and_what_they_hold(self, standin: Running, gateway: StripeGateway) -> None:
        for n in range(2):
            intent = gateway.create_intent(new(f"0{n}"), key=f"k{n}")
            standin.control("pay", payment_intent=intent.intent_id, card=VISA)
        standin.control("release")
        made = standin.control("payout")["payout"]
        [payout] = gateway.payouts(datetime(2020, 1, 1, tzinfo=UTC))
        assert (payout.payout_id, payout.status, payout.reconciled) == (made["id"], "in_transit", False)
        assert payout.amount.minor == 2 * (12345 - 388)
        standin.control("arrive", payout=made["id"])
        arrived = gateway.payout(made["id"])
        assert (arrived.status, arrived.reconciled, arrived.automatic) == ("paid", True, True)
        members = list(gateway.balance_txns(payout=made["id"]))
        assert {txn.payout_id for txn in members} == {made["id"]}
        assert sum(txn.net.minor for txn in members if txn.txn_id != payout.balance_txn) == payout.amount.minor
        assert gateway.balance() == {"USD": Money(0, "USD")}

    def test_pages_are_followed_to_the_end(
        self, standin: Running, gateway: StripeGateway, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("connector.stripe.gateway.PAGE", 2)
        for n in range(5):
            intent = gateway.create_intent(new(f"0{n}"), key=f"k{n}")
            standin.control("pay", payment_intent=intent.intent_id, card=VISA)
        ids = [txn.payment_id for txn in gateway.balance_txns()]
        assert sorted(ids) == ["00", "01", "02", "03", "04"]
        assert len(requests(standin, "balance_transactions.list")) == 3

    def test_whose_key_it_is(self, standin: Running, gateway: StripeGateway) -> None:
        facts = gateway.account()
        assert (facts.account, facts.livemode, facts.name) == (gateway.stripe_account, False, "Harbor Tile Co.")

    def test_what_is_asked_for_passes_the_sdks_own_types(
        self, monkeypatch: pytest.MonkeyPatch, gateway: StripeGateway
    ) -> None:
        asked: list[Any] = []
        send = gateway._client.raw_request

        def spy(method: str, url: str, **params: Any) -> Any:
            asked.append((method, url, params.pop("idempotency_key")))
            asked.append(params)
            return send(method, url, **params)

        monkeypatch.setattr(gateway._client, "raw_request", spy)
        gateway.create_intent(new(statement_suffix="INV 1068"), key="k")
        assert asked[0] == ("post", "/v1/payment_intents", "k")
        form = {**asked[1], "amount": str(asked[1]["amount"]), "automatic_payment_methods": {"enabled": "true"}}
        assert check_params(stripe.params.PaymentIntentCreateParams, form) == []


class TestFailures:
    @pytest.mark.parametrize(
        ("do", "kind", "code"),
        [
            ("unauthorised", errors.Unauthorised, "api_key_expired"),
            ("forbidden", errors.Unauthorised, "account_invalid"),
            ("rate_limit", errors.RateLimited, "rate_limit"),
            ("lock_timeout", errors.RateLimited, "lock_timeout"),
            ("api_error", errors.UnknownOutcome, "api_error"),
            ("in_use", errors.UnknownOutcome, "idempotency_key_in_use"),
            ("status:503", errors.UnknownOutcome, ""),
            ("status_html:502", errors.UnknownOutcome, ""),
            ("truncate", errors.UnknownOutcome, ""),
            ("reset_before", errors.UnknownOutcome, ""),
            ("drop_after_commit", errors.UnknownOutcome, ""),
        ],
    )
    def test_of_a_write(
        self, standin: Running, gateway: StripeGateway, do: str, kind: type[errors.GatewayError], code: str
    ) -> None:
        faults(standin, "payment_intents.create", do)
        with pytest.raises(errors.GatewayError) as failure:
            gateway.create_intent(new(), key="k")
        assert type(failure.value) is kind
        assert failure.value.code == code
        assert failure.value.service == "stripe"
        assert standin.standin.restricted_key not in str(failure.value)

    @pytest.mark.parametrize("do", ["api_error", "status:503", "truncate", "reset_before", "drop_after_commit"])
    def test_of_a_read_nothing_can_have_happened(self, standin: Running, gateway: StripeGateway, do: str) -> None:
        intent = gateway.create_intent(new(), key="k")
        faults(standin, "payment_intents.retrieve", do)
        with pytest.raises(errors.Transient):
            gateway.intent(intent.intent_id)

    def test_a_definite_no_carries_its_code_and_trace(self, gateway: StripeGateway) -> None:
        with pytest.raises(errors.Rejected) as refused:
            gateway.create_intent(new(minor=10), key="k")
        error = refused.value
        assert (error.code, error.status) == ("amount_too_small", 400)
        assert error.trace.startswith("req_")

    def test_the_same_key_with_other_words_is_our_own_mistake(self, gateway: StripeGateway) -> None:
        gateway.create_intent(new(), key="k")
        with pytest.raises(errors.Rejected) as refused:
            gateway.create_intent(new(minor=999), key="k")
        assert refused.value.code == "idempotency_error"

    def test_what_is_not_there(self, gateway: StripeGateway) -> None:
        for ask in (gateway.intent, gateway.charge, gateway.payout):
            with pytest.raises(errors.NotFound):
                ask("xx_nothing")

    def test_a_stripe_that_is_gone(self, clock: ImpatientClock) -> None:
        gateway = StripeGateway(account="acct_1", secret_key="sk_test_x", api_base="http://127.0.0.1:9", clock=clock)
        with pytest.raises(errors.Transient):
            gateway.balance()
        with pytest.raises(errors.UnknownOutcome):
            gateway.create_intent(new(), key="k")


class TestPatience:
    @pytest.mark.parametrize("do", ["reset_before", "drop_after_commit", "status:503", "in_use"])
    def test_one_failure_is_survived_with_the_same_key(
        self, standin: Running, gateway: StripeGateway, clock: ImpatientClock, do: str
    ) -> None:
        faults(standin, "payment_intents.create", do, times=1)
        intent = gateway.create_intent(new(), key="k")
        assert len(standin.control("state", kind="payment_intents")["payment_intents"]) == 1
        assert {row["idempotency_key"] for row in requests(standin, "payment_intents.create")} == {"k"}
        assert intent.client_secret
        assert clock.slept == []

    def test_slowing_down_when_asked(self, standin: Running, gateway: StripeGateway, clock: ImpatientClock) -> None:
        faults(standin, "payment_intents.create", "rate_limit", times=2)
        gateway.create_intent(new(), key="k")
        assert len(clock.slept) == 2
        assert 0.5 <= clock.slept[0] <= 1.5
        assert clock.slept[1] <= 4.5

    def test_not_for_ever(self, standin: Running, gateway: StripeGateway, clock: ImpatientClock) -> None:
        faults(standin, "payment_intents.create", "rate_limit")
        with pytest.raises(errors.RateLimited) as limited:
            gateway.create_intent(new(), key="k")
        assert limited.value.wait_seconds > 0
        assert len(clock.slept) == 2


class TestTheWire:
    def test_no_call_while_a_write_is_open(self, gateway: StripeGateway) -> None:
        with crash.writing("settle"), pytest.raises(AssertionError, match=r"stripe\.balance\.read is sent while"):
            gateway.balance()

    def test_every_verb_passes_the_points(self, gateway: StripeGateway, monkeypatch: pytest.MonkeyPatch) -> None:
        passed: list[str] = []
        monkeypatch.setattr(crash, "point", passed.append)
        intent = gateway.create_intent(new(), key="k")
        gateway.cancel_intent(intent.intent_id)
        list(gateway.balance_txns())
        list(gateway.payouts(datetime(2026, 1, 1, tzinfo=UTC)))
        gateway.account()
        names = ("intent.create", "intent.cancel", "balance_txn.list", "payout.list", "account.read", "balance.read")
        assert passed == [f"stripe.{name}.{when}" for name in names for when in ("before_send", "after_send")]

    def test_time_outs_and_retries_are_set(self, gateway: StripeGateway) -> None:
        """The SDK's own defaults are 80 seconds and, for a client, not one retry."""
        assert wire._http()._timeout == (5, 30)  # type: ignore[attr-defined]
        assert gateway._client._requestor._options.max_network_retries == 2
        assert stripe.enable_telemetry is False

    def test_the_connections_are_shared_by_all_keys(self, clock: ImpatientClock) -> None:
        made = [
            StripeGateway(account="a", secret_key=f"sk_test_{n}", api_base="http://127.0.0.1:9", clock=clock)
            for n in range(2)
        ]
        clients = {id(one._client._requestor._get_http_client()) for one in made}
        assert clients == {id(wire._http())}
