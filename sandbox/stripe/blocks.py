"""Bank accounts that can never be debited again: which answers of a bank block one, and how the method tells it.

Knows nothing of charges or disputes. Law: a block once set stays, and is told by one event.
"""

from __future__ import annotations

from sandbox.stripe import events
from sandbox.stripe.scope import Scope

# What a bank said -> the network's return code and the reason in Stripe's words.
REASONS = {
    "account_closed": ("R02", "bank_account_closed"),
    "no_account": ("R03", "bank_account_invalid_details"),
    "debit_not_authorized": ("R10", "debit_not_authorized"),
    "deactivated_number": ("R20", "tokenized_account_number_deactivated"),
    "returned_twice": ("R16", "bank_account_frozen"),
}


def block(scope: Scope, key: str | None, said: str) -> None:
    """Block the bank account of a payment method, when what its bank said means that it can never be debited again."""
    method = scope.find(key)
    if method is None or said not in REASONS or method["us_bank_account"]["status_details"].get("blocked"):
        return
    code, why = REASONS[said]
    details = {**method["us_bank_account"], "status_details": {"blocked": {"network_code": code, "reason": why}}}
    previous = scope.change(method, us_bank_account=details)
    events.emit(scope, "payment_method.automatically_updated", method, previous)
