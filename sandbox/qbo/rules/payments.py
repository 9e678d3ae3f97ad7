"""Payments and what they settle: the application engine.

A payment's lines say what it settles. Law: what an invoice or credit still has open is its total minus the lines of
the payments on record, at every moment; TotalAmt + credits used = charges settled + UnappliedAmt.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from sandbox.qbo.codec import Body, amount, cents, held
from sandbox.qbo.ledger import LINKED_ENTITY, Key
from sandbox.qbo.links import settled_by
from sandbox.qbo.refusals import business, cannot_link, deposited, gone, invalid_enum, missing
from sandbox.qbo.rules.currency import check_account, code_of, settle_currency, settle_home
from sandbox.qbo.rules.fields import check_lines, settle_day
from sandbox.qbo.rules.sales import voided_note
from sandbox.qbo.unit import Unit

_LINKABLE = ("Invoice", "CreditMemo", "JournalEntry", "Expense", "Check", "CreditCardCredit")
_MONEY_ACCOUNTS = ("Bank", "Other Current Asset")


class Target(NamedTuple):
    """Something a payment line may settle: its document, how much is open, and whether it is a credit."""

    body: Body
    open_cents: int
    is_credit: bool


def compose_payment(unit: Unit, body: Body, before: Body | None) -> None:
    """Make a payment out of what was sent. Raises the refusals of its amount, account and lines."""
    customer = unit.referred(body, "CustomerRef", "Customer")
    if body.get("TotalAmt") is None:
        raise business("You must set a transaction amount.", element="TotalAmt")
    total = cents(body["TotalAmt"], "TotalAmt")
    if total < 0:
        raise business("Transaction amount must be 0 or greater.", element="TotalAmt")
    body["TotalAmt"] = amount(total)
    settle_day(unit, body)
    settle_currency(unit, body, customer, required=True)
    _settle_account(unit, body, total)
    if unit.referred_if_any(body, "PaymentMethodRef", "PaymentMethod"):
        body["PaymentMethodRef"].pop("name", None)  # recorded: a payment shows the id alone
    body["ProcessPayment"] = bool(body.get("ProcessPayment", False))
    charges, credit = _settle_lines(unit, body, before)
    if charges > total + credit:
        raise business("The amount applied is greater than the payment and the credits it uses.", element="Line")
    body["UnappliedAmt"] = amount(total + credit - charges)


def _settle_account(unit: Unit, body: Body, total: int) -> None:
    account = unit.referred_if_any(body, "DepositToAccountRef", "Account")
    if account is None:
        if total:
            body["DepositToAccountRef"] = {"value": unit.books.chart.undeposited}
    elif account["AccountType"] not in _MONEY_ACCOUNTS:
        raise business("Select a bank or other current asset account for this payment.", element="DepositToAccountRef")
    else:
        check_account(unit, body, account, element="DepositToAccountRef")
        body["DepositToAccountRef"] = {"value": account["Id"]}


def _settle_lines(unit: Unit, body: Body, before: Body | None) -> tuple[int, int]:
    """Check and rewrite the lines; returns the cents of charges settled and of credits used."""
    mine = settled_by(before)
    customer, home = body["CustomerRef"]["value"], unit.books.home_currency
    totals = {False: 0, True: 0}
    left: dict[Key, int] = {}
    fresh = []
    for line in check_lines(body):
        minor, txn_type, key = _read_line(line)
        target = find_target(unit, key, customer=customer, already=mine.get(key, 0))
        if code_of(target.body, home) != code_of(body, home):
            raise cannot_link("the transaction is in another currency.")
        open_cents = left.setdefault(key, target.open_cents)
        if minor > open_cents:
            minor = _too_much(unit, open_cents)
        left[key] = open_cents - minor
        totals[target.is_credit] += minor
        if minor or not line.get("Amount"):
            fresh.append(_line(minor, key[1], txn_type, target))
    body["Line"] = fresh
    return totals[False], totals[True]


def _read_line(line: Body) -> tuple[int, str, Key]:
    linked = line.get("LinkedTxn") or []
    if line.get("Amount") is None:
        raise missing("Line.Amount")
    if len(linked) != 1:
        raise missing("Line.LinkedTxn")
    txn_type = linked[0].get("TxnType")
    if txn_type not in _LINKABLE:
        raise invalid_enum("TxnType", txn_type)
    minor = cents(line["Amount"], "Line.Amount")
    if minor < 0:
        raise business("The amount of a payment line must be 0 or greater.", element="Line.Amount")
    return minor, txn_type, (LINKED_ENTITY[txn_type], str(linked[0].get("TxnId", "")))


def _too_much(unit: Unit, open_cents: int) -> int:
    if unit.books.switches["overapplied_line"] == "clip":
        return open_cents
    raise business(
        "The amount applied is greater than the open balance of the linked transaction.", element="Line.Amount"
    )


def _line(minor: int, key: str, txn_type: str, target: Target) -> Body:
    told = [("txnId", key), ("txnOpenBalance", f"{target.open_cents // 100}.{target.open_cents % 100:02d}")]
    if target.body.get("DocNumber"):
        told.append(("txnReferenceNumber", target.body["DocNumber"]))
    return {
        "Amount": amount(minor),
        "LinkedTxn": [{"TxnId": key, "TxnType": txn_type}],
        "LineEx": {"any": [name_value(name, value) for name, value in told]},
    }


def name_value(name: str, value: str) -> dict[str, Any]:
    """Return an extension entry as QuickBooks' Java spells it on the wire."""
    return {
        "name": "{http://schema.intuit.com/finance/v3}NameValue",
        "declaredType": "com.intuit.schema.finance.v3.NameValue",
        "scope": "javax.xml.bind.JAXBElement$GlobalScope",
        "value": {"Name": name, "Value": value},
        "nil": False,
        "globalScope": True,
        "typeSubstituted": False,
    }


