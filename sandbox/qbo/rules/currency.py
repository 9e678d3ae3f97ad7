"""Currencies: which one a document is in, at which rate, and who may hold it.

Must not know HTTP. Law: a customer and a receivable account have one currency for good; a document is in the home
currency or in its customer's, never in a third; the rate is home units for one foreign unit, and 1 where it was
forgotten.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sandbox.qbo.codec import Body, amount, decimal, held, in_home, trimmed
from sandbox.qbo.refusals import Refusal, bad_reference, business, duplicate_name, invalid_enum, missing
from sandbox.qbo.unit import Unit

NAMES = {
    "USD": "United States Dollar",
    "EUR": "Euro",
    "GBP": "British Pound Sterling",
    "CAD": "Canadian Dollar",
    "AUD": "Australian Dollar",
    "NZD": "New Zealand Dollar",
    "CHF": "Swiss Franc",
    "SEK": "Swedish Krona",
    "NOK": "Norwegian Krone",
    "DKK": "Danish Krone",
    "PLN": "Polish Zloty",
    "CZK": "Czech Koruna",
    "JPY": "Japanese Yen",
    "CNY": "Chinese Yuan",
    "HKD": "Hong Kong Dollar",
    "SGD": "Singapore Dollar",
    "INR": "Indian Rupee",
    "MXN": "Mexican Peso",
    "BRL": "Brazilian Real",
    "ZAR": "South African Rand",
}
_FOREIGN_KINDS = ("Bank", "Accounts Receivable", "Accounts Payable", "Credit Card", "Other Current Asset")


def code_of(body: Body | None, home: str) -> str:
    """Return the currency of a document or list entry; without one it is the home currency."""
    return str(((body or {}).get("CurrencyRef") or {}).get("value") or home)


def currency(code: str) -> dict[str, Any]:
    """Return the reference to a currency."""
    return {"value": code, "name": NAMES.get(code, code)}


def settle_currency(unit: Unit, body: Body, holder: Body | None = None, *, required: bool = False) -> None:
    """Write a transaction's currency and rate. `holder` is the customer or vendor whose currency it must be.

    Raises 2020 where a company of several currencies is not told one, 2500 for one it does not use, 6000 for a third.
    """
    home = unit.books.home_currency
    sent = _code_sent(body)
    if not unit.books.multicurrency:
        _refuse_foreign(sent, home)
        body["CurrencyRef"] = currency(home)
        return
    if not sent and required and not unit.by_hand and unit.books.switches["currency_left_out"] == "refuse":
        raise missing("CurrencyRef")
    code = sent or code_of(holder, home)
    _check_active(unit, code)
    if holder is not None and code != code_of(holder, home):
        raise business("The currency must be the one of the customer or vendor.", element="CurrencyRef")
    body["CurrencyRef"] = currency(code)
    body["ExchangeRate"] = _rate(unit, body, code)
    if code != home and "CustomerRef" in body:
        _settle_receivable(unit, body, code)


def settle_list_currency(unit: Unit, body: Body, before: Body | None) -> None:
    """Write the currency of a customer, vendor or account. Raises 2500 and 6000."""
    home = unit.books.home_currency
    code = _code_sent(body) or code_of(before, home)
    if not unit.books.multicurrency:
        _refuse_foreign(code, home)
    _check_active(unit, code)
    kind = body.get("AccountType")
    if code != home and kind is not None and kind not in _FOREIGN_KINDS:
        raise business("This type of account is kept in the home currency.", element="CurrencyRef")
    if before is not None and code != code_of(before, home) and _is_used(unit, body):
        raise business("The currency cannot be changed once there are transactions.", element="CurrencyRef")
    body["CurrencyRef"] = currency(code)


def check_account(unit: Unit, body: Body, account: Body, *, element: str) -> None:
    """Raise 6000 for an account whose currency is neither home nor the document's; receivables take only their own."""
    home = unit.books.home_currency
    held_in, code = code_of(account, home), code_of(body, home)
    if held_in == code:
        return
    if held_in != home or account.get("AccountType") in ("Accounts Receivable", "Accounts Payable"):
        raise business("The account is kept in another currency than the transaction.", element=element)


def settle_home(body: Body, *fields: str) -> None:
    """Write the home amounts of a document that has a rate: HomeTotalAmt of TotalAmt, HomeBalance of Balance."""
    if "ExchangeRate" in body:
        for field in fields:
            body[f"Home{field}"] = amount(in_home(held(body, field), body))


