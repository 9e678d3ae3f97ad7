"""QuickBooks' query language: the statements we write, and the one way a value gets into them.

Pure text. Laws: a value is quoted by `quote` and can never end its own quotes; rows are paged in the order of their Id,
which never changes, so that a page cannot lose a row that was edited meanwhile. (The linter sees SQL here; it is not,
entities are our own words and every value is quoted.)
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

# Lists of names are never deleted, only made inactive, and a query hides inactive rows unless it asks for them.
NAME_LISTS = frozenset(
    {"Account", "Class", "Customer", "Department", "Employee", "Item", "PaymentMethod", "TaxCode", "Term", "Vendor"}
)
_FROM = re.compile(r"SELECT\s+[\w*(), ]+?\s+FROM\s+([A-Za-z]+)\b", re.IGNORECASE)
_ALL_ROWS = "Active IN (true, false)"


def quote(value: str) -> str:
    """Return a value in single quotes, safe in a query. Raises ValueError for control characters."""
    if any(unicodedata.category(character) == "Cc" for character in value):
        raise ValueError("a query of QuickBooks cannot hold control characters")
    # The backslash first: otherwise the one that escapes the quote would be escaped itself.
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def page_of(entity: str, *, start: int, size: int, where: str = "") -> str:
    """Return the query for one page of an entity, inactive names included; `start` counts from 1."""
    return f"SELECT * FROM {entity}{_conditions(entity, where)} ORDERBY Id STARTPOSITION {start} MAXRESULTS {size}"  # noqa: S608


def ids_of(entity: str, *, start: int, size: int) -> str:
    """Return the query for a page of ids alone."""
    return f"SELECT Id FROM {entity}{_conditions(entity)} ORDERBY Id STARTPOSITION {start} MAXRESULTS {size}"  # noqa: S608


def count_of(entity: str, where: str = "") -> str:
    """Return the query that counts an entity, inactive names included."""
    return f"SELECT count(*) FROM {entity}{_conditions(entity, where)}"  # noqa: S608


def entity_in(statement: str) -> str:
    """Return which entity a query asks for. Raises ValueError when it is none of ours."""
    found = _FROM.match(statement)
    if found is None:
        raise ValueError(f"not a query: {statement!r}")
    return found[1]


def one_of(values: Iterable[str]) -> str:
    """Return a list of quoted values for IN."""
    return "(" + ", ".join(quote(value) for value in values) + ")"


def _conditions(entity: str, where: str = "") -> str:
    conditions = [_ALL_ROWS] if entity in NAME_LISTS else []
    if where:
        conditions.append(where)
    return " WHERE " + " AND ".join(conditions) if conditions else ""
