"""Connect through the SDK: isolation, accounts and their onboarding, OAuth and its end, direct charges, the events."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
import stripe

from tests.stripe_standin import DAY, Running

RETURN = "http://127.0.0.1:9/return?company=7"
REFRESH = "http://127.0.0.1:9/refresh"
TOLD = {
    "name": "Cedar Stone",
    "business_type": "company",
    "url": "https://cedar.example",
    "email": "owner@cedar.example",
    "routing_number": "110000000",
    "account_number": "000123456789",
    "agreed": "yes",
    "outcome": "submit",
}


@pytest.fixture
def connect(standin: Running) -> stripe.StripeClient:
    return stripe.StripeClient(
        standin.standin.secret_key,
        client_id=standin.standin.client_id,
        base_addresses={"api": standin.url, "connect": standin.url},
    )


def browse(method: str, url: str, /, **data: str) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, url, data=data, allow_redirects=False, timeout=10)


def told(answer: requests.Response) -> dict[str, str]:
    """Return the query of the address that a page leads to."""
    assert answer.status_code == 302, answer.text
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


def consent(client: stripe.StripeClient, account: str, **more: Any) -> dict[str, str]:
    url = client.oauth.authorize_url({"scope": "read_write", "state": "s1", "redirect_uri": RETURN, **more})
    return told(browse("POST", url, outcome="connect", account=account))


def charge(client: stripe.StripeClient, account: str, **more: Any) -> stripe.PaymentIntent:
    params: Any = {"amount": 500, "currency": "usd", "confirm": True, "payment_method": "pm_card_visa", **more}
    return client.v1.payment_intents.create(params, {"stripe_account": account})


def code_of(caught: pytest.ExceptionInfo[stripe.StripeError]) -> str | None:
    """Return the code in the answer: the SDK leaves it out of its PermissionError."""
    assert caught.value.error is not None
    return caught.value.error.code


def event_types(client: stripe.StripeClient, account: str) -> list[str]:
    return [event.type for event in client.v1.events.list({"limit": 100}, {"stripe_account": account}).data]


def test_an_account_is_opened_and_told_about_through_a_link(standin: Running, client: stripe.StripeClient) -> None:
    hooks = standin.listen(connect=True, enabled_events=["account.updated"])
    made = client.v1.accounts.create(
        {
            "controller": {
                "fees": {"payer": "account"},
                "losses": {"payments": "stripe"},
                "requirement_collection": "stripe",
                "stripe_dashboard": {"type": "full"},
            },
            "email": "owner@cedar.example",
            "capabilities": {
                "card_payments": {"requested": True},
                "us_bank_account_ach_payments": {"requested": True},
                "transfers": {"requested": True},
            },
            "metadata": {"company": "7"},
        }
    )
    assert (made.charges_enabled, made.payouts_enabled, made.details_submitted) == (False, False, False)
    assert made.requirements is not None
    assert "external_account" in (made.requirements.currently_due or [])
    assert made.capabilities is not None
    assert made.capabilities.card_payments == "inactive"
    with pytest.raises(stripe.InvalidRequestError, match="cannot currently make charges"):
        charge(client, made.id)

    link = client.v1.account_links.create(
        {"account": made.id, "type": "account_onboarding", "refresh_url": REFRESH, "return_url": RETURN}
    )
    assert link.expires_at - link.created == 300
    form = standin.url + browse("GET", link.url).headers["Location"]
    assert "Tell about your business" in browse("GET", form).text
    assert browse("GET", link.url).headers["Location"] == REFRESH, "a link serves once"
    wrong = browse("POST", form, **{**TOLD, "account_number": "12345678"})
    assert "Use a test account number" in wrong.text
    assert not client.v1.accounts.retrieve(made.id).charges_enabled
    assert browse("POST", form, **TOLD).headers["Location"] == RETURN

    ready = client.v1.accounts.retrieve(made.id)
    assert (ready.charges_enabled, ready.payouts_enabled, ready.details_submitted) == (True, True, True)
    assert ready.requirements is not None
    assert ready.requirements.currently_due == []
    assert ready.capabilities is not None
    assert ready.capabilities.us_bank_account_ach_payments == "active"
    assert charge(client, made.id).status == "succeeded"
    standin.settle()
    [(_, body)] = hooks.got
    event = json.loads(body)
    assert (event["type"], event["account"], event["data"]["object"]["id"]) == ("account.updated", made.id, made.id)
    assert event["data"]["previous_attributes"]["charges_enabled"] is False


def test_a_link_can_be_left_for_later_and_grows_stale(standin: Running, client: stripe.StripeClient) -> None:
    made = client.v1.accounts.create({"type": "standard"})
    assert (made.type, made.country, made.default_currency) == ("standard", "US", "usd")
    new: Any = {"account": made.id, "type": "account_onboarding", "refresh_url": REFRESH, "return_url": RETURN}
    form = standin.url + browse("GET", client.v1.account_links.create(new).url).headers["Location"]
    assert browse("POST", form, outcome="later").headers["Location"] == RETURN
    assert client.v1.accounts.retrieve(made.id).details_submitted is False
    stale = client.v1.account_links.create(new).url
    standin.advance(seconds=301)
    assert browse("GET", stale).headers["Location"] == REFRESH
    assert browse("GET", stale.rpartition("/")[0] + "/nothing").status_code == 404
    standin.advance(seconds=3600)
    assert browse("GET", form).status_code == 404, "the visit has ended"
    for name in ("refresh_url", "return_url"):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            client.v1.account_links.create({**new, name: ""})
        assert caught.value.param == name
    with pytest.raises(stripe.PermissionError) as forbidden:
        client.v1.account_links.create({**new, "account": "acct_1none"})
    assert code_of(forbidden) == "account_invalid"


def test_accounts_are_changed_and_listed_by_the_platform_alone(standin: Running, client: stripe.StripeClient) -> None:
    made = client.v1.accounts.create({"type": "standard", "business_profile": {"name": "Cedar"}})
    joined = standin.control("connect_account", name="Delta Brick")
    changed = client.v1.accounts.update(
        made.id,
        {
            "business_profile": {"url": "https://cedar.example", "support_address": {"city": "Bend"}},
            "settings": {"payouts": {"schedule": {"interval": "weekly", "weekly_anchor": "friday"}}},
            "metadata": {"company": "7"},
        },
    )
    assert changed.business_profile is not None
    assert (changed.business_profile.name, changed.business_profile.url) == ("Cedar", "https://cedar.example")
    assert changed.settings is not None
    assert changed.settings.payouts is not None
    assert changed.settings.payouts.schedule.interval == "weekly"
    labelled = client.v1.accounts.update(joined["account"], {"metadata": {"a": "1"}}).metadata
    assert labelled is not None
    assert labelled.to_dict() == {"a": "1"}
    with pytest.raises(stripe.PermissionError) as caught:
        client.v1.accounts.update(joined["account"], {"email": "new@delta.example"})
    assert code_of(caught) == "not_allowed_on_standard_account"
    assert {account.id for account in client.v1.accounts.list().data} == {made.id, joined["account"]}
    own = standin.client(joined["secret_key"])
    assert own.v1.accounts.list().data == []
    assert own.v1.accounts.retrieve_current().id == joined["account"]
    with pytest.raises(stripe.InvalidRequestError) as platform:
        own.v1.accounts.create({"type": "standard"})
    assert code_of(platform) == "platform_account_required"
    with pytest.raises(stripe.InvalidRequestError) as unknown:
        client.v1.accounts.create({"controller": {"fees": {"payer": "nobody"}}})  # type: ignore[typeddict-item]
    assert unknown.value.param == "controller[fees][payer]"
    wrong: Any = {"type": "standard", "capabilities": {"teleports": {"requested": True}}}
    with pytest.raises(stripe.InvalidRequestError) as twice:
        client.v1.accounts.create(wrong)
    assert code_of(twice) == "parameter_unknown"


def test_what_one_account_has_no_other_sees(standin: Running, client: stripe.StripeClient) -> None:
    one, two = (standin.control("connect_account", name=name)["account"] for name in ("Cedar", "Delta"))
    paid = charge(client, one)
    for options in ({"stripe_account": two}, {}):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            client.v1.payment_intents.retrieve(paid.id, None, options)  # type: ignore[arg-type]
        assert code_of(caught) == "resource_missing"
    assert client.v1.charges.list(None, {"stripe_account": two}).data == []
    assert client.v1.events.list().data == []
    with pytest.raises(stripe.PermissionError) as unknown:
        client.v1.balance.retrieve(None, {"stripe_account": "acct_1nobody"})
    assert (code_of(unknown), unknown.value.http_status) == ("account_invalid", 403)


def test_a_direct_charge_is_the_connected_accounts_own(standin: Running, client: stripe.StripeClient) -> None:
    account = standin.control("connect_account", name="Cedar Stone")["account"]
    hooks = standin.listen(connect=True)
    own = standin.listen()
    paid = charge(client, account, expand=["latest_charge"])
    standin.advance(days=3)
    standin.settle()
    assert isinstance(paid.latest_charge, stripe.Charge)
    assert str(paid.latest_charge.calculated_statement_descriptor).startswith("CEDAR STONE")
    theirs = client.v1.balance_transactions.list({"type": "charge"}, {"stripe_account": account}).data
    assert [row.source for row in theirs] == [paid.latest_charge.id]
    assert client.v1.balance_transactions.list().data == []
    kinds = {json.loads(body)["type"] for _, body in hooks.got}
    assert {"payment_intent.succeeded", "charge.succeeded"} <= kinds
    assert {json.loads(body)["account"] for _, body in hooks.got} == {account}
    assert own.got == []


def test_oauth_connects_an_account_until_it_is_given_back(
    standin: Running, client: stripe.StripeClient, connect: stripe.StripeClient
) -> None:
    hooks = standin.listen(connect=True)
    existing = standin.standin.open_account("acct_1Cedar0000000000", name="Cedar Stone", connected=False)["account"]
    with pytest.raises(stripe.PermissionError):
        charge(client, existing)
    page = browse("GET", connect.oauth.authorize_url({"scope": "read_write", "redirect_uri": RETURN}))
    assert "Connect your account to Harbor Tile Co." in page.text
    assert "Cedar Stone" in page.text
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    back = consent(connect, existing)
    assert (back["company"], back["state"], back["scope"]) == ("7", "s1", "read_write")
    got = connect.oauth.token({"grant_type": "authorization_code", "code": back["code"]})
    assert (got.stripe_user_id, got.livemode, got.scope, got.token_type) == (existing, False, "read_write", "bearer")
    assert str(got.stripe_publishable_key).startswith("pk_test_")
    assert charge(client, existing).status == "succeeded"
    assert standin.client(got.access_token).v1.accounts.retrieve_current().id == existing
    again = connect.oauth.token({"grant_type": "refresh_token", "refresh_token": str(got.refresh_token)})
    assert (again.stripe_user_id, again.refresh_token) == (existing, got.refresh_token)

    gone = connect.oauth.deauthorize({"stripe_user_id": existing})
    assert gone.stripe_user_id == existing
    with pytest.raises(stripe.PermissionError) as caught:
        charge(client, existing)
    assert code_of(caught) == "account_invalid"
    with pytest.raises(stripe.AuthenticationError):
        standin.client(again.access_token).v1.accounts.retrieve_current()
    with pytest.raises(stripe.oauth_error.InvalidGrantError):
        connect.oauth.token({"grant_type": "refresh_token", "refresh_token": str(got.refresh_token)})
    with pytest.raises(stripe.oauth_error.InvalidClientError, match="not connected"):
        connect.oauth.deauthorize({"stripe_user_id": existing})
    standin.settle()
    seen = [(event["type"], event["account"]) for event in (json.loads(body) for _, body in hooks.got)]
    assert seen[0] == ("account.application.authorized", existing)
    assert seen[-1] == ("account.application.deauthorized", existing)
    assert json.loads(hooks.got[-1][1])["data"]["object"]["id"] == standin.standin.client_id


def test_a_new_business_can_join_and_an_owner_may_refuse(standin: Running, connect: stripe.StripeClient) -> None:
    url = connect.oauth.authorize_url({"redirect_uri": RETURN, "state": "s1"})
    refused = told(browse("POST", url, outcome="deny"))
    assert refused == {
        "company": "7",
        "error": "access_denied",
        "error_description": "The user denied your request",
        "state": "s1",
    }
    back = told(browse("POST", url, outcome="connect", account="new", name="Delta Brick"))
    got = connect.oauth.token({"grant_type": "authorization_code", "code": back["code"]})
    account = str(got.stripe_user_id)
    assert got.scope == "read_only", "read only unless asked for more"
    seen = connect.v1.accounts.retrieve(account)
    assert seen.business_profile is not None
    assert seen.business_profile.name == "Delta Brick"
    assert connect.v1.balance.retrieve(None, {"stripe_account": account}).object == "balance"
    with pytest.raises(stripe.PermissionError) as caught:
        charge(connect, account)
    assert code_of(caught) == "more_permissions_required"


def test_a_code_serves_once_and_for_minutes(standin: Running, connect: stripe.StripeClient) -> None:
    account = standin.standin.open_account("acct_1Cedar0000000000", name="Cedar Stone", connected=False)["account"]
    late = consent(connect, account)["code"]
    standin.advance(seconds=301)
    with pytest.raises(stripe.oauth_error.InvalidGrantError, match="expired"):
        connect.oauth.token({"grant_type": "authorization_code", "code": late})
    code = consent(connect, account)["code"]
    connect.oauth.token({"grant_type": "authorization_code", "code": code})
    assert charge(connect, account).status == "succeeded"
    with pytest.raises(stripe.oauth_error.InvalidGrantError, match="already been used"):
        connect.oauth.token({"grant_type": "authorization_code", "code": code})
    with pytest.raises(stripe.PermissionError):
        charge(connect, account)
    with pytest.raises(stripe.oauth_error.InvalidGrantError, match="does not exist"):
        connect.oauth.token({"grant_type": "authorization_code", "code": "ac_none"})
    with pytest.raises(stripe.oauth_error.UnsupportedGrantTypeError):
        connect.oauth.token({"grant_type": "password"})
    with pytest.raises(stripe.oauth_error.InvalidRequestError):
        connect.oauth.token({})
    stranger = stripe.StripeClient("sk_test_wrong", base_addresses={"api": standin.url, "connect": standin.url})
    with pytest.raises(stripe.oauth_error.InvalidClientError):
        stranger.oauth.token({"grant_type": "authorization_code", "code": code})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"client_id": "ca_other"}, "No application matches"),
        ({"redirect_uri": "https://elsewhere.example/"}, "Invalid redirect URI"),
        ({"scope": "everything"}, "Unrecognized scope"),
        ({"response_type": "token"}, "response type"),
    ],
)
def test_a_consent_that_cannot_lead_back_is_not_asked_for(
    connect: stripe.StripeClient, change: dict[str, str], words: str
) -> None:
    answer = browse("GET", connect.oauth.authorize_url({"redirect_uri": RETURN, **change}))  # type: ignore[typeddict-item]
    assert answer.status_code == 400
    assert words in answer.text


def test_the_owner_can_disconnect_as_in_the_dashboard(standin: Running, client: stripe.StripeClient) -> None:
    account = standin.control("connect_account", name="Cedar Stone")["account"]
    hooks = standin.listen(connect=True)
    standin.control("revoke_account", account=account)
    standin.settle()
    assert [json.loads(body)["type"] for _, body in hooks.got] == ["account.application.deauthorized"]
    with pytest.raises(stripe.PermissionError):
        client.v1.balance.retrieve(None, {"stripe_account": account})


def test_payment_method_domains_are_each_accounts_own(standin: Running, client: stripe.StripeClient) -> None:
    account = standin.control("connect_account", name="Cedar Stone")["account"]
    made = client.v1.payment_method_domains.create({"domain_name": "Pay.Cedar.example"}, {"stripe_account": account})
    assert (made.domain_name, made.enabled, made.apple_pay.status) == ("pay.cedar.example", True, "active")
    assert client.v1.payment_method_domains.list().data == []
    options: Any = {"stripe_account": account}
    assert client.v1.payment_method_domains.create({"domain_name": "pay.cedar.example"}, options).id == made.id
    off = client.v1.payment_method_domains.update(made.id, {"enabled": False}, options)
    assert (off.enabled, off.google_pay.status) == (False, "inactive")
    assert client.v1.payment_method_domains.validate(made.id, None, options).link.status == "inactive"
    found = client.v1.payment_method_domains.list({"domain_name": "pay.cedar.example", "enabled": False}, options).data
    assert [domain.id for domain in found] == [made.id]
    failing = client.v1.payment_method_domains.create({"domain_name": "shop.invalid"}, options)
    assert failing.apple_pay.status_details is not None
    assert failing.apple_pay.status_details.error_message
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_method_domains.create({"domain_name": "https://pay.cedar.example/"})
    assert caught.value.param == "domain_name"


def test_a_connected_account_is_paid_out_by_itself(standin: Running, client: stripe.StripeClient) -> None:
    made = client.v1.accounts.create({"type": "standard"})
    link = client.v1.account_links.create(
        {"account": made.id, "type": "account_onboarding", "refresh_url": REFRESH, "return_url": RETURN}
    )
    browse("POST", standin.url + browse("GET", link.url).headers["Location"], **TOLD)
    paid = charge(client, made.id)
    for _ in range(7):
        standin.clock.advance(DAY)
        standin.standin.tick()
    [payout] = client.v1.payouts.list(None, {"stripe_account": made.id}).data
    assert payout.amount == 500 - 45
    assert paid.status == "succeeded"
    assert "payout.paid" in event_types(client, made.id)


def test_a_platform_takes_its_share_of_a_direct_charge(standin: Running, client: stripe.StripeClient) -> None:
    account = standin.control("connect_account", name="Cedar Stone")["account"]
    hooks = standin.listen(enabled_events=["application_fee.created"])
    paid = charge(client, account, amount=10_000, application_fee_amount=250, expand=["latest_charge"])
    standin.advance(seconds=5)
    standin.settle()
    assert paid.application_fee_amount == 250
    [theirs] = client.v1.balance_transactions.list({"type": "charge"}, {"stripe_account": account}).data
    assert (theirs.fee, theirs.net) == (320 + 250, 10_000 - 570)
    assert {detail.type: detail.amount for detail in theirs.fee_details} == {"stripe_fee": 320, "application_fee": 250}
    [ours] = client.v1.balance_transactions.list({"type": "application_fee"}).data
    assert (ours.net, ours.reporting_category) == (250, "platform_earning")
    assert isinstance(paid.latest_charge, stripe.Charge)
    [fee] = client.v1.application_fees.list({"charge": paid.latest_charge.id}).data
    assert (fee.id, fee.amount, fee.account, fee.balance_transaction) == (ours.source, 250, account, ours.id)
    seen = client.v1.charges.retrieve(paid.latest_charge.id, None, {"stripe_account": account})
    assert (seen.application_fee, seen.application_fee_amount) == (fee.id, 250)
    assert client.v1.application_fees.retrieve(fee.id).charge == seen.id
    [(_, body)] = hooks.got
    assert json.loads(body)["data"]["object"]["id"] == fee.id
    for options, amount in (({}, 250), ({"stripe_account": account}, 501)):
        wrong: Any = {"amount": 500, "currency": "usd", "application_fee_amount": amount}
        with pytest.raises(stripe.InvalidRequestError) as caught:
            client.v1.payment_intents.create(wrong, options)  # type: ignore[arg-type]
        assert caught.value.param == "application_fee_amount"


@pytest.mark.parametrize("booked_at", ["success", "submission"])
def test_a_debit_that_fails_gives_the_platforms_share_back(
    standin: Running, client: stripe.StripeClient, booked_at: str
) -> None:
    account = standin.control("connect_account", name="Cedar Stone")["account"]
    standin.control("switches", debit_transaction_at=booked_at)
    made: Any = {"amount": 10_000, "currency": "usd", "application_fee_amount": 250}
    intent = client.v1.payment_intents.create(made, {"stripe_account": account})
    standin.control("pay", account=account, payment_intent=intent.id, bank_account="000222222227")
    standin.advance(days=8)
    assert client.v1.payment_intents.retrieve(intent.id, None, {"stripe_account": account}).status == (
        "requires_payment_method"
    )
    for options in ({}, {"stripe_account": account}):
        rows = client.v1.balance_transactions.list(None, options).data  # type: ignore[arg-type]
        assert sum(row.net for row in rows) == 0
    assert [fee.refunded for fee in client.v1.application_fees.list().data] == [True] * (booked_at == "submission")
