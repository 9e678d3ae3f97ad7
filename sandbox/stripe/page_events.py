"""Events, their deliveries and the endpoints they go to, as rows for the pages.

Reads only. Law: a delivery's state is the one on the shelf, and every try is counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sandbox.stripe.deliveries import KIND
from sandbox.stripe.page_rows import SHOWN, moment, sent_words
from sandbox.stripe.scope import Obj, Scope


def events(scope: Scope, wanted: str) -> dict[str, Any]:
    """Return the newest events, those alone whose type or object holds a word where one is given."""
    tries: dict[str, list[Obj]] = {}
    for delivery in scope.ground.shelf.all(KIND).values():
        tries.setdefault(delivery["event"], []).append(delivery)
    found = [row for row in scope.all("events")[::-1] if wanted in row["type"] or wanted == _about(row)]
    rows = [_event_row(row, tries.get(row["id"], [])) for row in found[:SHOWN]]
    return {"events": rows, "more": max(0, len(found) - SHOWN), "q": wanted}


def _event_row(event: Obj, deliveries: Sequence[Obj]) -> dict[str, Any]:
    return {
        "id": event["id"],
        "type": event["type"],
        "about": _about(event),
        "at": moment(event["created"]),
        "by": "the API" if (event["request"] or {}).get("id") else "Stripe or a person",
        "sent": sent_words([one["state"] for one in deliveries]),
        "tries": sum(len(one["tries"]) for one in deliveries),
    }


def _about(event: Obj) -> str:
    return str(event["data"]["object"].get("id", ""))


def webhooks(scope: Scope, mode: Obj) -> dict[str, Any]:
    """Return the endpoints of an account with what became of their deliveries, and how deliveries are treated."""
    counted: dict[str, dict[str, int]] = {}
    for delivery in scope.ground.shelf.all(KIND).values():
        states = counted.setdefault(delivery["endpoint"], {})
        states[delivery["state"]] = states.get(delivery["state"], 0) + 1
    rows = [
        {
            "id": row["id"],
            "url": row["url"],
            "status": row["status"],
            "wants": "every event" if "*" in row["enabled_events"] else ", ".join(row["enabled_events"]),
            "connect": row["_connect"],
            "states": {state.replace("_", " "): n for state, n in sorted(counted.get(row["id"], {}).items())},
        }
        for row in scope.all("webhook_endpoints")
    ]
    return {"endpoints": rows, "mode": mode["mode"]}
