"""Companies of several currencies: one for each customer and receivable, rates by day, gain and loss on payment."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.clock import SandboxClock
from sandbox.faults import Faults
from sandbox.qbo.codec import amount, decode, encode, held
from sandbox.qbo.currencies import turn_on
from sandbox.qbo.entities import ENTITIES
from sandbox.qbo.standin import QuickBooksStandin
from sandbox.qbo.writing import write
from sandbox.shelf import Shelf
from tests.sandbox.client import Company, sale
from tests.xsd import judge

AR = "Accounts Receivable (A/R)"
EUR = {"CurrencyRef": {"value": "EUR"}}
USD = {"CurrencyRef": {"value": "USD"}}


@pytest.fixture
def abroad(company: Company) -> Company:
    """Return a company that also sells in euros."""
    company.steer("quickbooks/multicurrency")
    euro = company.create("CompanyCurrency", Code="EUR")
    assert complaints("CompanyCurrency", euro) == []
    return company


@pytest.fixture
def buyer(abroad: Company) -> str:
    return abroad.customer("Keramik GmbH", **EUR)["Id"]


def complaints(entity: str, body: dict[str, Any]) -> list[str]:
    """Return what the schema has against a body, its exact numbers read as JSON's own."""
    return judge(entity, json.loads(encode(body)))


def rated(rate: str) -> dict[str, Any]:
    return {**EUR, "ExchangeRate": Decimal(rate)}


def trial(company: Company) -> int:
    return sum(row["cents"] for row in company.steer("quickbooks/ledger", method="GET")["accounts"])


def test_a_payment_at_another_rate_books_what_was_gained(abroad: Company, buyer: str) -> None:
    invoice = abroad.invoice(buyer, "100.00", **rated("1.10"))
    assert complaints("Invoice", invoice) == []
    assert (invoice["TotalAmt"], invoice["HomeTotalAmt"], invoice["HomeBalance"]) == (100, 110, 110)
    assert invoice["CurrencyRef"] == {"value": "EUR", "name": "Euro"}
    assert abroad.balance(f"{AR} - EUR") == 11000
    assert abroad.balance(AR) == 0
    assert abroad.read("Customer", buyer)["Balance"] == 100, "a customer's balance is in its own currency"
    shown = abroad.query(f"SELECT * FROM Account WHERE Name = '{AR} - EUR'")["Account"][0]
    assert shown["CurrentBalance"] == 100

    paid = abroad.pay(buyer, "60", ("Invoice", invoice["Id"], "60"), **rated("1.20"))
    assert complaints("Payment", paid) == []
    assert abroad.balance("Undeposited Funds") == 7200
    assert abroad.balance(f"{AR} - EUR") == 4400
    assert abroad.balance("Exchange Gain or Loss") == -600, "a gain of six dollars"
    half = abroad.read("Invoice", invoice["Id"])
    assert (half["Balance"], half["HomeBalance"]) == (40, 44)
    abroad.pay(buyer, "40", ("Invoice", invoice["Id"], "40"), **rated("1.00"))
    assert abroad.balance("Exchange Gain or Loss") == -200
    assert abroad.balance(f"{AR} - EUR") == 0
    assert abroad.read("Invoice", invoice["Id"])["HomeBalance"] == 0
    assert trial(abroad) == 0


def test_a_forgotten_rate_is_one_or_by_switch_the_days(abroad: Company, buyer: str) -> None:
    assert abroad.invoice(buyer, "10", **EUR)["HomeTotalAmt"] == 10
    day = {"SourceCurrencyCode": "EUR", "AsOfDate": "2026-01-05", "Rate": Decimal("1.25")}
    kept = decode(abroad.post("exchangerate", day).content)["ExchangeRate"]
    assert complaints("ExchangeRate", kept) == []
    abroad.steer("quickbooks/switches", {"exchange_rate_left_out": "look_up"})
    assert abroad.invoice(buyer, "10", **EUR, TxnDate="2026-01-07")["ExchangeRate"] == Decimal("1.25")
    assert abroad.invoice(buyer, "10", **EUR, TxnDate="2026-01-04")["ExchangeRate"] == 1


