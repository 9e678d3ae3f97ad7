"""The history of a payment: what happened to it, each in a sentence for those who look back.

Writes in the caller's transaction. Law: rows are only added, and hold the state that the payment had then.
"""

from __future__ import annotations

from sqlmodel import Session

from connector.store.money import PaymentEventRow, PaymentRow
from connector.store.upsert import insert, new_row
from sync.runtime import Runtime


def note(session: Session, rt: Runtime, payment: PaymentRow, text: str, *, state: str = "") -> None:
    """Add a line to a payment's history; `state` is what it came to, where the row does not say so yet."""
    line = new_row(
        PaymentEventRow,
        id=rt.clock.new_id(),
        company_id=payment.company_id,
        payment_id=payment.id,
        at=rt.clock.now(),
        state=state or payment.state,
        text=text,
    )
    insert(session, PaymentEventRow, [line])
