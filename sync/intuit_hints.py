"""Intuit's webhooks: is this Intuit's signature, and which objects of which companies does it point at.

Reads both formats, the array of CloudEvents and the older `eventNotifications`. Pure. Laws: the signature is checked
over the bytes as they came, in constant time; one event that cannot be read does not cost the others.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

_LONGEST = 255


@dataclass(frozen=True)
class IntuitHint:
    """What one event says: an object of a company changed."""

    event_id: str
    realm_id: str
    kind: str  # invoice.updated, payment.created, customer.merged ...
    object_id: str


def is_signed(body: bytes, header: str, tokens: Sequence[str]) -> bool:
    """Tell whether one of the verifier tokens signed these bytes; several may be valid while one is rolled."""
    given = header.encode("utf-8", "surrogateescape")
    right = False
    for token in filter(None, tokens):
        made = base64.b64encode(hmac.new(token.encode(), body, hashlib.sha256).digest())
        right = hmac.compare_digest(made, given) or right
    return right


def read_hints(body: bytes) -> list[IntuitHint]:
    """Return the hints of a body; empty when nothing in it can be read."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return []
    if isinstance(said, list):
        return [hint for event in said if (hint := _of_cloud_event(event))]
    notifications = said.get("eventNotifications") if isinstance(said, dict) else None
    return list(_of_notifications(notifications)) if isinstance(notifications, list) else []


def _of_cloud_event(event: Any) -> IntuitHint | None:
    if not isinstance(event, dict):
        return None
    event_id, realm_id, object_id, kind = (
        _text(event.get(name)) for name in ("id", "intuitaccountid", "intuitentityid", "type")
    )
    parts = kind.lower().split(".")  # qbo.invoice.updated.v1
    if not (event_id and realm_id) or len(parts) != 4 or parts[0] != "qbo":
        return None
    return IntuitHint(event_id, realm_id, ".".join(parts[1:3]), object_id)


_OPERATIONS = {
    "create": "created",
    "update": "updated",
    "delete": "deleted",
    "merge": "merged",
    "void": "voided",
    "emailed": "emailed",
}


def _of_notifications(notifications: list[Any]) -> Iterator[IntuitHint]:
    for one in notifications:
        realm_id = _text(one.get("realmId")) if isinstance(one, dict) else ""
        change = one.get("dataChangeEvent") if realm_id else None
        entities = change.get("entities") if isinstance(change, dict) else None
        for entity in entities if isinstance(entities, list) else ():
            if hint := _of_entity(realm_id, entity):
                yield hint


def _of_entity(realm_id: str, entity: Any) -> IntuitHint | None:
    """Read one entity of the older format, which names no event: what it says is its name."""
    if not isinstance(entity, dict):
        return None
    name, object_id, operation, updated = (_text(entity.get(key)) for key in ("name", "id", "operation", "lastUpdated"))
    if not (name and object_id):
        return None
    kind = f"{name.lower()}.{_OPERATIONS.get(operation.lower(), 'changed')}"
    event_id = hashlib.sha256("\n".join((realm_id, kind, object_id, updated)).encode()).hexdigest()
    return IntuitHint(event_id, realm_id, kind, object_id)


def _text(value: Any) -> str:
    """Return a short text, a number written as one included; empty for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return value if isinstance(value, str) and len(value) <= _LONGEST else ""
