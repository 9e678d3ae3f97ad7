"""Microdeposits: the cents sent to a bank account typed by hand, and what the payer read of them on the statement.

Law: an intent waits for them ten days and ten tries at most, then asks for another payment method.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.stripe import banks, calendar, intents, mandates
from sandbox.stripe.errors import ApiError
from sandbox.stripe.scope import Obj, Scope

FAILED = "payment_method_microdeposit_failed"
TIMED_OUT = "payment_method_microdeposit_verification_timeout"
TOO_MANY = "payment_method_microdeposit_verification_attempts_exceeded"
REASONS = {
    FAILED: "Microdeposits could not be sent to the bank account.",
    TIMED_OUT: "The verification timed out: it has to happen within 10 days.",
    TOO_MANY: "You have exceeded the number of allowed verification attempts.",
}
_MOST_TRIES, _MOST_SECONDS = 10, 10 * calendar.DAY


def refuse_if_instant(intent: Obj, method: Obj) -> None:
    """Raise ApiError when the intent wants accounts verified at once and this one was typed by hand."""
    options = intent["payment_method_options"].get("us_bank_account") or {}
    if options.get("verification_method") == "instant" and not method["_verified"]:
        message = (
            "The bank account was entered by hand, but the intent asks for instant verification. Connect the account "
            "through Financial Connections."
        )
        raise ApiError(400, message, param="payment_method")


def ask(scope: Scope, intent: Obj, method: Obj) -> Obj:
    """Send microdeposits to an account and return the `next_action` that asks for them."""
    arrival = calendar.business_days_later(scope.now, scope.switches["microdeposit_days"])
    about = {"intent": intent["id"], "method": method["id"]}
    if banks.BY_NUMBER[method["_number"]].microdeposits_fail:
        scope.later("fail_verification", arrival, code=FAILED, **about)
    scope.later("fail_verification", scope.now + _MOST_SECONDS, code=TIMED_OUT, **about)
    scope.change(intent, _tries=0)
    return {
        "type": "verify_with_microdeposits",
        "verify_with_microdeposits": {
            "arrival_date": calendar.day_start(arrival),
            "hosted_verification_url": f"{scope.ground.public_url}/microdeposits/{intent['client_secret']}",
            "microdeposit_type": scope.switches["microdeposit_type"],
        },
    }


def awaited(intent: Obj) -> bool:
    """Tell whether an intent waits for its payer to read the statement."""
    action = intent["next_action"] or {}
    return intent["status"] == "requires_action" and action.get("type") == "verify_with_microdeposits"


def check(scope: Scope, intent: Obj, params: dict[str, Any], give_up: Callable[[str], object]) -> Obj:
    """Compare what the payer read, and return the payment method that is now verified.

    Raises ApiError when it is wrong; after too many tries, or too late, gives the method up first.
    """
    if not awaited(intent):
        raise intents.unexpected_state(intent, "You cannot verify microdeposits of this intent")
    amounts, code = sorted(params.get("amounts") or []), (params.get("descriptor_code") or "").strip().upper()
    if bool(amounts) is bool(code):
        raise ApiError(400, "You must provide either amounts or descriptor_code.", code="parameter_missing")
    tries = intent.get("_tries", 0) + 1
    scope.change(intent, _tries=tries)
    if amounts == banks.GOOD_AMOUNTS or code == banks.GOOD_CODE:
        method = scope.need("payment_methods", intent["payment_method"], "payment_method")
        scope.change(method, _verified=True)
        mandates.activate(scope, method)
        return method
    end = _end(amounts, code, tries)
    if end is not None:
        give_up(end)
        raise ApiError(400, REASONS[end], code=end)
    param = "descriptor_code" if code else "amounts"
    mismatch = f"payment_method_microdeposit_verification_{param}_mismatch"
    raise ApiError(400, "That does not match what was sent to the bank account.", code=mismatch, param=param)


def _end(amounts: list[int], code: str, tries: int) -> str | None:
    """Return why no further try is allowed, or None."""
    if amounts == banks.TIMEOUT_AMOUNTS or code == banks.TIMEOUT_CODE:
        return TIMED_OUT
    if amounts == banks.TOO_MANY_AMOUNTS or code == banks.TOO_MANY_CODE or tries >= _MOST_TRIES:
        return TOO_MANY
    return None
