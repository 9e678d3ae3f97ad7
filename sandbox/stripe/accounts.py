"""Accounts: the platform's own and the connected ones, their keys, and who may reach which of them.

Law: a key opens its own account; `Stripe-Account` opens a connected one, and only with the platform's secret key.
"""

from __future__ import annotations

import hmac
from fnmatch import fnmatchcase
from typing import Any

from sandbox.stripe import businesses, events, lists, payouts
from sandbox.stripe.errors import ApiError, bad_parameter
from sandbox.stripe.scope import Ground, Obj, Scope, random_text

KEYS = "_accounts"
_KEY_NAMES = ("secret_key", "restricted_key", "publishable_key", "access_token")
# What a restricted key may do: the permissions a self-hosted Tieout asks for.
RESTRICTED = (
    "customers.*",
    "payment_methods.*",
    "payment_method_domains.*",
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
    """Open an account that is ready to take money, with fresh keys and a bank account; returns its keys."""
    scope = Scope(ground, key)
    destination = scope.keep(businesses.bank(scope))
    scope.keep(businesses.opened(scope, name, destination))
    return _cut_keys(ground, key, connected=connected, created_by_platform=False)


def _cut_keys(ground: Ground, key: str, *, connected: bool, created_by_platform: bool) -> Obj:
    keys = {
        "account": key,
        "connected": connected,
        "secret_key": f"sk_test_{random_text(32)}",
        "restricted_key": f"rk_test_{random_text(32)}",
        "publishable_key": f"pk_test_{random_text(32)}",
        "created_by_platform": created_by_platform,
        "rights": "read_write",
    }
    return ground.shelf.put(KEYS, key, keys)


def holder(ground: Ground, key: str) -> Obj | None:
    """Return the keys of the account that a key of any kind belongs to; compares in constant time."""
    found = None
    for keys in ground.shelf.all(KEYS).values():
        for name in _KEY_NAMES:
            if hmac.compare_digest((keys.get(name) or "-").encode(), key.encode()):
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


def refuse_if_read_only(ground: Ground, keys: Obj, account: str, method: str) -> None:
    """Raise ApiError when a platform that was allowed to read a connected account wants to write there."""
    if method == "GET" or account == keys["account"]:
        return
    if (ground.shelf.get(KEYS, account) or {}).get("rights") == "read_only":
        message = f"This application does not have the required permissions for this endpoint on account '{account}'."
        raise ApiError(403, message, code="more_permissions_required", unread=True)


def revoke(ground: Ground, account: str) -> None:
    """Disconnect a connected account, as its owner can, and tell the platform. Raises ValueError for any other."""
    keys = ground.shelf.get(KEYS, account)
    if keys is None or account == ground.platform or not keys["connected"]:
        raise ValueError(f"no connected account {account!r}")
    events.emit(Scope(ground, account), "account.application.deauthorized", application(ground))
    ground.shelf.put(KEYS, account, {**keys, "connected": False, "access_token": None, "refresh_token": None})


def application(ground: Ground) -> Obj:
    """Return the application with which the platform connects accounts."""
    account = Scope(ground, ground.platform).need("accounts", ground.platform, "account")
    return {"id": client_id(ground), "object": "application", "name": account["settings"]["dashboard"]["display_name"]}


def client_id(ground: Ground) -> str:
    """Return the platform's client id for OAuth; the first call makes it."""
    held = ground.shelf.get("_application", "client") or ground.shelf.put(
        "_application", "client", {"id": f"ca_{random_text(32)}"}
    )
    return str(held["id"])


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


def create(scope: Scope, params: dict[str, Any]) -> Obj:
    """Open a connected account that has yet to be told about; its owner goes on through an account link."""
    if scope.account != scope.ground.platform:
        raise ApiError(400, "You can only create new accounts as a platform.", code="platform_account_required")
    if params.get("type") and params.get("controller"):
        raise bad_parameter("type", "You may only specify one of these parameters: type, controller.")
    if (params.get("country") or "US") != "US":
        raise bad_parameter("country", "The sandbox opens accounts in the US only.", "country_unsupported")
    own = Scope(scope.ground, f"acct_1{random_text(15)}", scope.asker)
    kind = params.get("type") or (None if params.get("controller") else "standard")
    account = businesses.blank(own, kind=kind, controller=params.get("controller"))
    account.update(businesses.told(account, params))
    own.keep(account)
    _cut_keys(scope.ground, own.account, connected=True, created_by_platform=True)
    payouts.plan_day(own)
    return account


def update(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Change a connected account: one the platform made in full, one that joined by itself in its metadata only."""
    account = retrieve(scope, params, key)
    keys = scope.ground.shelf.all(KEYS)[key]
    if key == scope.account:
        raise ApiError(403, "You cannot perform this call as the secret key is that of the account itself.")
    for name in () if keys.get("created_by_platform") else sorted(set(params) - {"metadata", "expand"}):
        message = f"This application does not have the required permissions for the parameter '{name}' on '{key}'."
        raise ApiError(403, message, code="not_allowed_on_standard_account", param=name)
    change(Scope(scope.ground, key, scope.asker), account, businesses.told(account, params))
    return account


def change(scope: Scope, account: Obj, fields: Obj) -> None:
    """Change an account and say so, if anything changed."""
    previous = scope.change(account, **fields)
    if previous:
        events.emit(scope, "account.updated", account, previous)


def refuse_unless_enabled(scope: Scope) -> None:
    """Raise ApiError when the account may not take money yet."""
    account = scope.need("accounts", scope.account, "account")
    if not account["charges_enabled"]:
        message = "Your account cannot currently make charges: its onboarding is not complete."
        raise ApiError(400, message, code="account_invalid")
