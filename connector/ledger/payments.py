"""The states of a payment, and the rule that they only move forward.

Knows no Stripe and no row: a gateway says what it sees, this module says what follows. Law: for every order and every
repetition of the same observations the end is the same, and nothing ever takes a success away.
"""

from __future__ import annotations

from enum import StrEnum


class PaymentState(StrEnum):
    """Where a payment stands. Refunds and disputes are facts of their own, not states of the payment."""

    CREATED = "created"  # the payer pressed Pay; nothing is charged
    REQUIRES_ACTION = "requires_action"  # the payer's bank asks something
    PROCESSING = "processing"  # a bank debit is under way
    CANCELED = "canceled"  # given up before any money moved
    FAILED = "failed"  # a debit that was under way did not succeed
    SUCCEEDED = "succeeded"


OPEN = frozenset({PaymentState.CREATED, PaymentState.REQUIRES_ACTION})
UNDER_WAY = OPEN | {PaymentState.PROCESSING}  # these reserve their shares
FINAL = frozenset({PaymentState.CANCELED, PaymentState.FAILED, PaymentState.SUCCEEDED})

_RANK = {
    PaymentState.CREATED: 0,
    PaymentState.REQUIRES_ACTION: 0,
    PaymentState.PROCESSING: 1,
    PaymentState.CANCELED: 2,
    PaymentState.FAILED: 3,
    # Success is on top: a debit reported failed and then seen succeeded has moved money, and money is never dropped.
    PaymentState.SUCCEEDED: 4,
}

# What a debit that was under way comes back to when it did not succeed.
_BACK = frozenset({"requires_payment_method", "requires_confirmation", "canceled"})


def advance(current: PaymentState, seen: PaymentState) -> PaymentState:
    """Return the state after an observation: the seen one unless it lies behind the current one."""
    return seen if _RANK[seen] >= _RANK[current] else current


def seen_state(intent_status: str, *, was: PaymentState) -> PaymentState:
    """Read a PaymentIntent's status. Raises ValueError for one that Stripe has not documented.

    An intent that asks for a method again means a declined card while the payment was open (it stays open, the payer
    may try another), and a failed debit when it had been processing; so does one canceled while it was processing.
    """
    if was == PaymentState.PROCESSING and intent_status in _BACK:
        return PaymentState.FAILED
    if intent_status in ("requires_payment_method", "requires_confirmation"):
        return PaymentState.CREATED
    if intent_status == "requires_capture":  # never asked for by Tieout; money is not ours yet
        return PaymentState.PROCESSING
    return PaymentState(intent_status)
