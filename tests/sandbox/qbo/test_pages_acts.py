"""The stand-in's pages as a small business uses them: forms written and edited, money received, customers merged."""

from __future__ import annotations

import pytest

from tests.sandbox.client import Company
from tests.sandbox.qbo.test_pages import page, press

LINE = {"item0": "1", "said0": "Tiles", "qty0": "3", "rate0": "12.50"}


@pytest.fixture
def buyer(company: Company) -> str:
    return str(company.customer("Cedar Yard")["Id"])


def newest(company: Company, entity: str) -> dict[str, object]:
    books = company.world.quickbooks.books(company.realm)
    assert books is not None
    body = books.docs.body(entity, books.docs.ids(entity)[-1])
    assert body is not None
    return body


def test_an_invoice_is_written_edited_and_sent(company: Company, buyer: str) -> None:
    form = {"customer": buyer, "email": "ap@example.com", "day": "2026-03-02", "due": "2026-03-20", "number": "A-7"}
    assert "Invoice is written." in press(company, "/new/Invoice", **form, **LINE, item1="", rate1="")
    written = newest(company, "Invoice")
    assert (str(written["TotalAmt"]), written["DueDate"], written["DocNumber"]) == ("37.5", "2026-03-20", "A-7")
    path = f"/documents/Invoice/{written['Id']}"
    text = page(company, f"{path}/edit")
    assert 'value="Tiles"' in text
    line = written["Line"][0]["Id"]
    changed = {**form, "due": "2026-04-01", "number": "A-8", **LINE, "id0": line, "qty0": "4"}
    assert "It is changed." in press(company, f"{path}/edit", **changed)
    edited = newest(company, "Invoice")
    assert (str(edited["TotalAmt"]), edited["DueDate"], edited["DocNumber"]) == ("50", "2026-04-01", "A-8")
    assert edited["Line"][0]["Id"] == line
    assert "sent by e-mail" in press(company, f"{path}/send")
    assert newest(company, "Invoice")["EmailStatus"] == "EmailSent"


def test_tax_is_due_on_what_is_ticked(company: Company, buyer: str) -> None:
    press(company, "/new/Invoice", customer=buyer, **LINE, taxed0="on")
    assert str(newest(company, "Invoice")["TxnTaxDetail"]["TotalTax"]) == "3.26"  # 8.7 % of 37.50


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"rate0": "ten"}, "The rate of line 1 is not a number: ten"),
        ({"rate0": "1e999"}, "The rate of line 1 is not an amount"),
        ({"rate0": ""}, "Not done:"),
        ({"customer": ""}, "Not done:"),
        ({"qty0": "-1"}, "Not done:"),
    ],
)
def test_a_wrong_form_is_said_and_nothing_is_written(
    company: Company, buyer: str, wrong: dict[str, str], said: str
) -> None:
    text = press(company, "/new/Invoice", **{"customer": buyer, **LINE, **wrong})
    assert said in text
    assert 'value="Tiles"' in text, "what was typed still stands in the form"
    assert company.world.quickbooks.books(company.realm).docs.count("Invoice") == 0


def test_money_is_received_for_several_invoices_and_deposited(company: Company, buyer: str) -> None:
    one, two = company.invoice(buyer, "100")["Id"], company.invoice(buyer, "50")["Id"]
    assert "Receive payment" in page(company, f"/receive/{buyer}")
    entered = {f"Invoice.{one}": "60", f"Invoice.{two}": "50", "reference": "Check 7", "total": "120"}
    assert "It is received." in press(company, f"/receive/{buyer}", **entered)
    payment = newest(company, "Payment")
    assert (str(payment["TotalAmt"]), str(payment["UnappliedAmt"])) == ("120", "10")
    assert [str(company.read("Invoice", key)["Balance"]) for key in (one, two)] == ["40", "0"]
    bank = company.account("Checking")
    ticked = {f"Payment.{payment['Id']}": "on", "account": bank}
    assert "It is deposited." in press(company, "/deposit", **ticked)
    assert str(newest(company, "Deposit")["TotalAmt"]) == "120"
    assert "Nothing waits." in page(company, "/deposit")
    assert "Not done:" in press(company, f"/documents/Payment/{payment['Id']}/delete"), "a deposit holds it fast"


def test_a_credit_pays_without_money(company: Company, buyer: str) -> None:
    invoice = company.invoice(buyer, "100")["Id"]
    press(company, "/new/CreditMemo", customer=buyer, **LINE)
    credit = newest(company, "CreditMemo")["Id"]
    assert "It is received." in press(
        company, f"/receive/{buyer}", **{f"Invoice.{invoice}": "37.50", f"CreditMemo.{credit}": "37.50"}
    )
    assert str(company.read("Invoice", invoice)["Balance"]) == "62.5"
    assert str(newest(company, "Payment")["TotalAmt"]) == "0"
    assert "Used up" in page(company, f"/documents/CreditMemo/{credit}")


