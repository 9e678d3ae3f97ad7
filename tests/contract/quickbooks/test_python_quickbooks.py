"""python-quickbooks against the stand-in: every verb the library has for what we keep."""

from __future__ import annotations

import base64
import hashlib
import hmac
from io import BytesIO

import pikepdf
import pytest
from quickbooks import QuickBooks
from quickbooks.batch import batch_create, batch_delete, batch_update
from quickbooks.cdc import change_data_capture
from quickbooks.exceptions import (
    AuthorizationException,
    ObjectNotFoundException,
    QuickbooksException,
    ValidationException,
)
from quickbooks.objects import (
    Account,
    CompanyInfo,
    CreditMemo,
    Customer,
    Invoice,
    Item,
    JournalEntry,
    Payment,
    PaymentMethod,
    Preferences,
    Purchase,
    TaxCode,
    Term,
    Transfer,
    Vendor,
)
from quickbooks.objects.base import LinkedTxn, Ref
from quickbooks.objects.detailline import AccountBasedExpenseLine, SalesItemLine, SalesItemLineDetail
from quickbooks.objects.payment import PaymentLine

from sandbox.world import World


def ref(value: str) -> Ref:
    one = Ref()
    one.value = value
    return one


def payment_of(invoice: Invoice, amount: float) -> Payment:
    link = LinkedTxn()
    link.TxnId, link.TxnType = invoice.Id, "Invoice"
    line = PaymentLine()
    line.Amount, line.LinkedTxn = amount, [link]
    payment = Payment()
    payment.CustomerRef, payment.TotalAmt, payment.Line = invoice.CustomerRef, amount, [line]
    return payment


def an_open_invoice(books: QuickBooks) -> Invoice:
    return Invoice.where("Balance > '0'", order_by="DueDate", max_results=1, qb=books)[0]


def test_company_and_preferences(books: QuickBooks) -> None:
    assert CompanyInfo.get(1, qb=books).CompanyName == "Harbor Tile Co."
    assert Preferences.get(qb=books).CurrencyPrefs.HomeCurrency.value == "USD"


@pytest.mark.parametrize(
    "kind", [Account, Customer, Invoice, Item, JournalEntry, Payment, PaymentMethod, Purchase, TaxCode, Term, Vendor]
)
def test_every_list_is_read_counted_and_queried(books: QuickBooks, kind: type) -> None:
    rows = kind.all(max_results=1000, qb=books)
    assert rows
    assert all(isinstance(row, kind) for row in rows)
    where = "Active IN (true, false)" if kind in (Customer,) else ""
    assert kind.count(where, qb=books) >= len(rows)
    assert kind.get(rows[0].Id, qb=books).Id == rows[0].Id


def test_where_filter_choose_and_raw_queries(books: QuickBooks) -> None:
    ids = [row.Id for row in Invoice.all(max_results=3, qb=books)]
    assert [row.Id for row in Invoice.choose(ids, field="Id", qb=books)] == ids
    assert Customer.filter(DisplayName="Bistro Zoë & Søn", qb=books)[0].DisplayName == "Bistro Zoë & Søn"
    page = Invoice.where("Balance > '0'", order_by="TxnDate DESC", start_position=2, max_results=2, qb=books)
    assert len(page) == 2
    assert Invoice.query("SELECT * FROM Invoice MAXRESULTS 1", qb=books)[0].Id == ids[0]
    with pytest.raises(ValidationException) as refused:
        Invoice.where("PrivateNote = 'x'", qb=books)
    assert refused.value.error_code == 4001


def test_a_customer_is_created_updated_and_made_inactive(books: QuickBooks) -> None:
    customer = Customer()
    customer.DisplayName = "Quill & Grout"
    customer.save(qb=books)
    customer.CompanyName = "Quill LLC"
    customer.save(qb=books)
    again = Customer.get(customer.Id, qb=books)
    assert (again.CompanyName, again.SyncToken) == ("Quill LLC", "1")
    again.Active = False
    again.save(qb=books)
    assert Customer.get(customer.Id, qb=books).DisplayName == "Quill & Grout (deleted)"
    other = Customer()
    other.DisplayName = "Blue Mesa Ranch"
    with pytest.raises(QuickbooksException) as refused:
        other.save(qb=books)
    assert refused.value.error_code == 6240


def test_an_invoice_is_made_paid_reopened_voided_and_deleted(books: QuickBooks) -> None:
    detail = SalesItemLineDetail()
    detail.ItemRef, detail.Qty, detail.UnitPrice = Item.all(max_results=1, qb=books)[0].to_ref(), 3, 12.5
    line = SalesItemLine()
    line.Amount, line.SalesItemLineDetail = 37.5, detail
    invoice = Invoice()
    invoice.CustomerRef = Customer.all(max_results=1, qb=books)[0].to_ref()
    invoice.Line = [line]
    del invoice.TotalAmt, invoice.DueDate, invoice.TxnDate  # the library's empty strings are no dates
    invoice = invoice.save(qb=books)
    assert (invoice.Balance, invoice.TotalAmt) == (37.5, 37.5)
    payment = payment_of(invoice, 37.5)
    payment.save(qb=books, request_id="fact-1")
    twin = payment_of(invoice, 37.5)
    twin.save(qb=books, request_id="fact-1")
    assert twin.Id == payment.Id
    assert Invoice.get(invoice.Id, qb=books).Balance == 0
    payment.void(qb=books)
    voided = Payment.get(payment.Id, qb=books)
    assert (voided.TotalAmt, voided.PrivateNote) == (0, "Voided")
    invoice = Invoice.get(invoice.Id, qb=books)
    assert invoice.Balance == 37.5
    assert invoice.void(qb=books)["Invoice"]["TotalAmt"] == 0
    invoice = Invoice.get(invoice.Id, qb=books)
    invoice.delete(qb=books)
    with pytest.raises(ObjectNotFoundException):
        Invoice.get(invoice.Id, qb=books)


