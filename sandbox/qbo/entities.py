"""The entities of the Accounting API as data: their properties, what can be asked of them, what can be queried.

A property is known when Intuit's schema names it; anything else is refused as code 2010. `queryable` follows the
reference's "filterable" and "sortable" marks where known and stays narrow elsewhere, so that a query that works here
works there.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.qbo.plain import NAMED, PLAIN, TRANSACTION, Plain

_OBJECT = "Id SyncToken MetaData CustomField AttachableRef domain sparse status"
_TXN = (
    f"{_OBJECT} DocNumber TxnDate TxnSubType DepartmentRef CurrencyRef ExchangeRate PrivateNote TxnStatus LinkedTxn"
    " Line TxnTaxDetail TxnSource TaxFormType TaxFormNum TransactionLocationType Tag TxnApprovalInfo RecurDataRef"
    " RecurringInfo ProjectRef TotalCostAmount HomeTotalCostAmount"
)
_SALE = (
    f"{_TXN} AutoDocNumber CustomerRef CustomerMemo BillAddr ShipAddr FreeFormAddress ShipFromAddr RemitToRef"
    " ClassRef SalesTermRef DueDate SalesRepRef PONumber FOB ShipMethodRef ShipDate TrackingNum GlobalTaxCalculation"
    " TotalAmt HomeTotalAmt ApplyTaxAfterDiscount ShippingTaxIncludedInTotalTax TemplateRef PrintStatus EmailStatus"
    " BillEmail BillEmailCc BillEmailBcc ARAccountRef Balance HomeBalance FinanceCharge PaymentMethodRef"
    " PaymentRefNum PaymentType CheckPayment CreditCardPayment DepositToAccountRef DeliveryInfo DiscountRate"
    " DiscountAmt GovtTxnRefIdentifier TaxExemptionRef"
)
_PERSON = (
    f"{_OBJECT} IntuitId Organization Title GivenName MiddleName FamilyName Suffix FullyQualifiedName CompanyName"
    " DisplayName PrintOnCheckName UserId Active V4IDPseudonym PrimaryPhone AlternatePhone Mobile Fax"
    " PrimaryEmailAddr WebAddr OtherContactInfo DefaultTaxCodeRef BillAddr ShipAddr OtherAddr ContactName"
    " AltContactName Notes ParentRef Balance OpenBalanceDate CreditLimit AcctNum CurrencyRef TDSEnabled"
    " BusinessNumber GSTIN GSTRegistrationType Source"
)
_SERVER = "MetaData domain status"  # never taken from a client; Id, SyncToken and sparse steer the request
_TIMES = "MetaData.CreateTime:instant MetaData.LastUpdatedTime:instant"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _types(text: str) -> dict[str, str]:
    return dict(pair.split(":") for pair in f"Id:id {_TIMES} {text}".split())


@dataclass(frozen=True)
class Entity:
    """One entity: what it is called, which properties it has and what may be done with it."""

    name: str
    known: frozenset[str]
    computed: frozenset[str] = frozenset()
    queryable: dict[str, str] = field(default_factory=dict)
    verbs: frozenset[str] = frozenset({"create", "update"})
    transaction: bool = False
    in_cdc: bool = True
    required_on_update: tuple[str, ...] = ()
    also: str = ""  # its name in paths and queries, where that is another

    @property
    def path(self) -> str:
        """The entity's name in a URL."""
        return (self.also or self.name).lower()

    @property
    def has_active(self) -> bool:
        """Whether rows are made inactive instead of deleted, and queries show the active ones alone."""
        return "Active" in self.queryable


def _txn(
    name: str, known: str, *, computed: str = "", query: str = "", verbs: str, again: tuple[str, ...] = ()
) -> Entity:
    return Entity(
        name,
        _words(known),
        _words(f"{_SERVER} TotalAmt HomeTotalAmt HomeBalance RecurDataRef {computed}"),
        _types(f"TxnDate:day DocNumber:text {query}"),
        _words(verbs),
        transaction=True,
        required_on_update=again,
    )


def _list(
    name: str, known: str, *, computed: str = "", query: str = "", verbs: str = "create update", cdc: bool = True
) -> Entity:
    return Entity(
        name,
        _words(f"{_OBJECT} {known}"),
        _words(f"{_SERVER} FullyQualifiedName Level {computed}"),
        _types(f"Active:flag {query}"),
        _words(verbs),
        in_cdc=cdc,
    )


