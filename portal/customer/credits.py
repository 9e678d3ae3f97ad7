"""Open credits on the pay page, credit memos and what is left of payments: which a payer may use, and what they pay.

Knows the cache only; the live books decide when Pay is pressed. Laws: a credit is offered to people who signed in as
payers of its customer, for that customer's invoices, and to nobody who holds a link alone; what another payment has
reserved, or used and QuickBooks' balance does not show yet, is not offered again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, and_
from sqlmodel import Session, col

from connector.ledger.allocation import Share
from connector.ledger.applying import UNAPPLIED
from connector.ledger.credits import Credit, use_up
from connector.ledger.money import Money
from connector.ledger.payments import OPEN
from connector.ledger.postings import Kind
from connector.store.cache import BookPaymentRow, CreditRow, RawRow
from connector.store.money import CreditUseRow
from connector.store.outbox import PostingRow
from connector.words import day_text, say
from portal.access.visitors import Visitor
from portal.customer.document import read_document
from portal.customer.started import started_here
from portal.customer.undone import undone
from portal.here import runtime
from portal.picking import fetch, pick
from sync.collect.answers import MOST_INVOICES
from sync.collect.credits import MEMO, PAYMENT, ids_in, is_free
from sync.collect.reserve import Reservation, reservations, reserved_minor
from sync.reach import PAYERS

MOST_CREDITS = MOST_INVOICES  # offered at once: as many as one payment takes invoices


@dataclass(frozen=True)
class Offer:
    """A credit that is offered: whether it was chosen, and what of it pays invoices then."""

    credit: Credit
    chosen: bool
    used: Money

    @property
    def title(self) -> str:
        """Return what people call it."""
        return title_of(self.credit)

    @property
    def rest(self) -> Money:
        """Return what stays of it."""
        return self.credit.left - self.used


def title_of(credit: Credit) -> str:
    """Return what people call a credit: its number, or its day where it has none."""
    if credit.number:
        return say("Credit {number}", number=credit.number)
    day = day_text(credit.day, this_year=0)
    if credit.name.startswith(UNAPPLIED):
        return say("Payment of {day}", day=day)
    return say("Credit of {day}", day=day)


def offers_for(visitor: Visitor, shares: Sequence[Share], currency: str, chosen: Collection[str]) -> list[Offer]:
    """Return the credits that can pay shares, oldest first, with what the chosen ones pay of them."""
    offered = _open_credits(visitor, {share.customer_id for share in shares}, currency)
    uses = use_up(shares, [credit for credit in offered if credit.name in chosen])
    used = {use.name: use.amount for use in uses}
    nothing = Money(0, currency)
    return [Offer(credit, credit.name in chosen, used.get(credit.name, nothing)) for credit in offered]


def owners_of(visitor: Visitor, names: Collection[str]) -> dict[str, str]:
    """Return for those of some credits that this visitor may spend whose they are: customer by the credit's name."""
    asked = list(names)
    memos = pick(CreditRow.qbo_id, CreditRow.customer_id).where(
        _may_use(visitor, CreditRow), col(CreditRow.qbo_id).in_(ids_in(asked, MEMO))
    )
    payments = pick(BookPaymentRow.qbo_id, BookPaymentRow.customer_id).where(
        _may_use(visitor, BookPaymentRow), col(BookPaymentRow.qbo_id).in_(ids_in(asked, PAYMENT))
    )
    with runtime().db.read() as session:
        found = {f"{MEMO}/{qbo_id}": customer for qbo_id, customer in fetch(session, memos)}
        return found | {f"{PAYMENT}/{qbo_id}": customer for qbo_id, customer in fetch(session, payments)}


def _may_use(visitor: Visitor, row: type[CreditRow] | type[BookPaymentRow]) -> ColumnElement[bool]:
    """Return the condition that a credit is one that this visitor may spend."""
    return and_(
        col(row.company_id) == visitor.company.id,
        col(row.customer_id).in_(visitor.customers(*PAYERS)),
        col(row.state) == "live",
    )


def _open_credits(visitor: Visitor, customers: Collection[str], currency: str) -> list[Credit]:
    if not visitor.signed_in:
        return []
    with runtime().db.read() as session:
        found = [*_memos(session, visitor, customers, currency), *_unapplied(session, visitor, customers, currency)]
        free = less_taken(session, visitor, found)
    return sorted(free, key=lambda one: (one.day, one.name))[:MOST_CREDITS]


def _memos(session: Session, visitor: Visitor, customers: Collection[str], currency: str) -> Iterator[Credit]:
    found = (
        pick(CreditRow.qbo_id, CreditRow.customer_id, CreditRow.number, CreditRow.issued_day, CreditRow.balance_minor)
        .where(_may_use(visitor, CreditRow), col(CreditRow.customer_id).in_(customers))
        .where(col(CreditRow.currency) == currency, col(CreditRow.balance_minor) > 0)
    )
    for row in fetch(session, found):
        left = Money(row.balance_minor, currency)
        yield Credit(f"{MEMO}/{row.qbo_id}", row.customer_id, row.number, row.issued_day, left)


