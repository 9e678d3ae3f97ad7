"""Paying through the portal against both stand-ins: the press, its refusals in words, and the status that follows."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlmodel import col, select, update
from werkzeug.test import TestResponse

from connector.errors import WrongInput
from connector.store.companies import CompanyRow, ConnectionRow
from connector.store.money import PaymentRow, ShareRow
from connector.store.session import Database
from jobs.receipts import read_receipt
from portal.access import links
from portal.app import create_app
from sandbox.world import World
from sync.collect.amounts import read_amount
from sync.pull import pull_company
from sync.push import push_company
from tests.portal.conftest import csrf_of
from tests.portal.one_engine import database_url  # noqa: F401  # a fixture
from tests.sync.settle.till import POOR_BANK, VISA, Till


class Shop:
    """Harbor Tile with its portal open, and a payer's browser."""

    def __init__(self, db: Database, world: World) -> None:
        self.till = Till(db, world)
        settings = self.till.rt.settings.model_copy(
            update={
                "public_url": "http://localhost",
                "stripe_js_url": f"{world.stripe_host.url}/endive/stripe.js",
                "stripe_api_base": world.stripe_host.url,
            }
        )
        self.rt = self.till.rt = dataclasses.replace(self.till.rt, settings=settings)
        with db.write("keys") as session:
            mine = update(ConnectionRow).where(col(ConnectionRow.which) == "stripe")
            session.exec(mine.values(publishable_key=world.stripe.publishable_key))
        self.app = create_app(self.rt)

    def invoices(self, *amounts: int) -> list[str]:
        """Make invoices of Blue Mesa Ranch in the books, pulled into the cache; returns their ids."""
        made = [self.till.open_invoice(minor, f"10{68 + n}") for n, minor in enumerate(amounts)]
        pull_company(self.rt, self.till.company_id, None)
        return made

    def payer(self, *invoice_ids: str) -> Payer:
        return Payer(self, *invoice_ids)

    def payments(self) -> list[PaymentRow]:
        with self.rt.db.read() as session:
            return list(session.exec(select(PaymentRow).order_by(col(PaymentRow.id))))


class Payer:
    """A browser that opened links, on the pay page of their invoices."""

    def __init__(self, shop: Shop, *invoice_ids: str) -> None:
        self.shop, self.invoice_ids = shop, invoice_ids
        self.client: FlaskClient = shop.app.test_client()
        self.open_links()
        self.nonce = "the nonce of one form of a test"
        self.pay_page = "/c/harbor/pay?" + "&".join(f"i={one}" for one in invoice_ids)

    def open_links(self) -> None:
        for invoice_id in self.invoice_ids:
            url = links.make_invoice_link(self.shop.rt, self.shop.till.company_id, invoice_id)
            assert url is not None
            self.client.get(url.removeprefix("http://localhost"))

    def press(self, typed: dict[str, str], **changes: Any) -> TestResponse:
        message = {
            "shares": [{"invoice": one, "amount": text} for one, text in typed.items()],
            "form_nonce": self.nonce,
            "shown_minor": sum(map(_minor, typed.values())),
            "email": "",
            **changes,
        }
        headers = {"X-CSRFToken": csrf_of(self.client, self.pay_page), "Accept": "application/json"}
        return self.client.post("/c/harbor/pay", json=message, headers=headers)

    def reads(self, path: str) -> str:
        return self.client.get(path).get_data(as_text=True)


def _minor(text: str) -> int:
    try:
        return read_amount(text, "USD").minor
    except WrongInput:
        return 0


@pytest.fixture
def shop(db: Database, world: World) -> Shop:
    return Shop(db, world)


