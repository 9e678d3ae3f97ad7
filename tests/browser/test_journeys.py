"""Journeys of payers through a whole installation: from a scanner to a statement, by keyboard, with a bank that asks.

Each pays invoices of its own; what is mailed is read from the row that owes the mail.
"""

from __future__ import annotations

import json
import re

import pytest
import requests
from playwright.sync_api import Browser, Page, expect
from sqlmodel import col, select

from connector.ledger.money import Money
from connector.store.access import MembershipRow, SessionRow, StaffRow
from connector.store.outbox import MailRow
from connector.store.retries import RetryRow
from connector.words import money_text
from jobs.mail.letters import write_letter
from portal.access import sessions
from portal.access.links import make_invoice_link
from portal.access.tokens import digest
from portal.security import cookie_name
from sandbox.qbo.control import QuickBooksControl
from tests.browser.conftest import PHONE
from tests.browser.test_pay_on_a_phone import ELEMENT, fill_card, open_link
from tests.crash.plant import Plant, wait_for

pytestmark = pytest.mark.browser

CHALLENGE = 'iframe[title="Confirm the payment with your bank"]'
BANK = 'iframe[title="Connect a bank account"]'
OLIVIA = "staff-olivia"


def mailed(plant: Plant, kind: str, to: str) -> str:
    """Return the address in the newest mail of a kind to somebody."""
    rt = plant.house.rt

    def newest() -> MailRow | None:
        with rt.db.read() as session:
            mine = select(MailRow).where(MailRow.kind == kind, MailRow.to == to).order_by(col(MailRow.id).desc())
            return session.exec(mine).first()

    row = wait_for(f"the mail {kind} to {to}", newest)
    text = rt.vault.open(row.context_cipher, company_id=row.company_id, column="mail.context").decode()
    return str(json.loads(text)["url"])


def subject_of(plant: Plant, kind: str, to: str) -> str:
    """Return the subject of the letter that is owed to somebody."""
    rt = plant.house.rt

    def written() -> str:
        with rt.db.read() as session:
            row = session.exec(select(MailRow).where(MailRow.kind == kind, MailRow.to == to)).first()
            return write_letter(session, rt, row).subject if row else ""

    return wait_for(f"the mail {kind} to {to}", written)


def at_the_console(browser: Browser, plant: Plant) -> Page:
    """Return a page of the owner, who is signed in."""
    rt, house, token = plant.house.rt, plant.house, plant.house.rt.clock.new_token()
    now = rt.clock.now()
    with rt.db.write("olivia") as session:
        if session.get(StaffRow, OLIVIA) is None:
            session.add(StaffRow(id=OLIVIA, email="olivia@harbortile.example", name="Olivia Harbor", created_at=now))
            session.flush()
            session.add(MembershipRow(staff_id=OLIVIA, company_id=house.company_id, role="owner"))
        session.add(
            SessionRow(
                id_hash=digest(token),
                audience=sessions.STAFF,
                company_id=house.company_id,
                staff_id=OLIVIA,
                created_at=now,
                seen_at=now,
                expires_at=now + sessions.LIFETIMES[sessions.STAFF].absolute,
            )
        )
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    name = cookie_name(rt.settings, sessions.STAFF_DOOR)
    context.add_cookies([{"name": name, "value": token, "url": rt.settings.public_url}])
    page = context.new_page()
    page.set_default_timeout(15_000)
    return page