def find_target(unit: Unit, key: Key, *, customer: str, already: int) -> Target:
    """Return what a line settles. `already` is what this payment settles of it now. Raises 610 or 620."""
    body = unit.read(*key)
    if body is None:
        raise gone()
    if key[0] not in ("Invoice", "CreditMemo"):
        return _journal_target(unit, key, body, customer, already)
    owner = body["CustomerRef"]["value"]
    if owner != customer and not _may_cross(unit, owner, customer):
        raise cannot_link("the transaction belongs to another customer.")
    if str(body.get("PrivateNote", "")).startswith("Voided") and not held(body, "TotalAmt"):
        raise cannot_link("the transaction has been voided.")
    return Target(body, held(body, "Balance") + already, key[0] == "CreditMemo")


def _may_cross(unit: Unit, owner: str, customer: str) -> bool:
    if not unit.books.switches["payment_may_cross_customers"]:
        return False
    return customer in (parent["Id"] for parent in unit.books.parents_of("Customer", owner))


def _journal_target(unit: Unit, key: Key, body: Body, customer: str, already: int) -> Target:
    """An expense or a journal entry is settled through its receivable leg on this customer."""
    legs = _on_receivable(unit, key, body, customer)
    if not legs:
        raise cannot_link("the transaction has no receivable line of this customer.")
    used = sum(unit.books.links.payments_on(key).values()) - already
    return Target(body, abs(legs) - used, legs < 0)


def _on_receivable(unit: Unit, key: Key, body: Body, customer: str) -> int:
    receivable = unit.books.receivables()
    legs = (leg for leg in unit.preview(key[0], body) if leg.account in receivable)
    return sum(leg.cents for leg in legs if leg.person == customer)


def apply(unit: Unit, before: Body | None, after: Body | None) -> None:
    """Move every target by the difference between a payment's old and new lines."""
    _move(unit, str((after or before or {})["Id"]), settled_by(before), settled_by(after))


def _move(unit: Unit, payment: str, old: dict[Key, int], new: dict[Key, int]) -> None:
    for key in {**old, **new}:
        body = unit.read(*key)
        delta = new.get(key, 0) - old.get(key, 0)
        if body is None or (not delta and (key in old) == (key in new)):
            continue
        for field in ("Balance", "RemainingCredit"):
            if field in body:
                body[field] = amount(held(body, field) - delta)
        if "HomeBalance" in body:
            settle_home(body, "Balance")
        _relink(body, payment, linked=key in new)
        unit.touch(key[0], body)


