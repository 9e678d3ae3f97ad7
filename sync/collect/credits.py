"""Open credits of customers as QuickBooks has them at this moment, and the rows that promise them to a payment.

Credit memos are named entity/id, as everywhere. Law: a credit is read live before it is promised; what QuickBooks no
longer has is not in the answer.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, select

from connector.ledger.credits import Credit, Use
from connector.ledger.money import Money
from connector.store.cache import CreditRow
from connector.store.money import CreditUseRow, PaymentRow
from sync.pull import refresh_objects
from sync.runtime import Runtime

MEMO = "CreditMemo"


def live_credits(rt: Runtime, company_id: str, names: Sequence[str]) -> dict[str, Credit]:
    """Read credits from QuickBooks now. Raises GatewayError or NotConnected when that cannot be done."""
    ids = _ids(names)
    if not ids:
        return {}
    refresh_objects(rt, company_id, MEMO, ids)
    with rt.db.read() as session:
        rows = select(CreditRow).where(CreditRow.company_id == company_id, col(CreditRow.qbo_id).in_(ids))
        return {f"{MEMO}/{row.qbo_id}": credit_of(row) for row in session.exec(rows)}


def credit_of(row: CreditRow) -> Credit:
    """Read a row of the cache as the ledger's value; one that was voided or deleted has nothing left."""
    left = row.balance_minor if row.state == "live" else 0
    return Credit(f"{MEMO}/{row.qbo_id}", row.customer_id, row.number, row.issued_day, Money(left, row.currency))


def uses_of(session: Session, payment: PaymentRow) -> list[Use]:
    """Return the credits that pay part of a payment, in the order they are written everywhere."""
    mine = select(CreditUseRow).where(
        CreditUseRow.company_id == payment.company_id, CreditUseRow.payment_id == payment.id
    )
    rows = session.exec(mine.order_by(col(CreditUseRow.number), col(CreditUseRow.credit)))
    return [Use(row.credit, row.customer_id, Money(row.amount_minor, payment.currency)) for row in rows]


def _ids(names: Sequence[str]) -> list[str]:
    return [name.removeprefix(f"{MEMO}/") for name in names if name.startswith(f"{MEMO}/")]
