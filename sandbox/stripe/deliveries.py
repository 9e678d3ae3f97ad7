"""Deliveries: one for each event and endpoint, signed when sent, tried again for three days, or spoiled on purpose.

What the fault programme does to a single one stands in `spoiling`. Law: a delivery is on the shelf before it is sent,
so that a crash sends it again and never loses it. Signatures carry the instant of sending, not of the event.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from threading import RLock
from typing import Any

from sandbox.courier import Courier, Parcel
from sandbox.faults import Fault
from sandbox.stripe import endpoints, spoiling, versions
from sandbox.stripe.calendar import DAY
from sandbox.stripe.scope import Ground, Obj, Scope, new_id, public

KIND, _MODE = "_deliveries", "_webhook_mode"
DEFAULT_MODE: Obj = {
    "mode": "deliver",
    "duplicate": False,
    "shuffle": False,
    "delay_seconds": 0,
    "twins": False,
    "stopped_until": 0,
}
MODES = ("deliver", "hold", "drop")
_NEVER = -1
# Waits between tries, in seconds of the stand-ins' clock (decided by us): as in live mode, where the last repeats until
# three days are over; or as in a sandbox, three tries in a few hours.
_WAITS = {"live": (10, 60, 300, 1800, 7200, 18_000, 36_000, 43_200), "sandbox": (1800, 7200, _NEVER)}
_GIVE_UP_SECONDS = 3 * DAY


Troubles = Callable[[str, frozenset[str]], list[Fault]]


class Deliveries:
    """What is to be sent to webhook endpoints. Methods are called under the lock, except the courier's outcomes."""

    def __init__(self, ground: Ground, courier: Courier, lock: RLock, troubles: Troubles, seed: int = 1) -> None:
        self._ground, self._courier, self._lock = ground, courier, lock
        self._troubles = troubles  # what the fault programme does to the next delivery of an event's type
        self._ready: list[str] = []
        self._dice = random.Random(seed)
        ground.announce = self.announce
        ground.agenda.teach("deliver", lambda subject: self._due(subject["delivery"]))
        ground.agenda.teach("replay", self._replay)
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
        twin_due = bool(wanting) and bool(self._troubles(event["type"], spoiling.TWICE))
        if wanting and (self.mode["twins"] or twin_due):
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
        faults = self._faults_of(delivery, spoiling.EARLY) if mode == "deliver" else []
        if (wait := self._pause(delivery, faults)) > 0:
            self._plan(key, delivery, wait)
            return
        if spoiling.number(faults, "drop", 0) is not None:
            mode = "drop"
        delivery["state"] = {"deliver": "under_way", "hold": "held", "drop": "dropped"}[mode]
        self._ground.shelf.put(KIND, key, delivery)
        if mode == "deliver":
            self._ready.append(key)

    def _pause(self, delivery: Obj, faults: list[Fault]) -> float:
        """Return how many seconds a delivery still waits: while nothing is sent, or because it is to be late."""
        now = self._ground.clock.seconds()
        if (seconds := spoiling.number(faults, "stop_for", 600)) is not None:
            self.set_mode(stopped_until=int(now + seconds))
        late = spoiling.number(faults, "delay", 60_000)
        return max(float(self.mode["stopped_until"]) - now, (late or 0) / 1000)

    def flush(self) -> int:
        """Send what is due; called after the commit, with the clock at its true instant. Returns how many went out."""
        ready, self._ready = self._ready, []
        faults = {key: self._faults_of(self._ground.shelf.all(KIND)[key], spoiling.LATE) for key in ready}
        if self.mode["shuffle"]:
            self._dice.shuffle(ready)
        for key in list(ready):
            if (seed := spoiling.number(faults[key], "reorder", 1)) is not None:
                random.Random(seed).shuffle(ready)
        sent = 0
        for key in ready:
            for parcel in self._parcels(key, faults[key]):
                self._courier.send(parcel)
                sent += 1
        return sent

    def _faults_of(self, delivery: Obj, names: frozenset[str]) -> list[Fault]:
        event = Scope(self._ground, delivery["account"]).find(delivery["event"])
        return [] if event is None else self._troubles(event["type"], names)

    def _parcels(self, key: str, faults: list[Fault]) -> list[Parcel]:
        """Return what is sent for a delivery: itself, its copies, and what a forger or a replayer adds."""
        delivery = self._ground.shelf.all(KIND)[key]
        endpoint = Scope(self._ground, delivery["endpoint_account"]).find(delivery["endpoint"])
        event = Scope(self._ground, delivery["account"]).find(delivery["event"])
        if endpoint is None or event is None:
            self._ground.shelf.put(KIND, key, {**delivery, "state": "dropped"})
            return []
        now = int(self._ground.clock.seconds())
        body = json.dumps(_as_told(public(event), endpoint), indent=2, ensure_ascii=False).encode()
        headers = spoiling.headers(endpoints.secrets_of(endpoint, now), body, now + spoiling.shift(faults))
        genuine = Parcel(endpoint["url"], headers, body, lambda status: self._outcome(key, status))
        if (wait := spoiling.number(faults, "replay", 600)) is not None:
            told = {"url": endpoint["url"], "headers": headers, "body": body.decode()}
            self._ground.agenda.add("replay", now + wait, **told)
        copies = max(spoiling.number(faults, "dup", 2) or 1, 2 if self.mode["duplicate"] else 1)
        return [*spoiling.forged(genuine, faults, now), *[genuine] * copies]

    def _replay(self, subject: Obj) -> None:
        """Send old bytes again under their old signature, as somebody does who overheard them."""
        self._courier.send(Parcel(subject["url"], subject["headers"], subject["body"].encode(), spoiling.ignore))

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
            owner = Scope(self._ground, delivery["endpoint_account"])
            if (endpoint := owner.find(delivery["endpoint"])) is not None:
                endpoints.note_outcome(owner, endpoint, delivery["state"] == "delivered")
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
        waits = _WAITS[self._ground.switches["webhook_tries"]]
        wait = waits[min(len(delivery["tries"]), len(waits)) - 1]
        if wait == _NEVER or now + wait - delivery["first_at"] > _GIVE_UP_SECONDS:
            delivery["state"] = "given_up"
            self._ground.shelf.put(KIND, key, delivery)
        else:
            self._plan(key, delivery, wait)

    def listing(self) -> list[Obj]:
        """Return every delivery with its tries, oldest first."""
        return [{"key": key, **delivery} for key, delivery in self._ground.shelf.all(KIND).items()]


def _as_told(event: Obj, endpoint: Obj) -> Obj:
    """Return an event as an endpoint of its API version reads it."""
    version = endpoint["api_version"]
    return event if version in (None, event["api_version"]) else versions.older(event, version)
