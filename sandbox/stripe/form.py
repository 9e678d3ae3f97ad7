"""Decodes the bracket notation of form bodies and query strings into nested dictionaries and lists of text.

Knows nothing of which parameters exist. Accepts `a[b]=`, `a[0]=`, `a[]=` and repetitions of the last.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from sandbox.stripe.errors import ApiError

Form = dict[str, Any]
_MOST_LEVELS = 12


def decode(text: str) -> Form:
    """Return the nested parameters of a query string or an urlencoded body. Raises ApiError for crossed brackets."""
    tree: Form = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        _put(tree, _path(name), value, name)
    return {name: _lists(value) for name, value in tree.items()}


def merge(query: Form, body: Form) -> Form:
    """Return both together; the body wins."""
    return {**query, **body}


def _path(name: str) -> list[str]:
    head, bracket, rest = name.partition("[")
    if not bracket or not rest.endswith("]") or not head:
        return [name]
    path = [head, *rest[:-1].split("][")]
    if len(path) > _MOST_LEVELS:
        raise ApiError(400, f"Parameters nested too deeply: {head}", param=head, unread=True)
    return path


def _put(tree: Form, path: list[str], value: str, name: str) -> None:
    here: Any = tree
    for step, following in zip(path, [*path[1:], None], strict=True):
        if not isinstance(here, dict):
            raise ApiError(400, f"Invalid request: {name} is both a value and a hash", param=path[0], unread=True)
        key = str(len(here)) if step == "" else step
        if following is None:
            here[key] = value
        else:
            here = here.setdefault(key, {})


def _lists(value: Any) -> Any:
    """Turn dictionaries keyed 0, 1, 2 … into lists; other numbers stay keys (metadata may have such)."""
    if not isinstance(value, dict):
        return value
    if value and set(value) == {str(index) for index in range(len(value))}:
        return [_lists(value[str(index)]) for index in range(len(value))]
    return {key: _lists(one) for key, one in value.items()}
