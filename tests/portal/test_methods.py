"""Kept payment methods on the pages: consent first, Stripe's form, the list, and the choice when paying."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from connector.ledger.payments import PaymentState
from connector.store.companies import CompanyRow
from connector.store.methods import SavedMethodRow
from connector.store.session import Database
from sandbox.world import World
from sync.collect import saved
from tests.german import english_in
from tests.portal.conftest import csrf_of
from tests.portal.one_engine import database_url  # noqa: F401  # a fixture
from tests.portal.served import lent_browser  # noqa: F401  # a fixture
from tests.portal.test_credit_in_browser import Desk
from tests.portal.test_pay_with_credit import Office, text_of

PAGE = "/c/harbor/account/methods"
ELEMENT = 'iframe[title="Secure payment input frame"]'


@pytest.fixture
def office(db: Database, world: World) -> Office:
    return Office(db, world)


@pytest.fixture
def desk(db: Database, world: World, browser: Browser) -> Iterator[Desk]:
    desk = Desk(Office(db, world), browser)
    yield desk
    desk.close()


def test_nothing_is_begun_without_consent_and_the_words_are_stored(office: Office) -> None:
    dana = office.dana()
    assert "Nothing is kept." in text_of(dana, PAGE)
    token = csrf_of(dana, PAGE)
    answer = dana.post(PAGE, data={"csrf_token": token}, follow_redirects=True)
    assert "without your consent nothing is kept" in answer.get_data(as_text=True)
    assert office.till.rows(SavedMethodRow) == []
    assert dana.post(PAGE, data={"csrf_token": token, "agreed": "yes"}).status_code == 302
    [row] = office.till.rows(SavedMethodRow)
    assert row.consent.startswith("I allow Harbor Tile to keep this payment method with Stripe")
    assert row.consent_from == "127.0.0.1"
    form = text_of(dana, f"{PAGE}/{row.id}")
    assert re.search(r'data-secret="seti_\w+_secret_\w+"', form)
    assert english_in(text_of(dana, f"{PAGE}/{row.id}?lang=de")) == []


def test_a_method_is_added_only_soon_after_signing_in(office: Office) -> None:
    dana = office.dana()
    token = csrf_of(dana, PAGE)
    office.till.later(15 * 60 + 1)
    page = text_of(dana, PAGE)
    assert "sign out and in again first" in page
    assert 'name="agreed"' not in page
    data = {"csrf_token": token, "agreed": "yes"}
    said = dana.post(PAGE, data=data, follow_redirects=True).get_data(as_text=True)
    assert "sign out and in again first" in said
    assert office.till.rows(SavedMethodRow) == []
    assert english_in(text_of(dana, f"{PAGE}?lang=de")) == []


def test_stripe_out_of_reach_is_said(office: Office) -> None:
    dana = office.dana()
    office.till.world.faults.load([{"match": {"service": "stripe", "times": 0}, "do": "status:503"}])
    data = {"csrf_token": csrf_of(dana, PAGE), "agreed": "yes"}
    said = dana.post(PAGE, data=data, follow_redirects=True).get_data(as_text=True)
    assert "This cannot be done just now. Nothing was changed." in said


@pytest.mark.browser
def test_a_card_is_added_named_and_pays_at_the_next_visit(desk: Desk) -> None:
    [invoice] = desk.office.invoices(6000)
    page = desk.page(PAGE)
    page.get_by_label("I allow Harbor Tile").check()
    page.get_by_role("button", name="Add a card or bank account").click()
    card = page.frame_locator(ELEMENT)
    card.get_by_label("Card number").fill("4242424242424242")
    card.get_by_label("Expiration").fill("12 / 30")
    card.get_by_label("Security code").fill("123")
    card.get_by_label("ZIP").fill("97205")
    page.get_by_role("button", name="Keep it").click()
    expect(page.locator("[role=status]")).to_have_text("Visa 4242 is kept.")
    page.get_by_role("textbox", name="Name of Visa 4242").fill("Office card")
    page.get_by_role("button", name="Save the name of Visa 4242").click()
    expect(page.locator(".person")).to_contain_text("Office card")
    expect(page.locator(".person")).to_contain_text("First choice")
    page.goto(f"{desk.base}/c/harbor/pay?i={invoice}")
    expect(page.locator("#press-text")).to_have_text("Pay $60.00")
    expect(page.get_by_label("Office card")).to_be_checked()
    expect(page.locator("#method")).to_be_hidden()
    page.locator("#press:enabled").press("Enter")
    page.wait_for_url("**/p/*")
    [payment] = desk.office.payments()
    desk.office.till.later(3)
    assert desk.office.till.settle(payment.id) is PaymentState.SUCCEEDED
    assert desk.office.till.payment(payment.id).method_label == "Visa 4242"
    page.goto(desk.base + PAGE)
    page.get_by_role("button", name="Remove Office card").click()
    expect(page.locator("[role=status]")).to_have_text("Removed.")
    with desk.office.rt.db.read() as session:
        assert saved.shown_to(session, desk.office.till.company_id, "dana-pay") == []


@pytest.mark.browser
def test_a_company_may_show_bank_accounts_first(desk: Desk) -> None:
    [invoice] = desk.office.invoices(6000)
    desk.office.till.touch(CompanyRow, bank_first=True)
    page = desk.page(f"/c/harbor/pay?i={invoice}")
    tabs = page.frame_locator(ELEMENT).locator("section.method:not([hidden]) .head")
    expect(tabs.first).to_contain_text("US bank account")
    desk.office.till.touch(CompanyRow, bank_first=False)
    page.reload()
    expect(tabs.first).to_contain_text("Card")


@pytest.mark.browser
def test_a_card_that_is_typed_while_paying_is_kept_where_its_box_is_ticked(desk: Desk) -> None:
    first, second = desk.office.invoices(6000, 7000)
    page = desk.page(f"/c/harbor/pay?i={first}")
    page.get_by_label("Keep this card or bank account with Stripe for next time").check()
    card = page.frame_locator(ELEMENT)
    card.get_by_label("Card number").fill("4242424242424242")
    card.get_by_label("Expiration").fill("12 / 30")
    card.get_by_label("Security code").fill("123")
    card.get_by_label("ZIP").fill("97205")
    page.locator("#press:enabled").press("Enter")
    page.wait_for_url("**/p/*")
    [payment] = desk.office.payments()
    desk.office.till.later(3)
    assert desk.office.till.settle(payment.id) is PaymentState.SUCCEEDED
    [row] = desk.office.till.all_rows(SavedMethodRow)
    assert row.consent.startswith("Keep this card or bank account with Stripe for next time. Harbor Tile uses it only")
    page.goto(f"{desk.base}/c/harbor/pay?i={second}")
    expect(page.get_by_label("Visa 4242")).to_be_checked()
    expect(page.locator("#keep-line")).to_be_hidden()
    page.get_by_label("Another card or bank account").check()
    expect(page.locator("#keep-line")).to_be_visible()


def test_nobody_keeps_a_method_by_a_link_alone(office: Office) -> None:
    [invoice] = office.invoices(6000)
    guest = office.payer(invoice)
    assert 'id="keep"' not in guest.reads(guest.pay_page)
    message = {
        "shares": [{"invoice": invoice, "amount": "60.00"}],
        "shown_minor": 6000,
        "email": "",
        "keep": True,
        "form_nonce": "the nonce of one form of a test",
    }
    token = {"X-CSRFToken": csrf_of(guest.client, guest.pay_page)}
    assert guest.client.post("/c/harbor/pay", json=message, headers=token).status_code == 422
