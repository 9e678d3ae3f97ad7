"""A new company: its info, preferences, chart of accounts, tax codes, terms and ways to pay.

What any QuickBooks company has before its first customer. Written as documents of the same books, by the same rules
where rules exist. "Stripe clearing" is deliberately absent: whoever connects makes or maps it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sandbox.qbo.books import Books
from sandbox.qbo.codec import Body
from sandbox.qbo.entities import ENTITIES
from sandbox.qbo.times import stamp
from sandbox.qbo.writing import write

# Name, AccountType, AccountSubType
ACCOUNTS = (
    ("Services", "Income", "ServiceFeeIncome"),
    ("Sales of Product Income", "Income", "SalesOfProductIncome"),
    ("Installation Income", "Income", "ServiceFeeIncome"),
    ("Delivery Income", "Income", "ServiceFeeIncome"),
    ("Discounts given", "Income", "DiscountsRefundsGiven"),
    ("Checking", "Bank", "Checking"),
    ("Savings", "Bank", "Savings"),
    ("Accounts Receivable (A/R)", "Accounts Receivable", "AccountsReceivable"),
    ("Undeposited Funds", "Other Current Asset", "UndepositedFunds"),
    ("Inventory Asset", "Other Current Asset", "Inventory"),
    ("Prepaid Expenses", "Other Current Asset", "PrepaidExpenses"),
    ("Truck", "Fixed Asset", "Vehicles"),
    ("Accounts Payable (A/P)", "Accounts Payable", "AccountsPayable"),
    ("Visa", "Credit Card", "CreditCard"),
    ("Sales Tax Payable", "Other Current Liability", "GlobalTaxPayable"),
    ("Customer Deposits", "Other Current Liability", "OtherCurrentLiabilities"),
    ("Notes Payable", "Long Term Liability", "OtherLongTermLiabilities"),
    ("Opening Balance Equity", "Equity", "OpeningBalanceEquity"),
    ("Retained Earnings", "Equity", "RetainedEarnings"),
    ("Cost of Goods Sold", "Cost of Goods Sold", "SuppliesMaterialsCogs"),
    ("Merchant fees", "Expense", "BankCharges"),
    ("Rent or Lease", "Expense", "RentOrLeaseOfBuildings"),
    ("Fuel", "Expense", "Auto"),
    ("Office Supplies", "Expense", "OfficeGeneralAdministrativeExpenses"),
    ("Utilities", "Expense", "Utilities"),
    ("Bad debts", "Expense", "BadDebts"),
    ("Chargeback losses", "Other Expense", "OtherMiscellaneousExpense"),
    ("Interest Earned", "Other Income", "InterestEarned"),
)
# Name, DueDays, DiscountPercent, DiscountDays
TERMS: tuple[tuple[str, int, int | None, int | None], ...] = (
    ("Due on receipt", 0, None, None),
    ("Net 15", 15, None, None),
    ("Net 30", 30, None, None),
    ("Net 60", 60, None, None),
    ("2% 10 Net 30", 30, 2, 10),
)
PAYMENT_METHODS = (
    ("Cash", "NON_CREDIT_CARD"),
    ("Check", "NON_CREDIT_CARD"),
    ("Visa", "CREDIT_CARD"),
    ("MasterCard", "CREDIT_CARD"),
    ("Bank transfer", "NON_CREDIT_CARD"),
)
TAX_PERCENT = "8.7"


def found_company(books: Books, *, name: str, bank: str = "Checking", bare: bool = False) -> None:
    """Write a new company's lists; `bare` leaves all but its own record out, for books loaded from outside."""
    _put(books, "CompanyInfo", "1", _company_info(books, name))
    _put(books, "Preferences", "1", _preferences(books))
    if bare:
        return
    for account, kind, sub in ACCOUNTS:
        _create(books, "Account", Name=bank if account == "Checking" else account, AccountType=kind, AccountSubType=sub)
    discounts = books.named("Account", "Name", "Discounts given")
    _put(books, "Preferences", "1", _preferences(books, discounts=discounts))
    for term, due, percent, days in TERMS:
        _create(books, "Term", Name=term, DueDays=due, DiscountPercent=percent, DiscountDays=days)
    for method, kind in PAYMENT_METHODS:
        _create(books, "PaymentMethod", Name=method, Type=kind)
    _found_taxes(books)
    _create(books, "Item", Name="Services", Type="Service", IncomeAccountRef={"value": "1"})


