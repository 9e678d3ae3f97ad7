"""The pages for a person: what they show, and that their buttons do what they say for a person at this page only."""

from __future__ import annotations

import html
import re

import pytest
import requests
import stripe

from tests.stripe_standin import Running


@pytest.fixture
def person(standin: Running) -> requests.Session:
    session = requests.Session()
    session.headers["Origin"] = standin.url
    return session


def words(answer: requests.Response) -> str:
    """Return a page's text without its tags."""
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.text)))


def press(person: requests.Session, standin: Running, order: str, **fields: str) -> str:
    return words(person.post(f"{standin.url}/orders/{order}", data=fields, timeout=5))


def paid(standin: Running, amount: int = 62_000, **how: str) -> stripe.PaymentIntent:
    client = standin.client()
    intent = client.v1.payment_intents.create(
        {"amount": amount, "currency": "usd", "description": "Invoice 1068", "capture_method": "automatic"}
    )
    standin.control("pay", payment_intent=intent.id, **how)
    return client.v1.payment_intents.retrieve(intent.id)


def test_an_empty_sandbox_says_what_will_come(standin: Running, person: requests.Session) -> None:
    text = words(person.get(standin.url, timeout=5))
    assert "Stand-in Stripe sandbox" in text
    assert "No payments yet." in text
    assert "Pay out now" not in text.replace("when you press Pay out now", "")


def test_the_home_page_tells_balance_payments_and_payouts(standin: Running, person: requests.Session) -> None:
    paid(standin, card="4242424242424242")
    paid(standin, 10_000, bank_account="000123456789")
    text = words(person.get(standin.url, timeout=5))
    assert "Pending $601.72" in text
    assert "$620.00 Succeeded Invoice 1068 Visa •••• 4242" in text
    assert "$100.00 Processing Invoice 1068 Test Institution •••• 6789" in text
    assert "Available $601.72" in press(person, standin, "release")
    text = press(person, standin, "payout")
    assert "A payout is on its way." in text
    assert "On its way to the bank $601.72" in text
    payout = standin.client().v1.payouts.list().data[0].id
    assert "Arrived" in press(person, standin, "arrive", payout=payout)
    detail = words(person.get(f"{standin.url}/payouts/{payout}", timeout=5))
    assert "Automatic payout" in detail
    assert "$620.00 $18.28 $601.72" in detail
    assert "Available $601.72" in press(person, standin, "fail_payout", payout=payout)


def test_a_debit_is_settled_returned_or_failed_by_a_button(standin: Running, person: requests.Session) -> None:
    first, second = (paid(standin, 10_000, bank_account="000123456789") for _ in range(2))
    back = f"/payments/{first.id}"
    text = press(person, standin, "settle_debit", payment_intent=first.id, back=back)
    assert "The debit has settled." in text
    assert "Payment" in text
    assert "$99.20" in text
    charge = str(standin.client().v1.payment_intents.retrieve(first.id).latest_charge)
    text = press(person, standin, "return_debit", charge=charge, reason="no_account", back=back)
    assert "Disputed" in text
    assert "−$15.80" in text
    text = press(person, standin, "fail_debit", payment_intent=second.id, code="account_closed", back="/")
    assert "$100.00 Failed" in text
    assert "There is no debit under way" in press(person, standin, "settle_debit", payment_intent=second.id)


def test_a_refund_takes_an_amount_as_a_person_writes_it(standin: Running, person: requests.Session) -> None:
    intent = paid(standin, card="4242424242424242")
    charge, back = str(intent.latest_charge), f"/payments/{intent.id}"
    for wrong in ("12.345", "twelve", "-1", "1.2"):
        assert "is not an amount" in press(person, standin, "refund", charge=charge, amount=wrong, back=back)
    text = press(person, standin, "refund", charge=charge, amount="$1,20.50", reason="duplicate", back=back)
    assert "Partly refunded" in text
    [refund] = standin.client().v1.refunds.list().data
    assert (refund.amount, refund.reason) == (12_050, "duplicate")
    [created] = standin.client().v1.events.list({"type": "refund.created"}).data
    assert created.request is not None
    assert created.request.id is None, "made in the dashboard, by no request of the product"


