"""Carries out parsed queries and change-data-capture over the documents of a realm.

Answers are joined from the texts on the shelf, so a page of a thousand costs little more than its bytes. Law: a row
shown is the document as last committed, byte for byte.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection
from typing import Any

from sandbox.qbo.books import Books
from sandbox.qbo.codec import Body, decode, encode
from sandbox.qbo.documents import id_order
from sandbox.qbo.entities import BY_NAME, Entity
from sandbox.qbo.query import MOST, Condition, Query
from sandbox.qbo.refusals import Refusal, unknown_property, unsupported
from sandbox.qbo.times import read_instant

CDC_DAYS = 30

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


def select(books: Books, query: Query, *, unseen: Collection[str] = ()) -> str:
    """Return the JSON of a QueryResponse; rows `unseen` are left out, as an index that is behind leaves them."""
    books.settle_balances()
    keys = _matching(books, query)
    if unseen:
        keys = [key for key in keys if key not in unseen]
    if query.counting:
        return f'{{"totalCount":{len(keys)}}}'
    keys = _ordered(books, query, keys)[query.start - 1 : query.start - 1 + query.limit]
    if not keys:
        return "{}"
    _check_emails(books, query.entity, keys)
    texts = books.docs.texts(query.entity.name, keys)
    if query.properties:
        texts = [encode(_projected(decode(text), query.properties)) for text in texts]
    head = f'{{"{query.entity.name}":['
    return f'{head}{",".join(texts)}],"startPosition":{query.start},"maxResults":{len(texts)}}}'


def _matching(books: Books, query: Query) -> list[str]:
    keys = _candidates(books, query)
    asked = {condition.path for condition in query.conditions}
    if query.entity.has_active and "Active" not in asked:
        active = books.docs.column(query.entity.name, "Active")
        keys = [key for key in keys if active[key] is not False]
    for condition in query.conditions:
        column = books.docs.column(query.entity.name, condition.path)
        holds = _test(condition)
        keys = [key for key in keys if holds(column[key])]
    return keys


def _candidates(books: Books, query: Query) -> list[str]:
    """Return the ids to look through: those that are named, where ids are, else all."""
    name = query.entity.name
    for condition in query.conditions:
        if condition.path == "Id" and condition.operator in ("=", "in"):
            named = condition.operand if condition.operator == "in" else [condition.operand]
            return sorted((key for key in named if books.docs.text(name, key) is not None), key=id_order)
    return books.docs.ids(name)


def _test(condition: Condition) -> Callable[[Any], bool]:
    operand = condition.operand
    if condition.operator == "in":
        return lambda value: value in operand
    if condition.operator == "like":
        return lambda value: isinstance(value, str) and operand.fullmatch(value) is not None
    if condition.sort == "id" and condition.operator != "=":
        bound = id_order(str(operand))
        compare = _COMPARE[condition.operator]
        return lambda value: compare(id_order(value), bound)
    if operand in ("", " "):
        return lambda value: (value in (None, "")) is (condition.operator == "=")
    compare = _COMPARE[condition.operator]
    return lambda value: value is not None and compare(value, operand)


def _ordered(books: Books, query: Query, keys: list[str]) -> list[str]:
    if books.switches["id_sorts_as"] == "text":
        keys = sorted(keys)
    for path, descending in reversed(query.order):
        if path == "Id" and len(query.order) == 1:
            return keys[::-1] if descending else keys  # they come in the order of their ids
        column = books.docs.column(query.entity.name, path)
        keys = sorted(keys, key=lambda key: _sortable(path, column[key]), reverse=descending)
    return keys


def _sortable(path: str, value: Any) -> tuple[bool, Any]:
    if path == "Id":
        return True, id_order(value)
    return value is not None, 0 if value is None else value


def _check_emails(books: Books, entity: Entity, keys: list[str]) -> None:
    """Raise 4002 for a page that holds an invoice whose mail address is broken, as the real query engine does."""
    if entity.name != "Invoice":
        return
    if books.broken_emails and any(key in books.broken_emails for key in keys):
        raise Refusal(
            "4002",
            "Error processing query",
            "QueryProcessingError: To email address entered is invalid",
        )


def _projected(body: Body, properties: tuple[str, ...]) -> Body:
    chosen: Body = {"domain": "QBO", "sparse": True}
    for path in properties:
        first, *rest = path.split(".")
        if first in body and not rest:
            chosen[first] = body[first]
        elif isinstance(body.get(first), dict) and rest[0] in body[first]:
            chosen.setdefault(first, {})[rest[0]] = body[first][rest[0]]
    return chosen


def changed_since(books: Books, names: list[str], since: str) -> str:
    """Return the JSON of a CDCResponse. Raises 500 for what cannot be captured, 2010 for no date."""
    entities = [_capturable(name) for name in names]
    start = _start_of(since, books.now() - CDC_DAYS * 86400)
    books.settle_balances()
    left = MOST
    parts = []
    for entity in entities:
        rows = _changes(books, entity, start, exclusive=books.switches["cdc_since"] == "exclusive")[:left]
        if books.switches["cdc_cap"] == "response":
            left -= len(rows)
        count = f'"startPosition":1,"maxResults":{len(rows)},"totalCount":{len(rows)}'
        parts.append(f'{{"{entity.name}":[{",".join(rows)}],{count}}}' if rows else "{}")
    return f'[{{"QueryResponse":[{",".join(parts)}]}}]'


def _start_of(since: str, oldest: float) -> float:
    """Return where the window starts. A date too old is refused, and so is one whose plus sign became a space."""
    try:
        start = read_instant(since)
    except ValueError:
        if " " not in since:
            raise unknown_property("changedSince") from None
        start = 0.0
    if start < oldest:
        why = f"Operation cdc with changedSince date {since} which is older than fixed days is not supported."
        raise Refusal("500", "Unsupported Operation", why)
    return start


def _capturable(name: str) -> Entity:
    entity = BY_NAME.get(name)
    if entity is None or not entity.in_cdc:
        raise unsupported(f"cdc of {name}")
    return entity


def _changes(books: Books, entity: Entity, start: float, *, exclusive: bool) -> list[str]:
    """Return the texts of what changed, tombstones among them, oldest change first. Times are whole seconds."""
    first = int(start) + exclusive
    times = books.docs.column(entity.name, "MetaData.LastUpdatedTime")
    found = [(when, id_order(key), key) for key, when in times.items() if when is not None and when >= first]
    rows = [(when, order, books.docs.text(entity.name, key) or "") for when, order, key in found]
    for body in books.docs.tombstones(entity.name):
        when = read_instant(body["MetaData"]["LastUpdatedTime"])
        if when >= first:
            rows.append((when, id_order(body["Id"]), encode(body)))
    return [text for _, _, text in sorted(rows)]