def check_rate_kept(unit: Unit, entity: str, before: Body, body: Body) -> None:
    """Raise 6000 when the rate changes of something that payments settle."""
    old, new = before.get("ExchangeRate", 1), body.get("ExchangeRate", 1)
    if Decimal(old) != Decimal(new) and unit.books.links.payments_on((entity, str(body["Id"]))):
        raise business("The exchange rate cannot be changed while payments are applied.", element="ExchangeRate")


def compose_company_currency(unit: Unit, body: Body, before: Body | None) -> None:
    """A currency the company uses; its receivable account comes with it. Raises 2170, 5030, 6240."""
    if not unit.books.multicurrency:
        raise Refusal("5030", "Feature Not Supported Error", "Multicurrency is not enabled for this company.")
    code = str(body.get("Code") or (before or {}).get("Code") or "").upper()
    if code not in NAMES:
        raise invalid_enum("Code", body.get("Code"))
    if before is None and (code == unit.books.home_currency or unit.books.named("CompanyCurrency", "Code", code)):
        raise duplicate_name(f"The currency {code} is there already.")
    body["Code"] = code
    body.setdefault("Name", NAMES[code])
    body["Active"] = body.get("Active") is not False
    if code not in unit.books.chart.receivables:
        kind = {"AccountType": "Accounts Receivable", "AccountSubType": "AccountsReceivable", "Classification": "Asset"}
        name = f"Accounts Receivable (A/R) - {code}"
        unit.create("Account", {**_account(name, code), **kind})


def compose_rate(unit: Unit, body: Body, before: Body | None) -> None:
    """A rate is greater than nothing. Raises 2090 and 6000."""
    rate = decimal(body["Rate"], "Rate")
    if rate <= 0:
        raise business("The exchange rate must be greater than 0.", element="Rate")
    body["Rate"] = trimmed(rate)


def exchange_account(unit: Unit) -> None:
    """Make the account where gains and losses of exchange go."""
    kind = {
        "AccountType": "Other Expense",
        "AccountSubType": "ExchangeGainOrLoss",
        "Classification": "Expense",
    }
    unit.create("Account", {**_account("Exchange Gain or Loss", unit.books.home_currency), **kind})


def _account(name: str, code: str) -> Body:
    empty = {"CurrentBalance": 0, "CurrentBalanceWithSubAccounts": 0, "SubAccount": False, "Active": True}
    return {"Name": name, "FullyQualifiedName": name, "CurrencyRef": currency(code), **empty}


def _code_sent(body: Body) -> str:
    ref = body.get("CurrencyRef")
    return str(ref.get("value") or "") if isinstance(ref, dict) else ""


def _refuse_foreign(code: str, home: str) -> None:
    if code and code != home:
        raise business("Multicurrency is not enabled for this company.", element="CurrencyRef")


def _check_active(unit: Unit, code: str) -> None:
    if code == unit.books.home_currency:
        return
    found = unit.read("CompanyCurrency", unit.books.named("CompanyCurrency", "Code", code) or "")
    if found is None or found.get("Active") is False:
        raise bad_reference("CurrencyRef", "CompanyCurrency", code)


def _rate(unit: Unit, body: Body, code: str) -> Any:
    if code == unit.books.home_currency:
        return 1
    if body.get("ExchangeRate") is None:
        looked_up = unit.books.switches["exchange_rate_left_out"] == "look_up"
        return unit.books.rate(code, str(body["TxnDate"])) if looked_up else 1
    rate = decimal(body["ExchangeRate"], "ExchangeRate")
    if rate <= 0:
        raise business("The exchange rate must be greater than 0.", element="ExchangeRate")
    return trimmed(rate)


def _settle_receivable(unit: Unit, body: Body, code: str) -> None:
    account = unit.referred_if_any(body, "ARAccountRef", "Account")
    if account is None:
        body["ARAccountRef"] = {"value": unit.books.chart.receivables[code]}
    elif account.get("AccountType") != "Accounts Receivable":
        raise business("Select an accounts receivable account.", element="ARAccountRef")
    else:
        check_account(unit, body, account, element="ARAccountRef")


def _is_used(unit: Unit, body: Body) -> bool:
    key = str(body.get("Id", ""))
    if body.get("AccountType"):
        return bool(unit.books.ledger.entries(key))
    forms = ("Invoice", "Payment", "CreditMemo", "Estimate", "SalesReceipt", "RefundReceipt")
    return any(key in unit.books.docs.column(form, "CustomerRef").values() for form in forms)
