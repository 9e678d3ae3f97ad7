"""The seeded company: what everyone else's tests and the demo count on."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox.clock import SandboxClock
from sandbox.faults import Faults
from sandbox.qbo.books import Books
from sandbox.qbo.codec import held
from sandbox.qbo.standin import QuickBooksStandin
from sandbox.qbo.times import PACIFIC
from sandbox.seed import seed
from sandbox.shelf import Shelf

NOW = datetime(2026, 11, 23, 18, 30, tzinfo=UTC)


def seeded(path: Path | None = None, **wanted: Any) -> tuple[QuickBooksStandin, Books]:
    standin = QuickBooksStandin(Shelf(path), clock=SandboxClock(), faults=Faults())
    realm = seed(standin, now=NOW, **wanted)
    books = standin.books(realm)
    assert books is not None
    return standin, books


def rows(books: Books, entity: str) -> list[dict[str, Any]]:
    return [books.docs.body(entity, key) or {} for key in books.docs.ids(entity)]


@pytest.fixture(scope="module")
def harbor() -> Books:
    return seeded()[1]


def test_as_many_as_asked_for(harbor: Books) -> None:
    assert (harbor.docs.count("Customer"), harbor.docs.count("Invoice")) == (40, 250)
    assert harbor.docs.count("Payment") > 150
    company = rows(harbor, "CompanyInfo")[0]
    assert (company["CompanyName"], company["PrimaryPhone"]["FreeFormNumber"]) == ("Harbor Tile Co.", "(503) 555-0142")


def test_the_books_balance_and_balances_are_what_is_open(harbor: Books) -> None:
    assert sum(row["cents"] for row in harbor.trial_balance()) == 0
    open_by_customer: dict[str, int] = {}
    for entity, field, sign in (
        ("Invoice", "Balance", 1),
        ("CreditMemo", "Balance", -1),
        ("Payment", "UnappliedAmt", -1),
    ):
        for row in rows(harbor, entity):
            owner = row["CustomerRef"]["value"]
            open_by_customer[owner] = open_by_customer.get(owner, 0) + sign * held(row, field)
    balances = {row["Id"]: held(row, "Balance") for row in rows(harbor, "Customer")}
    assert balances == {key: open_by_customer.get(key, 0) for key in balances}
    receivable = next(row for row in rows(harbor, "Account") if row["AccountType"] == "Accounts Receivable")
    assert held(receivable, "CurrentBalance") == sum(balances.values())


def test_blue_mesa_ranch_owes_what_the_demo_shows(harbor: Books) -> None:
    customer = next(row for row in rows(harbor, "Customer") if row["DisplayName"] == "Blue Mesa Ranch")
    assert customer["PrimaryEmailAddr"]["Address"] == "ap@bluemesa.example"
    owed = [row for row in rows(harbor, "Invoice") if row["CustomerRef"]["value"] == customer["Id"] and row["Balance"]]
    today = NOW.astimezone(PACIFIC).date()
    due = [date.fromisoformat(row["DueDate"]) - today for row in owed]
    assert len(owed) == 5
    assert sum(one < timedelta(0) for one in due) == 1
    assert sum(one == timedelta(days=9) for one in due) == 1
    assert any(held(row, "Balance") < held(row, "TotalAmt") for row in owed)


def test_every_state_is_there(harbor: Books) -> None:
    today = NOW.astimezone(PACIFIC).date().isoformat()
    invoices = rows(harbor, "Invoice")
    live = [row for row in invoices if held(row, "TotalAmt")]
    assert sum(not row["Balance"] for row in live) > 100
    assert sum(row["DueDate"] < today for row in live if row["Balance"]) >= 5
    assert sum(row["DueDate"] >= today for row in live if row["Balance"]) >= 5
    assert sum(0 < held(row, "Balance") < held(row, "TotalAmt") for row in live) >= 3
    assert sum(row.get("PrivateNote") == "Voided" for row in invoices) >= 2
    assert sorted(len(row["Line"]) for row in invoices)[-2:] == [41, 121]
    assert sum(held(row["TxnTaxDetail"], "TotalTax") > 0 for row in live) >= 10
    assert any(line["DetailType"] == "DiscountLineDetail" for row in live for line in row["Line"])
    memos = rows(harbor, "CreditMemo")
    assert any(row["Balance"] for row in memos)
    assert any(not row["Balance"] for row in memos)
    owners = [row["CustomerRef"]["value"] for row in live if row["Balance"]]
    assert sum(owners.count(owner) >= 2 for owner in set(owners)) >= 6


def test_blue_mesa_has_estimates_a_credit_and_files(harbor: Books) -> None:
    customer = next(row["Id"] for row in rows(harbor, "Customer") if row["DisplayName"] == "Blue Mesa Ranch")
    today = NOW.astimezone(PACIFIC).date().isoformat()
    estimates = [(row["TxnStatus"], row["ExpirationDate"] >= today) for row in rows(harbor, "Estimate")]
    assert estimates == [("Pending", True), ("Pending", False), ("Accepted", False), ("Rejected", False)]
    left = [
        held(row, "RemainingCredit") for row in rows(harbor, "CreditMemo") if row["CustomerRef"]["value"] == customer
    ]
    assert left == [6500]
    files = rows(harbor, "Attachable")
    assert [row["AttachableRef"][0]["IncludeOnSend"] for row in files] == [True, True, True, False]
    assert all(harbor.file(row["Id"]) and row["Size"] for row in files)


def test_people_are_of_every_kind(harbor: Books) -> None:
    customers = rows(harbor, "Customer")
    parents = {row["ParentRef"]["value"] for row in customers if row["Job"]}
    assert len(parents) == 2
    assert [row["DisplayName"] for row in customers if not row["Active"]] == ["Larch Lane Cafe (deleted)"]
    assert all(row["PrimaryEmailAddr"]["Address"].endswith(".example") for row in customers)
    assert any(not row["DisplayName"].isascii() for row in customers)
    assert {row["Name"] for row in rows(harbor, "Term")} >= {"Net 30", "Net 15", "Due on receipt", "2% 10 Net 30"}
    names = {row["Name"] for row in rows(harbor, "Account")}
    assert {"First Harbor Bank", "Undeposited Funds", "Merchant fees", "Sales Tax Payable"} <= names
    assert "Stripe clearing" not in names


def test_nothing_lies_in_the_future_and_history_has_its_own_times(harbor: Books) -> None:
    now = NOW.astimezone(PACIFIC).isoformat()
    for entity in ("Invoice", "Payment", "CreditMemo", "Purchase", "Deposit"):
        for row in rows(harbor, entity):
            assert row["TxnDate"] <= now[:10], entity
            assert row["MetaData"]["LastUpdatedTime"] <= now, entity
    created = [row["MetaData"]["CreateTime"] for row in rows(harbor, "Invoice")]
    assert created == sorted(created)
    assert (datetime.fromisoformat(created[-1]) - datetime.fromisoformat(created[0])).days > 700


def test_the_same_seed_gives_the_same_books_and_another_others() -> None:
    def texts(**wanted: Any) -> dict[str, list[str]]:
        books = seeded(customers=15, invoices=40, **wanted)[1]
        return {
            entity: books.docs.texts(entity, books.docs.ids(entity)) for entity in ("Customer", "Invoice", "Payment")
        }

    assert texts(seed=7) == texts(seed=7)
    assert texts(seed=7) != texts(seed=8)


def test_the_app_and_the_realm_follow_the_seed() -> None:
    keys = [seeded(seed=n, customers=1, invoices=1)[0].credentials() for n in (3, 3, 4)]
    for name in ("client_id", "client_secret", "realm_id", "verifier_token"):
        assert keys[0][name] == keys[1][name] != keys[2][name]


@pytest.mark.parametrize(("customers", "invoices"), [(0, 0), (1, 1), (3, 2), (40, 0), (2, 12)])
def test_small_companies(customers: int, invoices: int) -> None:
    books = seeded(customers=customers, invoices=invoices)[1]
    assert books.docs.count("Customer") == customers
    assert books.docs.count("Invoice") == (invoices if customers else 0)
    assert sum(row["cents"] for row in books.trial_balance()) == 0


def test_many_invoices_cost_time_in_proportion() -> None:
    """Twice the invoices must not take four times as long; the second company has ten times the first's."""
    started = time.process_time()
    seeded(customers=50, invoices=300)
    small = time.process_time() - started
    started = time.process_time()
    seeded(customers=500, invoices=3000)
    large = time.process_time() - started
    assert large < small * 10 * 3


def test_a_folder_keeps_everything(tmp_path: Path) -> None:
    path = tmp_path / "quickbooks.db"
    first, books = seeded(path, customers=15, invoices=40)
    texts = {entity: books.docs.texts(entity, books.docs.ids(entity)) for entity in ("Customer", "Invoice", "Account")}
    keys, ledger = first.credentials(), books.trial_balance()
    again = QuickBooksStandin(Shelf(path), clock=SandboxClock(), faults=Faults())
    assert not again.is_fresh()
    books = again.books(again.found())
    assert books is not None
    assert texts == {entity: books.docs.texts(entity, books.docs.ids(entity)) for entity in texts}
    assert again.credentials() == keys
    assert books.trial_balance() == ledger
    assert dict(books.links.payments_on(("Invoice", "3"))) == dict(
        first.books(again.found()).links.payments_on(("Invoice", "3"))
    )
