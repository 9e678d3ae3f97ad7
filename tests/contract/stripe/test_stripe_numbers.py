"""Every published test number and token, and what it does: a line of the table is a line here."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.contract.stripe.money import net, told
from tests.stripe_standin import Running

ACCEPTED: Any = {"customer_acceptance": {"type": "offline"}}
TRY, STOP, CHECK = "try_again_later", "do_not_try_again", "confirm_card_data"


def by_number(number: str) -> Any:
    code = "1234" if number.startswith("37") else "123"
    return {
        "type": "card",
        "card": {"number": number, "exp_month": 12, "exp_year": 2034, "cvc": code},
        "billing_details": {"address": {"line1": "1 Mesa Road", "postal_code": "94107", "country": "US"}},
    }


def method_of(client: stripe.StripeClient, number: str) -> str:
    """Return the id of a payment method made of a card number."""
    return client.v1.payment_methods.create(by_number(number)).id


def pay(client: stripe.StripeClient, **given: Any) -> stripe.PaymentIntent:
    params: Any = {"amount": 5_000, "currency": "usd", "confirm": True, "expand": ["latest_charge"], **given}
    return client.v1.payment_intents.create(params)


def charge_of(intent: stripe.PaymentIntent) -> stripe.Charge:
    assert isinstance(intent.latest_charge, stripe.Charge)
    return intent.latest_charge


GOOD = [
    ("4242424242424242", "pm_card_visa", "visa", "credit"),
    ("5555555555554444", "pm_card_mastercard", "mastercard", "credit"),
    ("378282246310005", "pm_card_amex", "amex", "credit"),
    ("6011111111111117", "pm_card_discover", "discover", "credit"),
    ("4000056655665556", "pm_card_visa_debit", "visa", "debit"),
    ("5200828282828210", "pm_card_mastercard_debit", "mastercard", "debit"),
    ("5105105105105100", "pm_card_mastercard_prepaid", "mastercard", "prepaid"),
]


@pytest.mark.parametrize(("number", "token", "brand", "funding"), GOOD)
def test_cards_that_pay(client: stripe.StripeClient, number: str, token: str, brand: str, funding: str) -> None:
    for method in (method_of(client, number), token):
        charge = charge_of(pay(client, payment_method=method))
        details = charge.payment_method_details
        assert details is not None
        assert details.card is not None
        assert (details.card.brand, details.card.funding, details.card.last4) == (brand, funding, number[-4:])
        assert charge.outcome is not None
        assert (charge.outcome.type, charge.outcome.risk_level) == ("authorized", "normal")


DECLINES = [
    ("4000000000000002", "pm_card_visa_chargeDeclined", "card_declined", "generic_decline", TRY, "05"),
    (
        "4000000000009995",
        "pm_card_visa_chargeDeclinedInsufficientFunds",
        "card_declined",
        "insufficient_funds",
        TRY,
        "51",
    ),
    ("4000000000009987", "pm_card_visa_chargeDeclinedLostCard", "card_declined", "lost_card", STOP, "41"),
    ("4000000000009979", "pm_card_visa_chargeDeclinedStolenCard", "card_declined", "stolen_card", STOP, "43"),
    ("4000000000000069", "pm_card_chargeDeclinedExpiredCard", "expired_card", None, CHECK, "54"),
    ("4000000000000127", "pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", None, CHECK, "N7"),
    ("4000000000000119", "pm_card_chargeDeclinedProcessingError", "processing_error", None, TRY, None),
    (
        "4000000000006975",
        "pm_card_visa_chargeDeclinedVelocityLimitExceeded",
        "card_declined",
        "card_velocity_exceeded",
        TRY,
        "05",
    ),
]


@pytest.mark.parametrize(("number", "token", "code", "decline_code", "advice", "network"), DECLINES)
def test_cards_that_are_declined_say_why_and_what_to_do(
    client: stripe.StripeClient,
    number: str,
    token: str,
    code: str,
    decline_code: str | None,
    advice: str,
    network: str | None,
) -> None:
    for method in (method_of(client, number), token):
        with pytest.raises(stripe.CardError) as caught:
            pay(client, payment_method=method)
        error = caught.value.error
        assert error is not None
        assert caught.value.http_status == 402
        said = [getattr(error, name, None) for name in ("code", "decline_code", "advice_code", "network_decline_code")]
        assert said == [code, decline_code, advice, network]
        intent = client.v1.payment_intents.retrieve(error.payment_intent.id, {"expand": ["latest_charge"]})
        assert intent.status == "requires_payment_method"
        assert intent.last_payment_error is not None
        assert intent.last_payment_error.code == code
        charge = charge_of(intent)
        assert error.charge == charge.id
        assert charge.outcome is not None
        assert (charge.status, charge.failure_code, charge.outcome.type) == ("failed", code, "issuer_declined")
        assert charge.outcome.advice_code == advice
        assert charge.outcome.network_decline_code == network
    assert told(client)[1:3] == ["charge.failed", "payment_intent.payment_failed"]


@pytest.mark.parametrize(
    ("part", "code"),
    [
        ({"number": "4242424242424241"}, "incorrect_number"),
        ({"exp_month": 13}, "invalid_expiry_month"),
        ({"exp_year": 2019}, "invalid_expiry_year"),
        ({"cvc": "12"}, "invalid_cvc"),
    ],
)
def test_what_cannot_be_a_card_is_refused_before_any_bank_is_asked(
    client: stripe.StripeClient, part: dict[str, Any], code: str
) -> None:
    wrong = by_number("4242424242424242")
    wrong["card"] |= part
    with pytest.raises(stripe.CardError) as caught:
        client.v1.payment_methods.create(wrong)
    assert caught.value.code == code
    assert client.v1.charges.list().data == []


@pytest.mark.parametrize("number", ["4100000000000019", "4000000000004954"])
def test_risk_rules_block_a_card_before_its_bank_is_asked(client: stripe.StripeClient, number: str) -> None:
    with pytest.raises(stripe.CardError) as caught:
        pay(client, payment_method=method_of(client, number))
    assert caught.value.error is not None
    charge = client.v1.charges.retrieve(str(caught.value.error.charge))
    assert charge.outcome is not None
    assert (charge.outcome.type, charge.outcome.network_status, charge.outcome.risk_level) == (
        "blocked",
        "not_sent_to_network",
        "highest",
    )
    assert charge.outcome.network_decline_code is None


@pytest.mark.parametrize(
    ("number", "failing"),
    [
        ("4000000000000101", {"cvc_check"}),
        ("4000000000000036", {"address_postal_code_check"}),
        ("4000000000000028", {"address_line1_check"}),
        ("4000000000000010", {"address_line1_check", "address_postal_code_check"}),
        ("4242424242424242", set()),
    ],
)
def test_checks_of_code_and_address_may_fail_though_the_payment_succeeds(
    client: stripe.StripeClient, number: str, failing: set[str]
) -> None:
    details = charge_of(pay(client, payment_method=method_of(client, number))).payment_method_details
    assert details is not None
    assert details.card is not None
    assert details.card.checks is not None
    checks = details.card.checks.to_dict()
    assert {name for name, result in checks.items() if result == "fail"} == failing
    assert {checks[name] for name in checks.keys() - failing} == {"pass"}


def test_an_elevated_risk_is_told_and_paid(client: stripe.StripeClient) -> None:
    charge = charge_of(pay(client, payment_method=method_of(client, "4000000000009235")))
    assert charge.outcome is not None
    assert (charge.status, charge.outcome.risk_level) == ("succeeded", "elevated")


def test_a_card_that_can_be_saved_and_then_declines(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({"name": "Blue Mesa Ranch"})
    method = client.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer.id})
    with pytest.raises(stripe.CardError) as caught:
        pay(client, customer=customer.id, payment_method=method.id, off_session=True)
    assert caught.value.code == "card_declined"
    with pytest.raises(stripe.CardError):
        client.v1.payment_methods.attach("pm_card_visa_chargeDeclined", {"customer": customer.id})


@pytest.mark.parametrize(
    ("number", "statuses"),
    [
        ("4000000000000259", ["needs_response"]),
        ("4000000000002685", ["needs_response"]),
        ("4000000000001976", ["warning_needs_response"]),
        ("4000000404000079", ["needs_response", "needs_response"]),
        ("4000000000005423", []),
    ],
)
def test_cards_that_are_disputed(
    standin: Running, client: stripe.StripeClient, number: str, statuses: list[str]
) -> None:
    charge = charge_of(pay(client, payment_method=method_of(client, number)))
    standin.advance(seconds=3)
    found = client.v1.disputes.list({"charge": charge.id}).data
    assert [dispute.status for dispute in found] == statuses
    reason = "product_not_received" if number.endswith("2685") else "fraudulent"
    assert {dispute.reason for dispute in found} <= {reason}
    warnings = client.v1.radar.early_fraud_warnings.list({"charge": charge.id}).data
    assert len(warnings) == (number == "4000000000005423")


def test_money_that_bypasses_pending(standin: Running, client: stripe.StripeClient) -> None:
    pay(client, payment_method=method_of(client, "4000000000000077"))
    standin.advance(seconds=2)
    [available] = client.v1.balance.retrieve().available
    assert available.amount == net(client) == 5_000 - 175


@pytest.mark.parametrize(
    ("number", "first", "saved", "off_session"),
    [
        ("4000002500003155", "requires_action", "succeeded", "succeeded"),
        ("4000002760003184", "requires_action", "requires_action", "authentication_required"),
        ("4000003800000446", "requires_action", "requires_action", "succeeded"),
        ("4242424242424242", "succeeded", "succeeded", "succeeded"),
    ],
)
def test_who_asks_for_authentication_and_when(
    standin: Running, client: stripe.StripeClient, number: str, first: str, saved: str, off_session: str
) -> None:
    assert pay(client, payment_method=method_of(client, number)).status == first
    customer = client.v1.customers.create({"name": "Blue Mesa Ranch"})
    intent = client.v1.payment_intents.create(
        {"amount": 5_000, "currency": "usd", "customer": customer.id, "setup_future_usage": "off_session"}
    )
    paid = standin.control("pay", payment_intent=intent.id, card=number, challenge="complete")["payment_intent"]
    assert paid["status"] == "succeeded"
    [method] = client.v1.customers.payment_methods.list(customer.id).data
    given = {"customer": customer.id, "payment_method": method.id}
    assert pay(client, **given).status == saved
    if off_session == "succeeded":
        assert pay(client, **given, off_session=True).status == "succeeded"
    else:
        with pytest.raises(stripe.CardError) as caught:
            pay(client, **given, off_session=True)
        assert caught.value.code == off_session
        assert caught.value.error is not None
        assert caught.value.error.payment_method.id == method.id


@pytest.mark.parametrize(
    ("number", "code", "decline_code"),
    [
        ("4000008260003178", "card_declined", "insufficient_funds"),
        ("4000008400001629", "card_declined", "generic_decline"),
        ("4000000000003220", None, None),
    ],
)
def test_what_comes_after_the_challenge(
    standin: Running, client: stripe.StripeClient, number: str, code: str | None, decline_code: str | None
) -> None:
    intent = client.v1.payment_intents.create({"amount": 5_000, "currency": "usd"})
    answer = standin.control("pay", payment_intent=intent.id, card=number, challenge="complete")["payment_intent"]
    error = answer["last_payment_error"] or {}
    assert (error.get("code"), error.get("decline_code")) == (code, decline_code)
    assert answer["status"] == ("requires_payment_method" if code else "succeeded")


def test_a_challenge_that_fails_or_cannot_be_looked_up(standin: Running, client: stripe.StripeClient) -> None:
    intent = client.v1.payment_intents.create({"amount": 5_000, "currency": "usd"})
    answer = standin.control("pay", payment_intent=intent.id, card="4000000000003220", challenge="fail")
    error = answer["payment_intent"]["last_payment_error"]
    assert error["code"] == "payment_intent_authentication_failure"
    assert client.v1.charges.list().data == [], "no bank was asked"
    with pytest.raises(stripe.CardError):
        pay(client, payment_method=method_of(client, "4000008400001280"))


BANKS = [
    ("000111111113", "accountClosed", "account_closed", "R02"),
    ("000111111116", "noAccount", "no_account", "R03"),
    ("000222222227", "insufficientFunds", "insufficient_funds", None),
    ("000333333335", "debitNotAuthorized", "debit_not_authorized", "R10"),
    ("000444444440", "invalidCurrency", "invalid_currency", None),
    ("000888888885", None, "account_closed", "R02"),
]


@pytest.mark.parametrize(("number", "token", "code", "blocked"), BANKS)
def test_bank_accounts_whose_debits_fail_after_days(
    standin: Running, client: stripe.StripeClient, number: str, token: str | None, code: str, blocked: str | None
) -> None:
    made = client.v1.payment_intents.create({"amount": 5_000, "currency": "usd"})
    intents = [made.id]
    standin.control("pay", payment_intent=made.id, bank_account=number)
    if token:
        intents.append(pay(client, payment_method=f"pm_usBankAccount_{token}", mandate_data=ACCEPTED).id)
    assert {client.v1.payment_intents.retrieve(key).status for key in intents} == {"processing"}
    before = len(told(client))
    standin.advance(days=2)
    assert len(told(client)) == before, "nothing is known on the second day"
    standin.advance(days=5)
    for key in intents:
        failed = client.v1.payment_intents.retrieve(key, {"expand": ["latest_charge"]})
        assert (failed.status, charge_of(failed).failure_code) == ("requires_payment_method", code)
        method = client.v1.payment_methods.retrieve(str(charge_of(failed).payment_method))
        assert method.us_bank_account is not None
        details = method.us_bank_account.status_details
        found = getattr(details, "blocked", None)
        if number == "000888888885":
            assert found is not None
            assert found.reason == "tokenized_account_number_deactivated"
        else:
            assert (found and found.network_code) == blocked
    assert net(client) == 0
    names = told(client, before)
    assert names.index("charge.failed") < names.index("payment_intent.payment_failed")


def test_a_bank_account_that_pays_and_then_disputes(standin: Running, client: stripe.StripeClient) -> None:
    intent = pay(client, payment_method="pm_usBankAccount_dispute", mandate_data=ACCEPTED)
    standin.advance(days=6)
    standin.advance(seconds=5)
    assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"
    [dispute] = client.v1.disputes.list({"payment_intent": intent.id}).data
    assert (dispute.status, dispute.evidence_details.due_by) == ("lost", None)


@pytest.mark.parametrize(
    ("token", "code"), [("weeklyLimitExceeded", "charge_exceeds_source_limit"), ("riskLevelHighest", "card_declined")]
)
def test_bank_accounts_that_are_refused_at_once(client: stripe.StripeClient, token: str, code: str) -> None:
    with pytest.raises(stripe.CardError) as caught:
        pay(client, payment_method=f"pm_usBankAccount_{token}", mandate_data=ACCEPTED)
    assert caught.value.code == code


def test_a_debit_is_told_step_by_step(standin: Running, client: stripe.StripeClient) -> None:
    intent = pay(client, payment_method="pm_usBankAccount_success", mandate_data=ACCEPTED)
    assert told(client) == [
        "payment_intent.created",
        "mandate.updated",
        "payment_intent.processing",
        "charge.pending",
    ]
    assert charge_of(intent).id.startswith("py_")
    details = charge_of(intent).payment_method_details
    assert details is not None
    assert details.us_bank_account is not None
    assert details.us_bank_account.payment_reference is None
    before = len(told(client))
    standin.advance(days=6)
    assert [name for name in told(client, before) if "payout" not in name][:2] == [
        "charge.succeeded",
        "payment_intent.succeeded",
    ]
    [booked] = client.v1.balance_transactions.list({"type": "payment"}).data
    assert (booked.fee, booked.reporting_category) == (40, "charge")
