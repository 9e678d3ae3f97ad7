"""Which ways into an account the sign-in page offers, besides the link in a mail.

Law: what is offered depends on the company and the installation alone, never on who asks.
"""

from __future__ import annotations

from typing import Any

from portal.access import passkeys, providers
from portal.customer.gate import visitor
from portal.here import home, runtime


def ways_in() -> dict[str, Any]:
    """Return what the sign-in page needs to offer other ways in."""
    rt = runtime()
    with rt.db.read() as session:
        provider = providers.row_of(session, visitor().company.id)
    return {
        "passkeys_possible": passkeys.are_possible(home()),
        "provider": provider.name if provider else "",
    }
