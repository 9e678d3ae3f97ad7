"""Money moved without a sales form: purchase, transfer, journal entry, deposit.

Law: whatever comes out of here posts legs that sum to zero; a journal entry that does not is refused before.
"""

from __future__ import annotations

from sandbox.qbo.codec import Body, amount, cents, held
from sandbox.qbo.ledger import LINKED_ENTITY
from sandbox.qbo.links import carried_by
from sandbox.qbo.refusals import business, gone, invalid_enum, missing
from sandbox.qbo.rules.currency import check_account, code_of, settle_currency, settle_home
from sandbox.qbo.rules.fields import check_lines, number_lines, settle_amount, settle_day
from sandbox.qbo.rules.payments import name_value
from sandbox.qbo.unit import Unit

_PAID_FROM = {
    "Cash": ("Bank", "Other Current Asset"),
    "Check": ("Bank", "Other Current Asset"),
    "CreditCard": ("Credit Card",),
}
_MONEY = ("Bank", "Other Current Asset")
_PURCHASE_CODE = {"Cash": "54", "CreditCard": "54", "Check": "3"}
_PROFIT_AND_LOSS = ("Income", "Other Income", "Cost of Goods Sold", "Expense", "Other Expense")
_PEOPLE = {"Customer": "Customer", "Vendor": "Vendor"}


def compose_purchase(unit: Unit, body: Body, before: Body | None) -> None:
    """Money spent: from one account, on lines."""
    kind = body.get("PaymentType")
    if not kind:
        raise missing("PaymentType")
    if kind not in _PAID_FROM:
        raise invalid_enum("PaymentType", kind)
    account = unit.referred(body, "AccountRef", "Account")
    if account["AccountType"] not in _PAID_FROM[kind]:
        raise business(f"The account does not fit the payment type {kind}.", element="AccountRef")
    settle_day(unit, body)
    settle_currency(unit, body, account if _is_foreign(unit, account) else None)
    _settle_person(unit, body, "EntityRef")
    unit.referred_if_any(body, "PaymentMethodRef", "PaymentMethod")
    lines = check_lines(body)
    if not lines:
        raise missing("Line")
    for line in lines:
        _expense_line(unit, body, line)
    number_lines(lines, numbered=False)
    total = sum(held(line, "Amount") for line in lines)
    if total < 0:
        raise business("Transaction amount must be 0 or greater.", element="TotalAmt")
    body["TotalAmt"] = amount(total)
    body["Credit"] = bool(body.get("Credit", False))
    body["PurchaseEx"] = {"any": [name_value("TxnType", "11" if body["Credit"] else _PURCHASE_CODE[kind])]}


def _is_foreign(unit: Unit, account: Body) -> bool:
    return code_of(account, unit.books.home_currency) != unit.books.home_currency


def _settle_person(unit: Unit, body: Body, field: str) -> str:
    """Resolve a payee {value, name, type}; returns its type, empty without one."""
    ref = body.get(field)
    if not isinstance(ref, dict) or not ref.get("value"):
        body.pop(field, None)
        return ""
    kind = str(ref.get("type") or "Vendor").capitalize()
    if kind not in _PEOPLE:
        raise invalid_enum(f"{field}.type", ref.get("type"))
    unit.referred(body, field, _PEOPLE[kind])
    body[field]["type"] = kind
    return kind


def _expense_line(unit: Unit, body: Body, line: Body) -> None:
    kind = line.get("DetailType")
    if kind not in ("AccountBasedExpenseLineDetail", "ItemBasedExpenseLineDetail"):
        raise missing("Line.DetailType")
    detail = line.setdefault(kind, {})
    settle_amount(line, detail)
    unit.referred_if_any(detail, "CustomerRef", "Customer")
    unit.referred_if_any(detail, "ClassRef", "Class")
    if kind == "AccountBasedExpenseLineDetail":
        if not (detail.get("AccountRef") or {}).get("value"):
            raise missing("Line.AccountBasedExpenseLineDetail.AccountRef")
        account = unit.referred(detail, "AccountRef", "Account")
        check_account(unit, body, account, element="Line.AccountRef")
        person = (body.get("EntityRef") or {}).get("type")
        if account["AccountType"] == "Accounts Receivable" and person != "Customer" and "CustomerRef" not in detail:
            raise business("When you use Accounts Receivable, you must choose a customer in the Name field.")
    else:
        _expense_item(unit, detail)
    detail.setdefault("BillableStatus", "NotBillable")
    detail.setdefault("TaxCodeRef", {"value": "NON"})


