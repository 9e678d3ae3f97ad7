"""The installed Stripe SDK's own types as a schema: for the stand-in's answers and for the requests the product makes.

Reads annotations only and calls nothing. Law: what the SDK cannot name, or calls by another type or another word, is an
error; a field the SDK does not mark optional must be there.
"""

from __future__ import annotations

import builtins
import importlib
import inspect
import types
import typing
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ForwardRef, Literal, NotRequired, Required, Union, get_args, get_origin

import stripe
import stripe.params
from stripe import ListObject, StripeObject
from stripe._request_options import RequestOptions
from stripe._stripe_object import UntypedStripeObject
from typing_extensions import is_typeddict

_REQUEST_OPTIONS = frozenset(RequestOptions.__annotations__)
# Resources that the SDK's modules import under another name, or keep in a namespace.
_ALIASES = {
    "AccountOwnership": "financial_connections.AccountOwnership",
    "AccountResource": "Account",
    "CardResource": "Card",
    "DisputeResource": "Dispute",
    "SourceResource": "Source",
    "IssuingDisputeResource": "issuing.Dispute",
    "Authorization": "issuing.Authorization",
    "Transaction": "issuing.Transaction",
    "TestClock": "test_helpers.TestClock",
}


def check_object(resource: type[StripeObject], body: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a JSON object that claims to be this resource; empty when nothing is."""
    return list(_object_errors(resource, body, resource.__name__))


def check_params(params: Any, form: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a decoded request (nested dictionaries of strings) by an SDK params TypedDict."""
    return list(_params_errors(params, form, params.__name__))


def resource_of(body: Mapping[str, Any]) -> type[StripeObject]:
    """Return the SDK class of a JSON object by its `object`. Raises LookupError when the SDK has none."""
    from stripe._object_classes import get_object_class

    found = get_object_class("V1", str(body["object"]))
    if found is StripeObject:
        raise LookupError(f"the SDK has no class for {body['object']!r}")
    return found


_FIELDS: dict[int, dict[str, Any]] = {}


def fields_of(owner: Any) -> dict[str, Any]:
    """Return the fields of a resource, an inner class or a params TypedDict, with their types resolved."""
    if id(owner) not in _FIELDS:
        _FIELDS[id(owner)] = _fields(owner)
    return _FIELDS[id(owner)]


def _fields(owner: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    lineage = [owner] if is_typeddict(owner) else [c for c in reversed(owner.__mro__) if issubclass(c, StripeObject)]
    for cls in lineage:
        if cls is StripeObject:
            continue
        for name, annotation in inspect.get_annotations(cls).items():
            resolved = _resolve(annotation, cls)
            option_of_the_call = is_typeddict(cls) and name in _REQUEST_OPTIONS
            if get_origin(resolved) is not typing.ClassVar and not option_of_the_call and name[0] != "_":
                found[name] = resolved
    return found


def _resolve(annotation: Any, owner: type[Any]) -> Any:
    while isinstance(annotation, str | ForwardRef):
        text = annotation if isinstance(annotation, str) else annotation.__forward_arg__
        annotation = eval(text, _Names(owner))
    return annotation


class _Names(dict[str, Any]):
    """The names an SDK annotation may use: its module's, its class's, its params module's and the resources."""

    def __init__(self, owner: type[Any]) -> None:
        super().__init__(vars(importlib.import_module(owner.__module__)))
        self._owner = owner

    def __missing__(self, name: str) -> Any:
        for place in (builtins, typing, self._owner, stripe.params, stripe):
            if hasattr(place, name):
                return getattr(place, name)
        found: Any = stripe
        for part in _ALIASES.get(name, name).split("."):
            if not hasattr(found, part):
                raise NameError(f"{self._owner.__qualname__} names {name}, which stands nowhere")
            found = getattr(found, part)
        return found


def _alternatives(annotation: Any, owner: type[Any]) -> list[Any]:
    """Return the members of a union, flattened and resolved; a lone type is a union of one."""
    resolved = _resolve(annotation, owner)
    if get_origin(resolved) in (NotRequired, Required):
        return _alternatives(get_args(resolved)[0], owner)
    if get_origin(resolved) in (Union, types.UnionType):
        return [one for member in get_args(resolved) for one in _alternatives(member, owner)]
    return [resolved]


def _object_errors(resource: type[Any], body: Any, at: str) -> typing.Iterator[str]:
    if not isinstance(body, Mapping):
        yield f"{at}: {type(body).__name__} where an object belongs"
        return
    fields = fields_of(resource)
    for name in body:
        if name not in fields:
            yield f"{at}.{name}: the SDK knows no such field"
    for name, annotation in fields.items():
        options = _alternatives(annotation, resource)
        if name in body:
            yield from _value_errors(options, body[name], f"{at}.{name}", resource)
        elif type(None) not in options and name != "deleted":
            yield f"{at}.{name}: missing"


def _value_errors(options: list[Any], value: Any, at: str, owner: type[Any]) -> typing.Iterator[str]:
    """Yield errors unless one alternative fits; of several, those of the alternative that fits best."""
    words = [word for option in options if get_origin(option) is Literal for word in get_args(option)]
    if words and isinstance(value, str):
        if value not in words:
            yield f"{at}: {value!r} is none of {', '.join(map(repr, words[:12]))}"
        return
    best: list[str] | None = None
    for option in _likely(options, value):
        errors = list(_one_errors(option, value, at, owner))
        if not errors:
            return
        best = errors if best is None or len(errors) < len(best) else best
    yield from best or []


def _likely(options: list[Any], value: Any) -> list[Any]:
    """Return the alternatives worth comparing: of resources, the one that the value says it is."""
    if isinstance(value, Mapping) and "object" in value:
        named = [one for one in options if getattr(one, "OBJECT_NAME", None) == value["object"]]
        return named or options
    return options if value is None else [one for one in options if one is not type(None)]


def _one_errors(option: Any, value: Any, at: str, owner: type[Any]) -> typing.Iterator[str]:
    origin, inner = get_origin(option), get_args(option)
    if option is Any:
        return
    if option is type(None):
        if value is not None:
            yield f"{at}: {value!r} where null belongs"
    elif origin is list:
        yield from _list_errors(inner[0], value, at, owner)
    elif origin in (dict, UntypedStripeObject):
        yield from _map_errors(inner[-1], value, at, owner)
    elif origin is ListObject:
        yield from _page_errors(inner[0], value, at, owner)
    elif isinstance(option, type) and issubclass(option, StripeObject):
        if "object" in fields_of(option) and isinstance(value, Mapping):
            yield from _value_errors(
                _alternatives(fields_of(option)["object"], option), value.get("object"), f"{at}.object", option
            )
        yield from _object_errors(option, value, at)
    elif not _is_a(option, value):
        yield f"{at}: {value!r} is not {getattr(option, '__name__', option)}"


def _list_errors(inner: Any, value: Any, at: str, owner: type[Any]) -> typing.Iterator[str]:
    if not isinstance(value, list):
        yield f"{at}: {value!r} where a list belongs"
        return
    for index, one in enumerate(value):
        yield from _value_errors(_alternatives(inner, owner), one, f"{at}[{index}]", owner)


def _map_errors(inner: Any, value: Any, at: str, owner: type[Any]) -> typing.Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"{at}: {value!r} where a map belongs"
        return
    for key, one in value.items():
        yield from _value_errors(_alternatives(inner, owner), one, f"{at}[{key}]", owner)


def _page_errors(inner: Any, value: Any, at: str, owner: type[Any]) -> typing.Iterator[str]:
    if not isinstance(value, Mapping) or value.get("object") != "list":
        yield f"{at}: {value!r} where a list object belongs"
        return
    if set(value) != {"object", "url", "has_more", "data"}:
        yield f"{at}: a list object with {sorted(value)}"
    yield from _list_errors(inner, value.get("data"), f"{at}.data", owner)


def _is_a(option: Any, value: Any) -> bool:
    if option is bool:
        return isinstance(value, bool)
    if option in (int, float):
        return isinstance(value, int if option is int else int | float) and not isinstance(value, bool)
    return isinstance(value, str) if option in (str, Decimal) else False


def _params_errors(params: Any, form: Any, at: str) -> typing.Iterator[str]:
    if not isinstance(form, Mapping):
        yield f"{at}: {form!r} where parameters belong"
        return
    fields = fields_of(params)
    for name, value in form.items():
        if name not in fields:
            yield f"{at}[{name}]: the SDK knows no such parameter"
        else:
            yield from _param_errors(_alternatives(fields[name], params), value, f"{at}[{name}]", params)
    for name in params.__required_keys__ & fields.keys() - form.keys():
        yield f"{at}[{name}]: required"


def _param_errors(options: list[Any], value: Any, at: str, owner: type[Any]) -> typing.Iterator[str]:
    words = [word for option in options if get_origin(option) is Literal for word in get_args(option)]
    if words and isinstance(value, str) and not {int, bool} & set(options):
        if value not in words:
            yield f"{at}: {value!r} is none of {', '.join(map(repr, words[:12]))}"
        return
    best: list[str] | None = None
    for option in options:
        errors = list(_one_param_errors(option, value, at, owner))
        if not errors:
            return
        best = errors if best is None or len(errors) < len(best) else best
    yield from best or []


def _one_param_errors(option: Any, value: Any, at: str, owner: type[Any]) -> typing.Iterator[str]:
    origin, inner = get_origin(option), get_args(option)
    if is_typeddict(option):
        yield from _params_errors(option, value, at)
    elif origin is list:
        if not isinstance(value, list):
            yield f"{at}: {value!r} where a list belongs"
            return
        for index, one in enumerate(value):
            yield from _param_errors(_alternatives(inner[0], owner), one, f"{at}[{index}]", owner)
    elif origin in (dict, UntypedStripeObject):
        if not isinstance(value, Mapping):
            yield f"{at}: {value!r} where a map belongs"
    elif not _is_written(option, value):
        yield f"{at}: {value!r} is not {getattr(option, '__name__', option)}"


def _is_written(option: Any, value: Any) -> bool:
    """Tell whether a form's text (or a Python value not yet written) can stand for this type."""
    if option is bool:
        return value in ("true", "false", True, False)
    if option is int:
        return not isinstance(value, bool) and str(value).lstrip("-").isdigit()
    if get_origin(option) is Literal:
        return value in get_args(option)
    return isinstance(value, str) if option is str else option is Any
