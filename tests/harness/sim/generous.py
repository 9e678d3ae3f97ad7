"""What makes the company generous: open credits, payments that lie unapplied, terms that take something off for paying
early, payments on account, and people who are known.

Entered in the books by hand, as a bookkeeper does, and switched on as the owner does. Law: everything here is there
before the first seed begins.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlmodel import col, select, update

from connector.store.cache import CustomerRow, InvoiceRow
from connector.store.companies import CompanyRow, MappingRow
from sandbox.qbo.control import QuickBooksControl
from sync.collect.discounts import ITEM_ROLE
from sync.pull import pull_company
from tests.harness.sim.regulars import let_in
from tests.harness.sim.rules import SURCHARGE_ROLE
from tests.house import House

PERCENT, DAYS = 2, 10
CREDITS = (20.0, 75.5, 400.0)  # one of these for each customer, in turn; two for every third
UNAPPLIED = (55.25, 310.0, 2400.0)  # a payment that no invoice has taken yet, for every second customer
FRESH = (120.0, 640.25, 1999.99)  # new invoices with terms, likewise


def be_generous(house: House) -> None:
    """Give each customer who owes something a credit and an invoice with terms, and switch on what uses them."""
    books = QuickBooksControl(house.world.quickbooks)

    def enter(entity: str, **document: Any) -> str:
        sent = {"realm": house.realm, "entity": entity, "document": document}
        return str(books.control("create", sent, reading=False)["document"]["Id"])

    account = enter("Account", Name="Early-payment discounts", AccountType="Income")
    item = enter("Item", Name="Early payment", Type="Service", IncomeAccountRef={"value": account})
    income = enter("Account", Name="Card surcharges", AccountType="Income")
    surcharge = enter("Item", Name="Card surcharge", Type="Service", IncomeAccountRef={"value": income})
    term = enter("Term", Name="2% 10, counted from the day", DueDays=30, DiscountPercent=PERCENT, DiscountDays=DAYS)
    today = house.rt.clock.today("America/Los_Angeles")
    owing = _who_owes(house)
    for turn, customer in enumerate(owing):
        of: dict[str, Any] = {"CustomerRef": {"value": customer}, "TxnDate": today.isoformat()}
        for number in range(2 if turn % 3 == 0 else 1):
            amount = CREDITS[(turn + number) % len(CREDITS)]
            enter("CreditMemo", **of, DocNumber=f"CM-{turn}-{number}", Line=[_line(amount)])
        if turn % 2:
            enter("Payment", **of, TotalAmt=UNAPPLIED[turn % len(UNAPPLIED)], Line=[])
        due = (today + timedelta(days=30)).isoformat()
        lines = [_line(FRESH[turn % len(FRESH)])]
        enter("Invoice", **of, DocNumber=f"T-{turn}", Line=lines, SalesTermRef={"value": term}, DueDate=due)
    _switch_on(house, {ITEM_ROLE: item, SURCHARGE_ROLE: surcharge})
    pull_company(house.rt, house.company_id)
    let_in(house, owing)


def _who_owes(house: House) -> list[str]:
    with house.rt.db.read() as session:
        owing = select(InvoiceRow.customer_id).where(
            InvoiceRow.company_id == house.company_id,
            col(InvoiceRow.balance_minor) > 0,
            InvoiceRow.currency == "USD",
            InvoiceRow.customer_id == CustomerRow.qbo_id,
            CustomerRow.company_id == house.company_id,
            col(CustomerRow.active),
        )
        return sorted(set(session.exec(owing)), key=int)


def _switch_on(house: House, items: dict[str, str]) -> None:
    with house.rt.db.write("generous") as session:
        mine = update(CompanyRow).where(col(CompanyRow.id) == house.company_id)
        session.exec(mine.values(early_discount=True, takes_deposits=True))
        for role, qbo_id in items.items():
            chosen = MappingRow(company_id=house.company_id, role=role, currency="", qbo_id=qbo_id, name=role)
            session.add(chosen)


def _line(amount: float) -> dict[str, Any]:
    sold = {"ItemRef": {"value": "1"}, "TaxCodeRef": {"value": "NON"}}
    return {"Amount": amount, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": sold}
