"""Pages of objects in Stripe's manner: newest first, cursors by id, ranges of instants.

Knows nothing of what is listed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sandbox.stripe.errors import bad_parameter, no_such
from sandbox.stripe.scope import Obj

_DEFAULT, _MOST = 10, 100


def page(objects: Iterable[Obj], params: dict[str, Any], url: str) -> Obj:
    """Return one page of objects given oldest first. Raises ApiError for a bad limit or an unknown cursor."""
    rows = list(objects)[::-1]
    limit = params.get("limit", _DEFAULT)
    if not 1 <= limit <= _MOST:
        raise bad_parameter("limit", f"Invalid limit: must be between 1 and {_MOST}", "parameter_invalid_integer")
    if before := params.get("ending_before"):
        newer = rows[: _index(rows, before, "ending_before")]
        return _list(url, newer[-limit:], len(newer) > limit)
    if after := params.get("starting_after"):
        rows = rows[_index(rows, after, "starting_after") + 1 :]
    return _list(url, rows[:limit], len(rows) > limit)


def matching(objects: Iterable[Obj], params: dict[str, Any], *names: str) -> list[Obj]:
    """Return the objects whose fields equal the parameters given, and whose instants lie in the ranges given."""
    wanted = [(name, params[name]) for name in names if params.get(name) is not None]
    tests: list[Callable[[Obj], bool]] = [_test(name, value) for name, value in wanted]
    return [obj for obj in objects if all(test(obj) for test in tests)]


def _test(name: str, value: Any) -> Callable[[Obj], bool]:
    if isinstance(value, dict):
        return lambda obj: _within(obj[name], value)
    return lambda obj: bool(obj.get(name) == value)


def _within(at: int, bounds: dict[str, int]) -> bool:
    return (
        at > bounds.get("gt", at - 1)
        and at >= bounds.get("gte", at)
        and at < bounds.get("lt", at + 1)
        and at <= bounds.get("lte", at)
    )


def _index(rows: list[Obj], key: str, param: str) -> int:
    for index, row in enumerate(rows):
        if row["id"] == key:
            return index
    raise no_such("object", key, param, status=400)


def _list(url: str, rows: list[Obj], has_more: bool) -> Obj:
    return {"object": "list", "url": url, "has_more": has_more, "data": rows}