def left_of_payments(session: Session, visitor: Visitor) -> list[Credit]:
    """Return what is left of the payments of a contact's customers, in every currency, the oldest first."""
    found = _rests(
        session,
        col(BookPaymentRow.company_id) == visitor.company.id,
        col(BookPaymentRow.customer_id).in_(visitor.customers()),
        col(BookPaymentRow.state) == "live",
    )
    return less_taken(session, visitor, list(found))


def less_taken(session: Session, visitor: Visitor, found: Sequence[Credit]) -> list[Credit]:
    """Return credits less what was promised of them or is on its way to the books; without those that are used up."""
    taken = taken_of(session, visitor, [one.name for one in found])
    free = [replace(one, left=Money(one.left.minor - taken.get(one.name, 0), one.left.currency)) for one in found]
    return [one for one in free if one.left.minor > 0]


def _unapplied(session: Session, visitor: Visitor, customers: Collection[str], currency: str) -> Iterator[Credit]:
    mine = (_may_use(visitor, BookPaymentRow), col(BookPaymentRow.customer_id).in_(customers))
    return _rests(session, *mine, col(BookPaymentRow.currency) == currency)


def _rests(session: Session, *conditions: ColumnElement[bool]) -> Iterator[Credit]:
    """Give the payments, made here or elsewhere, that no invoice has taken whole and that can be applied from here."""
    raw = and_(
        col(RawRow.company_id) == BookPaymentRow.company_id,
        col(RawRow.entity) == PAYMENT,
        col(RawRow.qbo_id) == BookPaymentRow.qbo_id,
    )
    whose = (BookPaymentRow.qbo_id, BookPaymentRow.customer_id, BookPaymentRow.paid_day, BookPaymentRow.currency)
    found = (
        pick(*whose, BookPaymentRow.unapplied_minor, RawRow.body)
        .join(RawRow, raw)
        .where(*conditions, col(BookPaymentRow.unapplied_minor) > 0)
        .order_by(col(BookPaymentRow.paid_day), col(BookPaymentRow.qbo_id))
    )
    for row in fetch(session, found):
        if is_free(row.body):
            left = Money(row.unapplied_minor, row.currency)
            yield Credit(f"{PAYMENT}/{row.qbo_id}", row.customer_id, "", row.paid_day, left)


def taken_of(session: Session, visitor: Visitor, names: Sequence[str]) -> Mapping[str, int]:
    """Return what of credits is promised, or used by a Payment that the cached credit does not name, in minor units."""
    if not names:
        return {}
    begun = started_here()

    def is_own(one: Reservation) -> bool:
        """An unfinished payment of one's own is replaced by the next press."""
        return one.state in OPEN and (one.payment_id in begun or one.contact_id == visitor.contact_id)

    held = reservations(session, visitor.company.id, [], names)
    taken = reserved_minor(one for one in held if not is_own(one))
    for name, minor in _arriving(session, visitor.company.id, names):
        taken[name] = taken.get(name, 0) + minor
    return taken


def _arriving(session: Session, company_id: str, names: Sequence[str]) -> list[tuple[str, int]]:
    posting = and_(
        col(PostingRow.company_id) == company_id,
        col(PostingRow.payment_id) == CreditUseRow.payment_id,
        col(PostingRow.customer_id) == CreditUseRow.customer_id,
        col(PostingRow.kind) == Kind.CHARGE.value,
        col(PostingRow.state) == "posted",
    )
    used = (
        pick(CreditUseRow.credit, CreditUseRow.amount_minor, PostingRow.remote_id)
        .join(PostingRow, posting)
        .where(col(CreditUseRow.company_id) == company_id, col(CreditUseRow.credit).in_(names))
        .where(col(CreditUseRow.credit).startswith(f"{MEMO}/"))  # a payment's rest is cached as it is applied
    )
    rows = fetch(session, used)
    if not rows:
        return []
    raws = pick(RawRow.qbo_id, RawRow.body).where(
        col(RawRow.company_id) == company_id,
        col(RawRow.entity) == MEMO,
        col(RawRow.qbo_id).in_({name.rpartition("/")[2] for name, _, _ in rows}),
    )
    known = {
        f"{MEMO}/{qbo_id}": set(document.payments)
        for qbo_id, body in fetch(session, raws)
        if (document := read_document(body, "USD", 0))
    }
    untold = [(name, minor, remote_id) for name, minor, remote_id in rows if remote_id not in known.get(name, ())]
    gone = undone(session, company_id, {(remote_id, name) for name, _, remote_id in untold})
    return [(name, minor) for name, minor, remote_id in untold if (remote_id, name) not in gone]
