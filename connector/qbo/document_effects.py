"""What a document in QuickBooks does to one account, read from its JSON: the register of an account, line by line.

Pure; knows every kind of document that can move money on a bank account, ours or anybody's. Law: amounts are read
exactly, from the JSON's own digits; a kind that is not in `REGISTER_ENTITIES` is refused, never counted as zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from connector.ledger.money import Money, money_of
from connector.qbo.shapes import RawObject

Body = dict[str, Any]

_READER = msgspec.json.Decoder(float_hook=Decimal)
_ZERO = Decimal(0)


@dataclass(frozen=True)
class Effect:
    """What one document does to the account: plus is money in. `reference` and `note` help a person find it."""

    entity: str
    qbo_id: str
    amount: Money
    day: date
    reference: str
    note: str


def effect_of(document: RawObject, account_id: str, currency: str) -> Effect | None:
    """Read what a document does to an account; None when it does not touch it.

    Raises MoneyError for an amount that is none in the currency.
    """
    body: Body = _READER.decode(document.body)
    legs = list(_LEGS[document.entity](body))
    if not any(account == account_id for account, _ in legs):
        return None
    moved = sum((amount for account, amount in legs if account == account_id), _ZERO)
    return Effect(
        entity=document.entity,
        qbo_id=document.qbo_id,
        amount=money_of(moved, currency),
        day=date.fromisoformat(body["TxnDate"]),
        reference=str(body.get("PaymentRefNum") or body.get("DocNumber") or ""),
        note=str(body.get("PrivateNote") or ""),
    )


def _number(holder: Body, name: str = "Amount") -> Decimal:
    value = holder.get(name, 0)
    return value if isinstance(value, Decimal) else Decimal(value)


def _ref(holder: Body, name: str) -> str:
    return str((holder.get(name) or {}).get("value", ""))


Legs = Iterable[tuple[str, Decimal]]


def _payment(body: Body) -> Legs:
    yield _ref(body, "DepositToAccountRef"), _number(body, "TotalAmt")


def _refund_receipt(body: Body) -> Legs:
    yield _ref(body, "DepositToAccountRef"), -_number(body, "TotalAmt")


def _purchase(body: Body) -> Legs:
    sign = -1 if body.get("Credit") else 1
    yield _ref(body, "AccountRef"), -sign * _number(body, "TotalAmt")
    for line in body.get("Line") or ():
        detail = line.get("AccountBasedExpenseLineDetail") or {}
        yield _ref(detail, "AccountRef"), sign * _number(line)


def _transfer(body: Body) -> Legs:
    yield _ref(body, "FromAccountRef"), -_number(body)
    yield _ref(body, "ToAccountRef"), _number(body)


def _journal_entry(body: Body) -> Legs:
    for line in body.get("Line") or ():
        detail = line.get("JournalEntryLineDetail") or {}
        sign = 1 if detail.get("PostingType") == "Debit" else -1
        yield _ref(detail, "AccountRef"), sign * _number(line)


def _deposit(body: Body) -> Legs:
    """Linked lines come out of wherever their payment sat, which is never a bank account; own lines say it."""
    yield _ref(body, "DepositToAccountRef"), _number(body, "TotalAmt")
    for line in body.get("Line") or ():
        detail = line.get("DepositLineDetail") or {}
        yield _ref(detail, "AccountRef"), -_number(line)
    cash = body.get("CashBack") or {}
    yield _ref(cash, "AccountRef"), _number(cash)


_LEGS: dict[str, Callable[[Body], Legs]] = {
    "Payment": _payment,
    "SalesReceipt": _payment,
    "RefundReceipt": _refund_receipt,
    "Purchase": _purchase,
    "Transfer": _transfer,
    "JournalEntry": _journal_entry,
    "Deposit": _deposit,
}

REGISTER_ENTITIES = tuple(_LEGS)
