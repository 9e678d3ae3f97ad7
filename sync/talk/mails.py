"""The mails that talking owes: to staff when a payer wrote or waits too long, to payers when staff answered.

Writes in the caller's transaction. Laws: a mail is owed once for each message and address; a payer who came by a link
is answered at the addresses that QuickBooks holds for the invoice, never at one he typed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlmodel import Session, col, select

from connector.store.access import ContactCustomerRow, ContactRow, MembershipRow, StaffRow
from connector.store.cache import CustomerRow, InvoiceRow
from connector.store.talk import ThreadRow
from sync import mail_rows
from sync.notices import console_url
from sync.runtime import Runtime

TO_STAFF, LATE, TO_PAYER = "talk_staff", "talk_late", "talk_answer"


def tell_staff(session: Session, rt: Runtime, thread: ThreadRow, message_id: str) -> list[str]:
    """Owe a notice of a payer's message to whoever looks after the thread; returns the mails' ids."""
    roles = ("owner", "bookkeeper")
    to = _staff(session, thread.company_id, roles, only=thread.owner_id) or _staff(session, thread.company_id, roles)
    return _owe(session, rt, thread, TO_STAFF, message_id, to, {"url": staff_url(session, rt, thread)})


def tell_owners(session: Session, rt: Runtime, thread: ThreadRow) -> list[str]:
    """Owe the company's owners word of a thread that waits too long; returns the mails' ids."""
    to = _staff(session, thread.company_id, ("owner",))
    return _owe(session, rt, thread, LATE, "", to, {"url": staff_url(session, rt, thread)})


def tell_payer(session: Session, rt: Runtime, thread: ThreadRow, message_id: str, url: str) -> list[str]:
    """Owe the payer an answer with a link; returns the mails' ids, none where no address is known."""
    context = {"url": url, "language": thread.language}
    return _owe(session, rt, thread, TO_PAYER, message_id, payer_addresses(session, thread), context)


def staff_url(session: Session, rt: Runtime, thread: ThreadRow) -> str:
    """Return the address of a thread in the console of its company."""
    return console_url(session, rt, thread.company_id, f"/staff/talk/{thread.id}")


def payer_addresses(session: Session, thread: ThreadRow) -> list[str]:
    """Return where a payer is answered: the contact who asked, else the invoice's addresses, else the customer's.

    An answer holds a way to the invoice, so a contact who was taken off its customer meanwhile gets none.
    """
    asker = thread.contact_id if _acts(session, thread.company_id, thread.contact_id, thread.customer_id) else ""
    queries = (
        select(ContactRow.email).where(
            ContactRow.company_id == thread.company_id, ContactRow.id == asker, ContactRow.state == "active"
        ),
        select(InvoiceRow.email).where(
            InvoiceRow.company_id == thread.company_id, InvoiceRow.qbo_id == thread.invoice_id
        ),
        select(CustomerRow.email).where(
            CustomerRow.company_id == thread.company_id, CustomerRow.qbo_id == thread.customer_id
        ),
    )
    for query in queries:
        text = session.exec(query).first() or ""
        parts = [part.strip().lower() for part in text.replace(";", ",").split(",")]
        if found := [part for part in dict.fromkeys(parts) if "@" in part]:
            return found
    return []


def _acts(session: Session, company_id: str, contact_id: str, customer_id: str) -> bool:
    """Tell whether a contact acts for a customer, by its own row or by that of a customer above."""
    seen: set[str] = set()
    while customer_id and customer_id not in seen:
        seen.add(customer_id)
        row = session.get(ContactCustomerRow, (company_id, contact_id, customer_id))
        if row is not None and row.state != "pending":
            return row.state == "active"
        customer = session.get(CustomerRow, (company_id, customer_id))
        customer_id = customer.parent_id if customer else ""
    return False


def _staff(session: Session, company_id: str, roles: Iterable[str], *, only: str = "") -> list[str]:
    mine = (
        select(StaffRow.email)
        .join(MembershipRow, col(MembershipRow.staff_id) == StaffRow.id)
        .where(MembershipRow.company_id == company_id, col(MembershipRow.role).in_(roles))
    )
    return sorted(session.exec(mine.where(StaffRow.id == only) if only else mine))


def _owe(
    session: Session,
    rt: Runtime,
    thread: ThreadRow,
    kind: str,
    message_id: str,
    to: Iterable[str],
    context: dict[str, str],
) -> list[str]:
    key = f"{kind}/{thread.id}/{message_id or thread.due_at.isoformat()}"
    told = {"thread_id": thread.id, "message_id": message_id, **context}
    ids: dict[str, Any] = {"customer_id": thread.customer_id, "invoice_id": thread.invoice_id}
    owed = [
        mail_rows.owe(
            session, rt, thread.company_id, kind=kind, key=f"{key}/{address}", to=address, context=told, **ids
        )
        for address in to
    ]
    return [mail for mail in owed if mail]
