"""Events: what happened, as an object of its own with a picture of the changed object at that moment.

Law: events are made in the order the changes were made, and each is offered once to the deliveries.
"""

from __future__ import annotations

from typing import Any

from sandbox.stripe import lists
from sandbox.stripe.scope import API_VERSION, Obj, Scope, new_id, public

KEPT_SECONDS = 30 * 86_400


def emit(scope: Scope, event_type: str, obj: Obj, previous: Obj | None = None) -> None:
    """Record that something happened to an object, and offer the event to the webhook endpoints."""
    data: dict[str, Any] = {"object": public(obj)}
    if previous:
        data["previous_attributes"] = public(previous)
    event: Obj = {
        "id": new_id("evt_"),
        "object": "event",
        "api_version": API_VERSION,
        "created": scope.now,
        "data": data,
        "livemode": False,
        "pending_webhooks": 0,
        "request": {"id": scope.asker.request_id, "idempotency_key": scope.asker.idempotency_key},
        "type": event_type,
    }
    if scope.account != scope.ground.platform:
        event["account"] = scope.account
    scope.keep(event)
    scope.ground.announce(scope, event)


def retrieve(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Return one event."""
    return scope.need("events", key, "id")


def list_all(scope: Scope, params: dict[str, Any]) -> Obj:
    """Return a page of the events of the last 30 days."""
    rows = [event for event in scope.all("events") if event["created"] >= scope.now - KEPT_SECONDS]
    rows = lists.matching(rows, params, "created")
    if wanted := [*params.get("types", []), *filter(None, [params.get("type")])]:
        rows = [event for event in rows if any(_fits(event["type"], pattern) for pattern in wanted)]
    if "delivery_success" in params:
        rows = [event for event in rows if (event["pending_webhooks"] == 0) is params["delivery_success"]]
    return lists.page(rows, params, "/v1/events")


def _fits(event_type: str, pattern: str) -> bool:
    return pattern in ("*", event_type) or (pattern.endswith(".*") and event_type.startswith(pattern[:-1]))
