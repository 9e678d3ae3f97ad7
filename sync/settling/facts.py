"""What an intent, as fetched a moment ago, makes of a payment: pure decisions, no database and no call.

Laws: a payment only moves forward; what is decided depends on the payment and on what was seen, never on which event
asked; amounts are Stripe's own, in the currency they were settled in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connector.clock import day_in
from connector.ledger.allocation import Share
from connector.ledger.credits import Fitting, Use
from connector.ledger.money import Money
from connector.ledger.payments import OPEN, PaymentState, advance, seen_state
from connector.ledger.postings import ChargeFact
from connector.store.money import PaymentRow
from connector.stripe.facts import Charge, Intent

CREDIT = "credit"  # the method of a payment that credits alone pay
DEBITS = frozenset({"us_bank_account"})  # methods whose success comes days after they were confirmed
MICRODEPOSITS = "verify_with_microdeposits"
MICRODEPOSITS_TAKE = timedelta(days=10)
# A payer is never told that a card is reported lost or stolen.
_DISCREET = frozenset({"lost_card", "stolen_card", "pickup_card", "fraudulent", "merchant_blacklist"})
_MAILS = {
    PaymentState.PROCESSING: "debit_started",
    PaymentState.FAILED: "debit_failed",
    PaymentState.SUCCEEDED: "receipt",
}


@dataclass(frozen=True)
class Change:
    """What a look at Stripe changes on a payment: its columns, and what is new enough to tell."""

    state: PaymentState
    values: Mapping[str, Any]
    is_news: bool  # the state moved on, or another card was declined
    mail: str  # the kind of mail the payer is owed; empty for none


def decide(row: PaymentRow, intent: Intent, now: datetime) -> Change:
    """Return what an intent makes of a payment."""
    was = PaymentState(row.state)
    state = advance(was, _seen(intent, was))
    wanted = {"state": state.value, "intent_id": intent.intent_id} | _of_charge(row, intent) | _of_error(state, intent)
    if state is PaymentState.PROCESSING:
        wanted["processing_at"] = row.processing_at or (intent.charge.created_at if intent.charge else now)
    if state is PaymentState.SUCCEEDED and intent.charge:
        wanted["succeeded_at"] = row.succeeded_at or success_at(intent.charge, now)
    if state in OPEN and intent.next_action == MICRODEPOSITS:
        wanted["expires_at"] = max(row.expires_at, intent.created_at + MICRODEPOSITS_TAKE)
    values = {name: value for name, value in wanted.items() if getattr(row, name) != value}
    moved = state is not was
    declined = bool(wanted["error_code"]) and {"charge_id", "error_code"} & values.keys()
    return Change(state, values, is_news=moved or bool(declined), mail=_MAILS.get(state, "") if moved else "")


def success_at(charge: Charge, now: datetime) -> datetime:
    """Return when a charge succeeded: a card at once; a debit when its money came, which is news of this moment.

    Stripe may announce a debit's balance transaction on the day it was sent; one of a later day tells the success.
    """
    if charge.method not in DEBITS:
        return charge.created_at
    if charge.txn and charge.txn.created_at - charge.created_at > timedelta(hours=1):
        return charge.txn.created_at
    return now


def charge_fact(row: PaymentRow, charge: Charge, fitting: Fitting, *, zone: str) -> ChargeFact:
    """Return a succeeded charge as the ledger posts it. Its balance transaction must be known."""
    assert charge.txn is not None
    assert row.succeeded_at is not None
    at = row.succeeded_at if charge.method in DEBITS else charge.created_at
    return ChargeFact(
        stripe_account=row.stripe_account,
        charge_id=charge.charge_id,
        payment_id=row.id,
        balance_txn=charge.txn.txn_id,
        gross=charge.txn.amount,
        fee=charge.txn.fee,
        day=day_in(zone, at),
        shares=fitting.shares,
        customer_id=row.customer_id,
        uses=fitting.uses,
        surcharge=Money(min(row.surcharge_minor, charge.txn.amount.minor), charge.txn.amount.currency),
    )


def credit_fact(row: PaymentRow, shares: Sequence[Share], uses: Sequence[Use], *, zone: str) -> ChargeFact:
    """Return a payment that credits alone pay as the ledger posts it: its own id stands where a charge's would."""
    assert row.succeeded_at is not None
    nothing = Money(0, row.currency)
    return ChargeFact(
        stripe_account=row.stripe_account,
        charge_id=row.id,
        payment_id=row.id,
        balance_txn="",
        gross=nothing,
        fee=nothing,
        day=day_in(zone, row.succeeded_at),
        shares=tuple(shares),
        customer_id=row.customer_id,
        uses=tuple(uses),
    )


def _seen(intent: Intent, was: PaymentState) -> PaymentState:
    """Read the intent's status; a debit that failed before we ever saw it under way has failed all the same."""
    seen = seen_state(intent.status, was=was)
    charge = intent.charge
    if seen is PaymentState.CANCELED and charge and charge.method in DEBITS and charge.status == "failed":
        return PaymentState.FAILED
    return seen


def _of_charge(row: PaymentRow, intent: Intent) -> dict[str, Any]:
    charge = intent.charge
    if charge is None:
        return {}
    values: dict[str, Any] = {"charge_id": charge.charge_id, "method": charge.method}
    values["method_label"] = charge.method_label or row.method_label
    if charge.txn and intent.status == "succeeded":
        values |= {
            "balance_txn": charge.txn.txn_id,
            "fee_minor": charge.txn.fee.minor,
            "settled_currency": charge.txn.net.currency,
        }
    return values


def _of_error(state: PaymentState, intent: Intent) -> dict[str, str]:
    """Return the error to keep: none once money is on its way or was given up, the payer's words while it matters."""
    if state not in OPEN and state is not PaymentState.FAILED:
        return {"error_code": "", "error_text": "", "error_advice": ""}
    text = intent.error_text
    if intent.error_code in _DISCREET:
        what = "bank account" if intent.charge and intent.charge.method in DEBITS else "card"
        text = f"Your {what} was declined."
    return {"error_code": intent.error_code, "error_text": text, "error_advice": intent.advice}
