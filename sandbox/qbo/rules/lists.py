"""Lists: customers, vendors, accounts, items, terms, payment methods; and the company's two singletons.

List entries are never deleted. Law: names are unique in their list, and customers and vendors share one space; making
an entry inactive appends " (deleted)" to its name, which frees the name.
"""

from __future__ import annotations

from typing import Any

from sandbox.qbo.codec import Body, amount, decimal, held, trimmed
from sandbox.qbo.refusals import Refusal, bad_reference, business, duplicate_name, invalid_enum, missing
from sandbox.qbo.rules.currency import settle_list_currency
from sandbox.qbo.rules.fields import check_email
from sandbox.qbo.unit import Unit

DELETED = " (deleted)"
PEOPLE = ("Customer", "Vendor", "Employee", "OtherName")  # whose names share one space

# AccountType -> (Classification, the sub-type where none is given)
ACCOUNT_TYPES = {
    "Bank": ("Asset", "Checking"),
    "Accounts Receivable": ("Asset", "AccountsReceivable"),
    "Other Current Asset": ("Asset", "OtherCurrentAssets"),
    "Fixed Asset": ("Asset", "OtherFixedAssets"),
    "Other Asset": ("Asset", "OtherLongTermAssets"),
    "Accounts Payable": ("Liability", "AccountsPayable"),
    "Credit Card": ("Liability", "CreditCard"),
    "Other Current Liability": ("Liability", "OtherCurrentLiabilities"),
    "Long Term Liability": ("Liability", "OtherLongTermLiabilities"),
    "Equity": ("Equity", "RetainedEarnings"),
    "Income": ("Revenue", "SalesOfProductIncome"),
    "Cost of Goods Sold": ("Expense", "SuppliesMaterialsCogs"),
    "Expense": ("Expense", "OtherMiscellaneousServiceCost"),
    "Other Income": ("Revenue", "OtherMiscellaneousIncome"),
    "Other Expense": ("Expense", "OtherMiscellaneousExpense"),
}
BALANCE_SHEET = ("Asset", "Liability", "Equity")
_TYPE_OF_SUBTYPE = {
    "UndepositedFunds": "Other Current Asset",
    "BankCharges": "Expense",
    "ServiceFeeIncome": "Income",
    "DiscountsRefundsGiven": "Income",
    "SalesTaxPayable": "Other Current Liability",
    **{sub: kind for kind, (_, sub) in ACCOUNT_TYPES.items()},
}
_ITEM_TYPES = ("Service", "Inventory", "NonInventory", "Category", "Group", "Bundle")


def compose_customer(unit: Unit, body: Body, before: Body | None) -> None:
    """A customer, or a sub-customer (Job with a ParentRef)."""
    settle_display_name(unit, "Customer", body, before)
    parent = unit.referred_if_any(body, "ParentRef", "Customer")
    if body.get("Job") and parent is None:
        raise missing("ParentRef")
    settle_place(body, parent, joined="DisplayName")
    body["Job"] = parent is not None
    for flag in ("Taxable", "BillWithParent", "IsProject"):
        body[flag] = bool(body.get(flag, False))
    body.setdefault("PreferredDeliveryMethod", "Print")
    unit.referred_if_any(body, "SalesTermRef", "Term")
    unit.referred_if_any(body, "DefaultTaxCodeRef", "TaxCode")
    _settle_party(unit, body, before)
    body["BalanceWithJobs"] = (before or {}).get("BalanceWithJobs", 0)


def compose_vendor(unit: Unit, body: Body, before: Body | None) -> None:
    """A vendor."""
    settle_display_name(unit, "Vendor", body, before)
    unit.referred_if_any(body, "TermRef", "Term")
    body["Vendor1099"] = bool(body.get("Vendor1099", False))
    _settle_party(unit, body, before)


def _settle_party(unit: Unit, body: Body, before: Body | None) -> None:
    settle_list_currency(unit, body, before)
    body["Balance"] = (before or {}).get("Balance", 0)
    body.setdefault("PrintOnCheckName", body["DisplayName"])
    check_email(unit, body, "PrimaryEmailAddr")
    unit.books.number_addresses(body)


def settle_display_name(unit: Unit, entity: str, body: Body, before: Body | None) -> None:
    """Give a person a DisplayName that no other person has. Raises 2020, 2040 or 6240."""
    parts = (body.get(part) for part in ("Title", "GivenName", "MiddleName", "FamilyName", "Suffix"))
    name = str(body.get("DisplayName") or "").strip() or " ".join(str(part) for part in parts if part)
    if not name:
        raise missing("DisplayName")
    if any(sign in name for sign in ":\t\n"):
        detail = "DisplayName must not contain a colon, a tab or a line break."
        raise Refusal("2040", "Invalid String", detail, element="DisplayName")
    body["DisplayName"] = _settle_active(body, name)
    for other in PEOPLE:
        _check_free(unit, other, "DisplayName", body, same_list=other == entity, before=before)


def _settle_active(body: Body, name: str) -> str:
    body["Active"] = body.get("Active") is not False
    bare = name.removesuffix(DELETED)
    return bare if body["Active"] else bare + DELETED


def _check_free(unit: Unit, entity: str, field: str, body: Body, *, same_list: bool, before: Body | None) -> None:
    if before is not None and before.get(field) == body[field]:
        return
    holder = unit.books.named(entity, field, body[field])
    if holder is not None and not (same_list and holder == body.get("Id")):
        raise duplicate_name(f"Another {entity.lower()} is already using this name. Please use a different name.")


