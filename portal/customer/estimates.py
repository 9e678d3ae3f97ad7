"""Estimates and credits of a contact's customers: what they are over, where they stand, what is left of a credit.

Reads the cache in the visitor's scope. Laws: an answer counts from the moment it was given, and is said to stand in the
books only when it does; an estimate whose last day has passed waits for nothing any more.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_
from sqlmodel import Session, col

from connector.ledger.money import Money
from connector.store.cache import CreditRow, CustomerRow, RawRow
from connector.store.edits import EditRow
from connector.store.papers import EstimateRow
from connector.words import say
from portal.access.visitors import Visitor
from portal.customer.credits import MOST_CREDITS, taken_of
from portal.customer.document import Document, read_document
from portal.picking import fetch, pick
from sync.collect.credits import MEMO
from sync.editing.rows import UNDER_WAY

MOST = 100
_UNSETTLED = (*UNDER_WAY, "held")


class Standing(StrEnum):
    """Where an estimate stands for its customer."""

    WAITS = "waits"
    EXPIRED = "expired"
    APPROVED = "approved"
    DECLINED = "declined"
    CLOSED = "closed"  # it became an invoice, or the company closed it


@dataclass(frozen=True)
class Estimate:
    """An estimate's head, with its answer."""

    qbo_id: str
    number: str
    customer_id: str
    customer_name: str
    issued_day: date
    expires_day: date | None
    total: Money
    version: str
    status: str  # as QuickBooks writes it
    standing: Standing
    answered_by: str
    answered_day: date | None
    in_books: bool  # whether the answer stands in the books already

    @property
    def title(self) -> str:
        """Return what people call it."""
        return say("Estimate {number}", number=self.number) if self.number else say("Your estimate")


@dataclass(frozen=True)
class Credit:
    """A credit memo's head: what it was over, and what is left to be used."""

    qbo_id: str
    number: str
    customer_name: str
    issued_day: date
    total: Money
    left: Money


@dataclass(frozen=True)
class Paper:
    """An estimate as its paper reads, and the invoices it became."""

    document: Document | None
    invoices: tuple[str, ...]


_ESTIMATE = (
    *(col(EstimateRow.qbo_id), col(EstimateRow.number), col(EstimateRow.customer_id), col(EstimateRow.issued_day)),
    *(col(EstimateRow.expires_day), col(EstimateRow.total_minor), col(EstimateRow.currency)),
    *(col(EstimateRow.sync_token), col(EstimateRow.status), col(EstimateRow.accepted_by)),
    *(col(EstimateRow.accepted_day), col(CustomerRow.name)),
)


def may_see(who: Visitor, *roles: str) -> ColumnElement[bool]:
    """Return the condition that an estimate is of this contact's customers, or of those where he has one of roles."""
    return and_(
        col(EstimateRow.company_id) == who.company.id,
        col(EstimateRow.customer_id).in_(who.customers(*roles)),
        col(EstimateRow.state) == "live",
    )


def estimates_of(session: Session, who: Visitor, *conditions: ColumnElement[bool]) -> list[Estimate]:
    """Return the estimates a contact may see, the newest first."""
    found = (
        pick(*_ESTIMATE)
        .outerjoin(CustomerRow, _customer(who, EstimateRow.customer_id))
        .where(may_see(who), *conditions)
        .order_by(col(EstimateRow.issued_day).desc(), col(EstimateRow.qbo_id).desc())
        .limit(MOST)
    )
    rows = fetch(session, found)
    given = _given(session, who.company.id, [row.qbo_id for row in rows])
    return [_estimate(row, given.get(row.qbo_id), who.company.today) for row in rows]


