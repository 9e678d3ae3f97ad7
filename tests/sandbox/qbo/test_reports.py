"""Reports in QuickBooks' shape, equal to the ledger, on any day."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from sandbox.qbo.codec import decode
from sandbox.seed import seed
from sandbox.world import World
from tests.conftest import CONTROL_TOKEN
from tests.sandbox.client import Company, sale

AR = "Accounts Receivable (A/R)"


def report(company: Company, name: str, **args: str) -> dict[str, Any]:
    answer = company.get(f"reports/{name}", **args)
    assert answer.status_code == 200, answer.text
    return decode(answer.content)


def cells(row: dict[str, Any]) -> list[str]:
    return [cell["value"] for cell in row["ColData"]]


def leaves(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return every row of figures, a section's own line among them."""
    found = []
    for row in rows:
        if "Rows" in row:
            found += [row["Header"], *leaves(row["Rows"]["Row"])]
        elif "ColData" in row:
            found.append(row)
    return found


def cents(text: str) -> int:
    return int(Decimal(text or "0") * 100)


def total(body: dict[str, Any], place: int = -1) -> int:
    return cents(cells(body["Rows"]["Row"][-1]["Summary"])[place])


@pytest.fixture
def aged(company: Company) -> dict[str, str]:
    """Two customers with open invoices of several ages, a job, a credit and an unapplied payment; ids by name."""
    day = {"TxnDate": "2026-01-01"}
    one, two = company.customer("Ada")["Id"], company.customer("Berg")["Id"]
    job = company.customer("Barn", Job=True, ParentRef={"value": one})["Id"]
    first = company.invoice(one, "100", **day, DueDate="2026-03-01")
    company.invoice(one, "50", **day, DueDate="2026-06-30")
    company.invoice(job, "7", **day, DueDate="2026-05-15")
    company.invoice(two, "20", **day, DueDate="2026-04-20")
    credit = company.create("CreditMemo", CustomerRef={"value": one}, Line=[sale("30")], TxnDate="2026-05-20")
    company.pay(one, "10", ("Invoice", first["Id"], "25"), ("CreditMemo", credit["Id"], "15"), TxnDate="2026-05-25")
    company.pay(two, "5", TxnDate="2026-05-28")
    return {"Ada": one, "Berg": two, "Barn": job}


def test_the_aging_tells_who_is_how_late(company: Company, aged: dict[str, str]) -> None:
    body = report(company, "AgedReceivables", report_date="2026-05-31")
    assert [column["ColTitle"] for column in body["Columns"]["Column"]] == [
        "", "Current", "1 - 30", "31 - 60", "61 - 90", "91 and over", "Total"
    ]  # fmt: skip
    assert (body["Header"]["ReportName"], body["Header"]["EndPeriod"]) == ("AgedReceivables", "2026-05-31")
    section, berg, grand = body["Rows"]["Row"]
    assert section["Header"]["ColData"][0] == {"value": "Ada", "id": aged["Ada"]}
    # 75 open since March, 50 not due, 15 of a credit that counts from its own day
    assert cells(section["Header"]) == ["Ada", "50.00", "-15.00", "", "", "75.00", "110.00"]
    assert cells(section["Rows"]["Row"][0]) == ["Barn", "", "7.00", "", "", "", "7.00"]
    assert cells(section["Summary"]) == ["Total Ada", "50.00", "-8.00", "", "", "75.00", "117.00"]
    assert cells(berg) == ["Berg", "", "-5.00", "20.00", "", "", "15.00"]
    assert cells(grand["Summary"]) == ["TOTAL", "50.00", "-13.00", "20.00", "0.00", "75.00", "132.00"]
    assert total(body) == company.balance(AR)


def test_the_aging_of_an_earlier_day_knows_nothing_later(company: Company, aged: dict[str, str]) -> None:
    body = report(company, "AgedReceivables", report_date="2026-05-24")
    assert total(body) == 14700, "the payments came later, the credit did not"
    assert report(company, "AgedReceivables", report_date="2025-12-31")["Rows"] == {}
    narrow = report(company, "AgedReceivables", report_date="2026-05-31", aging_period="10", num_periods="2")
    assert [one["ColTitle"] for one in narrow["Columns"]["Column"]][1:-1] == ["Current", "1 - 10", "11 and over"]
    assert total(narrow) == 13200


def test_the_detail_and_the_balances_agree_with_the_aging(company: Company, aged: dict[str, str]) -> None:
    detail = report(company, "AgedReceivableDetail", report_date="2026-05-31")
    lines = leaves(detail["Rows"]["Row"])
    kinds = {cells(line)[1] for line in lines if cells(line)[1]}
    assert kinds == {"Invoice", "Credit Memo", "Payment"}
    assert total(detail) == 13200
    assert sum(cents(cells(line)[6]) for line in lines) == 13200
    balances = report(company, "CustomerBalance")
    for row in leaves(balances["Rows"]["Row"]):
        assert cents(cells(row)[1]) == company.read("Customer", row["ColData"][0]["id"])["Balance"] * 100


def test_the_trial_balance_is_the_ledger(company: Company, aged: dict[str, str]) -> None:
    body = report(company, "TrialBalance", end_date="2026-12-31")
    debits, lent = total(body, 1), total(body, 2)
    assert debits == lent > 0
    for row in leaves(body["Rows"]["Row"]):
        name, debit, credit = cells(row)
        assert cents(debit) - cents(credit) == company.balance(name)
    later = report(company, "TrialBalance", end_date="2027-01-31")
    names = {cells(row)[0]: cells(row)[2] for row in leaves(later["Rows"]["Row"])}
    assert names["Retained Earnings"] == "147.00", "last year's profit"
    assert total(later, 1) == total(later, 2)


def test_profit_and_the_general_ledger(company: Company, aged: dict[str, str]) -> None:
    profit = report(company, "ProfitAndLoss", start_date="2026-01-01", end_date="2026-05-31")
    groups = {row["group"]: row for row in profit["Rows"]["Row"]}
    assert cells(groups["Income"]["Summary"]) == ["Total Income", "147.00"]
    assert cells(groups["NetIncome"]["Summary"]) == ["Net Income", "147.00"]
    ledger = report(company, "GeneralLedger", start_date="2026-01-01", end_date="2026-05-31")
    by_name = {row["Header"]["ColData"][0]["value"]: row for row in ledger["Rows"]["Row"]}
    assert cells(by_name[AR]["Summary"])[5] == "132.00"
    assert cells(by_name[AR]["Rows"]["Row"][-1])[6] == "132.00", "the running balance"


def test_reports_there_are_not(company: Company) -> None:
    for path, args, code in (
        ("reports/Horoscope", {}, "500"),
        ("reports", {}, "500"),
        ("reports/AgedReceivables", {"report_date": "soon"}, "2010"),
        ("reports/AgedReceivables", {"aging_period": "-3"}, "2090"),
    ):
        answer = company.get(path, **args)
        assert (answer.status_code, answer.json()["Fault"]["Error"][0]["code"]) == (400, code)
    assert report(company, "AgedReceivables")["Header"]["Option"][1] == {"Name": "NoReportData", "Value": "true"}


def test_a_seeded_company_ages_to_its_ledger(world: World) -> None:
    seed(world.quickbooks, customers=12, invoices=60)
    world.quickbooks.switches.set({"throttle": False})
    company = Company(world, CONTROL_TOKEN)
    assert total(report(company, "AgedReceivables", report_date="2099-12-31")) == company.balance(AR)
    body = report(company, "TrialBalance")
    assert total(body, 1) == total(body, 2)
