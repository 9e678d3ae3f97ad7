"""What one piece of work may touch: the objects of one account, the clock, the agenda, the switches, and who asked.

Knows no kind of object. Law: an object is found only inside its own account; names that begin with an underscore are
the stand-in's own notes on an object and never leave it.
"""

from __future__ import annotations

import string
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox import draw
from sandbox.agenda import Agenda
from sandbox.clock import SandboxClock
from sandbox.shelf import Shelf
from sandbox.stripe.errors import no_such
from sandbox.stripe.switches import Switches

Obj = dict[str, Any]
API_VERSION = "2026-10-28.endive"

_LETTERS = string.ascii_letters + string.digits
# Prefix of an id -> where such objects are kept. Also the kinds an id may be expanded to.
KINDS = {
    "acct_": "accounts",
    "ba_": "external_accounts",
    "ch_": "charges",
    "ctoken_": "confirmation_tokens",
    "cuss_": "customer_sessions",
    "cus_": "customers",
    "du_": "disputes",
    "evt_": "events",
    "issfr_": "early_fraud_warnings",
    "fca_": "connections",
    "fee_": "application_fees",
    "mandate_": "mandates",
    "pi_": "payment_intents",
    "pm_": "payment_methods",
    "pmd_": "payment_method_domains",
    "po_": "payouts",
    "py_": "charges",
    "re_": "refunds",
    "setatt_": "setup_attempts",
    "seti_": "setup_intents",
    "tok_": "tokens",
    "txn_": "balance_transactions",
    "we_": "webhook_endpoints",
}


def random_text(length: int) -> str:
    """Return letters and digits that nobody can guess."""
    return draw.text_of(_LETTERS, length)


def new_id(prefix: str) -> str:
    """Return a fresh id in Stripe's manner (`pi_3…`, `cus_…`)."""
    if prefix in ("cus_", "req_"):
        return prefix + random_text(14)
    series = "3" if prefix in ("pi_", "ch_", "py_", "re_", "txn_") else "1"
    return prefix + series + random_text(23)


def kind_of(key: str) -> str:
    """Return where the object of an id is kept. Raises KeyError for an unknown prefix."""
    return KINDS[key.partition("_")[0] + "_"]


def public(value: Any) -> Any:
    """Return a deep copy without the stand-in's own notes."""
    if isinstance(value, dict):
        return {name: public(one) for name, one in value.items() if not name.startswith("_")}
    return [public(one) for one in value] if isinstance(value, list) else value


@dataclass
class Ground:
    """What all accounts share."""

    shelf: Shelf
    clock: SandboxClock
    agenda: Agenda
    switches: Switches
    platform: str
    public_url: str = ""
    announce: Callable[[Scope, Obj], None] = lambda scope, event: None
    hasten: Callable[[], None] = lambda: None  # sends what is due before the answer leaves


@dataclass(frozen=True)
class Asker:
    """Which request caused the work; empty for what happens by itself."""

    request_id: str | None = None
    idempotency_key: str | None = None
    ip: str = "127.0.0.1"
    user_agent: str = ""
    declined_with: str | None = None  # what the fault programme makes the payer's bank say


@dataclass(frozen=True)
class Scope:
    """One account's objects, for one piece of work. Callers hold the lock of the stand-in."""

    ground: Ground
    account: str
    asker: Asker = field(default_factory=Asker)

    @property
    def switches(self) -> Switches:
        """The switches in force."""
        return self.ground.switches

    @property
    def now(self) -> int:
        """The stand-in's now, in whole seconds."""
        return int(self.ground.clock.seconds())

    def _kind(self, kind: str) -> str:
        return f"{self.account}/{kind}"

    def keep(self, obj: Obj) -> Obj:
        """Store a new object, or one that was changed in place."""
        return self.ground.shelf.put(self._kind(kind_of(obj["id"])), obj["id"], obj)

    def change(self, obj: Obj, **fields: Any) -> Obj:
        """Change an object and return what the changed fields held before (for `previous_attributes`)."""
        before = {name: public(obj.get(name)) for name, value in fields.items() if obj.get(name) != value}
        obj.update(fields)
        self.keep(obj)
        return {name: value for name, value in before.items() if not name.startswith("_")}

    def drop(self, obj: Obj) -> None:
        """Forget an object."""
        self.ground.shelf.drop(self._kind(kind_of(obj["id"])), obj["id"])

    def all(self, kind: str) -> list[Obj]:
        """Return the objects of a kind, oldest first."""
        return list(self.ground.shelf.all(self._kind(kind)).values())

    def find(self, key: str | None) -> Obj | None:
        """Return the object of an id, or None."""
        prefix = f"{(key or '').partition('_')[0]}_"
        return self.ground.shelf.get(self._kind(KINDS[prefix]), key or "") if prefix in KINDS else None

    def need(self, kind: str, key: str, param: str, *, status: int = 404) -> Obj:
        """Return the object of an id. Raises ApiError (resource_missing) when this account has none."""
        found = self.ground.shelf.get(self._kind(kind), key)
        if found is None:
            raise no_such(_SINGULAR.get(kind, kind.removesuffix("s")), key, param, status=status)
        return found

    def later(self, work: str, at: float, **subject: Any) -> str:
        """Enter work of this account on the agenda; returns its key."""
        return self.ground.agenda.add(work, at, account=self.account, **subject)


_SINGULAR = {"connections": "financial_connections.account", "payment_methods": "PaymentMethod"}
