"""Accounts: the platform's own and the connected ones, each with its keys and its bank account.

Law: a key opens its own account; `Stripe-Account` opens a connected one, and only with the platform's secret key.
"""

from __future__ import annotations

import hmac
from fnmatch import fnmatchcase
from typing import Any

from sandbox.stripe import lists
from sandbox.stripe.errors import ApiError
from sandbox.stripe.scope import Ground, Obj, Scope, new_id, random_text

KEYS = "_accounts"
# What a restricted key may do: the permissions a self-hosted Tieout asks for.
RESTRICTED = (
    "customers.*",
    "payment_methods.*",
    "payment_intents.*",
    "setup_intents.*",
    "customer_sessions.*",
    "confirmation_tokens.*",
    "refunds.*",
    "webhook_endpoints.*",
    "charges.retrieve",
    "charges.list",
    "balance.retrieve",
    "balance_transactions.*",
    "payouts.retrieve",
    "payouts.list",
    "disputes.retrieve",
    "disputes.list",
    "events.*",
    "mandates.retrieve",
    "account.retrieve",
)


def open_account(ground: Ground, key: str, *, name: str, connected: bool) -> Obj:
    """Open an account with fresh keys and a bank account; returns its keys."""
    scope = Scope(ground, key)
    bank = scope.keep(_bank(scope))
    scope.keep(_account(scope, name, bank))
    keys = {
        "account": key,
        "connected": connected,
        "secret_key": f"sk_test_{random_text(32)}",
        "restricted_key": f"rk_test_{random_text(32)}",
        "publishable_key": f"pk_test_{random_text(32)}",
    }
    return ground.shelf.put(KEYS, key, keys)


def _bank(scope: Scope) -> Obj:
    return {
        "id": new_id("ba_"),
        "object": "bank_account",
        "account": scope.account,
        "account_holder_name": None,
        "account_holder_type": None,
        "account_type": None,
        "available_payout_methods": ["standard"],
        "bank_name": "STRIPE TEST BANK",
        "country": "US",
        "currency": "usd",
        "default_for_currency": True,
        "fingerprint": random_text(16),
        "future_requirements": None,
        "last4": "6789",
        "metadata": {},
        "requirements": None,
        "routing_number": "110000000",
        "status": "new",
    }


def _account(scope: Scope, name: str, bank: Obj) -> Obj:
    fees = {"payer": "account"}
    return {
        "id": scope.account,
        "object": "account",
        "business_profile": {"name": name, "mcc": None, "url": None, "support_email": None, "support_phone": None},
        "business_type": "company",
        "capabilities": dict.fromkeys(
            ("card_payments", "link_payments", "transfers", "us_bank_account_ach_payments"), "active"
        ),
        "charges_enabled": True,
        "controller": {"type": "account", "fees": fees},
        "country": "US",
        "created": scope.now,
        "default_currency": "usd",
        "details_submitted": True,
        "email": "owner@example.com",
        "external_accounts": {
            "object": "list",
            "url": f"/v1/accounts/{scope.account}/external_accounts",
            "has_more": False,
            "data": [bank],
        },
        "metadata": {},
        "payouts_enabled": True,
        "settings": {
            "branding": {"icon": None, "logo": None, "primary_color": None, "secondary_color": None},
            "card_payments": {"statement_descriptor_prefix": name[:10].upper()},
            "dashboard": {"display_name": name, "timezone": "Etc/UTC"},
            "payments": {"statement_descriptor": name[:22].upper()},
            "payouts": {
                "debit_negative_balances": True,
                "schedule": {"delay_days": 2, "interval": "daily"},
                "statement_descriptor": None,
            },
        },
        "type": "standard",
        "_bank": bank["id"],
        "_currencies": ["usd"],
    }


def holder(ground: Ground, key: str) -> Obj | None:
    """Return the keys of the account that a key of any kind belongs to; compares in constant time."""
    found = None
    for keys in ground.shelf.all(KEYS).values():
        for name in ("secret_key", "restricted_key", "publishable_key"):
            if hmac.compare_digest(keys[name].encode(), key.encode()):
                found = keys
    return found


def chosen(ground: Ground, keys: Obj, wanted: str | None) -> str:
    """Return the account a request works on. Raises ApiError 403 for one that is unknown or not connected."""
    if wanted in (None, "", keys["account"]):
        return str(keys["account"])
    held = ground.shelf.get(KEYS, wanted or "")
    if held is None or not held["connected"] or keys["account"] != ground.platform:
        message = (
            f"The provided key does not have access to account '{wanted}' (or that account does not exist). "
            "Application access may have been revoked."
        )
        raise ApiError(403, message, code="account_invalid", unread=True)
    return str(wanted)


def refuse_unless_permitted(key: str, operation: str) -> None:
    """Raise ApiError when a restricted or a publishable key may not do this."""
    if key.startswith("rk_") and not any(fnmatchcase(operation, allowed) for allowed in RESTRICTED):
        message = f"The provided key does not have the required permissions for {operation}."
        raise ApiError(403, message, code="more_permissions_required", unread=True)


def revoke(ground: Ground, account: str) -> None:
    """Disconnect a connected account, as its owner can."""
    keys = ground.shelf.get(KEYS, account)
    if keys is None or account == ground.platform:
        raise ValueError(f"no connected account {account!r}")
    ground.shelf.put(KEYS, account, {**keys, "connected": False})


def retrieve_own(scope: Scope, params: dict[str, Any]) -> Obj:
    """Return the account the request works on."""
    return scope.need("accounts", scope.account, "account")


def retrieve(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Return the account itself or, for the platform, a connected one."""
    reachable = chosen(scope.ground, {"account": scope.account}, key)
    return Scope(scope.ground, reachable).need("accounts", key, "account")


def list_all(scope: Scope, params: dict[str, Any]) -> Obj:
    """Return a page of the accounts connected to the platform."""
    keys = scope.ground.shelf.all(KEYS).values()
    connected = [row["account"] for row in keys if row["connected"] and scope.account == scope.ground.platform]
    rows = [Scope(scope.ground, account).need("accounts", account, "account") for account in connected]
    return lists.page(lists.matching(rows, params, "created"), params, "/v1/accounts")
