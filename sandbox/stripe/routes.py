"""The operations of the API: name, method, path, and the function that does the work.

Data and one look-up. Names are `resource.verb`, as the fault programme and the journal use them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from sandbox.stripe import (
    accounts,
    application_fees,
    attempts,
    balance,
    browser,
    captures,
    charges,
    confirm,
    connections,
    customers,
    debits,
    disputes,
    domains,
    endpoints,
    events,
    evidence,
    fraud_warnings,
    intents,
    links,
    mandates,
    methods,
    payouts,
    refunds,
    sessions,
    setups,
    wallets,
)
from sandbox.stripe.scope import Obj

Run = Callable[..., Obj]


@dataclass(frozen=True)
class Operation:
    """One thing the API can do. `path` holds a star for every id."""

    name: str
    method: str
    path: str
    run: Run


def _resource(path: str, name: str, module: Any, *verbs: str) -> list[Operation]:
    """Return the usual operations of a resource."""
    usual: dict[str, tuple[str, str, str]] = {
        "create": ("POST", path, "create"),
        "list": ("GET", path, "list_all"),
        "retrieve": ("GET", f"{path}/*", "retrieve"),
        "update": ("POST", f"{path}/*", "update"),
        "delete": ("DELETE", f"{path}/*", "delete"),
    }
    rows = []
    for verb in verbs:
        method, where, function = usual.get(verb, ("POST", f"{path}/*/{verb}", verb))
        rows.append(Operation(f"{name}.{verb}", method, where, getattr(module, function)))
    return rows


OPERATIONS: tuple[Operation, ...] = (
    *_resource("/v1/customers", "customers", customers, "create", "list", "retrieve", "update", "delete"),
    Operation("customers.payment_methods.list", "GET", "/v1/customers/*/payment_methods", customers.list_methods),
    Operation(
        "customers.payment_methods.retrieve", "GET", "/v1/customers/*/payment_methods/*", customers.retrieve_method
    ),
    *_resource("/v1/payment_methods", "payment_methods", methods, "create", "list", "retrieve", "update"),
    *_resource("/v1/payment_methods", "payment_methods", methods, "attach", "detach"),
    Operation("payment_intents.create", "POST", "/v1/payment_intents", confirm.create),
    *_resource("/v1/payment_intents", "payment_intents", intents, "list", "retrieve", "update", "cancel"),
    Operation("payment_intents.capture", "POST", "/v1/payment_intents/*/capture", captures.capture),
    Operation("payment_intents.confirm", "POST", "/v1/payment_intents/*/confirm", confirm.confirm),
    Operation(
        "payment_intents.verify_microdeposits", "POST", "/v1/payment_intents/*/verify_microdeposits", debits.verify
    ),
    *_resource("/v1/setup_intents", "setup_intents", setups, "create", "list", "retrieve", "update"),
    *_resource("/v1/setup_intents", "setup_intents", setups, "confirm", "cancel"),
    *_resource("/v1/setup_attempts", "setup_attempts", attempts, "list"),
    Operation("setup_intents.verify_microdeposits", "POST", "/v1/setup_intents/*/verify_microdeposits", setups.verify),
    *_resource("/v1/charges", "charges", charges, "list", "retrieve", "update"),
    *_resource("/v1/refunds", "refunds", refunds, "create", "list", "retrieve", "update", "cancel"),
    *_resource("/v1/disputes", "disputes", disputes, "list", "retrieve", "close"),
    Operation("disputes.update", "POST", "/v1/disputes/*", evidence.update),
    *_resource("/v1/radar/early_fraud_warnings", "radar.early_fraud_warnings", fraud_warnings, "list", "retrieve"),
    Operation("balance.retrieve", "GET", "/v1/balance", balance.retrieve),
    Operation("balance_transactions.list", "GET", "/v1/balance_transactions", balance.list_transactions),
    Operation("balance_transactions.retrieve", "GET", "/v1/balance_transactions/*", balance.retrieve_transaction),
    *_resource("/v1/payouts", "payouts", payouts, "create", "list", "retrieve", "update"),
    *_resource("/v1/payouts", "payouts", payouts, "cancel", "reverse"),
    *_resource("/v1/events", "events", events, "list", "retrieve"),
    *_resource(
        "/v1/webhook_endpoints", "webhook_endpoints", endpoints, "create", "list", "retrieve", "update", "delete"
    ),
    Operation("customer_sessions.create", "POST", "/v1/customer_sessions", sessions.create_customer_session),
    Operation("confirmation_tokens.retrieve", "GET", "/v1/confirmation_tokens/*", sessions.retrieve_token),
    Operation(
        "test_helpers.confirmation_tokens.create",
        "POST",
        "/v1/test_helpers/confirmation_tokens",
        sessions.create_token,
    ),
    *_resource(
        "/v1/financial_connections/accounts",
        "financial_connections.accounts",
        connections,
        "list",
        "retrieve",
        "disconnect",
    ),
    *_resource("/v1/test_helpers/refunds", "test_helpers.refunds", refunds, "expire"),
    *_resource("/v1/mandates", "mandates", mandates, "retrieve"),
    Operation("account.retrieve", "GET", "/v1/account", accounts.retrieve_own),
    *_resource("/v1/accounts", "accounts", accounts, "create", "list", "retrieve", "update"),
    *_resource("/v1/application_fees", "application_fees", application_fees, "list", "retrieve"),
    *_resource("/v1/account_links", "account_links", links, "create"),
    *_resource(
        "/v1/payment_method_domains",
        "payment_method_domains",
        domains,
        "create",
        "list",
        "retrieve",
        "update",
        "validate",
    ),
    # Only the browser's script calls these.
    Operation("elements.session", "GET", "/v1/elements/sessions", browser.session),
    Operation("elements.detach", "POST", "/v1/elements/payment_methods/*/detach", browser.detach),
    Operation(
        "financial_connections.accounts.create", "POST", "/v1/financial_connections/accounts", connections.create
    ),
    Operation("payment_intents.bank_account", "POST", "/v1/payment_intents/*/bank_account", browser.collect),
    Operation("setup_intents.bank_account", "POST", "/v1/setup_intents/*/bank_account", browser.collect),
    Operation("tokens.create", "POST", "/v1/tokens", wallets.create),
    Operation("confirmation_tokens.create", "POST", "/v1/confirmation_tokens", sessions.create_token),
)


def find(method: str, path: str) -> tuple[Operation, list[str]] | None:
    """Return the operation of a request and the ids in its path, or None."""
    parts = path.rstrip("/").split("/")
    for operation in OPERATIONS:
        wanted = operation.path.split("/")
        if operation.method != method or len(wanted) != len(parts):
            continue
        if all(want in ("*", part) for want, part in zip(wanted, parts, strict=True)):
            return operation, [unquote(part) for want, part in zip(wanted, parts, strict=True) if want == "*"]
    return None


def name_of(method: str, path: str) -> str:
    """Return the operation's name for faults and journal; pages and files go by their path."""
    found = find(method, path)
    return found[0].name if found else f"{method} {path}"
