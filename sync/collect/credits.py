"""Open credits of customers as QuickBooks has them at this moment, and the rows that promise them to a payment.

Credit memos, and payments that no invoice has taken whole, are named entity/id, as everywhere. Laws: a credit is read
live before it is promised; what QuickBooks no longer has, or does not let us apply, has nothing left.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import and_, bindparam
from sqlalchemy import select as pick
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import Select, SelectOfScalar

from connector.ledger.applying import UNAPPLIED
from connector.ledger.credits import Credit, Use
from connector.ledger.money import Money
from connector.qbo.applying import can_be_applied
from connector.store.built import built
from connector.store.cache import BookPaymentRow, CreditRow, RawRow
from connector.store.money import CreditUseRow, PaymentRow
from connector.store.prepared import Askable, Prepared
from sync.pull import refresh_objects
from sync.runtime import Runtime

MEMO, PAYMENT = "CreditMemo", UNAPPLIED.rstrip("/")
ENTITIES = (MEMO, PAYMENT)  # what can be used as a credit
_USES = Prepared(
    pick(col(CreditUseRow.credit), col(CreditUseRow.customer_id), col(CreditUseRow.amount_minor))
    .where(col(CreditUseRow.company_id) == bindparam("company"), col(CreditUseRow.payment_id) == bindparam("payment"))
    .order_by(col(CreditUseRow.number), col(CreditUseRow.credit))
)


def live_credits(rt: Runtime, company_id: str, names: Sequence[str]) -> dict[str, Credit]:
    """Read credits from QuickBooks now. Raises GatewayError or NotConnected when that cannot be done."""
    memos, payments = ids_in(names, MEMO), ids_in(names, PAYMENT)
    if not memos and not payments:
        return {}
    for entity, ids in ((MEMO, memos), (PAYMENT, payments)):
        if ids:
            refresh_objects(rt, company_id, entity, ids)
    with rt.db.read() as session:
        found = [credit_of(row) for row in _memos(session, company_id, memos)] if memos else []
        found += unapplied_of(session, company_id, payments) if payments else []
    return {one.name: one for one in found}


@built
def _memos(company_id: str, ids: Collection[str]) -> SelectOfScalar[CreditRow]:
    return select(CreditRow).where(CreditRow.company_id == company_id, col(CreditRow.qbo_id).in_(ids))


def credit_of(row: CreditRow) -> Credit:
    """Read a row of the cache as the ledger's value; one that was voided or deleted has nothing left."""
    left = row.balance_minor if row.state == "live" else 0
    return Credit(f"{MEMO}/{row.qbo_id}", row.customer_id, row.number, row.issued_day, Money(left, row.currency))


def uses_of(reader: Askable, payment: PaymentRow) -> list[Use]:
    """Return the credits that pay part of a payment, in the order they are written everywhere."""
    rows = _USES.all(reader, company=payment.company_id, payment=payment.id)
    return [Use(credit, customer_id, Money(minor, payment.currency)) for credit, customer_id, minor in rows]


def ids_in(names: Sequence[str], entity: str) -> list[str]:
    """Return the ids of those names that are an entity's."""
    return [name.removeprefix(f"{entity}/") for name in names if name.startswith(f"{entity}/")]


def is_free(body: str) -> bool:
    """Tell from a Payment's own text whether it can be applied through QuickBooks' API."""
    fields: Mapping[str, Any] = msgspec.json.decode(body)
    return can_be_applied(fields)


def unapplied_of(session: Session, company_id: str, ids: Sequence[str]) -> list[Credit]:
    """Read unapplied payments from the cache as credits without a number."""
    found = []
    for row, body in _with_text(session, company_id, ids):
        left = row.unapplied_minor if row.state == "live" and is_free(body) else 0
        name = f"{PAYMENT}/{row.qbo_id}"
        found.append(Credit(name, row.customer_id, "", row.paid_day, Money(left, row.currency)))
    return found


@built
def _with_text(company_id: str, ids: Sequence[str]) -> Select[BookPaymentRow, str]:
    raw = and_(
        col(RawRow.company_id) == BookPaymentRow.company_id,
        col(RawRow.entity) == PAYMENT,
        col(RawRow.qbo_id) == BookPaymentRow.qbo_id,
    )
    rows = select(BookPaymentRow, RawRow.body).join(RawRow, raw)
    return rows.where(BookPaymentRow.company_id == company_id, col(BookPaymentRow.qbo_id).in_(ids))
