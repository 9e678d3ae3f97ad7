"""The entities that the stand-in keeps as plain documents, as one table: no code of their own, no legs in the ledger.

A row says what an entity is called, what sort of thing it is, which properties Intuit's schema gives it beyond those
its sort has, what a create must bring, what the server writes, and what can be queried. Must not know rules or HTTP.
Law: what is true of one row only is data here; what needs code moves to `rules`.
"""

from __future__ import annotations

from typing import NamedTuple

# Sorts of entities: a transaction has a day and lines, a person a DisplayName in the space that customers share, a
# named entry a unique Name; a thing has none of these.
TRANSACTION, PERSON, NAMED, THING = "transaction", "person", "named", "thing"


class Plain(NamedTuple):
    """One row: `also` is another name for paths and queries where Intuit's URL differs from its JSON."""

    name: str
    sort: str
    properties: str
    required: str = ""
    computed: str = ""
    query: str = ""
    verbs: str = "create update"
    in_cdc: bool = True
    also: str = ""


_CHANGES = "create update delete"
_BOUGHT = "VendorRef APAccountRef TotalAmt BillEmail ReplyEmail Memo GlobalTaxCalculation VendorAddr"
_CHARGE = "Credit CustomerRef RemitToRef ARAccountRef ClassRef DueDate BilledDate TotalAmt"

