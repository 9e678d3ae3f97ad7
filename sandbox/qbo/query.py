"""The query language: from text to a parsed query, or the faults 4000 and 4001.

`SELECT * | props | count(*) FROM Entity [WHERE prop op value [AND ...]] [ORDERBY | ORDER BY prop [ASC|DESC], ...]
[STARTPOSITION n] [MAXRESULTS n]`. No OR, no NOT, no brackets: a query that works here works there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from sandbox.qbo.entities import BY_NAME, Entity
from sandbox.qbo.refusals import Refusal
from sandbox.qbo.times import read_instant

_TOKEN = re.compile(
    r"""\s*(?:
        '(?P<text>(?:[^'\\]|\\.)*)'
      | (?P<count>count\s*\(\s*\*\s*\))
      | (?P<number>-?\d+(?:\.\d+)?)(?![\w.])
      | (?P<word>[A-Za-z][\w.]*)
      | (?P<sign><=|>=|=|<|>|\*|,|\(|\))
    )""",
    re.VERBOSE | re.IGNORECASE,
)
MOST = 1000
USUAL = 100


@dataclass(frozen=True)
class Condition:
    """One comparison: a property, its sort, an operator and what it is compared with."""

    path: str
    sort: str
    operator: str
    operand: Any


@dataclass(frozen=True)
class Query:
    """A parsed query, checked against the entity's queryable properties."""

    entity: Entity
    counting: bool = False
    properties: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    order: tuple[tuple[str, bool], ...] = ()  # path, descending
    start: int = 1
    limit: int = USUAL


def broken_query(why: str) -> Refusal:
    """4000: the text is no query."""
    return Refusal("4000", "Error parsing query", f"QueryParserError: {why}")


def unqueryable(entity: str, path: str) -> Refusal:
    """4001: the property cannot be asked for."""
    return Refusal("4001", "Invalid query", f"QueryValidationError: property '{path}' is not queryable", element=entity)


def parse(text: str) -> Query:
    """Parse a query. Raises Refusal 4000 or 4001."""
    return _Parser(text).query()


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._at = 0

    def query(self) -> Query:
        self._expect("select")
        counting, properties = self._projection()
        self._expect("from")
        name = self._word("an entity")
        if name not in BY_NAME:
            raise broken_query(f"Metadata not found for Entity: {name}")
        entity = BY_NAME[name]
        conditions = self._where(entity) if self._accept("where") else ()
        order = self._order(entity) if self._accepts_order() else ()
        start, limit = self._window()
        if self._at < len(self._tokens):
            raise broken_query(f"unexpected {self._tokens[self._at][1]!r}")
        for path in properties:
            if path.split(".")[0] not in entity.known:
                raise unqueryable(name, path)
        return Query(entity, counting, properties, conditions, order, start, limit)

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")

    def _take(self) -> tuple[str, str]:
        token = self._peek()
        self._at += 1
        return token

    def _accept(self, keyword: str) -> bool:
        kind, value = self._peek()
        if kind != "text" and value.lower() == keyword:
            self._at += 1
            return True
        return False

    def _expect(self, keyword: str) -> None:
        if not self._accept(keyword):
            raise broken_query(f"expected {keyword.upper()} but found {self._peek()[1]!r}")

    def _word(self, what: str) -> str:
        kind, value = self._take()
        if kind != "word":
            raise broken_query(f"expected {what} but found {value!r}")
        return value

    def _projection(self) -> tuple[bool, tuple[str, ...]]:
        if self._peek()[0] == "count":
            self._at += 1
            return True, ()
        if self._accept("*"):
            while self._accept(","):  # "SELECT *, Sku" is what python-quickbooks sends for items
                self._word("a property")
            return False, ()
        names = [self._word("a property")]
        while self._accept(","):
            names.append(self._word("a property"))
        return False, tuple(names)

    def _property(self, entity: Entity) -> tuple[str, str]:
        path = self._word("a property")
        if path.lower() == "id":
            path = "Id"
        if path not in entity.queryable:
            raise unqueryable(entity.name, path)
        return path, entity.queryable[path]

    def _where(self, entity: Entity) -> tuple[Condition, ...]:
        conditions = [self._condition(entity)]
        while self._accept("and"):
            conditions.append(self._condition(entity))
        return tuple(conditions)

    def _condition(self, entity: Entity) -> Condition:
        path, sort = self._property(entity)
        operator = self._take()[1].lower()
        if operator == "in":
            self._expect("(")
            values = [self._value(path, sort)]
            while self._accept(","):
                values.append(self._value(path, sort))
            self._expect(")")
            return Condition(path, sort, "in", frozenset(values))
        if operator == "like":
            kind, value = self._take()
            if kind != "text":
                raise broken_query("LIKE takes a quoted pattern")
            return Condition(path, sort, "like", _pattern(value))
        if operator not in ("=", "<", ">", "<=", ">="):
            raise broken_query(f"unknown operator {operator!r}")
        return Condition(path, sort, operator, self._value(path, sort))

    def _value(self, path: str, sort: str) -> Any:
        kind, value = self._take()
        if kind not in ("text", "number") and value.lower() not in ("true", "false"):
            raise broken_query(f"expected a value for {path} but found {value!r}")
        try:
            return _typed(value, sort)
        except (ValueError, InvalidOperation):
            raise broken_query(f"{value!r} is no value for {path}") from None

    def _accepts_order(self) -> bool:
        if self._accept("orderby"):
            return True
        if self._accept("order"):
            self._expect("by")
            return True
        return False

    def _order(self, entity: Entity) -> tuple[tuple[str, bool], ...]:
        order = [self._ordering(entity)]
        while self._accept(","):
            order.append(self._ordering(entity))
        return tuple(order)

    def _ordering(self, entity: Entity) -> tuple[str, bool]:
        path, _ = self._property(entity)
        if self._accept("desc"):
            return path, True
        self._accept("asc")
        return path, False

    def _window(self) -> tuple[int, int]:
        start, limit = 1, USUAL
        while True:
            if self._accept("startposition"):
                start = max(1, self._count())
            elif self._accept("maxresults"):
                limit = min(MOST, self._count())
            else:
                return start, limit

    def _count(self) -> int:
        kind, value = self._take()
        if kind != "number" or not value.isdigit():
            raise broken_query(f"expected a count but found {value!r}")
        return int(value)


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens, at = [], 0
    text = text.strip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise broken_query(f"Encountered {text[at : at + 12]!r} at {at}")
        kind = found.lastgroup or ""
        value = found.group(kind)
        tokens.append((kind, re.sub(r"\\(.)", r"\1", value) if kind == "text" else value))
        at = found.end()
    return tokens


def _typed(value: str, sort: str) -> Any:
    if sort == "number":
        return Decimal(value)
    if sort == "instant":
        return read_instant(value)
    if sort == "flag":
        if value.lower() not in ("true", "false"):
            raise ValueError(value)
        return value.lower() == "true"
    return value


def _pattern(like: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in like.split("%")), re.DOTALL)
