"""The balance of an account: every movement of money as a balance transaction, pending until its day.

Law: the balance is the sum of its transactions and nothing else; net = amount - fee; a transaction once booked keeps
its amounts for ever.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

from sandbox.stripe import currencies, events, lists
from sandbox.stripe.errors import ApiError
from sandbox.stripe.scope import Obj, Scope, new_id

# Which part of the balance a type of movement belongs to.
_BANK_TYPES = ("payment", "payment_refund", "payment_failure_refund")
_RELEASES = "_releases"  # the instants for which a release is on the agenda
_FEE_WORDS = "Stripe processing fees"
# The reporting category of each type of movement; an adjustment says its own.
CATEGORIES = {
    "application_fee": "platform_earning",
    "application_fee_refund": "platform_earning_refund",
    "charge": "charge",
    "contribution": "contribution",
    "payment": "charge",
    "payment_failure_refund": "charge_failure",
    "payment_refund": "refund",
    "payout": "payout",
    "payout_cancel": "payout_reversal",
    "payout_failure": "payout_reversal",
    "payout_minimum_balance_hold": "payout_minimum_balance_hold",
    "payout_minimum_balance_release": "payout_minimum_balance_release",
    "refund": "refund",
    "refund_failure": "refund_failure",
    "reserve_hold": "risk_reserved_funds",
    "reserve_release": "risk_reserved_funds",
    "stripe_fee": "fee",
    "topup": "topup",
    "topup_reversal": "topup_reversal",
}


def book(
    scope: Scope,
    movement: str,
    amount: int,
    *,
    source: str | None,
    description: str | None,
    currency: str,
    category: str = "",
    fee: int = 0,
    fee_words: str = _FEE_WORDS,
    conversion_fee: int = 0,
    application_fee: int = 0,
    available_at: int = 0,
    exchange_rate: float | None = None,
    part: str = "payments",
) -> Obj:
    """Book one movement, pending until `available_at`. Amounts in minor units; negative ones leave the balance.

    `part` names the balance it belongs to: `payments`, or `risk_reserved` for what is kept back.
    """
    now = scope.now
    fees = {fee_words: fee, "Stripe currency conversion fee": conversion_fee}
    fee += conversion_fee + application_fee
    details = [_fee_detail(words, share, currency) for words, share in fees.items() if share]
    if application_fee:
        words = "The platform's application fee"
        details.insert(0, {**_fee_detail(words, application_fee, currency), "type": "application_fee"})
    transaction: Obj = {
        "id": new_id("txn_"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": max(available_at, now),
        "balance_type": part,
        "created": now,
        "currency": currency,
        "description": description,
        "exchange_rate": exchange_rate,
        "fee": fee,
        "fee_details": details,
        "net": amount - fee,
        "reporting_category": category or CATEGORIES[movement],
        "source": source,
        "status": "pending" if available_at > now else "available",
        "type": movement,
        "_payout": None,
    }
    scope.keep(transaction)
    if transaction["status"] == "pending":
        _wake(scope, available_at)
    return transaction


def _fee_detail(words: str, amount: int, currency: str) -> Obj:
    return {"amount": amount, "application": None, "currency": currency, "description": words, "type": "stripe_fee"}


def settled_amount(charge: Obj, booked: Obj | None, amount: int) -> int:
    """Return a part of a charge in the currency of its booking: in proportion, so that the whole is whole."""
    if booked is None or booked["currency"] == charge["currency"]:
        return amount
    return currencies.rounded(Decimal(amount * booked["amount"]) / charge["amount_captured"])


def _wake(scope: Scope, at: int) -> None:
    """Enter the release of an instant once, however many transactions wait for it."""
    kind, shelf = f"{scope.account}/{_RELEASES}", scope.ground.shelf
    if shelf.get(kind, str(at)) is None:
        shelf.put(kind, str(at), {"at": at})
        scope.later("release", at)


def release(scope: Scope) -> None:
    """Make available what waited for now."""
    scope.ground.shelf.drop(f"{scope.account}/{_RELEASES}", str(scope.now))
    due = [
        transaction
        for transaction in scope.all("balance_transactions")
        if transaction["status"] == "pending" and transaction["available_on"] <= scope.now
    ]
    for transaction in due:
        scope.change(transaction, status="available")
    if due:
        events.emit(scope, "balance.available", current(scope))


def current(scope: Scope) -> Obj:
    """Return the balance object."""
    sums: dict[str, dict[str, dict[str, int]]] = {"available": {}, "pending": {}}
    for transaction in _payments(scope):
        parts = sums[transaction["status"]].setdefault(transaction["currency"], defaultdict(int))
        parts["bank_account" if transaction["type"] in _BANK_TYPES else "card"] += transaction["net"]
    for status in sums.values():
        status.setdefault(_currency(scope), {"card": 0})
    return {
        "object": "balance",
        "available": _rows(sums["available"]),
        "instant_available": _instant(sums),
        "livemode": False,
        "pending": _rows(sums["pending"]),
    }


def _payments(scope: Scope) -> list[Obj]:
    """Return the transactions of the payments balance: what is kept back for risk stands apart."""
    return [row for row in scope.all("balance_transactions") if row["balance_type"] == "payments"]


def _instant(sums: dict[str, dict[str, dict[str, int]]]) -> list[Obj]:
    """Return what an instant payout could take: card money, available or still pending, never less than nothing."""
    found = []
    for currency in sorted(sums["available"]):
        amount = sum(part.get(currency, {}).get("card", 0) for part in sums.values())
        found.append({"amount": max(0, amount), "currency": currency, "source_types": {"card": max(0, amount)}})
    return found


def instant_of(scope: Scope, currency: str) -> int:
    """Return what an instant payout could take of one currency, in minor units."""
    rows = current(scope)["instant_available"]
    return sum(int(row["amount"]) for row in rows if row["currency"] == currency)


def _currency(scope: Scope) -> str:
    return str(scope.need("accounts", scope.account, "account")["default_currency"])


def _rows(sums: dict[str, dict[str, int]]) -> list[Obj]:
    return [
        {"amount": sum(parts.values()), "currency": currency, "source_types": dict(parts)}
        for currency, parts in sorted(sums.items())
    ]


def amount_of(scope: Scope, status: str, currency: str) -> int:
    """Return the available or the pending sum of one currency, in minor units."""
    rows = _payments(scope)
    return sum(row["net"] for row in rows if row["status"] == status and row["currency"] == currency)


def retrieve(scope: Scope, params: dict[str, Any]) -> Obj:
    """Return the balance."""
    return current(scope)


def retrieve_transaction(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Return one balance transaction."""
    return scope.need("balance_transactions", key, "id")


def list_transactions(scope: Scope, params: dict[str, Any]) -> Obj:
    """Return a page of transactions; with `payout`, those of one automatic payout and the payout's own."""
    rows = scope.all("balance_transactions")
    if key := params.get("payout"):
        payout = scope.need("payouts", key, "payout", status=400)
        if not payout["automatic"]:
            message = "Balance transaction history can only be filtered on automatic transfers, not manual."
            raise ApiError(400, message, param="payout")
        rows = [row for row in rows if row["_payout"] == key or row["id"] == payout["balance_transaction"]]
    rows = lists.matching(rows, params, "created", "currency", "source", "type")
    return lists.page(rows, params, "/v1/balance_transactions")
