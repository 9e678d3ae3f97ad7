"""What can be switched in the stand-in, with its defaults: where the real service's behaviour is unknown or
configurable.

Kept on the shelf. Law: a switch that was never set has its default, and an unknown name is refused.
"""

from __future__ import annotations

from typing import Any

from sandbox.shelf import Shelf

KIND = "_switches"

DEFAULTS: dict[str, Any] = {
    "throttle": True,  # 10 requests a second and 500 a minute for a realm, 40 batches a minute
    "throttle_as_xml": False,  # answer 429 in XML even to a client that asked for JSON
    "batch_limit": 30,
    "id_sorts_as": "number",  # or "text"
    "overapplied_line": "refuse",  # or "clip": apply what is open and leave the rest unapplied
    "payment_may_cross_customers": False,  # let a parent's payment settle its sub-customers' invoices
    "unknown_properties": "refuse",  # or "ignore"
    "warn_duplicate_numbers": True,  # 6140; counts only where Preferences say CustomTxnNumbers
    "subscription": "active",  # or "lapsed": writes are refused with 6190
    "cdc_cap": "response",  # or "entity": what the 1000 counts
    "balances_touch_customers": True,  # a customer's LastUpdatedTime follows its balance (its SyncToken never does)
    "merged_in_cdc": False,  # a customer that vanished in a merge also leaves a tombstone
    "administrator": "present",  # or "lost": whoever connected may no longer use the company (120)
    "deposit_from": "undeposited",  # or "money": a deposit may also take what sits in a bank or other current asset
    "refresh_rotates_after": 86400,  # seconds until a refresh gives another refresh token
    "refresh_grace": 0,  # seconds that the replaced refresh token still works
    "access_lifetime": 3600,
    "code_lifetime": 300,
    "webhook_window": 1.0,  # seconds in which events are gathered into one body
    "webhook_format": "cloudevents",  # or "notifications", the older one
    "webhook_mode": "deliver",  # or "drop", "hold"
    "webhook_copies": 1,  # how often each body is sent
    "webhook_shuffle": False,
}

_CHOICES: dict[str, tuple[str, ...]] = {
    "id_sorts_as": ("number", "text"),
    "overapplied_line": ("refuse", "clip"),
    "unknown_properties": ("refuse", "ignore"),
    "subscription": ("active", "lapsed"),
    "administrator": ("present", "lost"),
    "deposit_from": ("undeposited", "money"),
    "cdc_cap": ("response", "entity"),
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
