"""What Stripe and QuickBooks themselves hold of one company: the independent side of every check.

Reads the stand-ins' own journals and books, never Tieout's rows; names are computed here from the written rule, not by
the product's code. Law: nothing here changes anything, and what was seen once is not read again while it cannot change.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.qbo.documents import id_order
from sandbox.stripe import deliveries
from sandbox.world import World

# In the order in which one fact's documents are written: a credit memo and the invoice of a surcharge stand before the
# payment that uses them up.
ENTITIES = {
    "CreditMemo": "DocNumber",
    "Invoice": "DocNumber",
    "Payment": "PaymentRefNum",
    "Purchase": "DocNumber",
    "Transfer": "",
}
OUR_REFERENCE = re.compile(r"TO[A-Z2-7]{19}")
_STRIPE_ID = re.compile(r"\b(?:ch|py|po)_\w+")
_PAYMENT_ID = re.compile(r"\bTieout ([0-9A-Z]{26})\b")
_ZERO_DIGITS = frozenset({"JPY", "KRW", "VND", "CLP"})
Obj = Mapping[str, Any]


@lru_cache(maxsize=4096)
def reference_of(key: str) -> str:
    """Return the reference that the rule gives a key: `TO` and 19 characters of base32 of its SHA-256."""
    return "TO" + base64.b32encode(hashlib.sha256(key.encode()).digest()).decode()[:19]


@lru_cache(maxsize=4096)
def requestid_of(key: str, generation: int) -> str:
    """Return the requestid that the rule gives a key: 32 characters of base32 of its SHA-256 with the generation."""
    return base64.b32encode(hashlib.sha256(f"{key}#{generation}".encode()).digest()).decode()[:32]


def minor_of(amount: Any, currency: str = "USD") -> int:
    """Return minor units of an amount as a document of QuickBooks has it."""
    digits = 0 if currency in _ZERO_DIGITS else 2
    return int((Decimal(str(amount or 0)) * 10**digits).to_integral_value())


def day_of(seconds: float, zone: str) -> date:
    """Return the calendar day of Unix seconds in a zone."""
    return datetime.fromtimestamp(seconds, UTC).astimezone(ZoneInfo(zone)).date()


@dataclass(frozen=True)
class Doc:
    """A document of ours in QuickBooks' books."""

    entity: str
    qbo_id: str
    body: Obj

    @property
    def name(self) -> str:
        return f"{self.entity}/{self.qbo_id}"

    @property
    def reference(self) -> str:
        return str(self.body.get(ENTITIES[self.entity]) or "")

    @property
    def note(self) -> str:
        return str(self.body.get("PrivateNote") or "")

    @property
    def stripe_id(self) -> str:
        """The Stripe object that its note names."""
        found = _STRIPE_ID.search(self.note)
        return found[0] if found else ""

    @property
    def payment_id(self) -> str:
        """The payment of ours that its note names."""
        found = _PAYMENT_ID.search(self.note)
        return found[1] if found else ""

    @property
    def applied(self) -> int:
        """What invoices get of a Payment, in minor units."""
        return self._linked("Invoice")

    @property
    def lent(self) -> int:
        """What credit memos pay of that."""
        return self._linked("CreditMemo")

    def _linked(self, kind: str) -> int:
        lines = self.body.get("Line") or ()
        linked = [line for line in lines if any(one["TxnType"] == kind for one in line.get("LinkedTxn") or ())]
        return sum(minor_of(line["Amount"], self.currency) for line in linked)

    @property
    def currency(self) -> str:
        return str((self.body.get("CurrencyRef") or {}).get("value", "USD"))

    @property
    def minor(self) -> int:
        return minor_of(self.body.get("TotalAmt", self.body.get("Amount")), self.currency)

    @property
    def customer(self) -> str:
        return str((self.body.get("CustomerRef") or {}).get("value", ""))

    @property
    def day(self) -> date:
        return date.fromisoformat(str(self.body["TxnDate"]))

    @property
    def is_voided(self) -> bool:
        return self.minor == 0 and self.note.startswith("Voided")

    @property
    def is_ours(self) -> bool:
        if self.entity == "Transfer":
            return "Stripe payout po_" in self.note
        return OUR_REFERENCE.fullmatch(self.reference) is not None


