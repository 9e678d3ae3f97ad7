"""Tells whether a row that a look-up gave is the document that was looked for.

Pure. Laws: numbers are compared as numbers, however many zeros they were written with; what was voided or deleted is
not there.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from connector.qbo.shapes import Document, RawObject

_exact = msgspec.json.Decoder(float_hook=Decimal)


def is_the_document(document: Document, row: RawObject) -> bool:
    """Tell whether a row is the document itself, alive."""
    fields = _exact.decode(row.body)
    note = str(fields.get("PrivateNote", ""))
    return (
        not row.deleted
        and not is_voided(fields)
        and document.must_contain in note
        and all(_is_same(_at(fields, path), wanted) for path, wanted in document.must_equal.items())
    )


def is_voided(fields: dict[str, Any]) -> bool:
    """Tell whether a document was voided: QuickBooks sets its amount to zero and says so at the start of its note."""
    amount = fields.get("TotalAmt", fields.get("Amount"))
    return str(fields.get("PrivateNote", "")).startswith("Voided") and amount == 0


def _at(fields: Any, path: str) -> Any:
    for name in path.split("."):
        fields = fields.get(name) if isinstance(fields, dict) else None
    return fields


def _is_same(value: object, wanted: object) -> bool:
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return value == Decimal(str(wanted))
    return str(value) == str(wanted)
