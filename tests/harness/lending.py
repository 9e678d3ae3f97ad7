"""What pays beside money, at the end of a run: credits, discounts, earlier payments that were applied.

Part of the whole set (`whole`). Law: what was agreed to be used is used, once, or an open discrepancy says why not.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from connector.ledger.applying import UNAPPLIED
from connector.store.money import CreditUseRow, PaymentRow, ShareRow
from connector.store.outbox import LegRow, PostingRow
from sync.verify.broken import Broken
from tests.harness.ledgers import Ledgers
from tests.harness.truth import Books, Doc, minor_of


class Lending:
    """The rules about it, over one reading of both sides."""

    ledgers: Ledgers
    books: Books
    payments: dict[str, PaymentRow]
    postings: list[PostingRow]
    ours: list[Doc]

    def is_named(self, *subjects: str) -> bool:
        """Tell whether an open discrepancy is about any of these ids."""
        raise NotImplementedError

    def _is_payment_named(self, payment: PaymentRow, docs: list[Doc]) -> bool:
        raise NotImplementedError

    def _credits(self) -> Iterator[Broken]:
        """I-1: what credits were agreed to pay is used in the books, and no discount is left over, or it is named.

        Of a credit less is used where somebody made an invoice smaller meanwhile, or took it back: nothing is open on
        it then, and the rest of the credit is the customer's, as it was.
        """
        agreed: Counter[str] = Counter()
        for use in self.ledgers.rows(CreditUseRow):
            if not use.credit.startswith(UNAPPLIED):  # `_applied` looks at those
                agreed[use.payment_id] += use.amount_minor
        for payment_id, minor in agreed.items():
            payment = self.payments[payment_id]
            docs = [doc for doc in self.ours if doc.payment_id == payment_id]
            used = sum(doc.lent for doc in docs)
            over = sum(minor_of(doc.body["Balance"], doc.currency) for doc in docs if doc.entity == "CreditMemo")
            is_used = used == minor or used < minor <= used + self._without_room(payment_id)
            if payment.state != "succeeded" or (is_used and not over) or self._is_payment_named(payment, docs):
                continue
            yield Broken("I-1", payment_id, f"credits of {minor} were agreed, {used} is used, {over} left over")

    def _without_room(self, payment_id: str) -> int:
        """Return how much of a payment was meant for invoices that can take no more of it."""
        shares = [share for share in self.ledgers.rows(ShareRow) if share.payment_id == payment_id]
        found = [(share.amount_minor, self.books.body("Invoice", share.invoice_id)) for share in shares]
        return sum(minor for minor, invoice in found if invoice is None or not invoice["Balance"])

    def _applied(self) -> Iterator[Broken]:
        """I-1: an earlier payment that was applied gives invoices what our postings say, all of them, once each.

        What an invoice had got is free again where somebody voided or deleted it since.
        """
        brought: Counter[str] = Counter()
        for leg in self.ledgers.rows(LegRow):
            paid = self.books.body("Invoice", leg.invoice_id) if leg.invoice_id else None
            brought[leg.posting_id] -= leg.amount_minor if paid and paid["TotalAmt"] else 0
        costs = self._surcharges_of_charges()
        upon: defaultdict[str, list[PostingRow]] = defaultdict(list)
        for row in self.postings:
            if row.state == "posted" and row.entity == "Payment":
                upon[row.remote_id].append(row)
        for qbo_id, rows in upon.items():
            doc, wanted = self.books.find("Payment", qbo_id), sum(brought[row.id] + costs[row.id] for row in rows)
            if all(row.kind != "apply" for row in rows) or self.is_named(
                f"Payment/{qbo_id}", *(row.id for row in rows)
            ):
                continue
            stands = doc.applied if doc else 0
            # What an edited invoice gave free may be applied anew: no more can stand than money and credits come to.
            wanted = min(wanted, doc.minor + doc.lent) if doc else wanted
            is_cut = any(row.generation > 1 for row in rows)  # a person let it be applied as far as it fits
            if stands > wanted or (stands < wanted and not is_cut):
                yield Broken("I-1", f"Payment/{qbo_id}", f"{wanted} was to be applied of it, {stands} is")

    def _surcharges_of_charges(self) -> Counter[str]:
        """Return what each charge's Payment gives the invoice of its surcharge, which its legs do not name."""
        made = {(row.object_id, row.customer_id): row for row in self.postings if row.kind == "surcharge"}
        costs: Counter[str] = Counter()
        for row in self.postings:
            cost = made.get((row.object_id, row.customer_id)) if row.kind == "charge" else None
            paid = self.books.body("Invoice", cost.remote_id) if cost and cost.state == "posted" else None
            costs[row.id] += cost.amount_minor if cost and paid and paid["TotalAmt"] else 0
        return costs
