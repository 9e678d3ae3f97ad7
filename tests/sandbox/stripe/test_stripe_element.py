"""The Payment Element in a real browser, on a page of another origin under a strict policy: by card, by bank, with the
bank's page, declined; and what an integrator gets back each time."""

from __future__ import annotations

import pytest
import stripe
from playwright.sync_api import FrameLocator, Page, expect
from shop import Shop, query

pytestmark = pytest.mark.browser

ELEMENT = 'iframe[title="Secure payment input frame"]'
BANK = 'iframe[title="Connect a bank account"]'
CHALLENGE = 'iframe[title="Confirm the payment with your bank"]'


def opened(page: Page, shop: Shop) -> FrameLocator:
    page.goto(shop.url)
    frame = page.frame_locator(ELEMENT)
    frame.locator(".head:visible, #panel-card:not([hidden])").first.wait_for()
    return frame


def fill_card(frame: FrameLocator, number: str = "4242424242424242", expiry: str = "1234") -> None:
    frame.locator("[name=number]").press_sequentially(number)
    frame.locator("[name=expiry]").press_sequentially(expiry)
    frame.locator("[name=cvc]").fill("123")
    frame.locator("[name=postalCode]").fill("97201")


def pay(page: Page, said: str) -> None:
    page.click("#pay")
    expect(page.locator("#said")).to_contain_text(said)


def test_a_card_pays_and_its_number_is_formatted_while_typed(page: Page, shop: Shop) -> None:
    frame = opened(page, shop)
    fill_card(frame)
    assert frame.locator("[name=number]").input_value() == "4242 4242 4242 4242"
    assert frame.locator("[name=expiry]").input_value() == "12 / 34"
    pay(page, "succeeded")
    [intent] = shop.intents
    paid = shop.client.v1.payment_intents.retrieve(intent.id, {"expand": ["payment_method"]})
    assert (paid.status, paid.amount_received) == ("succeeded", 62000)
    assert isinstance(paid.payment_method, stripe.PaymentMethod)
    assert paid.payment_method.billing_details.address is not None
    assert paid.payment_method.billing_details.address.postal_code == "97201"
    events = page.evaluate("window.events.map((event) => [event.name, event.complete ?? null])")
    assert events[0] == ["loaderstart", None]
    assert ["ready", None] in events
    assert ["change", True] in events


def test_the_card_number_never_touches_the_shop(page: Page, shop: Shop) -> None:
    frame = opened(page, shop)
    page.evaluate("window.heard = []; window.addEventListener('message', (e) => window.heard.push(e.data))")
    fill_card(frame)
    pay(page, "succeeded")
    told = page.evaluate("JSON.stringify([window.heard, window.events, window.answer])")
    assert "4242424242424242" not in told.replace(" ", "")
    assert '"cvc"' not in told
    seen = page.evaluate("Object.keys(window.answer.paymentIntent)")
    assert "metadata" not in seen
    assert "customer" not in seen


@pytest.mark.parametrize(
    ("number", "expiry", "words"),
    [
        ("4242424242424241", "1234", "invalid_number: Your card number is invalid."),
        ("4242", "1234", "incomplete_number: Your card number is incomplete."),
        ("4242424242424242", "1220", "invalid_expiry_year_past: Your card's expiration year is in the past."),
        ("4242424242424242", "1334", "invalid_expiry_month: Your card's expiration month is invalid."),
    ],
)
def test_what_is_wrong_is_said_in_words_before_anything_is_sent(
    page: Page, shop: Shop, number: str, expiry: str, words: str
) -> None:
    frame = opened(page, shop)
    fill_card(frame, number, expiry)
    pay(page, words)
    assert shop.intents == []
    wrong = frame.locator('[aria-invalid="true"]')
    expect(wrong).to_have_count(1)
    described_by = wrong.get_attribute("aria-describedby")
    expect(frame.locator(f"#{described_by}")).to_have_text(words.partition(": ")[2])


def test_a_declined_card_can_be_followed_by_another(page: Page, shop: Shop) -> None:
    frame = opened(page, shop)
    fill_card(frame, "4000000000009995")
    pay(page, "insufficient_funds: Your card has insufficient funds.")
    expect(frame.locator("#element-error")).to_have_text("Your card has insufficient funds.")
    [declined] = shop.intents
    shop.given["secret"] = declined.client_secret
    frame = opened(page, shop)
    fill_card(frame)
    pay(page, "succeeded")
    assert shop.client.v1.payment_intents.retrieve(declined.id).status == "succeeded"


