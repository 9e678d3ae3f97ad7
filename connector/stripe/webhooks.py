"""Stripe's webhooks at the door: is this Stripe's signature, is it fresh, and what does it point at.

Knows no row. Laws: the signature is checked over the bytes as they came; a signature counts for five minutes before and
after its time on our own clock (the SDK would take one from the future); an event is only a hint to look again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

import stripe

from connector.errors import WrongInput
from connector.stripe.facts import Hint
from connector.stripe.reading import hint_of

TOLERANCE_SECONDS = 300
LONGEST_HEADER = 4096
# What an endpoint is asked to send: everything that brings news sooner than the sweep, and nothing that only repeats it
# (charge.succeeded says no more than its intent does; an intent's creation was ours).
WANTED_EVENTS = (
    "payment_intent.succeeded",
    "payment_intent.processing",
    "payment_intent.requires_action",
    "payment_intent.payment_failed",
    "payment_intent.canceled",
    "charge.updated",
    "charge.refunded",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "payout.created",
    "payout.updated",
    "payout.paid",
    "payout.failed",
    "payout.canceled",
    "payout.reconciliation_completed",
    "balance.available",
    "setup_intent.succeeded",
    "setup_intent.setup_failed",
    "payment_method.detached",
    "payment_method.updated",
    "payment_method.automatically_updated",
)
DEAUTHORIZED = "account.application.deauthorized"
# What the one endpoint of a platform is asked to send, for all connected accounts.
PLATFORM_EVENTS = (*WANTED_EVENTS, DEAUTHORIZED)


class BadSignature(WrongInput):
    """Not signed by Stripe with one of our secrets, or not now."""


class BadBody(WrongInput):
    """Signed, but not an event we can read."""


def read_hint(body: bytes, header: str, secrets: Sequence[str], now: datetime) -> Hint:
    """Return what a signed event points at. Several secrets may be valid while one is rolled.

    Raises BadSignature for anything that Stripe did not sign within five minutes of `now`, BadBody for a signed body
    that is not an event.
    """
    if len(header) > LONGEST_HEADER or not any(_signed(body, header, secret) for secret in secrets):
        raise BadSignature("the signature does not match")
    if abs(now.timestamp() - _signed_at(header)) > TOLERANCE_SECONDS:
        raise BadSignature("the signature is not of this moment")
    try:
        return hint_of(json.loads(body))
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError, OSError, RecursionError) as error:
        raise BadBody("the body is not an event") from error


def _signed(body: bytes, header: str, secret: str) -> bool:
    """Ask the SDK, without its one-sided tolerance. Bytes that are no text were never signed by Stripe."""
    try:
        return bool(stripe.WebhookSignature.verify_header(body, header, secret, tolerance=None))
    except (stripe.SignatureVerificationError, UnicodeDecodeError, TypeError):
        return False


def _signed_at(header: str) -> int:
    """Return the time that was signed: the first `t`, as the SDK reads it."""
    return int(next(part[1] for part in (item.split("=") for item in header.split(",")) if part[0] == "t"))
