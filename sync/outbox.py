"""The outbox: postings and their legs as rows, written in the same commit as the fact they come from, and what is due.

Knows no HTTP. Laws: a posting's key is unique in its company, so writing the same fact twice writes nothing new; a
posting is never deleted, only posted, held or dropped; postings of one customer become due in their order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select, update

from connector.ledger.keys import PostingKey, reference
from connector.ledger.money import Money, total
from connector.ledger.postings import Kind, Leg, Posting, Role
from connector.store.outbox import LegRow, PostingRow
from connector.store.upsert import insert_ignoring
from sync.runtime import Runtime

UNDER_WAY = ("due", "leased", "unknown")  # neither in QuickBooks nor waiting for a person
# The role whose legs a person calls the amount of a posting.
_HEADLINE = {
    Kind.CHARGE: Role.CLEARING,
    Kind.FEE: Role.FEES,
    Kind.PAYOUT: Role.BANK,
    Kind.DISCOUNT: Role.DISCOUNTS,
    Kind.SURCHARGE: Role.RECEIVABLE,
}


def write_postings(
    session: Session,
    rt: Runtime,
    company_id: str,
    postings: Sequence[Posting],
    *,
    payment_id: str = "",
    after: Mapping[str, str] | None = None,
    at: datetime | None = None,
) -> list[str]:
    """Owe QuickBooks these postings, in this order; returns their ids, old ones for keys that are there already.

    `after` gives for a posting's key (as text) the id of the posting that must be posted before it; `at` stands for
    now where several calls make one order, whatever the clock does between them.
    """
    now = at or rt.clock.now()
    for n, posting in enumerate(postings):
        row = _row(rt, company_id, posting, payment_id, now + timedelta(microseconds=n))
        row["after_id"] = (after or {}).get(row["key"], "")
        if insert_ignoring(session, _table(PostingRow), [row]):
            insert_ignoring(session, _table(LegRow), _legs(company_id, row["id"], posting))
    keys = [str(posting.key) for posting in postings]
    found = select(PostingRow.key, PostingRow.id).where(
        PostingRow.company_id == company_id, col(PostingRow.key).in_(keys)
    )
    ids = dict(session.exec(found).all())
    return [ids[key] for key in keys]


def amount_of(posting: Posting) -> Money:
    """Return what a person calls the amount of a posting: charged, taken as a fee, paid out, or applied."""
    if posting.kind is Kind.APPLY:
        return total((leg.amount for leg in posting.legs if leg.credit), posting.currency)
    return posting.of(_HEADLINE[posting.kind])


def posting_of(session: Session, row: PostingRow) -> Posting:
    """Return the posting that a row and its legs hold."""
    legs = (
        select(LegRow).where(LegRow.company_id == row.company_id, LegRow.posting_id == row.id).order_by(col(LegRow.n))
    )
    return Posting(
        key=PostingKey(*row.key.split("/")),
        kind=Kind(row.kind),
        day=row.day,
        legs=tuple(
            Leg(Role(leg.role), Money(leg.amount_minor, leg.currency), leg.cites, leg.invoice_id, leg.credit)
            for leg in session.exec(legs)
        ),
        memo=row.memo,
    )


def next_due(session: Session, company_id: str, now: datetime) -> str | None:
    """Return the oldest posting of a company that may be sent now, None when all are done or wait."""
    due = (
        select(PostingRow.id)
        .where(PostingRow.company_id == company_id, is_claimable(now), ~_waits_for_another())
        .order_by(col(PostingRow.created_at), col(PostingRow.id))
        .limit(1)
    )
    return session.exec(due).one_or_none()


def companies_with_due(session: Session, now: datetime) -> list[str]:
    """Return the companies that have anything to send now."""
    due = select(PostingRow.company_id).where(is_claimable(now)).distinct().order_by(col(PostingRow.company_id))
    return list(session.exec(due))


def let_all_wait(session: Session, company_id: str, until: datetime) -> None:
    """Let every due posting of a company wait: what stopped one would stop each of them."""
    others = update(PostingRow).where(
        col(PostingRow.company_id) == company_id, col(PostingRow.state) == "due", col(PostingRow.due_at) < until
    )
    session.exec(others.values(due_at=until))


def is_claimable(now: datetime) -> ColumnElement[bool]:
    """Return the condition of a posting that a worker may take: due, unknown, or leased by a worker that is gone."""
    waiting = and_(col(PostingRow.state).in_(("due", "unknown")), col(PostingRow.due_at) <= now)
    return or_(waiting, and_(col(PostingRow.state) == "leased", col(PostingRow.lease_until) <= now))


@cache
def _waits_for_another() -> ColumnElement[bool]:
    """Return the condition of a posting that another must precede.

    A held posting does not stop its customer's later ones, nor does one that waits for it by name: that may take weeks.
    """
    other, first = aliased(PostingRow), aliased(PostingRow)
    waits_itself = (
        select(first.id)
        .where(
            col(first.company_id) == col(other.company_id),
            col(first.id) == col(other.after_id),
            col(first.state).not_in(("posted", "dropped")),
        )
        .exists()
    )
    is_before = or_(
        col(other.created_at) < col(PostingRow.created_at),
        and_(col(other.created_at) == col(PostingRow.created_at), col(other.id) < col(PostingRow.id)),
    )
    same_customer = and_(
        col(PostingRow.customer_id) != "",
        col(other.customer_id) == col(PostingRow.customer_id),
        col(other.state).in_(UNDER_WAY),
        is_before,
        ~waits_itself,  # what it waits for stops this one too, unless a person has it, or it is this one
    )
    named = and_(col(other.id) == col(PostingRow.after_id), col(other.state).not_in(("posted", "dropped")))
    blocking = select(other.id).where(col(other.company_id) == col(PostingRow.company_id), or_(same_customer, named))
    return blocking.exists()


def _row(rt: Runtime, company_id: str, posting: Posting, payment_id: str, created_at: datetime) -> dict[str, Any]:
    return PostingRow(
        id=rt.clock.new_id(),
        company_id=company_id,
        key=str(posting.key),
        kind=posting.kind.value,
        reference=reference(posting.key),
        customer_id=posting.key.customer_id,
        payment_id=payment_id,
        object_id=posting.key.object_id,
        day=posting.day,
        amount_minor=amount_of(posting).minor,
        currency=posting.currency,
        memo=posting.memo,
        due_at=created_at,
        created_at=created_at,  # rises within one call: postings of a customer keep their order
    ).model_dump()


def _legs(company_id: str, posting_id: str, posting: Posting) -> list[dict[str, Any]]:
    return [
        LegRow(
            posting_id=posting_id,
            n=n,
            company_id=company_id,
            role=leg.role.value,
            amount_minor=leg.amount.minor,
            currency=leg.amount.currency,
            cites=leg.cites,
            invoice_id=leg.invoice_id,
            credit=leg.credit,
        ).model_dump()
        for n, leg in enumerate(posting.legs)
    ]


def _table(row: type[PostingRow] | type[LegRow]) -> Table:
    table: Table = row.__table__  # type: ignore[union-attr]  # SQLModel does not declare it
    return table
