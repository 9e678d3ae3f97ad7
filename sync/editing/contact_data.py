"""A customer's own contact data: which fields there are, what QuickBooks calls them, and an update that changes some.

Pure. Laws: an address is sent whole, because a part of it would wipe the rest; what nobody changed is not sent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_ADDRESS = {
    "line1": "Line1",
    "line2": "Line2",
    "city": "City",
    "region": "CountrySubDivisionCode",
    "code": "PostalCode",
    "country": "Country",
}
# Our name of a field, and the group and name that QuickBooks has for it.
PATHS: Mapping[str, tuple[str, str]] = {
    "name": ("DisplayName", ""),
    "email": ("PrimaryEmailAddr", "Address"),
    "phone": ("PrimaryPhone", "FreeFormNumber"),
    **{f"bill_{ours}": ("BillAddr", theirs) for ours, theirs in _ADDRESS.items()},
    **{f"ship_{ours}": ("ShipAddr", theirs) for ours, theirs in _ADDRESS.items()},
}
EMAIL = "email"
_ADDRESSES = ("BillAddr", "ShipAddr")
_THEIRS = ("Id", "Lat", "Long")  # of an address; QuickBooks makes them anew


def read_fields(body: str) -> dict[str, str]:
    """Return the fields of a customer's raw text, empty ones where it has none."""
    raw = _object(body)
    return {ours: _text(raw, group, name) for ours, (group, name) in PATHS.items()}


def changed(before: Mapping[str, str], typed: Mapping[str, str]) -> dict[str, str]:
    """Return the fields that shall be another than they are."""
    return {ours: typed[ours] for ours in PATHS if ours in typed and typed[ours] != before.get(ours, "")}


def update_of(body: str, fields: Mapping[str, str]) -> dict[str, Any]:
    """Return the sparse update that gives a customer some fields; `body` is its raw text now."""
    raw, wanted = _object(body), dict[str, Any]()
    for ours, text in fields.items():
        group, name = PATHS[ours]
        if not name:
            wanted[group] = text
            continue
        kept = raw.get(group) if group in _ADDRESSES else None
        whole = {key: value for key, value in (kept or {}).items() if key not in _THEIRS}
        wanted.setdefault(group, whole)[name] = text
    return wanted


def base_of(before: Mapping[str, str]) -> dict[str, str]:
    """Return fields as they were, by QuickBooks' dotted names."""
    return {".".join(filter(None, PATHS[ours])): text for ours, text in before.items()}


def _object(body: str) -> dict[str, Any]:
    raw = json.loads(body) if body else {}
    return raw if isinstance(raw, dict) else {}


def _text(raw: Mapping[str, Any], group: str, name: str) -> str:
    value = raw.get(group)
    if name:
        value = value.get(name) if isinstance(value, dict) else None
    return str(value or "")