def _plain(row: Plain) -> Entity:
    own = row.properties.split()
    query = f"{row.query} Active:flag" if "Active" in own else row.query
    query += {TRANSACTION: " TxnDate:day DocNumber:text", NAMED: " Name:text"}.get(row.sort, "")
    return Entity(
        row.name,
        _words(f"{_TXN if row.sort == TRANSACTION else _OBJECT} {row.properties}"),
        _words(f"{_SERVER} FullyQualifiedName Level HomeTotalAmt RecurDataRef {row.computed}"),
        _types(query),
        _words(row.verbs),
        transaction=row.sort == TRANSACTION,
        in_cdc=row.in_cdc,
        required_on_update=("VendorRef",) if "VendorRef" in row.required.split() else (),
        also=row.also,
    )


_ALL = (
    _txn(
        "Invoice",
        f"{_SALE} Deposit AllowIPNPayment AllowOnlinePayment AllowOnlineCreditCardPayment AllowOnlineACHPayment"
        " AllowOnlinePayPalPayment AllowOnlineAffirmPayment EInvoiceStatus ECloudStatusTimeStamp CfdiUse Exportation"
        " GlobalInfo invoiceStatus callToAction invoiceStatusLog InvoiceEx LessCIS InvoiceLink PaymentDetailsMessage"
        " ConvenienceFeeDetail EnabledSurchargeInfo InvoiceLinkSecurityCode InvoiceLinkExpiryDate AutoPayEligible"
        " SchedulePayEligible ScheduledPaymentId GratuityEnabled FinancingProductType SubscriptionPaymentsSetting"
        " TxnRetainageDetail",
        computed="Balance DeliveryInfo InvoiceLink EInvoiceStatus InvoiceEx",
        query="CustomerRef:ref DueDate:day SalesTermRef:ref ProjectRef:ref Balance:number TotalAmt:number",
        verbs="create update delete void pdf send",
    ),
    _txn(
        "CreditMemo",
        f"{_SALE} RemainingCredit InvoiceRef CreditMemoEx",
        computed="Balance RemainingCredit DueDate CreditMemoEx",
        query="CustomerRef:ref Balance:number TotalAmt:number",
        verbs="create update delete void pdf send",
    ),
    _txn(
        "Estimate",
        f"{_SALE} ExpirationDate AcceptedBy AcceptedDate EstimateEx",
        computed="Balance EstimateEx",
        query="CustomerRef:ref ExpirationDate:day TotalAmt:number TxnStatus:text",
        verbs="create update delete pdf send",
    ),
    _txn(
        "SalesReceipt",
        f"{_SALE} SalesReceiptEx LessCIS",
        computed="Balance SalesReceiptEx",
        query="CustomerRef:ref TotalAmt:number PaymentRefNum:text",
        verbs="create update delete void pdf send",
    ),
    _txn(
        "RefundReceipt",
        f"{_SALE} RemainingCredit RefundReceiptEx",
        computed="Balance RemainingCredit RefundReceiptEx",
        query="CustomerRef:ref TotalAmt:number PaymentRefNum:text",
        verbs="create update delete void pdf send",
    ),
    Entity(
        "Payment",
        _words(
            f"{_TXN} CustomerRef RemitToRef ARAccountRef DepositToAccountRef PaymentMethodRef PaymentRefNum PaymentType"
            " CheckPayment CreditCardPayment TotalAmt UnappliedAmt ProcessPayment PaymentExtendedType PaymentEx"
            " TaxExemptionRef"
        ),
        _words(f"{_SERVER} UnappliedAmt LinkedTxn PaymentEx RecurDataRef"),
        _types("TxnDate:day CustomerRef:ref ProjectRef:ref PaymentRefNum:text TotalAmt:number"),
        _words("create update delete void pdf send"),
        transaction=True,
    ),
    _txn(
        "Purchase",
        f"{_TXN} AccountRef PaymentMethodRef PaymentRefNum PaymentType CheckPayment CreditCardPayment EntityRef"
        " Credit RemitToAddr TotalAmt TxnId TxnNum Memo PrintStatus GlobalTaxCalculation PurchaseEx LessCIS"
        " IncludeInAnnualTPAR",
        computed="PurchaseEx LinkedTxn",
        query="AccountRef:ref EntityRef:ref PaymentType:text TotalAmt:number",
        verbs="create update delete",
        again=("PaymentType",),
    ),
    _txn(
        "Deposit",
        f"{_TXN} DepositToAccountRef CashBack GlobalTaxCalculation TotalAmt HomeTotalAmt DepositEx",
        computed="DepositEx LinkedTxn",
        query="DepositToAccountRef:ref TotalAmt:number",
        verbs="create update delete",
    ),
    _txn(
        "JournalEntry",
        f"{_TXN} Adjustment HomeCurrencyAdjustment EnteredInHomeCurrency GlobalTaxCalculation TotalAmt HomeTotalAmt"
        " JournalEntryEx",
        computed="JournalEntryEx LinkedTxn",
        verbs="create update delete",
    ),
    Entity(
        "Transfer",
        _words(f"{_TXN} FromAccountRef ToAccountRef Amount ClassRef TransferEx"),
        _words(f"{_SERVER} LinkedTxn TransferEx RecurDataRef"),
        _types("TxnDate:day Amount:number FromAccountRef:ref ToAccountRef:ref"),
        _words("create update delete"),
        transaction=True,
    ),
    _list(
        "Customer",
        f"{_PERSON} Taxable Job BillWithParent RootCustomerRef Level CustomerTypeRef SalesTermRef SalesRepRef"
        " TaxGroupCodeRef TaxRateRef PaymentMethodRef CCDetail PriceLevelRef BalanceWithJobs OverDueBalance"
        " TotalRevenue TotalExpense PreferredDeliveryMethod ResaleNum JobInfo CustomerEx SecondaryTaxIdentifier"
        " ARAccountRef PrimaryTaxIdentifier TaxExemptionReasonId IsProject IsCISContractor ClientCompanyId"
        " ClientEntityId TaxRegime",
        computed="Balance BalanceWithJobs V4IDPseudonym ClientEntityId OverDueBalance",
        query="DisplayName:text GivenName:text FamilyName:text MiddleName:text CompanyName:text FullyQualifiedName:text"
        " PrintOnCheckName:text PrimaryEmailAddr:text Balance:number Job:flag ParentRef:ref Taxable:flag",
    ),
    _list(
        "Vendor",
        f"{_PERSON} TaxCountry TaxIdentifier TaxIdEffectiveDate VendorTypeRef TermRef PrefillAccountRef BillRate"
        " Vendor1099 T4AEligible T5018Eligible TDSEntityTypeId TDSSectionTypeId TDSOverrideThreshold"
        " TaxReportingBasis APAccountRef VendorEx IsSubContractor SubcontractorType CISRate HasTPAR"
        " VendorPaymentBankDetail CostRate CompanyRegistrationNumber",
        computed="Balance V4IDPseudonym",
        query="DisplayName:text GivenName:text FamilyName:text CompanyName:text PrintOnCheckName:text Balance:number",
    ),
    _list(
        "Account",
        "Name SubAccount ParentRef Description FullyQualifiedName AccountAlias TxnLocationType Active Classification"
        " AccountType AccountSubType AccountPurposes AcctNum AcctNumExtn BankNum OpeningBalance OpeningBalanceDate"
        " CurrentBalance CurrentBalanceWithSubAccounts CurrencyRef TaxAccount TaxCodeRef OnlineBankingEnabled FIName"
        " JournalCodeRef AccountEx",
        computed="Classification CurrentBalance CurrentBalanceWithSubAccounts",
        query="Name:text FullyQualifiedName:text AccountType:text AccountSubType:text Classification:text AcctNum:text"
        " SubAccount:flag ParentRef:ref CurrentBalance:number",
    ),
    _list(
        "Item",
        "Name Sku Description Active SubItem ParentRef Level FullyQualifiedName Taxable SalesTaxIncluded"
        " PercentBased UnitPrice RatePercent Type PaymentMethodRef UOMSetRef IncomeAccountRef PurchaseDesc"
        " PurchaseTaxIncluded PurchaseCost ExpenseAccountRef COGSAccountRef AssetAccountRef PrefVendorRef AvgCost"
        " TrackQtyOnHand QtyOnHand QtyOnPurchaseOrder QtyOnSalesOrder ReorderPoint ManPartNum DepositToAccountRef"
        " SalesTaxCodeRef PurchaseTaxCodeRef InvStartDate ItemGroupDetail ItemCategoryType TaxClassificationRef"
        " ClassRef Source DeferredRevenue CustomExtensions",
        query="Name:text FullyQualifiedName:text Type:text Sku:text UnitPrice:number IncomeAccountRef:ref",
    ),
    _list(
        "Term",
        "Name Active Type DiscountPercent DueDays DiscountDays DayOfMonthDue DueNextMonthDays DiscountDayOfMonth"
        " SalesTermEx",
        computed="Type",
        query="Name:text",
    ),
    _list("PaymentMethod", "Name Active Type PaymentMethodEx", query="Name:text Type:text"),
    _list(
        "TaxCode",
        "Name Description Active Hidden Taxable TaxGroup SalesTaxRateList PurchaseTaxRateList AdjustmentTaxRateList"
        " TaxCodeEx TaxCodeConfigType",
        query="Name:text",
        verbs="",
        cdc=False,
    ),
    _list(
        "TaxRate",
        "Name Description Active RateValue AgencyRef TaxReturnLineRef EffectiveTaxRate SpecialTaxType DisplayType"
        " TaxRateEx OriginalTaxRate",
        query="Name:text",
        verbs="",
        cdc=False,
    ),
    Entity(
        "CompanyInfo",
        _words(
            f"{_OBJECT} CompanyName LegalName CompanyAddr CustomerCommunicationAddr LegalAddr CompanyEmailAddr"
            " CustomerCommunicationEmailAddr CompanyURL PrimaryPhone OtherContactInfo CompanyFileName FlavorStratum"
            " SampleFile CompanyUserId CompanyUserAdminEmail CompanyStartDate EmployerId FiscalYearStartMonth"
            " TaxYearStartMonth QBVersion Country ShipAddr OtherAddr Mobile Fax Email WebAddr LastImportedTime"
            " LastSyncTime SupportedLanguages DefaultTimeZone MultiByteCharsSupported NameValue"
            " FifoCalculationStatus CompanyInfoEx"
        ),
        _words(f"{_SERVER} CompanyStartDate NameValue"),
        _types(""),
        _words("update"),
        in_cdc=False,
    ),
    Entity(
        "Preferences",
        _words(
            f"{_OBJECT} AccountingInfoPrefs AdvancedInventoryPrefs ProductAndServicesPrefs SalesFormsPrefs"
            " EmailMessagesPrefs PrintDocumentPrefs VendorAndPurchasesPrefs TimeTrackingPrefs TaxPrefs"
            " FinanceChargesPrefs CurrencyPrefs ReportPrefs OtherPrefs"
        ),
        _words(_SERVER),
        _types(""),
        _words("update"),
    ),
    _list(
        "CompanyCurrency",
        "Code Name Active CompanyCurrencyEx",
        computed="CompanyCurrencyEx",
        query="Code:text Name:text",
        verbs="create update delete",
    ),
    Entity(
        "ExchangeRate",
        _words(f"{_OBJECT} SourceCurrencyCode TargetCurrencyCode Rate AsOfDate ExchangeRateEx"),
        _words(_SERVER),
        _types("SourceCurrencyCode:text AsOfDate:day"),
        in_cdc=False,
    ),
    Entity(
        "Attachable",
        _words(
            f"{_OBJECT} FileName FileAccessUri TempDownloadUri Size ContentType Category Lat Long PlaceName Note"
            " ThumbnailFileAccessUri ThumbnailTempDownloadUri AttachableEx documentId"
        ),
        _words(f"{_SERVER} FileAccessUri TempDownloadUri Size ThumbnailFileAccessUri ThumbnailTempDownloadUri"),
        _types(
            "FileName:text Note:text ContentType:text Category:text Size:number AttachableRef.EntityRef.Type:text"
            " AttachableRef.EntityRef.value:text"
        ),
        _words("create update delete"),
    ),
    *map(_plain, PLAIN),
)

ENTITIES: dict[str, Entity] = {entity.name: entity for entity in _ALL}
BY_NAME: dict[str, Entity] = {**ENTITIES, **{entity.also: entity for entity in _ALL if entity.also}}
BY_PATH: dict[str, Entity] = {entity.path: entity for entity in _ALL}
