"""Owing a mail or a text message: its row, written in the caller's commit, to be sent by who rings for it or sweeps.

Knows no words. Laws: what is owed is owed once, by a key from its fact; what its template is filled from is sealed, for
it may hold a way in.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Table
from sqlmodel import Session, select
from sqlmodel.sql.expression import Select

from connector.store.access import ContactRow
from connector.store.built import built
from connector.store.companies import CompanyRow
from connector.store.outbox import CONTEXT_COLUMN, MailRow
from connector.store.upsert import insert_ignoring, new_row
from sync.runtime import Runtime

_TABLE: Table = MailRow.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it


def owe(
    session: Session,
    rt: Runtime,
    company_id: str,
    *,
    kind: str,
    key: str,
    to: str,
    context: Mapping[str, str] | None = None,
    at: datetime | None = None,
    payment_id: str = "",
    customer_id: str = "",
    invoice_id: str = "",
) -> str:
    """Owe a mail of a kind to an address, from `at` on; returns its id, empty where it was owed before."""
    at = at or rt.clock.now()
    mail_id = rt.clock.new_id()
    cipher = ""
    if context is not None:
        cipher = rt.vault.seal(json.dumps(dict(context)), company_id=company_id, column=CONTEXT_COLUMN)
    mail = new_row(
        MailRow,
        id=mail_id,
        company_id=company_id,
        key=key,
        kind=kind,
        to=to,
        created_at=at,  # its days of trying begin when it may leave
        due_at=at,
        payment_id=payment_id,
        customer_id=customer_id,
        invoice_id=invoice_id,
        context_cipher=cipher,
    )
    return mail_id if insert_ignoring(session, _TABLE, [mail]) else ""


@built
def person(company_id: str, contact_id: str) -> Select[str, str]:
    """Ask for a contact's address, and the company's name in addresses."""
    return select(ContactRow.email, CompanyRow.slug).where(
        ContactRow.company_id == company_id,
        ContactRow.id == contact_id,
        ContactRow.state == "active",
        CompanyRow.id == ContactRow.company_id,
    )
