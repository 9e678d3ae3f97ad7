"""Reads decoded forms against the shapes of `parameters`: unknown names refused, text turned into typed values.

Knows no endpoint. Law: everything refused here is refused before any work begins, so that no idempotent result is kept.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from sandbox.stripe.errors import ApiError, bad_parameter


class Kind(Enum):
    """What a single parameter may hold."""

    TEXT = "text"
    INT = "an integer"
    FLAG = "true or false"
    MAP = "a hash of text"
    ANY = "anything"  # known to Stripe by name; the stand-in does not look inside


TEXT, INT, FLAG, MAP, ANY = Kind.TEXT, Kind.INT, Kind.FLAG, Kind.MAP, Kind.ANY

# A kind, a word, a shape (dictionary; a starred name is required), a list of one, or a tuple of alternatives.
Shape = Any
_METADATA_KEYS, _METADATA_KEY, _METADATA_VALUE = 50, 40, 500
_LONGEST_TEXT = 5000


def read(shape: dict[str, Shape], form: Any, at: str = "") -> dict[str, Any]:
    """Return the typed parameters of a form. Raises ApiError naming the first parameter that is wrong."""
    if not isinstance(form, dict):
        raise bad_parameter(at, f"Invalid {at}: must be a hash")
    kinds = {name.rstrip("*"): kind for name, kind in shape.items()}
    for name in form:
        if name not in kinds:
            param = _under(at, name)
            raise bad_parameter(param, f"Received unknown parameter: {param}", "parameter_unknown")
    for name in shape:
        if name.endswith("*") and form.get(name[:-1], "") == "":
            param = _under(at, name[:-1])
            raise bad_parameter(param, f"Missing required param: {param}.", "parameter_missing")
    return {name: _value(kinds[name], value, _under(at, name)) for name, value in form.items()}


def _under(at: str, name: str) -> str:
    return f"{at}[{name}]" if at else name


def _value(kind: Shape, value: Any, at: str) -> Any:
    """Return one typed value; an empty text clears a text and whatever lists "" among its alternatives."""
    if isinstance(kind, tuple):
        return _alternative(kind, value, at)
    if value == "" and kind not in (TEXT, ANY, ""):
        message = f"You passed an empty string for '{at}'. It cannot be unset."
        raise bad_parameter(at, message, "parameter_invalid_empty")
    if isinstance(kind, dict):
        return read(kind, value, at)
    if isinstance(kind, list):
        return _list(kind[0], value, at)
    return value if kind is ANY else _scalar(kind, value, at)


def _list(kind: Shape, value: Any, at: str) -> list[Any]:
    if not isinstance(value, list):
        raise bad_parameter(at, "Invalid array", "parameter_invalid_array")
    return [_value(kind, one, f"{at}[{index}]") for index, one in enumerate(value)]


def _scalar(kind: Shape, value: Any, at: str) -> Any:
    if kind is MAP:
        return _metadata(value, at)
    if not isinstance(value, str):
        raise bad_parameter(at, f"Invalid {at}: must be {kind.value if isinstance(kind, Kind) else repr(kind)}")
    if kind is INT:
        if not (value.removeprefix("-").isascii() and value.removeprefix("-").isdigit()) or len(value) > 18:
            raise bad_parameter(at, f"Invalid integer: {value}", "parameter_invalid_integer")
        return int(value)
    if kind is FLAG:
        if value not in ("true", "false"):
            raise bad_parameter(at, f"Invalid boolean: {value}", "parameter_invalid_boolean")
        return value == "true"
    if kind is TEXT:
        if len(value) > _LONGEST_TEXT:
            raise bad_parameter(at, f"Invalid string: must be at most {_LONGEST_TEXT} characters")
        return value or None
    if value != kind:
        raise bad_parameter(at, f"Invalid {at}: must be {kind}")
    return value or None


def _alternative(kinds: tuple[Shape, ...], value: Any, at: str) -> Any:
    for kind in kinds:
        try:
            return _value(kind, value, at)
        except ApiError:
            continue
    words = [kind for kind in kinds if isinstance(kind, str) and kind]
    shapes = [kind for kind in kinds if isinstance(kind, dict | list)]
    if shapes and not isinstance(value, str):
        return _value(shapes[0], value, at)  # raises, naming the part that is wrong
    if words:
        raise bad_parameter(at, f"Invalid {at}: must be one of {', '.join(words)}")
    return _value(kinds[-1], value, at)


def _metadata(value: Any, at: str) -> dict[str, str]:
    if isinstance(value, list):
        value = {str(index): text for index, text in enumerate(value)}
    if not isinstance(value, dict):
        raise bad_parameter(at, f"Invalid {at}: must be a hash")
    if len(value) > _METADATA_KEYS:
        raise bad_parameter(at, f"Metadata can have up to {_METADATA_KEYS} keys; you passed {len(value)}.")
    for key, text in value.items():
        if not isinstance(text, str):
            raise bad_parameter(f"{at}[{key}]", "Metadata values must be text.")
        if len(key) > _METADATA_KEY or len(text) > _METADATA_VALUE:
            message = f"Metadata keys can have up to {_METADATA_KEY} characters and values up to {_METADATA_VALUE}."
            raise bad_parameter(f"{at}[{key}]", message)
    return value