def test_one_payment_from_link_to_books(shop: Shop) -> None:
    [invoice] = shop.invoices(62000)
    payer = shop.payer(invoice)
    assert "Pay $620.00" in payer.reads(f"/c/harbor/i/{invoice}")
    answer = payer.press({invoice: "620.00"}, email="dana@bluemesa.example")
    assert answer.status_code == 200
    said = answer.get_json()
    assert said["text"] == "$620.00"
    assert said["return_url"] == f"http://localhost/c/harbor/p/{said['payment']}?check=1"
    page = f"/c/harbor/p/{said['payment']}"
    assert "Being checked" in payer.reads(page)

    shop.till.confirm(said["payment"], card=VISA)
    shop.till.later(4)
    before = payer.client.get(f"{page}?seen=created..0")  # the page asks; Stripe is looked at, webhooks or not
    assert "Thank you." in before.get_data(as_text=True)
    assert "will be recorded" in before.get_data(as_text=True)
    shop.till.later(3)
    shop.till.settle(said["payment"])
    assert f"/c/harbor/r/{said['payment']}" in payer.reads(f"/c/harbor/i/{invoice}")
    assert "(being recorded)" in payer.reads(f"/c/harbor/i/{invoice}")
    assert "Pay $" not in payer.reads(f"/c/harbor/i/{invoice}")

    push_company(shop.rt, shop.till.company_id)
    after = payer.client.get(f"{page}?seen=succeeded..0").get_data(as_text=True)
    assert "Recorded in Harbor Tile’s books at" in after
    assert 'data-waits=""' in after
    assert payer.client.get(f"{page}?seen=succeeded..1").status_code == 204
    # QuickBooks has it and the cache does not know it yet: the page shows it paid all the same.
    assert "Pay $" not in payer.reads(f"/c/harbor/i/{invoice}")
    pull_company(shop.rt, shop.till.company_id, None)
    paid = payer.reads(f"/c/harbor/i/{invoice}")
    assert "Visa 4242" in paid
    assert "(being recorded)" not in paid

    receipt = payer.reads(f"/c/harbor/r/{said['payment']}")
    assert "Receipt 1001" in receipt
    assert "$620.00" in receipt
    pdf = payer.client.get(f"/c/harbor/r/{said['payment']}/pdf")
    assert pdf.data.startswith(b"%PDF")
    assert pdf.headers["Content-Disposition"] == 'attachment; filename="harbor-receipt-1001.pdf"'


def test_several_invoices_with_an_amount_for_each(shop: Shop) -> None:
    one, two = shop.invoices(62000, 41200)
    payer = shop.payer(one, two)
    page = payer.reads(payer.pay_page + f"&a.{one}=200")
    assert "$612.00" in page
    answer = payer.press({one: "200", two: "412.00"})
    assert answer.get_json()["text"] == "$612.00"
    with shop.rt.db.read() as session:
        shares = session.exec(select(ShareRow.invoice_id, ShareRow.amount_minor)).all()
    assert dict(shares) == {one: 20000, two: 41200}


def test_the_payers_own_note_stands_on_the_receipt(shop: Shop) -> None:
    [invoice] = shop.invoices(62000)
    payer = shop.payer(invoice)
    payer.press({invoice: "620.00"}, note="PO 1")
    said = payer.press({invoice: "620.00"}, note=" PO 4411\n<b>\x00 ").get_json()  # corrected before it is confirmed
    shop.till.confirm(said["payment"], card=VISA)
    shop.till.later(4)
    shop.till.settle(said["payment"])
    assert "PO 4411 &lt;b&gt;</dd>" in payer.reads(f"/c/harbor/r/{said['payment']}")
    with shop.rt.db.read() as session:
        assert read_receipt(session, shop.till.company_id, said["payment"]).note == "PO 4411 <b>"
    assert len(shop.payments()) == 1


class TestOneAmountForSeveral:
    def shared(self, shop: Shop, whole: str, **company: Any) -> str:
        """Return the pay page of three invoices, with one amount shared out."""
        if company:
            shop.till.touch(CompanyRow, **company)
        payer = shop.payer(*shop.invoices(62000, 41200, 10000))
        page: str = payer.reads(f"{payer.pay_page}&whole={whole}")
        return page

    @pytest.mark.parametrize(
        ("rule", "shown", "passed_over"),
        [
            ("oldest", ["620.00", "30.00"], "Nothing goes to invoice 1070 this time."),
            ("smallest", ["138.00", "412.00", "100.00"], ""),
            ("evenly", ["356.01", "236.57", "57.42"], ""),
        ],
    )
    def test_the_companys_rule_shares_it_out_before_anything_is_paid(
        self, shop: Shop, rule: str, shown: list[str], passed_over: str
    ) -> None:
        page = self.shared(shop, "650", spread_rule=rule)
        assert amounts_in(page) == shown
        assert ">$650.00</output>" in page
        assert (passed_over in page) if passed_over else "Nothing goes" not in page
        assert not shop.payments(), "shown before it is paid"

    def test_what_stays_open_is_said(self, shop: Shop) -> None:
        assert "$382.00 stays open" in self.shared(shop, "650")

    @pytest.mark.parametrize("whole", ["0", "1132.01", "-5", "much"])
    def test_an_amount_that_cannot_be_is_said_and_changes_nothing(self, shop: Shop, whole: str) -> None:
        page = self.shared(shop, whole)
        assert amounts_in(page) == ["620.00", "412.00", "100.00"]
        assert 'id="whole-wrong" role="alert"></p>' not in page

    def test_a_company_that_wants_whole_invoices_shares_nothing(self, shop: Shop) -> None:
        page = self.shared(shop, "650", allow_partial=False)
        assert amounts_in(page) == ["620.00", "412.00", "100.00"]
        assert "Share it out" not in page

    def test_a_part_below_the_least_is_said_at_its_invoice(self, shop: Shop) -> None:
        page = self.shared(shop, "650", least_part_minor=5000)
        assert "Enter $50.00 or more, or all that is open." in page


