"""The stand-in's own pages: what a person sees, and the buttons."""

from __future__ import annotations

from html import unescape

import pytest
import requests

from tests.sandbox.client import Company


def page(company: Company, path: str) -> str:
    answer = company.http.get(f"{company.credentials['api_base']}{path}")
    assert answer.status_code == 200, path
    return unescape(answer.text)


def press(company: Company, path: str, **form: str) -> str:
    answer = company.http.post(f"{company.credentials['api_base']}{path}", data=form)
    assert answer.status_code in (200, 422)
    return unescape(answer.text)


MORE = (
    "/customers", "/customers/1", "/customers/1/edit", "/new-customer", "/new/Invoice", "/new/RefundReceipt",
    "/documents/Invoice/1/edit", "/receive/1", "/deposit", "/settings", "/trail", "/lists/Estimate", "/lists/Deposit",
)  # fmt: skip


@pytest.fixture
def busy(company: Company) -> Company:
    buyer = company.customer("Zoë & <Søn>")["Id"]
    clearing = company.create("Account", Name="Stripe clearing", AccountType="Bank")
    first = company.invoice(buyer, "1234.50")
    company.invoice(buyer, "80", TxnDate="2025-01-01")
    company.pay(buyer, "34.50", ("Invoice", first["Id"], "34.50"), DepositToAccountRef={"value": clearing["Id"]})
    return company


def test_every_page_says_what_it_is(busy: Company) -> None:
    for path in ("/", "/payments", "/accounts", "/accounts/8", "/documents/Invoice/1", "/documents/Payment/3", *MORE):
        text = page(busy, path)
        assert "Stand-in QuickBooks" in text
        assert "Harbor Tile Co." in text


def test_invoices_with_their_state(busy: Company) -> None:
    text = page(busy, "/")
    assert "Zoë & <Søn>" in text
    assert "1,234.50" in text
    assert "1,200.00" in text
    assert "Partly paid" in text
    assert "Overdue" in text


def test_names_are_escaped(busy: Company) -> None:
    raw = busy.http.get(busy.credentials["api_base"] + "/").text
    assert "<Søn>" not in raw


def test_the_register_of_an_account(busy: Company) -> None:
    clearing = busy.account("Stripe clearing")
    assert f'href="/accounts/{clearing}?realm={busy.realm}"' in page(busy, "/"), "the clearing account is one step away"
    text = page(busy, f"/accounts/{clearing}")
    assert "Payment 3" in text
    assert text.count("34.50") >= 2
    assert "Nothing posted here yet" in page(busy, f"/accounts/{busy.account('Visa')}")


def test_a_document_with_links_and_legs(busy: Company) -> None:
    text = page(busy, "/documents/Invoice/1")
    assert 'href="/documents/Payment/3' in text
    assert "Accounts Receivable (A/R)" in text
    assert "SyncToken 1" in text


def test_the_buttons_do_what_a_person_does(busy: Company) -> None:
    assert "It is voided." in press(busy, "/documents/Invoice/2/void")
    assert busy.read("Invoice", "2")["PrivateNote"] == "Voided"
    assert "It is deleted." in press(busy, "/documents/Payment/3/delete")
    assert str(busy.read("Invoice", "1")["Balance"]) == "1234.5"


def test_unknown_pages_are_404(busy: Company) -> None:
    base = busy.credentials["api_base"]
    for path in ("/documents/Invoice/404", "/documents/Bogus/1", "/accounts/404", "/nowhere", "/?realm=1"):
        assert requests.get(base + path, timeout=5).status_code == 404, path
    assert requests.post(base + "/documents/Invoice/1/burn", timeout=5).status_code == 404


def test_each_company_has_its_own_pages(busy: Company) -> None:
    other = busy.steer("quickbooks/companies", {"name": "Cascade Cabinets"})["realm_id"]
    text = page(busy, f"/?realm={other}")
    assert "No invoices yet." in text
    assert 'value="' + other + '" selected' in text
