"""Secret links to one invoice: a row with the secret's hash, and the address that is mailed, texted or shown.

Knows no page. Laws: only the hash is stored; several links of an invoice live at once; each opens its invoice alone.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta

from sqlmodel import Session

from connector.store.access import LinkRow
from sync.runtime import Runtime

INVOICE = "invoice"  # the purpose of such a link
LIFE = timedelta(days=400)


def digest(token: str) -> str:
    """Return the SHA-256 of a secret, in hex: all that is ever stored of it."""
    return hashlib.sha256(token.encode()).hexdigest()


def keep(
    session: Session, rt: Runtime, token: str, *, company_id: str, invoice_id: str, life: timedelta = LIFE
) -> None:
    """Let a secret open an invoice from the caller's commit on."""
    now = rt.clock.now()
    link = LinkRow(token_hash=digest(token), purpose=INVOICE, company_id=company_id, invoice_id=invoice_id)
    link.created_at, link.expires_at = now, now + life
    session.add(link)


def invoice_address(rt: Runtime, slug: str, token: str) -> str:
    """Return the full address of a link, at the installation's own host."""
    return f"{rt.settings.public_url}/c/{slug}/l/{token}"
