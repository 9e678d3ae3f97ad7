"""python-quickbooks, unmodified, over the entities beside the main road: plain documents, attachments, sent forms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests
from quickbooks import QuickBooks
from quickbooks.exceptions import ObjectNotFoundException, QuickbooksException
from quickbooks.objects import (
    Account,
    Attachable,
    Bill,
    BillPayment,
    Budget,
    Customer,
    Department,
    Employee,
    Invoice,
    PurchaseOrder,
    TaxAgency,
    TaxCode,
    TimeActivity,
    Vendor,
    VendorCredit,
)
from quickbooks.objects.base import AttachableRef, EmailAddress, Ref
from quickbooks.objects.billpayment import BillPaymentCreditCard, CheckPayment
from quickbooks.objects.companycurrency import CompanyCurrency
from quickbooks.objects.creditcardpayment_entity import CreditCardPayment
from quickbooks.objects.detailline import AccountBasedExpenseLine, AccountBasedExpenseLineDetail
from quickbooks.objects.exchangerate import ExchangeRate
from quickbooks.objects.taxservice import TaxRateDetails, TaxService
from quickbooks.objects.trackingclass import Class

from sandbox.qbo.currencies import turn_on
from sandbox.world import World


def ref(value: str, kind: str = "") -> Ref:
    one = Ref()
    one.value, one.type = value, kind
    return one


def account(books: QuickBooks, name: str) -> Ref:
    return Account.filter(Name=name, qb=books)[0].to_ref()


def spent(books: QuickBooks, amount: float) -> AccountBasedExpenseLine:
    line = AccountBasedExpenseLine()
    line.Amount = amount
    line.AccountBasedExpenseLineDetail = AccountBasedExpenseLineDetail()
    line.AccountBasedExpenseLineDetail.AccountRef = account(books, "Fuel")
    return line


@pytest.fixture
def vendor(books: QuickBooks) -> Vendor:
    one = Vendor()
    one.DisplayName = "Hicks Hardware"
    return one.save(qb=books)


def test_bills_are_written_paid_and_deleted(books: QuickBooks, vendor: Vendor) -> None:
    bill = Bill()
    bill.VendorRef, bill.Line = vendor.to_ref(), [spent(books, 40)]
    bill.save(qb=books)
    kept = Bill.get(bill.Id, qb=books)
    assert (kept.TotalAmt, kept.Balance, kept.VendorRef.name) == (40, 40, "Hicks Hardware")
    paid = BillPayment()
    paid.VendorRef, paid.PayType, paid.TotalAmt = vendor.to_ref(), "Check", 40
    paid.CheckPayment, paid.CreditCardPayment = CheckPayment(), BillPaymentCreditCard()
    paid.CheckPayment.BankAccountRef = account(books, "Savings")
    paid.save(qb=books)
    paid.void(qb=books)
    assert BillPayment.get(paid.Id, qb=books).TotalAmt == 0
    kept.delete(qb=books)
    with pytest.raises(ObjectNotFoundException):
        Bill.get(bill.Id, qb=books)


@pytest.mark.parametrize("kind", [VendorCredit, PurchaseOrder])
def test_forms_of_vendors(books: QuickBooks, vendor: Vendor, kind: type[Any]) -> None:
    form = kind()
    form.VendorRef, form.Line = vendor.to_ref(), [spent(books, 12.5)]
    form.save(qb=books)
    assert kind.get(form.Id, qb=books).TotalAmt == 12.5
    assert kind.count(qb=books) == 1


@pytest.mark.parametrize("kind", [Class, Department])
def test_lists_by_name(books: QuickBooks, kind: type[Any]) -> None:
    upper, lower = kind(), kind()
    upper.Name = "North"
    upper.save(qb=books)
    lower.Name, lower.ParentRef = "Roofs", ref(upper.Id)
    lower.save(qb=books)
    assert kind.get(lower.Id, qb=books).FullyQualifiedName == "North:Roofs"
    assert [one.Name for one in kind.all(qb=books)] == ["North", "Roofs"]
    twin = kind()
    twin.Name = "North"
    with pytest.raises(QuickbooksException) as refused:
        twin.save(qb=books)
    assert refused.value.error_code == 6240


def test_people_their_hours_and_agencies(books: QuickBooks) -> None:
    person = Employee()
    person.GivenName, person.FamilyName = "Ada", "Berg"
    person.save(qb=books)
    assert Employee.filter(DisplayName="Ada Berg", qb=books)[0].Id == person.Id
    hours = TimeActivity()
    hours.NameOf, hours.EmployeeRef, hours.Hours, hours.TxnDate = "Employee", person.to_ref(), 3, "2026-11-02"
    hours.save(qb=books)
    assert TimeActivity.get(hours.Id, qb=books).Hours == 3
    agency = TaxAgency()
    agency.DisplayName = "Department of Revenue"
    agency.save(qb=books)
    assert TaxAgency.get(agency.Id, qb=books).DisplayName == "Department of Revenue"


def test_a_card_is_paid_under_the_name_of_its_path(books: QuickBooks) -> None:
    paid = CreditCardPayment()
    paid.BankAccountRef, paid.CreditCardAccountRef = account(books, "Savings"), account(books, "Visa")
    paid.Amount = 75
    paid.save(qb=books)
    assert [one.Amount for one in CreditCardPayment.all(qb=books)] == [75]
    CreditCardPayment.get(paid.Id, qb=books).delete(qb=books)
    assert CreditCardPayment.count(qb=books) == 0


def test_budgets_are_read(books: QuickBooks) -> None:
    assert Budget.all(qb=books) == []


def test_a_file_is_attached_as_the_library_sends_it(books: QuickBooks, tmp_path: Path) -> None:
    before = Attachable.count(qb=books)
    invoice = Invoice.all(max_results=1, qb=books)[0]
    held = AttachableRef()
    held.EntityRef = ref(invoice.Id, "Invoice")
    file = tmp_path / "plan.bin"
    file.write_bytes(bytes(range(256)))
    one = Attachable()
    one.FileName, one.ContentType, one._FilePath = "plan.bin", "application/octet-stream", str(file)
    one.AttachableRef = [held]
    one.save(qb=books)
    kept = Attachable.get(one.Id, qb=books)
    assert kept.AttachableRef[0].EntityRef.value == invoice.Id
    assert requests.get(kept.TempDownloadUri, timeout=10).content == bytes(range(256))
    note = Attachable()
    note.Note, note.AttachableRef = "Paid twice", [held]
    note.save(qb=books)
    assert {"plan.bin", "Paid twice"} < {row.Note or row.FileName for row in Attachable.all(qb=books)}
    kept.delete(qb=books)
    assert Attachable.count(qb=books) == before + 1


def test_an_invoice_is_sent(books: QuickBooks) -> None:
    invoice = Invoice.all(max_results=1, qb=books)[0]
    invoice.send(qb=books, send_to="ap+jobs@bluemesa.example")
    sent = Invoice.get(invoice.Id, qb=books)
    assert (sent.EmailStatus, sent.BillEmail.Address) == ("EmailSent", "ap+jobs@bluemesa.example")


def test_names_of_people_are_taken_across_lists(books: QuickBooks, vendor: Vendor) -> None:
    twin = Customer()
    twin.DisplayName, twin.PrimaryEmailAddr = vendor.DisplayName, EmailAddress()
    twin.PrimaryEmailAddr.Address = "a@b.example"
    with pytest.raises(QuickbooksException) as refused:
        twin.save(qb=books)
    assert refused.value.error_code == 6240


def test_a_tax_code_is_made_through_the_tax_service(books: QuickBooks) -> None:
    agency = TaxAgency()
    agency.DisplayName = "Department of Revenue"
    agency.save(qb=books)
    rate = TaxRateDetails()
    rate.TaxRateName, rate.RateValue, rate.TaxAgencyId = "State", 6.5, agency.Id
    code = TaxService()
    code.TaxCode, code.TaxRateDetails = "Seattle", [rate]
    code.save(qb=books)
    assert [one.Name for one in TaxCode.filter(Name="Seattle", qb=books)] == ["Seattle"]


def test_reports_by_name(books: QuickBooks) -> None:
    aging = books.get_report("AgedReceivables", {"report_date": "2099-12-31"})
    assert aging["Header"]["ReportName"] == "AgedReceivables"
    assert aging["Rows"]["Row"][-1]["group"] == "GrandTotal"


def test_currencies_and_their_rates(books: QuickBooks, harbor: World) -> None:
    realm = harbor.quickbooks.books(harbor.quickbooks.found())
    assert realm is not None
    turn_on(realm)
    euro = CompanyCurrency()
    euro.Code, euro.Name = "EUR", "Euro"
    euro.save(qb=books)
    rate = ExchangeRate()
    rate.SourceCurrencyCode, rate.AsOfDate, rate.Rate, rate.TargetCurrencyCode = "EUR", "2026-01-05", 1.25, "USD"
    rate.save(qb=books)
    kept = ExchangeRate.filter(SourceCurrencyCode="EUR", AsOfDate="2026-01-05", qb=books)
    assert [one.Rate for one in kept] == [1.25]
    buyer = Customer()
    buyer.DisplayName, buyer.CurrencyRef = "Keramik GmbH", euro.to_ref()
    buyer.save(qb=books)
    assert Customer.get(buyer.Id, qb=books).CurrencyRef.value == "EUR"
