"""The numbers and habits that Stripe does not publish or lets accounts choose: named, with defaults decided by us.

Holds values only. Prices are the US list prices as remembered, unchecked; delays are those of facts written for banks.
"""

from __future__ import annotations

from typing import Any

from sandbox.shelf import Shelf

DEFAULTS: dict[str, Any] = {
    # Prices, in minor units and basis points.
    "card_fee_basis_points": 290,
    "card_fee_fixed": 30,
    "debit_fee_basis_points": 80,
    "debit_fee_cap": 500,
    "debit_failure_fee": 0,  # charged as a stripe_fee transaction when a debit fails or comes back
    "dispute_fee": 1500,
    "dispute_counter_fee": 1500,  # charged when evidence is submitted, given back when the dispute is won
    "instant_fee_basis_points": 150,
    "instant_fee_least": 50,
    "conversion_fee_basis_points": 100,
    "exchange_rates": {
        "eur": "1.08",
        "gbp": "1.25",
        "cad": "0.72",
        "aud": "0.65",
        "chf": "1.1",
        "mxn": "0.05",
        "jpy": "0.0067",
    },
    # Delays, in business days unless the name says otherwise.
    "card_available_days": 2,
    "debit_settle_days": 4,
    "debit_refund_days": 3,
    "payout_transit_days": 1,
    "trace_lag_days": 0,
    "dispute_answer_days": 7,  # calendar days, to the end of the day
    "microdeposit_days": 2,
    "charge_transaction_delay_seconds": 1,
    # How many requests may come; nought is no limit.
    "requests_per_second": 0,
    "endpoint_requests_per_second": 0,
    "intent_updates_per_hour": 1000,
    "disable_after_days": 0,  # an endpoint that takes nothing for so long is disabled; nought is never
    # Habits.
    "should_retry": "unsaid",  # unsaid or said: whether 409 and 429 bear Stripe-Should-Retry, which the SDKs obey
    "charge_transaction": "later",  # later (as automatic_async does) or at_once
    "debit_transaction_at": "success",  # success or submission
    "debit_partial_refunds": "allowed",  # allowed or refused: Stripe's pages disagree
    "dispute_fee_when_won": "kept",  # kept, or returned as before June 2025
    "instant_fee_in": "payout",  # payout (the fee of its own transaction) or stripe_fee (a transaction beside it)
    "payout_interval": "daily",  # daily, weekly (Mondays), monthly (the 1st) or manual
    "payout_minimum_balance": 0,  # kept back by each automatic payout, and released into the next
    "webhook_tries": "live",  # live (three days) or sandbox (three tries)
    "refund_on_short_balance": "negative",  # negative (below zero) or wait (insufficient_funds)
    "server_confirm": "plain",  # plain, or asks_return_url where a method of the intent might lead the payer away
    "microdeposit_type": "descriptor_code",  # descriptor_code or amounts: what the payer is asked to read
}
_WORDS = {
    "charge_transaction": ("later", "at_once"),
    "debit_transaction_at": ("success", "submission"),
    "debit_partial_refunds": ("allowed", "refused"),
    "dispute_fee_when_won": ("kept", "returned"),
    "instant_fee_in": ("payout", "stripe_fee"),
    "payout_interval": ("daily", "weekly", "monthly", "manual"),
    "should_retry": ("unsaid", "said"),
    "webhook_tries": ("live", "sandbox"),
    "refund_on_short_balance": ("negative", "wait"),
    "server_confirm": ("plain", "asks_return_url"),
    "microdeposit_type": ("descriptor_code", "amounts"),
}
_KIND, _KEY = "_switches", "all"


class Switches:
    """The switches in force, kept on the shelf."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def __getitem__(self, name: str) -> Any:
        return self.all()[name]

    def all(self) -> dict[str, Any]:
        """Return every switch with its value."""
        return {**DEFAULTS, **(self._shelf.get(_KIND, _KEY) or {})}

    def turn(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """Set switches by name and return all. Raises ValueError for a name or a value that makes no sense."""
        for name, value in wanted.items():
            if name not in DEFAULTS:
                raise ValueError(f"no switch is called {name!r}")
            if name in _WORDS and value not in _WORDS[name]:
                raise ValueError(f"{name} is one of {', '.join(_WORDS[name])}")
            if type(value) is not type(DEFAULTS[name]) or (isinstance(value, int) and value < 0):
                raise ValueError(f"{name} takes {type(DEFAULTS[name]).__name__}, not negative")
        self._shelf.put(_KIND, _KEY, {**(self._shelf.get(_KIND, _KEY) or {}), **wanted})
        return self.all()
