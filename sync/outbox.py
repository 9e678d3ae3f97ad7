"""The outbox: postings and their legs as rows, written in the same commit as the fact they come from, and what is due.

Knows no HTTP. Laws: a posting's key is unique in its company, so writing the same fact twice writes nothing new; a
posting is never deleted, only posted, held or dropped; postings of one customer become due in their order.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Table, and_, bindparam, literal, or_
from sqlalchemy import select as pick
from sqlalchemy.orm import Mapped, aliased
from sqlmodel import Session, col, select, update
from sqlmodel.sql.expression import Select, SelectOfScalar

from connector.ledger.keys import PostingKey, reference
from connector.ledger.money import Money, total
from connector.ledger.postings import Kind, Leg, Posting, Role
from connector.store.built import built, built_loose
from connector.store.outbox import LegRow, PostingRow
from connector.store.prepared import Askable, Prepared
from connector.store.upsert import insert_ignoring, new_row
from sync.runtime import Runtime

Free = Callable[[Any], ColumnElement[bool]]  # a condition by the instant: `is_claimable`

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
    ids = dict(_ids(session, company_id, keys).all())
    return [ids[key] for key in keys]


@built
def _ids(company_id: str, keys: Collection[str]) -> Select[str, str]:
    return select(PostingRow.key, PostingRow.id).where(
        PostingRow.company_id == company_id, col(PostingRow.key).in_(keys)
    )


def amount_of(posting: Posting) -> Money:
    """Return what a person calls the amount of a posting: charged, taken as a fee, paid out, or applied."""
    if posting.kind is Kind.APPLY:
        return total((leg.amount for leg in posting.legs if leg.credit), posting.currency)
    return posting.of(_HEADLINE[posting.kind])


def row_of(session: Session, company_id: str, posting_id: str) -> PostingRow:
    """Return the row of a company's posting, as nobody's object: a change of it is written by a statement, or `add`."""
    return _with_id(session, company_id, posting_id).one()


@built_loose
def _with_id(company_id: str, posting_id: str) -> SelectOfScalar[PostingRow]:
    return select(PostingRow).where(PostingRow.company_id == company_id, PostingRow.id == posting_id)


_LEGS = Prepared(
    pick(
        *(col(LegRow.role), col(LegRow.amount_minor), col(LegRow.currency)),
        *(col(LegRow.cites), col(LegRow.invoice_id), col(LegRow.credit)),
    )
    .where(col(LegRow.company_id) == bindparam("company"), col(LegRow.posting_id) == bindparam("posting"))
    .order_by(col(LegRow.n))
)


def posting_of(session: Session, row: PostingRow) -> Posting:
    """Return the posting that a row and its legs hold."""
    legs = _LEGS.all(session, company=row.company_id, posting=row.id)
    return Posting(
        key=PostingKey(*row.key.split("/")),
        kind=Kind(row.kind),
        day=row.day,
        legs=tuple(
            Leg(Role(role), Money(minor, currency), cites, invoice_id, credit)
            for role, minor, currency, cites, invoice_id, credit in legs
        ),
        memo=row.memo,
    )


def next_due(reader: Askable, company_id: str, now: datetime) -> str | None:
    """Return the oldest posting of a company that may be sent now, None when all are done or wait."""
    row = _oldest(is_claimable).first(reader, company=company_id, now=now)
    return row[0] if row else None


@cache
def _oldest(is_free: Free) -> Prepared:
    return Prepared(
        pick(col(PostingRow.id))
        .where(col(PostingRow.company_id) == bindparam("company"), is_free(bindparam("now")), ~_waits_for_another())
        .order_by(col(PostingRow.created_at), col(PostingRow.id))
        .limit(1)
    )


def companies_with_due(reader: Askable, now: datetime) -> list[str]:
    """Return the companies that have anything to send now."""
    return [company_id for (company_id,) in _companies(is_claimable).all(reader, now=now)]


@cache
def _companies(is_free: Free) -> Prepared:
    mine = col(PostingRow.company_id)
    return Prepared(pick(mine).where(is_free(bindparam("now"))).distinct().order_by(mine))


def let_all_wait(session: Session, company_id: str, until: datetime) -> None:
    """Let every due posting of a company wait: what stopped one would stop each of them."""
    _LET_WAIT.change(session, company=company_id, until=until)


_LET_WAIT = Prepared(
    update(PostingRow)
    .where(
        col(PostingRow.company_id) == bindparam("company"),
        col(PostingRow.state) == "due",
        col(PostingRow.due_at) < bindparam("until"),
    )
    .values(due_at=bindparam("until"))
)


def is_claimable(now: datetime | BindParameter[Any]) -> ColumnElement[bool]:
    """Return the condition of a posting that a worker may take: due, unknown, or leased by a worker that is gone."""
    waiting = and_(is_one_of(col(PostingRow.state), "due", "unknown"), col(PostingRow.due_at) <= now)
    return or_(waiting, and_(col(PostingRow.state) == "leased", col(PostingRow.lease_until) <= now))


def is_one_of(column: Mapped[str], *values: str) -> ColumnElement[bool]:
    """Return the condition that a column has one of these values, as a part of what can stand ready."""
    return column.in_([literal(str(value)) for value in values])


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
            ~is_one_of(col(first.state), "posted", "dropped"),
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
        is_one_of(col(other.state), *UNDER_WAY),
        is_before,
        ~waits_itself,  # what it waits for stops this one too, unless a person has it, or it is this one
    )
    named = and_(col(other.id) == col(PostingRow.after_id), ~is_one_of(col(other.state), "posted", "dropped"))
    blocking = select(other.id).where(col(other.company_id) == col(PostingRow.company_id), or_(same_customer, named))
    return blocking.exists()


def _row(rt: Runtime, company_id: str, posting: Posting, payment_id: str, created_at: datetime) -> dict[str, Any]:
    return new_row(
        PostingRow,
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
    )


def _legs(company_id: str, posting_id: str, posting: Posting) -> list[dict[str, Any]]:
    return [
        new_row(
            LegRow,
            posting_id=posting_id,
            n=n,
            company_id=company_id,
            role=leg.role.value,
            amount_minor=leg.amount.minor,
            currency=leg.amount.currency,
            cites=leg.cites,
            invoice_id=leg.invoice_id,
            credit=leg.credit,
        )
        for n, leg in enumerate(posting.legs)
    ]


def _table(row: type[PostingRow] | type[LegRow]) -> Table:
    table: Table = row.__table__  # type: ignore[union-attr]  # SQLModel does not declare it
    return table
