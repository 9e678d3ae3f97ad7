"""What a search in the console means: text in names and numbers, an exact id, or an amount.

Law: a search only narrows what the member's company holds; it is never a pattern of the database's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, or_

from connector.errors import WrongInput
from sync.collect.amounts import read_amount


def matches(
    search: str, *, texts: Sequence[Any] = (), ids: Sequence[Any] = (), amounts: Sequence[Any] = (), currency: str
) -> ColumnElement[bool]:
    """Return the condition that a text contains the search, an id equals it, or an amount is it."""
    found: list[ColumnElement[bool]] = [text.icontains(search, autoescape=True) for text in texts]
    found += [one == search for one in ids]
    minor = _minor(search, currency)
    if minor is not None:
        found += [amount == minor for amount in amounts]
    return or_(*found)


def _minor(search: str, currency: str) -> int | None:
    try:
        return read_amount(search, currency).minor
    except WrongInput:
        return None
