"""The whole set at the end of a run: every charge, fee and payout against the books, every day to the cent.

What must have come to an end is asked only when faults stopped a day ago (`final`). Law: money that is not in the books
counts as right only where an open discrepancy names it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import select

from connector.store.access import ContactCustomerRow, ContactRow
from connector.store.books import DiscrepancyRow
from connector.store.cache import CursorRow, InvoiceRow
from connector.store.companies import ConnectionRow
from connector.store.money import CreditUseRow, PaymentRow, ShareRow
from connector.store.outbox import AttemptRow, InboxRow, LegRow, MailRow, PostingRow
from connector.store.retries import RetryRow
from sync.intuit_hints import read_hints
from sync.pushing.attempts import verify_chain
from sync.verify.broken import Broken
from tests.harness.ledgers import Ledgers
from tests.harness.lending import Lending
from tests.harness.truth import Books, Doc, Obj, Till, day_of, minor_of

UNDER_WAY = ("due", "leased", "unknown")
CDC_OVERLAP = timedelta(minutes=6)


class Whole(Lending):
    """One reading of both sides, and what does not hold in it."""

    def __init__(self, ledgers: Ledgers, books: Books, till: Till, hashes: Mapping[int, str], zone: str) -> None:
        self.ledgers, self.books, self.till, self.hashes, self.zone = ledgers, books, till, hashes, zone
        self.now = ledgers.clock.now()
        self.payments: dict[str, PaymentRow] = {row.id: row for row in ledgers.rows(PaymentRow)}
        self.postings: list[PostingRow] = ledgers.rows(PostingRow)
        self.open: list[DiscrepancyRow] = ledgers.open_discrepancies()
        self.ours = books.ours()

    def broken(self, *, final: bool) -> list[Broken]:
        """Return everything that does not hold."""
        found = [*self._refunds(), *self._rows(), *self._chain(), *self._told(), *self._cache(), *self._scopes()]
        if final:
            found += [*self._charges(), *self._consents(), *self._credits(), *self._applied(), *self._days()]
            found += [*self._payouts(), *self._doubles(), *self._ended(), *self._named(), *self._mails()]
            found += self._tokens()
        return found

    # Names ------------------------------------------------------------------------------------------------------------

    def is_named(self, *subjects: str) -> bool:
        """Tell whether an open discrepancy is about any of these ids."""
        wanted = set(filter(None, subjects))
        return any({row.subject, row.posting_id, row.payment_id} & wanted for row in self.open)

    def is_held(self, posting: PostingRow) -> bool:
        """Tell whether a posting waits for a person, and somebody is told of its cause."""
        cause = [row for row in self.open if row.kind == "posting_held" and row.subject.startswith(posting.held_code)]
        return posting.state == "held" and bool(cause)

    # Money ------------------------------------------------------------------------------------------------------------

    def _charges(self) -> Iterator[Broken]:
        """I-1: what the books hold of a charge sums to it, or it is named; likewise its fee."""
        by_stripe: defaultdict[str, list[Doc]] = defaultdict(list)
        for doc in self.ours:
            by_stripe[doc.stripe_id].append(doc)
        for charge in self.till.succeeded():
            if charge["metadata"].get("tieout_payment"):
                docs = by_stripe[charge["id"]]
                yield from self._in_books(charge, [doc for doc in docs if doc.entity == "Payment"], charge["amount"])
                txn = self.till.txn_of(charge)
                fees = [doc for doc in docs if doc.entity == "Purchase"]
                yield from self._in_books(charge, fees, txn["fee"] if txn else 0)

    def _in_books(self, charge: Obj, docs: list[Doc], wanted: int) -> Iterator[Broken]:
        stands = sum(doc.minor for doc in docs)
        if stands == wanted or self._is_charge_named(charge, docs):
            return
        word = "lost" if stands < wanted else "doubled"
        yield Broken("I-1", charge["id"], f"{word}: {wanted} was charged or taken, {stands} stands in the books")

    def _is_charge_named(self, charge: Obj, docs: list[Doc]) -> bool:
        payment_id = charge["metadata"]["tieout_payment"]
        postings = [row for row in self.postings if row.payment_id == payment_id]
        if any(self.is_held(row) for row in postings):
            return True
        names = [f"{row.entity}/{row.remote_id}" for row in postings] + [doc.name for doc in docs]
        ids = [row.id for row in postings]
        return self.is_named(payment_id, charge["id"], charge["balance_transaction"] or "", *ids, *names)

    def _consents(self) -> Iterator[Broken]:
        """I-2: of one consent to try again comes one charge at most, and never more than was agreed to."""
        charges = [(one["metadata"].get("tieout_payment"), one["amount"]) for one in self.till.succeeded()]
        for row in self.ledgers.rows(RetryRow):
            tries = {row.payment_id, *(key for key, payment in self.payments.items() if payment.retry_id == row.id)}
            taken = [minor for payment_id, minor in charges if payment_id in tries]
            if len(taken) > 1 or sum(taken) > row.amount_minor:
                yield Broken("I-2", row.id, f"{taken} was charged by a consent to one charge of {row.amount_minor}")

    def _is_payment_named(self, payment: PaymentRow, docs: list[Doc]) -> bool:
        postings = [row for row in self.postings if row.payment_id == payment.id]
        names = [f"{row.entity}/{row.remote_id}" for row in postings] + [doc.name for doc in docs]
        is_held = any(self.is_held(row) for row in postings)
        return is_held or self.is_named(payment.id, payment.charge_id or "", *(row.id for row in postings), *names)

    def _days(self) -> Iterator[Broken]:
        """I-4: for each local day, what was charged is what stands in the books and what is named, to the cent."""
        charged: Counter[Any] = Counter()
        for charge in self.till.succeeded():
            payment = self.payments.get(charge["metadata"].get("tieout_payment", ""))
            if payment is None or self._is_charge_named(charge, self._docs_of(charge)):
                continue
            is_debit = charge["payment_method_details"]["type"] == "us_bank_account"
            at = payment.succeeded_at.timestamp() if is_debit and payment.succeeded_at else charge["created"]
            charged[day_of(at, self.zone), charge["currency"].upper()] += charge["amount"]
            for doc in self._docs_of(charge):
                if doc.entity == "Payment":
                    charged[doc.day, doc.currency] -= doc.minor
        for (day, currency), rest in charged.items():
            if rest:
                yield Broken("I-4", f"{day}/{currency}", f"{rest} of that day is neither in the books nor named")

    def _docs_of(self, charge: Obj) -> list[Doc]:
        return [doc for doc in self.ours if doc.stripe_id == charge["id"]]

    def _payouts(self) -> Iterator[Broken]:
        """I-5: one Transfer for each payout that arrived, for exactly its amount, or it is named."""
        connection = self.ledgers.connection("stripe")
        for payout in self.till.all("payouts").values():
            began = connection.connected_at.timestamp() if connection else 0.0
            if payout["status"] != "paid" or payout["created"] < began:
                continue
            docs = [doc for doc in self.ours if doc.entity == "Transfer" and doc.stripe_id == payout["id"]]
            postings = [row for row in self.postings if row.object_id == payout["id"]]
            named = self.is_named(payout["id"], *(row.id for row in postings), *(doc.name for doc in docs))
            if named or any(self.is_held(row) for row in postings):
                continue
            if [doc.minor for doc in docs] != [abs(payout["amount"])]:
                said = f"{payout['amount']} arrived, {[doc.minor for doc in docs]} stands in the books"
                yield Broken("I-5", payout["id"], said)

    def _doubles(self) -> Iterator[Broken]:
        """I-1: a double that QuickBooks made itself is named: by its posting, or as an entry that is not ours."""
        seen: defaultdict[str, list[Doc]] = defaultdict(list)
        for doc in self.ours:
            seen[doc.reference or doc.stripe_id].append(doc)
        for mark, docs in seen.items():
            if len(docs) > 1:
                posting = [row.id for row in self.postings if row.reference == mark or row.object_id == mark]
                if not self.is_named(*posting, *(doc.name for doc in docs)):
                    yield Broken("I-1", mark, f"{len(docs)} documents of one posting, and nobody is told")

    def _refunds(self) -> Iterator[Broken]:
        """I-7: no charge gives back more than it took; with disputes only where it is named."""
        back: Counter[str] = Counter()
        for refund in self.till.all("refunds").values():
            if refund["status"] in ("succeeded", "pending"):
                back[str(refund["charge"])] += refund["amount"]
        for charge_id, minor in back.items():
            charge = self.till.get("charges", charge_id)
            if charge is not None and minor > charge["amount"]:
                yield Broken("I-7", charge_id, f"{minor} was given back of {charge['amount']}")

    # Rows -------------------------------------------------------------------------------------------------------------

    def _rows(self) -> Iterator[Broken]:
        """I-6 and I-18 as rows: shares never above the amount, legs to zero, each leg's sum what was charged."""
        shares: Counter[str] = Counter()
        for share in self.ledgers.rows(ShareRow):
            shares[share.payment_id] += share.amount_minor
            if share.amount_minor <= 0:
                yield Broken("I-6", share.payment_id, f"a share of {share.amount_minor} on {share.invoice_id}")
        for use in self.ledgers.rows(CreditUseRow):
            shares[use.payment_id] -= use.amount_minor
        for payment_id, minor in shares.items():
            payment = self.payments.get(payment_id)
            if payment and minor > payment.amount_minor - payment.surcharge_minor:
                said = f"shares of {minor} exceed {payment.amount_minor} less a surcharge of {payment.surcharge_minor}"
                yield Broken("I-6", payment_id, said)
        legs: Counter[str] = Counter()
        for leg in self.ledgers.rows(LegRow):
            legs[leg.posting_id] += leg.amount_minor
        for posting_id, minor in legs.items():
            if minor:
                yield Broken("I-6", posting_id, f"its legs come to {minor}, not to nothing")
        cited: Counter[str] = Counter()
        for row in self.postings:
            if row.kind == "charge":
                cited[row.payment_id] += row.amount_minor
        for payment_id, minor in cited.items():
            charge = self.till.get("charges", self.payments[payment_id].charge_id)
            if charge is not None and charge["amount"] != minor and not self.is_named(payment_id):
                yield Broken("I-18", payment_id, f"{charge['amount']} was charged, {minor} is owed to the books")

    def _chain(self) -> Iterator[Broken]:
        """I-15: the chain holds, and its rows are those that were seen when they were written."""
        for one in verify_chain(self.ledgers.rt_with_own_database(), self.ledgers.company_id):
            yield Broken("I-15", str(one.seq), one.what)
        kept = {row.seq: row.hash for row in self.ledgers.rows(AttemptRow)}
        for seq, digest in self.hashes.items():
            if kept.get(seq) != digest:
                yield Broken("I-15", str(seq), "the attempt is not the one that was seen when it was written")

    def _told(self) -> Iterator[Broken]:
        """I-9 and I-10: what was answered with 200 is stored, each once."""
        kept = Counter((row.provider, row.account, row.event_id) for row in self.ledgers.rows(InboxRow))
        for name, times in kept.items():
            if times > 1:
                yield Broken("I-9", name[2], f"the event is stored {times} times")
        for body in self.books.bodies_told():
            for hint in read_hints(body.encode()):
                if not self.ledgers.has_event("quickbooks", hint.event_id):
                    yield Broken("I-10", hint.event_id, "this event was answered with 200 and is stored nowhere")

    def _cache(self) -> Iterator[Broken]:
        """I-20: an invoice in the cache is not older than the cursor says it is."""
        cursor = next(iter(self.ledgers.rows(CursorRow, entity="*")), None)
        if cursor is None or not cursor.changed_since:
            return
        kept = {row.qbo_id: row for row in self.ledgers.rows(InvoiceRow)}
        for qbo_id in self.books.ids("Invoice"):
            body = self.books.body("Invoice", qbo_id)
            if body is None or str(body["MetaData"]["LastUpdatedTime"])[:19] >= _before(cursor.changed_since):
                continue
            row = kept.get(qbo_id)
            if row is None or row.balance_minor != minor_of(body["Balance"], row.currency):
                said = "missing" if row is None else str(row.balance_minor)
                yield Broken("I-20", qbo_id, f"the books have a balance of {body['Balance']}, the cache {said}")

    def _scopes(self) -> Iterator[Broken]:
        """I-16 as rows: a contact is let in only to customers of its own company."""
        with self.ledgers.db.read() as session:
            homes = dict(session.exec(select(ContactRow.id, ContactRow.company_id)).all())
        for row in self.ledgers.rows(ContactCustomerRow):
            if homes.get(row.contact_id) != row.company_id:
                yield Broken("I-16", row.contact_id, "a contact of another company may see a customer of this one")

    # The end ----------------------------------------------------------------------------------------------------------

    def _ended(self) -> Iterator[Broken]:
        """I-13: a day after the last fault nothing is under way, but for what waits for a posting that a person has."""
        waiting = self._with_a_person()
        for row in self.postings:
            if row.state in UNDER_WAY and row.after_id not in waiting:
                yield Broken("I-13", row.id, f"the {row.kind} of {row.object_id} is still {row.state}")
        for payment in self.payments.values():
            intent = self.till.get("payment_intents", payment.intent_id or "")
            status = intent["status"] if intent else "absent"
            is_over = payment.state in ("canceled", "failed", "succeeded")
            is_waiting = (payment.state == "processing" and status == "processing") or payment.expires_at > self.now
            if not is_over and not is_waiting:
                yield Broken("I-13", payment.id, f"the payment is still {payment.state}, Stripe says {status}")
            if status == "succeeded" and payment.state != "succeeded":
                yield Broken("I-1", payment.id, f"Stripe took the money, the payment says {payment.state}")
        for event in self.ledgers.rows(InboxRow, state="new"):
            yield Broken("I-13", event.id, f"the event {event.kind} still waits ({event.error or 'no error'})")

    def _with_a_person(self) -> set[str]:
        """Return the postings that wait for a person, and those that wait for one of them by name, and so on."""
        found = {row.id for row in self.postings if self.is_held(row)}
        while more := {row.id for row in self.postings if row.after_id in found} - found:
            found |= more
        return found

    def _named(self) -> Iterator[Broken]:
        """I-14: what is held or failed is told to somebody, once."""
        for row in self.postings:
            if row.state == "held" and not self.is_held(row):
                yield Broken("I-14", row.id, f"held ({row.held_code}), and no open discrepancy says so")
        for event in self.ledgers.rows(InboxRow, state="failed"):
            if event.kind != "unreadable" and not self.is_named(event.id):
                yield Broken("I-14", event.id, "the event failed, and no open discrepancy says so")
        once = Counter((row.kind, row.subject) for row in self.open)
        for (kind, subject), times in once.items():
            if times > 1:
                yield Broken("I-14", subject, f"{times} open discrepancies of kind {kind}")

    def _mails(self) -> Iterator[Broken]:
        """I-19: each success owes its payer one receipt."""
        owed = Counter(row.payment_id for row in self.ledgers.rows(MailRow, kind="receipt"))
        for payment in self.payments.values():
            wanted = int(payment.state == "succeeded" and bool(payment.payer_email))
            if owed[payment.id] != wanted:
                yield Broken("I-19", payment.id, f"{owed[payment.id]} receipts are owed for it, not {wanted}")

    def _tokens(self) -> Iterator[Broken]:
        """I-21: the stored refresh token still works, or a person is told to connect again."""
        row: ConnectionRow | None = self.ledgers.connection("quickbooks")
        if row is None or not row.secret_cipher or row.state != "connected":
            return
        if not self.books.accepts_refresh(self.ledgers.refresh_token(row)):
            yield Broken("I-21", row.company_id, "Intuit takes the stored refresh token no more, and nobody is told")


def _before(instant: str) -> str:
    """Return the second that lies the overlap before a time of QuickBooks' clock, in its own zone and form."""
    return (datetime.fromisoformat(instant) - CDC_OVERLAP).isoformat()[:19]
