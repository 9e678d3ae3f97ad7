"""Payouts: what is available goes to the bank, by itself on the days of the schedule or when asked, and arrives later.

Law: an automatic payout is the sum of the transactions it names, to the cent; a failed one gives the money back.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sandbox.stripe import balance, calendar, events, lists, methods, prices
from sandbox.stripe.errors import ApiError, bad_parameter
from sandbox.stripe.scope import Obj, Scope, new_id

_MINUTES_PAST_MIDNIGHT = 5
_INSTANT_SECONDS = 1800
_HOLD, _RELEASE = "payout_minimum_balance_hold", "payout_minimum_balance_release"
_MOVING = ("pending", "in_transit")
FAILURES = {
    "account_closed": "The bank account has been closed.",
    "account_frozen": "The bank account has been frozen.",
    "bank_account_restricted": "The bank account has restrictions on the type, or number, of payouts allowed.",
    "could_not_process": "The bank could not process this payout.",
    "debit_not_authorized": "Debit transactions are not approved on the bank account.",
    "declined": "The bank has declined this payout.",
    "insufficient_funds": "The bank account does not hold what was to be debited.",
    "invalid_account_number": "The bank account's number is not valid.",
    "no_account": "The bank account could not be located.",
}


def plan_day(scope: Scope) -> None:
    """Enter the next business day's payout on the agenda."""
    at = calendar.next_business_day(scope.now) + _MINUTES_PAST_MIDNIGHT * 60
    scope.later("pay_out_daily", at)


def run_day(scope: Scope) -> None:
    """Pay out what is available in every currency when the schedule says so, and plan the next day."""
    plan_day(scope)
    if not _is_payout_day(scope.switches["payout_interval"], scope.now):
        return
    for currency in scope.need("accounts", scope.account, "account")["_currencies"]:
        available = balance.amount_of(scope, "available", currency)
        deep_in_debt = available < 0 and available + balance.amount_of(scope, "pending", currency) < 0
        if available > _held_back(scope, currency) or deep_in_debt:
            pay_out(scope, currency)


def _is_payout_day(interval: str, now: int) -> bool:
    """Tell whether a business day is one on which the schedule pays out: Mondays, the first of a month, or any."""
    day = datetime.fromtimestamp(now, UTC)
    if interval == "weekly":
        return day.weekday() == 0
    if interval == "monthly":
        back = 3 if day.weekday() == 0 else 1
        return datetime.fromtimestamp(now - back * calendar.DAY, UTC).month != day.month
    return interval == "daily"


def _held_back(scope: Scope, currency: str) -> int:
    """Return how much more than now is to be held back, in minor units; never less than nothing."""
    return max(0, int(scope.switches["payout_minimum_balance"]) - _held(scope, currency))


def _held(scope: Scope, currency: str) -> int:
    """Return how much of the minimum the last payout held back."""
    rows = [row for row in scope.all("balance_transactions") if row["type"] in (_HOLD, _RELEASE)]
    return -sum(int(row["net"]) for row in rows if row["currency"] == currency)


def pay_out(scope: Scope, currency: str) -> Obj:
    """Make an automatic payout of everything available, less the minimum. Raises ApiError when that is nothing."""
    _turn_minimum_over(scope, currency)
    rows = [
        row
        for row in scope.all("balance_transactions")
        if row["status"] == "available"
        and row["currency"] == currency
        and row["_payout"] is None
        and row["balance_type"] == "payments"
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


def _turn_minimum_over(scope: Scope, currency: str) -> None:
    """Release what the last payout held back, and hold the minimum back from this one."""
    minimum, held = int(scope.switches["payout_minimum_balance"]), _held(scope, currency)
    if balance.amount_of(scope, "available", currency) + held <= minimum:
        return
    for movement, amount, words in ((_RELEASE, held, "released"), (_HOLD, -minimum, "held")):
        if amount:
            words = f"Payout minimum balance {words}"
            balance.book(scope, movement, amount, source=None, description=words, currency=currency)


def create(scope: Scope, params: dict[str, Any]) -> Obj:
    """Make a manual payout of an amount that is available; an instant one costs a fee and may take pending money."""
    amount, currency = params["amount"], params["currency"].lower()
    if amount < 1:
        raise bad_parameter("amount", "This value must be greater than or equal to 1.", "parameter_invalid_integer")
    instant = params.get("method") == "instant"
    fee = prices.instant_fee(scope.switches, amount) if instant else 0
    held = balance.instant_of(scope, currency) if instant else balance.amount_of(scope, "available", currency)
    if amount + fee > held:
        message = "You have insufficient funds in your Stripe account for this transfer."
        raise ApiError(400, message, code="balance_insufficient", param="amount")
    return _new(scope, amount, currency, automatic=False, params=params, fee=fee)


def _book(scope: Scope, key: str, amount: int, currency: str, fee: int) -> Obj:
    """Take a payout off the balance, and its fee: in the same transaction, or in one beside it."""
    beside = scope.switches["instant_fee_in"] == "stripe_fee"
    if fee and beside:
        words = f"Instant payout fee for {key}"
        balance.book(scope, "stripe_fee", -fee, source=None, description=words, currency=currency)
    return balance.book(
        scope,
        "payout",
        -amount,
        source=key,
        description="STRIPE PAYOUT",
        currency=currency,
        fee=0 if beside else fee,
        fee_words="Instant payout fee",
    )


def _arrival(scope: Scope, params: dict[str, Any]) -> tuple[int, int]:
    """Return the day that a payout names as its arrival, and the instant at which it does arrive."""
    if params.get("method") == "instant":
        return calendar.day_start(scope.now), scope.now + _INSTANT_SECONDS
    day = calendar.day_start(calendar.business_days_later(scope.now, scope.switches["payout_transit_days"]))
    return day, max(day, scope.now + 1)


def _new(scope: Scope, amount: int, currency: str, *, automatic: bool, params: dict[str, Any], fee: int = 0) -> Obj:
    arrival, arrives_at = _arrival(scope, params)
    key = new_id("po_")
    transaction = _book(scope, key, amount, currency, fee)
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
    scope.later("arrive", arrives_at, payout=key)
    return payout


def arrive(scope: Scope, key: str) -> Obj:
    """Let a payout under way reach the bank; one that did, failed or was cancelled is left alone."""
    payout = scope.need("payouts", key, "payout")
    if payout["status"] not in _MOVING:
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
    if code not in FAILURES:
        raise ValueError(f"a payout fails with one of {', '.join(FAILURES)}")
    if payout["status"] in ("failed", "canceled"):
        raise ApiError(400, f"This payout is {payout['status']} already.", param="payout")
    transaction = _give_back(scope, payout, "payout_failure", "STRIPE PAYOUT FAILURE")
    scope.change(
        payout,
        status="failed",
        failure_code=code,
        failure_message=FAILURES[code],
        failure_balance_transaction=transaction["id"],
    )
    events.emit(scope, "payout.failed", payout)
    return payout


def _give_back(scope: Scope, payout: Obj, movement: str, description: str) -> Obj:
    return balance.book(
        scope,
        movement,
        payout["amount"],
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
    if payout["automatic"] or payout["status"] not in _MOVING:
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
