"""QuickBooks' query language: the statements we write, and the one way a value gets into them.

Pure text. Laws: a value is quoted by `quote` and can never end its own quotes; rows are paged in the order of their Id,
which never changes, so that a page cannot lose a row that was edited meanwhile.
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
    return _statement("*", entity, where, f"ORDERBY Id STARTPOSITION {start} MAXRESULTS {size}")


def ids_of(entity: str, *, start: int, size: int) -> str:
    """Return the query for a page of ids alone."""
    return _statement("Id", entity, "", f"ORDERBY Id STARTPOSITION {start} MAXRESULTS {size}")


def count_of(entity: str) -> str:
    """Return the query that counts an entity, inactive names included."""
    return _statement("count(*)", entity, "")


def all_of(entity: str, where: str) -> str:
    """Return the query for all rows of an entity that meet a condition, inactive names included; the first thousand."""
    return _statement("*", entity, where, "MAXRESULTS 1000")


def entity_in(statement: str) -> str:
    """Return which entity a query asks for. Raises ValueError when it is none of ours."""
    found = _FROM.match(statement)
    if found is None:
        raise ValueError(f"not a query: {statement!r}")
    return found[1]


def one_of(values: Iterable[str]) -> str:
    """Return a list of quoted values for IN."""
    return "(" + ", ".join(quote(value) for value in values) + ")"


def _statement(wanted: str, entity: str, where: str, *rest: str) -> str:
    conditions = [condition for condition in (_ALL_ROWS if entity in NAME_LISTS else "", where) if condition]
    filtered = ("WHERE", " AND ".join(conditions)) if conditions else ()
    return " ".join(("SELECT", wanted, "FROM", entity, *filtered, *rest))