@pytest.mark.parametrize(
    ("button", "said", "status"),
    [
        ("Complete authentication", "succeeded", "succeeded"),
        ("Fail authentication", "payment_intent_authentication_failure", "requires_payment_method"),
    ],
)
def test_the_banks_page_is_shown_and_both_its_answers_count(
    page: Page, shop: Shop, button: str, said: str, status: str
) -> None:
    frame = opened(page, shop)
    fill_card(frame, "4000000000003220")
    page.click("#pay")
    page.frame_locator(CHALLENGE).get_by_role("button", name=button).click()
    expect(page.locator("#said")).to_contain_text(said)
    expect(page.locator(CHALLENGE)).to_have_count(0)
    assert shop.client.v1.payment_intents.retrieve(shop.intents[0].id).status == status


def test_a_bank_account_is_connected_and_debited(page: Page, shop: Shop) -> None:
    frame = opened(page, shop)
    frame.get_by_role("button", name="US bank account").click()
    pay(page, "incomplete_name: Enter your full name.")
    frame.locator("[name=name]").fill("Jo Payer")
    frame.locator("[name=email]").fill("jo@example.com")
    frame.get_by_role("button", name="Connect your bank account").click()
    bank = page.frame_locator(BANK)
    bank.get_by_role("button", name="Down Bank (Scheduled)").click()
    expect(bank.locator("#institution-error")).to_contain_text("down for maintenance")
    bank.get_by_role("button", name="Test Institution").click()
    bank.get_by_label("Insufficient funds").check()
    bank.get_by_role("button", name="Connect account").click()
    expect(frame.locator("#connected")).to_contain_text("Test Institution •••• 2227")
    expect(frame.locator('[data-terms="bank"]')).to_contain_text("you authorize Harbor Tile Co. to debit")
    pay(page, "processing")
    charge = shop.client.v1.payment_intents.retrieve(shop.intents[0].id, {"expand": ["latest_charge"]}).latest_charge
    assert isinstance(charge, stripe.Charge)
    assert charge.payment_method_details is not None
    assert charge.payment_method_details.us_bank_account is not None
    mandate = shop.client.v1.mandates.retrieve(str(charge.payment_method_details.us_bank_account.mandate))
    assert mandate.customer_acceptance.online is not None
    assert "Chrome" in str(mandate.customer_acceptance.online.user_agent)


def test_a_bank_account_typed_by_hand_is_verified_by_microdeposits(page: Page, shop: Shop) -> None:
    frame = opened(page, shop)
    frame.get_by_role("button", name="US bank account").click()
    frame.locator("[name=name]").fill("Jo Payer")
    frame.locator("[name=email]").fill("jo@example.com")
    frame.get_by_role("button", name="Connect your bank account").click()
    bank = page.frame_locator(BANK)
    bank.get_by_role("button", name="Enter bank details by hand instead").click()
    bank.locator("[name=routingNumber]").fill("110000000")
    bank.locator("[name=accountNumber]").fill("000123456789")
    bank.locator("[name=accountNumberConfirm]").fill("000123456788")
    bank.get_by_role("button", name="Use this account").click()
    expect(bank.locator("#accountNumberConfirm-error")).to_have_text("The two account numbers differ.")
    bank.locator("[name=accountNumberConfirm]").fill("000123456789")
    bank.get_by_role("button", name="Use this account").click()
    pay(page, "requires_action")
    action = shop.client.v1.payment_intents.retrieve(shop.intents[0].id).next_action
    assert action is not None
    assert action.verify_with_microdeposits is not None

    page.goto(action.verify_with_microdeposits.hosted_verification_url)
    page.fill("[name=descriptor_code]", "SM99ZZ")
    page.get_by_role("button", name="Verify").click()
    expect(page.locator("#code-error")).to_be_visible()
    page.fill("[name=descriptor_code]", "SM11AA")
    page.get_by_role("button", name="Verify").click()
    expect(page.get_by_role("heading")).to_have_text("Account verified")
    assert shop.client.v1.payment_intents.retrieve(shop.intents[0].id).status == "processing"


