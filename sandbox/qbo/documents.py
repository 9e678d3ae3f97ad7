"""The documents of one realm, each kept as the JSON text that answers serve, byte for byte.

A body is parsed only when somebody asks for it; what queries compare is kept in columns that are filled on first use.
Law: `text()` is what was put, until it is put again.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from datetime import datetime
from decimal import Decimal
from typing import Any

from sandbox.qbo.codec import Body, decode, encode
from sandbox.qbo.entities import ENTITIES
from sandbox.shelf import Shelf

Column = dict[str, Any]  # id -> comparable value, None where absent


def id_order(key: str) -> tuple[bool, int, str]:
    """Sort ids as numbers; the few that are words (TAX, NON) come last."""
    return (False, int(key), "") if key.isdigit() else (True, 0, key)


def value_at(body: Body, path: str, sort: str) -> Any:
    """Return a property as a value of its sort that compares with others: text, number, flag or instant."""
    value: Any = body
    for step in path.split("."):
        if isinstance(value, list):
            value = value[0] if value else None
        value = value.get(step, value.get(step.lower())) if isinstance(value, dict) else None
    if isinstance(value, dict):
        value = value.get("value", value.get("Address"))
    if value is None:
        return None
    if sort == "number":
        return Decimal(str(value))
    if sort == "instant":
        return datetime.fromisoformat(str(value)).timestamp()
    return value if sort == "flag" else str(value)


class Documents:
    """Everything on the shelf of one realm, by entity and id. Callers hold the lock of the stand-in."""

    def __init__(self, shelf: Shelf, realm: str) -> None:
        self._shelf = shelf
        self._realm = realm
        self._ids: dict[str, list[str]] = {}
        self._columns: dict[tuple[str, str], Column] = {}

    def _kind(self, entity: str) -> str:
        return f"{self._realm}/{entity}"

    def next_id(self, entity: str) -> str:
        """Give the next id: transactions share one sequence, each list has its own."""
        return str(self._shelf.next_number(self._sequence(entity)))

    def _sequence(self, entity: str) -> str:
        return f"{self._realm}/{'transaction' if ENTITIES[entity].transaction else entity}"

    def text(self, entity: str, key: str) -> str | None:
        """Return a document as it is served."""
        held = self._shelf.get(self._kind(entity), key)
        return None if held is None else held["text"]

    def texts(self, entity: str, keys: list[str]) -> list[str]:
        """Return many documents as they are served, in the order of the keys."""
        held = self._shelf.all(self._kind(entity))
        return [held[key]["text"] for key in keys]

    def body(self, entity: str, key: str) -> Body | None:
        """Return a document parsed afresh, the caller's own to change."""
        text = self.text(entity, key)
        return None if text is None else decode(text)

    def ids(self, entity: str) -> list[str]:
        """Return the ids of an entity in their order. Not to be changed."""
        if entity not in self._ids:
            self._ids[entity] = sorted(self._shelf.all(self._kind(entity)), key=id_order)
        return self._ids[entity]

    def count(self, entity: str) -> int:
        """Return how many documents an entity has, inactive ones included."""
        return len(self._shelf.all(self._kind(entity)))

    def put(self, entity: str, key: str, body: Body, text: str | None = None) -> None:
        """Keep a document; `text` are the bytes to serve, written from the body where not given."""
        if self.text(entity, key) is None:
            insort(self.ids(entity), key, key=id_order)
            self._shelf.drop(self._kind(f"{entity}~gone"), key)
        self._shelf.put(self._kind(entity), key, {"text": encode(body) if text is None else text})
        for (of, path), column in self._columns.items():
            if of == entity:
                column[key] = value_at(body, path, _sort(entity, path))

    def reserve(self, entity: str, key: str) -> None:
        """Keep the sequence above an id that came from outside."""
        held = self._shelf.get("_sequence", self._sequence(entity))
        if key.isdigit() and int(key) > (held["last"] if held else 0):
            self._shelf.put("_sequence", self._sequence(entity), {"last": int(key)})

    def drop(self, entity: str, key: str, tombstone: Body | None) -> None:
        """Forget a document and keep the tombstone that CDC shows, if there is to be one."""
        ids = self.ids(entity)
        del ids[bisect_left(ids, id_order(key), key=id_order)]
        self._shelf.drop(self._kind(entity), key)
        for (of, _), column in self._columns.items():
            if of == entity:
                column.pop(key, None)
        if tombstone is not None:
            self._shelf.put(self._kind(f"{entity}~gone"), key, {"text": encode(tombstone)})

    def tombstones(self, entity: str) -> list[Body]:
        """Return the tombstones of an entity, oldest first."""
        return [decode(held["text"]) for held in self._shelf.all(self._kind(f"{entity}~gone")).values()]

    def column(self, entity: str, path: str) -> Column:
        """Return one property of every document by id; filled once, then kept up."""
        column = self._columns.get((entity, path))
        if column is None:
            sort = _sort(entity, path)
            column = {
                key: value_at(decode(held["text"]), path, sort)
                for key, held in self._shelf.all(self._kind(entity)).items()
            }
            self._columns[(entity, path)] = column
        return column


def _sort(entity: str, path: str) -> str:
    return ENTITIES[entity].queryable[path]
