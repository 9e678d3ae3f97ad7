"""Open credits on the pay page: offered to who may use them, shown before paying, used with and without a script."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from connector.ledger.payments import PaymentState
from connector.store.access import ContactCustomerRow, ContactRow
from connector.store.session import Database
from portal.access import sessions
from sandbox.world import World
from sync.pull import pull_company
from sync.push import push_company
from sync.tieout import prove
from tests.german import english_in
from tests.portal.conftest import csrf_of, with_session
from tests.portal.one_engine import database_url  # noqa: F401  # a fixture
from tests.portal.test_pay import Shop
from tests.sync.settle.till import VISA


class Office(Shop):
    """Harbor Tile's portal with Dana of Blue Mesa Ranch signed in."""

    def dana(self, role: str = "pay") -> FlaskClient:
        company_id = self.till.company_id
        with self.rt.db.write("dana") as session:
            person = ContactRow(
                id=f"dana-{role}",
                company_id=company_id,
                email=f"{role}@bluemesa.example",
                created_at=self.rt.clock.now(),
            )
            session.add(person)
            session.flush()
            session.add(
                ContactCustomerRow(
                    company_id=company_id, contact_id=person.id, customer_id=self.till.blue_mesa, role=role
                )
            )
        who = {"company_id": company_id, "contact_id": f"dana-{role}", "proof": "mail"}
        return with_session(self.app, self.rt, sessions.payer_door("harbor"), sessions.CUSTOMER, **who)

    def memo(self, minor: int, number: str = "CM-1026", customer: str = "") -> str:
        line = self.till.line(minor)
        who = {"value": customer or self.till.blue_mesa}
        made = self.till.by_hand("CreditMemo", CustomerRef=who, DocNumber=number, Line=[line])
        pull_company(self.rt, self.till.company_id, None)
        return f"CreditMemo/{made}"

    def press(self, client: FlaskClient, shares: dict[str, str], uses: dict[str, int], shown: int) -> tuple[int, dict]:
        page = "/c/harbor/pay?" + "&".join(f"i={one}" for one in shares)
        message = {
            "shares": [{"invoice": one, "amount": text} for one, text in shares.items()],
            "credits": [{"credit": name, "minor": minor} for name, minor in uses.items()],
            "form_nonce": "the nonce of one form of a test",
            "shown_minor": shown,
            "email": "",
        }
        answer = client.post("/c/harbor/pay", json=message, headers={"X-CSRFToken": csrf_of(client, page)})
        return answer.status_code, answer.get_json() or {}


@pytest.fixture
def office(db: Database, world: World) -> Office:
    return Office(db, world)


def text_of(client: FlaskClient, path: str) -> str:
    return client.get(path).get_data(as_text=True)


def test_a_payer_sees_what_a_credit_pays_before_it_is_used(office: Office) -> None:
    [invoice], credit = office.invoices(62000), office.memo(5000)
    dana = office.dana()
    page = text_of(dana, f"/c/harbor/pay?i={invoice}")
    assert "You have an open credit" in page
    assert "Use Credit CM-1026" in page
    assert "Pay $620.00" in page
    chosen = text_of(dana, f"/c/harbor/pay?i={invoice}&a.{invoice}=620.00&c={credit}")
    assert "Pay $570.00" in chosen
    assert "$50.00 used, $0.00 stays" in chosen


def test_money_and_credit_in_one_press_down_to_the_receipt(office: Office) -> None:
    [invoice], credit = office.invoices(62000), office.memo(5000)
    dana = office.dana()
    status, said = office.press(dana, {invoice: "620.00"}, {credit: 5000}, 57000)
    assert (status, said["text"]) == (200, "$570.00")
    office.till.confirm(said["payment"], card=VISA)
    office.till.later(3)
    office.till.settle(said["payment"])
    push_company(office.rt, office.till.company_id)
    story = text_of(dana, f"/c/harbor/p/{said['payment']}")
    assert "$570.00" in story
    assert re.search(r"From your credit</dt><dd>\$50.00", story)
    receipt = text_of(dana, f"/c/harbor/r/{said['payment']}")
    assert "Credit CM-1026" in receipt
    assert prove(office.rt, office.till.company_id, live=True).ties
    # The books have used it, and the cache of the pages follows: it is not offered again.
    assert "open credit" not in text_of(dana, f"/c/harbor/pay?i={office.invoices(9000)[0]}")


