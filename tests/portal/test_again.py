"""A refused payment on its page: offered to be tried again, agreed to in full words, shown, stopped."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from connector.store.methods import SavedMethodRow
from connector.store.money import PaymentRow
from connector.store.retries import RetryRow
from connector.store.session import Database
from sandbox.world import World
from tests.german import english_in
from tests.portal.conftest import csrf_of
from tests.portal.one_engine import database_url  # noqa: F401  # a fixture
from tests.portal.test_pay_with_credit import Office, text_of
from tests.sync.retrying.test_trying import charged, run_due

DANA: dict[str, Any] = {"contact_id": "dana-pay", "payer_email": "pay@bluemesa.example"}


@pytest.fixture
def office(db: Database, world: World) -> Office:
    return Office(db, world)


@pytest.fixture
def dana(office: Office) -> FlaskClient:
    """Let Dana be signed in, with two kept cards and a payment that her bank refused."""
    client, till = office.dana(), office.till
    for number, card in enumerate(("4242424242424242", "5555555555554444")):
        kept = till.start({till.open_invoice(500, f"20{number}"): 500}, **DANA, keep_consent="Keep it.")
        till.confirm(kept.payment_id, card=card)
        till.later(3)
        till.settle(kept.payment_id)
    refused = till.start({till.open_invoice(6000, "1068"): 6000}, **DANA)
    till.confirm(refused.payment_id, card="4000000000009995")
    till.settle(refused.payment_id)
    return client


def page_of(office: Office) -> str:
    [first] = [one for one in office.payments() if one.amount_minor == 6000 and not one.retry_id]
    return f"/c/harbor/p/{first.id}"


def words_on(client: FlaskClient, path: str) -> str:
    return " ".join(re.sub("<[^>]+>", " ", text_of(client, path)).split()).replace("\u00a0", " ")


def send(client: FlaskClient, path: str, **form: str) -> str:
    """Send a form of the payment's page as that page shows it now."""
    token = csrf_of(client, "/c/harbor/account")
    if shown := re.search('name="shown" value="([^"]+)"', text_of(client, path.removesuffix("/again"))):
        form = {"shown": shown[1], **form}
    answer = client.post(path, data={"csrf_token": token, **form}, follow_redirects=True)
    return answer.get_data(as_text=True)


def test_it_is_agreed_to_shown_stopped_and_agreed_to_again(office: Office, dana: FlaskClient) -> None:
    page = page_of(office)
    shown = words_on(dana, page)
    assert "Or have it tried again by itself" in shown
    assert "Visa 4242" in shown
    assert "Harbor Tile may charge up to $60.00 to the card or account chosen here on" in shown
    card = next(one for one in office.till.rows(SavedMethodRow) if one.label == "Mastercard 4444")
    said = send(dana, f"{page}/again", method=card.id)
    assert "It is tried again on" in said
    assert "With Mastercard 4444, as you agreed." in said
    [row] = office.till.rows(RetryRow)
    assert row.method_id == card.id
    label, _, consent = row.consent.partition(": ")
    assert label == "Mastercard 4444"
    assert consent in shown
    assert "It is charged once" in row.consent
    assert row.consent_from == "127.0.0.1"
    assert "Stopped. It is not tried again." in send(dana, f"{page}/again/stop")
    assert "I agree, try it again" not in text_of(dana, page)  # it was given up; it is paid as any other
    assert "Pay now" in text_of(dana, page)


def test_what_came_of_it_is_shown_and_charged_once(office: Office, dana: FlaskClient) -> None:
    page = page_of(office)
    card = next(one for one in office.till.rows(SavedMethodRow) if one.label == "Visa 4242")
    send(dana, f"{page}/again", method=card.id)
    [row] = office.till.rows(RetryRow)
    wait = (row.next_at - office.till.clock.now()).total_seconds() + 1
    for _ in range(3):  # up to a day and a third: Dana looks in between, and stays signed in
        office.till.later(wait / 3)
        assert dana.get(page).status_code == 200
    run_due(office.till)
    assert charged(office.till) == [500, 500, 6000]
    last = next(one for one in office.payments() if one.retry_id)
    assert "Your payment for invoice 1068 by Visa 4242 has arrived" in text_of(dana, f"/c/harbor/p/{last.id}")
    assert "It is tried again on" not in text_of(dana, page)


def test_nothing_is_agreed_to_without_a_method_of_ones_own(office: Office, dana: FlaskClient) -> None:
    page = page_of(office)
    for method in ("", "method-of-luis"):
        assert "cannot be tried again by itself any more" in send(dana, f"{page}/again", method=method)
    assert office.till.rows(RetryRow) == []
    viewer = office.dana("view")
    assert "tried again by itself" not in text_of(viewer, page)
    card = office.till.rows(SavedMethodRow)[0].id
    assert "cannot be tried again by itself any more" in send(viewer, f"{page}/again", method=card)
    assert office.till.rows(RetryRow) == []
    send(dana, f"{page}/again", method=card)
    assert "Stopped." not in send(viewer, f"{page}/again/stop")
    assert [row.state for row in office.till.rows(RetryRow)] == ["on"]


def test_what_is_agreed_to_is_what_was_read(office: Office, dana: FlaskClient) -> None:
    page = page_of(office)
    card = office.till.rows(SavedMethodRow)[0].id
    shown = re.search('name="shown" value="([^"]+)"', text_of(dana, page))
    assert shown
    office.till.touch(PaymentRow, error_code="generic_decline")  # another card was refused meanwhile, without a reason
    said = send(dana, f"{page}/again", method=card, shown=shown[1])
    assert "What you would agree to has changed since you opened this page." in said
    assert office.till.rows(RetryRow) == []


def test_the_page_speaks_german(office: Office, dana: FlaskClient) -> None:
    page = page_of(office)
    german = text_of(dana, f"{page}?lang=de")
    assert "Oder von selbst erneut versuchen lassen" in german
    assert english_in(german) == []
    card = next(one for one in office.till.rows(SavedMethodRow) if one.label == "Visa 4242")
    assert english_in(send(dana, f"{page}/again", method=card.id)) == []
    [row] = office.till.rows(RetryRow)
    assert row.consent.startswith("Visa 4242: Harbor Tile darf die hier gewählte Karte")
    assert row.language == "de"