def test_a_stale_version_is_the_librarys_own_error(books: QuickBooks) -> None:
    invoice = an_open_invoice(books)
    payment_of(invoice, 1.0).save(qb=books)
    invoice.PrivateNote = "too late"
    with pytest.raises(QuickbooksException) as refused:
        invoice.save(qb=books)
    assert refused.value.error_code == 5010


def a_credit_memo(books: QuickBooks) -> CreditMemo:
    memo = CreditMemo.from_json(
        {
            "CustomerRef": {"value": Customer.all(max_results=1, qb=books)[0].Id},
            "Line": [
                {"Amount": 5, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {"Qty": 1, "UnitPrice": 5}}
            ],
        }
    )
    return memo.save(qb=books)


def test_a_credit_memo_and_the_money_documents(books: QuickBooks) -> None:
    assert a_credit_memo(books).RemainingCredit == 5
    accounts = {row.Name: row for row in Account.all(max_results=1000, qb=books)}
    clearing = Account()
    clearing.Name, clearing.AccountType, clearing.AccountSubType = "Stripe clearing", "Bank", "Checking"
    clearing.save(qb=books)
    fee_line = AccountBasedExpenseLine()
    fee_line.Amount = 2.9
    fee_line.AccountBasedExpenseLineDetail = {"AccountRef": {"value": accounts["Merchant fees"].Id}}
    fee = Purchase()
    fee.PaymentType, fee.AccountRef, fee.Line = "Cash", ref(clearing.Id), [fee_line]
    fee.save(qb=books)
    payout = Transfer()
    payout.FromAccountRef, payout.ToAccountRef, payout.Amount = (
        ref(clearing.Id),
        ref(accounts["First Harbor Bank"].Id),
        97.1,
    )
    payout.save(qb=books)
    assert Account.get(clearing.Id, qb=books).CurrentBalance == -100


def test_batches(books: QuickBooks) -> None:
    customers = []
    for n in range(35):  # two requests of thirty and five
        customer = Customer()
        customer.DisplayName = f"Batch {n}"
        customers.append(customer)
    customers[3].DisplayName = "Blue Mesa Ranch"
    result = batch_create(customers, qb=books)
    assert (len(result.successes), len(result.faults)) == (34, 1)
    assert result.faults[0].Error[0].code == "6240"
    for customer in result.successes:
        customer.Notes = "touched"
    assert len(batch_update(result.successes, qb=books).successes) == 34
    payments = [payment_of(an_open_invoice(books), 1.0) for _ in range(2)]
    made = batch_create(payments, qb=books).successes
    assert len(batch_delete(made, qb=books).successes) == 2


def test_change_data_capture(books: QuickBooks, harbor: World) -> None:
    since = harbor.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    invoice = an_open_invoice(books)
    payment = payment_of(invoice, 1.0)
    payment.save(qb=books)
    changes = change_data_capture([Invoice, Payment, Customer], since, qb=books)
    assert [row.Id for row in changes.Payment] == [payment.Id]
    assert [row.Id for row in changes.Invoice] == [invoice.Id]
    assert invoice.CustomerRef.value in [row.Id for row in changes.Customer]
    payment.delete(qb=books)
    gone = change_data_capture([Payment], since, qb=books).Payment[0]
    assert (gone.Id, gone.status) == (payment.Id, "Deleted")


@pytest.mark.parametrize("kind", ["Invoice", "Payment", "CreditMemo"])
def test_papers(books: QuickBooks, kind: str) -> None:
    key = {
        "Invoice": lambda: an_open_invoice(books).Id,
        "Payment": lambda: Payment.all(max_results=1, qb=books)[0].Id,
        "CreditMemo": lambda: a_credit_memo(books).Id,
    }[kind]()
    with pikepdf.open(BytesIO(books.download_pdf(kind, key))) as paper:
        assert len(paper.pages) >= 1
        assert str(paper.docinfo["/Title"]).startswith(kind.removesuffix("Memo"))


def test_a_revoked_token_is_an_authorization_exception(books: QuickBooks) -> None:
    books.auth_client.revoke()
    with pytest.raises(QuickbooksException):
        Invoice.all(qb=books)
    books.auth_client.access_token = "nonsense"
    books._start_session()
    with pytest.raises(AuthorizationException):
        Invoice.all(qb=books)


def test_the_librarys_signature_check_accepts_our_webhook(books: QuickBooks, harbor: World) -> None:
    body = '[{"specversion":"1.0","type":"qbo.invoice.created.v1"}]'
    token = harbor.quickbooks.credentials()["verifier_token"]
    digest = hmac.new(token.encode(), body.encode(), hashlib.sha256).digest()
    assert books.validate_webhook_signature(body, base64.b64encode(digest).decode())
    assert not books.validate_webhook_signature(body + " ", base64.b64encode(digest).decode())
