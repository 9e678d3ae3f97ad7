"""The outbox: postings and their legs as rows, written in the same commit as the fact they come from.

Knows no HTTP. Laws: a posting's key is unique in its company, so writing the same fact twice writes nothing new; a
posting is never deleted, only posted, held or dropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table
from sqlmodel import Session, col, select

from connector.ledger.keys import reference
from connector.ledger.money import Money
from connector.ledger.postings import Kind, Posting, Role
from connector.store.outbox import LegRow, PostingRow
from connector.store.upsert import insert_ignoring
from sync.runtime import Runtime

# The role whose legs a person calls the amount of a posting.
_HEADLINE = {Kind.CHARGE: Role.CLEARING, Kind.FEE: Role.FEES, Kind.PAYOUT: Role.BANK}


def write_postings(
    session: Session,
    rt: Runtime,
    company_id: str,
    postings: Sequence[Posting],
    *,
    payment_id: str = "",
    after: Mapping[str, str] | None = None,
) -> list[str]:
    """Owe QuickBooks these postings, in this order; returns their ids, old ones for keys that are there already.

    `after` gives for a posting's key (as text) the id of the posting that must be posted before it.
    """
    now = rt.clock.now()
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
    """Return what a person calls the amount of a posting: charged, taken as a fee, or paid out."""
    return posting.of(_HEADLINE[posting.kind])


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
        ).model_dump()
        for n, leg in enumerate(posting.legs)
    ]


def _table(row: type[PostingRow] | type[LegRow]) -> Table:
    table: Table = row.__table__  # type: ignore[union-attr]  # SQLModel does not declare it
    return table
