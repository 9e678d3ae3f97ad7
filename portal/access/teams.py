"""The people who act for a customer: invited, given another role, removed, by the customer's own manager or by staff.

Works in the caller's transaction. Laws: the last manager of a customer neither leaves nor gives the role up by himself;
whom the company blocked, no customer's manager lets in again; two managers who press at once cannot leave none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_
from sqlmodel import Session, col, select, update

from connector.errors import WrongInput
from connector.store.access import ContactCustomerRow, ContactRow, LinkRow
from connector.store.upsert import insert_ignoring
from connector.words import say
from portal.access import links, people
from portal.access.companies import Company
from portal.access.roles import ROLES
from portal.access.tokens import digest
from portal.picking import fetch, pick
from sync.reach import MANAGE, PAY

if TYPE_CHECKING:
    from sync.runtime import Runtime

LONGEST_NAME = 80
TWICE_WITHIN = timedelta(seconds=10)  # presses that mean one invitation
MOST_PEOPLE = 40  # who act for one customer


@dataclass(frozen=True)
class Person:
    """Somebody who acts, or may come to act, for a customer."""

    contact_id: str
    email: str
    name: str
    role: str
    state: str  # active | pending | blocked
    created_at: datetime


@dataclass(frozen=True)
class Invited:
    """Whom to invite, into which role; `by` is who invites, empty for the company itself."""

    email: str
    name: str = ""
    role: str = PAY
    by: str = ""


def team_of(session: Session, company_id: str, customer_id: str) -> list[Person]:
    """Return the people of a customer by address; whoever was removed by its manager is not among them."""
    person = and_(col(ContactRow.id) == ContactCustomerRow.contact_id, col(ContactRow.company_id) == company_id)
    found = (
        pick(
            *(ContactRow.id, ContactRow.email, ContactRow.name),
            *(ContactCustomerRow.role, ContactCustomerRow.state, ContactRow.created_at),
        )
        .join(ContactCustomerRow, person)
        .where(
            col(ContactCustomerRow.company_id) == company_id,
            col(ContactCustomerRow.customer_id) == customer_id,
            col(ContactCustomerRow.state) != "removed",
        )
        .order_by(col(ContactRow.email))
    )
    return [Person(*row) for row in fetch(session, found)]


def invite(session: Session, rt: Runtime, company: Company, customer: tuple[str, str], invited: Invited) -> str:
    """Let somebody act for a customer (its id and name) and owe the mail that says so; returns the mail's id.

    Raises WrongInput with a sentence: for a role that is none, somebody who was blocked, too many people, or the last
    manager who would give the role up by an invitation to himself.
    """
    customer_id, name = customer
    if invited.role not in ROLES:
        raise WrongInput(say("Choose what this person may do."))
    rows = _locked(session, company.id, customer_id)
    if sum(row.state != "removed" for row in rows.values()) >= MOST_PEOPLE:
        raise WrongInput(say("So many people cannot act for one customer. Remove somebody first."))
    contact = _contact(session, rt, company, invited)
    row = session.get(ContactCustomerRow, (company.id, contact.id, customer_id))
    if invited.by and "blocked" in (contact.state, row.state if row else ""):
        raise WrongInput(say("{company} has blocked this address. Please ask them.", company=company.name))
    if row is None:
        row = ContactCustomerRow(company_id=company.id, contact_id=contact.id, customer_id=customer_id)
    if invited.by == contact.email and invited.role != MANAGE:
        _keep_somebody_in_charge(rows, contact.id, contact.id)
    contact.state = row.state = "active"
    row.role = invited.role
    session.add(row)
    return owe_invitation(session, rt, company, contact.id, name, by=invited.by)


def owe_invitation(session: Session, rt: Runtime, company: Company, contact_id: str, customer: str, *, by: str) -> str:
    """Owe a contact the mail with the link that begins an account; an earlier such link ends.

    Returns the mail's id, empty where one was owed just now: whoever presses twice would end its link.
    """
    if _invited_just_now(session, rt, company.id, contact_id):
        return ""
    email = session.exec(
        select(ContactRow.email).where(ContactRow.company_id == company.id, ContactRow.id == contact_id)
    ).one()
    token = links.add_invite_link(session, rt, company_id=company.id, contact_id=contact_id)
    context = {"url": links.invite_address(rt, company.slug, token), "customer": customer, "by": by}
    key = f"invite/{digest(token)[:32]}"
    return people.owe_mail(session, rt, company_id=company.id, key=key, kind="invite", to=email, context=context)


def _invited_just_now(session: Session, rt: Runtime, company_id: str, contact_id: str) -> bool:
    fresh = select(LinkRow.token_hash).where(
        LinkRow.company_id == company_id,
        LinkRow.contact_id == contact_id,
        LinkRow.purpose == links.INVITE,
        col(LinkRow.used_at).is_(None),
        col(LinkRow.revoked_at).is_(None),
        col(LinkRow.created_at) > rt.clock.now() - TWICE_WITHIN,
    )
    return session.exec(fresh).first() is not None


def give_role(session: Session, company_id: str, customer_id: str, contact_id: str, role: str, *, by: str = "") -> bool:
    """Give somebody another role; `by` is the contact who does, empty for staff. False where there is no such person.

    Raises WrongInput when the last manager would give the role up.
    """
    if role not in ROLES:
        raise WrongInput(say("Choose what this person may do."))
    rows = _locked(session, company_id, customer_id)
    row = rows.get(contact_id)
    if row is None or row.state != "active":
        return False
    if by and role != MANAGE:
        _keep_somebody_in_charge(rows, contact_id, by)
    row.role = role
    session.add(row)
    return True


def remove(session: Session, rt: Runtime, company_id: str, customer_id: str, contact_id: str, *, by: str) -> bool:
    """Take a customer from somebody, for `by`, its manager; False where there is no such person.

    Raises WrongInput for the last manager.
    """
    rows = _locked(session, company_id, customer_id)
    row = rows.get(contact_id)
    if row is None or row.state not in ("active", "pending"):
        return False
    _keep_somebody_in_charge(rows, contact_id, by)
    row.state = "removed"
    session.add(row)
    _end_invitation(session, rt, company_id, contact_id, customer_id)
    return True


def approve(session: Session, company_id: str, customer_id: str, contact_id: str) -> bool:
    """Let an address that waits act for a customer, with the least that pays; False where none waits."""
    row = _locked(session, company_id, customer_id).get(contact_id)
    if row is None or row.state != "pending":
        return False
    row.state = "active"
    session.add(row)
    waiting = (col(ContactRow.company_id) == company_id, col(ContactRow.id) == contact_id)
    session.exec(update(ContactRow).where(*waiting, col(ContactRow.state) == "pending").values(state="active"))
    return True


def _keep_somebody_in_charge(rows: Mapping[str, ContactCustomerRow], contact_id: str, by: str) -> None:
    """Refuse to take the last manager away, unless whoever does manages from a parent customer above.

    Of two managers who remove each other at once the later finds that he is none any more, and his row says so.
    """
    managers = {one for one, row in rows.items() if row.role == MANAGE and row.state == "active"}
    if managers == {contact_id} and by in rows:
        raise WrongInput(say("Somebody has to decide who may see this. Make another person a manager first."))


def _locked(session: Session, company_id: str, customer_id: str) -> dict[str, ContactCustomerRow]:
    """Return the rows of a customer's people by contact, held until the commit."""
    mine = select(ContactCustomerRow).where(
        ContactCustomerRow.company_id == company_id, ContactCustomerRow.customer_id == customer_id
    )
    rows: Sequence[Any] = session.exec(mine.order_by(col(ContactCustomerRow.contact_id)).with_for_update()).all()
    return {row.contact_id: row for row in rows}