def _relink(body: Body, payment: str, *, linked: bool) -> None:
    link = {"TxnId": payment, "TxnType": "Payment"}
    others = [one for one in body.get("LinkedTxn") or [] if (one["TxnId"], one["TxnType"]) != (payment, "Payment")]
    body["LinkedTxn"] = [*others, link] if linked else others


def give_back(unit: Unit, entity: str, body: Body) -> None:
    """Take what a shrunken document has too much off the payments that settle it, the newest first."""
    key = (entity, body["Id"])
    surplus = -held(body, "Balance")
    for payment_id in sorted(unit.books.links.payments_on(key), key=int, reverse=True):
        payment = unit.read("Payment", payment_id)
        if surplus <= 0 or payment is None:
            continue
        taken = min(surplus, settled_by(payment).get(key, 0))
        _release(unit, payment, key, taken)
        surplus -= taken
        _relink(body, payment_id, linked=key in settled_by(payment))
    if surplus > 0:
        raise business("The total cannot be lower than what has been paid.", element="TotalAmt")
    body["Balance"] = 0
    for field in ("RemainingCredit", "HomeBalance"):
        if field in body:
            body[field] = 0


def detach(unit: Unit, key: Key) -> None:
    """Free a document of its payments before it goes; through the API that is refused, a person may do it."""
    payments = unit.books.links.payments_on(key)
    if payments and not unit.by_hand:
        raise business("This transaction is linked to others. Remove the payments applied to it first.")
    for payment_id, minor in list(payments.items()):
        payment = unit.read("Payment", payment_id)
        if payment is not None:
            _release(unit, payment, key, minor)


def _release(unit: Unit, payment: Body, key: Key, minor: int) -> None:
    """Lower what a payment settles of a document that shrinks or goes.

    A charge's part becomes unapplied. A credit's part is missing then, so the charges give way, the last one first.
    """
    old = settled_by(payment)
    _lower(payment, key, minor)
    customer = payment["CustomerRef"]["value"]
    charges = [one for one in settled_by(payment) if not _is_credit(unit, one, customer)]
    if _is_credit(unit, key, customer):
        missing_cents = minor - held(payment, "UnappliedAmt")
        for charge in reversed(charges):
            given = min(max(0, missing_cents), settled_by(payment)[charge])
            _lower(payment, charge, given)
            missing_cents -= given
    new = settled_by(payment)
    credit = sum(part for one, part in new.items() if one not in charges)
    payment["UnappliedAmt"] = amount(held(payment, "TotalAmt") + credit - sum(new.get(one, 0) for one in charges))
    unit.touch("Payment", payment)
    _move(unit, payment["Id"], {**old, key: 0}, {**new, key: 0})


def check_still_covers(unit: Unit, entity: str, body: Body) -> None:
    """Raise 6000 when an expense or journal entry no longer holds what payments settle of it."""
    key = (entity, str(body["Id"]))
    for payment_id, settled in unit.books.links.payments_on(key).items():
        customer = (unit.read("Payment", payment_id) or {})["CustomerRef"]["value"]
        used = sum(unit.books.links.payments_on(key).values())
        if settled and abs(_on_receivable(unit, key, body, customer)) < used:
            raise business("The total cannot be lower than what has been paid.", element="TotalAmt")


def _lower(payment: Body, key: Key, minor: int) -> None:
    for line in payment["Line"]:
        linked = line["LinkedTxn"][0]
        if (LINKED_ENTITY[linked["TxnType"]], linked["TxnId"]) == key:
            step = min(minor, held(line, "Amount"))
            line["Amount"] = amount(held(line, "Amount") - step)
            minor -= step
    payment["Line"] = [line for line in payment["Line"] if line["Amount"]]


def _is_credit(unit: Unit, key: Key, customer: str) -> bool:
    if key[0] in ("Invoice", "CreditMemo"):
        return key[0] == "CreditMemo"
    return _on_receivable(unit, key, unit.books.docs.body(*key) or {}, customer) < 0


def check_not_deposited(unit: Unit, key: Key) -> None:
    """Raise 6540 while a deposit holds the transaction."""
    if unit.books.links.deposit_of(key):
        raise deposited()


def void_payment(unit: Unit, body: Body) -> None:
    """Empty a payment: nothing received, nothing settled."""
    body["TotalAmt"] = body["UnappliedAmt"] = 0
    body["Line"] = []
    body["PrivateNote"] = voided_note(body)
