"""Payouts: what is available goes to the bank, by itself every business day or when asked, and arrives a day later.

Law: an automatic payout is the sum of the transactions it names, to the cent; a failed one gives the money back.
"""

from __future__ import annotations

from typing import Any

from sandbox.stripe import balance, calendar, events, lists, methods
from sandbox.stripe.errors import ApiError, bad_parameter
from sandbox.stripe.scope import Obj, Scope, new_id

_MINUTES_PAST_MIDNIGHT = 5
_FAILURE = "The bank account has been closed."


def plan_day(scope: Scope) -> None:
    """Enter the next daily payout on the agenda."""
    at = calendar.next_business_day(scope.now) + _MINUTES_PAST_MIDNIGHT * 60
    scope.later("pay_out_daily", at)


def run_day(scope: Scope) -> None:
    """Pay out what is available in every currency, and plan the next day."""
    plan_day(scope)
    if scope.switches["payout_interval"] != "daily":
        return
    for currency in scope.need("accounts", scope.account, "account")["_currencies"]:
        available = balance.amount_of(scope, "available", currency)
        deep_in_debt = available < 0 and available + balance.amount_of(scope, "pending", currency) < 0
        if available > 0 or deep_in_debt:
            pay_out(scope, currency)


def pay_out(scope: Scope, currency: str) -> Obj:
    """Make an automatic payout of everything available. Raises ApiError when that is nothing."""
    rows = [
        row
        for row in scope.all("balance_transactions")
        if row["status"] == "available" and row["currency"] == currency and row["_payout"] is None
    ]
    amount = sum(row["net"] for row in rows)
    if amount == 0:
        raise ApiError(400, "There is nothing available to pay out.", code="balance_insufficient")
    payout = _new(scope, amount, currency, automatic=True, params={})
    for row in rows:
        scope.change(row, _payout=payout["id"])
    own = scope.need("balance_transactions", payout["balance_transaction"], "id")
    scope.change(own, _payout=payout["id"])
    return payout


def create(scope: Scope, params: dict[str, Any]) -> Obj:
    """Make a manual payout of an amount that is available."""
    amount, currency = params["amount"], params["currency"].lower()
    if amount < 1:
        raise bad_parameter("amount", "This value must be greater than or equal to 1.", "parameter_invalid_integer")
    if amount > balance.amount_of(scope, "available", currency):
        message = "You have insufficient funds in your Stripe account for this transfer."
        raise ApiError(400, message, code="balance_insufficient", param="amount")
    return _new(scope, amount, currency, automatic=False, params=params)


def _new(scope: Scope, amount: int, currency: str, *, automatic: bool, params: dict[str, Any]) -> Obj:
    arrival = calendar.day_start(calendar.business_days_later(scope.now, scope.switches["payout_transit_days"]))
    key = new_id("po_")
    transaction = balance.book(
        scope,
        "payout",
        -amount,
        category="payout",
        source=key,
        description="STRIPE PAYOUT",
        currency=currency,
    )
    account = scope.need("accounts", scope.account, "account")
    payout: Obj = {
        "id": key,
        "object": "payout",
        "amount": amount,
        "application_fee": None,
        "application_fee_amount": None,
        "arrival_date": arrival,
        "automatic": automatic,
        "balance_transaction": transaction["id"],
        "created": scope.now,
        "currency": currency,
        "description": params.get("description") or "STRIPE PAYOUT",
        "destination": account["_bank"],
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": params.get("metadata") or {},
        "method": params.get("method") or "standard",
        "original_payout": params.get("original_payout"),
        "payout_method": None,
        "reconciliation_status": "in_progress" if automatic else "not_applicable",
        "reversed_by": None,
        "source_type": params.get("source_type") or "card",
        "statement_descriptor": params.get("statement_descriptor"),
        "status": "pending",
        "trace_id": {"status": "pending", "value": None},
        "type": "bank_account",
    }
    scope.keep(payout)
    events.emit(scope, "payout.created", payout)
    events.emit(scope, "payout.updated", payout, scope.change(payout, status="in_transit"))
    scope.later("arrive", max(arrival, scope.now + 1), payout=key)
    return payout


