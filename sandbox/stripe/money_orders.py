"""The orders about money: what becomes of debits, refunds, disputes, payouts and the balance when somebody says so.

Each is a function of its payload. Law: orders go through the same functions as the API and the clock do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sandbox.stripe import (
    balance,
    debits,
    disputes,
    evidence,
    fraud_warnings,
    other_activity,
    payouts,
    refunds,
)
from sandbox.stripe.scope import Obj, Scope, public

if TYPE_CHECKING:
    from sandbox.stripe.standin import StripeStandin

Payload = dict[str, Any]
Order = Callable[["StripeStandin", Payload], Payload]


def _scope(standin: StripeStandin, payload: Payload) -> Scope:
    return standin.scope(payload.get("account"))


def _pending(scope: Scope, payload: Payload) -> Obj:
    return debits.pending_charge(scope, scope.need("payment_intents", payload["payment_intent"], "payment_intent"))


def _settle_debit(standin: StripeStandin, payload: Payload) -> Payload:
    scope = _scope(standin, payload)
    charge = _pending(scope, payload)
    debits.succeed(scope, charge)
    return {"charge": public(charge)}


def _fail_debit(standin: StripeStandin, payload: Payload) -> Payload:
    """Let a debit under way fail with a `code` that a bank gives."""
    scope = _scope(standin, payload)
    charge = _pending(scope, payload)
    code = payload.get("code", "insufficient_funds")
    if code not in debits.REASONS:
        raise ValueError(f"a debit fails with one of {', '.join(debits.REASONS)}")
    debits.fail(scope, charge, code)
    return {"charge": public(charge)}


def _charge(scope: Scope, payload: Payload) -> Obj:
    """Return the succeeded charge that an order is about."""
    if key := payload.get("charge"):
        charge = scope.need("charges", key, "charge")
        if charge["status"] != "succeeded":
            raise ValueError(f"the charge is {charge['status']}, not succeeded")
        return charge
    intent = scope.need("payment_intents", payload["payment_intent"], "payment_intent")
    if intent["status"] != "succeeded":
        raise ValueError(f"the payment is {intent['status']}, not succeeded")
    return scope.need("charges", intent["latest_charge"], "charge")


def _return_debit(standin: StripeStandin, payload: Payload) -> Payload:
    scope = _scope(standin, payload)
    charge = _charge(scope, payload)
    if "us_bank_account" not in charge["payment_method_details"]:
        raise ValueError("only a settled bank debit can be returned")
    reason = payload.get("reason", "insufficient_funds")
    if reason not in disputes.RETURN_REASONS:
        raise ValueError(f"a debit is returned for one of {', '.join(disputes.RETURN_REASONS)}")
    return {"dispute": public(disputes.returned(scope, charge, reason))}


def _dispute(standin: StripeStandin, payload: Payload) -> Payload:
    """Open a dispute of a card charge (`inquiry:` before the reason asks only); a bank debit comes back instead."""
    scope = _scope(standin, payload)
    charge = _charge(scope, payload)
    if "us_bank_account" in charge["payment_method_details"]:
        reason = payload.get("reason", "customer_initiated")
        known = reason if reason in disputes.RETURN_REASONS else "customer_initiated"
        return {"dispute": public(disputes.returned(scope, charge, known))}
    amount = payload.get("amount")
    dispute = disputes.open_dispute(scope, charge, payload.get("reason", "fraudulent"), amount=amount)
    return {"dispute": public(dispute)}


def _found_dispute(scope: Scope, payload: Payload) -> Obj:
    return scope.need("disputes", payload["dispute"], "dispute")


def _close_dispute(standin: StripeStandin, payload: Payload) -> Payload:
    """Let the bank decide: won, lost, or an inquiry closed; a lost card dispute can be won afterwards."""
    scope = _scope(standin, payload)
    status = payload["status"]
    if status not in disputes.CLOSED:
        raise ValueError("a dispute closes as won, lost or warning_closed")
    return {"dispute": public(disputes.close_as(scope, _found_dispute(scope, payload), status))}


def _escalate_inquiry(standin: StripeStandin, payload: Payload) -> Payload:
    scope = _scope(standin, payload)
    return {"dispute": public(disputes.escalate(scope, _found_dispute(scope, payload)))}


def _submit_evidence(standin: StripeStandin, payload: Payload) -> Payload:
    """Submit evidence as a person does in the dashboard; `text` may be one of the test words."""
    scope = _scope(standin, payload)
    given = {"evidence": {"uncategorized_text": payload.get("text", "The goods were delivered.")}, "submit": True}
    return {"dispute": public(evidence.update(scope, given, payload["dispute"]))}


def _fraud_warning(standin: StripeStandin, payload: Payload) -> Payload:
    scope = _scope(standin, payload)
    kind = payload.get("fraud_type", "made_with_stolen_card")
    return {"early_fraud_warning": public(fraud_warnings.warn(scope, _charge(scope, payload), kind))}


def _refund(standin: StripeStandin, payload: Payload) -> Payload:
    """Refund as a person does in the dashboard, with no request in the event; `needs_details` asks the payer."""
    scope = _scope(standin, payload)
    wanted = {name: payload[name] for name in ("charge", "payment_intent", "amount", "reason") if payload.get(name)}
    make = refunds.ask_for_details if payload.get("needs_details") else refunds.create
    return {"refund": public(make(scope, wanted))}


def _fail_refund(standin: StripeStandin, payload: Payload) -> Payload:
    reason = payload.get("reason", "lost_or_stolen_card")
    return {"refund": public(refunds.fail(_scope(standin, payload), payload["refund"], reason))}


def _finish_refund(standin: StripeStandin, payload: Payload) -> Payload:
    scope = _scope(standin, payload)
    refunds.finish(scope, payload["refund"])
    return {"refund": public(scope.need("refunds", payload["refund"], "refund"))}


def _payout(standin: StripeStandin, payload: Payload) -> Payload:
    """Pay out everything available as an automatic payout; with an `amount`, by hand, `method` standard or instant."""
    scope = _scope(standin, payload)
    currency = payload.get("currency", "usd")
    if "amount" not in payload:
        return {"payout": public(payouts.pay_out(scope, currency))}
    given = {"amount": int(payload["amount"]), "currency": currency, "method": payload.get("method", "standard")}
    return {"payout": public(payouts.create(scope, given))}


def _arrive(standin: StripeStandin, payload: Payload) -> Payload:
    return {"payout": public(payouts.arrive(_scope(standin, payload), payload["payout"]))}


def _fail_payout(standin: StripeStandin, payload: Payload) -> Payload:
    code = payload.get("code", "account_closed")
    return {"payout": public(payouts.fail(_scope(standin, payload), payload["payout"], code))}


def _cancel_payout(standin: StripeStandin, payload: Payload) -> Payload:
    return {"payout": public(payouts.cancel(_scope(standin, payload), {}, payload["payout"]))}


def _reverse_payout(standin: StripeStandin, payload: Payload) -> Payload:
    return {"payout": public(payouts.reverse(_scope(standin, payload), {}, payload["payout"]))}


def _release(standin: StripeStandin, payload: Payload) -> Payload:
    """Make everything pending available now."""
    scope = _scope(standin, payload)
    for row in scope.all("balance_transactions"):
        if row["status"] == "pending":
            scope.change(row, available_on=scope.now)
    balance.release(scope)
    return {"balance": balance.current(scope)}


def _move(standin: StripeStandin, payload: Payload) -> Payload:
    """Book what is neither a payment nor a payout: `kind` is one of `other_activity`."""
    rows = other_activity.move(_scope(standin, payload), payload["kind"], int(payload["amount"]), payload)
    return {"balance_transactions": [public(row) for row in rows]}


def _foreign_charge(standin: StripeStandin, payload: Payload) -> Payload:
    """Let another application take a card payment on the account."""
    scope = _scope(standin, payload)
    charge = other_activity.foreign_charge(scope, int(payload["amount"]), payload.get("currency", "usd"))
    return {"charge": public(charge)}


def _settle_in(standin: StripeStandin, payload: Payload) -> Payload:
    """Give the account a bank for each of these currencies: charges in them are settled as they are."""
    scope = _scope(standin, payload)
    return {"account": public(other_activity.settle_in(scope, list(payload["currencies"])))}


ORDERS: dict[str, Order] = {
    "arrive": _arrive,
    "cancel_payout": _cancel_payout,
    "close_dispute": _close_dispute,
    "dispute": _dispute,
    "escalate_inquiry": _escalate_inquiry,
    "fail_debit": _fail_debit,
    "fail_payout": _fail_payout,
    "fail_refund": _fail_refund,
    "finish_refund": _finish_refund,
    "foreign_charge": _foreign_charge,
    "fraud_warning": _fraud_warning,
    "move": _move,
    "payout": _payout,
    "refund": _refund,
    "release": _release,
    "return_debit": _return_debit,
    "reverse_payout": _reverse_payout,
    "settle_debit": _settle_debit,
    "settle_in": _settle_in,
    "submit_evidence": _submit_evidence,
}
