"""Payment method domains: the host names on whose pages wallets and Link may show themselves.

Law: a wallet shows only where its own account registered the page's host; names under `.invalid` never pass a check.
"""

from __future__ import annotations

import re
from typing import Any

from sandbox.stripe import lists
from sandbox.stripe.errors import bad_parameter
from sandbox.stripe.scope import Obj, Scope, new_id

WALLETS = ("amazon_pay", "apple_pay", "google_pay", "klarna", "link", "paypal")
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")


def create(scope: Scope, params: dict[str, Any]) -> Obj:
    """Register a host name; one registered already is answered as it stands."""
    name = (params["domain_name"] or "").lower()
    if not _HOST.fullmatch(name):
        raise bad_parameter("domain_name", f"Invalid domain name: '{name}'. Give a host alone, as in shop.example.com.")
    for held in scope.all("payment_method_domains"):
        if held["domain_name"] == name:
            return held
    domain: Obj = {
        "id": new_id("pmd_"),
        "object": "payment_method_domain",
        "created": scope.now,
        "domain_name": name,
        "enabled": params.get("enabled", True),
        "livemode": False,
    }
    return scope.keep({**domain, **_verdicts(domain)})


def _verdicts(domain: Obj) -> Obj:
    """Return how each wallet stands: active, or inactive with the reason."""
    if domain["enabled"] and not domain["domain_name"].endswith(".invalid"):
        return {wallet: {"status": "active"} for wallet in WALLETS}
    reason = "The domain could not be verified." if domain["enabled"] else None
    told = {"status_details": {"error_message": reason}} if reason else {}
    return {wallet: {"status": "inactive", **told} for wallet in WALLETS}


def retrieve(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Return one domain."""
    return scope.need("payment_method_domains", key, "payment_method_domain")


def list_all(scope: Scope, params: dict[str, Any]) -> Obj:
    """Return a page of domains."""
    rows = lists.matching(scope.all("payment_method_domains"), params, "domain_name", "enabled")
    return lists.page(rows, params, "/v1/payment_method_domains")


def update(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Switch a domain on or off."""
    domain = retrieve(scope, params, key)
    fields = {"enabled": params.get("enabled", domain["enabled"])}
    scope.change(domain, **fields, **_verdicts({**domain, **fields}))
    return domain


def validate(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Look at a domain again."""
    domain = retrieve(scope, params, key)
    scope.change(domain, **_verdicts(domain))
    return domain


def wallets_at(scope: Scope, host: str | None) -> list[str]:
    """Return the wallets that may show on pages of a host."""
    for domain in scope.all("payment_method_domains"):
        if host and domain["domain_name"] == host.lower():
            return [wallet for wallet in WALLETS if domain[wallet]["status"] == "active"]
    return []
