"""Discounts for paying early: switched on by an owner, shown with their last day before paying, used in the press."""

from __future__ import annotations

import pytest

from connector.ledger.payments import PaymentState
from connector.store.companies import CompanyRow, MappingRow
from connector.store.session import Database
from portal.access import sessions
from sandbox.world import World
from sync.pull import pull_company
from sync.push import push_company
from tests import cast
from tests.portal.conftest import csrf_of, with_session
from tests.portal.one_engine import database_url  # noqa: F401  # a fixture
from tests.portal.test_pay_with_credit import Office, text_of
from tests.sync.settle.till import VISA


class GrantingOffice(Office):
    """Harbor Tile with an owner at the console."""

    def switch_on(self, **form: str) -> str:
        cast.put(self.rt.db, *cast.staff("omar", "omar@harbor.example", "Omar", {self.till.company_id: "owner"}))
        who = {"company_id": self.till.company_id, "staff_id": "omar"}
        omar = with_session(self.app, self.rt, sessions.STAFF_DOOR, sessions.STAFF, **who)
        fields = {"csrf_token": csrf_of(omar, "/staff/settings/paying"), "early_discount": "yes", **form}
        return omar.post("/staff/settings/paying", data=fields, follow_redirects=True).get_data(as_text=True)

    def granted(self, minor: int, number: str, days: int = 10) -> str:
        term = self.till.by_hand("Term", Name=f"2% {number}", DueDays=30, DiscountPercent=2, DiscountDays=days)
        paper = {"DocNumber": number, "Line": [self.till.line(minor)], "SalesTermRef": {"value": term}}
        made = self.till.by_hand("Invoice", CustomerRef={"value": self.till.blue_mesa}, **paper)
        pull_company(self.rt, self.till.company_id, None)
        return made


@pytest.fixture
def office(db: Database, world: World) -> GrantingOffice:
    return GrantingOffice(db, world)


def item(office: GrantingOffice) -> str:
    account = office.till.by_hand("Account", Name="Discounts given here", AccountType="Income")
    made = office.till.by_hand("Item", Name="Early payment", Type="Service", IncomeAccountRef={"value": account})
    pull_company(office.rt, office.till.company_id, None)
    return made


def test_nothing_is_granted_before_an_item_is_chosen(office: GrantingOffice) -> None:
    assert "Choose the item that discounts are booked on" in office.switch_on()
    with office.rt.db.read() as session:
        assert not session.get_one(CompanyRow, office.till.company_id).early_discount


def test_from_the_switch_to_the_books(office: GrantingOffice) -> None:
    invoice, credit = office.granted(62000, "1068"), office.memo(5000)
    dana = office.dana()
    assert "% off" not in text_of(dana, f"/c/harbor/pay?i={invoice}")
    early = item(office)
    assert "Saved." in office.switch_on(item=early)
    page = text_of(dana, f"/c/harbor/pay?i={invoice}")
    assert "2% off if all of it is paid by" in page
    assert "Pay $607.60" in page
    assert "Pay $620.00" not in page
    assert "Pay $100.00" in text_of(dana, f"/c/harbor/pay?i={invoice}&a.{invoice}=100")
    assert "Pay $557.60" in text_of(dana, f"/c/harbor/pay?i={invoice}&c={credit}")
    uses = {f"discount/{invoice}": 1240, credit: 5000}
    status, said = office.press(dana, {invoice: "620.00"}, uses, 55760)
    assert (status, said["text"]) == (200, "$557.60")
    office.till.confirm(said["payment"], card=VISA)
    office.till.later(3)
    assert office.till.settle(said["payment"]) is PaymentState.SUCCEEDED
    push_company(office.rt, office.till.company_id)
    [paid] = office.till.in_books("Invoice")
    assert paid["Balance"] == 0
    receipt = text_of(dana, f"/c/harbor/r/{said['payment']}")
    assert "Early-payment discount, invoice 1068" in receipt
    status_page = text_of(dana, f"/c/harbor/p/{said['payment']}")
    assert "From your credit</dt><dd>$50.00" in status_page
    assert "Early-payment discount</dt><dd>$12.40" in status_page, "a discount is no credit of his"


def test_the_holder_of_a_link_takes_the_discount_of_that_invoice_alone(office: GrantingOffice) -> None:
    invoice, other = office.granted(62000, "1068"), office.granted(10000, "1069")
    office.switch_on(item=item(office))
    guest = office.payer(invoice)
    assert "Pay $607.60" in guest.reads(guest.pay_page)
    strange = office.press(guest.client, {invoice: "620.00"}, {f"discount/{other}": 200}, 61800)
    assert strange[0] in (404, 409)
    assert office.press(guest.client, {invoice: "620.00"}, {f"discount/{invoice}": 1240}, 60760)[0] == 200


def test_a_day_too_late_is_said_before_money_moves(office: GrantingOffice) -> None:
    invoice = office.granted(62000, "1068", days=1)
    office.switch_on(item=item(office))
    office.till.later(2 * 86400)
    dana = office.dana()
    status, said = office.press(dana, {invoice: "620.00"}, {f"discount/{invoice}": 1240}, 60760)
    assert status == 409
    assert said["text"] == "The discount on invoice 1068 is not granted any more. Nothing was charged."
    assert said["credits"][f"discount/{invoice}"]["minor"] == 0
    with office.rt.db.read() as session:
        assert session.get_one(MappingRow, (office.till.company_id, "discount", "")).name == "Early payment"
