"""What an open thread holds back: reminders of an invoice, and the disputed part of what is left to pay.

Reads only. Law: a dispute or a check in the mail pauses reminders for as long as it is open, a question does not.
"""

from __future__ import annotations

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from connector.store.prepared import Prepared
from connector.store.talk import ThreadRow
from sync.talk.decisions import PAUSING, Kind


def is_reminding_paused(session: Session, company_id: str, invoice_id: str) -> bool:
    """Tell whether nobody should be reminded of an invoice now."""
    held = select(ThreadRow.id).where(
        ThreadRow.company_id == company_id,
        ThreadRow.invoice_id == invoice_id,
        ThreadRow.state == "open",
        col(ThreadRow.kind).in_(PAUSING),
    )
    return session.exec(held.limit(1)).first() is not None


def disputed_minor(session: Session, company_id: str, invoice_id: str) -> int:
    """Return how much of an invoice is disputed now, in minor units of its currency."""
    return sum(minor for (minor,) in _DISPUTED.all(session, company=company_id, invoice=invoice_id))


_DISPUTED = Prepared(
    select(ThreadRow.disputed_minor).where(
        ThreadRow.company_id == bindparam("company"),
        ThreadRow.invoice_id == bindparam("invoice"),
        ThreadRow.state == "open",
        ThreadRow.kind == Kind.DISPUTE,
    )
)
