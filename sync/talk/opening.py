"""Opening a thread: a payer asks about an invoice, disputes some of it, or says that a check is in the mail.

Writes in the caller's transaction. Laws: the caller has made sure that the invoice is the payer's; a thread has an
owner and a due time from its first moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, select

from connector.store.cache import InvoiceRow
from connector.store.talk import ThreadRow
from sync.runtime import Runtime
from sync.talk import mails
from sync.talk.decisions import Kind, due_at
from sync.talk.rows import PAYER, Said, add_message, choose_owner, message_by_key, note, zone_of

_WORDS = {
    Kind.QUESTION: "{who} asked about invoice {number}",
    Kind.DISPUTE: "{who} disputed invoice {number}",
    Kind.CHECK_SENT: "{who} sent a check for invoice {number}",
}


@dataclass(frozen=True)
class Subject:
    """What a thread is about; the disputed amount is in minor units of the invoice's currency."""

    kind: Kind
    line_title: str = ""
    disputed_minor: int = 0
    check_number: str = ""
    check_day: date | None = None


def open_thread(
    session: Session,
    rt: Runtime,
    company_id: str,
    invoice_id: str,
    subject: Subject,
    said: Said,
    *,
    language: str = "",
) -> tuple[str, list[str]]:
    """Open a thread on an invoice; returns its id and the mails owed, none when the form was sent before."""
    mine = select(InvoiceRow).where(InvoiceRow.company_id == company_id, InvoiceRow.qbo_id == invoice_id)
    invoice = session.exec(mine.with_for_update()).one()  # held: two presses of one form come one after the other
    if earlier := message_by_key(session, company_id, said.key):
        return earlier.thread_id, []
    now = rt.clock.now()
    thread = ThreadRow(
        id=rt.clock.new_id(),
        company_id=company_id,
        invoice_id=invoice_id,
        customer_id=invoice.customer_id,
        kind=subject.kind.value,
        line_title=subject.line_title,
        disputed_minor=subject.disputed_minor,
        currency=invoice.currency,
        check_number=subject.check_number,
        check_day=subject.check_day,
        owner_id=choose_owner(session, company_id, invoice.customer_id),
        contact_id=said.author_id,
        language=language,
        created_at=now,
        changed_at=now,
        due_at=due_at(now, zone_of(session, company_id)),
    )
    session.add(thread)
    session.flush()  # before its messages, which name it
    message_id = add_message(session, rt, thread, PAYER, said)
    who = said.author or "Somebody with the link"
    note(session, rt, thread, _WORDS[subject.kind].format(who=who, number=invoice.number), detail=said.text)
    return thread.id, mails.tell_staff(session, rt, thread, message_id)
