"""Financial Connections, as far as a payment needs it: test institutions and the accounts a payer connects there.

Law: only the published test accounts can be connected; an account connected this way needs no microdeposits.
"""

from __future__ import annotations

from typing import Any

from sandbox.stripe import banks, events, lists
from sandbox.stripe.errors import ApiError, bad_parameter
from sandbox.stripe.scope import Obj, Scope, new_id


def create(scope: Scope, params: dict[str, Any]) -> Obj:
    """Connect a test bank account through one of the test institutions. Raises ApiError for one that is down."""
    reasons = dict(banks.INSTITUTIONS)
    if params["institution"] not in reasons:
        raise bad_parameter("institution", f"No such institution: '{params['institution']}'.")
    if reason := reasons[params["institution"]]:
        raise ApiError(400, reason, code="institution_unavailable", param="institution")
    number = params["account_number"]
    if number not in banks.BY_NUMBER:
        raise bad_parameter("account_number", "No such test account.", "account_number_invalid")
    connection: Obj = {
        "id": new_id("fca_"),
        "object": "financial_connections.account",
        "account_holder": None,
        "account_numbers": None,
        "balance": None,
        "balance_refresh": None,
        "category": "cash",
        "created": scope.now,
        "display_name": banks.BY_NUMBER[number].label,
        "institution_name": params["institution"],
        "last4": number[-4:],
        "livemode": False,
        "ownership": None,
        "ownership_refresh": None,
        "permissions": ["payment_method"],
        "status": "active",
        "subcategory": "checking",
        "subscriptions": [],
        "supported_payment_method_types": ["us_bank_account"],
        "transaction_refresh": None,
        "_number": number,
    }
    scope.keep(connection)
    events.emit(scope, "financial_connections.account.created", connection)
    return connection


def hold(scope: Scope, key: str | None, customer: str) -> None:
    """Note whose account a connection is, once a payment method made of it belongs to a customer."""
    connection = scope.find(key)
    if connection is not None:
        scope.change(connection, account_holder={"type": "customer", "customer": customer})


def retrieve(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Return one connected account."""
    return scope.need("connections", key, "account")


def list_all(scope: Scope, params: dict[str, Any]) -> Obj:
    """Return a page of connected accounts, of one customer where asked."""
    rows = scope.all("connections")
    if customer := (params.get("account_holder") or {}).get("customer"):
        rows = [row for row in rows if (row["account_holder"] or {}).get("customer") == customer]
    return lists.page(rows, params, "/v1/financial_connections/accounts")


def disconnect(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Give up the access to an account; payment methods made of it stay."""
    connection = retrieve(scope, params, key)
    if connection["status"] != "disconnected":
        scope.change(connection, status="disconnected")
        events.emit(scope, "financial_connections.account.disconnected", connection)
    return connection
