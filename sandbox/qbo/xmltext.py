"""Answers in XML, which is what the Accounting API speaks to a client that does not ask for JSON.

Turns the JSON of an answer into Intuit's `IntuitResponse`; knows no entity. Law: the same values, none left out; the
order of elements is the order of the JSON, which Intuit's schema does not promise.
"""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape, quoteattr

from sandbox.qbo.codec import Body, decode

KIND = "application/xml;charset=UTF-8"
SPACE = "http://schema.intuit.com/finance/v3"
_ATTRIBUTES = frozenset(
    {"domain", "sparse", "status", "startPosition", "maxResults", "totalCount", "type", "code", "element", "bId"}
)


def document(inner: str, time: str) -> str:
    """Return an IntuitResponse around elements."""
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    return f"{head}<IntuitResponse time={quoteattr(time)} xmlns={quoteattr(SPACE)}>{inner}</IntuitResponse>"


def from_json(text: str) -> str:
    """Return an answer of the API as XML."""
    body = decode(text)
    time = str(body.pop("time", ""))
    return document("".join(_elements(name, value) for name, value in body.items()), time)


def _elements(name: str, value: Any) -> str:
    """Return one element, or one for each entry of a list."""
    if isinstance(value, list):
        return "".join(_elements(name, one) for one in value)
    if not isinstance(value, dict):
        return "" if value is None else f"<{name}>{escape(_plain(value))}</{name}>"
    if "value" in value and set(value) <= {"value", "name", "type"}:
        attributes = _attributes({key: one for key, one in value.items() if key != "value"})
        return f"<{name}{attributes}>{escape(_plain(value['value']))}</{name}>"
    # A batch's and CDC's answer to one query or one entity stands in the list as a nameless object.
    attributes = _attributes({key: one for key, one in value.items() if key in _ATTRIBUTES})
    inner = "".join(_elements(key, one) for key, one in value.items() if key not in _ATTRIBUTES)
    return f"<{name}{attributes}>{inner}</{name}>"


def _attributes(values: Body) -> str:
    return "".join(f" {name}={quoteattr(_plain(value))}" for name, value in values.items() if value is not None)


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
