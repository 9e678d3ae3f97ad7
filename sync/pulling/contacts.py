"""Contacts from QuickBooks: the address a customer was first seen with may sign in; any later one waits for a person.

Whoever can change an address in QuickBooks must not gain a customer's account in the portal by it. Laws: an address is
active for a customer only if the customer was first seen with it or a person approved it; nothing here ever takes a
contact away or revives one that was blocked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Table
from sqlmodel import Session, col, select, update

from connector.store.access import ContactCustomerRow, ContactRow
from connector.store.companies import CompanyRow
from connector.store.upsert import insert_ignoring
from sync import log, notices
from sync.pulling.change import Change
from sync.reminding.bouncing import on_changed_addresses
from sync.runtime import Runtime

NEW_ADDRESS = "new_address"  # the kind of mail to the managers of an account


def note_emails(session: Session, rt: Runtime, company_id: str, changes: Sequence[Change]) -> None:
    """Keep the addresses of customers that are new or changed."""
    _follow(session, rt, company_id, changes)
    wanted = [
        (address, change, "active" if change.before is None else "pending")
        for change in changes
        for address in sorted(addresses_of(change.now) - addresses_of(change.before or {}))
    ]
    if not wanted:
        return
    contacts = _contacts(session, rt, company_id, wanted)
    links: Table = ContactCustomerRow.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
    for address, change, state in wanted:
        row = {
            "company_id": company_id,
            "contact_id": contacts[address].id,
            "customer_id": change.qbo_id,
            "state": state,
            # Whoever the customer was first known by decides who else may come in; a later address does not.
            "role": "manage" if state == "active" else "pay",
        }
        if insert_ignoring(session, links, [row]) and state == "pending":
            _ask(session, rt, company_id, address, change)
            _tell_managers(session, rt, company_id, address, change)


def _follow(session: Session, rt: Runtime, company_id: str, changes: Sequence[Change]) -> None:
    """Let mail go again to addresses that were entered anew, and close what was open about those that left."""
    for change in changes:
        if change.before is None or change.before.get("email") == change.now.get("email"):
            continue
        had, has = addresses_of(change.before), addresses_of(change.now)
        if had != has:
            on_changed_addresses(session, rt, company_id, has - had, had - has)


def addresses_of(columns: Mapping[str, Any]) -> set[str]:
    """Return the addresses in a customer's e-mail field, which may hold several."""
    parts = str(columns.get("email", "")).replace(";", ",").split(",")
    return {part.strip().lower() for part in parts if part.count("@") == 1}


def _contacts(
    session: Session, rt: Runtime, company_id: str, wanted: Iterable[tuple[str, Change, str]]
) -> dict[str, ContactRow]:
    """Return the contact of each address, made where there is none; with an active customer it is not pending."""
    states: dict[str, tuple[str, str]] = {}
    for address, change, state in wanted:
        name = str(change.now["name"])
        states[address] = (name, "active" if "active" in (state, states.get(address, ("", ""))[1]) else state)
    known = select(ContactRow).where(ContactRow.company_id == company_id, col(ContactRow.email).in_(states))
    found = {row.email: row for row in session.exec(known)}
    active = [address for address, (_, state) in states.items() if state == "active"]
    waiting = (
        col(ContactRow.company_id) == company_id,
        col(ContactRow.email).in_(active),
        col(ContactRow.state) == "pending",
    )
    session.exec(update(ContactRow).where(*waiting).values(state="active"))
    for address, (name, state) in states.items():
        if address not in found:
            found[address] = ContactRow(
                id=rt.clock.new_id(),
                company_id=company_id,
                email=address,
                name=name,
                state=state,
                created_at=rt.clock.now(),
            )
            session.add(found[address])
    session.flush()
    return found


def _tell_managers(session: Session, rt: Runtime, company_id: str, address: str, change: Change) -> None:
    """Owe those who manage the customer's account word of an address that waits: they know whose it is."""
    managers = (
        select(ContactRow.email)
        .join(ContactCustomerRow, col(ContactCustomerRow.contact_id) == ContactRow.id)
        .where(
            ContactRow.company_id == company_id,
            ContactRow.state == "active",
            ContactCustomerRow.company_id == company_id,
            ContactCustomerRow.customer_id == change.qbo_id,
            ContactCustomerRow.state == "active",
            ContactCustomerRow.role == "manage",
        )
    )
    slug = session.exec(select(CompanyRow.slug).where(CompanyRow.id == company_id)).one()
    url = f"{rt.settings.public_url}/c/{slug}/people?customer={change.qbo_id}"
    context = {"url": url, "address": address, "customer": str(change.now["name"])}
    key = f"{change.qbo_id}/{address}"
    notices.owe_notices(session, rt, company_id, NEW_ADDRESS, key, sorted(session.exec(managers)), context)


def _ask(session: Session, rt: Runtime, company_id: str, address: str, change: Change) -> None:
    log.write(
        session,
        rt,
        company_id,
        kind="pull",
        state="needs_you",
        sentence=f"{change.now['name']} has another e-mail address in QuickBooks: {address}.",
        detail="It can sign in for this customer once you approve it.",
        entity="Customer",
        qbo_id=change.qbo_id,
    )