def _create(books: Books, entity: str, **payload: Any) -> None:
    write(books, ENTITIES[entity], "create", payload)


def _put(books: Books, entity: str, key: str, body: Body) -> None:
    unit = books.unit()
    now = stamp(books.now())
    times = {"CreateTime": now, "LastUpdatedTime": now}
    unit.save(entity, {"domain": "QBO", "sparse": False, "Id": key, "SyncToken": "0", "MetaData": times, **body}, "")
    unit.commit()
    books.docs.reserve(entity, key)  # what is made later takes none of these ids


def _found_taxes(books: Books) -> None:
    """One rate and its code, and the two words US lines use. The server alone writes these."""
    rate = {"Name": "Washington, Vancouver", "Description": "State and city sales tax", "Active": True}
    _put(
        books,
        "TaxRate",
        "3",
        {**rate, "RateValue": Decimal(TAX_PERCENT), "AgencyRef": {"value": "1"}, "SpecialTaxType": "NONE"},
    )
    rates = {"TaxRateDetail": [{"TaxRateRef": {"value": "3"}, "TaxTypeApplicable": "TaxOnAmount", "TaxOrder": 0}]}
    for key, words, active in (("TAX", "Taxable sales", False), ("NON", "Not taxable", False)):
        _put(
            books,
            "TaxCode",
            key,
            {"Name": key, "Description": words, "Active": True, "Taxable": key == "TAX", "TaxGroup": active},
        )
    code = {
        "Name": "Vancouver WA",
        "Description": "Washington, Vancouver",
        "Active": True,
        "Taxable": True,
        "TaxGroup": True,
    }
    _put(books, "TaxCode", "2", {**code, "SalesTaxRateList": rates, "PurchaseTaxRateList": {"TaxRateDetail": []}})


def _company_info(books: Books, name: str) -> Body:
    address = {
        "Line1": "2210 NE Marine Drive",
        "City": "Portland",
        "CountrySubDivisionCode": "OR",
        "PostalCode": "97211",
        "Country": "US",
    }
    return {
        "CompanyName": name,
        "LegalName": name,
        "CompanyAddr": {"Id": "1", **address},
        "CustomerCommunicationAddr": {"Id": "1", **address},
        "LegalAddr": {"Id": "1", **address},
        "PrimaryPhone": {"FreeFormNumber": "(503) 555-0142"},
        "CompanyStartDate": books.today(),
        "FiscalYearStartMonth": "January",
        "Country": "US",
        "Email": {"Address": "books@harbortile.example"},
        "WebAddr": {"URI": "https://harbortile.example"},
        "SupportedLanguages": "en",
        "DefaultTimeZone": "America/Los_Angeles",
        "NameValue": [
            {"Name": "SubscriptionStatus", "Value": "PAID"},
            {"Name": "OfferingSku", "Value": "QuickBooks Online Plus"},
            {"Name": "CompanyType", "Value": "Other"},
        ],
    }


def _preferences(books: Books, *, discounts: str | None = None) -> Body:
    sales: Body = {
        "CustomTxnNumbers": False,
        "AllowDeposit": True,
        "AllowDiscount": True,
        "AllowEstimates": True,
        "AutoApplyCredit": False,
        "AutoApplyPayments": False,
        "ETransactionPaymentEnabled": False,
        "IPNSupportEnabled": False,
        "DefaultTerms": {"value": "3"},
    }
    if discounts:
        sales["DefaultDiscountAccount"] = discounts
    return {
        "AccountingInfoPrefs": {
            "UseAccountNumbers": False,
            "TrackDepartments": False,
            "ClassTrackingPerTxn": False,
            "ClassTrackingPerTxnLine": False,
            "FirstMonthOfFiscalYear": "January",
            "CustomerTerminology": "Customers",
        },
        "SalesFormsPrefs": sales,
        "CurrencyPrefs": {"MultiCurrencyEnabled": False, "HomeCurrency": {"value": "USD"}},
        "TaxPrefs": {"UsingSalesTax": True, "PartnerTaxEnabled": False, "TaxGroupCodeRef": {"value": "2"}},
        "ReportPrefs": {"ReportBasis": "Accrual"},
        "OtherPrefs": {
            "NameValue": [{"Name": "SalesFormsPrefs.DefaultCustomerMessage", "Value": "Thank you for your business."}]
        },
    }
