"""What payers pay with and how it is kept: setup intents, mandates, tokens, sessions, Link, wallets, copied methods."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.stripe_standin import Running

ACCEPTED: Any = {
    "customer_acceptance": {"type": "online", "online": {"ip_address": "10.1.2.3", "user_agent": "a browser"}}
}
OFFLINE: Any = {"customer_acceptance": {"type": "offline", "accepted_at": 1_795_000_000}}


def customer(client: stripe.StripeClient) -> str:
    return client.v1.customers.create({"name": "Blue Mesa Ranch"}).id


def kinds(client: stripe.StripeClient) -> list[str]:
    return [event.type for event in client.v1.events.list({"limit": 100}).data][::-1]


def pay(client: stripe.StripeClient, **more: Any) -> stripe.PaymentIntent:
    params: Any = {"amount": 500, "currency": "usd", "confirm": True, "expand": ["latest_charge"], **more}
    return client.v1.payment_intents.create(params)


@pytest.mark.parametrize("usage", ["off_session", "on_session"])
def test_a_card_is_set_up_and_kept(client: stripe.StripeClient, usage: Any) -> None:
    who = customer(client)
    made = client.v1.setup_intents.create({"customer": who, "usage": usage, "metadata": {"a": "1"}})
    assert (made.status, made.usage, made.payment_method) == ("requires_payment_method", usage, None)
    changed = client.v1.setup_intents.update(made.id, {"description": "for later", "metadata": {"a": "2"}})
    assert changed.metadata is not None
    assert (changed.description, changed.metadata.to_dict()) == ("for later", {"a": "2"})
    done = client.v1.setup_intents.confirm(made.id, {"payment_method": "pm_card_visa"})
    assert done.status == "succeeded"
    assert client.v1.setup_intents.retrieve(made.id, {"expand": ["payment_method"]}).payment_method.customer == who  # type: ignore[union-attr]
    assert [one.id for one in client.v1.setup_intents.list({"customer": who}).data] == [made.id]
    ours = [kind for kind in kinds(client) if not kind.startswith("customer.")]
    assert ours == ["setup_intent.created", "setup_intent.succeeded", "payment_method.attached"]
    for refused in (
        lambda: client.v1.setup_intents.confirm(made.id, {"payment_method": "pm_card_visa"}),
        lambda: client.v1.setup_intents.cancel(made.id),
        lambda: client.v1.setup_intents.update(made.id, {"description": "too late"}),
    ):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            refused()
        assert caught.value.code == "setup_intent_unexpected_state"
        assert caught.value.error is not None
        assert caught.value.error.setup_intent.id == made.id


def test_a_setup_is_cancelled(client: stripe.StripeClient) -> None:
    made = client.v1.setup_intents.create({})
    gone = client.v1.setup_intents.cancel(made.id, {"cancellation_reason": "abandoned"})
    assert (gone.status, gone.cancellation_reason) == ("canceled", "abandoned")
    assert kinds(client)[-1] == "setup_intent.canceled"


def test_each_confirmation_of_a_setup_is_an_attempt(client: stripe.StripeClient) -> None:
    made = client.v1.setup_intents.create({"customer": customer(client)})
    assert made.latest_attempt is None
    with pytest.raises(stripe.CardError):
        client.v1.setup_intents.confirm(made.id, {"payment_method": "pm_card_visa_chargeDeclined"})
    done = client.v1.setup_intents.confirm(made.id, {"payment_method": "pm_card_visa", "expand": ["latest_attempt"]})
    assert isinstance(done.latest_attempt, stripe.SetupAttempt)
    assert (done.latest_attempt.status, done.latest_attempt.setup_intent) == ("succeeded", made.id)
    last, first = client.v1.setup_attempts.list({"setup_intent": made.id}).data
    assert (last.id, last.setup_error) == (done.latest_attempt.id, None)
    assert first.setup_error is not None
    assert (first.status, first.setup_error.code) == ("failed", "card_declined")


@pytest.mark.parametrize(
    ("method", "code"),
    [
        ("pm_card_visa_chargeDeclined", "card_declined"),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card"),
    ],
)
def test_a_card_that_is_refused_is_not_set_up(client: stripe.StripeClient, method: str, code: str) -> None:
    made = client.v1.setup_intents.create({"customer": customer(client)})
    with pytest.raises(stripe.CardError) as caught:
        client.v1.setup_intents.confirm(made.id, {"payment_method": method})
    assert caught.value.code == code
    failed = client.v1.setup_intents.retrieve(made.id)
    assert failed.last_setup_error is not None
    assert (failed.status, failed.last_setup_error.code) == ("requires_payment_method", code)
    assert kinds(client)[-1] == "setup_intent.setup_failed"
    assert client.v1.setup_intents.confirm(made.id, {"payment_method": "pm_card_visa"}).status == "succeeded"


def test_a_setup_asks_the_bank_where_the_card_or_the_merchant_does(client: stripe.StripeClient) -> None:
    asked = client.v1.setup_intents.create(
        {"confirm": True, "payment_method": "pm_card_threeDSecure2Required", "return_url": "http://127.0.0.1:9/back"}
    )
    assert asked.next_action is not None
    assert asked.next_action.redirect_to_url is not None
    assert asked.next_action.redirect_to_url.return_url == "http://127.0.0.1:9/back"
    wanted = client.v1.setup_intents.create(
        {
            "confirm": True,
            "payment_method": "pm_card_visa",
            "use_stripe_sdk": True,
            "payment_method_options": {"card": {"request_three_d_secure": "any"}},
        }
    )
    assert wanted.next_action is not None
    assert wanted.next_action.type == "use_stripe_sdk"


def test_a_bank_account_is_set_up_with_a_mandate_for_many_debits(client: stripe.StripeClient) -> None:
    who = customer(client)
    new: Any = {"customer": who, "confirm": True, "payment_method": "pm_usBankAccount_success"}
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.setup_intents.create(dict(new))
    assert caught.value.param == "mandate_data"
    done = client.v1.setup_intents.create({**new, "mandate_data": ACCEPTED, "expand": ["mandate"]})
    assert isinstance(done.mandate, stripe.Mandate)
    assert (done.mandate.status, done.mandate.type) == ("active", "multi_use")
    online = done.mandate.customer_acceptance.online
    assert online is not None
    assert (online.ip_address, online.user_agent) == ("10.1.2.3", "a browser")
    offline = client.v1.setup_intents.create({**new, "mandate_data": OFFLINE, "expand": ["mandate"]}).mandate
    assert isinstance(offline, stripe.Mandate)
    assert (offline.customer_acceptance.type, offline.customer_acceptance.accepted_at) == ("offline", 1_795_000_000)
    later = pay(client, customer=who, payment_method=str(done.payment_method), off_session=True)
    assert later.status == "processing"


def test_a_mandate_for_one_debit_serves_no_second(client: stripe.StripeClient) -> None:
    who = customer(client)
    bank = client.v1.payment_methods.attach("pm_usBankAccount_success", {"customer": who})
    once = pay(client, customer=who, payment_method=bank.id, mandate_data=ACCEPTED)
    assert isinstance(once.latest_charge, stripe.Charge)
    assert once.latest_charge.payment_method_details is not None
    assert once.latest_charge.payment_method_details.us_bank_account is not None
    mandate = client.v1.mandates.retrieve(str(once.latest_charge.payment_method_details.us_bank_account.mandate))
    assert mandate.single_use is not None
    assert (mandate.type, mandate.single_use.amount) == ("single_use", 500)
    with pytest.raises(stripe.InvalidRequestError, match="requires a mandate") as caught:
        pay(client, customer=who, payment_method=bank.id, off_session=True)
    assert caught.value.error is not None
    assert caught.value.error.payment_intent.id.startswith("pi_")
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.mandates.retrieve("mandate_none")


def test_a_token_confirms_either_kind_of_intent_once_and_within_hours(
    standin: Running, client: stripe.StripeClient
) -> None:
    who = customer(client)
    make = client.v1.test_helpers.confirmation_tokens.create
    bank: Any = {"type": "us_bank_account", "us_bank_account": {}, "billing_details": {"name": "Jo"}}
    bank["us_bank_account"] = {"account_number": "000123456789", "routing_number": "110000000"}
    refused = make({"payment_method_data": bank})
    preview = refused.payment_method_preview
    assert preview is not None
    assert preview.us_bank_account is not None
    assert (preview.type, preview.us_bank_account.last4, refused.payment_intent) == ("us_bank_account", "6789", None)
    card = make(
        {
            "payment_method": "pm_card_visa",
            "return_url": "http://127.0.0.1:9/",
            "shipping": {"name": "Jo", "address": {"city": "Bend"}},
        }
    )
    done = client.v1.setup_intents.create({"customer": who, "confirm": True, "confirmation_token": card.id})
    assert done.status == "succeeded"
    assert client.v1.confirmation_tokens.retrieve(card.id).setup_intent == done.id
    with pytest.raises(stripe.InvalidRequestError) as caught:
        pay(client, confirmation_token=card.id)
    assert caught.value.param == "confirmation_token"
    again = make({"payment_method": "pm_card_visa"})
    made = client.v1.payment_intents.create({"amount": 500, "currency": "usd"})
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.confirm(made.id, {"confirmation_token": again.id, "amount_to_confirm": 1})
    paid = client.v1.payment_intents.confirm(made.id, {"confirmation_token": again.id})
    assert paid.status == "succeeded", "a refusal spends no token"
    assert client.v1.confirmation_tokens.retrieve(again.id).payment_intent == made.id
    late = make({"payment_method": "pm_card_visa"})
    assert late.expires_at == late.created + 12 * 3600
    standin.advance(seconds=12 * 3600 + 1)
    with pytest.raises(stripe.InvalidRequestError):
        pay(client, confirmation_token=late.id)


def test_a_session_shows_what_its_filters_allow_for_half_an_hour(standin: Running, client: stripe.StripeClient) -> None:
    who = customer(client)
    for token, redisplay in (
        ("pm_card_visa", "always"),
        ("pm_card_amex", "limited"),
        ("pm_card_discover", "unspecified"),
    ):
        method = client.v1.payment_methods.attach(token, {"customer": who})
        assert method.allow_redisplay == "unspecified"
        client.v1.payment_methods.update(method.id, {"allow_redisplay": redisplay})  # type: ignore[typeddict-item]
    browser = standin.client(standin.standin.publishable_key)

    def shown(**features: Any) -> list[str]:
        wanted: Any = {"payment_element": {"enabled": True, "features": features}}
        session = client.v1.customer_sessions.create({"customer": who, "components": wanted})
        assert session.expires_at == session.created + 1800
        answer = browser.raw_request(
            "get", "/v1/elements/sessions", customer_session_client_secret=session.client_secret, currency="usd"
        )
        return [row["card"]["brand"] for row in browser.deserialize(answer, api_mode="V1").to_dict()["saved_methods"]]

    on = {"payment_method_redisplay": "enabled"}
    assert shown() == []
    assert shown(**on) == ["visa"]
    every = {**on, "payment_method_allow_redisplay_filters": ["always", "limited", "unspecified"]}
    assert shown(**every) == ["discover", "amex", "visa"]
    assert shown(**every, payment_method_redisplay_limit=2) == ["discover", "amex"]
    for limit in (0, 11):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            shown(**every, payment_method_redisplay_limit=limit)
        assert str(caught.value.param).endswith("[payment_method_redisplay_limit]")
    session = client.v1.customer_sessions.create(
        {"customer": who, "components": {"payment_element": {"enabled": True}}}
    )
    standin.advance(seconds=1801)
    with pytest.raises(stripe.InvalidRequestError) as late:
        browser.raw_request("get", "/v1/elements/sessions", customer_session_client_secret=session.client_secret)
    assert late.value.param == "customer_session_client_secret"


def test_link_pays_like_a_card(client: stripe.StripeClient) -> None:
    made = client.v1.payment_methods.create({"type": "link", "billing_details": {"email": "jo@example.com"}})
    assert made.link is not None
    assert made.link.email == "jo@example.com"
    paid = pay(client, payment_method=made.id)
    assert isinstance(paid.latest_charge, stripe.Charge)
    assert paid.latest_charge.payment_method_details is not None
    assert (paid.status, paid.latest_charge.payment_method_details.type) == ("succeeded", "link")
    assert paid.latest_charge.payment_method_details.link is not None


def test_published_tokens_of_cards_make_methods(client: stripe.StripeClient) -> None:
    made = client.v1.payment_methods.create({"type": "card", "card": {"token": "tok_mastercard"}})
    assert made.card is not None
    assert made.card.brand == "mastercard"
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_methods.create({"type": "card", "card": {"token": "tok_none"}})
    assert caught.value.code == "resource_missing"


@pytest.mark.parametrize("wallet", ["apple_pay", "google_pay"])
def test_a_wallets_token_is_a_card_that_serves_once(standin: Running, client: stripe.StripeClient, wallet: str) -> None:
    browser = standin.client(standin.standin.publishable_key)
    answer = browser.raw_request("post", "/v1/tokens", number="4242424242424242", wallet=wallet)
    token: Any = browser.deserialize(answer, api_mode="V1")["id"]
    made = client.v1.payment_methods.create({"type": "card", "card": {"token": token}})
    assert made.card is not None
    assert made.card.wallet is not None
    assert (made.card.wallet.type, made.card.last4) == (wallet, "4242")
    paid = pay(client, payment_method=made.id)
    assert isinstance(paid.latest_charge, stripe.Charge)
    details = paid.latest_charge.payment_method_details
    assert details is not None
    assert details.card is not None
    assert details.card.wallet is not None
    assert details.card.wallet.type == wallet
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_methods.create({"type": "card", "card": {"token": token}})
    assert caught.value.code == "token_already_used"


def test_a_platforms_method_is_copied_to_a_connected_account(standin: Running, client: stripe.StripeClient) -> None:
    account = standin.control("connect_account", name="Cedar Stone")["account"]
    who = customer(client)
    held = client.v1.payment_methods.attach("pm_card_visa", {"customer": who})
    there: Any = {"stripe_account": account}
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_methods.create({"payment_method": held.id}, there)
    copy = client.v1.payment_methods.create({"customer": who, "payment_method": held.id}, there)
    assert copy.id != held.id
    paid: Any = {"amount": 500, "currency": "usd", "confirm": True, "payment_method": copy.id}
    assert client.v1.payment_intents.create(paid, there).status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_methods.create({"customer": who, "payment_method": held.id})


def test_a_method_is_listed_by_type_and_redisplay(client: stripe.StripeClient) -> None:
    who = customer(client)
    card = client.v1.payment_methods.attach("pm_card_visa", {"customer": who})
    bank = client.v1.payment_methods.attach("pm_usBankAccount_success", {"customer": who})
    changed = client.v1.payment_methods.update(
        card.id,
        {"allow_redisplay": "limited", "card": {"exp_month": 3, "exp_year": 2040}, "billing_details": {"name": "Jo"}},
    )
    assert changed.card is not None
    assert (changed.card.exp_month, changed.billing_details.name) == (3, "Jo")
    assert kinds(client)[-1] == "payment_method.updated"
    listed = client.v1.payment_methods.list
    assert [one.id for one in listed({"customer": who}).data] == [bank.id, card.id]
    assert [one.id for one in listed({"customer": who, "type": "us_bank_account"}).data] == [bank.id]
    assert [one.id for one in listed({"customer": who, "allow_redisplay": "limited"}).data] == [card.id]


def test_a_publishable_key_opens_the_browsers_calls_only(standin: Running, client: stripe.StripeClient) -> None:
    browser = standin.client(standin.standin.publishable_key)
    made = client.v1.payment_intents.create({"amount": 500, "currency": "usd", "metadata": {"secret": "yes"}})
    for forbidden in (
        lambda: browser.v1.payment_intents.create({"amount": 500, "currency": "usd"}),
        lambda: browser.v1.customers.list(),
        lambda: browser.v1.payment_intents.cancel(made.id),
        lambda: browser.v1.balance.retrieve(),
        lambda: browser.v1.refunds.create({"payment_intent": made.id}),
    ):
        with pytest.raises(stripe.AuthenticationError) as caught:
            forbidden()
        assert caught.value.error is not None
        assert caught.value.error.code == "secret_key_required"
    seen = browser.v1.payment_intents.retrieve(made.id, {"client_secret": str(made.client_secret)}).to_dict()
    assert seen["amount"] == 500
    assert not {"metadata", "customer", "latest_charge", "amount_received"} & set(seen)
    for secret in ("", f"{made.client_secret}x", "pi_1_secret_2"):
        with pytest.raises(stripe.InvalidRequestError):
            browser.v1.payment_intents.retrieve(made.id, {"client_secret": secret})
    wrong: Any = {"client_secret": str(made.client_secret), "payment_method": "pm_card_visa", "off_session": True}
    with pytest.raises(stripe.InvalidRequestError) as unknown:
        browser.v1.payment_intents.confirm(made.id, wrong)
    assert unknown.value.param == "off_session"


@pytest.mark.parametrize(
    ("way", "kind"), [({"card": "4242424242424242"}, "card"), ({"bank_account": "000123456789"}, "us_bank_account")]
)
def test_what_a_payer_holds_ready_is_priced_first_and_pays_once(
    standin: Running, client: stripe.StripeClient, way: dict[str, str], kind: str
) -> None:
    """The order `hold` stands for the Payment Element, which makes a token before anything is charged."""
    held = standin.control("hold", **way)["confirmation_token"]
    token = client.v1.confirmation_tokens.retrieve(held)
    assert token.payment_method_preview is not None
    assert token.payment_method_preview.type == kind
    first, second = (client.v1.payment_intents.create({"amount": 500, "currency": "usd"}) for _ in range(2))
    assert standin.control("pay", payment_intent=first.id, confirmation_token=held)["status"] == 200
    assert client.v1.payment_intents.retrieve(first.id).status in ("succeeded", "processing")
    assert standin.control("pay", payment_intent=second.id, confirmation_token=held)["status"] == 400, "once"


def test_a_connected_bank_account_is_seen_and_given_up(standin: Running, client: stripe.StripeClient) -> None:
    who = customer(client)
    made = client.v1.payment_intents.create(
        {"amount": 500, "currency": "usd", "customer": who, "setup_future_usage": "off_session"}
    )
    assert standin.control("pay", payment_intent=made.id, bank_account="000123456789")["status"] == 200
    [account] = client.v1.financial_connections.accounts.list({"account_holder": {"customer": who}}).data
    assert (account.institution_name, account.last4, account.status) == ("Test Institution", "6789", "active")
    [bank] = client.v1.customers.payment_methods.list(who).data
    assert bank.us_bank_account is not None
    assert bank.us_bank_account.financial_connections_account == account.id
    assert client.v1.financial_connections.accounts.disconnect(account.id).status == "disconnected"
    assert client.v1.financial_connections.accounts.retrieve(account.id).status == "disconnected"
    assert {"financial_connections.account.created", "financial_connections.account.disconnected"} <= set(kinds(client))
    assert pay(client, customer=who, payment_method=bank.id, off_session=True).status == "processing"


@pytest.mark.parametrize("institution", ["Down Bank (Scheduled)", "Down Bank (Unscheduled)"])
def test_a_bank_that_is_down_connects_nothing(standin: Running, institution: str) -> None:
    browser = standin.client(standin.standin.publishable_key)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        browser.raw_request(
            "post", "/v1/financial_connections/accounts", institution=institution, account_number="000123456789"
        )
    assert caught.value.code == "institution_unavailable"
