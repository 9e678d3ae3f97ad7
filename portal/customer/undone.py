"""What QuickBooks' own word on a Payment of ours undoes: it was taken away there, or pays and uses other things now.

Reads the cache. Law: a Payment says something only once it was read; until then what we posted counts as standing.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from sqlalchemy import and_
from sqlmodel import col

from connector.store.cache import BookPaymentRow, RawRow
from connector.store.prepared import Reader
from portal.picking import fetch, pick

Tie = tuple[str, str]  # a Payment's id, and what it was to pay or use: Invoice/12, CreditMemo/7


def undone(reader: Reader, company_id: str, ties: Collection[Tie]) -> set[Tie]:
    """Return those of some ties that a company's books, as they were read last, do not hold."""
    if not ties:
        return set()
    known = and_(col(BookPaymentRow.company_id) == company_id, col(BookPaymentRow.qbo_id) == RawRow.qbo_id)
    found = (
        pick(RawRow.qbo_id, RawRow.body, BookPaymentRow.state)
        .join(BookPaymentRow, known)
        .where(
            col(RawRow.company_id) == company_id,
            col(RawRow.entity) == "Payment",
            col(RawRow.qbo_id).in_({payment_id for payment_id, _ in ties}),
        )
    )
    stands = {qbo_id: _linked(body) if state == "live" else set() for qbo_id, body, state in fetch(reader, found)}
    return {(payment_id, what) for payment_id, what in ties if what not in stands.get(payment_id, {what})}


def _linked(body: str) -> set[str]:
    payment: dict[str, Any] = json.loads(body)
    lines = [linked for line in payment.get("Line") or () for linked in line.get("LinkedTxn") or ()]
    return {f"{one.get('TxnType')}/{one.get('TxnId')}" for one in lines}
