"""Where a stand-in keeps its documents: dictionaries in memory, written through to one SQLite file when one is given.

Knows nothing of what it holds. Law: after `commit()` returns, everything put before it survives kill -9; what was not
committed is gone after a restart, as in any database.
"""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

Doc = dict[str, Any]

_SCHEMA = "CREATE TABLE IF NOT EXISTS shelf (kind TEXT, key TEXT, doc TEXT NOT NULL, PRIMARY KEY (kind, key))"


class Shelf:
    """Documents by kind and key. Not thread-safe: callers hold the lock of their stand-in."""

    def __init__(self, path: Path | None = None) -> None:
        self._kinds: dict[str, dict[str, Doc]] = {}
        self._dirty: dict[tuple[str, str], Doc | None] = {}
        self._file: sqlite3.Connection | None = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._file.execute("PRAGMA journal_mode=WAL")
            self._file.execute(_SCHEMA)
            for kind, key, text in self._file.execute("SELECT kind, key, doc FROM shelf ORDER BY rowid"):
                self._kinds.setdefault(kind, {})[key] = json.loads(text)

    @classmethod
    def of(cls, holdings: dict[str, dict[str, Doc]]) -> Shelf:
        """Return a shelf in memory that holds these documents, to begin a world where another stood."""
        shelf = cls()
        shelf._kinds = holdings
        return shelf

    def holdings(self) -> dict[str, dict[str, Doc]]:
        """Return every document by kind and key."""
        return self._kinds

    def all(self, kind: str) -> dict[str, Doc]:
        """Return the live dictionary of one kind, in order of first putting. Change documents only through `put`."""
        return self._kinds.setdefault(kind, {})

    def get(self, kind: str, key: str) -> Doc | None:
        """Return one document, or None."""
        return self._kinds.get(kind, {}).get(key)

    def put(self, kind: str, key: str, doc: Doc) -> Doc:
        """Store a document; it is durable after `commit`."""
        self._kinds.setdefault(kind, {})[key] = doc
        self._dirty[(kind, key)] = doc
        return doc

    def drop(self, kind: str, key: str) -> None:
        """Forget a document; absent is fine."""
        if self._kinds.get(kind, {}).pop(key, None) is not None:
            self._dirty[(kind, key)] = None

    def next_number(self, name: str, start: int = 1) -> int:
        """Return the next number of a named sequence; numbers are never given twice."""
        held = self.get("_sequence", name)
        number = start if held is None else int(held["last"]) + 1
        self.put("_sequence", name, {"last": number})
        return number

    def commit(self) -> None:
        """Write what changed since the last commit in one transaction."""
        dirty, self._dirty = self._dirty, {}
        if self._file is None or not dirty:
            return
        self._file.execute("BEGIN IMMEDIATE")
        for (kind, key), doc in dirty.items():
            if doc is None:
                self._file.execute("DELETE FROM shelf WHERE kind = ? AND key = ?", (kind, key))
            else:
                self._file.execute(
                    "INSERT INTO shelf (kind, key, doc) VALUES (?, ?, ?)"
                    " ON CONFLICT (kind, key) DO UPDATE SET doc = excluded.doc",
                    (kind, key, json.dumps(doc, separators=(",", ":"))),
                )
        self._file.execute("COMMIT")

    def close(self) -> None:
        """Close the file; further commits fail."""
        if self._file is not None:
            self._file.close()
