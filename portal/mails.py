"""Mails as pages show them, to staff and to whom they were sent: what it was, when, how it went, what it said.

Law: every query names the company and the kinds that payers get; a payer's takes the address from the visitor.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, or_, select

from connector.store.access import ContactCustomerRow, ContactRow
from connector.store.money import PaymentRow
from connector.store.outbox import MailRow
from connector.words import known, mark
from portal.picking import fetch, pick

# The kinds of mails to payers, and what each was about where it has no subject of its own yet.
KINDS = {
    "receipt": mark("Receipt"),
    "debit_started": mark("Notice of a bank debit"),
    "debit_failed": mark("Notice of a failed bank debit"),
    "retry": mark("Notice of a payment that is tried again"),
    "method_changed": mark("Notice of a kept payment method"),
    "verify_bank": mark("Bank account to verify"),
    "verify_over": mark("Bank account that was not verified"),
    "sign_in": mark("Sign-in link"),
    "invite": mark("Invitation"),
    "access_changed": mark("Notice of a changed sign-in"),
    "new_address": mark("Notice of a new address"),
    "data_decided": mark("Answer about contact data"),
    "invoice_link": mark("Link to an invoice"),
    "invoice_new": mark("New invoice"),
    "text_ask": mark("Question whether text messages are wanted"),
    "text_bill": mark("Text message"),
    "reminder": mark("Reminder"),
    "talk_answer": mark("Answer"),
}
STATES = {
    "due": ("wait", mark("Queued")),
    "sent": ("good", mark("Sent")),
    "failed": ("bad", mark("Not sent")),
    "withdrawn": ("", mark("Not needed")),
    "stopped": ("bad", mark("Stopped")),
    "bounced": ("bad", mark("Bounced")),
}


@dataclass(frozen=True)
class Mail:
    """A mail in a list."""

    id: str
    kind: str
    to: str
    subject: str
    state: str
    error: str
    invoice_id: str
    at: datetime
    bounced_at: datetime | None

    @property
    def title(self) -> str:
        """Return what it was about."""
        return self.subject or known(KINDS[self.kind])

    @property
    def mark(self) -> tuple[str, str]:
        """Return the tone and the word of its state."""
        tone, word = STATES["bounced" if self.bounced_at else self.state]
        return tone, known(word)


_COLUMNS = (
    *(col(MailRow.id), col(MailRow.kind), col(MailRow.to), col(MailRow.subject), col(MailRow.state)),
    *(col(MailRow.error), col(MailRow.invoice_id), col(MailRow.sent_at), col(MailRow.created_at)),
    *(col(MailRow.bounced_at), col(MailRow.body)),
)


def mails_where(session: Session, company_id: str, *conditions: ColumnElement[bool], limit: int) -> list[Mail]:
    """Return a company's mails to payers that meet conditions, the last one first."""
    return [_mail(row) for row in _rows(session, company_id, *conditions, limit=limit)]


def mail_text(session: Session, company_id: str, *conditions: ColumnElement[bool]) -> tuple[Mail, str] | None:
    """Return one mail and its plain text, empty where it was sent before texts were kept; None where there is none."""
    rows = _rows(session, company_id, *conditions, limit=1)
    return (_mail(rows[0]), rows[0].body) if rows else None


def about_customer(company_id: str, customer_id: str) -> ColumnElement[bool]:
    """Return the condition of mails to a customer: about it, its payments, or its people's way in."""
    payments = select(PaymentRow.id).where(PaymentRow.company_id == company_id, PaymentRow.customer_id == customer_id)
    people = (
        select(ContactRow.email)
        .join(ContactCustomerRow, col(ContactCustomerRow.contact_id) == ContactRow.id)
        .where(
            ContactRow.company_id == company_id,
            ContactCustomerRow.company_id == company_id,
            ContactCustomerRow.customer_id == customer_id,
        )
    )
    theirs = (col(MailRow.customer_id) == "") & (col(MailRow.payment_id) == "") & col(MailRow.to).in_(people)
    return or_(col(MailRow.customer_id) == customer_id, col(MailRow.payment_id).in_(payments), theirs)


def _rows(session: Session, company_id: str, *conditions: ColumnElement[bool], limit: int) -> Any:
    found = pick(*_COLUMNS).where(col(MailRow.company_id) == company_id, col(MailRow.kind).in_(KINDS), *conditions)
    return fetch(session, found.order_by(col(MailRow.created_at).desc(), col(MailRow.id).desc()).limit(limit))


def _mail(row: Any) -> Mail:
    return Mail(
        id=row.id,
        kind=row.kind,
        to=row.to,
        subject=row.subject,
        state=row.state,
        error=row.error,
        invoice_id=row.invoice_id,
        at=row.sent_at or row.created_at,
        bounced_at=row.bounced_at,
    )
