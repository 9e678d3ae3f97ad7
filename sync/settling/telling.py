"""Who else is told when a payment moves: staff of a bank debit that came back, its payer of an account to be verified.

Writes in the caller's transaction. Law: each is told once for each fact, however often a payment is looked at.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session

from connector.ledger.payments import PaymentState
from connector.store.money import PaymentRow, ShareRow
from connector.stripe.facts import Intent
from sync import notices, verifying
from sync.runtime import Runtime
from sync.settling import words


def tell_others(
    session: Session, rt: Runtime, row: PaymentRow, shares: Sequence[ShareRow], intent: Intent, *, is_news: bool
) -> list[str]:
    """Owe the mails that a payment's move asks for beside its payer's own; returns the ids of those to send now.

    `is_news` is false also where the payment is tried again by itself: what becomes of that is told elsewhere.
    """
    owed = verifying.follow_payment(session, rt, row, intent)
    if not is_news or row.state != PaymentState.FAILED:
        return owed
    subject, text = words.debit_failed(session, row, shares)
    key, path = f"debit_failed/{row.id}", f"/staff/payments/{row.id}"
    return owed + notices.tell_staff(session, rt, row.company_id, key=key, subject=subject, text=text, path=path)