def arrive(scope: Scope, key: str) -> Obj:
    """Let a payout under way reach the bank; one that did, failed or was cancelled is left alone."""
    payout = scope.need("payouts", key, "payout")
    if payout["status"] not in ("pending", "in_transit"):
        return payout
    scope.change(payout, status="paid")
    events.emit(scope, "payout.paid", payout)
    if payout["automatic"]:
        scope.change(payout, reconciliation_status="completed")
        events.emit(scope, "payout.reconciliation_completed", payout)
    lag = scope.switches["trace_lag_days"]
    scope.later("trace_payout", calendar.business_days_later(scope.now, lag), payout=key)
    return payout


def trace(scope: Scope, key: str) -> None:
    """Give a payout the number under which the bank's statement shows it."""
    payout = scope.need("payouts", key, "payout")
    digits = int.from_bytes(key.encode()[-6:], "big") % 10**15
    previous = scope.change(payout, trace_id={"status": "supported", "value": f"{digits:015d}"})
    events.emit(scope, "payout.updated", payout, previous)


def fail(scope: Scope, key: str, code: str = "account_closed") -> Obj:
    """Let a payout fail, even one already paid: the money is back on the balance."""
    payout = scope.need("payouts", key, "payout")
    if payout["status"] in ("failed", "canceled"):
        raise ApiError(400, f"This payout is {payout['status']} already.", param="payout")
    transaction = _give_back(scope, payout, "payout_failure", "STRIPE PAYOUT FAILURE")
    scope.change(
        payout,
        status="failed",
        failure_code=code,
        failure_message=_FAILURE,
        failure_balance_transaction=transaction["id"],
    )
    events.emit(scope, "payout.failed", payout)
    return payout


def _give_back(scope: Scope, payout: Obj, movement: str, description: str) -> Obj:
    return balance.book(
        scope,
        movement,
        payout["amount"],
        category="payout_reversal",
        source=payout["id"],
        description=description,
        currency=payout["currency"],
    )


def retrieve(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Return one payout."""
    return scope.need("payouts", key, "payout")


def list_all(scope: Scope, params: dict[str, Any]) -> Obj:
    """Return a page of payouts."""
    rows = lists.matching(scope.all("payouts"), params, "created", "arrival_date", "destination", "status")
    return lists.page(rows, params, "/v1/payouts")


def update(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Change the metadata of a payout."""
    payout = retrieve(scope, params, key)
    if "metadata" in params:
        merged = methods.merged_metadata(payout["metadata"], params["metadata"])
        previous = scope.change(payout, metadata=merged)
        if previous:
            events.emit(scope, "payout.updated", payout, previous)
    return payout


def cancel(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Call a manual payout back before it leaves."""
    payout = retrieve(scope, params, key)
    if payout["automatic"] or payout["status"] not in ("pending", "in_transit"):
        raise ApiError(400, "Only manual payouts that are still pending can be canceled.", param="payout")
    transaction = _give_back(scope, payout, "payout_cancel", "STRIPE PAYOUT CANCELED")
    scope.change(payout, status="canceled", failure_balance_transaction=transaction["id"])
    events.emit(scope, "payout.canceled", payout)
    return payout


def reverse(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Call a payout back from the bank it has reached, as a payout the other way."""
    payout = retrieve(scope, params, key)
    if payout["status"] != "paid" or payout["reversed_by"] is not None or payout["amount"] < 0:
        raise ApiError(400, "Only paid payouts that were not reversed yet can be reversed.", param="payout")
    words = {"original_payout": key, "description": "STRIPE PAYOUT REVERSAL", "metadata": params.get("metadata")}
    back = _new(scope, -payout["amount"], payout["currency"], automatic=False, params=words)
    events.emit(scope, "payout.updated", payout, scope.change(payout, reversed_by=back["id"]))
    return back