def settle_place(body: Body, parent: Body | None, *, joined: str) -> None:
    """Write where a list entry stands below its parents: Level and FullyQualifiedName."""
    body.pop("Level", None)
    body["FullyQualifiedName"] = body[joined]
    if parent is not None:
        body["Level"] = int(parent.get("Level", 0)) + 1
        body["FullyQualifiedName"] = f"{parent['FullyQualifiedName']}:{body[joined]}"


def settle_name(unit: Unit, entity: str, body: Body, before: Body | None) -> None:
    """Give a list entry a name that no other of its list has. Raises 2020 or 6240."""
    name = str(body.get("Name") or "").strip()
    if not name:
        raise missing("Name")
    body["Name"] = _settle_active(body, name)
    _check_free(unit, entity, "Name", body, same_list=True, before=before)


def compose_account(unit: Unit, body: Body, before: Body | None) -> None:
    """An account of the chart; its type follows from its sub-type where only that is given."""
    settle_name(unit, "Account", body, before)
    sub_type = body.get("AccountSubType")
    kind = body.get("AccountType") or _TYPE_OF_SUBTYPE.get(str(sub_type))
    if not kind:
        raise missing("AccountType")
    if kind not in ACCOUNT_TYPES:
        raise invalid_enum("AccountType", kind)
    body["AccountType"] = kind
    body["Classification"], default = ACCOUNT_TYPES[kind]
    body["AccountSubType"] = sub_type or default
    parent = unit.referred_if_any(body, "ParentRef", "Account")
    body["SubAccount"] = parent is not None
    settle_place(body, parent, joined="Name")
    body.pop("Level", None)
    settle_list_currency(unit, body, before)
    for field in ("CurrentBalance", "CurrentBalanceWithSubAccounts"):
        body[field] = (before or {}).get(field, 0)


def compose_item(unit: Unit, body: Body, before: Body | None) -> None:
    """A product or service; what is sold needs an income account."""
    settle_name(unit, "Item", body, before)
    body.setdefault("Type", "Service")
    if body["Type"] not in _ITEM_TYPES:
        raise invalid_enum("Type", body["Type"])
    parent = unit.referred_if_any(body, "ParentRef", "Item")
    settle_place(body, parent, joined="Name")
    body["SubItem"] = parent is not None
    if body["Type"] in ("Service", "Inventory", "NonInventory"):
        account = unit.referred(body, "IncomeAccountRef", "Account")
        if account["Classification"] != "Revenue" and account["AccountType"] not in ("Bank", "Other Current Liability"):
            raise business("Select an income account for this item.", element="IncomeAccountRef")
    for field in ("ExpenseAccountRef", "AssetAccountRef"):
        unit.referred_if_any(body, field, "Account")
    body["Taxable"] = bool(body.get("Taxable", False))
    for field in ("UnitPrice", "PurchaseCost"):
        body[field] = trimmed(decimal(body.get(field) or 0, field))
    body.setdefault("TrackQtyOnHand", False)


def compose_term(unit: Unit, body: Body, before: Body | None) -> None:
    """Terms of payment; a discount they grant is never taken by the server itself."""
    settle_name(unit, "Term", body, before)
    if body.get("DueDays") is None and body.get("DayOfMonthDue") is None:
        raise missing("DueDays")
    body["Type"] = "STANDARD" if body.get("DueDays") is not None else "DATE_DRIVEN"
    for field in ("DueDays", "DiscountDays", "DiscountPercent"):
        if body.get(field) is not None:
            body[field] = trimmed(decimal(body[field], field))


def compose_payment_method(unit: Unit, body: Body, before: Body | None) -> None:
    """A way to pay."""
    settle_name(unit, "PaymentMethod", body, before)
    body.setdefault("Type", "NON_CREDIT_CARD")


def compose_preferences(unit: Unit, body: Body, before: Body | None) -> None:
    """Preferences as sent, but for the currencies: those are switched in QuickBooks' own pages, and never back."""
    if before is not None and before.get("CurrencyPrefs"):
        body["CurrencyPrefs"] = before["CurrencyPrefs"]


def compose_attachable(unit: Unit, body: Body, before: Body | None) -> None:
    """A note or a file beside documents. Raises 6000 without either, 2500 for a document that is not there."""
    if not body.get("Note") and not body.get("FileName"):
        raise business("You must have at least a note string or file attachment.", element="Note")
    for one in body.get("AttachableRef") or []:
        told = one.get("EntityRef") or {}
        if told.get("value") and unit.read(str(told.get("type")), str(told["value"])) is None:
            raise bad_reference("AttachableRef.EntityRef", str(told.get("type")), str(told["value"]))


def compose_nothing(unit: Unit, body: Body, before: Body | None) -> None:
    """Keep what was sent: the company's own singletons have no rules here."""


def merged_deep(before: Any, after: Any) -> Any:
    """Merge preference groups, so that naming one preference leaves the others alone."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return after
    return {**before, **{name: merged_deep(before.get(name), value) for name, value in after.items()}}


def add_balance(body: Body, minor: int, *, fields: tuple[str, ...]) -> None:
    """Move balances of a list entry by cents."""
    for field in fields:
        body[field] = amount(held(body, field) + minor)
