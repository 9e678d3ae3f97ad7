"""Staff at a company: who is here, in which company, in which role.

Laws: role and company are read again at every request, so that somebody who was taken off is off; a member sees one
company at a time, and only of those he belongs to.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from sqlalchemy import and_, bindparam
from sqlmodel import Session, col, select, update

from connector.store.access import MembershipRow, SessionRow, StaffRow
from connector.store.companies import CompanyRow
from connector.store.prepared import Prepared
from portal.access import sessions
from portal.access.companies import COLUMNS, Company, company_of
from portal.here import now
from portal.picking import asking, pick

OWNER, BOOKKEEPER, VIEWER = "owner", "bookkeeper", "viewer"
_RANK = {VIEWER: 0, BOOKKEEPER: 1, OWNER: 2}


@dataclass(frozen=True, slots=True)
class Member:
    """A staff member at work on a company."""

    company: Company
    session_hash: str
    staff_id: str
    name: str
    email: str
    role: str

    def may(self, role: str) -> bool:
        """Tell whether the role here is this one or a higher one."""
        return _RANK.get(self.role, -1) >= _RANK[role]


_PERSON = (
    *(col(SessionRow.id_hash), col(SessionRow.seen_at), col(StaffRow.id), col(StaffRow.name), col(StaffRow.email)),
    col(MembershipRow.role),
)


def member_here() -> Member | None:
    """Return who works here, by the staff cookie of this request."""
    hashed = sessions.token_hash(sessions.STAFF_DOOR)
    if not hashed:
        return None
    with asking() as reader:
        row = _member().first(reader, hashed=hashed, **sessions.instants(now()))
    if row is None:
        return None
    id_hash, seen_at, staff_id, name, email, role = row[len(COLUMNS) :]
    sessions.touch(id_hash, seen_at)
    return Member(company_of(row), id_hash, staff_id, name or email, email, role)


@cache
def _member() -> Prepared:
    belongs = and_(col(MembershipRow.staff_id) == StaffRow.id, col(MembershipRow.company_id) == SessionRow.company_id)
    found = (
        pick(*COLUMNS, *_PERSON)
        .select_from(SessionRow)
        .join(StaffRow, col(StaffRow.id) == SessionRow.staff_id)
        .join(MembershipRow, belongs)
        .join(CompanyRow, col(CompanyRow.id) == SessionRow.company_id)
        .where(
            col(SessionRow.id_hash) == bindparam("hashed"),
            col(SessionRow.audience) == sessions.STAFF,
            sessions.is_open(),
        )
    )
    return Prepared(found)


def companies_of(session: Session, staff_id: str) -> list[CompanyRow]:
    """Return the companies somebody works for, by name."""
    mine = (
        select(CompanyRow)
        .join(MembershipRow, col(MembershipRow.company_id) == CompanyRow.id)
        .where(MembershipRow.staff_id == staff_id)
    )
    return list(session.exec(mine.order_by(col(CompanyRow.name), col(CompanyRow.id))))


def move_to(session: Session, member: Member, company_id: str) -> bool:
    """Turn a member's session to another company of his; False where he does not belong to it."""
    if company_id not in {one.id for one in companies_of(session, member.staff_id)}:
        return False
    mine = update(SessionRow).where(col(SessionRow.id_hash) == member.session_hash)
    session.exec(mine.values(company_id=company_id))
    return True


def sign_in(session: Session, staff_id: str, replaces: str) -> str:
    """Start a staff session at the first of somebody's companies; returns its token, empty where he has none."""
    companies = companies_of(session, staff_id)
    if not companies:
        return ""
    return sessions.start(session, sessions.STAFF, replaces=replaces, staff_id=staff_id, company_id=companies[0].id)
