"""What a payer wants: some invoices in full or in part, open credits beside the money or alone, what paying early takes
off, or money on account.

Reads the cache, as the pages that a payer sees do. Law: a wish is drawn from the payer's own dice and the rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import Select, SelectOfScalar

from connector.ledger.allocation import Share
from connector.ledger.credits import Credit, discount_name, use_up
from connector.ledger.discounts import Discount
from connector.ledger.money import Money
from connector.store.built import built
from connector.store.cache import BookPaymentRow, CreditRow, InvoiceRow
from connector.store.companies import CompanyRow
from sync.collect.credits import credit_of, unapplied_of
from sync.collect.discounts import as_credits, discounts_on
from sync.collect.live import cached_invoices
from sync.runtime import Runtime

ON_ACCOUNT = 0.06  # of payers
WITH_CREDITS = 0.35  # of those whose customer has some
LEAST_MINOR = 100


@dataclass(frozen=True)
class Wish:
    """What one press of Pay is for."""

    customer: str
    shares: tuple[tuple[str, int], ...]
    credits: tuple[tuple[str, int], ...] = ()
    deposit_minor: int = 0


def wish(rt: Runtime, company_id: str, dice: Random) -> Wish | None:
    """Draw what a payer wants to pay; None where nothing is open."""
    with rt.db.read() as session:
        rows = _open(session, company_id).all()
        if not rows:
            return None
        customer = dice.choice(rows)[1]
        if dice.random() < ON_ACCOUNT:
            return Wish(customer, (), deposit_minor=dice.choice((500, 12_345, 100_000)))
        theirs = [row for row in rows if row[1] == customer]
        some = dice.sample(theirs, k=min(len(theirs), dice.choice((1, 1, 1, 2, 3))))
        whole = dice.random() < 0.3
        left = {key: minor for key, _, minor in some}
        cut = {key: max(LEAST_MINOR, minor // dice.choice((3, 7, 20))) for key, minor in left.items()}
        shares = left if whole else cut
        granted = _discounts(rt, session, company_id, left) if whole else {}
        uses = [(discount_name(key), one.amount.minor) for key, one in granted.items()]
        if dice.random() < WITH_CREDITS:
            uses += _used(session, company_id, customer, shares, granted)
    money = sum(shares.values()) - sum(minor for _, minor in uses)
    if 0 < money < LEAST_MINOR:  # less than Stripe takes
        uses = [one for one in uses if one[0].startswith("discount/")]
    return Wish(customer, tuple(shares.items()), tuple(uses))


@built
def _open(company_id: str) -> Select[str, str, int]:
    open_ones = select(InvoiceRow.qbo_id, InvoiceRow.customer_id, InvoiceRow.balance_minor).where(
        InvoiceRow.company_id == company_id,
        col(InvoiceRow.balance_minor) >= LEAST_MINOR,
        InvoiceRow.currency == "USD",
    )
    return open_ones.order_by(col(InvoiceRow.qbo_id))


def _discounts(rt: Runtime, session: Session, company_id: str, shares: dict[str, int]) -> dict[str, Discount]:
    zone = session.get_one(CompanyRow, company_id).zone
    invoices = cached_invoices(session, company_id, list(shares))
    return discounts_on(session, company_id, invoices.values(), rt.clock.today(zone))


def _used(
    session: Session, company_id: str, customer: str, shares: dict[str, int], granted: dict[str, Discount]
) -> list[tuple[str, int]]:
    """Return what a customer's credit memos, and what is left of payments, pay of what the discounts leave."""
    memos: list[Credit] = [credit_of(row) for row in _memos(session, company_id, customer)]
    memos += unapplied_of(session, company_id, _rests(session, company_id, customer).all())
    asked = [Share(key, customer, Money(minor, "USD")) for key, minor in shares.items()]
    first = list(as_credits(granted).values())
    names = {one.name for one in memos if one.left.currency == "USD"}
    return [(use.name, use.amount.minor) for use in use_up(asked, [*first, *memos]) if use.name in names]


@built
def _memos(company_id: str, customer: str) -> SelectOfScalar[CreditRow]:
    mine = select(CreditRow).where(
        CreditRow.company_id == company_id, CreditRow.customer_id == customer, col(CreditRow.balance_minor) > 0
    )
    return mine.order_by(col(CreditRow.qbo_id))


@built
def _rests(company_id: str, customer: str) -> SelectOfScalar[str]:
    rests = select(BookPaymentRow.qbo_id).where(
        BookPaymentRow.company_id == company_id,
        BookPaymentRow.customer_id == customer,
        col(BookPaymentRow.unapplied_minor) > 0,
    )
    return rests.order_by(col(BookPaymentRow.qbo_id))
