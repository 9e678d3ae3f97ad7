"""The tie-out as arithmetic: Stripe's balance, our postings, the clearing account's register, and what lies between.

Knows no gateway and no row. Laws: the items always sum to Stripe's balance less the books' balance, so a cent that
moves anywhere appears in an item; an item is explained (pending, held, in transit, named ...) or it is a
difference, and the sides tie only when there is no difference, not when differences cancel out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from connector.ledger.money import Money, MoneyError, total


class Why(StrEnum):
    """Why an amount stands between Stripe and the books."""

    # Explained: it will go by itself, or somebody has it in hand.
    PENDING = "pending"  # owed to QuickBooks and on its way
    HELD = "held"  # waits for a person's decision
    SETTLING = "settling"  # Stripe has it, its posting is about to be written
    DEBIT = "debit_under_way"  # a bank debit that Stripe counts before its success
    IN_TRANSIT = "in_transit"  # a payout that left Stripe and has not arrived
    NAMED = "named"  # a refund, a dispute, an opening balance: an open discrepancy names it
    # Differences: somebody must look.
    UNMATCHED = "unmatched"  # Stripe moved money that nothing of ours accounts for
    DROPPED = "dropped"  # a posting given up by a person, and no entry by hand was found for it
    CLOSED = "closed"  # a named movement called done by a person, and no entry by hand was found for it
    CHANGED = "changed"  # our document says another amount in the books
    MISSING = "missing"  # our document is gone from the books
    FOREIGN = "foreign"  # an entry in the clearing account that is not ours
    STRIPE_REST = "stripe_rest"  # Stripe's balance is not the sum of its own transactions
    BOOKS_REST = "books_rest"  # the account's balance is not the sum of the entries that were found


EXPLAINED = frozenset({Why.PENDING, Why.HELD, Why.SETTLING, Why.DEBIT, Why.IN_TRANSIT, Why.NAMED})


@dataclass(frozen=True)
class Item:
    """One amount between the two sides: plus where Stripe has more than the books."""

    why: Why
    amount: Money
    subject: str = ""  # a balance transaction, a posting, a name, or entity/id of a document
    ours: Money | None = None  # of a changed document
    theirs: Money | None = None

    @property
    def is_explained(self) -> bool:
        """Tell whether it needs nobody to look for its cause."""
        return self.why in EXPLAINED


@dataclass(frozen=True)
class Txn:
    """A balance transaction: what it moved, and what it is where no posting cites it."""

    txn_id: str
    net: Money
    uncited: Why = Why.UNMATCHED
    name: str = ""  # under which several are named together, for NAMED and CLOSED


@dataclass(frozen=True)
class ClearingLeg:
    """What a posting does to the clearing account for one balance transaction."""

    posting_id: str
    cites: str
    amount: Money
    state: Why | None  # PENDING, HELD or DROPPED; None when it is posted
    document: str = ""  # entity/id, once posted


@dataclass(frozen=True)
class Entry:
    """A line of the clearing account's register, as read back from the books."""

    document: str  # entity/id
    amount: Money


@dataclass(frozen=True)
class Sides:
    """Everything that is compared, in one currency."""

    currency: str
    stripe: Money  # available and pending
    books: Money  # the balance that the books themselves name
    txns: Sequence[Txn]
    legs: Sequence[ClearingLeg]
    entries: Sequence[Entry]


@dataclass(frozen=True)
class Match:
    """The result: the three sums, and every item between Stripe and the books."""

    stripe: Money
    postings: Money
    books: Money
    items: tuple[Item, ...]

    @property
    def explained(self) -> Money:
        """Return what is explained."""
        return total((item.amount for item in self.items if item.is_explained), self.stripe.currency)

    @property
    def unexplained(self) -> Money:
        """Return what nobody has explained yet."""
        return self.stripe - self.books - self.explained

    @property
    def ties(self) -> bool:
        """Tell whether there is no difference at all."""
        return all(item.is_explained for item in self.items)


