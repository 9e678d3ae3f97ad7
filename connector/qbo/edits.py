"""Sparse updates as QuickBooks takes them, and what an object in the books says of one: done, possible, or overtaken.

Pure, no HTTP and no row. Laws: the same version and wish give the same bytes; what is absent, null and empty are the
same; amounts are compared as numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

Fields = Mapping[str, Any]

_WRITER = msgspec.json.Encoder(order="sorted")
_READER = msgspec.json.Decoder(float_hook=Decimal)


def edit_body(qbo_id: str, sync_token: str, wanted: Fields) -> bytes:
    """Return the body of a sparse update of one version of an object. Arrays in it replace arrays in the books."""
    return _WRITER.encode({**wanted, "Id": qbo_id, "SyncToken": sync_token, "sparse": True})


def says(body: bytes, wanted: Fields) -> bool:
    """Tell whether an object says everything that is wanted of it already."""
    fields = _READER.decode(body)
    return all(_is_same(_at(fields, path), value) for path, value in flat(wanted))


def moved(body: bytes, base: Mapping[str, str], wanted: Fields) -> list[str]:
    """Return the dotted fields that are neither as they were when somebody decided nor as they are wanted now."""
    fields, goal = _READER.decode(body), dict(flat(wanted))
    return [
        path
        for path, was in base.items()
        if not _is_same(_at(fields, path), was) and not (path in goal and _is_same(_at(fields, path), goal[path]))
    ]


def flat(fields: Fields, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Give the leaves of nested fields with their dotted paths."""
    for name, value in fields.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _at(fields: Any, path: str) -> Any:
    for name in path.split("."):
        fields = fields.get(name) if isinstance(fields, dict) else None
    return fields


def _is_same(value: Any, wanted: Any) -> bool:
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        try:
            return Decimal(value) == Decimal(str(wanted))
        except InvalidOperation:
            return False
    return str(value or "") == str(wanted or "")