def _expense_item(unit: Unit, detail: Body) -> None:
    item = unit.referred(detail, "ItemRef", "Item")
    account = item.get("ExpenseAccountRef") or item.get("IncomeAccountRef") or {}
    detail["ItemAccountRef"] = dict(account)


def compose_transfer(unit: Unit, body: Body, before: Body | None) -> None:
    """Money from one balance sheet account to another."""
    for field in ("FromAccountRef", "ToAccountRef"):
        account = unit.referred(body, field, "Account")
        if account["AccountType"] in (*_PROFIT_AND_LOSS, "Accounts Receivable", "Accounts Payable"):
            raise business("Only balance sheet accounts can be used in a transfer.", element=field)
    if body["FromAccountRef"]["value"] == body["ToAccountRef"]["value"]:
        raise business("Transfer funds to and from must be different accounts.", element="ToAccountRef")
    if body.get("Amount") is None:
        raise missing("Amount")
    moved = cents(body["Amount"], "Amount")
    if moved <= 0:
        raise business("Transaction amount must be greater than 0.", element="Amount")
    body["Amount"] = amount(moved)
    settle_day(unit, body)
    ends = [unit.read("Account", body[field]["value"]) or {} for field in ("FromAccountRef", "ToAccountRef")]
    settle_currency(unit, body, next((account for account in ends if _is_foreign(unit, account)), None))
    for account in ends:
        check_account(unit, body, account, element="FromAccountRef")


def compose_journal_entry(unit: Unit, body: Body, before: Body | None) -> None:
    """Debits and credits, equal."""
    settle_day(unit, body)
    settle_currency(unit, body)
    lines = check_lines(body)
    if not lines:
        raise missing("Line")
    balance = sum(_journal_line(unit, body, line) for line in lines)
    if balance:
        raise business("The debits and the credits of a journal entry must be equal.", element="Line")
    number_lines(lines, first=0, numbered=False)
    body.setdefault("Adjustment", False)
    body["TotalAmt"] = 0  # recorded: QuickBooks answers 0 for every journal entry
    body["TxnTaxDetail"] = {}


def _journal_line(unit: Unit, body: Body, line: Body) -> int:
    """Check one line; returns its cents, debits positive."""
    if line.get("DetailType") != "JournalEntryLineDetail":
        raise missing("Line.JournalEntryLineDetail")
    if line.get("Amount") is None:
        raise missing("Line.Amount")
    minor = cents(line["Amount"], "Line.Amount")
    if minor < 0:
        raise business("The amount of a journal line must be 0 or greater.", element="Line.Amount")
    line["Amount"] = amount(minor)
    detail = line.setdefault("JournalEntryLineDetail", {})
    if detail.get("PostingType") not in ("Debit", "Credit"):
        raise missing("Line.JournalEntryLineDetail.PostingType")
    account = unit.referred(detail, "AccountRef", "Account")
    check_account(unit, body, account, element="Line.AccountRef")
    person = detail.get("Entity") or {}
    kind = str(person.get("Type") or "")
    if (person.get("EntityRef") or {}).get("value"):
        if kind not in _PEOPLE:
            raise invalid_enum("Entity.Type", kind)
        unit.referred(person, "EntityRef", _PEOPLE[kind])
    else:
        kind = ""
        detail.pop("Entity", None)
    wanted = {"Accounts Receivable": "Customer", "Accounts Payable": "Vendor"}.get(account["AccountType"])
    if wanted and kind != wanted:
        raise business(f"When you use {account['AccountType']}, you must choose a {wanted.lower()} in the Name field.")
    return minor if detail["PostingType"] == "Debit" else -minor


def compose_deposit(unit: Unit, body: Body, before: Body | None) -> None:
    """Money brought to the bank: linked payments and lines of its own."""
    account = unit.referred(body, "DepositToAccountRef", "Account")
    if account["AccountType"] not in ("Bank", "Other Current Asset"):
        raise business("Select a bank account for this deposit.", element="DepositToAccountRef")
    settle_day(unit, body)
    settle_currency(unit, body, account if _is_foreign(unit, account) else None)
    lines = check_lines(body)
    if not lines:
        raise missing("Line")
    kept = carried_by(before)
    for line in lines:
        if line.get("LinkedTxn"):
            _linked_line(unit, body, line, kept)
        else:
            _deposit_line(unit, body, line)
    number_lines([line for line in lines if not line.get("LinkedTxn")])
    total = sum(held(line, "Amount") for line in lines) - _cash_back(unit, body)
    if total < 0:
        raise business("The total of a deposit cannot be negative.", element="TotalAmt")
    body["TotalAmt"] = amount(total)
    settle_home(body, "TotalAmt")
    body["TxnTaxDetail"] = {}