def test_with_redirect_always_the_payer_lands_on_the_return_address(page: Page, shop: Shop) -> None:
    shop.given |= {"redirect": "always", "confirm": {"return_url": f"{shop.url}/done?order=7"}}
    frame = opened(page, shop)
    fill_card(frame)
    page.click("#pay")
    page.wait_for_url("**/done?*")
    told = query(page.inner_text("#said"))
    [intent] = shop.intents
    assert told == {
        "order": "7",
        "payment_intent": intent.id,
        "payment_intent_client_secret": intent.client_secret,
        "redirect_status": "succeeded",
    }


def test_a_saved_card_is_offered_and_can_be_removed(page: Page, shop: Shop) -> None:
    customer = shop.client.v1.customers.create({"name": "Blue Mesa Ranch"})
    for token in ("pm_card_visa", "pm_card_mastercard"):
        method = shop.client.v1.payment_methods.attach(token, {"customer": customer.id})
        shop.client.v1.payment_methods.update(method.id, {"allow_redisplay": "always"})
    session = shop.client.v1.customer_sessions.create(
        {
            "customer": customer.id,
            "components": {
                "payment_element": {
                    "enabled": True,
                    "features": {
                        "payment_method_redisplay": "enabled",
                        "payment_method_remove": "enabled",
                        "payment_method_save": "enabled",
                        "payment_method_save_usage": "off_session",
                    },
                }
            },
        }
    )
    shop.given["elements"]["customerSessionClientSecret"] = session.client_secret
    shop.intent["customer"] = customer.id
    frame = opened(page, shop)
    expect(frame.locator(".card-row")).to_have_count(2)
    frame.get_by_role("button", name="Remove Mastercard •••• 4444").click()
    expect(frame.locator(".card-row")).to_have_count(1)
    pay(page, "succeeded")
    assert len(shop.client.v1.customers.payment_methods.list(customer.id).data) == 1

    frame = opened(page, shop)
    frame.get_by_role("button", name="Card", exact=True).click()
    fill_card(frame, "5555555555554444")
    frame.locator("#panel-card [name=save]").check()
    pay(page, "succeeded")
    saved = shop.client.v1.customers.payment_methods.list(customer.id, {"allow_redisplay": "always"}).data
    assert [method.card.brand for method in saved if method.card] == ["mastercard", "visa"]


def test_a_card_is_saved_without_paying(page: Page, shop: Shop) -> None:
    customer = shop.client.v1.customers.create({"name": "Blue Mesa Ranch"})
    setup = shop.client.v1.setup_intents.create({"customer": customer.id})
    shop.given |= {"elements": {"mode": "setup", "currency": "usd"}, "secret": setup.client_secret}
    frame = opened(page, shop)
    expect(frame.locator('[data-terms="card"]')).to_contain_text("for future payments")
    fill_card(frame, "4000002500003155")
    page.click("#pay")
    page.frame_locator(CHALLENGE).get_by_role("button", name="Complete authentication").click()
    expect(page.locator("#said")).to_contain_text("succeeded")
    [saved] = shop.client.v1.customers.payment_methods.list(customer.id).data
    assert saved.card is not None
    assert saved.card.last4 == "3155"


def test_an_intent_for_another_amount_is_refused(page: Page, shop: Shop) -> None:
    shop.intent["amount"] = 61900
    frame = opened(page, shop)
    fill_card(frame)
    pay(page, "invalid_request_error")
    assert shop.client.v1.payment_intents.retrieve(shop.intents[0].id).status == "requires_payment_method"


def test_mistakes_of_the_integrator_are_thrown(page: Page, shop: Shop) -> None:
    opened(page, shop)
    mistakes = {
        "Stripe('sk_test_1')": "publishable key",
        "stripe.elements({clientSecret: 'x', mode: 'payment'})": "both",
        "stripe.elements({mode: 'payment', currency: 'usd'})": "amount",
        "stripe.elements({mode: 'payment', amount: 5})": "currency",
        "elements.create('payment')": "one element",
        "stripe.elements({mode: 'setup', currency: 'usd'}).create('payment').mount('#nowhere')": "#nowhere",
    }
    for code, words in mistakes.items():
        thrown = page.evaluate(f"() => {{ try {{ {code}; return null }} catch (e) {{ return e.name + e.message }} }}")
        assert thrown is not None, code
        assert thrown.startswith("IntegrationError"), code
        assert words in thrown
    rejected = page.evaluate(
        "() => stripe.confirmPayment({elements, clientSecret: 'pi_1_secret_2'}).catch((e) => e.message)"
    )
    assert "return_url" in rejected
    rejected = page.evaluate(
        "() => stripe.confirmPayment({elements, clientSecret: 'pi_1_secret_2', redirect: 'if_required'})"
        ".catch((e) => e.message)"
    )
    assert "elements.submit()" in rejected


