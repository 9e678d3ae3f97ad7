"""The balance of an account: every movement of money as a balance transaction, pending until its day.

Law: the balance is the sum of its transactions and nothing else; net = amount - fee; a transaction once booked keeps
its amounts for ever.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sandbox.stripe import events, lists
from sandbox.stripe.errors import ApiError
from sandbox.stripe.scope import Obj, Scope, new_id

# Which part of the balance a type of movement belongs to.
_BANK_TYPES = ("payment", "payment_refund", "payment_failure_refund")
_FEE_WORDS = "Stripe processing fees"


def book(
    scope: Scope,
    movement: str,
    amount: int,
    *,
    category: str,
    source: str | None,
    description: str | None,
    currency: str,
    fee: int = 0,
    fee_words: str = _FEE_WORDS,
    available_at: int = 0,
) -> Obj:
    """Book one movement, pending until `available_at`. Amounts in minor units; negative ones leave the balance."""
    now = scope.now
    fees = [{"amount": fee, "application": None, "currency": currency, "description": fee_words, "type": "stripe_fee"}]
    transaction: Obj = {
        "id": new_id("txn_"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": max(available_at, now),
        "balance_type": "payments",
        "created": now,
        "currency": currency,
        "description": description,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": fees if fee else [],
        "net": amount - fee,
        "reporting_category": category,
        "source": source,
        "status": "pending" if available_at > now else "available",
        "type": movement,
        "_payout": None,
    }
    scope.keep(transaction)
    if transaction["status"] == "pending":
        _wake(scope, available_at)
    return transaction


def _wake(scope: Scope, at: int) -> None:
    """Enter the release of an instant once, however many transactions wait for it."""
    for entry in scope.ground.agenda.pending("release"):
        if entry["at"] == at and entry["subject"]["account"] == scope.account:
            return
    scope.later("release", at)


def release(scope: Scope) -> None:
    """Make available what waited for now."""
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
    for transaction in scope.all("balance_transactions"):
        parts = sums[transaction["status"]].setdefault(transaction["currency"], defaultdict(int))
        parts["bank_account" if transaction["type"] in _BANK_TYPES else "card"] += transaction["net"]
    for status in sums.values():
        status.setdefault(_currency(scope), {"card": 0})
    return {
        "object": "balance",
        "available": _rows(sums["available"]),
        "livemode": False,
        "pending": _rows(sums["pending"]),
    }


def _currency(scope: Scope) -> str:
    return str(scope.need("accounts", scope.account, "account")["default_currency"])


def _rows(currencies: dict[str, dict[str, int]]) -> list[Obj]:
    return [
        {"amount": sum(parts.values()), "currency": currency, "source_types": dict(parts)}
        for currency, parts in sorted(currencies.items())
    ]


def amount_of(scope: Scope, status: str, currency: str) -> int:
    """Return the available or the pending sum of one currency, in minor units."""
    rows = scope.all("balance_transactions")
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
