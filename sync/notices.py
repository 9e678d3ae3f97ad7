"""Short mails about what somebody decided: to staff when a customer did, to a contact when staff did.

Writes in the caller's transaction. Laws: a notice is owed once for each fact and address; it links to pages of ours
and carries no way in.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from sqlalchemy import Table
from sqlmodel import Session, col, select

from connector.store.access import MembershipRow, StaffRow
from connector.store.companies import CompanyRow
from connector.store.outbox import CONTEXT_COLUMN, MailRow
from connector.store.upsert import insert_ignoring
from sync.runtime import Runtime

TO_STAFF, DATA_DECIDED = "notice_staff", "data_decided"
_ROLES = ("owner", "bookkeeper")
_TABLE: Table = MailRow.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it


def tell_staff(
    session: Session, rt: Runtime, company_id: str, *, key: str, subject: str, text: str, path: str
) -> list[str]:
    """Owe those who keep a company's books a notice; `path` is a page of the console. Returns the mails' ids."""
    people = (
        select(StaffRow.email)
        .join(MembershipRow, col(MembershipRow.staff_id) == StaffRow.id)
        .where(MembershipRow.company_id == company_id, col(MembershipRow.role).in_(_ROLES))
    )
    context = {"subject": subject, "text": text, "url": console_url(session, rt, company_id, path)}
    return owe_notices(session, rt, company_id, TO_STAFF, key, sorted(session.exec(people)), context)


def console_url(session: Session, rt: Runtime, company_id: str, path: str) -> str:
    """Return the address of a page of the console that says which company's it is."""
    slug = session.get_one(CompanyRow, company_id).slug
    return f"{rt.settings.public_url}{path}?at={slug}"


def owe_notices(
    session: Session,
    rt: Runtime,
    company_id: str,
    kind: str,
    key: str,
    to: Iterable[str],
    context: Mapping[str, str],
) -> list[str]:
    """Owe a notice of a kind to addresses; returns the ids of those that were not owed before."""
    now = rt.clock.now()
    sealed = rt.vault.seal(json.dumps(dict(context)), company_id=company_id, column=CONTEXT_COLUMN)
    mails = [
        MailRow(
            id=rt.clock.new_id(),
            company_id=company_id,
            key=f"{kind}/{key}/{address}",
            kind=kind,
            to=address,
            context_cipher=sealed,
            created_at=now,
            due_at=now,
        )
        for address in to
    ]
    return [mail.id for mail in mails if insert_ignoring(session, _TABLE, [mail.model_dump()])]
