"""Contacts and staff by their addresses, and what is known of a staff member in a company.

Law: who a person may act for stands in our own rows; an address that changed in QuickBooks opens nothing by itself.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sqlmodel import Session, select
from sqlmodel.sql.expression import SelectOfScalar

from connector.errors import WrongInput
from connector.store.access import ContactCustomerRow, ContactRow, MembershipRow, StaffRow
from connector.store.outbox import CONTEXT_COLUMN, MailRow
from connector.words import language, say

if TYPE_CHECKING:
    from datetime import datetime

    from sync.runtime import Runtime

LONGEST_EMAIL = 254


def read_email(text: str) -> str:
    """Return an address as it is stored, in lower case. Raises WrongInput with a sentence."""
    address = text.strip().lower()
    name, at, host = address.partition("@")
    if not (name and at and "." in host) or len(address) > LONGEST_EMAIL or not address.isprintable() or " " in address:
        raise WrongInput(say("That does not look like an e-mail address."))
    return address


def contact_by_email(session: Session, company_id: str, email: str) -> ContactRow | None:
    """Return the active contact of a company who may act for somebody, by address."""
    return session.exec(_let_in(company_id).where(ContactRow.email == email)).one_or_none()


def is_let_in(session: Session, company_id: str, contact_id: str) -> bool:
    """Tell whether a contact of a company is active and may act for somebody."""
    return session.exec(_let_in(company_id).where(ContactRow.id == contact_id)).one_or_none() is not None


def _let_in(company_id: str) -> SelectOfScalar[ContactRow]:
    acts = (
        select(ContactCustomerRow.customer_id)
        .where(
            ContactCustomerRow.company_id == company_id,
            ContactCustomerRow.contact_id == ContactRow.id,
            ContactCustomerRow.state == "active",
        )
        .exists()
    )
    return select(ContactRow).where(ContactRow.company_id == company_id, ContactRow.state == "active", acts)


def staff_by_email(session: Session, email: str) -> StaffRow | None:
    """Return the staff member with an address who belongs to some company."""
    belongs = select(MembershipRow.role).where(MembershipRow.staff_id == StaffRow.id).exists()
    return session.exec(select(StaffRow).where(StaffRow.email == email, belongs)).one_or_none()


def owe_mail(
    session: Session,
    rt: Runtime,
    *,
    company_id: str,
    key: str,
    kind: str,
    to: str,
    context: dict[str, str],
    customer_id: str = "",
    invoice_id: str = "",
    is_meant: bool = True,
) -> str:
    """Write a mail that holds a link, sealed, in the caller's commit; returns its id, to be rung after it.

    One that is not meant costs the same and is not written: a ring for it finds nothing.
    """
    now: datetime = rt.clock.now()
    mail = MailRow(
        id=rt.clock.new_id(),
        company_id=company_id,
        key=key,
        kind=kind,
        to=to,
        customer_id=customer_id,
        invoice_id=invoice_id,
        context_cipher=rt.vault.seal(
            json.dumps({"language": language(), **context}), company_id=company_id, column=CONTEXT_COLUMN
        ),
        created_at=now,
        due_at=now,
    )
    if is_meant:
        session.add(mail)
    return mail.id