class Books:
    """QuickBooks' side: documents of ours, what was asked of it, and who may still refresh."""

    def __init__(self, world: World, realm: str) -> None:
        self._standin, self._realm = world.quickbooks, realm
        self._last = dict.fromkeys(ENTITIES, id_order("0"))
        self._asked = self._standin.journal.count
        books = self._standin.books(realm)
        assert books is not None, f"no company {realm} in QuickBooks"
        self._books = books

    def fresh(self) -> list[Doc]:
        """Return our documents that came since the last call, in the order of their ids."""
        found = []
        for entity in ENTITIES:
            ids, edge = self._books.docs.ids(entity), self._last[entity]
            fresh = []
            for key in reversed(ids):
                if id_order(key) <= edge:
                    break
                fresh.append(key)
            if fresh:
                self._last[entity] = id_order(fresh[0])
                found += [doc for key in reversed(fresh) if (doc := self._doc(entity, key)) and doc.is_ours]
        return found

    def ours(self) -> list[Doc]:
        """Return every live document of ours as it stands; voided ones are not live."""
        docs = [self._doc(entity, key) for entity in ENTITIES for key in self._books.docs.ids(entity)]
        return [doc for doc in docs if doc and doc.is_ours and not doc.is_voided]

    def has_customer(self, qbo_id: str) -> bool:
        """Tell whether a customer still stands: one that was merged away has left its documents to another."""
        return self._books.docs.body("Customer", qbo_id) is not None

    def find(self, entity: str, qbo_id: str) -> Doc | None:
        """Return a document as it stands, None when it is gone."""
        return self._doc(entity, qbo_id) if self._books.docs.text(entity, qbo_id) else None

    def body(self, entity: str, qbo_id: str) -> Obj | None:
        """Return any object's JSON."""
        return self._books.docs.body(entity, qbo_id)

    def ids(self, entity: str) -> list[str]:
        """Return the ids of an entity."""
        return list(self._books.docs.ids(entity))

    def asked(self) -> list[Any]:
        """Return the journal's lines since the last call."""
        fresh, self._asked = self._standin.journal.count - self._asked, self._standin.journal.count
        if fresh <= 0:  # nothing, or somebody cleared it
            return []
        lines = self._standin.journal._entries
        return list(islice(lines, max(len(lines) - fresh, 0), None))

    def answers(self) -> dict[str, set[str]]:
        """Return for each reference the requestids under which a document with it was answered."""
        found: dict[str, set[str]] = {}
        for requestid, held in self._standin._shelf.all(f"{self._realm}/_requestid").items():
            for mark in set(OUR_REFERENCE.findall(held["text"])):
                found.setdefault(mark, set()).add(requestid)
        return found

    def balance(self, account: str) -> int:
        """Return an account's balance in the stand-in's own ledger, in minor units."""
        rows = self._books.register(account)
        return int(rows[-1]["balance_cents"] if rows else self._books.opening(account))

    def accepts_refresh(self, token: str) -> bool:
        """Tell whether Intuit would still take a refresh token at this moment."""
        oauth = self._standin.oauth
        held = self._standin._shelf.get("_refresh", token)
        if held is None or oauth._is_dead(held["connection"]):
            return False
        return not oauth._is_over(held, self._standin.clock.seconds())

    def bodies_told(self) -> Iterator[str]:
        """Yield the webhook bodies that the receiver answered with 200."""
        for held in self._standin._shelf.all("_webhook_body").values():
            if held["state"] == "delivered" and held["attempts"]:
                yield held["body"]

    def _doc(self, entity: str, key: str) -> Doc | None:
        body = self._books.docs.body(entity, key)
        return None if body is None else Doc(entity, key, body)


class Till:
    """Stripe's side: charges, intents, payouts, refunds, events, and what was asked of it."""

    def __init__(self, world: World, account: str) -> None:
        self._standin, self.account = world.stripe, account
        self._shelf = world.stripe.ground.shelf
        self._seen_charges = 0
        self._open: dict[str, Obj] = {}
        self._delivered: set[str] = set()
        self._last_asked: Obj | None = None

    def all(self, kind: str) -> Mapping[str, Obj]:
        """Return the live objects of a kind by id: payment_intents, charges, refunds, payouts ..."""
        return self._shelf.all(f"{self.account}/{kind}")

    def get(self, kind: str, key: str) -> Obj | None:
        """Return one object as it stands."""
        return self._shelf.get(f"{self.account}/{kind}", key)

    def newly_succeeded(self) -> list[Obj]:
        """Return the charges that came to success since the last call."""
        charges = self.all("charges")
        fresh = list(islice(charges.values(), self._seen_charges, None))
        self._seen_charges = len(charges)
        looked = [*(charges[key] for key in self._open), *fresh]
        self._open = {charge["id"]: charge for charge in looked if charge["status"] == "pending"}
        return [charge for charge in looked if charge["status"] == "succeeded"]

    def succeeded(self) -> list[Obj]:
        """Return all succeeded charges, oldest first."""
        return [charge for charge in self.all("charges").values() if charge["status"] == "succeeded"]

    def txn_of(self, charge: Obj) -> Obj | None:
        """Return a charge's balance transaction, None while it has none."""
        return self.get("balance_transactions", charge["balance_transaction"] or "")

    def success_of(self, charge: Obj) -> float:
        """Return when a charge succeeded: a debit days after it was made, by the event that told of it."""
        for event in self.all("events").values():
            if event["type"] == "charge.succeeded" and event["data"]["object"]["id"] == charge["id"]:
                return float(event["created"])
        return float(charge["created"])

    def newly_told(self) -> list[str]:
        """Return the events that a receiver answered with 2xx since the last call."""
        delivered = self._shelf.all(deliveries.KIND)
        fresh = [key for key, held in delivered.items() if key not in self._delivered and held["state"] == "delivered"]
        self._delivered.update(fresh)
        return [delivered[key]["event"] for key in fresh if delivered[key]["account"] == self.account]

    def keys_refused(self) -> list[str]:
        """Return idempotency keys that came again with other parameters than at first, since the last call."""
        fresh = []
        for row in reversed(self._standin.api.journal):
            if row is self._last_asked:
                break
            fresh.append(row)
        self._last_asked = fresh[0] if fresh else self._last_asked
        found = []
        for row in fresh:
            if row["status"] == 400 and row["idempotency_key"] and not row["replayed"]:
                kept = self._shelf.get("_idempotency", f"{row['account']}/{row['idempotency_key']}")
                if kept is not None and kept["status"] == 200:
                    found.append(row["idempotency_key"])
        return found

    def net(self, currency: str) -> int:
        """Return the sum of all balance transactions of a currency."""
        rows = self.all("balance_transactions").values()
        return sum(row["net"] for row in rows if row["currency"] == currency.lower())
