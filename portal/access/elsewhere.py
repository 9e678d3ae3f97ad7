"""Other companies of this installation at which the same person is a contact, by the address that was proved.

Law: only who came by a link that we mailed to that address, and that works in the asking browser alone, moves on. An
invitation could be opened by whoever reads it first, and a password may have been set then; a company's own provider
speaks for its own portal. Moving on proves nothing anew: the session there is as old as the one it comes from.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, col, update

from connector.store.access import ContactCustomerRow, ContactRow, ProviderRow, SessionRow
from connector.store.companies import CompanyRow
from portal.access import sessions
from portal.access.tokens import digest
from portal.access.visitors import Visitor
from portal.picking import fetch, pick


@dataclass(frozen=True)
class Elsewhere:
    """A company at which somebody is a contact too."""

    company_id: str
    slug: str
    name: str
    contact_id: str
    host: str | None  # of its own


def companies_elsewhere(session: Session, who: Visitor) -> list[Elsewhere]:
    """Return the other companies that this contact may go on to, by name; none that has a provider of its own."""
    if who.proof != sessions.MAIL:
        return []
    acts = pick(ContactCustomerRow.customer_id).where(
        col(ContactCustomerRow.company_id) == ContactRow.company_id,
        col(ContactCustomerRow.contact_id) == ContactRow.id,
        col(ContactCustomerRow.state) == "active",
    )
    own_provider = pick(ProviderRow.company_id).where(col(ProviderRow.company_id) == CompanyRow.id)
    found = (
        pick(CompanyRow.id, CompanyRow.slug, CompanyRow.name, ContactRow.id, CompanyRow.host)
        .join(ContactRow, col(ContactRow.company_id) == CompanyRow.id)
        .where(
            col(ContactRow.email) == who.email,
            col(ContactRow.state) == "active",
            col(CompanyRow.id) != who.company.id,
            acts.exists(),
            ~own_provider.exists(),
        )
        .order_by(col(CompanyRow.name), col(CompanyRow.id))
    )
    return [Elsewhere(*row) for row in fetch(session, found)]


def move(session: Session, who: Visitor, there: Elsewhere) -> str:
    """Start a contact's session at another company, in place of one this browser has there; returns its token."""
    assert who.since is not None, "only a contact who signed in goes anywhere else"
    token = sessions.start(
        session,
        sessions.CUSTOMER,
        replaces=sessions.token_hash(sessions.payer_door(there.slug)),
        company_id=there.company_id,
        contact_id=there.contact_id,
        proof=who.proof,
    )
    end = who.since + sessions.LIFETIMES[sessions.CUSTOMER].absolute
    fresh = update(SessionRow).where(col(SessionRow.id_hash) == digest(token))
    session.exec(fresh.values(created_at=who.since, expires_at=end))
    return token
