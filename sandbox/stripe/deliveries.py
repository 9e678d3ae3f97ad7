"""Deliveries: one for each event and endpoint, signed when sent, tried again for three days, or spoiled on purpose.

Law: a delivery is on the shelf before it is sent, so that a crash sends it again and never loses it. Signatures carry
the instant of sending, not of the event.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import random
from threading import RLock
from typing import Any

from sandbox.courier import Courier, Parcel
from sandbox.stripe import endpoints
from sandbox.stripe.calendar import DAY
from sandbox.stripe.scope import Ground, Obj, Scope, new_id, public

KIND, _MODE = "_deliveries", "_webhook_mode"
DEFAULT_MODE: Obj = {"mode": "deliver", "duplicate": False, "shuffle": False, "delay_seconds": 0, "twins": False}
MODES = ("deliver", "hold", "drop")
# Waits between tries, in seconds of the stand-ins' clock; the last repeats until three days are over (decided by us).
_WAITS = (10, 60, 300, 1800, 7200, 18_000, 36_000, 43_200)
_GIVE_UP_SECONDS = 3 * DAY


def signature(secret: str, body: bytes, at: int) -> str:
    """Return the `Stripe-Signature` header of a body sent at an instant."""
    signed = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={signed}"


class Deliveries:
    """What is to be sent to webhook endpoints. Methods are called under the lock, except the courier's outcomes."""

    def __init__(self, ground: Ground, courier: Courier, lock: RLock, seed: int = 1) -> None:
        self._ground, self._courier, self._lock = ground, courier, lock
        self._ready: list[str] = []
        self._dice = random.Random(seed)
        ground.announce = self.announce
        ground.agenda.teach("deliver", lambda subject: self._due(subject["delivery"]))
        for key, delivery in list(ground.shelf.all(KIND).items()):
            if delivery["state"] == "under_way":
                self._plan(key, delivery, 0)

    @property
    def mode(self) -> Obj:
        """How deliveries are treated now."""
        return {**DEFAULT_MODE, **(self._ground.shelf.get(_MODE, "now") or {})}

    def set_mode(self, **wanted: Any) -> Obj:
        """Change how deliveries are treated; back to `deliver`, what was held goes out."""
        if wanted.get("mode", "deliver") not in MODES:
            raise ValueError(f"mode is one of {', '.join(MODES)}")
        if unknown := set(wanted) - set(DEFAULT_MODE):
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
        self._ground.shelf.put(_MODE, "now", {**self.mode, **wanted})
        if self.mode["mode"] == "deliver":
            for key, delivery in list(self._ground.shelf.all(KIND).items()):
                if delivery["state"] == "held":
                    self._plan(key, delivery, 0)
        return self.mode

    def announce(self, scope: Scope, event: Obj) -> None:
        """Enter an event for every endpoint that wants it."""
        wanting = endpoints.wanting(scope, event["type"])
        for account, endpoint in wanting:
            self._enter(scope, event, account, endpoint)
        if self.mode["twins"] and wanting:
            twin = scope.keep({**event, "id": new_id("evt_")})
            for account, endpoint in wanting:
                self._enter(scope, twin, account, endpoint)

    def _enter(self, scope: Scope, event: Obj, account: str, endpoint: Obj) -> None:
        key = f"{self._ground.shelf.next_number('delivery'):010d}"
        delivery: Obj = {
            "account": scope.account,
            "event": event["id"],
            "endpoint_account": account,
            "endpoint": endpoint["id"],
            "first_at": self._ground.clock.seconds(),
            "tries": [],
            "state": "waiting",
        }
        self._ground.shelf.put(KIND, key, delivery)
        scope.change(event, pending_webhooks=event["pending_webhooks"] + 1)
        self._plan(key, delivery, self.mode["delay_seconds"])

    def _plan(self, key: str, delivery: Obj, wait: float) -> None:
        delivery["state"] = "waiting"
        self._ground.shelf.put(KIND, key, delivery)
        self._ground.agenda.add("deliver", self._ground.clock.seconds() + wait, delivery=key)

    def _due(self, key: str) -> None:
        delivery = self._ground.shelf.get(KIND, key)
        if delivery is None or delivery["state"] != "waiting":
            return
        mode = self.mode["mode"]
        delivery["state"] = {"deliver": "under_way", "hold": "held", "drop": "dropped"}[mode]
        self._ground.shelf.put(KIND, key, delivery)
        if mode == "deliver":
            self._ready.append(key)

    def flush(self) -> int:
        """Send what is due; called after the commit, with the clock at its true instant. Returns how many went out."""
        ready, self._ready = self._ready, []
        if self.mode["shuffle"]:
            self._dice.shuffle(ready)
        parcels = [parcel for key in ready if (parcel := self._parcel(key)) is not None]
        for parcel in parcels:
            self._courier.send(parcel)
            if self.mode["duplicate"]:
                self._courier.send(parcel)
        return len(parcels)

    def _parcel(self, key: str) -> Parcel | None:
        delivery = self._ground.shelf.all(KIND)[key]
        endpoint = Scope(self._ground, delivery["endpoint_account"]).find(delivery["endpoint"])
        event = Scope(self._ground, delivery["account"]).find(delivery["event"])
        if endpoint is None or event is None:
            self._ground.shelf.put(KIND, key, {**delivery, "state": "dropped"})
            return None
        body = json.dumps(public(event), indent=2, ensure_ascii=False).encode()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Stripe-Signature": signature(endpoint["_secret"], body, int(self._ground.clock.seconds())),
        }
        return Parcel(endpoint["url"], headers, body, lambda status: self._outcome(key, status))

    def _outcome(self, key: str, status: int | None) -> None:
        """Note how a try went and plan the next; called by the courier's threads."""
        with self._lock:
            delivery = self._ground.shelf.get(KIND, key)
            if delivery is None or delivery["state"] == "delivered":
                return
            now = self._ground.clock.seconds()
            delivery["tries"].append({"at": int(now), "status": status})
            if status is not None and 200 <= status < 300:
                self._delivered(key, delivery)
            else:
                self._try_again(key, delivery, now)
            self._ground.shelf.commit()

    def _delivered(self, key: str, delivery: Obj) -> None:
        delivery["state"] = "delivered"
        self._ground.shelf.put(KIND, key, delivery)
        scope = Scope(self._ground, delivery["account"])
        event = scope.find(delivery["event"])
        if event is not None:
            scope.change(event, pending_webhooks=max(0, event["pending_webhooks"] - 1))

    def _try_again(self, key: str, delivery: Obj, now: float) -> None:
        if delivery["state"] != "under_way":
            return  # the twin of a duplicated parcel: its first copy planned the next try
        wait = _WAITS[min(len(delivery["tries"]), len(_WAITS)) - 1]
        if now + wait - delivery["first_at"] > _GIVE_UP_SECONDS:
            delivery["state"] = "given_up"
            self._ground.shelf.put(KIND, key, delivery)
        else:
            self._plan(key, delivery, wait)

    def listing(self) -> list[Obj]:
        """Return every delivery with its tries, oldest first."""
        return [{"key": key, **delivery} for key, delivery in self._ground.shelf.all(KIND).items()]
