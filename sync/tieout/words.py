"""The lines of a tie-out in words: what explains the gap between Stripe and QuickBooks, and each difference by name.

Reads names for what `matching` found; changes no amount. Laws: explained items of one sort are one line with their sum;
every difference is a line of its own that says what it is, where, and what to do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import Select, SelectOfScalar

from connector.ledger.matching import Item, Match, Why
from connector.ledger.money import Money, total
from connector.qbo.document_effects import Effect
from connector.store.books import DiscrepancyRow
from connector.store.built import built, built_loose
from connector.store.money import BalanceTxnRow
from connector.store.outbox import PostingRow
from connector.words import count, day_text, money_text
from sync.outbox import row_of
from sync.pushing.posting_words import title

_ONE_LINE_EACH = frozenset({Why.NAMED})
_TOGETHER: dict[Why, Callable[[int], str]] = {
    Why.PENDING: lambda n: f"{count(n, 'posting')} {'is' if n == 1 else 'are'} on the way to QuickBooks",
    Why.HELD: lambda n: f"{count(n, 'posting')} {'waits' if n == 1 else 'wait'} for your decision",
    Why.SETTLING: lambda n: f"{count(n, 'movement')} at Stripe {'is' if n == 1 else 'are'} about to be posted",
    Why.DEBIT: lambda n: f"{count(n, 'bank debit')} {'counts' if n == 1 else 'count'} at Stripe before success",
    Why.IN_TRANSIT: lambda n: f"{count(n, 'payout')} {'is' if n == 1 else 'are'} on the way to the bank",
}


@dataclass(frozen=True)
class NamedLine:
    """One line between Stripe and QuickBooks: plus where Stripe has more."""

    why: str
    sentence: str
    amount: Money
    is_explained: bool
    subject: str = ""
    next_step: str = ""


def lines_of(session: Session, company_id: str, match: Match, effects: Mapping[str, Effect]) -> list[NamedLine]:
    """Return the lines of a tie-out, what is explained first."""
    reader = _Reader(session, company_id, effects)
    together: dict[Why, list[Item]] = {}
    for item in match.items:
        if item.is_explained and item.why not in _ONE_LINE_EACH:
            together.setdefault(item.why, []).append(item)
    lines = [_sum_line(why, together[why]) for why in Why if why in together]
    lines += [reader.line(item) for item in match.items if item.why in _ONE_LINE_EACH]
    lines += [reader.line(item) for item in match.items if not item.is_explained]
    return [line for line in lines if line.amount]


def _sum_line(why: Why, items: Sequence[Item]) -> NamedLine:
    amount = total((item.amount for item in items), items[0].amount.currency)
    return NamedLine(why.value, f"{_TOGETHER[why](len(items))}.", amount, is_explained=True)


class _Reader:
    """Finds the names behind one item at a time."""

    def __init__(self, session: Session, company_id: str, effects: Mapping[str, Effect]) -> None:
        self._session, self._company_id, self._effects = session, company_id, effects

    def line(self, item: Item) -> NamedLine:
        """Return the line of one item."""
        sentence, next_step = _SAID[item.why](self, item)
        return NamedLine(item.why.value, sentence, item.amount, item.is_explained, item.subject, next_step)

    def named(self, item: Item) -> tuple[str, str]:
        """Say what the discrepancy says that names it; the newest, where a person closed an older one."""
        said = _said_of(self._session, self._company_id, item.subject).first()
        return said or (f"Stripe moved {money_text(item.amount)}.", "")

    def closed(self, item: Item) -> tuple[str, str]:
        said, _ = self.named(item)
        return (
            f"{said} It was called done, and the clearing account has no entry of {money_text(item.amount)}.",
            "Record it by hand in the clearing account, with this amount.",
        )

    def unmatched(self, item: Item) -> tuple[str, str]:
        txn = _txn(self._session, self._company_id, item.subject).one_or_none()
        if txn is None:
            return (
                f"A posting of {money_text(-item.amount)} names the balance transaction {item.subject}, which Stripe "
                "does not list.",
                "Look at Stripe's balance page. If Stripe lists it now, tie out again.",
            )
        what = next((word for word in txn if word), "")
        return (
            f"Stripe's balance moved by {money_text(item.amount)} ({what}, {item.subject}), and nothing accounts "
            "for it.",
            "Look at the transaction in Stripe, and record it in QuickBooks if it belongs to the business.",
        )

    def dropped(self, item: Item) -> tuple[str, str]:
        return (
            f"{self._title(item.subject)} was dropped, and the clearing account has no entry by hand of "
            f"{money_text(item.amount)}.",
            "Record it by hand in the clearing account, with this amount.",
        )

    def changed(self, item: Item) -> tuple[str, str]:
        assert item.ours is not None
        assert item.theirs is not None
        return (
            f"{self._document(item.subject)} was changed in QuickBooks: {self._title_of(item.subject)} is "
            f"{money_text(item.theirs)} there, and {money_text(item.ours)} at Stripe.",
            "Set it back in QuickBooks, or say in Stripe what QuickBooks says.",
        )

    def missing(self, item: Item) -> tuple[str, str]:
        return (
            f"{self._document(item.subject)} is no longer in the clearing account: it was deleted, voided or moved in "
            f"QuickBooks. It held {self._title_of(item.subject)}, {money_text(item.amount)}.",
            "If that was a mistake, enter it again in QuickBooks; if it was meant, refund it in Stripe.",
        )

    def foreign(self, item: Item) -> tuple[str, str]:
        effect = self._effects[item.subject]
        twin = self._twin(effect)
        moved = f"{self._document(item.subject)} of {day_text(effect.day)} moves {money_text(effect.amount)}"
        if twin:
            return f"{moved} and repeats {twin}.", "Delete it in QuickBooks."
        return (
            f"{moved} in the clearing account, and Stripe knows nothing of it.",
            "Only what happens at Stripe belongs there: move it to another account in QuickBooks, or delete it.",
        )

    def stripe_rest(self, item: Item) -> tuple[str, str]:
        return (
            f"Stripe's balance differs by {money_text(item.amount)} from the sum of the transactions it lists.",
            "Tie out again in a minute. If it stays, ask Stripe's support for the balance report of today.",
        )

    def books_rest(self, item: Item) -> tuple[str, str]:
        return (
            f"The clearing account's balance in QuickBooks differs by {money_text(-item.amount)} from the entries that "
            "Tieout found in it.",
            "Open the account's register in QuickBooks and look for entries that are not payments, receipts, expenses, "
            "transfers, deposits or journal entries.",
        )

    def _title(self, posting_id: str) -> str:
        return title(self._session, row_of(self._session, self._company_id, posting_id))

    def _title_of(self, document: str) -> str:
        entity, _, qbo_id = document.partition("/")
        row = _posted_as(self._session, self._company_id, entity, qbo_id).first()
        if row is not None:
            return title(self._session, row)
        effect = self._effects.get(document)
        return (self._twin(effect) if effect else "") or document.replace("/", " ")

    def _twin(self, effect: Effect) -> str:
        """Return which of our postings an entry repeats, by its reference; empty when none."""
        if not effect.reference:
            return ""
        row = _with_reference(self._session, self._company_id, effect.reference).first()
        return title(self._session, row) if row else ""

    def _document(self, document: str) -> str:
        return document.replace("/", " ")


@built
def _said_of(company_id: str, subject: str) -> Select[str, str]:
    said = select(DiscrepancyRow.sentence, DiscrepancyRow.next_step).where(
        DiscrepancyRow.company_id == company_id, DiscrepancyRow.subject == subject
    )
    return said.order_by(col(DiscrepancyRow.opened_at).desc())


@built
def _txn(company_id: str, txn_id: str) -> Select[str, str, str]:
    return select(BalanceTxnRow.description, BalanceTxnRow.category, BalanceTxnRow.kind).where(
        BalanceTxnRow.company_id == company_id, BalanceTxnRow.txn_id == txn_id
    )


@built_loose
def _posted_as(company_id: str, entity: str, remote_id: str) -> SelectOfScalar[PostingRow]:
    return select(PostingRow).where(
        PostingRow.company_id == company_id, PostingRow.entity == entity, PostingRow.remote_id == remote_id
    )


@built_loose
def _with_reference(company_id: str, reference: str) -> SelectOfScalar[PostingRow]:
    return select(PostingRow).where(PostingRow.company_id == company_id, PostingRow.reference == reference)


_SAID: dict[Why, Callable[[_Reader, Item], tuple[str, str]]] = {
    Why.NAMED: _Reader.named,
    Why.CLOSED: _Reader.closed,
    Why.UNMATCHED: _Reader.unmatched,
    Why.DROPPED: _Reader.dropped,
    Why.CHANGED: _Reader.changed,
    Why.MISSING: _Reader.missing,
    Why.FOREIGN: _Reader.foreign,
    Why.STRIPE_REST: _Reader.stripe_rest,
    Why.BOOKS_REST: _Reader.books_rest,
}
