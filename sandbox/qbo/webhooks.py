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
from sandbox.faults import Fault
from sandbox.qbo.codec import encode
from sandbox.qbo.meanings import argument_of
from sandbox.qbo.oauth import OAuth
from sandbox.qbo.switches import Switches
from sandbox.qbo.times import stamp, utc_text
from sandbox.shelf import Doc, Shelf

# Seconds between the attempts on one body; the last repeats.
RETRIES = (0, 10, 20, 30, 300, 1200, 7200, 14400, 21600)
# What fault programmes call the making of a body, and what they can do to one.
OPERATION = "webhook.body"
TROUBLES = frozenset(
    {"dup", "delay", "reorder", "drop", "stop_for", "forged_sig", "old_timestamp", "future_timestamp", "replay"}
)
_WRONG_HOUR = 600
_FORGER = b"a verifier token of a forger"
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
        schedule: Callable[..., Any],
        troubles: Callable[[], list[Fault]],
    ) -> None:
        self._shelf, self._clock, self._switches, self._oauth = shelf, clock, switches, oauth
        self._courier, self._lock, self._commit, self._schedule = courier, lock, commit, schedule
        self._troubles = troubles
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
        faults, now = self._troubles(), self._clock.seconds()
        if argument_of(faults, "drop", 0) is not None:
            return
        old = self._switches["webhook_format"] == "notifications"
        events = _spoilt(events, faults)
        wait = argument_of(faults, "delay", 60)
        held: Doc = {
            "body": encode(_notifications(events) if old else _cloud_events(events)),
            "version": "0.1" if old else "1.0",
            "state": "waiting",
            "attempts": [],
            "due": now + (wait or 0.0),
            "aside": wait is not None,  # a late body lets those behind it pass
            "copies": int(argument_of(faults, "dup", 2) or self._switches["webhook_copies"]),
            "forged": argument_of(faults, "forged_sig", 0) is not None,
            "again_after": argument_of(faults, "replay", 600),
        }
        self._shelf.put("_webhook_body", f"{self._shelf.next_number('webhook_body'):012d}", held)
        if wait:
            self._schedule("webhooks.carry", held["due"])
        self._stop_for(argument_of(faults, "stop_for", 600))

    def _stop_for(self, seconds: float | None) -> None:
        if seconds is not None:
            until = self._clock.seconds() + seconds
            self._shelf.put("_webhook", "stopped", {"until": until})
            self._schedule("webhooks.carry", until)

    def _is_stopped(self) -> bool:
        stopped = self._shelf.get("_webhook", "stopped")
        return stopped is not None and bool(stopped["until"] > self._clock.seconds())

    def carry(self) -> None:
        """Send the oldest body that waits, if it is due and none is under way."""
        if self._under_way or not self.url or self._switches["webhook_mode"] == "hold" or self._is_stopped():
            return
        number = self._next()
        held = None if number is None else self._shelf.get("_webhook_body", number)
        if number is None or held is None:
            return
        self._under_way.add(number)
        if held["forged"]:
            self._send(held, _ignore, key=_FORGER)
        for copy in range(held["copies"]):
            self._send(held, self._outcome_of(number) if copy == 0 else _ignore)

    def _next(self) -> str | None:
        """Return the body to send now: the oldest that waits, and nothing while that one's hour has not come."""
        now = self._clock.seconds()
        for number, held in self._shelf.all("_webhook_body").items():
            if held["state"] == "waiting" and held["due"] <= now:
                return number
            if held["state"] == "waiting" and not held["aside"]:
                return None
        return None

    def replay(self, number: str) -> None:
        """Send the very bytes of a body again, as whoever overheard it would."""
        held = self._shelf.get("_webhook_body", number)
        if held is not None and self.url:
            self._send(held, _ignore)

    def _send(self, held: Doc, outcome: Callable[[int | None], None], *, key: bytes | None = None) -> None:
        headers = self._headers(held, key or self._oauth.app["verifier_token"].encode())
        self._courier.send(Parcel(self.url, headers, held["body"].encode(), outcome))

    def _headers(self, held: Doc, key: bytes) -> dict[str, str]:
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
            if held["again_after"] is not None:
                self._schedule("webhooks.replay", self._clock.seconds() + held["again_after"], number=number)
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


def _spoilt(events: list[Doc], faults: list[Fault]) -> list[Doc]:
    """Return events out of their order or told with a wrong hour, as faults have it."""
    late, early = (
        argument_of(faults, "future_timestamp", _WRONG_HOUR),
        argument_of(faults, "old_timestamp", _WRONG_HOUR),
    )
    shift = (late or 0.0) - (early or 0.0)
    told = [{**event, "at": event["at"] + shift} for event in events]
    seed = argument_of(faults, "reorder", 1)
    if seed is not None:
        random.Random(int(seed)).shuffle(told)
    return told


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