def test_credit_alone_pays_without_a_card_and_without_a_script(office: Office) -> None:
    [invoice], credit = office.invoices(4000), office.memo(5000)
    dana = office.dana()
    page = text_of(dana, f"/c/harbor/pay?i={invoice}&c={credit}")
    form = page[page.index('id="credit-press"') :]
    fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', form[: form.index("</form>")]))
    answer = dana.post("/c/harbor/pay/credit", data=fields)
    assert answer.status_code == 302
    story = text_of(dana, answer.headers["Location"])
    assert "Your open credit has paid invoice 1068. No money was charged." in story
    assert "$40.00" in story
    [payment] = office.payments()
    assert (payment.state, payment.amount_minor) == (PaymentState.SUCCEEDED, 0)
    again = dana.post("/c/harbor/pay/credit", data=fields)  # pressed twice: nothing is left to pay on the invoice
    assert again.headers["Location"].endswith(f"/i/{invoice}")
    assert len(office.payments()) == 1
    receipt = text_of(dana, f"/c/harbor/r/{payment.id}")
    assert "Open credit" in receipt
    assert "$40.00" in receipt


def test_a_credit_that_was_used_meanwhile_stops_the_press_and_says_what_is_left(office: Office) -> None:
    [invoice], credit = office.invoices(62000), office.memo(5000)
    dana = office.dana()
    office.till.start({office.till.open_invoice(3000, "1099"): 3000}, credits=((credit, 3000),))
    status, said = office.press(dana, {invoice: "620.00"}, {credit: 5000}, 57000)
    assert (status, said["reason"]) == (409, "credit")
    assert said["text"] == "Credit CM-1026 has $20.00 left now. Nothing was charged."
    assert said["credits"] == {credit: {"minor": 2000, "figure": "20.00", "text": "$20.00"}}


def test_nobody_else_is_offered_a_credit_or_can_spend_it(office: Office) -> None:
    [invoice], credit = office.invoices(62000), office.memo(5000)
    guest = office.payer(invoice)
    assert "open credit" not in guest.reads(guest.pay_page)
    assert office.press(guest.client, {invoice: "620.00"}, {credit: 5000}, 57000)[0] == 404
    stranger = office.memo(5000, "CM-7", customer=office.till.customer("Cedar Hill"))
    dana = office.dana()
    assert "CM-7" not in text_of(dana, f"/c/harbor/pay?i={invoice}")
    assert office.press(dana, {invoice: "620.00"}, {stranger: 5000}, 57000)[0] == 404
    viewer = office.dana("view")
    assert viewer.post("/c/harbor/pay/credit", data={}).status_code in (302, 400, 404)
    assert office.payments() == []


@pytest.mark.parametrize(
    "uses",
    [
        "CreditMemo/1",
        [{"credit": "CreditMemo/1"}],
        [{"credit": "CreditMemo/1", "minor": 0}],
        [{"credit": "CreditMemo/1", "minor": "5"}],
        [{"credit": "CreditMemo/1", "minor": True}],
        [{"credit": 1, "minor": 5}],
        [{"credit": "CreditMemo/1", "minor": 5}, {"credit": "CreditMemo/1", "minor": 5}],
    ],
)
def test_a_message_that_is_not_ours_starts_nothing(office: Office, uses: object) -> None:
    [invoice] = office.invoices(62000)
    dana = office.dana()
    message = {
        "shares": [{"invoice": invoice, "amount": "620.00"}],
        "credits": uses,
        "form_nonce": "the nonce of one form of a test",
        "shown_minor": 62000,
        "email": "",
    }
    headers = {"X-CSRFToken": csrf_of(dana, f"/c/harbor/pay?i={invoice}")}
    assert dana.post("/c/harbor/pay", json=message, headers=headers).status_code == 422
    assert office.payments() == []


