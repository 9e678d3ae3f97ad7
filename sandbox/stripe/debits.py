"""Bank debits of an intent: submitted, pending for days, settled or failed; verification by microdeposits before that.

Law: a debit settles or fails exactly once; what a settled debit does later is a dispute (`disputes.returned`).
"""

from __future__ import annotations

from typing import Any

from sandbox.stripe import (
    application_fees,
    balance,
    banks,
    blocks,
    calendar,
    card_payments,
    cards,
    charges,
    disputes,
    events,
    intents,
    mandates,
    microdeposits,
    refunds,
)
from sandbox.stripe.errors import ApiError
from sandbox.stripe.scope import Obj, Scope, public

REASONS = {
    "account_closed": "The bank account has been closed.",
    "charge_exceeds_source_limit": "The payment would exceed the weekly limit of the account.",
    "card_declined": "Stripe blocked this payment.",
    "debit_not_authorized": "The customer has notified their bank that this payment was not authorized.",
    "insufficient_funds": "The bank account has insufficient funds to complete the purchase.",
    "invalid_currency": "The bank was unable to process this payment because of its currency.",
    "no_account": "The bank account could not be located.",
}
# A charge says invalid_currency; the codes an intent may say do not include it.
_INTENT_CODES = {"invalid_currency": "payment_method_currency_mismatch"}


def refuse_unless_debitable(
    scope: Scope, intent: Obj, method: Obj, acceptance: Obj | None, params: dict[str, Any]
) -> None:
    """Raise ApiError when name, mandate or state of the account forbid a debit."""
    if not method["billing_details"]["name"]:
        message = "Missing required param: billing_details[name]."
        raise ApiError(400, message, code="parameter_missing", param="billing_details[name]")
    if blocked := method["us_bank_account"]["status_details"].get("blocked"):
        message = f"This bank account is blocked: {blocked['reason']}."
        raise ApiError(400, message, code="payment_method_bank_account_blocked", param="payment_method")
    microdeposits.refuse_if_instant(intent, method)
    named = scope.find(params.get("mandate"))
    if acceptance is None and named is None and mandates.standing(scope, method) is None:
        message = (
            f"This {'Payment' if intent['object'] == 'payment_intent' else 'Setup'}Intent requires a mandate, but no "
            "existing mandate was found. Provide mandate_data or the id of an active mandate."
        )
        raise ApiError(400, message, param="mandate_data", **{intent["object"]: public(intent)})


def attempt(scope: Scope, intent: Obj, method: Obj, acceptance: Obj | None) -> None:
    """Submit the debit, or ask for verification first. Raises ApiError 402 when it is refused at once."""
    if acceptance is not None:
        saved = intent["setup_future_usage"] == "off_session"
        once = None if saved else {"amount": intent["amount"], "currency": intent["currency"]}
        mandates.accept(scope, method, acceptance, single_use=once)
    account = banks.BY_NUMBER[method["_number"]]
    refused = account.refused or scope.asker.declined_with
    if refused is not None:
        refuse(scope, intent, method, refused if refused in REASONS else "card_declined")
    if not method["_verified"]:
        intents.advance(scope, intent, "requires_action", next_action=microdeposits.ask(scope, intent, method))
        return
    submit(scope, intent, method)


def refuse(scope: Scope, intent: Obj, method: Obj, code: str) -> None:
    """Fail a debit before it is submitted and raise the failure as ApiError 402."""
    no = cards.Decline(code, "fraudulent" if code == "card_declined" else None, REASONS[code])
    charge = charges.new(scope, intent, method, status="failed", details=_details(scope, method))
    scope.change(charge, failure_code=code, failure_message=no.message, outcome=charges.outcome(method, no, "highest"))
    events.emit(scope, "charge.failed", charge)
    error = card_payments.fail(scope, intent, method, no, charge)
    raise ApiError(402, no.message, kind="card_error", **error)


