"""Engines for a test run: one memory of compiled statements for all its databases, and no waiting for the disk.

Compiling a statement costs more than running it, and every test has a database of its own. Law: engines of one kind
share what a statement compiles to and nothing else: each keeps its own pool, its own file and its own transactions.
A commit is as visible as ever and survives the death of a process; what it does not survive is a power cut, which no
test makes. Processes that a test starts open their databases as an installation does.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, event
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
    if kind == "sqlite":
        event.listen(engine, "checkout", _without_the_disk)
    return engine


def _without_the_disk(connection: Any, record: Any, _proxy: Any) -> None:
    """Take back the product's synchronous=FULL when a connection is first handed out."""
    if record.info.setdefault("is_durable", True):
        connection.execute("PRAGMA synchronous=OFF")
        record.info["is_durable"] = False
