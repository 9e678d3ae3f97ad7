"""Short mails about what somebody decided: to staff when a customer did, to a contact when staff did.

Writes in the caller's transaction. Laws: a notice is owed once for each fact and address; it links to pages of ours
and carries no way in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlmodel import Session, col, select

from connector.store.access import MembershipRow, StaffRow
from connector.store.companies import CompanyRow
from sync import mail_rows
from sync.runtime import Runtime

TO_STAFF, DATA_DECIDED = "notice_staff", "data_decided"
_ROLES = ("owner", "bookkeeper")


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
    owed = [
        mail_rows.owe(session, rt, company_id, kind=kind, key=f"{kind}/{key}/{address}", to=address, context=context)
        for address in to
    ]
    return [mail for mail in owed if mail]