def verify(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Verify the bank account of a payment intent, and submit its debit."""
    intent = intents.retrieve(scope, params, key)
    method = microdeposits.check(scope, intent, params, lambda code: fail_verification(scope, intent, code))
    scope.change(intent, next_action=None)
    submit(scope, intent, method)
    return intent


def fail_verification(scope: Scope, intent: Obj, code: str) -> None:
    """Give up a bank account that was not verified: the intent asks for another."""
    method = scope.need("payment_methods", intent["payment_method"], "payment_method")
    card_payments.fail(scope, intent, method, cards.Decline(code, None, microdeposits.REASONS[code]), None)


def submit(scope: Scope, intent: Obj, method: Obj) -> None:
    """Send the debit to the bank: the intent is processing, the charge pending, for some business days."""
    charge = charges.new(scope, intent, method, status="pending", details=_details(scope, method))
    if scope.switches["debit_transaction_at"] == "submission":
        charges.book_debit(scope, charge, available=False)
    intents.advance(scope, intent, "processing", latest_charge=charge["id"], next_action=None, last_payment_error=None)
    events.emit(scope, "charge.pending", charge)
    card_payments.keep_method(scope, intent, method)
    if not banks.BY_NUMBER[method["_number"]].endless:
        at = calendar.business_days_later(scope.now, scope.switches["debit_settle_days"])
        scope.later("settle_debit", at, charge=charge["id"])


def pending_charge(scope: Scope, intent: Obj) -> Obj:
    """Return the charge of a debit under way. Raises ApiError when the intent has none."""
    charge = scope.find(intent["latest_charge"])
    if intent["status"] != "processing" or charge is None or charge["status"] != "pending":
        raise intents.unexpected_state(intent, "There is no debit under way for this PaymentIntent")
    return charge


def come_due(scope: Scope, charge_key: str) -> None:
    """Settle or fail a debit when its days are over, as its test account says; one settled by hand is left alone."""
    charge = scope.need("charges", charge_key, "charge")
    if charge["status"] != "pending":
        return
    failure = banks.BY_NUMBER[charge["_number"]].failure
    if failure:
        fail(scope, charge, failure)
    else:
        succeed(scope, charge)


def succeed(scope: Scope, charge: Obj) -> None:
    """Settle a pending debit: the money is on the balance, at once available."""
    intent = scope.need("payment_intents", charge["payment_intent"], "intent")
    charges.book_debit(scope, charge, available=True)
    details = {**charge["payment_method_details"]["us_bank_account"], "payment_reference": charges.payment_reference()}
    scope.change(
        charge,
        status="succeeded",
        amount_captured=charge["amount"],
        payment_method_details={"us_bank_account": details, "type": "us_bank_account"},
    )
    events.emit(scope, "charge.succeeded", charge)
    intents.advance(scope, intent, "succeeded", amount_received=charge["amount"], latest_charge=charge["id"])
    refunds.start_waiting(scope, charge)
    reason = banks.BY_NUMBER[charge["_number"]].dispute
    if reason:
        at = scope.ground.clock.seconds() + disputes.DELAY_SECONDS
        scope.later("return_debit", at, charge=charge["id"], reason=reason)


def fail(scope: Scope, charge: Obj, code: str) -> None:
    """Fail a pending debit: what was booked at submission is taken back, fee included."""
    intent = scope.need("payment_intents", charge["payment_intent"], "intent")
    method = scope.need("payment_methods", charge["payment_method"], "payment_method")
    message = REASONS[code]
    scope.change(charge, status="failed", paid=False, failure_code=code, failure_message=message)
    _take_back(scope, charge)
    _charge_failure_fee(scope, charge)
    refunds.cancel_waiting(scope, charge)
    events.emit(scope, "charge.failed", charge)
    blocks.block(scope, charge["payment_method"], banks.BY_NUMBER[charge["_number"]].block or code)
    no = cards.Decline(_INTENT_CODES.get(code, code), None, message)
    card_payments.fail(scope, intent, method, no, charge)


def _take_back(scope: Scope, charge: Obj) -> None:
    booked = scope.find(charge["balance_transaction"])
    if booked is None:
        return
    share = charge["application_fee_amount"] or 0
    application_fees.give_back(scope, charge)
    back = balance.book(
        scope,
        "payment_failure_refund",
        -booked["amount"],
        source=charge["id"],
        description="Payment failure refund",
        currency=charge["currency"],
        fee=share - booked["fee"],
        application_fee=-share,
        available_at=booked["available_on"] if booked["status"] == "pending" else 0,
    )
    scope.change(charge, failure_balance_transaction=back["id"])


def _charge_failure_fee(scope: Scope, charge: Obj) -> None:
    fee = int(scope.switches["debit_failure_fee"])
    if fee:
        balance.book(
            scope,
            "stripe_fee",
            -fee,
            source=None,
            description="ACH Direct Debit failure fee",
            currency=charge["currency"],
        )


def _details(scope: Scope, method: Obj) -> Obj:
    """Return `payment_method_details.us_bank_account` of a charge."""
    part = method["us_bank_account"]
    same = ("account_holder_type", "account_type", "bank_name", "fingerprint", "last4", "routing_number")
    return {
        **{name: part[name] for name in same},
        "expected_debit_date": calendar.iso_day(calendar.next_business_day(scope.now)),
        "mandate": method.get("_mandate"),
        "payment_reference": None,
    }
