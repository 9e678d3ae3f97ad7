"""JSON and money at the edge of the stand-in: exact numbers in, QuickBooks' way of writing them out.

Numbers with a fraction are read as Decimal, never as float. Inside, money is an integer of cents; on the wire 100
stays `100` and 42.40 becomes `42.4`, as recorded bodies show.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

import msgspec

from sandbox.qbo.refusals import invalid_number

Body = dict[str, Any]

_decoder = msgspec.json.Decoder(float_hook=Decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")
_LARGEST = Decimal(10) ** 13  # "max 15 digits" with two of them cents


def decode(text: str | bytes) -> Any:
    """Parse JSON with exact numbers. Raises ValueError."""
    return _decoder.decode(text)


def encode(value: Any) -> str:
    """Write compact JSON."""
    return _encoder.encode(value).decode()


def decimal(value: Any, field: str) -> Decimal:
    """Read a number or a numeric string exactly. Raises the fault 2090 for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, str, Decimal)):
        raise invalid_number(field)
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise invalid_number(field) from None
    if not number.is_finite() or abs(number) >= _LARGEST:
        raise invalid_number(field)
    return number


def cents(value: Any, field: str = "Amount") -> int:
    """Read an amount as cents, rounding half up as QuickBooks rounds a document. Raises the fault 2090."""
    return to_cents(decimal(value, field))


def to_cents(number: Decimal) -> int:
    """Round an exact amount to cents, half up."""
    return int((number * 100).to_integral_value(ROUND_HALF_UP))


def held(body: Body, field: str) -> int:
    """Return an amount this stand-in wrote itself as cents; absent is zero."""
    value = body.get(field)
    return 0 if value is None else to_cents(Decimal(value))


def in_home(minor: int, body: Body) -> int:
    """Turn cents of a document's currency into cents of the company's, at the document's own rate."""
    rate = body.get("ExchangeRate")
    return minor if rate in (None, 1) else int((minor * Decimal(rate)).to_integral_value(ROUND_HALF_UP))


def amount(minor: int) -> int | Decimal:
    """Write cents as the JSON number QuickBooks would write."""
    return minor // 100 if minor % 100 == 0 else trimmed(Decimal(minor) / 100)


def trimmed(number: Decimal) -> int | Decimal:
    """Write an exact number without trailing zeros."""
    return int(number) if number == number.to_integral_value() else number.normalize()