def test_what_is_left_of_a_payment_is_offered_and_pays_without_a_card(office: Office) -> None:
    [invoice] = office.invoices(20000)
    cheque = {"CustomerRef": {"value": office.till.blue_mesa}, "TotalAmt": 250, "Line": []}
    name = f"Payment/{office.till.by_hand('Payment', **cheque)}"
    office.till.by_hand("Payment", **{**cheque, "ProcessPayment": True})  # QuickBooks' own affair
    pull_company(office.rt, office.till.company_id, None)
    dana = office.dana()
    assert re.search(r"Credits left to use</dt><dd><a[^>]*>\$250.00</a>", text_of(dana, "/c/harbor/"))
    papers = text_of(dana, "/c/harbor/documents")
    assert "No invoice has taken it yet" in papers
    assert "$250.00" in papers
    page = text_of(dana, f"/c/harbor/pay?i={invoice}&c={name}")
    assert re.search(r"Use Payment of [^<]+\s+<span[^>]*>\$250.00 open", page)
    assert page.count("data-credit=") == 1
    assert "$200.00 used, $50.00 stays" in page
    assert english_in(text_of(dana, f"/c/harbor/pay?i={invoice}&c={name}&lang=de")) == []
    form = page[page.index('id="credit-press"') :]
    fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', form[: form.index("</form>")]))
    assert "data-credit=" not in office.payer(invoice).reads(f"/c/harbor/pay?i={invoice}"), "nobody's by a link alone"
    story = dana.post("/c/harbor/pay/credit", data=fields).headers["Location"]
    assert "It will be recorded" in text_of(dana, f"{story}?lang=en")
    other = office.till.open_invoice(9000, "1070")
    pull_company(office.rt, office.till.company_id, None)
    assert "$50.00 open" in text_of(dana, f"/c/harbor/pay?i={other}"), "what is promised is not offered again"

    push_company(office.rt, office.till.company_id)
    assert "Recorded in Harbor Tile" in text_of(dana, story)
    assert "$50.00 open" in text_of(dana, f"/c/harbor/pay?i={other}")
    pull_company(office.rt, office.till.company_id, None)
    assert "Paid" in text_of(dana, f"/c/harbor/i/{invoice}")
    payments = text_of(dana, "/c/harbor/payments")
    assert "$250.00" in payments, "what was paid elsewhere stays in the history"
    assert "$200.00" in payments
    statement = text_of(dana, "/c/harbor/statement")
    [customer] = [one for one in office.till.in_books("Customer") if one["Id"] == office.till.blue_mesa]
    assert f"{float(customer['Balance']):,.2f}".lstrip("-") in statement, "its end is QuickBooks' own balance"


def test_no_number_of_credits_hides_one(office: Office) -> None:
    [invoice] = office.invoices(20000)
    cheque = {"CustomerRef": {"value": office.till.blue_mesa}, "TotalAmt": 1, "Line": []}
    for n in range(84):  # every other one is QuickBooks' own affair
        office.till.by_hand("Payment", **cheque, **({"ProcessPayment": True} if n % 2 else {}))
    pull_company(office.rt, office.till.company_id, None)
    dana = office.dana()
    assert text_of(dana, f"/c/harbor/pay?i={invoice}").count("data-credit=") == 42
    assert re.search(r"Credits left to use</dt><dd><a[^>]*>\$42.00</a>", text_of(dana, "/c/harbor/"))
    assert text_of(dana, "/c/harbor/documents").count("No invoice has taken it yet") == 42


def test_what_is_promised_is_not_said_to_be_left(office: Office) -> None:
    [invoice] = office.invoices(20000)
    cheque = {"CustomerRef": {"value": office.till.blue_mesa}, "TotalAmt": 250, "Line": []}
    earlier = f"Payment/{office.till.by_hand('Payment', **cheque)}"
    memo = office.memo(6000)
    dana = office.dana()
    shares, uses = {invoice: "200.00"}, {earlier: 15000, memo: 5000}
    assert office.press(dana, shares, uses, 0)[0] == 200
    for pushes in (False, True):
        if pushes:
            push_company(office.rt, office.till.company_id)
        assert re.search(r"Credits left to use</dt><dd><a[^>]*>\$110.00</a>", text_of(dana, "/c/harbor/"))
        papers = text_of(dana, "/c/harbor/documents")
        assert "$100.00" in papers
        assert "$10.00" in papers
