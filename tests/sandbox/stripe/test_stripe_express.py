"""Beside the Payment Element: wallets in the Express Checkout Element, address and e-mail, banks collected by the
script, languages and looks; each in a real browser on a page of another origin."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from playwright.sync_api import FrameLocator, Page, expect
from shop import Shop

pytestmark = pytest.mark.browser

EXPRESS = 'iframe[title="Secure express checkout frame"]'
SHEET = 'iframe[title="Wallet"]'
BANK = 'iframe[title="Connect a bank account"]'
CHALLENGE = 'iframe[title="Confirm the payment with your bank"]'
EVENTS = ["ready", "click", "confirm", "cancel", "change", "shippingaddresschange", "shippingratechange", "loaderror"]
_MOUNT = """([kind, options, group, events]) => {
  window.heard = [];
  window.group = stripe.elements(group || {mode: "payment", amount: 62000, currency: "usd"});
  window.made = group_create(kind, options);
  function group_create(kind, options) {
    const element = window.group.create(kind, options || {});
    for (const name of events) {
      element.on(name, (event) => {
        const seen = Object.fromEntries(Object.entries(event).filter(([, value]) => typeof value !== "function"));
        window.heard.push({name, ...seen});
        window[name + "Event"] = event;
        window.answers?.[name]?.(event);
      });
    }
    const place = document.createElement("div");
    document.body.prepend(place);
    element.mount(place);
    return element;
  }
}"""
_PAY = """{confirm: async (event) => {
  const {error} = await group.submit();
  if (error) throw new Error(error.message);
  const clientSecret = await (await fetch("/intent", {method: "POST"})).text();
  window.answer = await stripe.confirmPayment({elements: group, clientSecret, redirect: "if_required"});
  if (window.answer.error) event.paymentFailed({message: window.answer.error.message});
}"""


def mounted(page: Page, shop: Shop, kind: str, options: Any = None, group: Any = None) -> FrameLocator:
    """Open the shop and mount one more element on its page."""
    page.goto(shop.url)
    page.evaluate(_MOUNT, [kind, options, group, EVENTS])
    until(page, "window.heard.some(({name}) => name === 'ready')")
    title = {"address": "Secure address input frame", "linkAuthentication": "Secure email input frame"}.get(kind)
    return page.frame_locator(f'iframe[title="{title}"]' if title else EXPRESS)


def heard(page: Page, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate("(name) => window.heard.filter((one) => one.name === name)", name)
    return found


def until(page: Page, true: str) -> None:
    """Wait for something in the page; its policy forbids the waiting that evaluates text there."""
    for _ in range(500):
        if page.evaluate(true):
            return
        page.wait_for_timeout(20)
    raise AssertionError(f"never came true: {true}")


def register(shop: Shop) -> None:
    shop.client.v1.payment_method_domains.create({"domain_name": "127.0.0.1"})


def test_no_wallet_shows_where_its_domain_is_not_registered(page: Page, shop: Shop) -> None:
    mounted(page, shop, "expressCheckout")
    assert heard(page, "ready")[0].get("availablePaymentMethods") is None
    register(shop)
    frame = mounted(page, shop, "expressCheckout", {"paymentMethods": {"link": "never"}})
    assert heard(page, "ready")[0]["availablePaymentMethods"] == {
        **dict.fromkeys(("amazonPay", "klarna", "link", "paypal"), False),
        **dict.fromkeys(("applePay", "googlePay"), True),
    }
    expect(frame.get_by_role("button")).to_have_count(2)


@pytest.mark.parametrize(
    ("button", "kind"), [("Apple Pay", "apple_pay"), ("Google Pay", "google_pay"), ("Link", "link")]
)
def test_a_wallet_pays(page: Page, shop: Shop, button: str, kind: str) -> None:
    register(shop)
    frame = mounted(page, shop, "expressCheckout", {"emailRequired": True})
    page.evaluate(f"window.answers = {_PAY}}}")
    page.evaluate(
        "void (window.answers.click = (event) => event.resolve({lineItems: [{name: 'Invoice 1068', amount: 62000}]}))"
    )
    frame.get_by_role("button", name=f"Pay with {button}").click()
    sheet = page.frame_locator(SHEET)
    expect(sheet.locator("h1")).to_have_text(f"{button}: Harbor Tile Co.")
    expect(sheet.locator("#lines")).to_contain_text("Invoice 1068")
    sheet.get_by_role("button", name="Pay $620.00").click()
    until(page, "Boolean(window.answer)")
    expect(page.locator(SHEET)).to_have_count(0)
    assert page.evaluate("window.answer.paymentIntent.status") == "succeeded"
    assert heard(page, "click")[0]["expressPaymentType"] == kind
    [confirmed] = heard(page, "confirm")
    assert (confirmed["expressPaymentType"], confirmed["billingDetails"]["email"]) == (kind, "jenny@example.com")
    assert "4242" not in page.evaluate("JSON.stringify(window.heard)")
    paid = shop.client.v1.payment_intents.retrieve(shop.intents[0].id, {"expand": ["payment_method"]})
    assert isinstance(paid.payment_method, stripe.PaymentMethod)
    if kind == "link":
        assert paid.payment_method.type == "link"
    else:
        assert paid.payment_method.card is not None
        assert paid.payment_method.card.wallet is not None
        assert paid.payment_method.card.wallet.type == kind


def test_a_wallet_can_be_left_and_a_declined_card_in_it_is_said(page: Page, shop: Shop) -> None:
    register(shop)
    frame = mounted(page, shop, "expressCheckout")
    page.evaluate(f"window.answers = {_PAY}}}")
    page.evaluate("void (window.answers.click = (event) => event.resolve())")
    frame.get_by_role("button", name="Pay with Apple Pay").click()
    page.frame_locator(SHEET).get_by_role("button", name="Cancel").last.click()
    expect(page.locator(SHEET)).to_have_count(0)
    until(page, "window.heard.some(({name}) => name === 'cancel')")
    frame.get_by_role("button", name="Pay with Apple Pay").click()
    page.frame_locator(SHEET).get_by_label("declined").check()
    page.frame_locator(SHEET).get_by_role("button", name="Pay $620.00").click()
    until(page, "Boolean(window.answer)")
    assert page.evaluate("window.answer.error.code") == "card_declined"
    assert shop.client.v1.payment_intents.retrieve(shop.intents[0].id).status == "requires_payment_method"


def test_a_page_may_forbid_the_sheet_and_reckon_delivery(page: Page, shop: Shop) -> None:
    register(shop)
    rates = [{"id": "slow", "displayName": "Slow", "amount": 0}, {"id": "fast", "displayName": "Fast", "amount": 900}]
    frame = mounted(page, shop, "expressCheckout", {"shippingAddressRequired": True, "shippingRates": rates})
    page.evaluate("window.answers = {click: (event) => event.reject()}")
    frame.get_by_role("button", name="Pay with Link").click()
    until(page, "window.heard.some(({name}) => name === 'click')")
    expect(page.locator(SHEET)).to_have_count(0)
    page.evaluate(
        """window.answers = {
          click: (event) => event.resolve(),
          shippingaddresschange: (event) =>
            event.resolve({lineItems: [{name: 'To ' + event.address.city, amount: 62000}]}),
          shippingratechange: async (event) => {
            await group.update({amount: 62000 + event.shippingRate.amount});
            event.resolve({});
          },
        }"""
    )
    frame.get_by_role("button", name="Pay with Link").click()
    sheet = page.frame_locator(SHEET)
    expect(sheet.locator("#lines")).to_contain_text("To San Francisco")
    sheet.get_by_label("Bend").check()
    expect(sheet.locator("#lines")).to_contain_text("To Bend")
    sheet.get_by_label("Fast").check()
    sheet.get_by_role("button", name="Pay $629.00").click()
    until(page, "window.heard.some(({name}) => name === 'confirm')")
    [confirmed] = heard(page, "confirm")
    assert confirmed["shippingAddress"]["address"]["city"] == "Bend"
    assert confirmed["shippingRate"]["id"] == "fast"


def test_address_and_email_go_along_with_the_payment(page: Page, shop: Shop) -> None:
    group = {"mode": "payment", "amount": 62000, "currency": "usd"}
    frame = mounted(page, shop, "address", {"mode": "shipping", "fields": {"phone": "always"}}, group)
    page.evaluate(
        """() => {
          for (const kind of ["linkAuthentication", "payment"]) {
            const place = document.createElement("div");
            document.body.prepend(place);
            window[kind] = group.create(kind, kind === "payment" ? {} : {defaultValues: {email: "jo@example.com"}});
            window[kind].mount(place);
          }
        }"""
    )
    early = page.evaluate("made.getValue()")
    assert (early["complete"], early["value"]["address"]["country"]) == (False, "US")
    for name, value in (("name", "Jo Payer"), ("line1", "27 Birch Lane"), ("city", "Bend"), ("state", "OR")):
        frame.locator(f"[name={name}]").fill(value)
    pay = page.frame_locator('iframe[title="Secure payment input frame"]').first
    pay.locator("#panel-card").wait_for()
    for name, value in (("number", "4242424242424242"), ("expiry", "1234"), ("cvc", "123"), ("postalCode", "97701")):
        pay.locator(f"[name={name}]").press_sequentially(value)
    refused = page.evaluate("group.submit()")
    assert refused["error"]["code"] == "incomplete_postal_code"
    frame.locator("[name=postalCode]").fill("97701")
    frame.locator("[name=phone]").fill("+1 541 555 0100")
    assert page.evaluate("group.submit()") == {"selectedPaymentMethod": "card"}
    assert heard(page, "change")[-1]["complete"] is True
    answer = page.evaluate(
        """async () => {
          const clientSecret = await (await fetch("/intent", {method: "POST"})).text();
          return stripe.confirmPayment({elements: group, clientSecret, redirect: "if_required"});
        }"""
    )
    assert answer["paymentIntent"]["status"] == "succeeded"
    paid = shop.client.v1.payment_intents.retrieve(shop.intents[0].id, {"expand": ["payment_method"]})
    assert paid.shipping is not None
    assert paid.shipping.address is not None
    assert (paid.shipping.name, paid.shipping.address.city, paid.shipping.phone) == (
        "Jo Payer",
        "Bend",
        "+1 541 555 0100",
    )
    assert isinstance(paid.payment_method, stripe.PaymentMethod)
    assert paid.payment_method.billing_details.email == "jo@example.com"


@pytest.mark.parametrize("setting_up", [False, True])
def test_the_script_collects_a_bank_account_and_confirms_it(page: Page, shop: Shop, setting_up: bool) -> None:
    page.goto(shop.url)
    word = "Setup" if setting_up else "Payment"
    made: Any = (
        shop.client.v1.setup_intents.create({})
        if setting_up
        else shop.client.v1.payment_intents.create({"amount": 62000, "currency": "usd"})
    )
    field = f"{word.lower()}Intent"
    page.evaluate(
        f"""(clientSecret) => {{
          stripe.collectBankAccountFor{word}({{clientSecret, params: {{payment_method_type: "us_bank_account",
            payment_method_data: {{billing_details: {{name: "Jo Payer"}}}}}}}})
            .then((answer) => {{ window.answer = answer; }});
        }}""",
        made.client_secret,
    )
    bank = page.frame_locator(BANK)
    bank.get_by_role("button", name="Test OAuth Institution").click()
    bank.get_by_role("button", name="Sign in and agree").click()
    bank.get_by_role("button", name="Connect account").click()
    until(page, "Boolean(window.answer)")
    assert page.evaluate(f"window.answer.{field}.status") == "requires_confirmation"
    done = page.evaluate(f"(secret) => stripe.confirmUsBankAccount{word}(secret)", made.client_secret)
    assert done[field]["status"] == ("succeeded" if setting_up else "processing")
    again = page.evaluate(f"(secret) => stripe.retrieve{word}Intent(secret)", made.client_secret)
    assert again[field]["id"] == made.id


def test_the_script_verifies_microdeposits(page: Page, shop: Shop) -> None:
    page.goto(shop.url)
    made = shop.client.v1.payment_intents.create({"amount": 62000, "currency": "usd"})
    script = (
        "(secret) => stripe.confirmUsBankAccountPayment(secret, {payment_method: {us_bank_account: {account_number:"
        " '000123456789', routing_number: '110000000'}, billing_details: {name: 'Jo'}}})"
    )
    assert page.evaluate(script, made.client_secret)["paymentIntent"]["status"] == "requires_action"
    verify = "([secret, data]) => stripe.verifyMicrodepositsForPayment(secret, data)"
    wrong = page.evaluate(verify, [made.client_secret, {"amounts": [1, 2]}])
    assert wrong["error"]["code"] == "payment_method_microdeposit_verification_amounts_mismatch"
    right = page.evaluate(verify, [made.client_secret, {"amounts": [32, 45]}])
    assert right["paymentIntent"]["status"] == "processing"


@pytest.mark.parametrize(
    ("locale", "label", "incomplete"),
    [
        ("es", "Número de tarjeta", "El número de tu tarjeta está incompleto."),
        ("fr", "Numéro de carte", "Le numéro de votre carte est incomplet."),
        ("de", "Kartennummer", "Ihre Kartennummer ist unvollständig."),
        ("xx", "Card number", "Your card number is incomplete."),
    ],
)
def test_the_element_speaks_the_payers_language(
    page: Page, shop: Shop, locale: str, label: str, incomplete: str
) -> None:
    shop.given["elements"]["locale"] = locale
    page.goto(shop.url)
    frame = page.frame_locator('iframe[title="Secure payment input frame"]')
    frame.get_by_label(label, exact=True).fill("4242")
    page.click("#pay")
    expect(page.locator("#said")).to_have_text(f"incomplete_number: {incomplete}")
    assert frame.locator("html").get_attribute("lang") == (locale if locale != "xx" else "en")


def test_more_mistakes_of_the_integrator_are_thrown(page: Page, shop: Shop) -> None:
    page.goto(shop.url)
    mistakes = {
        "Stripe(given.key, {stripeAccount: 'cus_1'})": "stripeAccount",
        "stripe.elements({clientSecret: 'nothing'})": "clientSecret",
        "stripe.elements({mode: 'setup', currency: 'usd'}).create('address', {})": "mode",
        "stripe.createToken()": "tokens",
        "stripe.elements().create('payment')": "clientSecret",
        "(() => { const one = stripe.elements({mode: 'setup', currency: 'usd'}).create('payment'); one.destroy();"
        " one.mount('#form') })()": "destroyed",
    }
    for code, words in mistakes.items():
        thrown = page.evaluate(f"() => {{ try {{ {code}; return null }} catch (e) {{ return e.name + e.message }} }}")
        assert thrown is not None, code
        assert thrown.startswith("IntegrationError"), code
        assert words in thrown
    for code in (
        "stripe.confirmSetup({clientSecret: 'pi_1_secret_2', redirect: 'if_required'})",
        "stripe.collectBankAccountForPayment({clientSecret: 'pi_1_secret_2', params: {}})",
        "stripe.handleNextAction()",
        "stripe.createConfirmationToken({elements})",
    ):
        assert page.evaluate(f"{code}.catch((error) => error.name)") == "IntegrationError", code


def test_a_method_is_made_from_the_element_and_a_card_confirmed_by_its_id(page: Page, shop: Shop) -> None:
    page.goto(shop.url)
    frame = page.frame_locator('iframe[title="Secure payment input frame"]')
    frame.locator("#panel-card").wait_for()
    for name, value in (("number", "4000000000003220"), ("expiry", "1234"), ("cvc", "123"), ("postalCode", "97701")):
        frame.locator(f"[name={name}]").press_sequentially(value)
    method = page.evaluate("elements.submit().then(() => stripe.createPaymentMethod({elements}))")["paymentMethod"]
    assert method["card"]["last4"] == "3220"
    made = shop.client.v1.payment_intents.create({"amount": 500, "currency": "usd"})
    page.evaluate(
        "([secret, id]) => {stripe.confirmCardPayment(secret, {payment_method: id}).then((a) => {window.answer = a})}",
        [made.client_secret, method["id"]],
    )
    page.frame_locator(CHALLENGE).get_by_role("button", name="Complete authentication").click()
    until(page, "Boolean(window.answer)")
    assert page.evaluate("window.answer.paymentIntent.status") == "succeeded"


def test_the_hosted_page_takes_amounts_and_says_when_it_is_over(page: Page, shop: Shop) -> None:
    shop.standin.control("switches", microdeposit_type="amounts")
    typed: Any = {
        "amount": 500,
        "currency": "usd",
        "confirm": True,
        "payment_method": "pm_usBankAccount_failMicrodeposits",
        "mandate_data": {"customer_acceptance": {"type": "offline"}},
    }

    def opened() -> stripe.PaymentIntent:
        made = shop.client.v1.payment_intents.create(dict(typed))  # type: ignore[arg-type]
        assert made.next_action is not None
        assert made.next_action.verify_with_microdeposits is not None
        page.goto(made.next_action.verify_with_microdeposits.hosted_verification_url)
        return made

    def typing(first: str, second: str) -> None:
        page.get_by_label("First amount").fill(first)
        page.get_by_label("Second amount").fill(second)
        page.get_by_role("button", name="Verify").click()

    made = opened()
    typing("1", "2")
    expect(page.get_by_role("alert")).to_contain_text("does not match")
    typing("32", "45")
    expect(page.get_by_role("heading")).to_have_text("Account verified")
    assert shop.client.v1.payment_intents.retrieve(made.id).status == "processing"
    made = opened()
    typing("10", "11")
    expect(page.get_by_role("heading")).to_have_text("This account could not be verified")
    assert shop.client.v1.payment_intents.retrieve(made.id).status == "requires_payment_method"