PLAIN = (
    Plain(
        "Bill",
        TRANSACTION,
        f"{_BOUGHT} PayerRef SalesTermRef DueDate RemitToAddr ShipAddr Balance HomeBalance BillEx LessCIS"
        " IncludeInAnnualTPAR",
        required="VendorRef Line",
        computed="TotalAmt Balance HomeBalance BillEx",
        query="VendorRef:ref DueDate:day Balance:number TotalAmt:number SalesTermRef:ref APAccountRef:ref",
        verbs=_CHANGES,
    ),
    Plain(
        "BillPayment",
        TRANSACTION,
        "VendorRef VendorAddr APAccountRef PayType CheckPayment CreditCardPayment TotalAmt BillPaymentEx",
        required="VendorRef PayType TotalAmt",
        computed="BillPaymentEx",
        query="VendorRef:ref TotalAmt:number",
        verbs=f"{_CHANGES} void",
    ),
    Plain(
        "VendorCredit",
        TRANSACTION,
        f"{_BOUGHT} VendorCreditEx Balance IncludeInAnnualTPAR",
        required="VendorRef Line",
        computed="TotalAmt Balance VendorCreditEx",
        query="VendorRef:ref TotalAmt:number",
        verbs=_CHANGES,
    ),
    Plain(
        "PurchaseOrder",
        TRANSACTION,
        f"{_BOUGHT} TaxCodeRef ClassRef ReimbursableInfoRef SalesTermRef DueDate ExpectedDate ShipTo DropShipToEntity"
        " InventorySiteRef ShipAddr ShipMethodRef FOB POEmail TemplateRef PrintStatus EmailStatus ManuallyClosed"
        " POStatus PurchaseOrderEx",
        required="VendorRef Line",
        computed="TotalAmt PurchaseOrderEx",
        query="VendorRef:ref TotalAmt:number POStatus:text",
        verbs=f"{_CHANGES} pdf send",
    ),
    Plain(
        "VendorPrepayment",
        TRANSACTION,
        "VendorRef TotalAmt Balance HomeBalance",
        required="VendorRef",
        query="VendorRef:ref",
        verbs=_CHANGES,
    ),
    Plain(
        "CreditCardPaymentTxn",
        TRANSACTION,
        "CreditCardAccountRef BankAccountRef Amount VendorRef CheckNum PrintStatus Memo CreditCardPaymentEx",
        required="CreditCardAccountRef BankAccountRef Amount",
        computed="CreditCardPaymentEx",
        query="CreditCardAccountRef:ref BankAccountRef:ref Amount:number",
        verbs=_CHANGES,
        also="CreditCardPayment",
    ),
    Plain(
        "InventoryAdjustment",
        TRANSACTION,
        "ShippingAdjustment AdjustAccountRef CustomerRef",
        required="AdjustAccountRef Line",
        query="AdjustAccountRef:ref",
        verbs=_CHANGES,
    ),
    Plain(
        "ReimburseCharge",
        TRANSACTION,
        "CustomerRef HasBeenInvoiced Amount HomeTotalAmt",
        required="CustomerRef",
        query="CustomerRef:ref HasBeenInvoiced:flag Amount:number",
        verbs=_CHANGES,
    ),
    Plain(
        "StatementCharge",
        TRANSACTION,
        f"{_CHARGE} StatementChargeEx",
        required="CustomerRef",
        query="CustomerRef:ref TotalAmt:number",
        verbs=_CHANGES,
    ),
    Plain(
        "ChargeCredit",
        TRANSACTION,
        f"{_CHARGE} ChargeCreditEx",
        required="CustomerRef",
        query="CustomerRef:ref TotalAmt:number",
        verbs=_CHANGES,
    ),
    Plain(
        "TimeActivity",
        THING,
        "TxnDate DepartmentRef ProjectRef TimeZone NameOf EmployeeRef VendorRef OtherNameRef CustomerRef ItemRef"
        " ClassRef PayrollItemRef TimeChargeId BillableStatus Taxable HourlyRate CostRate Hours Minutes Seconds"
        " BreakHours BreakMinutes BreakSeconds StartTime EndTime Description TimeActivityEx TransactionLocationType"
        " HoursInEmployeeTimeZone",
        required="NameOf",
        computed="TimeActivityEx",
        query="TxnDate:day EmployeeRef:ref VendorRef:ref CustomerRef:ref BillableStatus:text",
        verbs=_CHANGES,
        in_cdc=False,
    ),
    Plain(
        "Employee",
        PERSON,
        "IntuitId Organization Title GivenName MiddleName FamilyName Suffix FullyQualifiedName CompanyName DisplayName"
        " PrintOnCheckName UserId Active V4IDPseudonym PrimaryPhone AlternatePhone Mobile Fax PrimaryEmailAddr WebAddr"
        " OtherContactInfo DefaultTaxCodeRef EmployeeType EmployeeNumber SSN PrimaryAddr OtherAddr BillableTime"
        " BillRate BirthDate Gender HiredDate ReleasedDate UseTimeEntry EmployeeEx CostRate Notes",
        computed="V4IDPseudonym EmployeeEx",
        query="DisplayName:text GivenName:text FamilyName:text PrintOnCheckName:text",
    ),
    Plain(
        "OtherName",
        PERSON,
        "GivenName MiddleName FamilyName CompanyName DisplayName PrintOnCheckName Active PrimaryPhone PrimaryEmailAddr"
        " AcctNum PrimaryAddr OtherAddr OtherNameEx",
        query="DisplayName:text",
    ),
    Plain("Class", NAMED, "Name SubClass ParentRef FullyQualifiedName Active ClassEx", query="FullyQualifiedName:text"),
    Plain(
        "Department",
        NAMED,
        "Name SubDepartment ParentRef FullyQualifiedName Active DepartmentEx Address",
        query="FullyQualifiedName:text",
    ),
    Plain("CustomerType", NAMED, "Name ParentRef FullyQualifiedName Active"),
    Plain("VendorType", NAMED, "Name ParentRef FullyQualifiedName Active"),
    Plain("JobType", NAMED, "Name ParentRef FullyQualifiedName Active"),
    Plain("CustomerMsg", NAMED, "Name Active CustomerMsgEx"),
    Plain("JournalCode", NAMED, "Name Type Description Active JournalCodeEx", query="Type:text", in_cdc=False),
    Plain(
        "FixedAsset",
        NAMED,
        "Name Active AcquiredAs PurchaseDesc PurchaseDate PurchaseCost Vendor AssetAccountRef SalesDesc SalesDate"
        " SalesPrice SalesExpense Location PONumber SerialNumber WarrantyExpDate Description Notes AssetNum CostBasis"
        " Depreciation BookValue FixedAssetEx",
    ),
    Plain(
        "Budget",
        NAMED,
        "Name StartDate EndDate BudgetType BudgetEntryType Active BudgetDetail",
        required="StartDate EndDate",
        query="StartDate:day EndDate:day BudgetType:text",
        verbs=_CHANGES,
    ),
    Plain("SalesRep", THING, "NameOf Active EmployeeRef VendorRef OtherNameRef Initials SalesRepEx"),
    Plain("Task", THING, "Notes From Active Done ReminderDate TaskEx"),
    Plain(
        "TaxAgency",
        THING,
        "DisplayName TaxRegistrationNumber ReportingPeriod TaxTrackedOnPurchases TaxTrackedOnSales LastFileDate"
        " TaxAgencyConfig",
        required="DisplayName",
        query="DisplayName:text",
        in_cdc=False,
    ),
    Plain(
        "TaxPayment",
        THING,
        "PaymentDate PaymentAccountRef PaymentAmount Description Refund",
        required="PaymentDate PaymentAmount",
        query="PaymentDate:day",
        verbs=_CHANGES,
        in_cdc=False,
    ),
    Plain(
        "TaxReturn",
        THING,
        "UpcomingFiling StartDate EndDate FileDate AgencyPaymentDate AgencyPaymentAmount NetTaxAmountDue AgencyRef"
        " TaxReturnStatus TaxReturnCode",
        query="StartDate:day EndDate:day",
        verbs="",
        in_cdc=False,
    ),
    Plain(
        "TaxClassification",
        THING,
        "Code Name Description Level ParentRef ApplicableTo",
        query="Code:text Name:text",
        verbs="",
        in_cdc=False,
    ),
)

# What a reference of a plain document must point at, wherever it stands in the document or in its lines' details.
REFERENCES = {
    "VendorRef": "Vendor",
    "CustomerRef": "Customer",
    "EmployeeRef": "Employee",
    "OtherNameRef": "OtherName",
    "ClassRef": "Class",
    "DepartmentRef": "Department",
    "ItemRef": "Item",
    "AccountRef": "Account",
    "APAccountRef": "Account",
    "ARAccountRef": "Account",
    "AdjustAccountRef": "Account",
    "BankAccountRef": "Account",
    "CreditCardAccountRef": "Account",
    "PaymentAccountRef": "Account",
    "AssetAccountRef": "Account",
    "SalesTermRef": "Term",
    "AgencyRef": "TaxAgency",
}