def test_a_scanner_opens_every_link_first_and_then_the_human_pays(phone: Page, plant: Plant) -> None:
    house = plant.house
    blue_mesa = house.customer("Blue Mesa Ranch")  # whose invoices the other journeys pay
    invoice = next(one for one in plant.all_open_invoices() if one.customer_id != blue_mesa)
    link = make_invoice_link(house.rt, house.company_id, invoice.qbo_id)
    assert link is not None
    scanner = {"User-Agent": "Mozilla/5.0 (compatible; link scanner)"}
    for method in ("HEAD", "GET", "GET"):
        assert requests.request(method, link, headers=scanner, timeout=10).status_code == 200
    later = make_invoice_link(house.rt, house.company_id, invoice.qbo_id)  # the mail of a reminder brings another
    assert requests.get(later or "", timeout=10).status_code == 200
    phone.goto(link)
    expect(phone.locator("body")).to_contain_text(money_text(Money(invoice.balance_minor, "USD")))
    phone.get_by_role("link", name=re.compile("^Pay ")).click()
    fill_card(phone, "4242424242424242")
    phone.locator("#press:enabled").press("Enter")
    phone.wait_for_url(re.compile("/p/"))


def test_a_bank_asks_for_one_more_step_which_fails_and_then_is_done(phone: Page, plant: Plant) -> None:
    open_link(phone, plant, "Blue Mesa Ranch")
    phone.get_by_role("link", name=re.compile("^Pay ")).click()
    fill_card(phone, "4000002760003184")
    phone.locator("#press:enabled").press("Enter")
    phone.frame_locator(CHALLENGE).get_by_role("button", name="Fail authentication").click()
    expect(phone.locator("#said")).to_contain_text(re.compile("authenticate|another", re.IGNORECASE))
    phone.locator("#press:enabled").press("Enter")
    phone.frame_locator(CHALLENGE).get_by_role("button", name="Complete authentication").click()
    phone.wait_for_url(re.compile("/p/"))
    expect(phone.locator("main")).to_contain_text(re.compile("paid|received|thank you", re.IGNORECASE))


def test_a_bank_debit_goes_on_from_the_mail_and_comes_back(phone: Page, browser: Browser, plant: Plant) -> None:
    house, to = plant.house, "payroll@bluemesa.example"
    desk = at_the_console(browser, plant)  # whose owner is told in the end
    invoice = open_link(phone, plant, "Blue Mesa Ranch")
    phone.get_by_role("link", name=re.compile("^Pay ")).click()
    enter_bank(phone, "000123456789")
    phone.locator("#email").fill(to)
    phone.locator("#press:enabled").press("Enter")
    phone.wait_for_url(re.compile("/p/"))
    expect(phone.locator("main")).to_contain_text("Waits for your bank account")

    reader = browser.new_context(viewport=PHONE).new_page()  # another device, on which the mail is read
    reader.set_default_timeout(15_000)
    reader.goto(mailed(plant, "verify_bank", to))
    reader.get_by_role("link", name="Verify the account").click()
    reader.fill("[name=descriptor_code]", "SM11AA")
    reader.get_by_role("button", name="Verify").click()
    expect(reader.get_by_role("heading")).to_have_text("Account verified")
    expect(phone.locator("main")).to_contain_text("On its way")  # the page that stayed open follows by itself

    [payment] = plant.payments_of(invoice.qbo_id)
    plant.world.stripe.control("fail_debit", {"payment_intent": payment.intent_id, "code": "no_account"})
    expect(phone.locator("main")).to_contain_text("Did not go through")
    amount = money_text(Money(invoice.balance_minor, "USD"))
    assert f"{amount} to Harbor Tile Co. did not go through" in subject_of(plant, "debit_failed", to)
    told = subject_of(plant, "notice_staff", "olivia@harbortile.example")
    assert told == f"A bank debit of {amount} by Blue Mesa Ranch did not go through"
    desk.goto(f"{house.rt.settings.public_url}/staff/payments/{payment.id}")
    expect(desk.locator("main")).to_contain_text(re.compile("did not go through|Failed"))
    phone.get_by_role("link", name="Pay another way").click()
    expect(phone.locator("#press-text")).to_have_text(f"Pay {amount}")


