"""Webhooks: events gathered for a moment, signed, delivered, tried again.

Law: while one body is not acknowledged with 200, later ones wait (the real feed has that head-of-line block); a body
keeps its bytes and its signature through every attempt.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import random
import threading
from collections.abc import Callable
from typing import Any

from sandbox import draw
from sandbox.clock import SandboxClock
from sandbox.courier import Courier, Parcel, refuse_unless_loopback
from sandbox.qbo.codec import encode
from sandbox.qbo.oauth import OAuth
from sandbox.qbo.switches import Switches
from sandbox.qbo.times import stamp, utc_text
from sandbox.shelf import Doc, Shelf

# Seconds between the attempts on one body; the last repeats.
RETRIES = (0, 10, 20, 30, 300, 1200, 7200, 14400, 21600)
# What Intuit sends no events for.
NOT_COVERED = frozenset({"TaxCode", "TaxRate", "CompanyInfo"})
_PAST = {
    "Create": "created",
    "Update": "updated",
    "Delete": "deleted",
    "Void": "voided",
    "Merge": "merged",
    "Emailed": "emailed",
}


class Webhooks:
    """Events waiting, bodies under way, and the record of every attempt. Callers hold the lock given."""

    def __init__(
        self,
        shelf: Shelf,
        clock: SandboxClock,
        *,
        switches: Switches,
        oauth: OAuth,
        courier: Courier,
        lock: threading.RLock,
        commit: Callable[[], None],
        schedule: Callable[[str, float], Any],
    ) -> None:
        self._shelf, self._clock, self._switches, self._oauth = shelf, clock, switches, oauth
        self._courier, self._lock, self._commit, self._schedule = courier, lock, commit, schedule
        self._under_way: set[str] = set()

    @property
    def url(self) -> str:
        """Where bodies go; empty while nobody listens."""
        return str((self._shelf.get("_webhook", "target") or {}).get("url", ""))

    def send_to(self, url: str) -> None:
        """Set the receiver, on this machine only. Raises ValueError for another."""
        if url:
            refuse_unless_loopback(url)
        self._shelf.put("_webhook", "target", {"url": url})

    def announce(self, realm: str, entity: str, key: str, operation: str, vanished: str = "") -> None:
        """Note that something changed in a connected company; `vanished` is the id that a merge took away."""
        if not self.url or entity in NOT_COVERED or self._switches["webhook_mode"] == "drop":
            return
        if not self._oauth.is_connected(realm):
            return
        if not self._shelf.all("_webhook_event"):
            self._schedule("webhooks.gather", self._clock.seconds() + float(self._switches["webhook_window"]))
        number = f"{self._shelf.next_number('webhook_event'):012d}"
        event = {"realm": realm, "entity": entity, "id": key, "operation": operation, "at": self._clock.seconds()}
        if vanished:
            event["deleted"] = vanished
        self._shelf.put("_webhook_event", number, event)

    def gather(self) -> None:
        """Make bodies of the events that waited, one company each, and send what may go."""
        events = list(self._shelf.all("_webhook_event").items())
        for number, _ in events:
            self._shelf.drop("_webhook_event", number)
        by_realm: dict[str, list[Doc]] = {}
        for _, event in events:
            by_realm.setdefault(event["realm"], []).append(event)
        for of_realm in by_realm.values():
            if self._switches["webhook_shuffle"]:
                random.Random(str(of_realm)).shuffle(of_realm)
            self._post(of_realm)
        self.carry()

    def _post(self, events: list[Doc]) -> None:
        old = self._switches["webhook_format"] == "notifications"
        body = encode(_notifications(events) if old else _cloud_events(events))
        number = f"{self._shelf.next_number('webhook_body'):012d}"
        self._shelf.put(
            "_webhook_body",
            number,
            {
                "body": body,
                "version": "0.1" if old else "1.0",
                "state": "waiting",
                "attempts": [],
                "due": self._clock.seconds(),
            },
        )

    def carry(self) -> None:
        """Send the oldest body that waits, if it is due and none is under way."""
        if self._under_way or not self.url or self._switches["webhook_mode"] == "hold":
            return
        first = next(((n, b) for n, b in self._shelf.all("_webhook_body").items() if b["state"] == "waiting"), None)
        if first is None or first[1]["due"] > self._clock.seconds():
            return
        number, held = first
        self._under_way.add(number)
        headers = self._headers(held)
        for copy in range(int(self._switches["webhook_copies"])):
            outcome = self._outcome_of(number) if copy == 0 else _ignore
            self._courier.send(Parcel(self.url, headers, held["body"].encode(), outcome))

    def _headers(self, held: Doc) -> dict[str, str]:
        key = self._oauth.app["verifier_token"].encode()
        digest = hmac.new(key, held["body"].encode(), hashlib.sha256).digest()
        return {
            "content-type": "application/json; charset=utf-8",
            "user-agent": "intuit_notification_server/0.1",
            "intuit-signature": base64.b64encode(digest).decode(),
            "intuit-signature-algorithm": "HMAC-SHA256",
            "intuit-t-id": draw.uuid_text(),
            "intuit-created-time": stamp(self._clock.seconds()),
            "intuit-notification-schema-version": held["version"],
        }

    def _outcome_of(self, number: str) -> Callable[[int | None], None]:
        def outcome(status: int | None) -> None:
            with self._lock:
                self._under_way.discard(number)
                self._settle(number, status)
                self.carry()
                self._commit()

        return outcome

    def _settle(self, number: str, status: int | None) -> None:
        held = self._shelf.get("_webhook_body", number)
        if held is None:
            return
        attempts = [*held["attempts"], {"at": self._clock.seconds(), "status": status}]
        if status == 200:
            self._shelf.put("_webhook_body", number, {**held, "attempts": attempts, "state": "delivered"})
            return
        due = self._clock.seconds() + RETRIES[min(len(attempts) - 1, len(RETRIES) - 1)]
        self._shelf.put("_webhook_body", number, {**held, "attempts": attempts, "due": due})
        self._schedule("webhooks.carry", due)

    def listing(self) -> dict[str, Any]:
        """Return the receiver, what waits, and every body with its attempts."""
        bodies = [{"number": number, **body} for number, body in self._shelf.all("_webhook_body").items()]
        return {"url": self.url, "events_waiting": len(self._shelf.all("_webhook_event")), "bodies": bodies}


def _ignore(status: int | None) -> None:
    """What becomes of a needless copy."""


def _notifications(events: list[Doc]) -> dict[str, Any]:
    entities = []
    for event in events:
        told = {"name": event["entity"], "id": event["id"], "operation": event["operation"]}
        told["lastUpdated"] = utc_text(event["at"])
        entities.append({**told, "deletedId": event["deleted"]} if "deleted" in event else told)
    return {"eventNotifications": [{"realmId": events[0]["realm"], "dataChangeEvent": {"entities": entities}}]}


def _cloud_events(events: list[Doc]) -> list[dict[str, Any]]:
    return [
        {
            "specversion": "1.0",
            "id": draw.uuid_text(),
            "source": "intuit.dsnBgbseACLLRZNxo2dfc4evmEJdxde58xeeYcZliOU=",
            "type": f"qbo.{event['entity'].lower()}.{_PAST[event['operation']]}.v1",
            "datacontenttype": "application/json",
            "time": utc_text(event["at"]).replace("Z", "179851Z"),  # the real feed has nanoseconds
            "intuitentityid": event["id"],
            "intuitaccountid": event["realm"],
            "data": {},
        }
        for event in events
    ]
