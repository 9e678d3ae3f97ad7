"""What can be switched in the stand-in, with its defaults: where the real service's behaviour is unknown or
configurable.

Kept on the shelf. Law: a switch that was never set has its default, and an unknown name is refused.
"""

from __future__ import annotations

from typing import Any

from sandbox.shelf import Shelf

KIND = "_switches"

DEFAULTS: dict[str, Any] = {
    "throttle": True,  # the four limits that follow, by realm
    "throttle_per_second": 10,
    "throttle_per_minute": 500,
    "throttle_batches": 40,  # a minute, for a realm and an app
    "throttle_batches_of_realm": 120,
    "throttle_in_flight": 0,  # calls at once, as the limit was until 2025; 0 for none
    "throttle_as_xml": False,  # answer 429 in XML even to a client that asked for JSON
    "throttle_status": "429",  # or "403", as it was in 2016
    "monthly_reads": 0,  # reads in a month before they are blocked; 0 for no allowance to keep
    "maintenance_from": 0,  # seconds since the epoch between which every call gets a web page and 503
    "maintenance_until": 0,
    "query_lag": 0,  # milliseconds until a query sees a new document
    "requestid_lifetime": 0,  # seconds an answer is remembered under its requestid; 0 for ever
    "batch_limit": 30,
    "id_sorts_as": "number",  # or "text"
    "overapplied_line": "refuse",  # or "clip": apply what is open and leave the rest unapplied
    "payment_may_cross_customers": False,  # let a parent's payment settle its sub-customers' invoices
    "unknown_properties": "refuse",  # or "ignore"
    "warn_duplicate_numbers": True,  # 6140; counts only where Preferences say CustomTxnNumbers
    "subscription": "active",  # or "lapsed": writes are refused with 6190
    "cdc_cap": "response",  # or "entity": what the 1000 counts
    "cdc_since": "inclusive",  # or "exclusive": whether changedSince itself is still told
    "balances_touch_customers": True,  # a customer's LastUpdatedTime follows its balance (its SyncToken never does)
    "currency_left_out": "refuse",  # or "customer": where several are used, take the customer's currency
    "exchange_rate_left_out": "one",  # or "look_up": the rate of the day
    "merged_in_cdc": False,  # a customer that vanished in a merge also leaves a tombstone
    "administrator": "present",  # or "lost": whoever connected may no longer use the company (120)
    "deposit_from": "undeposited",  # or "money": a deposit may also take what sits in a bank or other current asset
    "refresh_rotates_after": 86400,  # seconds until a refresh gives another refresh token
    "refresh_grace": 0,  # seconds that the replaced refresh token still works
    "refresh_idle_lifetime": 8_726_400,  # seconds an unused refresh token lives: the customary 101 days
    "refresh_hard_lifetime": 157_680_000,  # seconds after which a connection ends for good: five years
    "access_lifetime": 3600,
    "code_lifetime": 300,
    "webhook_window": 1.0,  # seconds in which events are gathered into one body
    "webhook_format": "cloudevents",  # or "notifications", the older one
    "webhook_mode": "deliver",  # or "drop", "hold"
    "webhook_copies": 1,  # how often each body is sent
    "webhook_shuffle": False,
    "webhook_self_echo": True,  # an app hears of its own writes too
}

_CHOICES: dict[str, tuple[str, ...]] = {
    "id_sorts_as": ("number", "text"),
    "overapplied_line": ("refuse", "clip"),
    "unknown_properties": ("refuse", "ignore"),
    "subscription": ("active", "lapsed"),
    "currency_left_out": ("refuse", "customer"),
    "exchange_rate_left_out": ("one", "look_up"),
    "administrator": ("present", "lost"),
    "deposit_from": ("undeposited", "money"),
    "cdc_cap": ("response", "entity"),
    "cdc_since": ("inclusive", "exclusive"),
    "throttle_status": ("429", "403"),
    "webhook_format": ("cloudevents", "notifications"),
    "webhook_mode": ("deliver", "drop", "hold"),
}


class Switches:
    """The switches in force, read by name: `switches["throttle"]`."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def __getitem__(self, name: str) -> Any:
        held = self._shelf.get(KIND, name)
        return DEFAULTS[name] if held is None else held["value"]

    def all(self) -> dict[str, Any]:
        """Return every switch with its present value."""
        return {name: self[name] for name in DEFAULTS}

    def set(self, wanted: dict[str, Any]) -> None:
        """Set several switches or none. Raises ValueError for an unknown name or a value of the wrong sort."""
        for name, value in wanted.items():
            if name not in DEFAULTS:
                raise ValueError(f"no switch is called {name!r}; there are {', '.join(sorted(DEFAULTS))}")
            if not _fits(name, value):
                raise ValueError(f"{value!r} is no value for the switch {name!r}")
        for name, value in wanted.items():
            self._shelf.put(KIND, name, {"value": value})


def _fits(name: str, value: Any) -> bool:
    default = DEFAULTS[name]
    if isinstance(default, bool):
        return isinstance(value, bool)
    if isinstance(default, str):
        return value in _CHOICES[name]
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0
