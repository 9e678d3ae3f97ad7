"""Customers, and the payment methods seen through them."""

from __future__ import annotations

from typing import Any

from sandbox.stripe import events, lists, methods
from sandbox.stripe.errors import ApiError, unplayed
from sandbox.stripe.scope import Obj, Scope, new_id, random_text

_UNPLAYED = ("source", "default_source", "test_clock", "cash_balance", "tax_id_data")
_PLAIN = (
    "address",
    "balance",
    "business_name",
    "description",
    "email",
    "individual_name",
    "invoice_prefix",
    "name",
    "next_invoice_sequence",
    "phone",
    "preferred_locales",
    "shipping",
    "tax_exempt",
)


def create(scope: Scope, params: dict[str, Any]) -> Obj:
    """Make a customer, with a payment method attached when one is named."""
    _refuse_unplayed(params)
    token = params.get("payment_method")
    method = methods.attachable(scope, token) if token else None
    customer: Obj = {
        "id": new_id("cus_"),
        "object": "customer",
        **dict.fromkeys(_PLAIN),
        "balance": 0,
        "created": scope.now,
        "currency": None,
        "customer_account": None,
        "default_source": None,
        "delinquent": False,
        "discount": None,
        "invoice_prefix": random_text(8).upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": {},
        "next_invoice_sequence": 1,
        "preferred_locales": [],
        "tax_exempt": "none",
        "test_clock": None,
    }
    customer.update(_fields(scope, customer, params))
    scope.keep(customer)
    events.emit(scope, "customer.created", customer)
    if method is not None:
        methods.attach_to(scope, method, customer["id"])
    return customer


def _refuse_unplayed(params: dict[str, Any]) -> None:
    for name in _UNPLAYED:
        if params.get(name):
            raise unplayed(name)


def _fields(scope: Scope, customer: Obj, params: dict[str, Any]) -> Obj:
    fields = {name: params[name] for name in _PLAIN if name in params}
    if params.get("shipping"):
        fields["shipping"] = {"phone": None, **params["shipping"]}
    if "metadata" in params:
        fields["metadata"] = methods.merged_metadata(customer["metadata"], params["metadata"])
    if settings := params.get("invoice_settings"):
        if key := settings.get("default_payment_method"):
            methods.refuse_foreign(scope.need("payment_methods", key, "invoice_settings", status=400), customer["id"])
        fields["invoice_settings"] = {**customer["invoice_settings"], **settings}
    return fields


def _live(scope: Scope, key: str) -> Obj:
    customer = scope.need("customers", key, "id")
    if customer.get("deleted"):
        raise ApiError(404, f"No such customer: '{key}'", code="resource_missing", param="id")
    return customer


def retrieve(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Return one customer; of a deleted one only that it was."""
    return scope.need("customers", key, "id")


def update(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Change a customer."""
    _refuse_unplayed(params)
    customer = _live(scope, key)
    previous = scope.change(customer, **_fields(scope, customer, params))
    if previous:
        events.emit(scope, "customer.updated", customer, previous)
    return customer


def list_all(scope: Scope, params: dict[str, Any]) -> Obj:
    """Return a page of the customers that were not deleted."""
    rows = [customer for customer in scope.all("customers") if not customer.get("deleted")]
    return lists.page(lists.matching(rows, params, "created", "email"), params, "/v1/customers")


def delete(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Delete a customer and detach what they paid with."""
    customer = _live(scope, key)
    for method in scope.all("payment_methods"):
        if method["customer"] == key:
            methods.detach(scope, {}, method["id"])
    events.emit(scope, "customer.deleted", customer)
    gone: Obj = {"id": key, "object": "customer", "deleted": True}
    return scope.keep(gone)


def list_methods(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Return a page of one customer's payment methods."""
    _live(scope, key)
    rows = [method for method in scope.all("payment_methods") if method["customer"] == key]
    rows = lists.matching(rows, params, "type", "allow_redisplay")
    return lists.page(rows, params, f"/v1/customers/{key}/payment_methods")


def retrieve_method(scope: Scope, params: dict[str, Any], key: str, method_key: str) -> Obj:
    """Return one payment method of one customer."""
    method = scope.need("payment_methods", method_key, "payment_method")
    if method["customer"] != key:
        raise ApiError(404, f"No such PaymentMethod: '{method_key}'", code="resource_missing", param="payment_method")
    return method