def test_rates_are_kept_by_day(abroad: Company) -> None:
    for day, rate in (("2026-01-05", "1.25"), ("2026-01-09", "1.3"), ("2026-01-05", "1.26")):
        abroad.post("exchangerate", {"SourceCurrencyCode": "EUR", "AsOfDate": day, "Rate": Decimal(rate)})

    def rate(**args: str) -> tuple[Any, Any]:
        body = decode(abroad.get("exchangerate", **args).content)["ExchangeRate"]
        assert body["TargetCurrencyCode"] == "USD"
        return body["Rate"], body["AsOfDate"]

    assert rate(sourcecurrencycode="EUR", asofdate="2026-01-06") == (Decimal("1.26"), "2026-01-05")
    assert rate(sourcecurrencycode="EUR") == (Decimal("1.3"), "2026-01-09")
    assert rate(sourcecurrencycode="EUR", asofdate="2026-01-01") == (1, "2026-01-01")
    assert (
        abroad.query("SELECT * FROM ExchangeRate WHERE SourceCurrencyCode = 'EUR' AND AsOfDate = '2026-01-05'")[
            "ExchangeRate"
        ][0]["SyncToken"]
        == "1"
    )
    assert abroad.refused("exchangerate", {"SourceCurrencyCode": "GBP", "Rate": 2})[0] == "2500"
    assert abroad.refused("exchangerate", {"SourceCurrencyCode": "EUR"})[0] == "2020"
    assert abroad.refused("exchangerate", {"SourceCurrencyCode": "EUR", "Rate": 0})[0] == "6000"


def test_third_and_forgotten_currencies_are_refused(abroad: Company, buyer: str) -> None:
    home = abroad.customer("Blue Mesa Ranch")["Id"]
    line = {"Line": [sale("10")]}
    assert abroad.refused("invoice", {"CustomerRef": {"value": buyer}, **line})[0] == "2020"
    assert abroad.refused("invoice", {"CustomerRef": {"value": buyer}, **line, **USD})[0] == "6000"
    assert abroad.refused("invoice", {"CustomerRef": {"value": home}, **line, **EUR})[0] == "6000"
    assert abroad.refused("customer", {"DisplayName": "X", "CurrencyRef": {"value": "GBP"}})[0] == "2500"
    assert abroad.refused("payment", {"CustomerRef": {"value": buyer}, "TotalAmt": 5})[0] == "2020"
    abroad.create("CompanyCurrency", Code="GBP")
    pounds = abroad.create("Account", Name="London", AccountType="Bank", CurrencyRef={"value": "GBP"})["Id"]
    euros = abroad.create("Account", Name="Berlin", AccountType="Bank", **EUR)["Id"]
    sent = {"CustomerRef": {"value": buyer}, "TotalAmt": 5, **rated("1.1")}
    assert abroad.refused("payment", {**sent, "DepositToAccountRef": {"value": pounds}})[0] == "6000"
    abroad.pay(buyer, "5", **rated("1.1"), DepositToAccountRef={"value": euros})
    assert abroad.read("Account", euros)["CurrentBalance"] == 5
    abroad.steer("quickbooks/switches", {"currency_left_out": "customer"})
    assert abroad.invoice(buyer, "10")["CurrencyRef"]["value"] == "EUR"
    wrong = {"Name": "Umsatz", "AccountType": "Income", **EUR}
    assert abroad.refused("account", wrong)[0] == "6000"
    assert abroad.refused("invoice", {"CustomerRef": {"value": buyer}, **line, **EUR, "ExchangeRate": -1})[0] == "6000"


def test_a_used_currency_and_a_settled_rate_stay(abroad: Company, buyer: str) -> None:
    fresh = abroad.customer("Fresh", **EUR)
    assert abroad.update("Customer", fresh, **USD)["CurrencyRef"]["value"] == "USD"
    invoice = abroad.invoice(buyer, "10", **rated("1.1"))
    head = {"Id": buyer, "SyncToken": abroad.read("Customer", buyer)["SyncToken"], "sparse": True}
    assert abroad.refused("customer", {**head, **USD})[0] == "6000"
    again = abroad.update("Invoice", invoice, ExchangeRate=Decimal("1.3"))
    assert again["HomeTotalAmt"] == 13
    abroad.pay(buyer, "4", ("Invoice", invoice["Id"], "4"), **rated("1.1"))
    held_by = abroad.read("Invoice", invoice["Id"])
    head = {"Id": invoice["Id"], "SyncToken": held_by["SyncToken"], "sparse": True}
    assert abroad.refused("invoice", {**head, "ExchangeRate": 2})[0] == "6000"


