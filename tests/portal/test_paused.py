"""Online payment that a company paused: said on each page that would pay, refused at the press, and nothing stopped."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from connector.ledger.payments import PaymentState
from connector.store.companies import CompanyRow
from connector.store.log import LogRow
from connector.store.session import Database
from jobs import boot
from portal.access import sessions
from portal.cli import main
from portal.commands import shared
from sandbox.world import World
from tests import cast
from tests.german import english_in
from tests.portal.conftest import csrf_of, with_session
from tests.portal.one_engine import database_url  # noqa: F401  # a fixture
from tests.portal.test_pay_with_credit import Office, text_of
from tests.sync.settle.till import VISA


@pytest.fixture
def office(db: Database, world: World) -> Office:
    return Office(db, world)


def test_an_owner_pauses_and_nothing_new_is_paid_while_what_was_begun_goes_on(office: Office) -> None:
    invoice, other = office.invoices(62000, 9000)
    office.till.touch(CompanyRow, phone="503 555 0119", email="office@harbor.example", takes_deposits=True)
    dana, payer = office.dana(), office.payer(invoice)
    begun = payer.press({invoice: "620.00"}).get_json()["payment"]
    office.till.confirm(begun, card=VISA)
    pressed = csrf_of(dana, f"/c/harbor/pay?i={other}")

    cast.put(office.rt.db, *cast.staff("omar", "omar@harbor.example", "Omar", {office.till.company_id: "owner"}))
    who = {"company_id": office.till.company_id, "staff_id": "omar"}
    omar = with_session(office.app, office.rt, sessions.STAFF_DOOR, sessions.STAFF, **who)
    fields = {"csrf_token": csrf_of(omar, "/staff/settings/paying"), "pay": "off"}
    said = omar.post("/staff/settings/paying/switch", data=fields, follow_redirects=True).get_data(as_text=True)
    assert "Take payments again" in said
    assert "Omar paused online payment at Harbor Tile." in [row.sentence for row in office.till.rows(LogRow)]

    for path in ("/c/harbor/", f"/c/harbor/i/{other}", f"/c/harbor/pay?i={other}", "/c/harbor/deposit"):
        page = text_of(dana, path)
        assert "Online payment is paused" in page, path
        assert "office@harbor.example" in page, path
        assert 'id="press"' not in page, path
        assert 'id="go"' not in page, path
        assert english_in(text_of(dana, f"{path}{'&' if '?' in path else '?'}lang=de")) == [], path
        text_of(dana, f"{path}{'&' if '?' in path else '?'}lang=en")
    assert "Add a card" not in text_of(dana, "/c/harbor/account/methods")
    message = {"shares": [{"invoice": other, "amount": "90.00"}], "form_nonce": "n" * 24, "shown_minor": 9000}
    answer = dana.post("/c/harbor/pay", json={**message, "email": ""}, headers={"X-CSRFToken": pressed})
    assert (answer.status_code, answer.get_json()["reason"]) == (409, "paused")
    assert "Nothing was charged. Please call 503 555 0119 or write to" in answer.get_json()["text"]
    assert len(office.payments()) == 1

    office.till.later(3)
    assert office.till.settle(begun) is PaymentState.SUCCEEDED


def test_the_command_line_pauses_and_resumes(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boot, "runtime", lambda: office.rt)
    monkeypatch.setattr(shared, "check_settings", lambda: None)
    [invoice] = office.invoices(5000)
    for command, reason in (("pause", "paused"), ("pause", "paused")):
        assert "has paused online payment" in CliRunner().invoke(main, ["company", command]).output
        assert office.till.refused({invoice: 5000}).reason == reason
    assert "takes payments online" in CliRunner().invoke(main, ["company", "resume"]).output
    office.till.start({invoice: 5000})
    lines = [row.sentence for row in office.till.rows(LogRow) if "online payment" in row.sentence]
    assert len(lines) == 2, "what was so already is not told again"


def test_less_than_one_whole_unit_is_never_chosen_freely(office: Office) -> None:
    large, small = office.invoices(62000, 75)
    office.till.touch(CompanyRow, takes_deposits=True)
    refused = office.till.refused({large: 99})
    assert (refused.reason, "takes $1.00 or more" in refused.sentence) == ("partial", True)
    assert office.till.refused({}, deposit_minor=99).reason == "too_small"
    assert office.till.start({large: 100}).amount.minor == 100
    assert office.till.start({small: 75}).amount.minor == 75, "all that is open is always taken"