def _linked_line(unit: Unit, body: Body, line: Body, kept: set[tuple[str, str]]) -> None:
    if line.get("DetailType"):
        raise missing("Line.DepositLineDetail.AccountRef")
    linked = line["LinkedTxn"][0]
    entity = LINKED_ENTITY.get(str(linked.get("TxnType")))
    if entity not in ("Payment", "SalesReceipt", "RefundReceipt", "JournalEntry"):
        raise invalid_enum("TxnType", linked.get("TxnType"))
    key = (entity, str(linked.get("TxnId")))
    source = unit.read(*key)
    if source is None:
        raise gone()
    if code_of(source, unit.books.home_currency) != code_of(body, unit.books.home_currency):
        raise business("The transaction is in another currency than the deposit.", element="Line.LinkedTxn")
    if unit.books.links.deposit_of(key) and key not in kept:
        raise business("The transaction is already on another deposit.", element="Line.LinkedTxn")
    if entity == "JournalEntry":
        expected = _undeposited_of(unit, source, str(linked.get("TxnLineId") or ""))
    else:
        _check_sits_where_deposits_take(unit, source)
        expected = held(source, "TotalAmt") * (-1 if entity == "RefundReceipt" else 1)
    if cents(line.get("Amount"), "Line.Amount") != expected:
        raise business("The amount of a linked line must be the amount of its transaction.", element="Line.Amount")
    line["Amount"] = amount(expected)
    place = str(linked.get("TxnLineId") or "0") if entity == "JournalEntry" else "0"
    line["LinkedTxn"] = [{"TxnId": key[1], "TxnType": linked["TxnType"], "TxnLineId": place}]


def _undeposited_of(unit: Unit, entry: Body, place: str) -> int:
    """Return what one line of a journal entry put into Undeposited Funds; the line is named by its id."""
    for line in entry["Line"]:
        detail = line["JournalEntryLineDetail"]
        if line["Id"] == place and detail["AccountRef"]["value"] == unit.books.chart.undeposited:
            return held(line, "Amount") * (1 if detail["PostingType"] == "Debit" else -1)
    raise business("Only transactions in Undeposited Funds can be deposited.", element="Line.LinkedTxn")


def _check_sits_where_deposits_take(unit: Unit, source: Body) -> None:
    where = str((source.get("DepositToAccountRef") or {}).get("value") or "")
    account = unit.read("Account", where) or {}
    money = unit.books.switches["deposit_from"] == "money" and account.get("AccountType") in _MONEY
    if where != unit.books.chart.undeposited and not money:
        raise business("Only transactions in Undeposited Funds can be deposited.", element="Line.LinkedTxn")


def _deposit_line(unit: Unit, body: Body, line: Body) -> None:
    detail = line.get("DepositLineDetail") or {}
    if isinstance(detail.get("Entity"), dict) and "value" not in detail["Entity"]:
        del detail["Entity"]  # seen live: the nested form {Type, EntityRef} is ignored
    if line.get("DetailType") != "DepositLineDetail" or not (detail.get("AccountRef") or {}).get("value"):
        raise missing("Line.DepositLineDetail.AccountRef")
    check_account(unit, body, unit.referred(detail, "AccountRef", "Account"), element="Line.AccountRef")
    unit.referred_if_any(detail, "PaymentMethodRef", "PaymentMethod")
    line["Amount"] = amount(cents(line.get("Amount"), "Line.Amount"))


def _cash_back(unit: Unit, body: Body) -> int:
    cash = body.get("CashBack")
    if not cash:
        body.pop("CashBack", None)
        return 0
    unit.referred(cash, "AccountRef", "Account")
    cash["Amount"] = amount(cents(cash.get("Amount"), "CashBack.Amount"))
    return held(cash, "Amount")


def carry(unit: Unit, before: Body | None, after: Body | None) -> None:
    """Show the deposit on the transactions it holds. Recorded: their SyncToken and time stay."""
    old, new = carried_by(before), carried_by(after)
    deposit = str((after or before or {})["Id"])
    for key in old ^ new:
        body = unit.read(*key)
        if body is None:
            continue
        links = [link for link in body.get("LinkedTxn") or [] if link["TxnType"] != "Deposit"]
        body["LinkedTxn"] = [*links, {"TxnId": deposit, "TxnType": "Deposit"}] if key in new else links
        unit.save(key[0], body, "")