def amounts_in(page: str) -> list[str]:
    """Return the amounts in the fields of a pay page, in their order."""
    return re.findall(r'<input class="field number" id="amount-\d+".*? value="([^"]*)"', page)


def test_a_double_click_is_one_payment(shop: Shop) -> None:
    [invoice] = shop.invoices(62000)
    payer = shop.payer(invoice)
    first, second = payer.press({invoice: "620"}).get_json(), payer.press({invoice: "620.00"}).get_json()
    assert first["payment"] == second["payment"]
    assert first["client_secret"] == second["client_secret"]
    assert len(shop.payments()) == 1


def test_a_changed_amount_replaces_the_same_browsers_unfinished_payment(shop: Shop) -> None:
    [invoice] = shop.invoices(62000)
    payer = shop.payer(invoice)
    first = payer.press({invoice: "620.00"}).get_json()
    second = payer.press({invoice: "500.00"}).get_json()
    assert second["payment"] != first["payment"]
    assert [(row.id, row.state) for row in shop.payments()] == [
        (first["payment"], "canceled"),
        (second["payment"], "created"),
    ]


def test_another_payer_is_told_and_nothing_is_charged(shop: Shop) -> None:
    [invoice] = shop.invoices(62000)
    shop.payer(invoice).press({invoice: "500.00"})
    other = shop.payer(invoice)
    other.nonce = "the nonce of another form altogether"
    answer = other.press({invoice: "620.00"})
    assert answer.status_code == 409
    said = answer.get_json()
    assert said["reason"] == "under_way"
    assert "Nothing was charged." in said["text"]
    assert said["balances"][invoice] == {"minor": 12000, "figure": "120.00", "text": "$120.00"}
    assert said["under_way"] == []  # it is not this browser's payment
    assert len(shop.payments()) == 1


def test_the_books_are_asked_when_pay_is_pressed(shop: Shop) -> None:
    """The page was loaded; then somebody changed the invoice in QuickBooks."""
    [invoice] = shop.invoices(62000)
    payer = shop.payer(invoice)
    payer.reads(payer.pay_page)
    shop.till.edit("Invoice", invoice, Line=_line(100))
    answer = payer.press({invoice: "620.00"})
    assert answer.status_code == 409
    said = answer.get_json()
    assert said["reason"] == "above_balance"
    assert said["balances"][invoice]["text"] == "$100.00"
    assert shop.payments() == []
    assert payer.press({invoice: "100.00"}, form_nonce=said["form_nonce"]).status_code == 200