def test_a_dispute_is_opened_and_closed(standin: Running, person: requests.Session) -> None:
    intent = paid(standin, card="4242424242424242")
    back = f"/payments/{intent.id}"
    assert "Needs a response" in press(person, standin, "dispute", charge=str(intent.latest_charge), back=back)
    dispute = standin.client().v1.disputes.list().data[0].id
    assert "Won" in press(person, standin, "close_dispute", dispute=dispute, status="won", back=back)


def test_another_page_cannot_press_a_button(standin: Running) -> None:
    intent = paid(standin, card="4242424242424242")
    answer = requests.post(
        f"{standin.url}/orders/refund",
        data={"charge": str(intent.latest_charge)},
        headers={"Origin": "https://evil.example"},
        timeout=5,
    )
    assert answer.status_code == 403
    assert standin.client().v1.refunds.list().data == []


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example/", "/\\evil.example", ""])
def test_a_button_never_leads_away(standin: Running, person: requests.Session, back: str) -> None:
    answer = person.post(f"{standin.url}/orders/payout", data={"back": back}, timeout=5, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


@pytest.mark.parametrize(
    "path", ["/payments/pi_x", "/payments/po_x", "/payouts/po_x", "/3ds/x", "/nowhere", "/?account=x"]
)
def test_what_is_not_there_is_404(standin: Running, person: requests.Session, path: str) -> None:
    assert person.get(standin.url + path, timeout=5).status_code == 404


def test_a_foreign_name_for_this_machine_is_refused(standin: Running) -> None:
    answer = requests.get(standin.url, headers={"Host": "evil.example"}, timeout=5)
    assert answer.status_code == 400


def test_only_listed_orders_have_a_button(standin: Running, person: requests.Session) -> None:
    for order in ("switches", "webhooks", "state", "nonsense"):
        assert person.post(f"{standin.url}/orders/{order}", timeout=5).status_code == 404


def test_what_people_typed_is_shown_as_text(standin: Running, person: requests.Session) -> None:
    standin.client().v1.payment_intents.create(
        {"amount": 500, "currency": "usd", "description": "<script>alert(1)</script>"}
    )
    assert "<script>" not in person.get(standin.url, timeout=5).text


def test_each_account_has_its_own_pages(standin: Running, person: requests.Session) -> None:
    account = standin.control("connect_account", name="Cedar Stone")["account"]
    paid(standin, card="4242424242424242")
    text = words(person.get(f"{standin.url}/?account={account}", timeout=5))
    assert "Cedar Stone" in text
    assert "No payments yet." in text


def test_a_challenge_by_redirect_leads_back_with_the_outcome(standin: Running, person: requests.Session) -> None:
    client = standin.client()
    for outcome, status in (("complete", "succeeded"), ("fail", "failed")):
        intent = client.v1.payment_intents.create(
            {
                "amount": 500,
                "currency": "usd",
                "confirm": True,
                "payment_method": "pm_card_threeDSecure2Required",
                "return_url": "https://shop.example/back?order=7",
            }
        )
        assert intent.next_action is not None
        assert intent.next_action.redirect_to_url is not None
        url = str(intent.next_action.redirect_to_url.url)
        assert "Complete authentication" in words(person.get(url, timeout=5))
        answer = person.post(url, data={"outcome": outcome}, timeout=5, allow_redirects=False)
        assert answer.headers["Location"].startswith("https://shop.example/back?order=7&payment_intent=pi_")
        assert answer.headers["Location"].endswith(f"redirect_status={status}")


def test_a_receipt_can_be_opened(standin: Running, person: requests.Session) -> None:
    intent = paid(standin, card="4242424242424242")
    charge = standin.client().v1.charges.retrieve(str(intent.latest_charge))
    assert "Receipt from Harbor Tile Co." in words(person.get(str(charge.receipt_url), timeout=5))


def test_customers_with_what_they_pay_with_and_their_payments(standin: Running, person: requests.Session) -> None:
    client = standin.client()
    assert "No customers yet." in words(person.get(f"{standin.url}/customers", timeout=5))
    customer = client.v1.customers.create({"name": "Cedar Yard", "email": "ap@cedar.example"})
    client.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    client.v1.payment_intents.create({"amount": 500, "currency": "usd", "customer": customer.id})
    assert "Cedar Yard ap@cedar.example Visa •••• 4242" in words(person.get(f"{standin.url}/customers", timeout=5))
    text = words(person.get(f"{standin.url}/customers/{customer.id}", timeout=5))
    assert "$5.00 Incomplete" in text
    assert person.get(f"{standin.url}/customers/cus_x", timeout=5).status_code == 404


def test_events_are_searched_and_sent_again(standin: Running, person: requests.Session) -> None:
    intent = paid(standin, card="4242424242424242")
    text = words(person.get(f"{standin.url}/events?q=payment_intent.succeeded", timeout=5))
    assert intent.id in text
    assert "charge.succeeded" not in text
    assert "No event of that type" in words(person.get(f"{standin.url}/events?q=nothing", timeout=5))
    event = standin.client().v1.events.list({"type": "payment_intent.succeeded"}).data[0].id
    assert "The event is sent again." in press(person, standin, "resend", event=event, back="/events")


def test_webhooks_are_held_and_let_go(standin: Running, person: requests.Session) -> None:
    assert "No endpoint yet." in words(person.get(f"{standin.url}/webhooks", timeout=5))
    url = f"{standin.url}/nowhere"
    standin.client().v1.webhook_endpoints.create({"url": url, "enabled_events": ["charge.succeeded"]})
    answer = person.post(f"{standin.url}/webhooks", data={"mode": "hold"}, timeout=5)
    assert "charge.succeeded" in words(answer)
    paid(standin, card="4242424242424242")
    assert "mode is one of" in words(person.post(f"{standin.url}/webhooks", data={"mode": "burn"}, timeout=5))
    foreign = requests.post(
        f"{standin.url}/webhooks", data={"mode": "drop"}, headers={"Origin": "https://evil.example"}, timeout=5
    )
    assert foreign.status_code == 403


def test_an_inquiry_is_answered_closed_or_becomes_a_dispute(standin: Running, person: requests.Session) -> None:
    intent = paid(standin, card="4242424242424242")
    back = f"/payments/{intent.id}"
    text = press(person, standin, "dispute", charge=str(intent.latest_charge), reason="inquiry:general", back=back)
    assert "Make it a dispute" in text
    dispute = standin.client().v1.disputes.list().data[0].id
    text = press(person, standin, "escalate_inquiry", dispute=dispute, back=back)
    assert "amount and fee are gone" in text
    assert "Under review" in press(person, standin, "submit_evidence", dispute=dispute, back=back)
    assert "Lost" in press(person, standin, "close_dispute", dispute=dispute, status="lost", back=back)
    assert "Won" in press(person, standin, "close_dispute", dispute=dispute, status="won", back=back)


def test_a_payout_by_hand_is_called_back(standin: Running, person: requests.Session) -> None:
    paid(standin, card="4242424242424242")
    press(person, standin, "release")
    assert "A payout is on its way." in press(person, standin, "payout", amount="100.00", method="standard")
    [payout] = standin.client().v1.payouts.list().data
    assert (payout.amount, payout.automatic) == (10_000, False)
    assert "called back" in press(person, standin, "cancel_payout", payout=payout.id, back=f"/payouts/{payout.id}")
    assert "A payout is on its way." in press(person, standin, "payout", amount="50", method="instant")


def test_a_refund_fails_later(standin: Running, person: requests.Session) -> None:
    intent = paid(standin, card="4242424242424242")
    back = f"/payments/{intent.id}"
    press(person, standin, "refund", charge=str(intent.latest_charge), amount="10", back=back)
    refund = standin.client().v1.refunds.list().data[0].id
    assert "the money is back" in press(person, standin, "fail_refund", refund=refund, back=back)
