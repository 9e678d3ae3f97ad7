"""What a unit of work needs, given from outside: database, clock, vault, gateways, bell.

Holds no state of its own. Law: nothing in `sync` makes one of these; `jobs.boot` does, and tests and simulations do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from connector.clock import Clock
from connector.qbo.gateway import QuickBooksGateway
from connector.settings import Settings
from connector.store.session import Database
from connector.stripe.gateway import StripeGateway
from oauth.vault import Vault


class Bell(Protocol):
    """Rings so that a worker looks at due work soon. Losing a ring loses nothing: the sweep rings again."""

    def ring(self, work: str, subject: str) -> None:
        """Ring for a kind of work (`settle`, `push`, `mail`, `pull`) on an id; never raises."""
        ...


class Gateways(Protocol):
    """Gives a company's gateways, with its tokens and keys inside."""

    def quickbooks(self, company_id: str) -> QuickBooksGateway:
        """Return the gateway of a company's QuickBooks. Raises NotConnected."""
        ...

    def stripe(self, company_id: str) -> StripeGateway:
        """Return the gateway of a company's Stripe account. Raises NotConnected."""
        ...


@dataclass(frozen=True)
class Runtime:
    """Everything a unit of work may use."""

    settings: Settings
    db: Database
    clock: Clock
    vault: Vault
    gateways: Gateways
    bell: Bell
