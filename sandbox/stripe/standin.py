"""The stand-in of Stripe as one object: built here, run by the world, spoken to over HTTP and by the control plane.

Law: every change of state happens under `lock` and is on the shelf before its answer leaves or its webhook goes out.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import RLock
from typing import Any

from sandbox.agenda import Agenda
from sandbox.clock import SandboxClock
from sandbox.courier import Courier
from sandbox.faults import Fault, Faults
from sandbox.host import WsgiApp
from sandbox.shelf import Shelf
from sandbox.stripe import (
    accounts,
    balance,
    captures,
    charges,
    control,
    debits,
    disputes,
    fraud_warnings,
    microdeposits,
    payouts,
    refunds,
    setups,
    web,
)
from sandbox.stripe.api import Api
from sandbox.stripe.deliveries import Deliveries
from sandbox.stripe.scope import Ground, Obj, Scope, random_text
from sandbox.stripe.switches import Switches

_META = "_meta"
_PATIENCE_SECONDS = 5.0


class StripeStandin:
    """A stateful Stripe of one platform account and any number of connected ones."""

    def __init__(self, shelf: Shelf, *, clock: SandboxClock, faults: Faults, courier: Courier | None = None) -> None:
        self.lock = RLock()
        self.courier = courier or Courier(threads=1)
        meta = shelf.get(_META, "platform") or _founded(shelf)
        self.webhook_secret: str = meta["webhook_secret"]
        self._faults = faults
        self.ground = Ground(shelf, clock, Agenda(shelf, clock), Switches(shelf), platform=meta["account"])
        self.deliveries = Deliveries(self.ground, self.courier, self.lock, self._troubles_of)
        self.ground.hasten = self._hasten
        self.api = Api(self.ground, self.lock, faults)
        self._teach()
        if shelf.get(accounts.KEYS, self.ground.platform) is None:
            self.open_account(self.ground.platform, name="Harbor Tile Co.", connected=False)
        keys = shelf.all(accounts.KEYS)[self.ground.platform]
        self.secret_key: str = keys["secret_key"]
        self.restricted_key: str = keys["restricted_key"]
        self.publishable_key: str = keys["publishable_key"]
        self.client_id: str = accounts.client_id(self.ground)

    @property
    def public_url(self) -> str:
        """The address at which browsers and the product reach the stand-in."""
        return self.ground.public_url

    @public_url.setter
    def public_url(self, url: str) -> None:
        self.ground.public_url = url

    def scope(self, account: str | None = None) -> Scope:
        """Return the platform's own scope, or a connected account's."""
        return Scope(self.ground, account or self.ground.platform)

    def open_account(self, key: str, *, name: str, connected: bool) -> Obj:
        """Open an account, plan its first payout and return its keys."""
        with self.lock:
            keys = accounts.open_account(self.ground, key, name=name, connected=connected)
            payouts.plan_day(self.scope(key))
            self.ground.shelf.commit()
            return keys

    def wsgi(self, world: object) -> WsgiApp:
        """Return the WSGI application, transport faults included."""
        return web.build(self, self._faults)

    def tick(self) -> int:
        """Do what is due, commit, and send what became ready; returns how many pieces of work that was."""
        with self.lock:
            done = self.ground.agenda.run_due()
            self.ground.shelf.commit()
            done += self.deliveries.flush()
            self.ground.shelf.commit()
            return done

    def _troubles_of(self, event_type: str, names: frozenset[str]) -> list[Fault]:
        return self._faults.pick("stripe", f"webhook.{event_type}", only=names)

    def _hasten(self) -> None:
        """Send what is due and wait for it, as when a webhook is quicker than the answer to its request."""
        self.tick()
        end = time.monotonic() + _PATIENCE_SECONDS
        while self.courier.waiting and time.monotonic() < end:
            time.sleep(0.002)

    def control(self, name: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Carry out one order of the control plane. Raises ValueError or ApiError for one that makes no sense."""
        with self.lock:
            try:
                return control.obey(self, name, payload)
            finally:
                self.ground.shelf.commit()

    def _teach(self) -> None:
        def teach(work: str, do: Callable[[Scope, dict[str, Any]], object]) -> None:
            def run(subject: dict[str, Any]) -> None:
                do(self.scope(subject["account"]), subject)

            self.ground.agenda.teach(work, run)

        teach("release", lambda scope, _: balance.release(scope))
        teach("book_charge", lambda scope, subject: _book(scope, subject["charge"]))
        teach("expire_charge", lambda scope, subject: captures.expire(scope, subject["charge"]))
        teach("settle_debit", lambda scope, subject: debits.come_due(scope, subject["charge"]))
        teach("fail_verification", _give_up)
        teach("finish_refund", lambda scope, subject: refunds.finish(scope, subject["refund"]))
        teach("refund_when_funded", lambda scope, subject: refunds.look_for_funds(scope, subject["refund"]))
        teach("expire_refund", lambda scope, subject: refunds.expire_if_open(scope, subject["refund"]))
        teach("fail_refund", lambda scope, subject: refunds.fail(scope, subject["refund"]))
        teach("dispute_charge", _dispute)
        teach("dispute_due", lambda scope, subject: disputes.come_due(scope, subject["dispute"]))
        teach("warn_of_fraud", _warn)
        teach("return_debit", _return)
        teach("pay_out_daily", lambda scope, _: payouts.run_day(scope))
        teach("arrive", lambda scope, subject: payouts.arrive(scope, subject["payout"]))
        teach("trace_payout", lambda scope, subject: payouts.trace(scope, subject["payout"]))


def _founded(shelf: Shelf) -> Obj:
    meta = {"account": f"acct_1{random_text(15)}", "webhook_secret": f"whsec_{random_text(32)}"}
    return shelf.put(_META, "platform", meta)


def _book(scope: Scope, charge: str) -> None:
    charges.book_card(scope, scope.need("charges", charge, "charge"), announce=True)


def _give_up(scope: Scope, subject: dict[str, Any]) -> None:
    intent = scope.find(subject["intent"])
    if intent is not None and microdeposits.awaited(intent) and intent["payment_method"] == subject["method"]:
        (debits if intent["object"] == "payment_intent" else setups).fail_verification(scope, intent, subject["code"])


def _dispute(scope: Scope, subject: dict[str, Any]) -> None:
    charge = scope.need("charges", subject["charge"], "charge")
    share = charge["amount"] // subject["times"]
    for _ in range(subject["times"]):
        disputes.open_dispute(scope, charge, subject["reason"], amount=share)


def _warn(scope: Scope, subject: dict[str, Any]) -> None:
    fraud_warnings.warn(scope, scope.need("charges", subject["charge"], "charge"))


def _return(scope: Scope, subject: dict[str, Any]) -> None:
    disputes.returned(scope, scope.need("charges", subject["charge"], "charge"), subject["reason"])
