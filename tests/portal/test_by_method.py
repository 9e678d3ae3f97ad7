"""What ways to pay cost, in the portal: switched on by an owner, told on the page, and paid only at the total shown."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from connector.store.companies import CompanyRow
from connector.store.methods import SavedMethodRow
from connector.store.session import Database
from portal.access import sessions
from sandbox.world import World
from sync.pull import pull_company
from tests import cast
from tests.german import english_in
from tests.portal.conftest import csrf_of, with_session
from tests.portal.one_engine import database_url  # noqa: F401  # a fixture
from tests.portal.test_pay_with_credit import Office, text_of
from tests.sync.collect.test_by_method import client, token

BILL, COST = 62000, 1860


class Asking(Office):
    """Harbor Tile with an owner at the console and two items in its books."""

    def items(self) -> dict[str, str]:
        account = self.till.by_hand("Account", Name="Surcharge income", AccountType="Income")
        of = {"Type": "Service", "IncomeAccountRef": {"value": account}}
        made = {f"{name}_item": self.till.by_hand("Item", Name=name, **of) for name in ("surcharge", "bank")}
        pull_company(self.rt, self.till.company_id, None)
        return made

    def save(self, **form: str) -> str:
        with self.rt.db.read() as session:
            is_new = session.get(cast.StaffRow, "omar") is None
        if is_new:
            cast.put(self.rt.db, *cast.staff("omar", "omar@harbor.example", "Omar", {self.till.company_id: "owner"}))
        who = {"company_id": self.till.company_id, "staff_id": "omar"}
        omar = with_session(self.app, self.rt, sessions.STAFF_DOOR, sessions.STAFF, **who)
        fields = {"csrf_token": csrf_of(omar, "/staff/settings/paying"), **form}
        return omar.post("/staff/settings/paying/methods", data=fields, follow_redirects=True).get_data(as_text=True)

    def rates(self) -> tuple[int, int]:
        with self.rt.db.read() as session:
            row = session.get_one(CompanyRow, self.till.company_id)
            return row.card_surcharge, row.bank_discount

    def pressed(self, who: FlaskClient, invoice: str, shown: int, **method: str) -> tuple[int, dict]:
        page = f"/c/harbor/pay?i={invoice}"
        message = {
            "shares": [{"invoice": invoice, "amount": "620.00"}],
            "method": method,
            "form_nonce": "the nonce of one form of a test",
            "shown_minor": shown,
            "email": "",
        }
        answer = who.post("/c/harbor/pay", json=message, headers={"X-CSRFToken": csrf_of(who, page)})
        return answer.status_code, answer.get_json()


@pytest.fixture
def office(db: Database, world: World) -> Asking:
    return Asking(db, world)


def test_nothing_costs_more_before_an_owner_says_so_with_an_item_and_within_the_networks_bound(office: Asking) -> None:
    items = office.items()
    assert "Choose the item that surcharges are booked on" in office.save(card_surcharge="3")
    for wrong in ("3.01", "-1", "three", "2.755"):
        assert "at most 3" in office.save(card_surcharge=wrong, **items)
    assert office.rates() == (0, 0)
    assert "Saved." in office.save(card_surcharge="2.75%", bank_discount="1", **items)
    assert office.rates() == (275, 100)
    assert "Saved." in office.save(card_surcharge="", bank_discount="")
    assert office.rates() == (0, 0)


def test_a_key_that_may_not_ask_stripe_of_the_card_is_found_before_the_switch(office: Asking) -> None:
    items = office.items()
    no = [{"match": {"service": "stripe", "operation": "confirmation_tokens.retrieve", "times": 0}, "do": "forbidden"}]
    office.till.world.faults.load(no)
    assert "may not read confirmation tokens" in office.save(card_surcharge="3", **items)
    assert office.rates() == (0, 0)


def test_the_page_tells_it_first_and_shows_no_wallet_that_could_not(office: Asking) -> None:
    [invoice] = office.invoices(BILL)
    payer = office.payer(invoice)
    assert "credit card costs" not in payer.reads(payer.pay_page)
    assert 'id="wallets"' in payer.reads(payer.pay_page)
    office.save(card_surcharge="3", bank_discount="1", **office.items())
    page = payer.reads(payer.pay_page)
    assert "A credit card costs 3% more, a bank account 1% less. Debit cards cost nothing more." in page
    assert 'data-surcharge="300" data-bank-discount="100"' in page
    assert 'data-order="us_bank_account card"' in page
    assert 'id="wallets"' not in page
    assert english_in(text_of(office.dana(), f"/c/harbor/pay?i={invoice}&lang=de")) == []


def test_a_press_at_the_old_total_is_told_the_new_one_and_only_that_is_charged(office: Asking) -> None:
    [invoice] = office.invoices(BILL)
    office.save(card_surcharge="3", **office.items())
    dana, held = office.dana(), token(office.till)
    status, said = office.pressed(dana, invoice, BILL, token=held)
    assert (status, said["reason"], said["total"]["minor"], said["cost"]["minor"]) == (
        409,
        "by_method",
        BILL + COST,
        COST,
    )
    assert office.pressed(dana, invoice, BILL + COST - 1, token=held)[1]["reason"] == "by_method"
    status, said = office.pressed(dana, invoice, BILL + COST, token=held)
    assert (status, said["text"]) == (200, "$638.60")
    params = {"confirmation_token": held}
    intent = office.till.payment(said["payment"]).intent_id
    client(office.till).v1.payment_intents.confirm(str(intent), params)  # type: ignore[arg-type]
    office.till.later(3)
    office.till.settle(said["payment"])
    assert "Card surcharge in it" in text_of(dana, f"/c/harbor/p/{said['payment']}")
    receipt = text_of(dana, f"/c/harbor/r/{said['payment']}")
    assert "Card surcharge, 3%" in receipt
    assert "18.60" in receipt


@pytest.mark.parametrize(
    "method", [{"token": ""}, {"token": "ctoken/../x"}, {"token": "a", "kept": "b"}, {"other": "a"}]
)
def test_a_method_is_read_strictly(office: Asking, method: dict[str, str]) -> None:
    [invoice] = office.invoices(BILL)
    assert office.pressed(office.dana(), invoice, BILL, **method)[0] == 422


def test_a_kept_card_is_priced_by_what_stripe_says_of_it_and_only_for_its_owner(office: Asking) -> None:
    invoice, other = office.invoices(BILL, BILL)
    office.save(card_surcharge="3", **office.items())
    stripe = client(office.till).v1
    customer = stripe.customers.create({"email": "dana@bluemesa.example"}).id
    kept = stripe.payment_methods.attach("pm_card_visa", {"customer": customer}).id
    row = {"company_id": office.till.company_id, "contact_id": "dana-pay", "state": "ready", "kind": "card"}
    now = office.rt.clock.now()
    with office.rt.db.write("kept") as session:
        session.add(SavedMethodRow(id="kept", method_ref=kept, consent_at=now, created_at=now, **row))
    dana = office.dana()
    assert 'data-kind="card" data-funding=""' in dana.get(f"/c/harbor/pay?i={invoice}").get_data(as_text=True)
    assert office.pressed(dana, invoice, BILL, kept=kept)[1]["total"]["minor"] == BILL + COST
    assert office.pressed(dana, invoice, BILL + COST, kept=kept)[0] == 200
    guest = office.payer(other)
    assert office.pressed(guest.client, other, BILL + COST, kept=kept)[1]["reason"] == "other_form"
