"""Paying on account: only where the company takes it and by payers, posted as an unapplied payment of the customer."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, expect

from connector.ledger.payments import PaymentState
from connector.store.companies import CompanyRow
from connector.store.session import Database
from jobs.receipts import read_receipt
from sandbox.world import World
from sync.pull import pull_company
from sync.push import push_company
from sync.tieout import prove
from tests.portal.conftest import csrf_of
from tests.portal.one_engine import database_url  # noqa: F401  # a fixture
from tests.portal.served import lent_browser  # noqa: F401  # a fixture
from tests.portal.test_credit_in_browser import Desk
from tests.portal.test_pay_with_credit import Office, text_of
from tests.sync.settle.till import VISA

PAGE = "/c/harbor/deposit"


@pytest.fixture
def office(db: Database, world: World) -> Office:
    office = Office(db, world)
    office.till.touch(CompanyRow, takes_deposits=True)
    return office


def press(
    office: Office, client: FlaskClient, amount: str, shown: int, customer: str = "", page: str = PAGE
) -> tuple[int, dict]:
    message = {
        "shares": [],
        "deposit": {"customer": customer or office.till.blue_mesa, "amount": amount},
        "form_nonce": "the nonce of one form of a test",
        "shown_minor": shown,
        "email": "",
    }
    answer = client.post("/c/harbor/pay", json=message, headers={"X-CSRFToken": csrf_of(client, page)})
    return answer.status_code, answer.get_json() or {}


def test_a_deposit_down_to_the_books(office: Office) -> None:
    dana = office.dana()
    assert "Pay on account" in text_of(dana, PAGE)
    assert "Pay on account" in text_of(dana, "/c/harbor/account")
    status, said = press(office, dana, "250.00", 25000)
    assert (status, said["text"]) == (200, "$250.00")
    assert press(office, dana, "250.00", 25000)[1]["payment"] == said["payment"]  # the same form again
    office.till.confirm(said["payment"], card=VISA)
    office.till.later(3)
    assert office.till.settle(said["payment"]) is PaymentState.SUCCEEDED
    assert office.till.open_discrepancies() == []  # it was meant so: nobody paid too much
    push_company(office.rt, office.till.company_id)
    [payment] = office.till.in_books("Payment")
    assert (payment["TotalAmt"], payment["UnappliedAmt"]) == (250, 250)
    assert payment["CustomerRef"]["value"] == office.till.blue_mesa
    assert prove(office.rt, office.till.company_id, live=True).ties
    story = text_of(dana, f"/c/harbor/p/{said['payment']}")
    assert "Your payment for a deposit on your account by Visa 4242 has arrived" in story
    with office.rt.db.read() as session:
        receipt = read_receipt(session, office.till.company_id, said["payment"])
    assert [(line.label, line.amount.minor) for line in receipt.lines] == [("On account", 25000)]


def test_nobody_pays_on_account_who_may_not(office: Office) -> None:
    dana, viewer = office.dana(), office.dana("view")
    stranger = office.till.customer("Cedar Hill")
    assert press(office, dana, "250.00", 25000, customer=stranger)[0] == 404
    assert viewer.get(PAGE).status_code == 404
    assert press(office, viewer, "250.00", 25000, page="/c/harbor/account")[0] == 404
    assert press(office, dana, "0", 0)[0] == 422
    assert press(office, dana, "250.00", 24000)[0] == 422
    assert press(office, dana, "0.10", 10)[1]["reason"] == "too_small"
    office.till.touch(CompanyRow, takes_deposits=False)
    assert dana.get(PAGE).status_code == 404
    assert press(office, dana, "250.00", 25000, page="/c/harbor/account")[0] == 409
    assert office.payments() == []


def test_with_quickbooks_away_a_deposit_is_taken_and_posted_later(office: Office) -> None:
    pull_company(office.rt, office.till.company_id, None)
    dana = office.dana()
    office.till.world.faults.load([{"match": {"service": "quickbooks", "times": 0}, "do": "status:503"}])
    assert press(office, dana, "250.00", 25000)[0] == 200


@pytest.mark.browser
def test_an_amount_is_typed_and_paid_in_a_browser(office: Office, browser: Browser) -> None:
    desk = Desk(office, browser)
    page = desk.page(PAGE)
    expect(page.locator("#press")).to_be_disabled()
    page.get_by_label("Amount in US dollars").fill("250")
    expect(page.locator("#total")).to_have_text("$250.00")
    card = page.frame_locator('iframe[title="Secure payment input frame"]')
    card.get_by_label("Card number").fill("4242424242424242")
    card.get_by_label("Expiration").fill("12 / 30")
    card.get_by_label("Security code").fill("123")
    card.get_by_label("ZIP").fill("97205")
    page.locator("#press:enabled").press("Enter")
    page.wait_for_url("**/p/*")
    desk.close()
    [payment] = office.payments()
    assert (payment.amount_minor, payment.customer_id) == (25000, office.till.blue_mesa)
