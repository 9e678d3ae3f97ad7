"""Webhook endpoints: where the events of an account are sent, and which of them.

Law: the secret is answered once, at creation; only loopback addresses are accepted.
"""

from __future__ import annotations

from typing import Any

from sandbox.courier import refuse_unless_loopback
from sandbox.stripe import lists, methods, versions
from sandbox.stripe.calendar import DAY
from sandbox.stripe.errors import ApiError, bad_parameter
from sandbox.stripe.scope import Obj, Scope, new_id, random_text

_MOST = 16


def create(scope: Scope, params: dict[str, Any], *, secret: str | None = None) -> Obj:
    """Register an endpoint and answer its secret."""
    if len(scope.all("webhook_endpoints")) >= _MOST:
        raise ApiError(400, f"You have reached the maximum of {_MOST} test webhook endpoints.")
    endpoint: Obj = {
        "id": new_id("we_"),
        "object": "webhook_endpoint",
        "api_version": versions.known(params.get("api_version")),
        "application": None,
        "created": scope.now,
        "description": params.get("description"),
        "enabled_events": params["enabled_events"],
        "livemode": False,
        "metadata": params.get("metadata") or {},
        "status": "enabled",
        "url": _url(params["url"]),
        "_secret": secret or f"whsec_{random_text(32)}",
        "_connect": bool(params.get("connect")),
    }
    scope.keep(endpoint)
    return {**endpoint, "secret": endpoint["_secret"]}


def _url(url: str) -> str:
    try:
        refuse_unless_loopback(url)
    except ValueError as error:
        raise bad_parameter("url", f"Invalid URL: {error}", "url_invalid") from error
    return url


def retrieve(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Return one endpoint."""
    return scope.need("webhook_endpoints", key, "webhook_endpoint")


def list_all(scope: Scope, params: dict[str, Any]) -> Obj:
    """Return a page of endpoints."""
    return lists.page(scope.all("webhook_endpoints"), params, "/v1/webhook_endpoints")


def update(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Change an endpoint, switch it off or on."""
    endpoint = retrieve(scope, params, key)
    fields: Obj = {name: params[name] for name in ("description", "enabled_events") if name in params}
    if "url" in params:
        fields["url"] = _url(params["url"])
    if "disabled" in params:
        fields["status"] = "disabled" if params["disabled"] else "enabled"
    if "metadata" in params:
        fields["metadata"] = methods.merged_metadata(endpoint["metadata"], params["metadata"])
    scope.change(endpoint, **fields)
    return endpoint


def delete(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Forget an endpoint; what was still to be sent to it is dropped."""
    scope.drop(retrieve(scope, params, key))
    return {"id": key, "object": "webhook_endpoint", "deleted": True}


def roll_secret(scope: Scope, key: str, hours: int = 24) -> Obj:
    """Give an endpoint a new secret and answer it; for some hours deliveries are signed with the old one too."""
    endpoint = retrieve(scope, {}, key)
    until = scope.now + hours * 3600
    scope.change(endpoint, _old_secret=endpoint["_secret"], _old_until=until, _secret=f"whsec_{random_text(32)}")
    return {**endpoint, "secret": endpoint["_secret"]}


def secrets_of(endpoint: Obj, now: int) -> list[str]:
    """Return the secrets that a delivery is signed with now."""
    old = [endpoint["_old_secret"]] if endpoint.get("_old_secret") and now < endpoint["_old_until"] else []
    return [endpoint["_secret"], *old]


def note_outcome(scope: Scope, endpoint: Obj, taken: bool) -> None:
    """Disable an endpoint that has taken nothing for days, where that is the habit (`disable_after_days`)."""
    if taken:
        scope.change(endpoint, _failing_since=0)
        return
    since = endpoint.get("_failing_since") or scope.now
    days = scope.switches["disable_after_days"]
    failed_long = bool(days) and scope.now - since >= days * DAY
    scope.change(endpoint, _failing_since=since, status="disabled" if failed_long else endpoint["status"])


def wanting(scope: Scope, event_type: str) -> list[tuple[str, Obj]]:
    """Return (account, endpoint) of those that want an event of this account: its own, and the platform's Connect."""
    rows = [(scope.account, row) for row in scope.all("webhook_endpoints") if not row["_connect"]]
    if scope.account != scope.ground.platform:
        platform = Scope(scope.ground, scope.ground.platform)
        rows += [(platform.account, row) for row in platform.all("webhook_endpoints") if row["_connect"]]
    return [
        (account, row)
        for account, row in rows
        if row["status"] == "enabled" and ("*" in row["enabled_events"] or event_type in row["enabled_events"])
    ]
