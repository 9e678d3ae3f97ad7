"""A company's OpenID provider as a row: kept with its secret sealed, found for a sign-in, taken away.

Law: the secret is sealed for its company and shown nowhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlmodel import Session, select

from connector.store.access import ProviderRow
from oauth.openid import Provider

if TYPE_CHECKING:
    from sync.runtime import Runtime

_COLUMN = "provider.secret"  # of the vault


def row_of(session: Session, company_id: str) -> ProviderRow | None:
    """Return a company's provider as a row."""
    return session.exec(select(ProviderRow).where(ProviderRow.company_id == company_id)).one_or_none()


def provider_of(rt: Runtime, row: ProviderRow) -> Provider:
    """Return a provider with its secret opened."""
    secret = rt.vault.open(row.secret_cipher, company_id=row.company_id, column=_COLUMN).decode()
    return Provider(row.issuer, row.client_id, secret)


def keep(session: Session, rt: Runtime, company_id: str, name: str, provider: Provider) -> None:
    """Store a company's provider in place of an earlier one; without a secret, the earlier one's stays."""
    row = row_of(session, company_id)
    if row is None:
        row = ProviderRow(company_id=company_id, name="", issuer="", client_id="", created_at=rt.clock.now())
    row.name, row.issuer, row.client_id = name, provider.issuer, provider.client_id
    if provider.secret:
        row.secret_cipher = rt.vault.seal(provider.secret, company_id=company_id, column=_COLUMN)
    session.add(row)


def take_away(session: Session, company_id: str) -> bool:
    """Take a company's provider away; False where there is none."""
    row = row_of(session, company_id)
    if row is not None:
        session.delete(row)
    return row is not None
