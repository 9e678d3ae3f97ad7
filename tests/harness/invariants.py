"""The invariants as the harness checks them: Stripe's and QuickBooks' own truth against what Tieout wrote.

`Watch(world, rt, company).after_step()` is cheap and looks at what changed; `.whole(final=...)` looks at everything,
with `final` also at what must have come to an end. Law: a check compares S and Q with L; L is compared with itself only
where the rule is about rows alone (states that never go back, bytes that never change).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from connector.store.money import PaymentRow
from connector.store.outbox import InboxRow, MailRow
from jobs.mail.envelope import message_id
from sandbox.world import World
from sync.pushing import attempts
from sync.runtime import Runtime
from sync.verify.broken import Broken
from tests.harness.ledgers import Ledgers, Rows
from tests.harness.truth import Books, Doc, Obj, Till, day_of, minor_of, reference_of, requestid_of
from tests.harness.whole import Whole

__all__ = ["Broken", "Watch"]

SHARES = "tieout_shares"
OUR_PAYMENT = "tieout_payment"  # metadata of an intent that Tieout made
# No state may be followed by one of a lower rank; success stands above all.
_RANK = {"created": 0, "requires_action": 0, "processing": 1, "canceled": 2, "failed": 3, "succeeded": 4}
_FINAL = ("posted", "dropped")
_PASSING = frozenset({"3001", "429", "500", "502", "503", "504", "10000", "timeout", "broken", "unreachable"})
_ROWS: dict[str, type[Any]] = {"settle": InboxRow, "mail": MailRow, "look": PaymentRow}


class Watch:
    """Watches one company. `may_double` says that QuickBooks itself breaks both its promises in this run: it forgets a
    requestid and hides what it was given; a double is then allowed to exist, and must be named in the end.
    """

    def __init__(self, world: World, rt: Runtime, company_id: str, *, may_double: bool = False) -> None:
        self.may_double = may_double
        self.ledgers = Ledgers(rt, company_id)
        company = self.ledgers.company()
        stripe = self.ledgers.connection("stripe")
        self.zone = company.zone
        self.books = Books(world, company.realm_id or world.quickbooks.found())
        self.till = Till(world, stripe.account if stripe and stripe.account else world.stripe.ground.platform)
        self.found: list[Broken] = []  # everything so far, each once
        self._known: set[Broken] = set()
        self._seen: Rows | None = None  # our rows as they were last read
        self._docs: dict[str, list[str]] = {}  # our documents by reference, as they came
        self._charged: dict[str, str] = {}  # succeeded charge by payment
        self._states: dict[str, str] = {}
        self._postings: dict[str, Any] = {}
        self._receipts: dict[str, int] = {}
        self._sent: dict[str, str] = {}  # digest by requestid
        self.hashes: dict[int, str] = {}  # of every attempt that was ever seen, by number
        self._chain = attempts.GENESIS
        self._tokens: set[str] = {self.ledgers.access_token()}

    def after_step(self, *, is_committed: bool = True) -> list[Broken]:
        """Check what changed since the last call; returns what is newly broken.

        Our rows are read again only where something may have been committed since then.
        """
        if not is_committed and self._seen is not None:
            return self._new([*self._stripe(self._seen), *self._quickbooks(), *self._doors()])
        rows = self._seen = self.ledgers.step()
        return self._new([*self._stripe(rows), *self._quickbooks(), *self._rows(rows), *self._doors()])

    def whole(self, final: bool) -> list[Broken]:
        """Check the whole set; `final` when faults stopped a day ago, so that nothing may be under way any more.

        Returns everything that is or was broken, each once.
        """
        self.after_step()
        self._new(Whole(self.ledgers, self.books, self.till, self.hashes, self.zone).broken(final=final))
        return list(self.found)

    # What only the harness' own wires, bell and post office can see ---------------------------------------------------

    def rung(self, work: str, subject: str) -> list[Broken]:
        """Check a ring of the bell: what it rings for is committed. A harness' bell calls this as it is rung."""
        table = _ROWS.get(work)
        if table is None or self.ledgers.has_row(table, subject):
            return []
        return self._new([Broken("I-10", subject, f"the bell rang for {work} before the row was there to be seen")])

    def token_saved(self) -> None:
        """Note the access token that was committed this moment. A harness calls this after each such commit."""
        self._tokens.add(self.ledgers.access_token())

    def bearer_used(self, token: str) -> list[Broken]:
        """Check the access token of a call to QuickBooks: it was committed before. A harness' wire calls this."""
        if token not in self._tokens:
            self._tokens.add(self.ledgers.access_token())
        if token in self._tokens:
            return []
        return self._new([Broken("I-21", "token", "an access token was used before it was saved")])

    def mailed(self, name: str) -> list[Broken]:
        """Check a mail that the post office took, by its Message-ID: a row owed it. A post office calls this."""
        sender = self.ledgers.rt.settings.mail_from
        owed = {message_id(self.ledgers.company_id, key, sender) for key in self.ledgers.mail_keys()}
        return [] if name in owed else self._new([Broken("I-10", name, "a mail went out that no row owes")])

    def close(self) -> None:
        """Give the database back."""
        self.ledgers.close()

    def _new(self, found: list[Broken]) -> list[Broken]:
        fresh = [one for one in dict.fromkeys(found) if one not in self._known]
        self._known.update(fresh)
        self.found += fresh
        return fresh

    # Stripe -----------------------------------------------------------------------------------------------------------

    def _stripe(self, rows: Rows) -> Iterator[Broken]:
        amounts: dict[str, Any] = {}
        for charge in self.till.newly_succeeded():
            amounts = amounts or {row.id: row for row in rows.payments}
            yield from self._succeeded(charge, amounts)
        for key in self.till.keys_refused():
            yield Broken("I-11", key, "this idempotency key came again with another request")

    def _succeeded(self, charge: Obj, payments: dict[str, Any]) -> Iterator[Broken]:
        payment_id = charge["metadata"].get(OUR_PAYMENT)
        if not payment_id:
            return
        earlier = self._charged.setdefault(payment_id, charge["id"])
        if earlier != charge["id"]:
            yield Broken("I-2", payment_id, f"one press of Pay was charged twice: {earlier} and {charge['id']}")
        row = payments.get(payment_id)
        if row is None:
            yield Broken("I-10", payment_id, f"{charge['id']} was charged for a payment that is in no row")
        elif (row.amount_minor, row.currency) != (charge["amount"], charge["currency"].upper()):
            agreed = f"{row.amount_minor} {row.currency}"
            yield Broken("I-18", payment_id, f"{charge['amount']} {charge['currency']} was charged, {agreed} agreed")

    # QuickBooks -------------------------------------------------------------------------------------------------------

    def _quickbooks(self) -> Iterator[Broken]:
        for line in self.books.asked():
            if "body differs" in line.warning:
                yield Broken("I-11", line.requestid, "QuickBooks got other bytes under a requestid it had answered")
        for doc in self.books.fresh():
            yield from self._came(doc)

    def _came(self, doc: Doc) -> Iterator[Broken]:
        if doc.reference:
            yield from self._twice(doc)
        charge = self.till.get("charges", doc.stripe_id) if doc.entity != "Transfer" else None
        if doc.entity == "Transfer":
            yield from self._payout(doc)
        elif charge is None and self._is_of_credits(doc):
            yield from self._lines(doc, doc.payment_id)
        elif charge is None or charge["status"] != "succeeded":
            yield Broken("I-3", doc.name, f"it records {doc.stripe_id or 'nothing'}, which is no money that came")
        elif doc.entity == "Payment":
            yield from self._payment(doc, charge)
        elif doc.entity == "CreditMemo":
            yield from self._lines(doc, charge["id"])
            yield from self._dated(doc, charge)
        elif doc.entity == "Invoice":
            yield from self._surcharge(doc, charge)
            yield from self._dated(doc, charge)
        else:
            yield from self._fee(doc, charge)

    def _twice(self, doc: Doc) -> Iterator[Broken]:
        names = self._docs.setdefault(doc.reference, [])
        names.append(doc.qbo_id)
        standing = [one for key in names if (one := self.books.find(doc.entity, key)) and not one.is_voided]
        if len(standing) < 2:
            return
        asked_with = self.books.answers().get(doc.reference, set())
        if self.may_double and len(asked_with) < 2:
            return  # named in the end, or `whole` says so
        yield Broken("I-1", doc.reference, f"{' and '.join(one.name for one in standing)} are one posting, twice")

    def _payment(self, doc: Doc, charge: Obj) -> Iterator[Broken]:
        pressed = _customers_of(charge)
        if pressed and doc.customer not in pressed and all(map(self.books.has_customer, pressed)):
            yield Broken("I-1", doc.name, f"it is on customer {doc.customer}, the payment was for {sorted(pressed)}")
        if doc.minor > charge["amount"]:
            yield Broken("I-3", doc.name, f"it says {doc.minor}, the charge was {charge['amount']}")
        yield from self._lines(doc, charge["id"])
        yield from self._dated(doc, charge)

    def _is_of_credits(self, doc: Doc) -> bool:
        """Tell whether a document belongs to a payment that credits alone paid: no charge stands behind it."""
        rows = self._seen.payments if self._seen else ()
        paid = {row.id for row in rows if row.state == "succeeded" and not row.amount_minor}
        return doc.payment_id in paid and (doc.entity == "CreditMemo" or not doc.minor)

    def _lines(self, doc: Doc, fact: str) -> Iterator[Broken]:
        """Check a Payment's lines, or the credit memo of its discounts, against what was agreed at the press."""
        kind = "charge" if doc.entity == "Payment" else "discount"
        if doc.reference != reference_of(f"{self.till.account}/{fact}/{kind}/{doc.customer}"):
            yield Broken("I-3", doc.name, "its reference is not made from its charge and customer")
        granted, lent = self.ledgers.lent(doc.payment_id, doc.customer)
        if doc.entity == "CreditMemo":
            if doc.minor != granted:
                yield Broken("I-18", doc.name, f"it takes {doc.minor} off, {granted} was granted")
        elif doc.applied > doc.minor + doc.lent or any(_is_negative(line) for line in doc.body.get("Line") or ()):
            yield Broken("I-6", doc.name, f"{doc.applied} is applied of {doc.minor} and {doc.lent} of credits")
        elif doc.lent > granted + lent:
            yield Broken("I-6", doc.name, f"it uses {doc.lent} of credits, {granted + lent} was agreed")

    def _surcharge(self, doc: Doc, charge: Obj) -> Iterator[Broken]:
        """Check the invoice of a surcharge: it costs what was agreed, and a credit card paid it."""
        if doc.reference != reference_of(f"{self.till.account}/{charge['id']}/surcharge/{doc.customer}"):
            yield Broken("I-3", doc.name, "its reference is not made from its charge and customer")
        agreed = self.ledgers.surcharge(doc.payment_id)
        if doc.minor != agreed:
            yield Broken("I-18", doc.name, f"it asks for {doc.minor}, {agreed} was agreed")
        funding = (charge["payment_method_details"].get("card") or {}).get("funding")
        if funding != "credit":
            yield Broken("I-18", doc.name, f"it surcharges a method whose funding is {funding}")

    def _fee(self, doc: Doc, charge: Obj) -> Iterator[Broken]:
        txn = self.till.txn_of(charge)
        if txn is None or txn["fee"] != doc.minor:
            yield Broken("I-3", doc.name, f"it says {doc.minor}, Stripe took {txn['fee'] if txn else 'nothing yet'}")
        if doc.reference != reference_of(f"{self.till.account}/{charge['id']}/fee/"):
            yield Broken("I-3", doc.name, "its reference is not made from its charge")
        yield from self._dated(doc, charge)

    def _payout(self, doc: Doc) -> Iterator[Broken]:
        payout = self.till.get("payouts", doc.stripe_id)
        if payout is None or payout["status"] in ("pending", "in_transit"):
            yield Broken("I-3", doc.name, f"{doc.stripe_id} has not arrived")
        elif abs(payout["amount"]) != doc.minor:
            yield Broken("I-5", doc.name, f"it moves {doc.minor}, the payout was {payout['amount']}")
        names = self._docs.setdefault(doc.stripe_id, [])
        names.append(doc.qbo_id)
        standing = [one.name for key in names if (one := self.books.find("Transfer", key)) and not one.is_voided]
        if len(standing) > 1 and not self.may_double:
            yield Broken("I-5", doc.stripe_id, f"{' and '.join(standing)} are one payout, twice")

    def _dated(self, doc: Doc, charge: Obj) -> Iterator[Broken]:
        if "; dated " in doc.note:
            return  # a person dated it anew, and the note says so
        is_debit = charge["payment_method_details"]["type"] == "us_bank_account"
        day = day_of(self.till.success_of(charge) if is_debit else charge["created"], self.zone)
        # A debit whose success Stripe tells late is dated on the day it was told: news of that moment.
        latest = self.ledgers.clock.today(self.zone) if is_debit else day
        if not day <= doc.day <= latest:
            yield Broken("I-23", doc.name, f"dated {doc.day}, the money came on {day} in {self.zone}")

    # Our own rows, where the rule is about rows -----------------------------------------------------------------------

    def _rows(self, rows: Rows) -> Iterator[Broken]:
        for row in rows.payments:
            yield from self._moved(row)
        doubled = Counter(row.receipt_number for row in rows.payments if row.receipt_number is not None)
        for number, times in doubled.items():
            if times > 1:
                yield Broken("I-19", str(number), f"{times} payments have this receipt number")
        for row in rows.postings:
            yield from self._posted(row)
        for row in rows.attempts:
            yield from self._logged(row)

    def _moved(self, row: Any) -> Iterator[Broken]:
        before = self._states.get(row.id, row.state)
        if _RANK[row.state] < _RANK[before]:
            yield Broken("I-8", row.id, f"the payment went back from {before} to {row.state}")
        self._states[row.id] = row.state
        number = self._receipts.get(row.id, row.receipt_number)
        if row.receipt_number != number or (row.state == "succeeded") != (row.receipt_number is not None):
            yield Broken("I-19", row.id, f"{row.state}, receipt {row.receipt_number}, before {number}")
        if number is not None:
            self._receipts[row.id] = number

    def _posted(self, row: Any) -> Iterator[Broken]:
        before = self._postings.get(row.id)
        if row == before:
            return
        self._postings[row.id] = row
        if row.request_id and row.request_id != requestid_of(row.key, row.generation):
            yield Broken(
                "I-1", row.id, "its requestid is not made from the fact: a second send would be a second entry"
            )
        if row.reference != reference_of(row.key):
            yield Broken("I-1", row.id, "its reference is not made from the fact: it would not be found again")
        if row.state == "held" and row.held_code in _PASSING:
            yield Broken("I-13", row.id, f"held for a person by {row.held_code}, which passes by itself")
        if before is None:
            return
        if before.state in _FINAL and row.state != before.state:
            yield Broken("I-12", row.id, f"it was {before.state} and became {row.state}: an old fence wrote")
        if row.fence < before.fence:
            yield Broken("I-12", row.id, f"its fence fell from {before.fence} to {row.fence}")
        if before.state == "posted" and before.remote_id != row.remote_id:
            yield Broken("I-12", row.id, f"it was {before.remote_id} in the books and became {row.remote_id}")

    def _logged(self, row: Any) -> Iterator[Broken]:
        self.hashes[row.seq] = row.hash
        if row.before_hash != self._chain or row.hash != attempts.hash_of(row):
            yield Broken("I-15", str(row.seq), "the attempt does not follow from the one before it")
        self._chain = row.hash
        if row.way == "sent" and row.request_id and row.operation.endswith(".create"):
            digest = self.ledgers.digest(row)
            if self._sent.setdefault(row.request_id, digest) != digest:
                yield Broken("I-11", row.request_id, "other bytes were sent under one requestid")

    # The doors --------------------------------------------------------------------------------------------------------

    def _doors(self) -> Iterator[Broken]:
        for event_id in self.till.newly_told():
            if not self.ledgers.has_event("stripe", event_id):
                yield Broken("I-10", event_id, "this event was answered with 2xx and is stored nowhere")


def _is_negative(line: Obj) -> bool:
    """Tell whether a line takes money off."""
    return minor_of(line["Amount"]) < 0


def _customers_of(charge: Obj) -> set[str]:
    """Return the customers a charge was pressed for, as Stripe keeps it: invoice/customer/amount, by spaces."""
    kept = {name: value for name, value in charge["metadata"].items() if name.startswith(SHARES)}
    return {word.split("/")[1] for value in kept.values() for word in value.split()}