def test_one_currency_companies_know_no_other(company: Company) -> None:
    assert company.refused("companycurrency", {"Code": "EUR"})[0] == "5030"
    assert company.refused("customer", {"DisplayName": "X", **EUR})[0] == "6000"
    answer = company.get("exchangerate", sourcecurrencycode="EUR")
    assert answer.json()["Fault"]["Error"][0]["code"] == "5030"
    prefs = company.read("Preferences", "1")
    after = company.update("Preferences", prefs, CurrencyPrefs={"MultiCurrencyEnabled": True})
    assert after["CurrencyPrefs"]["MultiCurrencyEnabled"] is False, "only its own pages switch that"
    company.steer("quickbooks/multicurrency")
    assert company.read("Preferences", "1")["CurrencyPrefs"]["MultiCurrencyEnabled"] is True
    assert company.refused("companycurrency", {"Code": "ZZZ"})[0] == "2170"
    assert company.refused("companycurrency", {"Code": "USD"})[0] == "6240"


def test_a_deposit_of_foreign_money_books_the_difference(abroad: Company, buyer: str) -> None:
    paid = abroad.pay(buyer, "50", **rated("1.10"))
    line = {"Amount": 50, "LinkedTxn": [{"TxnId": paid["Id"], "TxnType": "Payment", "TxnLineId": "0"}]}
    bank = {"value": abroad.account("Checking")}
    assert abroad.refused("deposit", {"DepositToAccountRef": bank, "Line": [line], **USD})[0] == "6000"
    made = abroad.create("Deposit", DepositToAccountRef=bank, Line=[line], **rated("1.16"))
    assert (made["TotalAmt"], made["HomeTotalAmt"]) == (50, 58)
    assert (abroad.balance("Checking"), abroad.balance("Undeposited Funds")) == (5800, 0)
    assert abroad.balance("Exchange Gain or Loss") == -300
    assert trial(abroad) == 0


def test_credits_of_another_rate_and_their_undoing(abroad: Company, buyer: str) -> None:
    invoice = abroad.invoice(buyer, "100", **rated("1.1"))
    credit = abroad.create("CreditMemo", CustomerRef={"value": buyer}, Line=[sale("100")], **rated("1.3"))
    before = abroad.steer("quickbooks/ledger", method="GET")["accounts"]
    paid = abroad.pay(
        buyer, "0", ("Invoice", invoice["Id"], "100"), ("CreditMemo", credit["Id"], "100"), **rated("1.2")
    )
    assert abroad.balance(f"{AR} - EUR") == 0
    assert abroad.balance("Exchange Gain or Loss") == -2000
    aging = decode(abroad.get("reports/AgedReceivables").content)
    assert aging["Rows"] == {}, "nothing is open"
    abroad.post("payment", {"Id": paid["Id"], "SyncToken": "0"}, operation="delete")
    assert abroad.steer("quickbooks/ledger", method="GET")["accounts"] == before


_MINOR = st.integers(min_value=1, max_value=10_000_000)
_RATE = st.integers(min_value=1, max_value=3_000_000).map(lambda number: Decimal(number) / 100_000)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(parts=st.lists(st.tuples(_MINOR, _RATE, _RATE, st.integers(0, 100)), min_size=1, max_size=4))
def test_the_ledger_stays_balanced_at_any_rate(parts: list[tuple[int, Decimal, Decimal, int]]) -> None:
    standin = QuickBooksStandin(Shelf(), clock=SandboxClock(), faults=Faults())
    books = standin.books(standin.found())
    assert books is not None
    turn_on(books)
    write(books, ENTITIES["CompanyCurrency"], "create", {"Code": "EUR"})
    customer, _ = write(books, ENTITIES["Customer"], "create", {"DisplayName": "Keramik GmbH", **EUR})
    owed = 0
    made = []
    for minor, rate, later, percent in parts:
        who = {"CustomerRef": {"value": customer}, **EUR}
        line = {"Amount": amount(minor), "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {}}
        key, _ = write(books, ENTITIES["Invoice"], "create", {**who, "ExchangeRate": rate, "Line": [line]})
        before = books.trial_balance()
        part = minor * percent // 100
        applied = {"Amount": amount(part), "LinkedTxn": [{"TxnId": key, "TxnType": "Invoice"}]}
        body = {**who, "ExchangeRate": later, "TotalAmt": amount(minor), "Line": [applied] if part else []}
        payment, _ = write(books, ENTITIES["Payment"], "create", body)
        made.append((payment, before))
        assert sum(row["cents"] for row in books.trial_balance()) == 0
        books.settle_balances()
        assert held(books.docs.body("Customer", customer) or {}, "Balance") == owed, "paid in full, applied or not"
    payment, before = made[-1]
    write(books, ENTITIES["Payment"], "delete", {"Id": payment, "SyncToken": "0"})
    assert books.trial_balance() == before, "deleting what was made restores the ledger"