def test_nothing_entered_is_said(company: Company, buyer: str) -> None:
    assert "Nothing was entered." in press(company, f"/receive/{buyer}")
    assert "Nothing was ticked." in press(company, "/deposit")


def test_an_estimate_becomes_an_invoice(company: Company, buyer: str) -> None:
    press(company, "/new/Estimate", customer=buyer, **LINE)
    estimate = newest(company, "Estimate")["Id"]
    assert "The estimate became an invoice." in press(company, f"/documents/Estimate/{estimate}/convert")
    assert str(newest(company, "Invoice")["TotalAmt"]) == "37.5"
    assert newest(company, "Estimate")["TxnStatus"] != "Pending"


def test_receipts_and_refunds_name_their_account(company: Company, buyer: str) -> None:
    bank = company.account("Checking")
    for entity in ("SalesReceipt", "RefundReceipt"):
        press(company, f"/new/{entity}", customer=buyer, account=bank, **LINE)
        assert newest(company, entity)["DepositToAccountRef"]["value"] == bank


def test_a_customer_is_edited_rests_wakes_and_is_merged(company: Company, buyer: str) -> None:
    press(company, f"/customers/{buyer}/edit", name="Cedar Yard Ltd", email="books@example.com", parent="")
    assert company.read("Customer", buyer)["PrimaryEmailAddr"]["Address"] == "books@example.com"
    assert "The customer is inactive." in press(company, f"/customers/{buyer}/rest")
    assert "The customer is active again." in press(company, f"/customers/{buyer}/wake")
    press(company, "/new-customer", name="Cedar Yard, shed", parent=buyer)
    job = newest(company, "Customer")
    assert job["ParentRef"]["value"] == buyer
    assert "Cedar Yard, shed" in page(company, f"/customers/{buyer}")
    press(company, "/new-customer", name="Cedars")
    winner = str(newest(company, "Customer")["Id"])
    invoice = company.invoice(buyer, "80")["Id"]
    assert "The two are one now." in press(company, f"/customers/{buyer}/merge", winner=winner)
    assert company.read("Invoice", invoice)["CustomerRef"]["value"] == winner
    assert "Not done:" in press(company, f"/customers/{winner}/merge", winner=winner)


def test_closed_books_keep_the_app_out_and_open_again(company: Company, buyer: str) -> None:
    assert "The books are closed through 2026-01-31." in press(company, "/settings/close", day="2026-01-31")
    books = company.world.quickbooks.books(company.realm)
    assert books.preference("AccountingInfoPrefs", "BookCloseDate") == "2026-01-31"
    assert "The books are open." in press(company, "/settings/close", day="")
    assert not books.preference("AccountingInfoPrefs", "BookCloseDate")


def test_switches_are_turned_and_refused(company: Company) -> None:
    press(company, "/settings/switch", name="throttle", value="on")
    assert company.world.quickbooks.switches["throttle"] is True
    assert "Not done:" in press(company, "/settings/switch", name="batch_limit", value="many")
    assert "Not done:" in press(company, "/settings/switch", name="nothing", value="1")


def test_the_app_is_disconnected(company: Company) -> None:
    assert "The app is disconnected" in press(company, "/settings/disconnect")
    answer = company.http.get(
        f"{company.credentials['api_base']}/v3/company/{company.realm}/companyinfo/{company.realm}",
        headers={"Authorization": f"Bearer {company.credentials.get('access_token', 'gone')}"},
    )
    assert answer.status_code == 401


def test_the_trail_says_who_did_what(company: Company, buyer: str) -> None:
    company.invoice(buyer, "10")
    press(company, "/new/Invoice", customer=buyer, number="B-1", **LINE)
    text = page(company, "/trail")
    assert text.index("A person") < text.index("The app")
    assert "Invoice B-1" in text


def test_invoices_are_filtered_and_searched(company: Company, buyer: str) -> None:
    company.invoice(buyer, "10", DocNumber="F-1", TxnDate="2020-01-01")
    paid = company.invoice(buyer, "20", DocNumber="F-2")["Id"]
    company.pay(buyer, "20", ("Invoice", paid, "20"))
    assert "F-1" not in page(company, "/?state=paid")
    assert "F-2" not in page(company, "/?state=open")
    assert "F-1" in page(company, "/?state=overdue")
    assert "F-2" in page(company, "/?q=f-2")
    assert "None of them." in page(company, "/?q=zzz")
