"""The stand-in's table of parameters against the types of the installed SDK: the same names, kinds, words and needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

import pytest
import stripe
import stripe.params.financial_connections
import stripe.params.radar
import stripe.params.test_helpers
from typing_extensions import is_typeddict

from sandbox.stripe import routes
from sandbox.stripe.browser import ONLY_BROWSER
from sandbox.stripe.parameters import PARAMETERS, UNPLAYED
from sandbox.stripe.shapes import ANY, Kind
from tests.stripe_types import _alternatives, check_params, fields_of

Told = tuple[frozenset[Any], bool]  # what a parameter may hold, and whether it is required
# Words too many to list: the table says text, and the work itself refuses what it does not play.
_MANY_WORDS = 9
_CLASSES = {
    "account.retrieve": "AccountRetrieveCurrentParams",
    "customers.payment_methods.list": "CustomerPaymentMethodListParams",
    "customers.payment_methods.retrieve": "CustomerPaymentMethodRetrieveParams",
}


def class_of(operation: str) -> Any:
    """Return the SDK's TypedDict of an operation."""
    if operation == "test_helpers.confirmation_tokens.create":
        return stripe.params.test_helpers.ConfirmationTokenCreateParams
    if operation.startswith("financial_connections."):
        verb = operation.rpartition(".")[2]
        return getattr(stripe.params.financial_connections, f"Account{verb.title()}Params")
    if operation == "test_helpers.refunds.expire":
        return stripe.params.test_helpers.RefundExpireParams
    if operation.startswith("radar."):
        return class_in(stripe.params.radar, operation.removeprefix("radar."))
    return class_in(stripe.params, operation)


def class_in(place: Any, operation: str) -> Any:
    resource, verb = operation.rsplit(".", 1)
    name = "".join(word.title() for word in resource.removesuffix("s").split("_"))
    usual = f"{name}{''.join(word.title() for word in verb.split('_'))}Params"
    return getattr(place, _CLASSES.get(operation, usual))


def told_by_table(shape: Any, at: str = "") -> Iterator[tuple[str, Told]]:
    for starred, kind in shape.items():
        name = starred.rstrip("*")
        yield from _table_kind(kind, f"{at}[{name}]" if at else name, starred.endswith("*"))


def _table_kind(kind: Any, path: str, required: bool) -> Iterator[tuple[str, Told]]:
    kinds = kind if isinstance(kind, tuple) else (kind,)
    yield path, (frozenset(_table_word(one) for one in kinds), required)
    for one in kinds:
        if isinstance(one, dict):
            yield from told_by_table(one, path)
        elif isinstance(one, list):
            yield from _table_kind(one[0], f"{path}[]", False)


def _table_word(kind: Any) -> Any:
    if isinstance(kind, Kind):
        return kind
    return {dict: "hash", list: "list"}.get(type(kind), f"={kind}")


def told_by_sdk(params: Any, at: str = "") -> Iterator[tuple[str, Told]]:
    for name, annotation in fields_of(params).items():
        path = f"{at}[{name}]" if at else name
        yield from _sdk_kind(_alternatives(annotation, params), path, name in params.__required_keys__, params)


def _sdk_kind(options: list[Any], path: str, required: bool, owner: Any) -> Iterator[tuple[str, Told]]:
    yield path, (_sdk_words(options), required)
    for option in options:
        if is_typeddict(option):
            yield from told_by_sdk(option, path)
        elif get_origin(option) is list:
            yield from _sdk_kind(_alternatives(get_args(option)[0], owner), f"{path}[]", False, owner)


def _sdk_words(options: list[Any]) -> frozenset[Any]:
    words = [word for option in options if get_origin(option) is Literal for word in get_args(option)]
    found: set[Any] = {f"={word}" for word in words}
    for option in options:
        if option in (int, bool):
            found.add(Kind.INT if option is int else Kind.FLAG)
        elif is_typeddict(option):
            found.add("hash")
        elif get_origin(option) is list:
            found.add("list")
        elif get_origin(option) is not None and get_origin(option) is not Literal:
            found.add(Kind.MAP)
    plain_text = str in options and found <= {"="}
    return frozenset({Kind.TEXT}) if plain_text or len(words) >= _MANY_WORDS else frozenset(found)


@pytest.mark.parametrize("operation", sorted(PARAMETERS))
def test_the_table_says_what_the_sdk_says(operation: str) -> None:
    ours = dict(told_by_table(PARAMETERS[operation]))
    opaque = [path for path, (kinds, _) in ours.items() if ANY in kinds]
    theirs = {
        path: told
        for path, told in told_by_sdk(class_of(operation))
        if not any(path.startswith(f"{one}[") for one in opaque)
    }
    assert sorted(ours) == sorted(theirs)
    differing = {path: (ours[path], theirs[path]) for path in ours if path not in opaque and ours[path] != theirs[path]}
    assert differing == {}


def test_every_operation_of_the_api_has_its_table_and_no_table_is_left_over() -> None:
    assert {operation.name for operation in routes.OPERATIONS} - ONLY_BROWSER == set(PARAMETERS)


def test_what_is_not_played_is_at_least_known() -> None:
    known = {name.rstrip("*") for table in PARAMETERS.values() for name in table}
    assert known >= UNPLAYED


def test_the_checker_sees_what_is_wrong_with_a_request() -> None:
    wrong = {
        "amount": "ten",
        "foo": "1",
        "capture_method": "later",
        "automatic_payment_methods": {"allow_redirects": "never"},
        "metadata": "text",
    }
    errors = check_params(stripe.params.PaymentIntentCreateParams, wrong)
    assert len(errors) == 6
    for part in ("[amount]", "[foo]", "[capture_method]", "[enabled]: required", "[metadata]", "[currency]: required"):
        assert any(part in error for error in errors), part
    right = {
        "amount": "10",
        "currency": "usd",
        "confirm": "true",
        "off_session": "one_off",
        "expand": ["latest_charge"],
    }
    assert check_params(stripe.params.PaymentIntentCreateParams, right) == []
