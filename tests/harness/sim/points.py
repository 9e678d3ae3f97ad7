"""The names of every commit that the product's source has, so that a report can say which were never passed.

Read from the source, not from a list that someone must remember. Law: a name made at run time is not guessed.
"""

from __future__ import annotations

import ast
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
ROOMS = ("connector", "oauth", "sync", "jobs", "portal")


@lru_cache(maxsize=1)
def known_commits() -> frozenset[str]:
    """Return the names of all writes in the product, as they stand in `db.write("name")` and `pull.commit("name")`."""
    paths = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    return frozenset(name for path in paths for name in _names(ast.parse(path.read_text())))


def _names(tree: ast.AST) -> list[str]:
    found = []
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("write", "commit")
        ):
            first = node.args[0] if node.args else None
            if isinstance(first, ast.Constant) and isinstance(first.value, str) and " " not in first.value:
                found.append(first.value)
    return found