def match(sides: Sides) -> Match:
    """Compare the sides and name everything between them. Raises MoneyError when currencies are mixed."""
    entries = _by_document(sides.entries)
    ours = {leg.document for leg in sides.legs if leg.document}
    foreign = [Item(Why.FOREIGN, -entry.amount, name) for name, entry in entries.items() if name not in ours]
    items = [
        *_pair_off([*_stripe_items(sides), *(_leg_item(leg) for leg in sides.legs if leg.state is not None)], foreign),
        *_document_items(sides, entries),
        Item(Why.STRIPE_REST, sides.stripe - total((txn.net for txn in sides.txns), sides.currency)),
        Item(Why.BOOKS_REST, total((entry.amount for entry in sides.entries), sides.currency) - sides.books),
    ]
    posted = total((leg.amount for leg in sides.legs if leg.state is None), sides.currency)
    result = Match(sides.stripe, posted, sides.books, tuple(item for item in items if item.amount))
    assert total((item.amount for item in items), sides.currency) == sides.stripe - sides.books, "an amount was lost"
    return result


def _stripe_items(sides: Sides) -> list[Item]:
    """Return what no posting covers of each balance transaction, and what legs cite that Stripe does not have."""
    covered: Counter[str] = Counter()
    for leg in sides.legs:
        covered[leg.cites] += leg.amount.minor
    items, named = [], defaultdict[tuple[Why, str], list[Money]](list)
    for txn in sides.txns:
        if txn.txn_id in covered:  # what is cited and not covered is an error of ours, whatever it would be otherwise
            left = txn.net - Money(covered.pop(txn.txn_id), sides.currency)
            items.append(Item(Why.UNMATCHED, left, txn.txn_id))
        elif txn.name:
            named[txn.uncited, txn.name].append(txn.net)
        else:
            items.append(Item(txn.uncited, txn.net, txn.txn_id))
    items += [Item(why, total(amounts, sides.currency), name) for (why, name), amounts in named.items()]
    return items + [Item(Why.UNMATCHED, Money(-minor, sides.currency), txn_id) for txn_id, minor in covered.items()]


_BY_HAND = (Why.DROPPED, Why.CLOSED, Why.NAMED)  # what a person may have entered in the books, in this order


def _pair_off(items: Sequence[Item], foreign: Sequence[Item]) -> list[Item]:
    """Take away what a person entered by hand: an entry of exactly the amount that waits for one."""
    entered: defaultdict[int, list[Item]] = defaultdict(list)
    for entry in foreign:
        entered[-entry.amount.minor].append(entry)
    left = []
    for item in sorted(items, key=lambda item: _BY_HAND.index(item.why) if item.why in _BY_HAND else -1):
        if item.why in _BY_HAND and entered[item.amount.minor]:
            entered[item.amount.minor].pop(0)
        else:
            left.append(item)
    return left + [entry for entries in entered.values() for entry in entries]


def _leg_item(leg: ClearingLeg) -> Item:
    assert leg.state is not None
    return Item(leg.state, leg.amount, leg.posting_id)


def _document_items(sides: Sides, entries: Mapping[str, Entry]) -> list[Item]:
    """Compare each of our documents with what the books hold of it."""
    ours: Counter[str] = Counter()
    for leg in sides.legs:
        if leg.state is None:
            ours[leg.document] += leg.amount.minor
    items = []
    for document, minor in ours.items():
        said = Money(minor, sides.currency)
        entry = entries.get(document)
        theirs = entry.amount if entry else Money(0, sides.currency)
        why = Why.CHANGED if entry else Why.MISSING
        items.append(Item(why, said - theirs, document, said, theirs))
    return items


def _by_document(entries: Iterable[Entry]) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for entry in entries:
        if entry.document in found:
            raise MoneyError(f"{entry.document} stands twice in the register")
        found[entry.document] = entry
    return found