def test_without_an_element_the_script_confirms_retrieves_and_follows(page: Page, shop: Shop) -> None:
    opened(page, shop)
    create = shop.client.v1.payment_intents.create
    secret = create({"amount": 500, "currency": "usd"}).client_secret
    paid = page.evaluate(
        "(clientSecret) => stripe.confirmPayment({clientSecret, redirect: 'if_required',"
        " confirmParams: {payment_method: 'pm_card_visa'}})",
        secret,
    )
    assert paid["paymentIntent"]["status"] == "succeeded"
    seen = page.evaluate("(secret) => stripe.retrievePaymentIntent(secret)", secret)
    assert seen["paymentIntent"]["id"] == paid["paymentIntent"]["id"]
    wrong = page.evaluate("(secret) => stripe.retrievePaymentIntent(secret + 'x')", secret)
    assert wrong["error"]["code"] == "resource_missing"

    waiting = create(
        {
            "amount": 500,
            "currency": "usd",
            "confirm": True,
            "use_stripe_sdk": True,
            "payment_method": "pm_card_threeDSecure2Required",
        }
    )
    page.evaluate(
        "(s) => {stripe.handleNextAction({clientSecret: s}).then((a) => {window.answer = a})}", waiting.client_secret
    )
    page.frame_locator(CHALLENGE).get_by_role("button", name="Complete authentication").click()
    expect(page.locator(CHALLENGE)).to_have_count(0)
    page.wait_for_timeout(100)
    assert page.evaluate("window.answer.paymentIntent.status") == "succeeded"


def test_a_confirmation_token_lets_the_server_pay(page: Page, shop: Shop) -> None:
    frame = opened(page, shop)
    fill_card(frame, "4000056655665556")
    token = page.evaluate("elements.submit().then(() => stripe.createConfirmationToken({elements}))")
    key = token["confirmationToken"]["id"]
    preview = shop.client.v1.confirmation_tokens.retrieve(key).payment_method_preview
    assert preview is not None
    assert preview.card is not None
    assert preview.card.funding == "debit"
    paid = shop.client.v1.payment_intents.create(
        {"amount": 62000, "currency": "usd", "confirm": True, "confirmation_token": key}
    )
    assert paid.status == "succeeded"


def test_the_network_gone_is_told_and_nothing_is_charged(page: Page, shop: Shop) -> None:
    frame = opened(page, shop)
    fill_card(frame)
    page.route("**/confirm", lambda route: route.abort())
    pay(page, "api_connection_error")
    page.unroute("**/confirm")
    pay(page, "succeeded")
    assert len(shop.client.v1.charges.list().data) == 1


def test_the_frame_keeps_its_height_and_takes_the_look(page: Page, shop: Shop) -> None:
    shop.given["elements"]["appearance"] = {
        "theme": "night",
        "variables": {"colorPrimary": "rgb(1, 2, 3)", "colorText": "red; background: url(x)", "borderRadius": "3px"},
    }
    page.goto(shop.url)
    first = page.locator(ELEMENT).bounding_box()
    frame = opened(page, shop)
    page.wait_for_timeout(100)
    last = page.locator(ELEMENT).bounding_box()
    assert first is not None
    assert last is not None
    assert abs(first["height"] - last["height"]) <= 24, "the page must not jump when the element is ready"
    head = frame.locator('.head[aria-expanded="true"]')
    assert head.evaluate("(node) => getComputedStyle(node).color") == "rgb(1, 2, 3)"
    assert head.evaluate("(node) => getComputedStyle(node).borderRadius") == "3px"
    assert frame.locator("html").evaluate("(node) => node.classList.contains('night')")


def test_messages_that_do_not_come_from_the_frame_are_not_believed(page: Page, shop: Shop) -> None:
    opened(page, shop)
    before = page.evaluate("window.events.length")
    page.evaluate("window.postMessage({sbx: 1, name: 'change', payload: {complete: true}}, '*')")
    page.wait_for_timeout(100)
    assert page.evaluate("window.events.length") == before
