"""Fresh rows as plain dictionaries, for the inserts that stand ready: what a model's own object would have held.

To make an object of a table and ask it for its columns takes longer than the insert. Knows no table.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic_core import PydanticUndefined
from sqlmodel import SQLModel


def fresh(row: type[SQLModel], **values: Any) -> dict[str, Any]:
    """Return a row by column: these values, and the model's defaults for the others that have one."""
    return _defaults(row) | values


@cache
def _defaults(row: type[SQLModel]) -> dict[str, Any]:
    fields = row.model_fields.items()
    if any(field.default_factory for _, field in fields):
        raise ValueError(f"{row.__name__} makes a default anew for each row: it has no plain form")
    return {name: field.default for name, field in fields if field.default is not PydanticUndefined}