def _given(session: Session, company_id: str, ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """Return the answers that were given and that QuickBooks does not show yet, by estimate."""
    if not ids:
        return {}
    edits = pick(EditRow.qbo_id, EditRow.wanted).where(
        col(EditRow.company_id) == company_id,
        col(EditRow.entity) == "Estimate",
        col(EditRow.qbo_id).in_(ids),
        col(EditRow.state).in_(_UNSETTLED),
    )
    return {qbo_id: json.loads(wanted) for qbo_id, wanted in fetch(session, edits.order_by(col(EditRow.created_at)))}


def _estimate(row: Any, given: Mapping[str, Any] | None, today: date) -> Estimate:
    status = str(given.get("TxnStatus", "")) if given else row.status
    day = given.get("AcceptedDate") if given else None
    return Estimate(
        qbo_id=row.qbo_id,
        number=row.number,
        customer_id=row.customer_id,
        customer_name=row.name or "",
        issued_day=row.issued_day,
        expires_day=row.expires_day,
        total=Money(row.total_minor, row.currency),
        version=row.sync_token,
        status=row.status,
        standing=standing_of(status, row.expires_day, today),
        answered_by=str(given.get("AcceptedBy", "")) if given else row.accepted_by,
        answered_day=date.fromisoformat(day) if day else row.accepted_day,
        in_books=given is None,
    )


def standing_of(status: str, expires_day: date | None, today: date) -> Standing:
    """Return where an estimate stands by its status in QuickBooks; on its last day it still waits."""
    if status in ("Closed", "Converted"):
        return Standing.CLOSED
    if status in ("Accepted", "Rejected"):
        return Standing.APPROVED if status == "Accepted" else Standing.DECLINED
    return Standing.EXPIRED if expires_day is not None and expires_day < today else Standing.WAITS


def paper_of(session: Session, who: Visitor, estimate: Estimate) -> Paper:
    """Return the lines of an estimate that was read in the visitor's scope."""
    raw = pick(RawRow.body).where(
        col(RawRow.company_id) == who.company.id,
        col(RawRow.entity) == "Estimate",
        col(RawRow.qbo_id) == estimate.qbo_id,
    )
    rows = fetch(session, raw)
    if not rows:
        return Paper(None, ())
    body = rows[0].body
    return Paper(read_document(body, estimate.total.currency, who.company.today.year), _invoices_in(body))


def _invoices_in(body: str) -> tuple[str, ...]:
    try:
        linked = json.loads(body).get("LinkedTxn") or []
        return tuple(str(one["TxnId"]) for one in linked if one.get("TxnType") == "Invoice")
    except (ValueError, AttributeError, KeyError, TypeError):
        return ()


def credits_of(session: Session, who: Visitor, *conditions: ColumnElement[bool]) -> list[Credit]:
    """Return the credit memos a contact may see, those with something left first, then the newest.

    What was promised of one, or is on its way to the books, is not left of it.
    """
    found = (
        pick(
            *(col(CreditRow.qbo_id), col(CreditRow.number), col(CreditRow.issued_day), col(CreditRow.total_minor)),
            *(col(CreditRow.balance_minor), col(CreditRow.currency), col(CustomerRow.name)),
        )
        .outerjoin(CustomerRow, _customer(who, CreditRow.customer_id))
        .where(
            col(CreditRow.company_id) == who.company.id,
            col(CreditRow.customer_id).in_(who.customers()),
            col(CreditRow.state) == "live",
            *conditions,
        )
        .order_by((col(CreditRow.balance_minor) > 0).desc(), col(CreditRow.issued_day).desc(), col(CreditRow.qbo_id))
        .limit(MOST_CREDITS)
    )
    rows = fetch(session, found)
    taken = taken_of(session, who, [f"{MEMO}/{row.qbo_id}" for row in rows if row.balance_minor > 0])
    return [_credit(row, taken.get(f"{MEMO}/{row.qbo_id}", 0)) for row in rows]


def _credit(row: Any, taken: int) -> Credit:
    left = Money(max(row.balance_minor - taken, 0), row.currency)
    return Credit(row.qbo_id, row.number, row.name or "", row.issued_day, Money(row.total_minor, row.currency), left)


def _customer(who: Visitor, customer_id: Any) -> ColumnElement[bool]:
    return and_(col(CustomerRow.company_id) == who.company.id, col(CustomerRow.qbo_id) == customer_id)
