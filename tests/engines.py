"""One memory of compiled statements for all the databases of a test run, which otherwise each begin with none.

Compiling a statement costs more than running it, and every test has a database of its own. Law: engines of one kind
share what a statement compiles to and nothing else: each keeps its own pool, its own file and its own transactions.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine
from sqlalchemy import create_engine as made

_first: dict[str, Engine] = {}


def sharing(url: Any, **wanted: Any) -> Engine:
    """Make an engine as SQLAlchemy does, which compiles into the memory of the first of its kind."""
    engine = made(url, **wanted)
    kind = engine.dialect.name
    if kind not in _first:
        _first[kind] = made("sqlite://") if kind == "sqlite" else made(url)
        with _first[kind].connect():  # now its dialect knows the server's version
            pass
        _first[kind].dispose()
    first = _first[kind]
    engine.dialect = engine.pool._dialect = first.dialect
    engine._compiled_cache = first._compiled_cache  # type: ignore[attr-defined]
    return engine