def _line(amount: int) -> list[dict[str, Any]]:
    sale = {"ItemRef": {"value": "1"}, "Qty": 1, "UnitPrice": amount}
    return [{"Amount": amount, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": sale}]


@pytest.mark.parametrize(
    ("typed", "status", "words"),
    [
        ("0", 409, "Enter an amount above zero for invoice 1068. Nothing was charged."),
        ("0.00", 409, "Enter an amount above zero"),
        ("-5", 422, "An amount to pay is above zero."),
        ("−5.00", 422, "An amount to pay is above zero."),
        ("620.01", 409, "$620.00 is open on invoice 1068 now. Nothing was charged."),
        ("1e3", 422, "Write the amount in figures"),
        ("10.005", 422, "at most 2 digits after the point"),
        ("€20", 422, "Write the amount in figures"),
        ("20 EUR", 422, "Write the amount in figures"),
        ("1,62.00", 422, "Write the amount in figures"),
        ("", 422, "Write the amount in figures"),
        ("٣", 422, "Write the amount in figures"),
        ("9" * 40, 422, "Write the amount in figures"),
        ("0.10", 409, "takes $1.00 or more on invoice"),
    ],
)
def test_amounts_that_cannot_be_paid_get_a_clear_answer(shop: Shop, typed: str, status: int, words: str) -> None:
    [invoice] = shop.invoices(62000)
    payer = shop.payer(invoice)
    answer = payer.press({invoice: typed})
    assert answer.status_code == status
    assert words in answer.get_json()["text"]
    assert shop.payments() == []
    if status == 422:  # the page without a script says it too
        page = payer.client.get("/c/harbor/pay", query_string={"i": invoice, f"a.{invoice}": typed})
        assert page.status_code == 200


MESSAGES: dict[str, dict[str, Any]] = {
    "another field": {"amount_minor": 1},
    "a state": {"state": "succeeded"},
    "no nonce": {"form_nonce": ""},
    "a nonce that is no text": {"form_nonce": 5},
    "another sum": {"shown_minor": 1},
    "a note that is no text": {"note": 7},
    "a sum that is no number": {"shown_minor": "62000"},
    "shares that are no list": {"shares": "all"},
    "no shares": {"shares": []},
    "a share with more": {"shares": [{"invoice": "1", "amount": "1", "customer_id": "2"}]},
    "an amount that is no text": {"shares": [{"invoice": "1", "amount": 620}]},
    "no address": {"email": "nobody"},
}


@pytest.mark.parametrize("changes", MESSAGES.values(), ids=MESSAGES.keys())
def test_a_message_is_read_strictly(shop: Shop, changes: dict[str, Any]) -> None:
    [invoice] = shop.invoices(62000)
    answer = shop.payer(invoice).press({invoice: "620.00"}, **changes)
    assert answer.status_code == 422
    assert answer.get_json()["text"]
    assert shop.payments() == []


def test_an_invoice_twice_in_one_press_is_refused(shop: Shop) -> None:
    [invoice] = shop.invoices(62000)
    twice = [{"invoice": invoice, "amount": "310.00"}] * 2
    assert shop.payer(invoice).press({}, shares=twice, shown_minor=62000).status_code == 422


def test_an_invoice_that_was_not_opened_cannot_be_paid(shop: Shop) -> None:
    one, two = shop.invoices(62000, 41200)
    payer = shop.payer(one)
    answer = payer.press({two: "412.00"})
    assert answer.status_code == 404
    assert answer.is_json
    assert payer.press({one: "620.00", two: "412.00"}).status_code == 404
    assert shop.payments() == []


def test_a_press_needs_the_forms_token(shop: Shop) -> None:
    [invoice] = shop.invoices(62000)
    payer = shop.payer(invoice)
    answer = payer.client.post("/c/harbor/pay", json={}, headers={"Accept": "application/json"})
    assert answer.status_code == 400
    assert answer.get_json()["title"] == "This page was open for too long"


def test_whoever_tries_many_times_is_stopped(shop: Shop) -> None:
    [invoice] = shop.invoices(62000)
    payer = shop.payer(invoice)
    statuses = [payer.press({invoice: "0"}).status_code for _ in range(17)]
    assert statuses == [409] * 15 + [429] * 2
    stopped = payer.press({invoice: "0"})
    assert int(stopped.headers["Retry-After"]) > 0
    assert "Nothing was charged" in stopped.get_json()["text"]


def test_a_bank_debit_shows_its_days_and_what_became_of_it(shop: Shop) -> None:
    [invoice] = shop.invoices(62000)
    payer = shop.payer(invoice)
    payment = payer.press({invoice: "620.00"}).get_json()["payment"]
    shop.till.confirm(payment, bank_account=POOR_BANK)
    shop.till.settle(payment)
    page = payer.reads(f"/c/harbor/p/{payment}")
    assert "On its way" in page
    assert "until about" in page
    assert "Payment under way" in payer.reads(f"/c/harbor/i/{invoice}")
    shop.till.later(8 * 86400)
    shop.till.settle(payment)
    payer.open_links()  # the browser was forgotten meanwhile
    failed = payer.reads(f"/c/harbor/p/{payment}")
    assert "Did not go through" in failed
    assert "invoice 1068 is open again" in failed
    assert f"/c/harbor/pay?i={invoice}" in failed


def test_without_stripe_the_page_says_whom_to_call(shop: Shop) -> None:
    [invoice] = shop.invoices(62000)
    with shop.rt.db.write("lost") as session:
        mine = update(ConnectionRow).where(col(ConnectionRow.which) == "stripe")
        session.exec(mine.values(state="disconnected"))
    payer = shop.payer(invoice)
    page = payer.reads(payer.pay_page)
    assert "Online payment is not available at the moment" in page
    assert "<script" not in page


def test_the_pay_page_allows_stripes_origin_and_nothing_else(shop: Shop, world: World) -> None:
    [invoice] = shop.invoices(62000)
    payer = shop.payer(invoice)
    policy = payer.client.get(payer.pay_page).headers["Content-Security-Policy"]
    rules = {part.split()[0]: part.split()[1:] for part in policy.split("; ")}
    nonce = next(one for one in rules["script-src"] if one.startswith("'nonce-"))
    assert rules["script-src"] == [nonce, world.stripe_host.url]
    assert rules["frame-src"] == [world.stripe_host.url]
    assert rules["default-src"] == ["'none'"]
    other = payer.client.get(f"/c/harbor/i/{invoice}").headers["Content-Security-Policy"]
    assert world.stripe_host.url not in other
