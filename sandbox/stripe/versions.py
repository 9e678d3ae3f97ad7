"""Older API versions, as far as a webhook endpoint made under one of them sees them.

The payload of an event has the shape of its endpoint's version, whatever version the product speaks. Law: only changes
that Stripe has published are played; a version older than any of them is refused.
"""

from __future__ import annotations

from sandbox.stripe.errors import bad_parameter
from sandbox.stripe.scope import API_VERSION, Obj

# Newest first: until 2025-03-31 intents and charges named their invoice.
_INVOICE_GONE = "2025-03-31.basil"
KNOWN = (
    API_VERSION,
    "2026-09-30.endive",
    "2026-04-22.dahlia",
    "2026-03-25.dahlia",
    "2025-11-17.clover",
    "2025-09-30.clover",
    _INVOICE_GONE,
    "2025-02-24.acacia",
    "2024-06-20",
)


def known(version: str | None) -> str | None:
    """Return a version that endpoints may be made for. Raises ApiError for another."""
    if version is not None and version not in KNOWN:
        raise bad_parameter("api_version", f"The sandbox tells events as of {', '.join(KNOWN)}.")
    return version


def older(event: Obj, version: str) -> Obj:
    """Return an event in the words of an older version."""
    told = event["data"]["object"]
    if KNOWN.index(version) > KNOWN.index(_INVOICE_GONE) and told["object"] in ("payment_intent", "charge"):
        told = {**told, "invoice": None}
    return {**event, "api_version": version, "data": {**event["data"], "object": told}}
