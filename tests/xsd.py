"""Judges QuickBooks JSON by Intuit's own schema: unknown names, wrong types, words that are none of an enumeration.

The schema is Intuit's XSD for the XML form of the same entities; JSON spells it by fixed rules (attributes are keys,
text of an element with attributes is `value`, repeatable elements are arrays). Its "required" marks do not count, for
recorded bodies of the real service break them. It judges no arithmetic.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import pytest
import xmlschema
from xmlschema.validators import XsdAtomicRestriction, XsdComplexType, XsdElement, XsdType

SCHEMA = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "quickbooks_xsd" / "Finance.xsd"

# Names that real bodies have and the schema has not, with why they are let through.
TOLERATED = {
    "Payment.TaxExemptionRef": "the reference documents it on Payment; the schema has it on sales forms alone",
}


@lru_cache(maxsize=1)
def _schema() -> xmlschema.XMLSchema:
    if not SCHEMA.exists():
        pytest.skip("no ../shared/data beside this checkout: Intuit's schema cannot be asked")
    return xmlschema.XMLSchema(str(SCHEMA))


def judge(entity: str, body: dict[str, Any]) -> list[str]:
    """Return what is wrong with a document, each as `path: what`; empty when the schema has nothing against it."""
    kind = _schema().types[entity]
    return list(_judge_object(kind, body, entity))


def _judge_object(kind: XsdComplexType, body: Any, path: str) -> Iterator[str]:
    if not isinstance(body, dict):
        yield f"{path}: expected an object, found {body!r}"
        return
    elements, attributes = _members(kind)
    for name, value in body.items():
        where = f"{path}.{name}"
        if where in TOLERATED:
            continue
        if name in elements:
            yield from _judge_element(elements[name], value, where)
        elif name in attributes:
            yield from _judge_text(attributes[name], value, where)
        elif name == "value" and kind.has_simple_content():
            yield from _judge_text(kind.content, value, where)
        elif not _is_extension(path):
            yield f"{where}: the schema knows no such name"


def _is_extension(path: str) -> bool:
    """Tell whether this is inside an `...Ex` member: JAXB writes there what Java holds, which no schema describes."""
    return any(step.split("[")[0].endswith("Ex") for step in path.split("."))


@cache
def _members(kind: XsdComplexType) -> tuple[dict[str, XsdElement], dict[str, XsdType]]:
    elements: dict[str, XsdElement] = {}
    if not kind.has_simple_content():
        for element in kind.content.iter_elements():
            for one in (element, *_substitutes(element)):
                if one.local_name:
                    elements[one.local_name] = one
    attributes = {str(name): attribute.type for name, attribute in kind.attributes.items() if name}
    return elements, attributes


def _substitutes(element: XsdElement) -> list[XsdElement]:
    if element.name is None or not isinstance(element, XsdElement):
        return []
    return list(element.iter_substitutes())


def _judge_element(element: XsdElement, value: Any, path: str) -> Iterator[str]:
    repeatable = element.max_occurs != 1
    if repeatable and not isinstance(value, list):
        yield f"{path}: expected an array, found {value!r}"
    elif not repeatable and isinstance(value, list):
        yield f"{path}: expected one, found an array"
    elif isinstance(value, list):
        for place, one in enumerate(value):
            yield from _judge_value(element.type, one, f"{path}[{place}]")
    else:
        yield from _judge_value(element.type, value, path)


def _judge_value(kind: XsdType, value: Any, path: str) -> Iterator[str]:
    if _is_extension(path):
        return
    if kind.is_complex():
        yield from _judge_object(kind, value, path)
    else:
        yield from _judge_text(kind, value, path)


def _judge_text(kind: XsdType, value: Any, path: str) -> Iterator[str]:
    """Judge a leaf: its JSON type, then its text by the schema's simple type."""
    root = kind.root_type.local_name if kind.root_type is not None else ""
    wanted: tuple[type, ...] = (str,)
    if root == "boolean":
        wanted = (bool,)
    elif root in ("decimal", "float", "double", "integer"):
        wanted = (int, float)
    if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
        yield f"{path}: expected {'/'.join(one.__name__ for one in wanted)}, found {value!r}"
        return
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if not kind.is_valid(text):
        words = kind.enumeration if isinstance(kind, XsdAtomicRestriction) else None
        yield f"{path}: {value!r} is none of {words}" if words else f"{path}: {value!r} is no {kind.local_name}"
