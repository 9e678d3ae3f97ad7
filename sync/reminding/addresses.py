"""Addresses: whom a mail about an invoice goes to, what each of them wants, and which take no mail.

Reads and writes rows of one company, in the caller's transaction. Laws: an address that nobody asked gets everything;
one that was stopped gets nothing until it is lifted, by a person or by what QuickBooks says.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from itsdangerous import BadSignature, Signer
from sqlalchemy import Table
from sqlmodel import Session, col, select, update
from sqlmodel.sql.expression import SelectOfScalar

from connector.store.built import built
from connector.store.mailing import AddressRow
from connector.store.upsert import insert_ignoring
from sync.reminding.decisions import NEW
from sync.runtime import Runtime

_SALT = "mail preferences"


def read_addresses(text: str) -> list[str]:
    """Return the addresses in an e-mail field of QuickBooks, which may hold several, in lower case."""
    parts = (part.strip().lower() for part in text.replace(";", ",").split(","))
    return [part for part in dict.fromkeys(parts) if part.count("@") == 1 and " " not in part]


def rows_of(session: Session, company_id: str, emails: Iterable[str]) -> dict[str, AddressRow]:
    """Return what is known of addresses, by address."""
    return {row.email: row for row in _among(session, company_id, list(emails))}


@built
def _among(company_id: str, emails: Collection[str]) -> SelectOfScalar[AddressRow]:
    return select(AddressRow).where(AddressRow.company_id == company_id, col(AddressRow.email).in_(emails))


def row_of(session: Session, rt: Runtime, company_id: str, email: str) -> AddressRow:
    """Return the row of an address, made where there is none."""
    fresh = AddressRow(id=rt.clock.new_id(), company_id=company_id, email=email)
    table: Table = AddressRow.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
    insert_ignoring(session, table, [fresh.model_dump()])
    mine = select(AddressRow).where(AddressRow.company_id == company_id, AddressRow.email == email)
    return session.exec(mine).one()


def wanting(known: dict[str, AddressRow], emails: Sequence[str], step: str) -> list[str]:
    """Return those of some addresses that take mail and want this step."""
    return [email for email in emails if email not in known or _wants(known[email], step)]


def is_stopped(session: Session, company_id: str, email: str) -> bool:
    """Tell whether nothing is sent to an address."""
    row = rows_of(session, company_id, [email.lower()]).get(email.lower())
    return row is not None and row.stopped_at is not None


def lift(session: Session, company_id: str, emails: Iterable[str]) -> list[str]:
    """Let mail go to stopped addresses again; returns which of them were stopped."""
    stopped = [row for row in rows_of(session, company_id, emails).values() if row.stopped_at is not None]
    for row in stopped:
        row.stopped_at, row.stopped_why = None, ""
        session.add(row)
    return [row.email for row in stopped]


def choose(
    session: Session, company_id: str, address_id: str, now: datetime, *, new: bool, reminders: bool, language: str
) -> None:
    """Keep what an address wants."""
    mine = update(AddressRow).where(col(AddressRow.company_id) == company_id, col(AddressRow.id) == address_id)
    session.exec(mine.values(wants_new=new, wants_reminders=reminders, chosen_at=now, language=language))


def token_of(rt: Runtime, address_id: str) -> str:
    """Return what the link to an address's preferences holds: its row's id, signed; it does not expire."""
    return _signer(rt).sign(address_id).decode()


def address_of(session: Session, rt: Runtime, company_id: str, token: str) -> AddressRow | None:
    """Return the address of a company that a signed link names; None for any other token."""
    try:
        address_id = _signer(rt).unsign(token).decode()
    except (BadSignature, UnicodeDecodeError):
        return None
    mine = select(AddressRow).where(AddressRow.company_id == company_id, AddressRow.id == address_id)
    return session.exec(mine).one_or_none()


def preferences_url(rt: Runtime, slug: str, address_id: str) -> str:
    """Return the full address of an address's preferences."""
    return f"{rt.settings.public_url}/c/{slug}/mail/{token_of(rt, address_id)}"


def _signer(rt: Runtime) -> Signer:
    return Signer(rt.settings.secret_key.get_secret_value(), salt=_SALT, digest_method=hashlib.sha256)


def _wants(row: AddressRow, step: str) -> bool:
    return row.stopped_at is None and (row.wants_new if step == NEW else row.wants_reminders)
