"""Passkeys of contacts as rows: listed, named, forgotten; and whether browsers offer them here at all.

The ceremonies themselves stand in `ceremonies`. Law: a contact touches no passkey but the own.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from sqlmodel import Session, col, delete, select, update

from connector.store.access import PasskeyRow
from portal.access.visitors import Visitor

LONGEST_NAME, MOST = 60, 10  # letters of a name, passkeys of one contact


def are_possible(address: str) -> bool:
    """Tell whether browsers offer passkeys at an address: a host with a name, over https, or localhost."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return parts.scheme == "https" or host == "localhost" or host.endswith(".localhost")
    return False


def passkeys_of(session: Session, company_id: str, contact_id: str) -> Sequence[PasskeyRow]:
    """Return the passkeys of a contact, oldest first."""
    mine = select(PasskeyRow).where(PasskeyRow.company_id == company_id, PasskeyRow.contact_id == contact_id)
    return session.exec(mine.order_by(col(PasskeyRow.created_at), col(PasskeyRow.credential_id))).all()


def rename(session: Session, who: Visitor, credential_id: str, name: str) -> bool:
    """Give a passkey of this contact another name; False where there is none."""
    mine = update(PasskeyRow).where(*_own(who, credential_id))
    return bool(tidy_name(name)) and session.exec(mine.values(name=tidy_name(name))).rowcount == 1


def remove(session: Session, who: Visitor, credential_id: str) -> bool:
    """Forget a passkey of this contact; False where there is none."""
    return session.exec(delete(PasskeyRow).where(*_own(who, credential_id))).rowcount == 1


def _own(who: Visitor, credential_id: str) -> tuple[Any, ...]:
    return (
        col(PasskeyRow.company_id) == who.company.id,
        col(PasskeyRow.contact_id) == who.contact_id,
        col(PasskeyRow.credential_id) == credential_id,
    )


def tidy_name(text: str) -> str:
    """Return a passkey's name as it is stored: in one line, not too long."""
    return " ".join(text.split())[:LONGEST_NAME]