def enter_bank(page: Page, number: str) -> None:
    """Type a bank account by hand, which waits for small deposits then."""
    page.locator("#press:enabled").wait_for()
    frame = page.frame_locator(ELEMENT)
    frame.get_by_role("button", name="US bank account").click()
    frame.locator("[name=name]").fill("Jo Payer")
    frame.locator("[name=email]").fill("jo@example.com")
    frame.get_by_role("button", name="Connect your bank account").click()
    bank = page.frame_locator(BANK)
    bank.get_by_role("button", name="Enter bank details by hand instead").click()
    bank.locator("[name=routingNumber]").fill("110000000")
    bank.locator("[name=accountNumber]").fill(number)
    bank.locator("[name=accountNumberConfirm]").fill(number)
    bank.get_by_role("button", name="Use this account").click()


def test_paying_with_nothing_but_the_keyboard(browser: Browser, plant: Plant) -> None:
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.set_default_timeout(15_000)
    open_link(page, plant, "Blue Mesa Ranch")

    def tab_to(what: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate("(what) => document.activeElement.matches(what)", what):
                return
        raise AssertionError(f"no way by keyboard to {what}")

    page.keyboard.press("Tab")
    assert "Skip to the content" in page.evaluate("document.activeElement.textContent")
    tab_to("main a.button.first")
    page.keyboard.press("Enter")
    page.locator("#press:enabled").wait_for()
    tab_to("iframe")
    frame = page.frame_locator('iframe[title="Secure payment input frame"]')
    for _ in range(12):
        page.keyboard.press("Tab")
        if frame.locator("[name=number]:focus").count():
            break
    for text in ("4242424242424242", "1234", "123"):
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    page.keyboard.press("Tab")  # past the country
    page.keyboard.type("97201")
    tab_to("#press")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/p/"))


def test_a_dispute_is_opened_on_a_small_phone_and_answered_at_the_console(
    phone: Page, browser: Browser, plant: Plant
) -> None:
    phone.set_viewport_size({"width": 360, "height": 740})
    open_link(phone, plant, "Blue Mesa Ranch")
    phone.get_by_role("link", name="Something is wrong with it").click()
    phone.get_by_label("What is wrong").fill("Two boxes came broken.")
    phone.get_by_label(re.compile("Amount you dispute")).fill("20.00")
    assert phone.evaluate("document.documentElement.scrollWidth") <= 360
    phone.get_by_role("button", name="Send the dispute").click()
    expect(phone.locator("ol.talk")).to_contain_text("Two boxes came broken.")

    desk = at_the_console(browser, plant)
    desk.goto(f"{plant.house.rt.settings.public_url}/staff/talk")
    desk.get_by_role("link", name=re.compile("Dispute|dispute")).first.click()
    expect(desk.locator("ol.talk")).to_contain_text("Two boxes came broken.")
    desk.get_by_label(re.compile("^To ")).fill("We send two new ones.")
    desk.get_by_role("button", name="Send and settle").click()
    phone.reload()
    expect(phone.locator("ol.talk")).to_contain_text("We send two new ones.")
    expect(phone.locator("ol.talk")).to_contain_text("Olivia Harbor")


def begin(phone: Page, desk: Page, plant: Plant, email: str) -> None:
    """Invite somebody at the console, and have the invitation followed after a scanner did."""
    house = plant.house
    desk.goto(f"{house.rt.settings.public_url}/staff/customers/{house.customer('Blue Mesa Ranch')}")
    desk.get_by_text("Invite somebody").click()
    desk.get_by_label("E-mail address").fill(email)
    desk.get_by_role("button", name="Send the invitation").click()
    link = mailed(plant, "invite", email)
    assert requests.get(link, timeout=10).status_code == 200  # a scanner, which uses nothing up
    phone.goto(link)
    phone.get_by_role("button", name="Begin").click()


def test_an_estimate_is_approved_on_a_phone_and_stands_so_in_quickbooks(
    phone: Page, browser: Browser, plant: Plant
) -> None:
    begin(phone, at_the_console(browser, plant), plant, "lee@bluemesa.example")
    phone.get_by_role("link", name="Go on without a password").click()
    phone.get_by_role("link", name=re.compile("estimate waits for your answer")).click()
    phone.get_by_role("link", name=re.compile("^Estimate")).first.click()
    phone.get_by_label("Your name").fill("Lee Moreno")
    phone.get_by_role("button", name=re.compile("^Approve")).click()
    expect(phone.locator("main")).to_contain_text("Approved by Lee Moreno")

    def in_books() -> bool:
        return any(one.get("AcceptedBy") == "Lee Moreno" for one in plant.house.in_books("Estimate"))

    def says_so() -> bool:
        phone.reload()
        return "It stands so in" in phone.locator("main").inner_text()

    wait_for("the estimate in QuickBooks", in_books)
    wait_for("the page to say so", says_so)


def test_three_invoices_are_paid_with_a_credit_and_a_discount_by_a_kept_card(
    phone: Page, browser: Browser, plant: Plant
) -> None:
    house, desk = plant.house, at_the_console(browser, plant)
    made = [make_invoice(plant, amount) for amount in ("200.00", "40.00", "60.00")]
    desk.goto(f"{house.rt.settings.public_url}/staff/settings/paying")
    desk.get_by_label("Grant what the terms of an invoice say").check()
    desk.locator("#item").select_option(label="Early-payment discount")
    desk.get_by_role("button", name="Save").first.click()
    begin(phone, desk, plant, "pat@bluemesa.example")
    phone.get_by_role("link", name="Go on without a password").click()
    keep_a_card(phone, f"{house.rt.settings.public_url}/c/harbor-tile")

    for key in made:
        phone.locator(f"#i-{key}").check()
    phone.get_by_role("button", name="Pay 3 together").click()
    phone.get_by_label(re.compile("Use Credit")).check()
    expect(phone.locator("#total")).to_have_text("$229.00")  # 300 less 2 percent, and less the credit of 65
    expect(phone.get_by_label(re.compile("Visa 4242"))).to_be_checked()
    phone.locator("#press:enabled").press("Enter")
    phone.wait_for_url(re.compile("/p/"))
    expect(phone.locator("main")).to_contain_text(re.compile(r"Recorded in .*books at \d\d:\d\d"), timeout=40_000)
    balances = {one["Id"]: one["Balance"] for one in house.in_books("Invoice")}
    assert [balances[key] for key in made] == [0, 0, 0]
    [payment] = plant.payments_of(made[0])
    assert (payment.amount_minor, payment.method_label) == (22900, "Visa 4242")


def make_invoice(plant: Plant, amount: str) -> str:
    """Make an invoice of 2% 10 Net 30 in QuickBooks by hand, and return its id once it was pulled."""
    house = plant.house
    ids = {one["Name"]: one["Id"] for entity in ("Term", "Item") for one in house.in_books(entity)}
    detail = {"ItemRef": {"value": ids["Delivery"]}, "Qty": 1, "UnitPrice": amount, "TaxCodeRef": {"value": "NON"}}
    line = {"Amount": amount, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
    document = {
        "CustomerRef": {"value": house.customer("Blue Mesa Ranch")},
        "SalesTermRef": {"value": ids["2% 10 Net 30"]},
        "Line": [line],
    }
    books = QuickBooksControl(plant.world.quickbooks)
    key = str(books.control("create", {"entity": "Invoice", "document": document}, reading=False)["document"]["Id"])
    wait_for("the invoice", lambda: key in {one.qbo_id for one in plant.all_open_invoices()})
    return key


def keep_a_card(phone: Page, portal: str) -> None:
    """Keep a card among the payment methods, and go back to the first page."""
    phone.goto(f"{portal}/account/methods")
    phone.get_by_label(re.compile("I allow")).check()
    phone.get_by_role("button", name="Add a card or bank account").click()
    fill_card(phone, "4242424242424242")
    phone.locator("#press:enabled").press("Enter")
    expect(phone.locator("ul.rows")).to_contain_text("Visa 4242")
    phone.goto(f"{portal}/")


def test_an_account_from_the_invitation_to_the_statement(phone: Page, browser: Browser, plant: Plant) -> None:
    house, desk = plant.house, at_the_console(browser, plant)
    begin(phone, desk, plant, "dana@bluemesa.example")
    phone.get_by_label("New password", exact=True).fill("three quiet herons")
    phone.get_by_label("New password, once more").fill("three quiet herons")
    phone.get_by_role("button", name="Save the password").click()
    expect(phone.locator("main")).to_contain_text("Open invoices")
    phone.goto(f"{house.rt.settings.public_url}/c/harbor-tile/statement")
    with phone.expect_download() as csv:
        phone.get_by_role("link", name="Download CSV").click()
    assert csv.value.suggested_filename.endswith(".csv")
    with phone.expect_download() as pdf:
        phone.get_by_role("link", name="Download PDF").click()
    assert pdf.value.path().read_bytes().startswith(b"%PDF-")

    again = browser.new_context().new_page()  # another browser, by password
    again.goto(f"{house.rt.settings.public_url}/c/harbor-tile/sign-in/password")
    again.get_by_label(re.compile("E-mail")).fill("dana@bluemesa.example")
    again.get_by_label(re.compile("^Password")).fill("three quiet herons")
    again.get_by_role("button", name=re.compile("Sign in")).click()
    expect(again.locator("main")).to_contain_text("Open invoices")
    again.get_by_role("link", name="Español").click()
    expect(again.locator("html")).to_have_attribute("lang", re.compile("^es"))
    expect(again.locator("main")).to_contain_text("Facturas")


def test_a_refused_card_is_tried_again_on_the_day_that_was_agreed_to(
    phone: Page, browser: Browser, plant: Plant
) -> None:
    portal = f"{plant.house.rt.settings.public_url}/c/harbor-tile"
    begin(phone, at_the_console(browser, plant), plant, "kim@bluemesa.example")
    phone.get_by_role("link", name="Go on without a password").click()
    keep_a_card(phone, portal)
    invoice = make_invoice(plant, "80.00")
    once = {"service": "stripe", "operation": "payment_intents.confirm", "times": 1}
    plant.world.faults.load([{"match": once, "do": "decline:insufficient_funds"}])
    phone.goto(f"{portal}/pay?i={invoice}")
    phone.locator("#press:enabled").press("Enter")
    expect(phone.locator("#said")).to_contain_text("insufficient funds")
    [refused] = plant.payments_of(invoice)
    phone.goto(f"{portal}/p/{refused.id}")
    expect(phone.locator("main")).to_contain_text(re.compile(r"may charge up to \$\d\d\.\d\d to Visa 4242 on"))
    phone.get_by_role("button", name="I agree, try it again").click()
    expect(phone.locator("main")).to_contain_text("It is tried again on")
    assert "will be tried again" in subject_of(plant, "retry", "kim@bluemesa.example")

    with plant.house.rt.db.read() as session:
        due = session.exec(select(RetryRow.next_at).where(RetryRow.payment_id == refused.id)).one()
    plant.world.advance(due.timestamp() - plant.world.clock.seconds() + 60)
    wait_for("the try", lambda: any(one.state == "succeeded" for one in plant.payments_of(invoice)))
    [paid] = [one for one in plant.payments_of(invoice) if one.state == "succeeded"]
    assert paid.amount_minor == refused.amount_minor
    assert "Receipt" in subject_of(plant, "receipt", "kim@bluemesa.example")

    def is_recorded() -> bool:
        return {one["Id"]: one["Balance"] for one in plant.house.in_books("Invoice")}[invoice] == 0

    wait_for("the payment in QuickBooks", is_recorded, 40)