def _contact(session: Session, rt: Runtime, company: Company, invited: Invited) -> ContactRow:
    row = ContactRow(id=rt.clock.new_id(), company_id=company.id, email=invited.email, created_at=rt.clock.now())
    row.name = invited.name[:LONGEST_NAME]
    # Two customers' managers may invite the same person at once: the first row stands.
    insert_ignoring(session, ContactRow.__table__, [row.model_dump()])  # type: ignore[attr-defined]  # SQLModel's own
    known = select(ContactRow).where(ContactRow.company_id == company.id, ContactRow.email == invited.email)
    return session.exec(known).one()


def _end_invitation(session: Session, rt: Runtime, company_id: str, contact_id: str, customer_id: str) -> None:
    """End the invitation of somebody who acts for nobody else: it would only lead to an empty page."""
    others = select(ContactCustomerRow.customer_id).where(
        ContactCustomerRow.company_id == company_id,
        ContactCustomerRow.contact_id == contact_id,
        ContactCustomerRow.customer_id != customer_id,
        ContactCustomerRow.state == "active",
    )
    if session.exec(others).first() is None:
        live = update(LinkRow).where(
            col(LinkRow.company_id) == company_id,
            col(LinkRow.contact_id) == contact_id,
            col(LinkRow.purpose) == links.INVITE,
            col(LinkRow.revoked_at).is_(None),
        )
        session.exec(live.values(revoked_at=rt.clock.now()))
